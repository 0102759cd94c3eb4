// Package logistic is logistic regression over several sites: binomial
// responses with the logit link, equal to R's glm(family = binomial) on the
// pooled rows. The iteration is in package glm; here is what is binomial.
package logistic

import (
	"math"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/formula"
	"hmsp.center/hmsp/analysis/internal/glm"
)

// New returns the analysis "logistic".
func New() analysis.Analysis {
	return glm.New(glm.Spec{Family: binomial{}, About: analysis.About{
		Name:    "logistic",
		Version: "1",
		Title:   "Logistic regression",
		Doc: "Log odds of a yes-or-no outcome as a linear function of the terms, with Wald tests and intervals, equal to R's glm on the pooled rows. " +
			"The response is a flag, a comparison, or a category of two levels (the second is the event). " +
			"Rows with a missing value in any variable of the formula are left out.",
		Source:  "McCullagh and Nelder, Generalized Linear Models, 2nd ed. (1989), chapter 4; R's glm.fit",
		Example: "- name: response\n  analysis: logistic\n  formula: response ~ stage + log(crp) + age\n",
	}})
}

type binomial struct{}

func (binomial) Accept(r formula.Response) error {
	switch {
	case r.Kind == formula.Category && len(r.Levels) != 2:
		return analysis.Refuse("formula", "the response %s has %d levels and logistic regression has two outcomes: write %s == %q with the level that is the event", r.Name, len(r.Levels), r.Name, r.Levels[len(r.Levels)-1])
	case r.Kind == formula.Category:
		return nil
	case !r.Interval.Whole || r.Interval.Lo < 0 || r.Interval.Hi > 1:
		return analysis.Refuse("formula", "the response %s must be a flag or a comparison, such as %s > 0", r.Name, r.Name)
	}
	return nil
}

func (binomial) Start(y float64) (mu, eta float64) {
	mu = (y + 0.5) / 2
	return mu, math.Log(mu / (1 - mu))
}

func (binomial) Mean(eta float64) float64 {
	if eta < 0 {
		e := math.Exp(eta)
		return e / (1 + e)
	}
	return 1 / (1 + math.Exp(-eta))
}

func (binomial) Weight(mu float64) float64 { return mu * (1 - mu) }

// Deviance is -2 log P(y), computed from eta because 1-mu loses digits.
func (binomial) Deviance(y, eta, _ float64) float64 {
	if y == 1 {
		eta = -eta
	}
	return 2 * logOnePlusExp(eta)
}

func logOnePlusExp(x float64) float64 {
	if x > 0 {
		return x + math.Log1p(math.Exp(-x))
	}
	return math.Log1p(math.Exp(x))
}

func (binomial) Saturated(float64) float64 { return 0 }

// Limit: mu(1-mu) <= 1/4; at the start mu is 1/4 or 3/4.
func (b binomial) Limit(_ formula.Response, eta glm.Interval) glm.Limits {
	_, start := b.Start(1)
	return glm.Limits{
		Eta: math.Inf(1), Mean: 1, Weight: 0.25, Residual: 1,
		Deviance: 2 * logOnePlusExp(math.Max(math.Abs(eta.Lo), math.Abs(eta.Hi))),
		Start:    glm.Start{Weight: 0.1875, Response: 0.1875*start + 0.25, Deviance: b.Deviance(1, start, 0)},
	}
}

func (binomial) NullStep(alpha, n, y, mu, w float64, free bool) float64 {
	switch {
	case y == 0 || y == n: // no maximum: a probability of 0 or 1 within rounding
		return math.Copysign(40, y-n/2)
	case free:
		return math.Log(y / (n - y))
	}
	return alpha + (y-mu)/w
}

func (binomial) Ratio() string { return "odds ratio" }

func (binomial) Separated() string {
	return "a combination of terms predicts the outcome without error for some people (fitted probabilities of 0 or 1)"
}
