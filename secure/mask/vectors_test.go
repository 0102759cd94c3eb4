package mask

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/secure"
	"hmsp.center/hmsp/secure/securetest"
	"hmsp.center/hmsp/secure/share"
)

var update = flag.Bool("update", false, "rewrite testdata")

// A vector is one round with all its secrets, so that another implementation
// can follow it step by step. All byte strings are hexadecimal; words are 8
// bytes, little endian.
type vector struct {
	Name      string            `json:"name"`
	Version   string            `json:"version"`
	Session   string            `json:"session"`
	Roster    string            `json:"roster"`
	Epoch     int               `json:"epoch"`
	Colluders int               `json:"colluders"`
	Honest    int               `json:"honest"`
	Threshold int               `json:"threshold"`
	Members   secure.Sites      `json:"members"`
	Layout    fixed.Layout      `json:"layout"`
	Round     int               `json:"round"`
	Pairs     map[string]string `json:"pairs"`      // s_ij by "i-j", i < j
	MaskKeys  map[string]string `json:"mask_keys"`  // k_ij^r
	ShareKeys map[string]string `json:"share_keys"` // keys that seal the shares
	Sites     []vectorSite      `json:"sites"`
	Set       secure.Sites      `json:"set"`
	Confirm   string            `json:"confirm"` // what is signed for the set, with state 0909..09
	Help      map[int]string    `json:"help"`
	Sum       string            `json:"sum"`
}

type vectorSite struct {
	Site       int            `json:"site"`
	Randomness string         `json:"randomness"` // what Send read: b, coefficients, nonces
	X          string         `json:"x"`
	Y          string         `json:"y"`
	Hash       string         `json:"hash"` // HashWords of y
	Kept       string         `json:"kept"`
	Sealed     map[int]string `json:"sealed"`
}

func (v vector) terms() secure.Terms {
	return secure.Terms{Session: unhex(v.Session), Roster: [32]byte(unhex(v.Roster)), Epoch: v.Epoch,
		Members: v.Members, Colluders: v.Colluders, Honest: v.Honest}
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// party builds site i from the pair secrets of the vector.
func (v vector) party(t *testing.T, i int) *Party {
	t.Helper()
	pairs := map[int]Pair{}
	for _, j := range v.Members {
		if j != i {
			pairs[j] = Pair(unhex(v.Pairs[between(i, j)]))
		}
	}
	p, err := NewParty(v.terms(), i, pairs, new(Guard))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func between(i, j int) string { return fmt.Sprintf("%d-%d", min(i, j), max(i, j)) }

// play follows the round of v from its inputs (terms, pairs, x, randomness, set)
// and returns it with all outputs.
func (v vector) play(t *testing.T) vector {
	t.Helper()
	terms, r := v.terms(), secure.Round{Number: v.Round}
	v.Version, v.Threshold = secure.Version, terms.Threshold()
	v.MaskKeys, v.ShareKeys = map[string]string{}, map[string]string{}
	for name, s := range v.Pairs {
		mask, seal := RoundKey(Pair(unhex(s)), terms.Session, v.Round, StreamMask), RoundKey(Pair(unhex(s)), terms.Session, v.Round, StreamShare)
		v.MaskKeys[name], v.ShareKeys[name] = hex.EncodeToString(mask[:]), hex.EncodeToString(seal[:])
	}
	all, parcels, hashes := map[int]*Party{}, map[int]secure.Parcel{}, map[int][32]byte{}
	sites := make([]vectorSite, len(v.Sites))
	for n, s := range v.Sites {
		all[s.Site] = v.party(t, s.Site)
		x, err := ParseWords(v.Layout, unhex(s.X))
		if err != nil {
			t.Fatal(err)
		}
		random := bytes.NewReader(unhex(s.Randomness))
		p, err := all[s.Site].Send(r, v.Layout, x, random)
		if err != nil {
			t.Fatal(err)
		}
		read := len(s.Randomness)/2 - random.Len()
		parcels[s.Site], hashes[s.Site] = p, HashWords(p.Vector)
		h := hashes[s.Site]
		sites[n] = vectorSite{Site: s.Site, Randomness: s.Randomness[:2*read], X: s.X,
			Y: hex.EncodeToString(AppendWords(nil, p.Vector)), Hash: hex.EncodeToString(h[:]), Kept: hex.EncodeToString(p.Kept), Sealed: map[int]string{}}
		for j, b := range p.Sealed {
			sites[n].Sealed[j] = hex.EncodeToString(b)
		}
	}
	v.Sites, v.Help = sites, map[int]string{}
	help, sum := map[int]Help{}, make([]uint64, v.Layout.Words())
	inSet := map[int][32]byte{}
	for _, i := range v.Set {
		v.Layout.AddTo(sum, parcels[i].Vector)
		inSet[i] = hashes[i]
		b, err := all[i].Help(r, v.Set, v.sealedTo(i))
		if err != nil {
			t.Fatal(err)
		}
		v.Help[i] = string(b)
		if help[i], err = ParseHelp(b); err != nil {
			t.Fatal(err)
		}
	}
	confirm, err := ConfirmBytes(terms, v.Round, [32]byte(bytes.Repeat([]byte{9}, 32)), v.Set, inSet)
	if err != nil {
		t.Fatal(err)
	}
	v.Confirm = hex.EncodeToString(confirm)
	if _, err := Open(terms, v.Layout, v.Set, sum, help); err != nil {
		t.Fatal(err)
	}
	v.Sum = hex.EncodeToString(AppendWords(nil, sum))
	return v
}

func (v vector) sealedTo(i int) map[int][]byte {
	sealed := map[int][]byte{}
	for _, s := range v.Sites {
		if !v.Set.Has(s.Site) {
			continue
		}
		if s.Site == i {
			sealed[i] = unhex(s.Kept)
		} else {
			sealed[s.Site] = unhex(s.Sealed[i])
		}
	}
	return sealed
}

// inputs draws the inputs of a vector.
func inputs(name string, members, set secure.Sites, colluders int, layout fixed.Layout) vector {
	rnd := securetest.Rand("vector " + name)
	draw := func(n int) string {
		b := make([]byte, n)
		rnd.Read(b)
		return hex.EncodeToString(b)
	}
	v := vector{Name: name, Session: draw(20), Roster: draw(32), Epoch: 2, Colluders: colluders, Honest: 3, Members: members, Layout: layout, Round: 5, Set: set, Pairs: map[string]string{}}
	for _, i := range members {
		for _, j := range members {
			if i < j {
				v.Pairs[between(i, j)] = draw(32)
			}
		}
		v.Sites = append(v.Sites, vectorSite{Site: i, Randomness: draw(2048), X: draw(8 * layout.Words())})
	}
	return v
}

// The rounds in testdata are played again from their inputs, and every byte
// must come out as it is there.
func TestVectors(t *testing.T) {
	const file = "testdata/masks.json"
	if *update {
		var all []vector
		for _, v := range []vector{
			inputs("three sites, 64 bits", secure.Sites{0, 1, 2}, secure.Sites{0, 1, 2}, 0, fixed.Layout{{Bits: 64, Len: 4}}),
			inputs("four sites, one may collude, 128 bits", secure.Sites{0, 1, 2, 3}, secure.Sites{0, 1, 2, 3}, 1, fixed.Layout{{Bits: 128, Len: 3}}),
			inputs("six sites of a roster of eight, two lost, mixed", secure.Sites{0, 2, 3, 5, 6, 7}, secure.Sites{0, 3, 5, 7}, 1, securetest.Layouts()["mixed"]),
		} {
			all = append(all, v.play(t))
		}
		write(t, file, all)
	}
	for _, want := range read[[]vector](t, file) {
		got := want.play(t)
		g, _ := json.Marshal(got)
		w, _ := json.Marshal(want)
		if !bytes.Equal(g, w) {
			t.Errorf("%s: played again it gives\n%s\nwant\n%s", want.Name, g, w)
		}
	}
}

// A broken vector changes one message of a round in masks.json; the named step
// must refuse it, with these words.
type broken struct {
	Name   string         `json:"name"`
	Round  string         `json:"round"` // name of the vector
	Step   string         `json:"step"`
	Bytes  string         `json:"bytes,omitempty"` // the message, hexadecimal
	Text   string         `json:"text,omitempty"`  // or as text
	Owner  int            `json:"owner,omitempty"`
	Holder int            `json:"holder,omitempty"`
	Set    secure.Sites   `json:"set,omitempty"`
	Help   map[int]string `json:"help,omitempty"`
	Want   string         `json:"want"`
}

func TestBrokenVectors(t *testing.T) {
	const file = "testdata/broken.json"
	rounds := map[string]vector{}
	for _, v := range read[[]vector](t, "testdata/masks.json") {
		rounds[v.Name] = v
	}
	if *update {
		write(t, file, breakages(rounds))
	}
	all, steps := read[[]broken](t, file), map[string]int{}
	for _, b := range all {
		v, ok := rounds[b.Round]
		if !ok {
			t.Fatalf("%s: no round %q", b.Name, b.Round)
		}
		err := b.run(t, v)
		if err == nil || !strings.Contains(err.Error(), b.Want) {
			t.Errorf("%s: %s: %v, want %q", b.Name, b.Step, err, b.Want)
		}
		steps[b.Step]++
	}
	t.Logf("%d broken vectors: %v", len(all), steps)
}

// run takes one step with the broken message.
func (b broken) run(t *testing.T, v vector) error {
	terms := v.terms()
	switch b.Step {
	case "parse vector":
		_, err := ParseWords(v.Layout, unhex(b.Bytes))
		return err
	case "parse share":
		return new(share.Share).UnmarshalBinary(unhex(b.Bytes))
	case "open sealed share":
		_, err := share.Open(secure.Key(unhex(v.ShareKeys[between(b.Owner, b.Holder)])), b.Owner, b.Holder, unhex(b.Bytes))
		return err
	case "agree":
		p := v.party(t, b.Holder)
		if err := p.guard.Send(terms, secure.Round{Number: v.Round}, [32]byte{}); err != nil {
			return err
		}
		return p.guard.Agree(terms, b.Holder, v.Round, b.Set)
	case "parse help":
		_, err := ParseHelp([]byte(b.Text))
		return err
	case "open":
		sum := make([]uint64, v.Layout.Words())
		help := map[int]Help{}
		for i, text := range b.Help {
			h, err := ParseHelp([]byte(text))
			if err != nil {
				t.Fatalf("%s: %v", b.Name, err)
			}
			help[i] = h
		}
		_, err := Open(terms, v.Layout, v.Set, sum, help)
		return err
	case "guard":
		return json.Unmarshal([]byte(b.Text), new(Guard))
	}
	t.Fatalf("%s: no step %q", b.Name, b.Step)
	return nil
}

func read[T any](t *testing.T, file string) T {
	t.Helper()
	var v T
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func write(t *testing.T, file string, v any) {
	t.Helper()
	b, err := json.MarshalIndent(v, "", "\t")
	if err == nil {
		err = os.WriteFile(file, append(b, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
