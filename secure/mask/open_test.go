package mask

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/secure"
	"hmsp.center/hmsp/secure/securetest"
	"hmsp.center/hmsp/secure/share"
)

// An opening is one round up to the lead's half.
type opening struct {
	terms   secure.Terms
	layout  fixed.Layout
	set     secure.Sites
	parcels map[int]secure.Parcel
	sum     []uint64 // of y
	want    []uint64 // of x
	help    map[int]Help
}

func opened(t testing.TB, n int, set secure.Sites, seed string) *opening {
	t.Helper()
	terms, _ := securetest.Terms(n, 1)
	o := &opening{terms: terms, layout: fixed.Layout{{Bits: 64, Len: 3}, {Bits: 128, Len: 2}}, set: set,
		parcels: map[int]secure.Parcel{}, help: map[int]Help{}}
	all, r, rnd := parties(t, terms, seed), secure.Round{Number: 3}, securetest.Rand(seed+" sites")
	xs := map[int][]uint64{}
	for _, j := range terms.Members {
		xs[j] = securetest.Random(o.layout, rnd)
		p, err := all[j].Send(r, o.layout, xs[j], rnd)
		if err != nil {
			t.Fatal(err)
		}
		o.parcels[j] = p
	}
	o.sum, o.want = make([]uint64, o.layout.Words()), securetest.Plain(o.layout, set, xs)
	for _, i := range set {
		o.layout.AddTo(o.sum, o.parcels[i].Vector)
		sealed := map[int][]byte{i: o.parcels[i].Kept}
		for _, j := range set {
			if j != i {
				sealed[j] = o.parcels[j].Sealed[i]
			}
		}
		b, err := all[i].Help(r, set, sealed)
		if err != nil {
			t.Fatal(err)
		}
		if o.help[i], err = ParseHelp(b); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func (o *opening) open() (sum []uint64, wrong map[int]secure.Sites, err error) {
	sum = slices.Clone(o.sum)
	wrong, err = Open(o.terms, o.layout, o.set, sum, o.help)
	return sum, wrong, err
}

// A helper that gives wrong shares is named, and the sum is right without it;
// when too few right ones are left nothing is opened.
func TestWrongSharesAreNamedAndSurvived(t *testing.T) {
	o := opened(t, 6, secure.Sites{0, 1, 2, 3, 4, 5}, "wrong shares")
	liar, stranger := o.help[2], opened(t, 6, o.set, "another round").help[2]
	liar.Shares[4], liar.Shares[5] = stranger.Shares[4], o.help[3].Shares[5]
	sum, wrong, err := o.open()
	if err != nil || !slices.Equal(sum, o.want) {
		t.Fatalf("one liar of six: %v", err)
	}
	if fmt.Sprint(wrong) != "map[4:[2] 5:[2]]" {
		t.Errorf("named %v", wrong)
	}
	for _, i := range []int{0, 1} {
		o.help[i].Shares[4] = stranger.Shares[4]
	}
	if sum, _, err := o.open(); err == nil || !slices.Equal(sum, o.sum) {
		t.Errorf("three liars of six, threshold 4: %v", err)
	} else if !strings.Contains(err.Error(), "self mask of site 4") {
		t.Errorf("the error does not name the self mask: %v", err)
	}
}

func TestOpeningNeedsWhatItNeeds(t *testing.T) {
	set := secure.Sites{0, 1, 2, 3, 4}
	for name, c := range map[string]struct {
		change func(o *opening)
		want   string
	}{
		"fewer helpers than the threshold": {func(o *opening) { delete(o.help, 0); delete(o.help, 1) }, "fewer shares than the threshold"},
		"a key of a lost site missing":     {func(o *opening) { delete(o.help[3].Keys, 5) }, "site 3 has not given its key with lost site 5"},
		"a helper gone, a site lost":       {func(o *opening) { delete(o.help, 3) }, "site 3 has not given its key with lost site 5"},
		"help from a lost site":            {func(o *opening) { o.help[5] = Help{} }, "sites [5], which did not contribute"},
		"a set below the threshold":        {func(o *opening) { o.set = set[:3] }, "3 contributors, 4 are needed"},
		"a vector that does not fit":       {func(o *opening) { o.sum = o.sum[1:] }, "the layout has"},
		"no help":                          {func(o *opening) { o.help = nil }, "fewer shares than the threshold"},
	} {
		o := opened(t, 6, set, name)
		if sum, _, err := o.open(); err != nil || !slices.Equal(sum, o.want) {
			t.Fatal(err)
		}
		c.change(o)
		sum, _, err := o.open()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if !slices.Equal(sum, o.sum) {
			t.Errorf("%s: refused, and the sum was changed", name)
		}
	}
}

// Without losses any threshold of helpers is enough, and all give the same sum.
func TestAnyThresholdOfHelpersOpens(t *testing.T) {
	o := opened(t, 6, secure.Sites{0, 1, 2, 3, 4, 5}, "helpers")
	full := o.help
	securetest.Subsets(o.set, o.terms.Threshold(), func(helpers secure.Sites) {
		o.help = map[int]Help{}
		for _, i := range helpers {
			o.help[i] = full[i]
		}
		if sum, _, err := o.open(); err != nil || !slices.Equal(sum, o.want) {
			t.Fatalf("helpers %v: %v", helpers, err)
		}
	})
}

// A party takes its own share from what it kept, and says whose share it could
// not read.
func TestPartyNamesUnreadableShares(t *testing.T) {
	terms, _ := securetest.Terms(5, 1)
	all, r, layout := parties(t, terms, "unreadable"), secure.Round{Number: 1}, fixed.Layout{{Bits: 64, Len: 1}}
	sealed := map[int][]byte{}
	for _, j := range terms.Members {
		p, err := all[j].Send(r, layout, []uint64{1}, securetest.Rand(fmt.Sprint("unreadable", j)))
		if err != nil {
			t.Fatal(err)
		}
		sealed[j] = p.Sealed[0]
		if j == 0 {
			sealed[0] = p.Kept
		}
	}
	sealed[3] = sealed[4]
	b, err := all[0].Help(r, terms.Members, sealed)
	if err != nil {
		t.Fatal(err)
	}
	h, err := ParseHelp(b)
	if err != nil || !h.Unreadable.Equal(secure.Sites{3}) || len(h.Shares) != 4 || len(h.Keys) != 0 {
		t.Errorf("unreadable %v, %d shares, %d keys: %v", h.Unreadable, len(h.Shares), len(h.Keys), err)
	}
	delete(sealed, 0)
	if _, err := all[0].Help(r, terms.Members, sealed); err == nil || !strings.Contains(err.Error(), "own share") {
		t.Errorf("without its own share: %v", err)
	}
}

func TestBadPartiesAreRefused(t *testing.T) {
	terms, _ := securetest.Terms(4, 1)
	good := map[int]Pair{1: {}, 2: {}, 3: {}}
	if _, err := NewParty(terms, 0, good, new(Guard)); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func() (*Party, error){
		"stranger":     func() (*Party, error) { return NewParty(terms, 4, good, new(Guard)) },
		"pair missing": func() (*Party, error) { return NewParty(terms, 0, map[int]Pair{1: {}, 2: {}}, new(Guard)) },
		"with itself":  func() (*Party, error) { return NewParty(terms, 1, good, new(Guard)) },
		"one too many": func() (*Party, error) {
			return NewParty(terms, 0, map[int]Pair{1: {}, 2: {}, 3: {}, 9: {}}, new(Guard))
		},
		"invalid terms": func() (*Party, error) { return NewParty(secure.Terms{}, 0, good, new(Guard)) },
	} {
		if _, err := f(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestConfirmBytesBindEverything(t *testing.T) {
	terms, _ := securetest.Terms(6, 1)
	hashes := map[int][32]byte{0: {1}, 1: {2}, 2: {3}, 3: {4}, 4: {5}}
	set := secure.Sites{0, 1, 2, 3, 4}
	base := func() (secure.Terms, int, [32]byte, secure.Sites, map[int][32]byte) {
		return terms, 1, [32]byte{9}, set, hashes
	}
	seen := map[string]string{}
	for name, f := range map[string]func() ([]byte, error){
		"base": func() ([]byte, error) { return ConfirmBytes(base()) },
		"session": func() ([]byte, error) {
			m := terms
			m.Session = []byte("x")
			return ConfirmBytes(m, 1, [32]byte{9}, set, hashes)
		},
		"roster": func() ([]byte, error) { m := terms; m.Roster[0]++; return ConfirmBytes(m, 1, [32]byte{9}, set, hashes) },
		"epoch":  func() ([]byte, error) { m := terms; m.Epoch++; return ConfirmBytes(m, 1, [32]byte{9}, set, hashes) },
		"round":  func() ([]byte, error) { return ConfirmBytes(terms, 2, [32]byte{9}, set, hashes) },
		"state":  func() ([]byte, error) { return ConfirmBytes(terms, 1, [32]byte{8}, set, hashes) },
		"vector": func() ([]byte, error) {
			return ConfirmBytes(terms, 1, [32]byte{9}, set, map[int][32]byte{0: {1}, 1: {2}, 2: {3}, 3: {4}, 4: {6}})
		},
		"renounce": func() ([]byte, error) { return RenounceBytes(terms, 1), nil },
		"set": func() ([]byte, error) {
			return ConfirmBytes(terms, 1, [32]byte{9}, secure.Sites{0, 1, 2, 3, 5}, map[int][32]byte{0: {1}, 1: {2}, 2: {3}, 3: {4}, 5: {5}})
		},
	} {
		b, err := f()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if was, ok := seen[string(b)]; ok {
			t.Errorf("%s signs the bytes of %s", name, was)
		}
		seen[string(b)] = name
	}
	if _, err := ConfirmBytes(terms, 1, [32]byte{}, set, map[int][32]byte{0: {}}); err == nil {
		t.Error("confirmed vectors that are not there")
	}
	if _, err := ConfirmBytes(terms, 1, [32]byte{}, set, map[int][32]byte{0: {}, 1: {}, 2: {}, 3: {}, 5: {}}); err == nil {
		t.Error("confirmed another site's vector")
	}
	if _, err := ConfirmBytes(terms, 1, [32]byte{}, set[:3], nil); err == nil {
		t.Error("confirmed a set below the threshold")
	}
}

func TestQuorum(t *testing.T) {
	terms, _ := securetest.Terms(6, 1)
	set := secure.Sites{0, 1, 2, 3, 4}
	for _, c := range []struct {
		signers secure.Sites
		ok      bool
	}{
		{set, true}, {secure.Sites{0, 1, 2, 4}, true},
		{secure.Sites{0, 1, 2}, false}, {secure.Sites{0, 1, 2, 5}, false}, {secure.Sites{0, 0, 1, 2}, false}, {nil, false},
	} {
		if err := CheckQuorum(terms, set, c.signers); (err == nil) != c.ok {
			t.Errorf("signers %v: %v", c.signers, err)
		}
	}
}

func FuzzParseHelp(f *testing.F) {
	o := opened(f, 4, secure.Sites{0, 1, 2, 3}, "fuzz")
	b, _ := o.help[0].Bytes()
	f.Add(b)
	b, _ = Help{Shares: map[int]share.Share{}, Keys: map[int]secure.Key{3: {1}}, Unreadable: secure.Sites{1}}.Bytes()
	f.Add(b)
	f.Add([]byte(`{"shares":null}`))
	f.Add([]byte(`{"shares":{},"shares":{}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHelp(b)
		if err != nil {
			return
		}
		again, err := h.Bytes()
		if err != nil || string(again) != string(b) {
			t.Fatalf("%s was accepted and is written %s", b, again)
		}
		o.help = map[int]Help{0: h}
		o.open()
	})
}
