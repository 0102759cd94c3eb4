package cells

import (
	"math"
	"slices"
	"testing"

	"hmsp.center/hmsp/table"
)

var schema = table.Schema{
	{Name: "stage", Kind: table.Category, Levels: []table.Level{{Code: "I"}, {Code: "II"}}},
	{Name: "smoker", Kind: table.Flag},
	{Name: "ecog", Kind: table.Integer, Min: -1, Max: 2},
	{Name: "bmi", Kind: table.Number, Min: 10, Max: 70},
}

func TestAxis(t *testing.T) {
	x, err := table.New(schema, []table.Column{
		{Codes: []int32{1, -1, 0}}, {Numbers: []float64{1, 0, math.NaN()}}, {Numbers: []float64{-1, 2, 0}}, {Numbers: []float64{20, 21, 22}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		labels []string
		of     []int
	}{
		"stage":  {[]string{"I", "II"}, []int{1, -1, 0}},
		"smoker": {[]string{"0", "1"}, []int{1, 0, -1}},
		"ecog":   {[]string{"-1", "0", "1", "2"}, []int{0, 3, 1}},
	} {
		a, err := New("by", name, schema, 4)
		if err != nil {
			t.Fatal(err)
		}
		got, err := a.Of(x)
		if err != nil || !slices.Equal(got, want.of) || !slices.Equal(a.Labels, want.labels) {
			t.Errorf("%s: %v %v (%v), want %v %v", name, a.Labels, got, err, want.labels, want.of)
		}
	}
}

func TestAxisRefuses(t *testing.T) {
	for name, most := range map[string]int{"bmi": 100, "ecog": 3, "nowhere": 9} {
		if _, err := New("by", name, schema, most); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	for name, c := range map[string]table.Column{
		"stage": {Codes: []int32{2}}, "smoker": {Numbers: []float64{0.5}}, "ecog": {Numbers: []float64{3}},
	} {
		a, err := New("by", name, schema, 9)
		if err != nil {
			t.Fatal(err)
		}
		x, err := table.New(table.Schema{a.Variable}, []table.Column{c}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Of(x); err == nil {
			t.Errorf("a value that %s does not list is accepted", name)
		}
	}
}
