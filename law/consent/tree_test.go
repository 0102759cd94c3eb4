package consent

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A path tells of every tree who is in it, and of no tree the contrary.
func TestPaths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		people := rapid.SliceOfN(rapid.Uint64Range(0, 60), 0, 40).Draw(t, "people")
		salt := NewSalt([]byte("key"), rapid.StringN(0, 3, 3).Draw(t, "name"))
		tree := NewCohort(salt, people)
		digest := tree.Digest()
		for who := range uint64(62) {
			path := tree.Path(who)
			_, in, err := path.check(cohortTree, digest, who)
			if err != nil || in != slices.Contains(people, who) {
				t.Fatalf("%d: in %v, %v", who, in, err)
			}
			if who%7 != 0 {
				continue
			}
			other := (who + 1 + rapid.Uint64Range(0, 60).Draw(t, "other")) % 62
			if _, in, err := path.check(cohortTree, digest, other); err == nil && in != slices.Contains(people, other) {
				t.Fatalf("the path of %d proves a lie about %d", who, other)
			}
		}
		shuffled := NewCohort(salt, rapid.Permutation(append(people, people...)).Draw(t, "order"))
		if shuffled.Digest() != digest || shuffled.Len() != tree.Len() {
			t.Fatal("the order of people changes the commitment")
		}
		if NewChanges(salt, people).Digest() == digest || NewCohort(NewSalt([]byte("other"), ""), people).Digest() == digest {
			t.Fatal("two trees have one commitment")
		}
	})
}

// A path with any byte changed, a node less, more, or in another place leads nowhere.
func TestForgedPaths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		people := rapid.SliceOfNDistinct(rapid.Uint64Range(0, 200), 2, 60, rapid.ID[uint64]).Draw(t, "people")
		tree := NewCohort(NewSalt([]byte("key"), "x"), people)
		who := rapid.Uint64Range(0, 200).Draw(t, "who")
		p := tree.Path(who)
		i := rapid.IntRange(0, len(p.Nodes)-1).Draw(t, "node")
		byteAt, flip := rapid.IntRange(0, 31).Draw(t, "byte"), byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		before := p
		p.Nodes = slices.Clone(p.Nodes)
		switch what := rapid.IntRange(0, 6).Draw(t, "what"); {
		case what == 0:
			p.Salt[byteAt] ^= flip
		case what == 1:
			p.Nodes[i][byteAt] ^= flip
		case what == 2:
			p.Nodes = slices.Delete(p.Nodes, i, i+1)
		case what == 3:
			p.Nodes = slices.Insert(p.Nodes, i, p.Nodes[i])
		case what == 4 && p.Leaf != nil:
			leaf := *p.Leaf
			leaf.Key[byteAt] ^= flip
			p.Leaf = &leaf
		case what == 5 && p.Leaf != nil:
			leaf := *p.Leaf
			leaf.Value[byteAt] ^= flip
			p.Leaf = &leaf
		case p.Leaf != nil: // the leaf is said to be none
			p.Leaf = nil
		default: // a leaf where there is none
			p.Leaf = &Leaf{Key: newKeys(cohortTree, p.Salt).key(who)}
		}
		if _, _, err := p.check(cohortTree, tree.Digest(), who); err == nil {
			t.Fatalf("%+v passes for %+v", p, before)
		}
	})
}

// A leaf that is really in the tree, shown where the patient would not be.
func TestALeafInAnotherPlace(t *testing.T) {
	people := []uint64{1, 2, 3, 4, 5, 6, 7, 8}
	tree := NewCohort(NewSalt([]byte("key"), "x"), people)
	for _, victim := range people {
		for _, shown := range people {
			_, in, err := tree.Path(shown).check(cohortTree, tree.Digest(), victim)
			if err == nil && !in {
				t.Errorf("the path of %d proves that %d is not there", shown, victim)
			}
		}
	}
	long := tree.Path(1)
	long.Nodes = make([]Hash, 300)
	if _, _, err := long.check(cohortTree, tree.Digest(), 1); err == nil {
		t.Error("a path of 300 nodes passes")
	}
}

// The hashes do not change by accident: a log of years ago must still verify. They are
// those of a second implementation, in Python.
func TestCommitmentIsStable(t *testing.T) {
	salt := NewSalt([]byte("key"), "north lung 17")
	for name, c := range map[string]struct {
		got  Hash
		want string
	}{
		"salt":   {salt, "aebcc05392b39d82c576e4790d235074dbd70f8976c2d82028b814a0e19724ba"},
		"empty":  {NewCohort(salt, nil).Digest(), "9479efc8887e313a7d909aba70db5db1e64388601905a5337365d7f94003a7a0"},
		"cohort": {NewCohort(salt, []uint64{3, 1, 2}).Digest(), "84324ce51f1426b1ecfea38abaa61e7cf84f86e74c8d20f60f6beea61cc12966"},
		"state":  {newRegister(Hash{}, []record{{1, Statement{0, 10, 1, Permits}}, {pseudonym: 2}}).State(salt).Digest(), "cdbd47f0c64ce22bc75126b5acdb01aa873e9d9a5b591f00e546aea4683a3c3b"},
	} {
		if c.got.String() != c.want {
			t.Errorf("%s: got %s, want %s", name, c.got, c.want)
		}
	}
}

func TestHashText(t *testing.T) {
	h := NewSalt(nil, "")
	var again Hash
	if err := again.UnmarshalText([]byte(h.String())); err != nil || again != h {
		t.Errorf("got %v, %v", again, err)
	}
	for _, bad := range []string{"", "00", h.String() + "0", "Z" + h.String()[1:], "AB" + h.String()[2:]} {
		if again.UnmarshalText([]byte(bad)) == nil {
			t.Errorf("%q is read", bad)
		}
	}
}
