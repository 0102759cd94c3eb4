package glm

import (
	"math"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/stat"
)

func (r run) Next(sum []float64, s analysis.State) (analysis.State, *analysis.Result, error) {
	st, err := analysis.Decode[state](s)
	if err != nil {
		return nil, nil, err
	}
	if st.Design == nil {
		d, err := r.model.Settle(sum)
		if err != nil {
			return nil, nil, analysis.Refuse("formula", "%v", err)
		}
		if err := d.Gate(); err != nil {
			return nil, nil, err
		}
		next, err := analysis.Encode(state{Design: d})
		return next, nil, err
	}
	l := layoutOf(len(st.Design.Columns), st.Beta == nil)
	if st.Beta == nil {
		st.Saturated = sum[l.saturated]
	}
	if st.End == "" {
		r.step(&st, sum, l)
	}
	if !st.NullEnd {
		r.nullStep(&st, sum[l.null:l.null+nullLen])
	}
	if st.End != "" && st.NullEnd {
		return nil, r.result(st), nil
	}
	next, err := analysis.Encode(st)
	return next, nil, err
}

// atRest is the relative change of the deviance at which R stops by default:
// coefficients that still run then will run for ever.
const atRest = 1e-8

// step is one turn of glm.fit: judge the deviance at the present coefficients,
// then take the Newton step (or half of the last one again).
func (r run) step(st *state, sum []float64, l layout) {
	p := len(st.Design.Columns)
	dev := sum[l.deviance]
	change := math.Abs(dev-st.Deviance) / (math.Abs(dev) + 0.1)
	switch {
	case st.Step == 0:
	case change < r.tolerance:
		st.end(converged, dev)
		return
	case change < atRest && st.running():
		st.end(separation, dev)
		return
	case st.Step >= r.most && change < 1e-4 && st.running():
		st.end(separation, dev)
		return
	case st.Step >= r.most:
		st.end(exhausted, dev)
		return
	case st.Step >= 2 && dev > st.Deviance+1e-8*(math.Abs(dev)+0.1):
		st.halve(dev)
		return
	}
	fit := stat.Solve(stat.Symmetric(sum[:l.score], p), sum[l.score:l.deviance])
	if st.Step == 0 {
		st.Aliased, st.Beta = fit.Aliased, make([]float64, p)
	} else if lost(st.Aliased, fit.Aliased) { // weights so small that nothing is left to solve
		st.end(separation, dev)
		return
	}
	st.Previous, st.Pivots = st.Beta, fit.Pivots
	st.Beta = make([]float64, p)
	st.Inverse = st.Inverse[:0]
	move := 0.0
	for i := range p {
		if !st.Aliased[i] {
			st.Beta[i] = st.Previous[i] + fit.Beta[i]
			move = math.Max(move, math.Abs(fit.Beta[i]))
		}
		for j := i; j < p; j++ {
			v := fit.Inverse.At(i, j)
			if v != v {
				v = 0
			}
			st.Inverse = append(st.Inverse, v)
		}
	}
	st.Moves = append(st.Moves, move)
	st.Deviance, st.Halvings = dev, 0
	st.Step++
}

func lost(before, now []bool) bool {
	for i := range now {
		if now[i] && !before[i] {
			return true
		}
	}
	return false
}

func (st *state) end(why string, dev float64) { st.End, st.Final = why, dev }

// running says that coefficients keep moving by steps that do not shrink while
// the deviance has come to rest: the sign of separation (Albert and Anderson,
// Biometrika 1984;71:1-10). Towards a maximum Newton's steps shrink
// quadratically; along a direction of recession they tend to a constant.
func (st *state) running() bool {
	n := len(st.Moves)
	if n < 4 {
		return false
	}
	size := 1.0
	for _, b := range st.Beta {
		size = math.Max(size, math.Abs(b))
	}
	for k := n - 3; k < n; k++ {
		if st.Moves[k] < 0.5*st.Moves[k-1] || st.Moves[k] < 1e-4*size {
			return false
		}
	}
	return true
}

// halve goes half the way back (Marschner, R Journal 2011;3(2):12-15).
func (st *state) halve(dev float64) {
	if st.Halvings++; st.Halvings > 10 {
		st.end(stuck, dev)
		return
	}
	for j := range st.Beta {
		st.Beta[j] = (st.Beta[j] + st.Previous[j]) / 2
	}
	st.Step++
}

// nullStep fits the model with an intercept only (or, without an intercept, with
// the offset only, where there is nothing to fit).
func (r run) nullStep(st *state, sum []float64) {
	dev := sum[nullDeviance]
	if !st.Design.Intercept || st.NullStep > 0 && math.Abs(dev-st.NullDeviance)/(math.Abs(dev)+0.1) < r.tolerance || st.NullStep >= r.most {
		st.NullDeviance, st.NullEnd = dev, true
		return
	}
	st.NullDeviance = dev
	st.Alpha = r.family.NullStep(st.Alpha, float64(st.Design.Rows), sum[nullY], sum[nullMean], sum[nullWeight], len(st.Design.Offsets) == 0)
	st.NullStep++
}
