package describe

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/table"
)

func TestRanksSortLikeValuesAndComeBack(t *testing.T) {
	v := newNumber(table.Variable{Name: "x", Kind: table.Number, Min: -math.MaxFloat64, Max: math.MaxFloat64}, 7)
	xs := []float64{-math.MaxFloat64, -1e300, -2, -1, -math.SmallestNonzeroFloat64, 0, math.SmallestNonzeroFloat64, 0x1p-1022, 0.1, 1, math.Nextafter(1, 2), 1e300, math.MaxFloat64}
	for i, x := range xs {
		if v.value(v.rank(x)) != x {
			t.Errorf("%g does not come back", x)
		}
		if i > 0 && v.rank(xs[i-1]) >= v.rank(x) {
			t.Errorf("%g does not rank below %g", xs[i-1], x)
		}
	}
	if v.rank(math.Copysign(0, -1)) != v.rank(0) {
		t.Error("the two zeros differ")
	}
}

// Methods C2: whatever the values, the quantiles are those of the sorted values,
// to the last bit, within 17 rounds, and every round asks no more than the one
// before.
func TestQuantilesOfAnyNumbersAreExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		lo := rapid.Float64Range(-1e6, 1e6).Draw(rt, "lo")
		hi := lo + rapid.Float64Range(1e-9, 1e9).Draw(rt, "width")
		v := table.Variable{Name: "x", Kind: table.Number, Min: lo, Max: hi}
		one := rapid.OneOf(rapid.Float64Range(lo, hi), rapid.SampledFrom([]float64{lo, hi, lo + (hi-lo)/3, min(max(0, lo), hi)}))
		if rapid.Bool().Draw(rt, "whole") {
			v = table.Variable{Name: "x", Kind: table.Integer, Min: math.Floor(lo), Max: math.Ceil(hi) + 1}
			one = rapid.Map(one, math.Round)
		}
		xs := rapid.SliceOfN(one, 1, 60).Draw(rt, "xs")
		probs := rapid.SliceOfN(rapid.Float64Range(0.01, 0.99), 1, 4).Draw(rt, "probs")
		s := table.Schema{v}
		x, err := table.New(s, []table.Column{{Numbers: xs}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, rounds := analysistest.Rounds(t, New(), analysis.Params{"variables": "x", "quantiles": probs}, s, analysistest.Deal(x, 3)...)
		if len(rounds) > 18 {
			rt.Fatalf("%d rounds", len(rounds))
		}
		for i := 3; i < len(rounds); i++ {
			if len(rounds[i].Grid.Frac) > 2*len(probs)*(ways-1) {
				rt.Fatalf("round %d opens %d numbers for %d quantiles", i, len(rounds[i].Grid.Frac), len(probs))
			}
		}
		slices.Sort(xs)
		q, err := res.Table("quantiles")
		if err != nil {
			rt.Fatal(err)
		}
		listed := newNumber(v, 20).listed
		for i, p := range probs {
			at := type7(float64(len(xs)), p)
			want := math.NaN()
			if at.open(float64(len(xs))) || listed {
				a, b := xs[int(at.lo)-1], xs[int(at.hi)-1]
				if want = a; at.h > 0 && a != b {
					want = float64((1-at.h)*a) + float64(at.h*b)
				}
			}
			if got := q.Columns[2].Numbers[i]; got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
				rt.Fatalf("quantile %v of %v is %v, want %v", p, xs, got, want)
			}
		}
	})
}

// The first and the last order statistic are one person's: no interval of the
// search closes in on them unless another person shares the value.
func TestExtremesAreNotLookedFor(t *testing.T) {
	people := analysistest.People(300, 5)
	_, rounds := analysistest.Rounds(t, New(), analysis.Params{"variables": []any{"crp", "bmi", "wt.loss", "time"}, "quantiles": []any{0.001, 0.01, 0.5, 0.99, 0.999}}, people.Schema, people)
	last, err := analysis.Decode[state](rounds[len(rounds)-1].State)
	if err != nil {
		t.Fatal(err)
	}
	if len(last.Search) == 0 {
		t.Fatal("nothing was searched")
	}
	names := []string{"crp", "bmi", "wt.loss", "time"}
	for _, b := range last.Search {
		v, _ := people.Schema.Lookup(names[b.Cell])
		xs := slices.DeleteFunc(slices.Clone(people.Numbers(v.Name)), math.IsNaN)
		slices.Sort(xs)
		n := newNumber(v, 20)
		for _, k := range []int{0, len(xs) - 1} {
			alone := k == 0 && xs[1] != xs[0] || k > 0 && xs[k-1] != xs[k]
			if u := n.rank(xs[k]); alone && b.resolved() && b.Lo == u {
				t.Errorf("%s: an extreme value was found", v.Name)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	s := analysistest.Schema()
	for name, c := range map[string]struct {
		param string
		p     analysis.Params
	}{
		"nothing to describe":      {"variables", analysis.Params{"variables": []any{}}},
		"a variable that is not":   {"variables", analysis.Params{"variables": "agee"}},
		"a variable twice":         {"variables", analysis.Params{"variables": []any{"age", "age"}}},
		"the minimum":              {"quantiles", analysis.Params{"variables": "age", "quantiles": []any{0}}},
		"the maximum":              {"quantiles", analysis.Params{"variables": "age", "quantiles": []any{0.5, 1}}},
		"groups of a measurement":  {"by", analysis.Params{"variables": "age", "by": "bmi"}},
		"groups of too many":       {"by", analysis.Params{"variables": "bmi", "by": "time"}},
		"groups of what is shown":  {"by", analysis.Params{"variables": "sex", "by": "sex"}},
		"no bars":                  {"bins", analysis.Params{"variables": "age", "bins": 0}},
		"a parameter that is none": {"group", analysis.Params{"variables": "age", "group": "sex"}},
	} {
		_, _, err := New().Start(c.p, s)
		var r *analysis.Refusal
		if !errors.As(err, &r) || r.Param != c.param {
			t.Errorf("%s: got %v, want a refusal of %s", name, err, c.param)
		}
	}
}
