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
		func() error { return w.try(func() error { return w.ConfirmRound("a", 0, []string{"north", "east"}) }) },
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
	courses := 10_000
	if testing.Short() {
		courses = 500 // under the race detector
	}
	for course := range courses {
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
	least := courses / 200
	for _, what := range []string{"reserve", "reserve refused", "spend", "spend refused", "settle", "burn", "death", "generation 0", "generation 1", "generation 2"} {
		if seen[what] < max(least, 1) {
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
