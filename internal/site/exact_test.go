package site

import (
	"testing"

	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/table"
)

// Dominance is of patients: one who comes a hundred times must not make up a sum.
func TestDominanceIsOfPatients(t *testing.T) {
	const n = 120
	s := table.Schema{{Name: "cost", Kind: table.Number, Max: 1000}}
	c := table.Column{Numbers: make([]float64, n)}
	few, many := make([]int32, n), make([]int32, n)
	var rows []int
	for i := range n {
		c.Numbers[i] = float64(1 + i%3)
		few[i], many[i] = int32(max(0, i-100)), int32(i)
		rows = append(rows, i)
	}
	for what, x := range map[string]struct {
		patients []int32
		want     string
	}{"a hundred rows of one": {few, "cost"}, "one row each": {many, ""}, "no names": {nil, ""}} {
		t1, err := table.New(s, []table.Column{c}, x.patients)
		if err != nil {
			t.Fatal(err)
		}
		if got := dominated(t1, []string{"cost"}, rows, disclosure.DefaultRules()); got != x.want {
			t.Errorf("%s: %q dominates, want %q", what, got, x.want)
		}
	}
}
