// Package glm fits generalised linear models with a canonical link over several
// sites by iteratively reweighted least squares, the algorithm of R's glm.fit:
// per round the sites add X'WX, the score and the deviance at the shared
// coefficients, and one small system is solved.
//
// The first round counts rows and levels; the second starts, as R does, from
// means near the responses; every further round is one Newton step. The
// iteration ends as R's does, when the deviance changes by less than tolerance
// times (deviance + 0.1), and the covariance is, as R's, that of the step
// before. It serves logistic and Poisson regression; a family is the interface
// of what differs.
//
// It refuses models with no more rows than columns. A deviance that rises is
// mended by halving the step; separation is found and said, not hidden.
package glm

import (
	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/formula"
	"hmsp.center/hmsp/table"
)

// A Family is a one-parameter exponential family with its canonical link
// (McCullagh and Nelder, Generalized Linear Models, 2nd ed., section 2.2).
type Family interface {
	// Accept refuses a response that is not of this family.
	Accept(r formula.Response) error
	// Start is R's mustart for a response y: a mean near y and its link.
	Start(y float64) (mu, eta float64)
	// Mean is the inverse link, and with the canonical link also its own
	// derivative's source: Weight(mu) = dmu/deta = variance at mu.
	Mean(eta float64) float64
	Weight(mu float64) float64
	// Deviance is the unit deviance 2(l(y;y) - l(y;mu)).
	Deviance(y, eta, mu float64) float64
	// Saturated is l(y;y), so that log-likelihood = sum Saturated - deviance/2.
	Saturated(y float64) float64
	// Limit bounds one row's quantities; see Limits.
	Limit(r formula.Response, eta Interval) Limits
	// NullStep improves the intercept of the model that has only one (and the
	// offset). free says that there is no offset.
	NullStep(alpha, n, y, mu, w float64, free bool) float64
	// Ratio names exp(coefficient), for the figure.
	Ratio() string
	// Separated says what it means when coefficients run to infinity.
	Separated() string
}

// An Interval bounds the linear predictor.
type Interval struct{ Lo, Hi float64 }

// Limits are bounds on one row's values for a linear predictor within an
// interval. A site refuses a row whose predictor exceeds Eta.
type Limits struct {
	Eta       float64 // largest linear predictor that is let pass
	Mean      float64 // of mu
	Weight    float64 // of W
	Residual  float64 // of |y - mu|
	Deviance  float64
	Saturated float64 // of |l(y;y)|
	Start     Start
}

// Start bounds the same at the starting means.
type Start struct{ Weight, Response, Deviance float64 } // Response is |W eta + y - mu|, without offset

// Spec is what distinguishes one analysis of this package from another.
type Spec struct {
	Family Family
	About  analysis.About // without the common parameters
}

// New makes the analysis.
func New(s Spec) analysis.Analysis {
	s.About.Parameters = append(parameters(), s.About.Parameters...)
	return model{s}
}

type model struct{ Spec }

func (m model) About() analysis.About { return m.Spec.About }

func parameters() []analysis.Parameter {
	limit := func(x float64) *float64 { return &x }
	return []analysis.Parameter{
		{Name: "formula", Type: "formula", Required: true, Doc: "response ~ terms, as in R; offset() is allowed"},
		{Name: "conf.level", Type: "number", Default: 0.95, Min: limit(0.5), Max: limit(0.9999), Doc: "level of the Wald confidence intervals"},
		formula.ContrastsParameter(),
		{Name: "exponentiate", Type: "boolean", Default: false, Doc: "show exp(estimate) and its limits in the table of terms; standard errors stay on the log scale"},
		{Name: "tolerance", Type: "number", Default: 1e-12, Min: limit(1e-14), Max: limit(1e-4), Doc: "relative change of the deviance at which the iteration stops"},
		{Name: "max_iterations", Type: "integer", Default: 25.0, Min: limit(1), Max: limit(90), Doc: "most iterations"},
		{Name: "rounds", Type: "integer", Default: 30.0, Min: limit(8), Max: limit(90), Doc: "private studies: number of rounds, one step of gradient descent each; the exact form takes as many as it needs"},
	}
}

func (m model) Start(p analysis.Params, s table.Schema) (analysis.Run, analysis.State, error) {
	r, err := m.read(p, s)
	if err != nil {
		return nil, nil, err
	}
	st, err := analysis.Encode(state{})
	return r, st, err
}

// read holds parameters and formula against the schema.
func (m model) read(p analysis.Params, s table.Schema) (run, error) {
	p, err := p.Check(m.About().Parameters)
	if err != nil {
		return run{}, err
	}
	contrasts, err := formula.Contrasts(p)
	if err != nil {
		return run{}, err
	}
	f, err := formula.Read(p.String("formula"), s, formula.Options{Contrasts: contrasts})
	if err != nil {
		return run{}, err
	}
	switch {
	case f.Response.Kind == formula.NoResponse:
		return run{}, analysis.Refuse("formula", "there is no response left of ~")
	case f.Response.Kind == formula.Survival:
		return run{}, analysis.Refuse("formula", "Surv() is for cox and kaplan-meier")
	case len(f.Strata) > 0:
		return run{}, analysis.Refuse("formula", "strata() is for survival models: add the variable as a term instead")
	}
	if err := m.Family.Accept(f.Response); err != nil {
		return run{}, err
	}
	return run{
		family: m.Family, title: m.Spec.About.Title, model: f, level: p.Number("conf.level"), exponentiate: p.Bool("exponentiate"),
		tolerance: p.Number("tolerance"), most: p.Int("max_iterations"), rounds: p.Int("rounds"),
	}, nil
}
