// Package poisson is Poisson regression over several sites: counts with the log
// link and, for rates, an offset; equal to R's glm(family = poisson) on the
// pooled rows. The iteration is in package glm; here is what is Poisson.
package poisson

import (
	"math"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/formula"
	"hmsp.center/hmsp/analysis/internal/glm"
	"hmsp.center/hmsp/analysis/internal/stat"
)

// New returns the analysis "poisson".
func New() analysis.Analysis {
	return glm.New(glm.Spec{Family: poisson{}, About: analysis.About{
		Name:    "poisson",
		Version: "1",
		Title:   "Poisson regression",
		Doc: "Log of an expected count as a linear function of the terms, with Wald tests and intervals, equal to R's glm on the pooled rows. " +
			"For rates add offset(log(time)). Rows with a missing value in any variable of the formula are left out.",
		Source:  "McCullagh and Nelder, Generalized Linear Models, 2nd ed. (1989), chapter 6; R's glm.fit",
		Example: "- name: visits\n  analysis: poisson\n  formula: visits ~ smoker + age + offset(log(years))\n",
	}})
}

type poisson struct{}

func (poisson) Accept(r formula.Response) error {
	switch {
	case r.Kind == formula.Category:
		return analysis.Refuse("formula", "the response %s is a category and must be a count: use logistic for an event, as %s == %q", r.Name, r.Name, r.Levels[len(r.Levels)-1])
	case !r.Interval.Whole || r.Interval.Lo < 0:
		return analysis.Refuse("formula", "the response %s must be a count: a variable of type integer with a min of 0 or more in the dictionary", r.Name)
	}
	return nil
}

func (poisson) Start(y float64) (mu, eta float64) { return y + 0.1, math.Log(y + 0.1) }

func (poisson) Mean(eta float64) float64 { return math.Exp(eta) }

func (poisson) Weight(mu float64) float64 { return mu }

func (poisson) Deviance(y, eta, mu float64) float64 {
	d := mu - y
	if y > 0 {
		d += y * (math.Log(y) - eta)
	}
	return 2 * math.Max(d, 0)
}

func (poisson) Saturated(y float64) float64 {
	if y == 0 {
		return 0
	}
	return y*math.Log(y) - y - stat.LogFactorial(y)
}

// overshoot is how far (in log) a fitted mean may exceed the largest declared
// count: beyond it the iteration has diverged, and the room for it would cost
// the sums their last digits.
const overshoot = 25

func (p poisson) Limit(r formula.Response, eta glm.Interval) glm.Limits {
	y := math.Max(r.Interval.Hi, 1)
	most := math.Min(eta.Hi, math.Log(y)+overshoot)
	mean := math.Exp(most)
	start, link := p.Start(y)
	return glm.Limits{
		Eta: math.Log(y) + overshoot, Mean: mean, Weight: mean, Residual: math.Max(y, mean),
		Deviance:  2 * (y*(math.Log(y)+math.Max(0, -eta.Lo)) + mean),
		Saturated: 1 + math.Log(2*math.Pi*y)/2, // Stirling
		Start: glm.Start{
			Weight: start, Response: start*math.Max(link, -math.Log(0.1)) + 0.1,
			Deviance: 2 * (y*math.Log(y) + y*math.Log(10) + start),
		},
	}
}

// NullStep is exact: the score sum(y - exp(alpha + offset)) has a closed root.
func (poisson) NullStep(alpha, _, y, mu, _ float64, _ bool) float64 {
	if y == 0 {
		return -40 // no maximum: a rate of 0 within rounding
	}
	return alpha + math.Log(y/mu)
}

func (poisson) Ratio() string { return "rate ratio" }

func (poisson) Separated() string {
	return "the outcome never occurs in a group that the terms single out (a fitted rate of 0)"
}
