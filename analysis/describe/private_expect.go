package describe

import (
	"math"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/noisy"
	"hmsp.center/hmsp/table"
)

// middling is a place in 0..1 whose count below is made of as many nodes of every
// level as most are: 7 of 15.
const middling = 7.0 / 15

// Expect implements analysis.PrivateRun. Medians are of values that are spread over
// the declared range as a normal distribution of which it holds three standard
// deviations on either side; means of values that fill it, or, of few
// whole numbers, that are low; all people have a value, and groups are of equal size.
func (v private) Expect(sd [][]float64, people int) []analysis.Expectation {
	n := math.Max(1, float64(people)/float64(len(v.groups)))
	where := ""
	if v.by != nil {
		where = " in each group of " + v.by.Variable.Name
	}
	var out []analysis.Expectation
	for _, p := range v.parts {
		e := analysis.Expectation{What: "share of each level of " + p.name + where, Within: 1}
		noise := sd[0][v.coordinate(p, 0, 0)] // of a counted value
		switch {
		case p.number < 0:
			e.Within = math.Min(1, noisy.L95*noise/n)
		case v.numbers[p.number].Kind == table.Flag:
			e.What, e.Within = "share of "+p.name+where, math.Min(1, noisy.L95*noise/n)
		case p.values > 0:
			e.What, e.Unit = "mean of "+p.name+where, v.numbers[p.number].Unit
			most, squares := float64(p.values-1), 0.0
			for i := range p.values {
				squares += (float64(i) - most/4) * (float64(i) - most/4)
			}
			e.Within = math.Min(most, noisy.Z95*noise*math.Sqrt(squares)/n)
		default:
			out = append(out, v.expectMedian(p, where, sd[0], n))
			e.What, e.Unit = "mean of "+p.name+where, v.numbers[p.number].Unit
			half := p.scale.hi/2 - p.scale.lo/2
			e.Within = math.Min(half, noisy.Z95*half*sd[1][p.sums]/n)
		}
		out = append(out, e)
	}
	return out
}

func (v private) expectMedian(p variate, where string, sd []float64, n float64) analysis.Expectation {
	var empty [][]float64
	var noise []float64
	for l, k := range p.scale.shape.Levels() {
		empty, noise = append(empty, make([]float64, k)), append(noise, sd[v.coordinate(p, 1+l, 0)])
	}
	t := p.scale.shape.Settle(noisy.Count{SD: sd[v.coordinate(p, 0, 0)]}, empty, noise)
	rank := noisy.Z95 * t.RankNoise(int(middling*float64(p.scale.shape.Leaves)), 0.5)
	half := p.scale.hi/2 - p.scale.lo/2
	within := half / 3 * math.Sqrt(2*math.Pi) * rank / n // by the density at the median
	return analysis.Expectation{What: "median of " + p.name + where, Within: math.Min(half, within), Unit: v.numbers[p.number].Unit}
}
