package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"testing"
	"time"

	"hmsp.center/hmsp/dp"
)

// A fault is what happens to one write.
type fault int

const (
	works      fault = iota
	failsLost        // an error, and nothing is kept
	failsKept        // an error, and all is kept
	diesBefore       // the process ends before anything is kept
	diesAfter        // the process ends after it is kept
	faults
)

// death is the panic that stands for the end of the process.
type death struct{}

// strike makes a write meet a fault.
func strike(f fault) func(keep func()) error {
	return func(keep func()) error {
		switch f {
		case failsLost:
			return errors.New("no space left on the disk")
		case failsKept:
			keep()
			return errors.New("the sync failed")
		case diesBefore:
			panic(death{})
		case diesAfter:
			keep()
			panic(death{})
		}
		keep()
		return nil
	}
}

// A world is what can be seen outside of a site: which vectors left, and with which
// noise. It holds a ledger against that.
type world struct {
	*bench
	died     bool
	tried    map[string]bool // studies that asked, whatever they were told
	asked    map[string]Claim
	granted  map[string]int        // generation, of studies that were told yes
	released map[release]departure // vectors that left, each noise once
	fresh    map[string]int        // by question: the least generation that may be granted
}

// A release is one vector with one noise; it may leave again.
type release struct {
	question          string
	generation, round int
}

type departure struct {
	dataset string
	rho     float64
	at      time.Time
}

func newWorld(t *testing.T, limits Limits) *world {
	w := &world{bench: newBench(t, limits), tried: map[string]bool{}, asked: map[string]Claim{}, granted: map[string]int{}, released: map[release]departure{}, fresh: map[string]int{}}
	return w
}

// try does one thing; a death ends the process, and a new one opens the store.
func (w *world) try(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(death); !ok {
				panic(r)
			}
			w.died = true
			w.store.write = nil
			w.reopen()
			err = errors.New("the process died")
		}
	}()
	return do()
}

func (w *world) reserve(c Claim) error {
	again := w.tried[c.Study]
	w.tried[c.Study] = true
	return w.try(func() error {
		g, err := w.Reserve(c)
		if err != nil {
			return err
		}
		if least := w.fresh[c.Question]; g.Generation < least && !again {
			w.t.Fatalf("question %s: noise of generation %d after it was burnt; want %d", c.Question, g.Generation, least)
		}
		w.asked[c.Study], w.granted[c.Study] = c, g.Generation
		return nil
	})
}

// spend lets a vector leave if, and only if, the ledger says that it is paid.
func (w *world) spend(study string, round int) error {
	if _, told := w.asked[study]; !told { // a site spends what it was granted
		return ErrUnknown
	}
	return w.try(func() error {
		if err := w.Spend(study, round); err != nil {
			return err
		}
		c := w.asked[study]
		r := release{c.Question, w.granted[study], round}
		if _, again := w.released[r]; !again {
			cost, _ := price(c.Rounds[round])
			w.released[r] = departure{c.Dataset, cost, w.now}
		}
		return nil
	})
}

func (w *world) settle(study string) error { return w.try(func() error { return w.Settle(study) }) }

func (w *world) burn(question string) error {
	return w.try(func() error {
		if err := w.Burn(question); err != nil {
			return err
		}
		for r := range w.released {
			if r.question == question {
				w.fresh[question] = max(w.fresh[question], r.generation+1)
			}
		}
		return nil
	})
}

// holds checks the ledger's promises against what left.
func (w *world) holds() {
	w.t.Helper()
	var balances []Balance
	var caps []Cap
	w.must(w.look(func(s *state) error {
		balances, caps = s.balances(s.clock(w.now), nil), s.caps(s.clock(w.now))
		return nil
	}))
	left := map[string]float64{}
	for _, d := range w.released {
		if counts(d.at, w.now) {
			left[d.dataset] += d.rho
		}
	}
	const slack = 1e-9
	all := 0.0
	for _, b := range balances {
		if left[b.Dataset] > b.Spent+slack {
			w.t.Fatalf("%s: rho %v left, the ledger knows of %v", b.Dataset, left[b.Dataset], b.Spent)
		}
		if b.Spent+b.Reserved > b.Limit+slack || left[b.Dataset] > b.Limit+slack {
			w.t.Fatalf("%s: spent %v and reserved %v of %v", b.Dataset, b.Spent, b.Reserved, b.Limit)
		}
		all += b.Spent + b.Reserved
		delete(left, b.Dataset)
	}
	if len(left) > 0 {
		w.t.Fatalf("left without any account: %v", left)
	}
	by := map[string]float64{}
	for _, c := range caps {
		by[c.Scope] += c.Spent + c.Reserved
		if c.Limit > 0 && c.Spent+c.Reserved > c.Limit+slack {
			w.t.Fatalf("%s %s: spent %v and reserved %v of %v", c.Scope, c.Name, c.Spent, c.Reserved, c.Limit)
		}
	}
	for scope, rho := range by {
		if math.Abs(rho-all) > slack {
			w.t.Fatalf("by %s %v was paid, by dataset %v", scope, rho, all)
		}
	}
}

// A day is a fixed course of things at a site.
func day(w *world) []func() error {
	a, b, c := w.claim("a", "q", 0.05, 0.1), w.claim("b", "q", 0.05, 0.1), w.claim("c", "p", 0.2)
	return []func() error{
		func() error { return w.reserve(a) },
		func() error { return w.spend("a", 0) },
		func() error { return w.reserve(b) },
		func() error { return w.reserve(c) },
		func() error { return w.spend("b", 0) },
		func() error { return w.try(func() error { return w.Confirm("a", []string{"north", "east"}) }) },
		func() error { return w.spend("a", 1) },
		func() error { return w.settle("a") },
		func() error { return w.spend("c", 0) },
		func() error { return w.settle("b") },
		func() error { return w.burn("q") },
		func() error { return w.settle("c") },
		func() error { return w.reserve(w.claim("d", "q", 0.05, 0.1)) },
		func() error { return w.spend("d", 0) },
		func() error { return w.settle("d") },
	}
}

// TestKilledAtEveryWrite: whatever happens to whichever write, no vector leaves
// that the ledger does not know of, and a site that goes on where it was, doing
// again what it does not know to be done, comes to the same balance.
func TestKilledAtEveryWrite(t *testing.T) {
	writes, tried := 0, 0
	w := newWorld(t, DefaultLimits())
	w.store.write = func(keep func()) error { writes++; keep(); return nil }
	for _, step := range day(w) {
		w.must(step())
	}
	for at := range writes {
		for f := failsLost; f < faults; f++ {
			w := newWorld(t, DefaultLimits())
			n := 0
			w.store.write = func(keep func()) error {
				n++
				if n == at+1 {
					tried++
					return strike(f)(keep)
				}
				keep()
				return nil
			}
			for i, step := range day(w) {
				err := step()
				w.holds()
				if err != nil {
					if err = step(); err != nil {
						t.Fatalf("write %d, fault %d: step %d cannot be done again: %v", at, f, i, err)
					}
					w.holds()
				}
			}
			w.stands(0.05+0.1+0.2+0.05, 0)
			if len(w.released) != 4 {
				t.Fatalf("%d vectors left, want 4", len(w.released))
			}
		}
	}
	if writes < 14 || tried != writes*int(faults-1) {
		t.Errorf("%d writes, %d faults: the test tells too little", writes, tried)
	}
}

// TestKilledAtTheBeginning: a ledger that was not begun is begun anew, and one that
// was has its key.
func TestKilledAtTheBeginning(t *testing.T) {
	for f := failsLost; f < faults; f++ {
		w := newWorld(t, DefaultLimits())
		w.store = newMemory()
		w.cfg.Store, w.store.write = w.store, strike(f)
		if err := w.try(func() error { _, err := Open(w.cfg); return err }); err == nil {
			t.Fatalf("fault %d was not noticed", f)
		}
		w.store.write = nil
		w.reopen()
		w.must(w.reserve(w.claim("a", "q", 0.1)))
		w.must(w.spend("a", 0))
		w.stands(0.1, 0)
	}
}

// dice draws from a fixed stream.
type dice struct{ from io.Reader }

func (d dice) below(n int) int {
	var b [8]byte
	if _, err := io.ReadFull(d.from, b[:]); err != nil {
		panic(err)
	}
	return int(binary.LittleEndian.Uint64(b[:]) % uint64(n))
}

// TestRandomInterleavings: 10,000 courses of things, of studies that ask few
// questions of two datasets for two requesters and purposes, with time passing and
// writes that fail in every way, never exceed a limit and never lose a spend.
func TestRandomInterleavings(t *testing.T) {
	limits := Limits{Hmsp: Version, PerDataset: 0.5, PerStudy: 0.3, PerRequester: 0.6, PerPurpose: 0.7, Delta: 1e-6}
	seen := map[string]int{}
	for course := range 10_000 {
		d := dice{stream(fmt.Sprint("course ", course))}
		w := newWorld(t, limits)
		for range 20 + d.below(20) {
			w.random(d, seen)
			w.holds()
		}
		for r := range w.released {
			seen["generation "+fmt.Sprint(min(r.generation, 2))]++
		}
	}
	for _, what := range []string{"reserve", "reserve refused", "spend", "spend refused", "settle", "burn", "death", "generation 0", "generation 1", "generation 2"} {
		if seen[what] < 50 {
			t.Errorf("%q happened %d times only", what, seen[what])
		}
	}
}

func (w *world) random(d dice, seen map[string]int) {
	w.store.write = nil
	if d.below(6) == 0 {
		w.store.write = strike(fault(1 + d.below(int(faults)-1)))
	}
	note := func(what string, err error) {
		if err != nil {
			what += " refused"
		}
		seen[what]++
	}
	study, question := fmt.Sprint("s", d.below(8)), fmt.Sprint("q", d.below(3))
	switch kind := d.below(20); {
	case kind < 6:
		if c, ok := w.asked[study]; ok {
			note("reserve", w.reserve(c))
			break
		}
		note("reserve", w.reserve(w.someClaim(d, study, question)))
	case kind < 12:
		note("spend", w.spend(study, d.below(2)))
	case kind < 15:
		note("settle", w.settle(study))
	case kind < 18:
		note("burn", w.burn(question))
	case kind < 19:
		w.reopen()
	default:
		w.now = w.now.Add(time.Duration(d.below(100*24)) * time.Hour)
	}
	if w.died {
		w.died = false
		seen["death"]++
	}
}

// someClaim asks a question; which dataset and rounds follows from the question.
func (w *world) someClaim(d dice, study, question string) Claim {
	n := int(question[1] - '0')
	c := w.claim(study, question, 0.04*float64(1+n), 0.05)
	c.Dataset = []string{"lung", "heart"}[n%2]
	c.Researcher = []string{"ruth", "rolf"}[d.below(2)]
	c.Purpose = []string{"research", "planning"}[d.below(2)]
	return c
}

// TestPartsNeverExceedAnyPatient: with cohorts that overlap or not, spending that
// any one patient can be in never exceeds the limit.
func TestPartsNeverExceedAnyPatient(t *testing.T) {
	shared := 0
	for course := range 1000 {
		d := dice{stream(fmt.Sprint("parts ", course))}
		b := newBench(t, DefaultLimits())
		b.cfg.Parts = disjointDecades
		b.reopen()
		patients := make([]float64, 10) // what each decade of age has lost
		total := 0.0
		for i := range 30 {
			lo := d.below(10)
			hi := lo + 1 + d.below(10-lo)
			c := b.claim(fmt.Sprint("s", i), fmt.Sprint("q", i), 0.05*float64(1+d.below(4)))
			c.Predicate, c.OneRow = fmt.Sprintf("%d-%d", lo, hi), d.below(8) > 0
			if _, err := b.Reserve(c); err != nil {
				continue
			}
			b.must(b.Spend(c.Study, 0))
			rho, _ := price(c.Rounds[0])
			total += rho
			if !c.OneRow { // several rows: any patient may be in it
				lo, hi = 0, 10
			}
			for p := lo; p < hi; p++ {
				patients[p] += rho
			}
		}
		for p, lost := range patients {
			if lost > DefaultPerDataset+1e-9 {
				t.Fatalf("course %d: patients of decade %d lost %v of %v", course, p, lost, DefaultPerDataset)
			}
		}
		if total > DefaultPerDataset+1e-9 {
			shared++
		}
	}
	if shared < 500 {
		t.Errorf("parallel composition allowed more in %d courses of 1000 only", shared)
	}
}

// disjointDecades compares "LO-HI".
func disjointDecades(a, b string) bool {
	var al, ah, bl, bh int
	fmt.Sscanf(a, "%d-%d", &al, &ah)
	fmt.Sscanf(b, "%d-%d", &bl, &bh)
	return ah <= bl || bh <= al
}

// TestParallelComposition: what adds up and what does not.
func TestParallelComposition(t *testing.T) {
	b := newBench(t, DefaultLimits())
	b.cfg.Parts = disjointDecades
	b.reopen()
	ask := func(s, predicate, snapshot string, oneRow bool, rho float64) Claim {
		c := b.claim(s, "q"+s, rho)
		c.Predicate, c.Snapshot, c.OneRow = predicate, snapshot, oneRow
		return c
	}
	b.grant(ask("1", "0-5", "a", true, 0.3), true, 0)
	b.grant(ask("2", "5-9", "a", true, 0.4), true, 0)
	b.stands(0, 0.4)
	b.grant(ask("3", "", "a", true, 0.1), true, 0) // everybody
	b.stands(0, 0.5)
	b.exhausted(ask("4", "5-7", "a", true, 0.01), "dataset", 0)
	b.grant(ask("5", "0-2", "a", true, 0.1), true, 0)
	b.exhausted(ask("6", "2-5", "a", false, 0.1), "dataset", 0) // several rows a patient
	b.exhausted(ask("7", "2-5", "b", true, 0.1), "dataset", 0)  // the data changed
	b.grant(ask("8", "2-5", "a", true, 0.1), true, 0)           // beside 0-2
	b.stands(0, 0.5)
	b.cfg.Parts = nil // without the proof everything adds up
	b.reopen()
	got, err := b.Balance("lung", b.now)
	if err != nil || math.Abs(got.Reserved-1) > 1e-9 || got.Left != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestBoundCoversTheDearestClique compares bound with every set of parts of which
// no two are disjoint.
func TestBoundCoversTheDearestClique(t *testing.T) {
	exact := 0
	for course := range 2000 {
		d := dice{stream(fmt.Sprint("bound ", course))}
		var shares []share
		for i := range 1 + d.below(9) {
			lo := d.below(8)
			shares = append(shares, share{part{"a", fmt.Sprintf("%d-%d", lo, lo+1+d.below(4))}, amount(1 + d.below(100))})
			if i%5 == 4 {
				shares[i].part = everybody()
			}
		}
		got, want := bound(shares, disjointDecades), clique(shares)
		if got < want || got > total(shares) {
			t.Fatalf("bound %d, dearest clique %d, sum %d: %v", got, want, total(shares), shares)
		}
		if got == want {
			exact++
		}
	}
	if exact < 1000 {
		t.Errorf("exact in %d of 2000 only", exact)
	}
}

func clique(shares []share) (best amount) {
	for set := range 1 << len(shares) {
		cost, ok := amount(0), true
		for i := range shares {
			for j := range i {
				both := set>>i&1 == 1 && set>>j&1 == 1
				ok = ok && !(both && apart(shares[i].part, shares[j].part, disjointDecades))
			}
			if set>>i&1 == 1 {
				cost += shares[i].rho
			}
		}
		if ok {
			best = max(best, cost)
		}
	}
	return best
}

// TestConcurrentStudiesShareWrites: many at once, none is lost and the limit holds.
func TestConcurrentStudiesShareWrites(t *testing.T) {
	b := newBench(t, Limits{Hmsp: Version, PerDataset: 0.5})
	done := make(chan bool)
	const studies = 200
	for i := range studies {
		go func() {
			s := fmt.Sprint("s", i)
			c := b.claim(s, "q"+s, 0.01)
			_, err := b.Reserve(c)
			ok := err == nil
			if ok {
				if err = b.Spend(s, 0); err == nil {
					err = b.Settle(s)
				}
			} else if e := (*Exhausted)(nil); errors.As(err, &e) {
				err = nil
			}
			if err != nil {
				t.Error(err)
			}
			done <- ok
		}()
	}
	granted := 0
	for range studies {
		if <-done {
			granted++
		}
	}
	if granted != 50 {
		t.Errorf("%d of %d studies were granted 0.01 of 0.5", granted, studies)
	}
	b.stands(0.5, 0)
}

func TestPriceOfTests(t *testing.T) {
	if rho, err := price([]dp.Event{gauss(0.05)}); err != nil || math.Abs(rho-0.05) > 1e-15 {
		t.Error(rho, err)
	}
}
