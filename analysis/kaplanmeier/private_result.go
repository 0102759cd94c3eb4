package kaplanmeier

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/survival"
)

// draws is how often the noise is drawn again to see what it does to the curves:
// enough for a standard deviation to within 14%, 95 times in 100.
const draws = 100

// noisyResult makes the tables of the exact form out of counts under noise. All
// of it is post-processing.
func (v private) noisyResult(sum, sd []float64) (*analysis.Result, error) {
	kept, gone := v.visible(sum, sd)
	if len(kept) == 0 {
		return nil, fmt.Errorf("the noise hides the number of patients of every group of %s: ask for more patients or a larger epsilon", v.design.Formula)
	}
	again := v.redraw(sum, sd, kept)
	groups := make([]group, len(kept))
	for i, g := range kept {
		raw := v.over(sum, g)
		settled := raw.Settle()
		moved := make([]survival.Counts, draws)
		for b := range moved {
			moved[b] = v.over(again[b], g).Settle()
		}
		kind, level := v.params.String("conf.type"), v.params.Number("conf.level")
		curve := survival.KaplanMeier(settled, kind, level).WithNoise(moved, kind, level)
		for k, c := range curve.Censor {
			curve.Censor[k] = math.Max(0, c)
		}
		groups[i] = group{name: v.nameOf(g), counts: settled, curve: curve}
	}
	tau, tauNote := v.noisyTau(sum, sd, kept)
	var test survival.RankTest
	if len(kept) > 1 {
		moved := make([][][]survival.Counts, draws)
		for b := range moved {
			moved[b] = v.strataOf(again[b], kept)
		}
		test = survival.CompareNoisyGroups(v.strataOf(sum, kept), moved, v.params.Number("rho"))
	}
	res := v.report(groups, tau, test, len(v.strata))
	v.countEvents(res, sum, kept)
	res.Notes = append(v.noisyNotes(sd, gone), tauNote...)
	return res, nil
}

// counts of one group in one stratum, as opened.
func (v private) opened(sum []float64, g, s int) survival.Counts {
	cell, n := g*len(v.strata)+s, v.bins()
	out := survival.Counts{Time: make([]float64, n)}
	for k := range out.Time {
		out.Time[k] = v.clock.Time(k + 1)
	}
	out.Event = sum[v.leaving(cell, 0) : v.leaving(cell, 0)+n]
	out.Censor = sum[v.leaving(cell, 1) : v.leaving(cell, 1)+n]
	if v.late {
		out.Enter = sum[v.entering(cell) : v.entering(cell)+n]
	}
	return out
}

// over is a group over all strata.
func (v private) over(sum []float64, g int) (out survival.Counts) {
	for s := range v.strata {
		out = join(out, v.opened(sum, g, s))
	}
	return out
}

// strataOf has settled counts for each stratum and group kept.
func (v private) strataOf(sum []float64, kept []int) [][]survival.Counts {
	out := make([][]survival.Counts, len(v.strata))
	for s := range out {
		for _, g := range kept {
			out[s] = append(out[s], v.opened(sum, g, s).Settle())
		}
	}
	return out
}

// visible lists the groups whose number of patients stands out from its noise.
func (v private) visible(sum, sd []float64) (kept []int, gone []string) {
	for g := range v.groups {
		if n, noise := v.atRisk(sum, sd, g); n[0] > 3*noise[0] {
			kept = append(kept, g)
		} else {
			gone = append(gone, v.nameOf(g))
		}
	}
	return kept, gone
}

// atRisk is a group's noisy number at risk at each time and the standard
// deviation of its noise: that of all later counts together.
func (v private) atRisk(sum, sd []float64, g int) (n, noise []float64) {
	n = v.over(sum, g).AtRisk()
	noise = make([]float64, len(n))
	total := 0.0
	for k := len(n) - 1; k >= 0; k-- {
		for s := range v.strata {
			d := v.opened(sd, g, s)
			total += d.Event[k]*d.Event[k] + d.Censor[k]*d.Censor[k]
			if v.late {
				total += d.Enter[k] * d.Enter[k]
			}
		}
		noise[k] = math.Sqrt(total)
	}
	return n, noise
}

// redraw adds noise once more to what the settled counts are: a parametric
// bootstrap, from a fixed seed so that every site computes the same result. Noise
// of that variance is enough; sums of many are near normal.
func (v private) redraw(sum, sd []float64, kept []int) [][]float64 {
	centre := make([]float64, len(sum))
	for _, g := range kept {
		for s := range v.strata {
			to, c := v.opened(centre, g, s), v.opened(sum, g, s).Settle()
			copy(to.Event, c.Event)
			copy(to.Censor, c.Censor)
			copy(to.Enter, c.Enter)
		}
	}
	r := rand.New(rand.NewPCG(0x6b61706c616e, 0x6d65696572))
	out := make([][]float64, draws)
	for b := range out {
		out[b] = make([]float64, len(sum))
		for i := range out[b] {
			out[b][i] = centre[i] + sd[i]*r.NormFloat64()
		}
	}
	return out
}

// noisyTau is tau of the exact form, but that a group counts as observed only
// while its number at risk stands out from the noise.
func (v private) noisyTau(sum, sd []float64, kept []int) (float64, []string) {
	tau := math.Inf(1)
	for _, g := range kept {
		n, noise := v.atRisk(sum, sd, g)
		last := v.clock.Time(1)
		for k := range n {
			if n[k] > 2*noise[k] {
				last = v.clock.Time(k + 1)
			}
		}
		tau = math.Min(tau, last)
	}
	asked := v.params.Number("tau")
	if asked == 0 {
		return tau, nil
	}
	if asked > tau {
		return asked, []string{fmt.Sprintf("tau is %v, but after %v the number at risk of a group is lost in the noise: its restricted mean rests on what is left of the curve there", asked, tau)}
	}
	return asked, nil
}

// countEvents puts the plain sums of the noisy counts into the glance: settling
// raises counts near 0, which sums would add up.
func (v private) countEvents(res *analysis.Result, sum []float64, kept []int) {
	for _, t := range res.Tables {
		if t.Name != "glance" {
			continue
		}
		for i, g := range kept {
			c := v.over(sum, g)
			n := math.Max(0, c.Records())
			for _, col := range t.Columns {
				switch col.Name {
				case "records":
					col.Numbers[i] = n
				case "events":
					col.Numbers[i] = math.Min(n, math.Max(0, c.Events()))
				}
			}
		}
	}
}

func (v private) noisyNotes(sd []float64, gone []string) []string {
	out := []string{
		fmt.Sprintf("every count carries noise with a standard deviation of %.2g people; numbers of people, at risk and in all, are therefore no whole numbers or off by as much. Standard errors, limits and the test include the noise", sd[0]),
		fmt.Sprintf("times are the ends of intervals of %v: curves and medians can be late by up to that", v.clock.Width),
	}
	if len(v.strata) > 1 {
		out = append(out, "strata stratify the test; the curves are those of the groups over all strata")
	}
	if len(gone) > 0 {
		out = append(out, fmt.Sprintf("left out, because the noise hides how many patients there are: %s", strings.Join(gone, "; ")))
	}
	return out
}

// nameOf is a group's name in the tables.
func (v private) nameOf(g int) string {
	if v.groups[g] == "" {
		return "all"
	}
	return v.groups[g]
}

// Expect implements analysis.PrivateRun. It takes groups of equal size, a constant
// rate of events that leaves a tenth without one at the end of the declared range,
// censoring spread evenly over that range, and looks at the first two thirds of
// the curve.
func (v private) Expect(sd [][]float64, people int) []analysis.Expectation {
	n, bins := float64(people)/float64(len(v.groups)), v.bins()
	end := v.clock.Time(bins)
	rate := math.Log(10) / end
	at := func(k int) (surv, risk float64) {
		t := v.clock.Time(k)
		surv = math.Exp(-rate * t)
		return surv, n * surv * (1 - t/end)
	}
	var worst, median, greenwood, sum float64
	for k := 0; 3*(k+1) <= 2*bins || k == 0; k++ {
		s2 := math.Pow(sd[0][v.leaving(0, 0)+k], 2) * float64(len(v.strata))
		before, risk := at(k)
		after, _ := at(k + 1)
		// To first order log S(k) moves by -1/n(j) with an event of interval j <= k,
		// and by Greenwood's sum of d/(n(n-d)) up to min(j, k) with any count of j.
		event := greenwood - 1/risk
		greenwood += (before/after - 1) / risk
		sum += s2 * (event*event + greenwood*greenwood)
		moved := after * math.Sqrt(sum+2*s2*float64(bins-k-1)*greenwood*greenwood)
		worst = math.Max(worst, moved)
		if before > 0.5 && after <= 0.5 {
			median = moved / (0.5 * rate)
		}
	}
	out := []analysis.Expectation{{What: "survival curve at its worst point", Within: math.Min(1, 1.96*worst)}}
	if median > 0 {
		out = append(out, analysis.Expectation{What: "median survival", Within: math.Min(end, 1.96*median+v.clock.Width), Unit: v.unit})
	}
	return out
}
