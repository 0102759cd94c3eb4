package execute

import (
	"math"
	"slices"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/kaplanmeier"
	"hmsp.center/hmsp/table"
)

// A formula can leave out a patient all of whose values are known. That must show
// also where the vector is so long that the rows could not all be compared with it
// word by word: here 1000 rows by 3 million numbers.
func TestAFormulaLeavesOutACompleteRow(t *testing.T) {
	const n = 1000
	s := table.Schema{{Name: "time", Kind: table.Number, Min: 1, Max: 1000}, {Name: "dead", Kind: table.Flag}, {Name: "age", Kind: table.Integer, Max: 120}}
	c := []table.Column{{Numbers: make([]float64, n)}, {Numbers: make([]float64, n)}, {Numbers: make([]float64, n)}}
	for i := range n {
		c[0].Numbers[i], c[1].Numbers[i], c[2].Numbers[i] = float64(1+i%900), float64(i%2), float64(20+i%60)
	}
	c[2].Numbers[77] = 119
	c[0].Numbers[78] = math.NaN()
	people, err := table.New(s, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	for formula, without := range map[string][]int{
		"Surv(0 * age, time, dead) ~ 1":               {78},
		"Surv((age == 119) * 1000, time, dead) ~ 1":   {77, 78},
		"Surv(0 * age, time, dead & (age > 118)) ~ 1": {78},
	} {
		run, state, err := kaplanmeier.New().Start(analysis.Params{"formula": formula, "width": 0.001}, s)
		if err != nil {
			t.Fatal(err)
		}
		b, err := run.Bounds(state)
		if err != nil {
			t.Fatal(err)
		}
		g, err := b.Grid(1<<20, 6)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Used(t.Context(), people, run, state, b, g)
		if err != nil {
			t.Fatal(err)
		}
		var want []int
		for i := range n {
			if !slices.Contains(without, i) {
				want = append(want, i)
			}
		}
		if !got.Equal(table.SubsetOf(want...)) {
			t.Errorf("%s: %d rows are used, want %d; %d numbers", formula, got.Len(), len(want), len(g.Frac))
		}
	}
}
