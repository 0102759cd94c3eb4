package fixed

import "testing"

// The limit of a site covers what rounding to coarse steps adds: a thousand people
// at the largest value, 10.64 steps that become 11, are within it.
func TestCoarseLimitCoversRounding(t *testing.T) {
	for max, steps := range map[float64]uint64{1.33: 11, 1.3: 10, 0.06: 0, 1: 8} {
		g, err := NewCoarseGrid([]Range{{Max: max}}, []int{3}, []float64{5}, 1000, 4)
		if err != nil {
			t.Fatal(err)
		}
		v := NewVector(g)
		for range 1000 {
			v.Add(0, max)
		}
		v.Words[0] += 5 // the margin
		if v.Err() != nil || v.Words[0] != 1000*steps+5 {
			t.Errorf("max %v: %d steps, %v", max, v.Words[0], v.Err())
		}
		v.Words[0]++
		if v.Err() == nil {
			t.Errorf("max %v: a step beyond the limit is taken", max)
		}
	}
}
