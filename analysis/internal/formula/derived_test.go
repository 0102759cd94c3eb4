package formula

import (
	"maps"
	"math"
	"slices"
	"testing"

	"hmsp.center/hmsp/table"
)

func TestDerivedIsWhatTheFormulaMakes(t *testing.T) {
	s := table.Schema{{Name: "y", Kind: table.Number, Max: 10}, {Name: "x", Kind: table.Number, Min: 1, Max: 10}, {Name: "f", Kind: table.Flag}, category("a", "u", "v")}
	people, err := table.New(s, []table.Column{{Numbers: []float64{1, 2, 3}}, {Numbers: []float64{4, math.NaN(), 8}}, {Numbers: []float64{1, 0, 0}}, {Codes: []int32{1, 0, 0}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	for text, want := range map[string]map[string][]float64{
		"y ~ x + f + a":         nil,
		"y ~ I(x > 5) + I(f)":   {"I(f)": {1, nan, 0}},
		"y ~ x + I(x^2)":        {"I(x^2)": {16, nan, 64}},
		"y ~ x:a":               {"x:au": {0, nan, 8}, "x:av": {4, nan, 0}},
		"I(y * f) ~ 1":          {"I(y * f)": {1, 0, 0}},
		"I(y * 2) ~ 1":          {"I(y * 2)": {2, 4, 6}},
		"y ~ f + offset(x / 2)": {"x / 2": {2, nan, 4}},
	} {
		m, err := Read(text, s, Options{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := m.Derived(people)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
			t.Errorf("%s: %v, want %v", text, got, want)
			continue
		}
		for name, xs := range want {
			for i, x := range xs {
				if y := got[name][i]; math.Abs(y-x) > 1e-9 || (y != y) != (x != x) {
					t.Errorf("%s: %s is %v, want %v", text, name, got[name], xs)
				}
			}
		}
	}
}

func TestSelections(t *testing.T) {
	s := table.Schema{{Name: "y", Kind: table.Number, Max: 10}, {Name: "x", Kind: table.Number, Min: 1, Max: 10}, {Name: "f", Kind: table.Flag}, category("a", "u", "v")}
	people, err := table.New(s, []table.Column{{Numbers: []float64{1, 2, 3}}, {Numbers: []float64{4, math.NaN(), 8}}, {Numbers: []float64{1, 0, 0}}, {Codes: []int32{1, 0, 0}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][][]int{
		"y ~ x + f + a + I(x > 5)":              nil, // a factor is counted by its levels
		"y ~ I((x > 5))":                        nil,
		"Surv(y, x > 5) ~ f":                    nil, // an event
		"I(y * (x > 5)) ~ 1":                    {{1, 2}},
		"I(y * (a == \"v\")) ~ 1":               {{0}},
		"I(y - !(x > 5 | f)) ~ 1":               {{1}},
		"y ~ I(x * (y > 1) * (y < 3))":          {{1, 2}, {0, 1}},
		"y ~ I(exp((y > 1) / 9))":               {{1, 2}},
		"y ~ offset((x > 5) / 2)":               {{1, 2}},
		"Surv(y * (y != 2) + 1, f) ~ 1":         {{0, 2}},
		"I((x * (y > 2)) > 3) ~ 1":              {{2}},
		"y ~ I((x > 5) & (y > 1)) + I(f * 2)":   nil,
		"y ~ x:a + I(x^2) + f + log1p(y) + x:f": nil,
	} {
		m, err := Read(text, s, Options{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := m.Selections(people)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		var rows [][]int
		for _, g := range got {
			rows = append(rows, slices.Collect(g.All()))
		}
		if !slices.EqualFunc(rows, want, slices.Equal) {
			t.Errorf("%s: %v, want %v", text, rows, want)
		}
	}
}
