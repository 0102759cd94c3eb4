// Package noisetest drives private runs in tests of their utility: contributions
// are clipped as the mechanism clips them, and Gaussian noise is added in floating
// point. What it makes is no private result; the mechanism's own tests hold the
// integers to account.
package noisetest

import (
	"math"
	"math/rand/v2"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/table"
)

// Multipliers of one Gaussian mechanism of sensitivity 1 at delta 1e-6, by epsilon
// (methods B4).
const (
	Epsilon1  = 4.224678889
	Epsilon3  = 1.543861418
	Epsilon10 = 0.541086832
)

// A Driver is what a private study would do, with its noise from a fixed seed.
// Noise is the standard deviation for a block that has all of the budget, in units
// of its norm; 0 is none.
type Driver struct {
	Noise   float64
	Rand    *rand.Rand
	Clipped int // contributions that were scaled down, over all rounds
	Rounds  int
}

// Drive runs the private form of a on data. It fails the test on a declaration that
// spends too much and on a run that does not end.
func (d *Driver) Drive(t testing.TB, a analysis.Analysis, p analysis.Params, data table.Table) (*analysis.Result, error) {
	t.Helper()
	run, state, err := a.(analysis.PrivateAnalysis).StartPrivate(p, data.Schema)
	if err != nil {
		t.Fatal(err)
	}
	share := 0.0
	for _, q := range run.Queries() {
		sum, sd := d.open(t, run, q, state, data)
		for _, b := range q.Blocks {
			share += b.Share
		}
		d.Rounds++
		next, res, err := run.Next(sum, sd, state)
		if res != nil || err != nil {
			if share > 1+1e-9 || err == nil && d.Rounds%len(run.Queries()) != 0 {
				t.Fatalf("ends after %d of %d rounds with a share of %v", d.Rounds, len(run.Queries()), share)
			}
			return res, err
		}
		state = next
	}
	t.Fatalf("no result after %d rounds", len(run.Queries()))
	return nil, nil
}

// open sums one round.
func (d *Driver) open(t testing.TB, run analysis.PrivateRun, q analysis.Query, state analysis.State, data table.Table) (sum, sd []float64) {
	t.Helper()
	for _, b := range q.Blocks {
		for range b.Len {
			sd = append(sd, d.Noise*b.L2/math.Sqrt(b.Share))
		}
	}
	sum = make([]float64, len(sd))
	person, err := run.Person(data, state)
	if err != nil {
		t.Fatal(err)
	}
	one := make([]float64, len(sd))
	for row := range data.Rows() {
		clear(one)
		person(row, func(i int, x float64) {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Fatalf("round %d: a row adds %v", d.Rounds, x)
			}
			one[i] += x
		})
		at := 0
		for _, b := range q.Blocks {
			if f := within(one[at:at+b.Len], b); f < 1-1e-9 {
				d.Clipped++
				for i := at; i < at+b.Len; i++ {
					one[i] *= f
				}
			}
			at += b.Len
		}
		for i, x := range one {
			sum[i] += x
		}
	}
	for i := range sum {
		if d.Noise > 0 {
			sum[i] += sd[i] * d.Rand.NormFloat64()
		}
	}
	return sum, sd
}

// within is the factor that brings x to the block's norms.
func within(x []float64, b analysis.Block) float64 {
	l1, l2 := 0.0, 0.0
	for _, y := range x {
		l1, l2 = l1+math.Abs(y), l2+y*y
	}
	return math.Min(1, math.Min(b.L1/l1, b.L2/math.Sqrt(l2)))
}

// Column of a table of the result.
func Column(t testing.TB, r *analysis.Result, tbl, name string) analysis.Column {
	t.Helper()
	x, err := r.Table(tbl)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x.Column(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
