package mask

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/secure"
	"hmsp.center/hmsp/secure/securetest"
)

// afterCrash returns the guard as its journal rebuilds it.
func afterCrash(t testing.TB, g *Guard) *Guard {
	t.Helper()
	b, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	again := new(Guard)
	if err := json.Unmarshal(b, again); err != nil {
		t.Fatal(err)
	}
	if c, _ := json.Marshal(again); !bytes.Equal(b, c) {
		t.Fatalf("%s is written again as %s", b, c)
	}
	return again
}

func TestGuardGivesOneOfTwoThings(t *testing.T) {
	terms, _ := securetest.Terms(6, 1)
	g := new(Guard)
	if _, err := g.Owes(terms, 1, 2); err == nil {
		t.Error("help before anything was sent")
	}
	if err := g.Agree(terms, 0, 1, terms.Members); err == nil {
		t.Error("agreed to a round in which nothing was sent")
	}
	if err := g.Send(terms, secure.Round{Number: 1}, [32]byte{1}); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Owes(terms, 1, 2); err == nil {
		t.Error("help before the set was agreed")
	}
	set := secure.Sites{0, 1, 2, 3, 4}
	if err := g.Help(terms, 1, set); err == nil {
		t.Error("help before the set was agreed")
	}
	if err := g.Agree(terms, 0, 1, set); err != nil {
		t.Fatal(err)
	}
	g = afterCrash(t, g)
	for j, want := range map[int]Gift{0: GiftShare, 4: GiftShare, 5: GiftKey} {
		if got, err := g.Owes(terms, 1, j); err != nil || got != want {
			t.Errorf("site %d: gift %d, %v", j, got, err)
		}
	}
	if _, err := g.Owes(terms, 1, 6); err == nil {
		t.Error("help for a stranger")
	}
	var other *secure.OtherSetError
	if err := g.Agree(terms, 0, 1, terms.Members); !errors.As(err, &other) || !other.Agreed.Equal(set) {
		t.Errorf("a second set: %v", err)
	}
	if err := g.Help(terms, 1, terms.Members); !errors.As(err, &other) {
		t.Errorf("help for a second set: %v", err)
	}
	if err := g.Help(terms, 1, set); err != nil {
		t.Error(err)
	}
	if err := g.Agree(terms, 0, 1, set); err != nil {
		t.Errorf("the same set again: %v", err)
	}
	if err := g.Send(terms, secure.Round{Number: 1}, [32]byte{2}); err == nil {
		t.Error("a second vector in one round")
	}
	if err := g.Send(terms, secure.Round{Number: 1, Question: [32]byte{1}}, [32]byte{1}); err == nil {
		t.Error("another question in one round")
	}
}

// A lead that calls a round failed and asks again without one site would read
// that site from the difference (methods section 0). The guard agrees to a
// smaller set only when enough sites have signed that the first stays shut.
func TestQuestionAskedAgain(t *testing.T) {
	terms, _ := securetest.Terms(6, 1)
	question := [32]byte{7}
	less := secure.Sites{0, 1, 2, 3, 4}
	setup := func() *Guard {
		g := new(Guard)
		for n := 1; n <= 2; n++ {
			if err := g.Send(terms, secure.Round{Number: n, Question: question}, [32]byte{byte(n)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := g.Agree(terms, 0, 1, terms.Members); err != nil {
			t.Fatal(err)
		}
		return afterCrash(t, g)
	}
	var other *secure.OtherSetError
	if err := setup().Agree(terms, 0, 2, less); !errors.As(err, &other) {
		t.Errorf("one site less for the same question: %v", err)
	}
	if err := setup().Agree(terms, 0, 2, terms.Members); err != nil {
		t.Errorf("the same set for the same question: %v", err)
	}
	g := setup() // n - t + 1 + c = 4 must renounce
	if err := g.Void(terms, 1, secure.Sites{0, 1, 2}); err == nil {
		t.Error("void by three")
	}
	if err := g.Void(terms, 1, secure.Sites{0, 1, 2, 7}); err == nil {
		t.Error("void by a stranger")
	}
	if err := g.Agree(terms, 0, 2, less); err == nil {
		t.Error("a refused void counted")
	}
	if err := g.Void(terms, 1, secure.Sites{0, 1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	g = afterCrash(t, g)
	if err := g.Agree(terms, 0, 2, less); err != nil {
		t.Errorf("after the first round is void: %v", err)
	}
	if err := g.Help(terms, 1, terms.Members); err == nil {
		t.Error("help for a renounced round")
	}
	if _, err := g.Owes(terms, 1, 3); err == nil {
		t.Error("something owed in a renounced round")
	}
	g = setup()
	if err := g.Help(terms, 1, terms.Members); err != nil {
		t.Fatal(err)
	}
	if err := g.Void(terms, 1, secure.Sites{0, 1, 2, 3}); err == nil {
		t.Error("a round in which this site has helped was called void")
	}
	g = new(Guard)
	if err := g.Renounce(terms, 5); err != nil {
		t.Fatal(err)
	}
	if err := g.Send(terms, secure.Round{Number: 5}, [32]byte{}); err == nil {
		t.Error("sent to a renounced round")
	}
	if err := g.Agree(terms, 0, 5, terms.Members); err == nil {
		t.Error("agreed to a renounced round")
	}
}

// A void round stays shut: helpers (t of them) and renouncing members cannot
// be found together, when honest ones do one or the other and colluders both.
func TestVoidAndOpenExclude(t *testing.T) {
	for n := 3; n <= 50; n++ {
		for c := 0; c <= n-secure.MinHonest; c++ {
			threshold := secure.Threshold(n, c)
			need := n - threshold + 1 + c
			for helpers := 0; helpers <= n-c; helpers++ {
				if helpers+c >= threshold && n-c-helpers+c >= need {
					t.Fatalf("%d sites, %d colluders: %d honest help, the others renounce, and both succeed", n, c, helpers)
				}
			}
		}
	}
}

// At most two sets, far apart, for one question: two sums have one difference,
// three have more.
func TestThirdSetForAQuestionIsRefused(t *testing.T) {
	terms, _ := securetest.Terms(20, 1) // threshold 11
	g, sets := new(Guard), []secure.Sites{terms.Members, terms.Members[:16], terms.Members[:11]}
	for n, set := range sets {
		if err := g.Send(terms, secure.Round{Number: n}, [32]byte{}); err != nil {
			t.Fatal(err)
		}
		err := g.Agree(terms, 0, n, set)
		if (err == nil) != (n < 2) {
			t.Errorf("set %d: %v", n, err)
		}
	}
}

// Whatever is asked of a guard in any order, with crashes in between, no round
// has two sets, and no member both gifts.
func TestGuardUnderAnyOrderOfRequests(t *testing.T) {
	terms, _ := securetest.Terms(6, 1)
	rapid.Check(t, func(t *rapid.T) {
		g := new(Guard)
		agreed, gave := map[int]string{}, map[[2]int]Gift{}
		for range rapid.IntRange(1, 40).Draw(t, "requests") {
			round := rapid.IntRange(0, 2).Draw(t, "round")
			var set secure.Sites
			for _, j := range terms.Members {
				if j == 0 || rapid.IntRange(0, 3).Draw(t, "in") > 0 {
					set = append(set, j)
				}
			}
			switch rapid.IntRange(0, 5).Draw(t, "request") {
			case 0:
				g.Send(terms, secure.Round{Number: round, Question: [32]byte{byte(round)}}, [32]byte{byte(rapid.IntRange(0, 1).Draw(t, "vector"))})
			case 1, 2:
				if g.Agree(terms, 0, round, set) == nil {
					if was, ok := agreed[round]; ok && was != string(set.Bytes()) {
						t.Fatal("two sets in one round")
					}
					agreed[round] = string(set.Bytes())
				}
			case 3:
				j := rapid.IntRange(0, 5).Draw(t, "member")
				if gift, err := g.Owes(terms, round, j); err == nil {
					if was, ok := gave[[2]int{round, j}]; ok && was != gift {
						t.Fatal("both gifts for one member")
					}
					gave[[2]int{round, j}] = gift
				}
			case 4:
				g.Help(terms, round, set)
			case 5:
				b, err := json.Marshal(g)
				if err != nil {
					t.Fatal(err)
				}
				g = new(Guard)
				if err := json.Unmarshal(b, g); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func FuzzGuard(f *testing.F) {
	terms, _ := securetest.Terms(6, 1)
	g := new(Guard)
	empty, _ := json.Marshal(g)
	f.Add(empty)
	g.Send(terms, secure.Round{Number: 1}, [32]byte{1})
	g.Agree(terms, 0, 1, terms.Members)
	g.Help(terms, 1, terms.Members)
	g.Renounce(terms, 2)
	full, _ := json.Marshal(g)
	f.Add(full)
	f.Add(bytes.Replace(full, []byte(`"round":2`), []byte(`"round":1`), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		g := new(Guard)
		if json.Unmarshal(b, g) != nil {
			return
		}
		afterCrash(t, g)
		g.Owes(terms, 1, 0)
		g.Agree(terms, 0, 1, terms.Members)
	})
}
