// Package survival holds the arithmetic that the survival analyses share:
// Kaplan-Meier curves, quantiles and restricted means from counts on a grid of
// times, rank tests, and the partial likelihood of Cox's model with its Newton
// search. It serves analysis/kaplanmeier and analysis/cox; it reads no table
// and knows no formula.
//
// Time runs on a public grid. A person who leaves at grid point k was at risk
// at every point up to and including k; one who enters at point k is at risk
// from the next point on. Events come before censorings of the same time, as
// everywhere in survival analysis.
package survival

import "math"

// A Clock turns times into points of a grid: point k stands for the times in
// ((k-1)*Width, k*Width], and point 0 for time 0. With whole-numbered times
// and width 1 the grid is exact.
type Clock struct {
	Width float64 `json:"width"`
	Max   float64 `json:"max"` // the largest time declared
}

// Points is the number of grid points, 0 and Max included.
func (c Clock) Points() int { return c.Exit(c.Max) + 1 }

// Exit is the point at which a person with stopping time t leaves. A quotient
// within 1e-9 of a whole number counts as that number, so that 1.1 on a grid
// of 0.1 is point 11.
func (c Clock) Exit(t float64) int {
	q := t / c.Width
	k := math.Round(q)
	if math.Abs(q-k) > 1e-9*math.Max(1, k) {
		k = math.Ceil(q)
	}
	return int(k)
}

// Entry is the last point before a person with starting time t is at risk; it
// is smaller than the Exit of any later time.
func (c Clock) Entry(t float64) int {
	q := t / c.Width
	k := math.Round(q)
	if math.Abs(q-k) > 1e-9*math.Max(1, k) {
		k = math.Floor(q)
	}
	return int(k)
}

// Time is the time that point k stands for: the end of its interval.
func (c Clock) Time(k int) float64 { return float64(k) * c.Width }
