package securetest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/secure"
)

// Layouts are the shapes of vectors that the suite goes through: both rings,
// mixed, odd lengths, and one longer than a block of keystream.
func Layouts() map[string]fixed.Layout {
	return map[string]fixed.Layout{
		"64":    {{Bits: 64, Len: 5}},
		"128":   {{Bits: 128, Len: 3}},
		"mixed": {{Bits: 64, Len: 3}, {Bits: 128, Len: 2}, {Bits: 64, Len: 0}, {Bits: 64, Len: 1}, {Bits: 128, Len: 1}},
		"long":  {{Bits: 64, Len: 4097}, {Bits: 128, Len: 4099}},
	}
}

// Sums runs the whole suite over the scheme.
func Sums(t *testing.T, scheme secure.Scheme) {
	t.Run("every set of up to 8", func(t *testing.T) { everySet(t, scheme) })
	t.Run("sampled sets of 12 and 50", func(t *testing.T) { sampledSets(t, scheme) })
	t.Run("layouts", func(t *testing.T) { layouts(t, scheme) })
	t.Run("sets that may not be opened", func(t *testing.T) { refusedSets(t, scheme) })
	t.Run("one set per round", func(t *testing.T) { oneSet(t, scheme) })
	t.Run("one vector per round", func(t *testing.T) { oneVector(t, scheme) })
	t.Run("altered in transit", func(t *testing.T) { altered(t, scheme) })
	t.Run("vectors look like noise", func(t *testing.T) { noise(t, scheme) })
}

// Terms returns terms for sites 0..n-1 with c colluders, or false where no
// exact release is allowed.
func Terms(n, c int) (secure.Terms, bool) {
	t := secure.Terms{Session: []byte("securetest"), Roster: [32]byte{1, 2, 3}, Colluders: c, Honest: secure.MinHonest}
	for i := range n {
		t.Members = append(t.Members, i)
	}
	return t, t.Valid() == nil
}

// Random returns a vector of uniform words.
func Random(layout fixed.Layout, rnd io.Reader) []uint64 {
	b := make([]byte, 8*layout.Words())
	io.ReadFull(rnd, b)
	x := make([]uint64, layout.Words())
	for i := range x {
		x[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return x
}

// Subsets calls f with every subset of members that has at least min of them.
func Subsets(members secure.Sites, min int, f func(secure.Sites)) {
	for bits := range 1 << len(members) {
		var s secure.Sites
		for i, j := range members {
			if bits>>i&1 == 1 {
				s = append(s, j)
			}
		}
		if len(s) >= min {
			f(s)
		}
	}
}

// A federation is all parties of one epoch in this process.
type federation struct {
	t      testing.TB
	terms  secure.Terms
	sites  map[int]secure.Site
	lead   secure.Lead
	layout fixed.Layout
	rnd    io.Reader
}

func found(t testing.TB, scheme secure.Scheme, terms secure.Terms, layout fixed.Layout, seed string) *federation {
	t.Helper()
	f := &federation{t: t, terms: terms, sites: map[int]secure.Site{}, layout: layout, rnd: Rand(seed)}
	sites, err := scheme.Setup(terms, f.rnd)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range sites {
		f.sites[terms.Members[i]] = s
	}
	if f.lead, err = scheme.Lead(terms); err != nil {
		t.Fatal(err)
	}
	return f
}

func round(n int) secure.Round {
	return secure.Round{Number: n, Question: [32]byte{byte(n), byte(n >> 8), byte(n >> 16)}}
}

// send lets every member send a random vector.
func (f *federation) send(r secure.Round) (xs map[int][]uint64, parcels map[int]secure.Parcel) {
	f.t.Helper()
	xs, parcels = map[int][]uint64{}, map[int]secure.Parcel{}
	for j, s := range f.sites {
		xs[j] = Random(f.layout, f.rnd)
		before := slices.Clone(xs[j])
		p, err := s.Send(r, f.layout, xs[j], f.rnd)
		if err != nil {
			f.t.Fatal(err)
		}
		if !slices.Equal(before, xs[j]) {
			f.t.Fatal("Send changed the site's vector")
		}
		parcels[j] = p
	}
	return xs, parcels
}

// sealedTo collects what the members of set have for site i.
func sealedTo(i int, set secure.Sites, parcels map[int]secure.Parcel) map[int][]byte {
	sealed := map[int][]byte{}
	for _, j := range set {
		if j == i {
			sealed[j] = parcels[j].Kept
		} else {
			sealed[j] = slices.Clone(parcels[j].Sealed[i])
		}
	}
	return sealed
}

// help collects the help of the members of from.
func (f *federation) help(r secure.Round, set, from secure.Sites, parcels map[int]secure.Parcel) (map[int][]byte, error) {
	help := map[int][]byte{}
	for _, i := range from {
		h, err := f.sites[i].Help(r, set, sealedTo(i, set, parcels))
		if err != nil {
			return nil, fmt.Errorf("site %d: %w", i, err)
		}
		help[i] = h
	}
	return help, nil
}

func vectors(set secure.Sites, parcels map[int]secure.Parcel) map[int][]uint64 {
	v := map[int][]uint64{}
	for _, j := range set {
		v[j] = slices.Clone(parcels[j].Vector)
	}
	return v
}

// Plain returns the sum of the plain vectors over set.
func Plain(layout fixed.Layout, set secure.Sites, xs map[int][]uint64) []uint64 {
	sum := make([]uint64, layout.Words())
	for _, j := range set {
		layout.AddTo(sum, xs[j])
	}
	return sum
}

// open runs a round in which all send and set is opened, and compares.
func (f *federation) open(n int, set secure.Sites) {
	f.t.Helper()
	r := round(n)
	xs, parcels := f.send(r)
	help, err := f.help(r, set, set, parcels)
	if err != nil {
		f.t.Fatalf("set %v of %v: %v", set, f.terms.Members, err)
	}
	got, err := f.lead.Open(r, f.layout, set, vectors(set, parcels), help)
	if err != nil {
		f.t.Fatalf("set %v of %v: %v", set, f.terms.Members, err)
	}
	if !slices.Equal(got, Plain(f.layout, set, xs)) {
		f.t.Fatalf("set %v of %v: the opened sum is not the sum", set, f.terms.Members)
	}
}

// least is the smallest set that may be opened.
func least(t secure.Terms) int { return max(t.Threshold(), t.Colluders+t.Honest) }

func everySet(t *testing.T, scheme secure.Scheme) {
	sets := 0
	for n := 3; n <= 8; n++ {
		for c := 0; c <= 3; c++ {
			terms, ok := Terms(n, c)
			if !ok {
				continue
			}
			f := found(t, scheme, terms, Layouts()["mixed"], fmt.Sprint("every", n, c))
			Subsets(terms.Members, least(terms), func(set secure.Sites) {
				sets++
				f.open(sets, set)
			})
		}
	}
	t.Logf("%d sets opened", sets)
}

func sampledSets(t *testing.T, scheme secure.Scheme) {
	for _, n := range []int{12, 50} {
		if n > 12 && Race {
			continue
		}
		terms, _ := Terms(n, 1)
		f := found(t, scheme, terms, Layouts()["64"], fmt.Sprint("sampled", n))
		for r := range 3 {
			f.open(r, Sample(terms.Members, least(terms), f.rnd))
		}
	}
}

// Sample returns a random subset with at least min members.
func Sample(members secure.Sites, min int, rnd io.Reader) secure.Sites {
	b := make([]byte, 1+2*len(members))
	io.ReadFull(rnd, b)
	size := min + int(b[0])%(len(members)-min+1)
	s := slices.Clone(members)
	for i := range size { // Fisher-Yates; the slight bias of the remainder does not matter here
		k := i + int(binary.BigEndian.Uint16(b[1+2*i:]))%(len(s)-i)
		s[i], s[k] = s[k], s[i]
	}
	s = s[:size]
	slices.Sort(s)
	return s
}

func layouts(t *testing.T, scheme secure.Scheme) {
	terms, _ := Terms(5, 1)
	for name, layout := range Layouts() {
		f := found(t, scheme, terms, layout, "layouts "+name)
		f.open(1, terms.Members)
		f.open(2, secure.Sites{0, 1, 3, 4})
	}
}

func refusedSets(t *testing.T, scheme secure.Scheme) {
	terms, _ := Terms(6, 1)
	f := found(t, scheme, terms, Layouts()["64"], "refused")
	for i, set := range []secure.Sites{
		{}, {0}, {0, 1, 2}, // below the threshold of 4
		{0, 1, 2, 6},       // no member
		{1, 0, 2, 3, 4},    // not ascending
		{0, 0, 1, 2, 3, 4}, // twice
		{-1, 0, 1, 2, 3},
	} {
		r := round(i)
		_, parcels := f.send(r)
		if _, err := f.sites[0].Help(r, set, sealedTo(0, set, parcels)); err == nil {
			t.Errorf("site 0 helps to open %v", set)
		}
		if sum, err := f.lead.Open(r, f.layout, set, vectors(set, parcels), nil); err == nil {
			t.Errorf("the lead opened %v: %v", set, sum)
		}
	}
	r := round(100)
	_, parcels := f.send(r)
	set := secure.Sites{1, 2, 3, 4, 5}
	if _, err := f.sites[0].Help(r, set, sealedTo(0, set, parcels)); err == nil {
		t.Error("site 0 helps to open a set without it")
	}
	help, err := f.help(r, set, set[:terms.Threshold()-1], parcels)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.lead.Open(r, f.layout, set, vectors(set, parcels), help); err == nil {
		t.Error("opened with help of fewer than the threshold")
	}
	for _, bad := range []secure.Terms{
		{Session: []byte("s"), Members: secure.Sites{0, 1}, Honest: 3},                         // two sites have no secure sum
		{Session: []byte("s"), Members: secure.Sites{0, 1, 2}, Honest: 2},                      // rule below the floor
		{Session: []byte("s"), Members: secure.Sites{0, 1, 2}, Colluders: 1, Honest: 3},        // three tolerate no colluder
		{Members: secure.Sites{0, 1, 2, 3}, Honest: 3},                                         // no session
		{Session: []byte("s"), Members: secure.Sites{0, 2, 1, 3}, Honest: 3},                   // no set
		{Session: []byte("s"), Members: secure.Sites{0, 1, 2, 3, 300}, Honest: 3},              // outside the roster
		{Session: []byte("s"), Members: secure.Sites{0, 1, 2, 3, 4}, Honest: 3, Colluders: -1}, // negative
	} {
		if _, err := scheme.Setup(bad, Rand("bad")); err == nil {
			t.Errorf("terms %+v were accepted", bad)
		}
		if _, err := scheme.Lead(bad); err == nil {
			t.Errorf("terms %+v were accepted by the lead", bad)
		}
	}
}

func oneSet(t *testing.T, scheme secure.Scheme) {
	terms, _ := Terms(6, 1)
	f := found(t, scheme, terms, Layouts()["64"], "one set")
	r := round(1)
	_, parcels := f.send(r)
	if _, err := f.help(r, terms.Members, terms.Members, parcels); err != nil {
		t.Fatal(err)
	}
	if _, err := f.help(r, terms.Members, terms.Members, parcels); err != nil {
		t.Errorf("the same help again: %v", err)
	}
	less := secure.Sites{0, 1, 2, 3, 4}
	var other *secure.OtherSetError
	if _, err := f.help(r, less, less, parcels); !errors.As(err, &other) {
		t.Errorf("a second set in one round: %v", err)
	}
	again := secure.Round{Number: 2, Question: r.Question}
	_, parcels = f.send(again)
	if _, err := f.help(again, less, less, parcels); !errors.As(err, &other) {
		t.Errorf("another set for the same question in the next round: %v", err)
	}
	if _, err := f.help(again, terms.Members, terms.Members, parcels); err != nil {
		t.Errorf("the same set for the same question in the next round: %v", err)
	}
}

func oneVector(t *testing.T, scheme secure.Scheme) {
	terms, _ := Terms(4, 1)
	f := found(t, scheme, terms, Layouts()["64"], "one vector")
	x := Random(f.layout, f.rnd)
	p, err := f.sites[0].Send(round(1), f.layout, x, Rand("replay"))
	if err != nil {
		t.Fatal(err)
	}
	q, err := f.sites[0].Send(round(1), f.layout, x, Rand("replay"))
	if err != nil {
		t.Errorf("the same again: %v", err)
	}
	if !slices.Equal(p.Vector, q.Vector) || string(p.Kept) != string(q.Kept) || string(p.Sealed[1]) != string(q.Sealed[1]) {
		t.Error("the same randomness gave another parcel")
	}
	x[0]++
	if _, err := f.sites[0].Send(round(1), f.layout, x, Rand("replay")); err == nil {
		t.Error("a second vector was sent in one round")
	}
	if _, err := f.sites[0].Send(round(2), f.layout, x[1:], Rand("short")); err == nil {
		t.Error("a vector that does not fit its layout was sent")
	}
}

// altered flips one bit of what one site sealed to another, or exchanges it with
// an earlier round's or another pair's: the sum stays right or is refused.
func altered(t *testing.T, scheme secure.Scheme) {
	terms, _ := Terms(6, 1)
	f := found(t, scheme, terms, Layouts()["64"], "altered")
	_, old := f.send(round(0))
	opened := 0
	for n, change := range []func(m map[int][]byte){
		func(m map[int][]byte) { m[1][0] ^= 1 },
		func(m map[int][]byte) { m[1][len(m[1])/2] ^= 0x80 },
		func(m map[int][]byte) { m[1][len(m[1])-1] ^= 1 },
		func(m map[int][]byte) { m[1] = m[1][:len(m[1])-1] },
		func(m map[int][]byte) { m[1] = append(m[1], 0) },
		func(m map[int][]byte) { m[1] = nil },
		func(m map[int][]byte) { delete(m, 1) },
		func(m map[int][]byte) { m[1] = old[1].Sealed[0] },
		func(m map[int][]byte) { m[1], m[2] = m[2], m[1] },
	} {
		r := round(n + 1)
		xs, parcels := f.send(r)
		set := terms.Members
		help, err := f.help(r, set, set[1:], parcels)
		if err != nil {
			t.Fatal(err)
		}
		sealed := sealedTo(0, set, parcels)
		change(sealed)
		if h, err := f.sites[0].Help(r, set, sealed); err == nil {
			help[0] = h
		}
		got, err := f.lead.Open(r, f.layout, set, vectors(set, parcels), help)
		if err == nil {
			opened++
			if !slices.Equal(got, Plain(f.layout, set, xs)) {
				t.Errorf("change %d: a wrong sum was opened", n)
			}
		}
	}
	t.Logf("%d of 9 changes did not stop the opening", opened)
}
