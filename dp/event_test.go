package dp

import (
	"encoding/json"
	"math"
	"testing"
)

func TestValid(t *testing.T) {
	good := []Event{
		{Kind: Gaussian, Noise: 1}, {Kind: Laplace, Noise: 1e-9, Count: 1 << 40}, {Kind: DiscreteLaplace, Noise: 2}, {Kind: DiscreteGaussian, Noise: 2},
		{Kind: SampledGaussian, Noise: 1, Rate: 1}, {Kind: SampledLaplace, Noise: 1, Rate: 1e-9}, {Kind: Tree, Noise: 1, Steps: 1},
	}
	for _, e := range good {
		if err := e.Valid(); err != nil {
			t.Errorf("%+v: %v", e, err)
		}
	}
	bad := map[string]Event{
		"no kind":            {Noise: 1},
		"unknown kind":       {Kind: "skellam", Noise: 1},
		"no noise":           {Kind: Gaussian},
		"noise below 0":      {Kind: Laplace, Noise: -1},
		"noise not a number": {Kind: Laplace, Noise: math.NaN()},
		"infinite noise":     {Kind: Laplace, Noise: math.Inf(1)},
		"count below 0":      {Kind: Gaussian, Noise: 1, Count: -1},
		"rate of a whole":    {Kind: Laplace, Noise: 1, Rate: 0.5},
		"no rate":            {Kind: SampledLaplace, Noise: 1},
		"rate below 0":       {Kind: SampledGaussian, Noise: 1, Rate: -0.1},
		"rate above 1":       {Kind: SampledGaussian, Noise: 1, Rate: 1.1},
		"rate not a number":  {Kind: SampledGaussian, Noise: 1, Rate: math.NaN()},
		"steps of no tree":   {Kind: Gaussian, Noise: 1, Steps: 2},
		"no steps":           {Kind: Tree, Noise: 1},
		"steps below 0":      {Kind: Tree, Noise: 1, Steps: -1},
	}
	for name, e := range bad {
		if e.Valid() == nil {
			t.Errorf("%s: %+v is taken", name, e)
		}
	}
}

func TestTimes(t *testing.T) {
	for count, want := range map[int]int{0: 1, 1: 1, 7: 7} {
		if got := (Event{Count: count}).Times(); got != want {
			t.Errorf("count %d is %d times", count, got)
		}
	}
}

// Events are part of receipts: their bytes are a format.
func TestJSON(t *testing.T) {
	for want, e := range map[string]Event{
		`{"kind":"gaussian","noise":2.5}`:                                  {Kind: Gaussian, Noise: 2.5},
		`{"kind":"sampled-gaussian","noise":1.1,"rate":0.01,"count":1000}`: {Kind: SampledGaussian, Noise: 1.1, Rate: 0.01, Count: 1000},
		`{"kind":"tree","noise":10,"steps":1024}`:                          {Kind: Tree, Noise: 10, Steps: 1024},
		`{"kind":"discrete-laplace","noise":3}`:                            {Kind: DiscreteLaplace, Noise: 3},
	} {
		got, err := json.Marshal(e)
		if err != nil || string(got) != want {
			t.Errorf("%+v is %s, %v; want %s", e, got, err, want)
		}
		var back Event
		if err := json.Unmarshal(got, &back); err != nil || back != e {
			t.Errorf("%s read as %+v, %v", got, back, err)
		}
	}
}
