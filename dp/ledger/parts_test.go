package ledger

import (
	"fmt"
	"math"
	"testing"
)

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
