package genome

import (
	"testing"

	"hmsp.center/hmsp/simulate/chance"
)

// A sweep draws what Genotypes draws, whoever else is there.
func TestSweepIsGenotypes(t *testing.T) {
	p := New(7, 900)
	var people []Carrier
	for i := range 37 {
		people = append(people, Carrier{chance.NewKey(7, "x").Item(uint64(i)), i%2 == 0, [Populations]float64{0.5, 0.2, 0.3}})
	}
	all := make([][]int8, len(people))
	for i, c := range people {
		all[i] = p.Genotypes(c.Key, c.Male, c.Ancestry).Calls
	}
	for _, most := range []int{1, 37 * 50, sweepCalls} {
		s := p.Sweep(people)
		s.most = most
		sweeps(t, s, all)
	}
}

func sweeps(t *testing.T, s *Sweep, all [][]int8) {
	seen := 0
	for {
		first, calls, ok := s.Next()
		if !ok {
			break
		}
		if first != seen {
			t.Fatalf("variants from %d, want %d", first, seen)
		}
		for j := range calls {
			for i := range all {
				if calls[j][i] != all[i][first+j] {
					t.Fatalf("person %d, variant %d: %d, want %d", i, first+j, calls[j][i], all[i][first+j])
				}
			}
		}
		seen += len(calls)
	}
	if seen != len(all[0]) {
		t.Errorf("%d variants, want %d", seen, len(all[0]))
	}
}
