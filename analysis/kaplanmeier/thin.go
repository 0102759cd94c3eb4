package kaplanmeier

import (
	"math"
	"slices"

	"hmsp.center/hmsp/analysis/internal/survival"
)

// A thinning chooses the times at which a group's curve is released: between two
// of them at least least people leave, of those who enter late none or as many
// enter, and after the last as many are left. The times are asked for or on a
// round grid, so that none of them is the day of somebody's event.
type thinning struct {
	raw   group
	least float64
	grid  []float64
}

// beginning is before everybody, also those who leave at time 0.
const beginning = -1

// roundGrid are round times from 0 to beyond the last, about a hundred, no finer
// than the counts.
func roundGrid(last, width float64) []float64 {
	step := math.Max(last/128, width)
	if step <= 0 {
		return nil
	}
	size := math.Pow(10, math.Floor(math.Log10(step)))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*size >= step {
			step = m * size
			break
		}
	}
	var out []float64
	for k := 1; float64(k-1)*step < last; k++ {
		out = append(out, float64(k)*step)
	}
	return out
}

// flow is the number of people who leave, and who enter, in (from, to].
func (t thinning) flow(from, to float64) (events, censored, entered float64) {
	c := t.raw.counts
	for k, u := range c.Time {
		if from < u && u <= to {
			events, censored = events+c.Event[k], censored+c.Censor[k]
		}
		if c.Enter != nil && from <= u && u < to {
			entered += c.Enter[k]
		}
	}
	return events, censored, entered
}

// apart says whether two times may both be shown.
func (t thinning) apart(from, to float64) bool {
	events, censored, entered := t.flow(from, to)
	return events+censored >= t.least && (entered == 0 || entered >= t.least)
}

// after is the number of people who leave after a time.
func (t thinning) after(time float64) float64 {
	events, censored, _ := t.flow(time, math.Inf(1))
	return events + censored
}

// times chooses the times: first the anchors, in their order, then from the left
// what fits between them.
func (t thinning) times(anchors []float64) []float64 {
	kept := []float64{beginning}
	add := func(time float64) {
		i, found := slices.BinarySearch(kept, time)
		if found || time <= 0 || t.after(time) < t.least || !t.apart(kept[i-1], time) || i < len(kept) && !t.apart(time, kept[i]) {
			return
		}
		kept = slices.Insert(kept, i, time)
	}
	for _, a := range anchors {
		add(a)
	}
	for _, g := range t.grid {
		add(g)
	}
	return kept[1:]
}

// upward is the first time of the grid that is not before the given one.
func (t thinning) upward(time float64) float64 {
	for _, g := range t.grid {
		if g >= time {
			return g
		}
	}
	return math.NaN()
}

// curve is the released curve: probabilities and limits are those of the exact
// curve at the times, n.risk is the number at risk after the time before, and
// small numbers of events or of censorings are hidden, both of them.
func (t thinning) curve(asked []float64) survival.Curve {
	anchors := slices.Clone(asked)
	q, lo, hi := t.raw.curve.Quantile(0.5)
	for _, x := range []float64{q, lo, hi} {
		if g := t.upward(x); !math.IsNaN(x) && !math.IsNaN(g) {
			anchors = append(anchors, g)
		}
	}
	var out survival.Curve
	from, raw := float64(beginning), t.raw.curve
	for _, time := range t.times(anchors) {
		events, censored, _ := t.flow(from, time)
		_, _, entering := t.flow(from, math.Inf(1))
		risk := t.after(from) - entering
		if small(events, t.least) || small(censored, t.least) {
			events, censored = math.NaN(), math.NaN()
		}
		k := raw.At(time)
		out.Time, out.Risk = append(out.Time, time), append(out.Risk, risk)
		out.Event, out.Censor = append(out.Event, events), append(out.Censor, censored)
		out.Surv, out.SE = append(out.Surv, raw.Surv[k]), append(out.SE, raw.SE[k])
		out.Lo, out.Hi = append(out.Lo, raw.Lo[k]), append(out.Hi, raw.Hi[k])
		from = time
	}
	return out
}

func small(n, least float64) bool { return n > 0 && n < least }
