package logistic_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/analysis/logistic"
	"hmsp.center/hmsp/table"
)

// simulated is n people with k standard normal covariates, truncated at 6, and
// an outcome of known odds.
func simulated(tb testing.TB, n, k int) (table.Table, string) {
	r := rand.New(rand.NewPCG(7, 11))
	s := table.Schema{flag("y")}
	columns := make([]table.Column, k+1)
	for j := range columns {
		columns[j].Numbers = make([]float64, n)
	}
	formula := "y ~ x1"
	for j := range k {
		s = append(s, number(fmt.Sprintf("x%d", j+1), -6, 6))
		if j > 0 {
			formula += fmt.Sprintf(" + x%d", j+1)
		}
	}
	for i := range n {
		eta := -1.0
		for j := range k {
			x := min(max(r.NormFloat64(), -6), 6)
			columns[j+1].Numbers[i] = x
			eta += x * math.Sin(float64(j)) / 3
		}
		if r.Float64() < 1/(1+math.Exp(-eta)) {
			columns[0].Numbers[i] = 1
		}
	}
	x, err := table.New(s, columns, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return x, formula
}

// All rounds of a logistic regression on 100,000 x 20 over 6 sites, one core.
func BenchmarkLogistic100kx20(b *testing.B) {
	x, formula := simulated(b, 100_000, 20)
	sites := analysistest.Deal(x, 6)
	b.ReportAllocs()
	for b.Loop() {
		analysistest.Drive(b, logistic.New(), analysis.Params{"formula": formula}, x.Schema, sites...)
	}
}
