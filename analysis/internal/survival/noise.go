package survival

import "math"

// Settle makes counts under noise usable, cell by cell of a group: numbers at
// risk that only fall and are never below 0 (without late entry; the least squares
// fit of that order to the suffix sums), and hazards between 0 and 1. The
// censorings are what is left between two numbers at risk, so that AtRisk gives
// these back; a few of them can be below 0.
//
// Each step is post-processing of the noisy counts, as in Gondara and Wang 2020.
func (c Counts) Settle() Counts {
	risk := c.AtRisk()
	if c.Enter == nil {
		risk = falling(risk)
	}
	out := Counts{Time: c.Time, Event: make([]float64, len(risk)), Censor: make([]float64, len(risk))}
	if c.Enter != nil {
		out.Enter = make([]float64, len(risk))
	}
	for k, n := range risk {
		n = math.Max(n, 0)
		risk[k] = n
		out.Event[k] = math.Min(math.Max(c.Event[k], 0), n)
	}
	for k, n := range risk {
		next := 0.0
		if k+1 < len(risk) {
			next = risk[k+1]
		}
		out.Censor[k] = n - next - out.Event[k]
		if out.Enter != nil && out.Censor[k] < 0 { // more people are at risk afterwards
			out.Enter[k], out.Censor[k] = -out.Censor[k], 0
		}
	}
	return out
}

// falling is the least squares fit of xs by numbers that never rise (pool
// adjacent violators; Ayer et al. 1955).
func falling(xs []float64) []float64 {
	type pool struct {
		sum float64
		n   int
	}
	pools := make([]pool, 0, len(xs))
	for _, x := range xs {
		pools = append(pools, pool{x, 1})
		for m := len(pools); m > 1 && pools[m-2].sum*float64(pools[m-1].n) < pools[m-1].sum*float64(pools[m-2].n); m-- {
			pools[m-2].sum += pools[m-1].sum
			pools[m-2].n += pools[m-1].n
			pools = pools[:m-1]
		}
	}
	out := make([]float64, 0, len(xs))
	for _, p := range pools {
		for range p.n {
			out = append(out, p.sum/float64(p.n))
		}
	}
	return out
}

// WithNoise returns the curve with standard errors and limits that include the
// noise of its counts. draws are settled counts that carry such noise once more (a
// parametric bootstrap): the spread of their curves adds to Greenwood's variance,
// and to that of RestrictedMean. Where the curve is 0 or 1 the limits are on the
// plain scale.
func (c Curve) WithNoise(counts []Counts, kind string, level float64) Curve {
	z := NormalQuantile(level)
	draws := make([][]float64, len(counts))
	for i, d := range counts {
		draws[i] = d.at(c.Time)
	}
	c.SE, c.Lo, c.Hi = make([]float64, len(c.Surv)), make([]float64, len(c.Surv)), make([]float64, len(c.Surv))
	c.noise = draws
	for k, s := range c.Surv {
		v := variance(draws, func(d []float64) float64 { return d[k] })
		if s == 0 {
			c.SE[k] = math.Sqrt(v)
			c.Lo[k], c.Hi[k] = 0, math.Min(1, z*c.SE[k])
			continue
		}
		se := math.Sqrt(c.greenwood[k] + v/(s*s))
		c.SE[k] = s * se
		c.Lo[k], c.Hi[k] = limits(s, se, z, kind)
		if math.IsNaN(c.Lo[k]) || s == 1 {
			c.Lo[k], c.Hi[k] = math.Max(0, s-z*c.SE[k]), math.Min(1, s+z*c.SE[k])
		}
	}
	return c
}

// at is the estimated survival at the given times, which are some of the grid's.
func (c Counts) at(times []float64) []float64 {
	out := make([]float64, 0, len(times))
	s, risk := 1.0, c.AtRisk()
	for k, t := range c.Time {
		if c.Event[k] > 0 {
			s *= math.Max(0, risk[k]-c.Event[k]) / risk[k]
		}
		if len(out) < len(times) && times[len(out)] == t {
			out = append(out, s)
		}
	}
	return out
}

// meanNoise is the variance that noise adds to the area under the curve up to
// tau, of whose rows end is the last.
func (c Curve) meanNoise(end int, tau float64) float64 {
	return variance(c.noise, func(d []float64) float64 {
		area := 0.0
		for k := 0; k <= end; k++ {
			next := tau
			if k < end {
				next = c.Time[k+1]
			}
			area += d[k] * (next - c.Time[k])
		}
		return area
	})
}

// variance of a figure over the draws; 0 without draws.
func variance(draws [][]float64, of func([]float64) float64) float64 {
	if len(draws) < 2 {
		return 0
	}
	sum, squares := 0.0, 0.0
	first := of(draws[0])
	for _, d := range draws {
		x := of(d) - first
		sum, squares = sum+x, squares+x*x
	}
	n := float64(len(draws))
	return math.Max(0, squares-sum*sum/n) / (n - 1)
}

// CompareNoisyGroups is CompareGroups for counts under noise: the covariance of
// observed less expected events over draws of the counts with such noise once
// more is added to the hypergeometric one, without which noise would pass for a
// difference.
func CompareNoisyGroups(counts [][]Counts, draws [][][]Counts, rho float64) RankTest {
	r, cov := addUp(counts, rho)
	groups := len(r.Expected)
	var moved [][]float64
	for _, d := range draws {
		x, _ := addUp(d, rho)
		u := make([]float64, groups)
		for g := range u {
			u[g] = x.Observed[g] - x.Expected[g]
		}
		moved = append(moved, u)
	}
	for g := range groups {
		for h := range groups {
			plus := variance(moved, func(u []float64) float64 { return u[g] + u[h] })
			minus := variance(moved, func(u []float64) float64 { return u[g] - u[h] })
			cov[g*groups+h] += (plus - minus) / 4
		}
	}
	r.decide(cov)
	return r
}
