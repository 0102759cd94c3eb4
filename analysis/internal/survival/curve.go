package survival

import (
	"fmt"
	"math"
)

// Counts are one group's people on a grid of times. Enter is nil when everyone
// is at risk from the beginning.
type Counts struct {
	Time   []float64 // increasing
	Event  []float64 // events at each time
	Censor []float64 // people who leave without the event
	Enter  []float64 // people at risk only after that time
}

// AtRisk is the number at risk at each time: those who leave then or later,
// less those who enter then or later.
func (c Counts) AtRisk() []float64 {
	out := make([]float64, len(c.Time))
	var n float64
	for k := len(c.Time) - 1; k >= 0; k-- {
		n += c.Event[k] + c.Censor[k]
		if c.Enter != nil {
			n -= c.Enter[k]
		}
		out[k] = n
	}
	return out
}

// Records is the number of people (rows) counted.
func (c Counts) Records() float64 { return total(c.Event) + total(c.Censor) }

// Events is the number of events counted.
func (c Counts) Events() float64 { return total(c.Event) }

// Last is the largest time at which anyone left, 0 if nobody did.
func (c Counts) Last() float64 {
	for k := len(c.Time) - 1; k >= 0; k-- {
		if c.Event[k]+c.Censor[k] > 0 {
			return c.Time[k]
		}
	}
	return 0
}

// Plus is the sum of two groups on the same grid.
func (c Counts) Plus(d Counts) Counts {
	return Counts{Time: c.Time, Event: plus(c.Event, d.Event), Censor: plus(c.Censor, d.Censor), Enter: plus(c.Enter, d.Enter)}
}

// A Curve is a Kaplan-Meier estimate at the times at which somebody left.
type Curve struct {
	Time, Risk, Event, Censor []float64
	Surv                      []float64 // P(T > t)
	SE                        []float64 // Greenwood's standard error of Surv; NaN where Surv is 0
	Lo, Hi                    []float64 // pointwise confidence limits of Surv; NaN where Surv is 0

	greenwood []float64   // sum of d/(n(n-d)): the variance of log Surv
	noise     [][]float64 // draws of how far noise moves Surv; none for exact counts
}

// KaplanMeier estimates the curve (Kaplan and Meier, JASA 1958; variance of
// Greenwood 1926). Times without event and censoring are left out. Kind is the
// scale of the limits, as R's survfit names it: "log", "log-log" or "plain".
func KaplanMeier(c Counts, kind string, level float64) Curve {
	var out Curve
	risk, z := c.AtRisk(), NormalQuantile(level)
	s, g := 1.0, 0.0
	for k, n := range risk {
		d := c.Event[k]
		if d == 0 && c.Censor[k] == 0 {
			continue
		}
		if d > 0 {
			left := math.Max(0, n-d) // counts under noise may be above by the rounding of n
			s *= left / n
			g += d / (n * left) // +Inf when the last person at risk has the event
		}
		lo, hi := limits(s, math.Sqrt(g), z, kind)
		out.Time = append(out.Time, c.Time[k])
		out.Risk = append(out.Risk, n)
		out.Event = append(out.Event, d)
		out.Censor = append(out.Censor, c.Censor[k])
		out.Surv = append(out.Surv, s)
		out.SE = append(out.SE, s*math.Sqrt(g))
		out.Lo, out.Hi = append(out.Lo, lo), append(out.Hi, hi)
		out.greenwood = append(out.greenwood, g)
	}
	return out
}

// limits are the confidence limits of a survival probability s whose logarithm
// has standard error se, on the scale asked for.
func limits(s, se, z float64, kind string) (lo, hi float64) {
	if s == 0 {
		return math.NaN(), math.NaN()
	}
	switch kind {
	case "plain":
		return math.Max(0, s-z*s*se), math.Min(1, s+z*s*se)
	case "log":
		return s * math.Exp(-z*se), math.Min(1, s*math.Exp(z*se))
	case "log-log": // Kalbfleisch and Prentice: symmetric for log(-log s)
		if s == 1 {
			return 1, 1
		}
		half := z * se / math.Log(s) // negative
		return math.Pow(s, math.Exp(-half)), math.Pow(s, math.Exp(half))
	}
	panic(fmt.Sprintf("confidence limits on unknown scale %q", kind))
}

// At is the row of the curve in force at time t: the last with Time <= t, or
// -1 before the first.
func (c Curve) At(t float64) int {
	k := -1
	for k+1 < len(c.Time) && c.Time[k+1] <= t {
		k++
	}
	return k
}

// RiskAt is the number at risk just before time t, from the counts.
func (c Counts) RiskAt(t float64) float64 {
	risk := c.AtRisk()
	for k, u := range c.Time {
		if u >= t {
			return risk[k]
		}
	}
	return 0
}

func total(xs []float64) float64 {
	var s float64
	for _, x := range xs {
		s += x
	}
	return s
}

func plus(a, b []float64) []float64 {
	if a == nil {
		return b
	}
	out := make([]float64, len(a))
	copy(out, a)
	for i := range b {
		out[i] += b[i]
	}
	return out
}
