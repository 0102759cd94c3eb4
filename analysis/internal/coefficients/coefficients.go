// Package coefficients turns estimates and their covariance into what every
// regression shows: the table of terms in broom's column names, the covariance
// matrix as a table, and a forest plot.
package coefficients

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/stat"
	"hmsp.center/hmsp/plot"
)

// Estimates are the coefficients of one model in their own units. A NaN is not
// estimated (aliased); an infinity has no finite estimate (separation).
type Estimates struct {
	Names        []string
	Beta         []float64
	Cov          *mat.SymDense
	DF           float64 // degrees of freedom of t tests; +Inf for z tests
	Level        float64 // of the confidence intervals, 0.95
	Exponentiate bool    // estimate and limits as exp(); std.error stays on the log scale, as in broom
}

// limits returns the Wald interval of coefficient i.
func (e Estimates) limits(i int) (lo, hi float64) {
	q := stat.NormalQuantile(0.5 + e.Level/2)
	if !math.IsInf(e.DF, 1) {
		q = stat.TQuantile(0.5+e.Level/2, e.DF)
	}
	se := e.se(i)
	return e.Beta[i] - q*se, e.Beta[i] + q*se
}

func (e Estimates) se(i int) float64 {
	if x := e.Beta[i]; x-x != 0 {
		return math.NaN()
	}
	return math.Sqrt(e.Cov.At(i, i))
}

// Terms is the table "terms": term, estimate, std.error, statistic, p.value,
// conf.low, conf.high. Tests and intervals are Wald's.
func (e Estimates) Terms() analysis.Table {
	n := len(e.Names)
	cols := make([]analysis.Column, 7)
	for i, name := range []string{"term", "estimate", "std.error", "statistic", "p.value", "conf.low", "conf.high"} {
		cols[i] = analysis.Column{Name: name, Numbers: make(analysis.Numbers, n)}
	}
	cols[0] = analysis.Text("term", e.Names...)
	for i := range n {
		se := e.se(i)
		z := e.Beta[i] / se
		p := stat.NormalTwoSided(z)
		if !math.IsInf(e.DF, 1) {
			p = stat.TTwoSided(z, e.DF)
		}
		lo, hi := e.limits(i)
		b := e.Beta[i]
		if e.Exponentiate {
			b, lo, hi = math.Exp(b), math.Exp(lo), math.Exp(hi)
		}
		for c, x := range []float64{b, se, z, p, lo, hi} {
			cols[c+1].Numbers[i] = x
		}
	}
	return analysis.Table{Name: "terms", Title: "Coefficients", Columns: cols}
}

// Vcov is the table "vcov": the covariance matrix of the coefficients, on the
// scale of the linear predictor.
func (e Estimates) Vcov() analysis.Table {
	t := analysis.Table{Name: "vcov", Title: "Covariance matrix of the coefficients", Columns: []analysis.Column{analysis.Text("term", e.Names...)}}
	for j, name := range e.Names {
		c := make(analysis.Numbers, len(e.Names))
		for i := range c {
			if c[i] = e.Cov.At(i, j); math.IsNaN(e.se(i)) || math.IsNaN(e.se(j)) {
				c[i] = math.NaN()
			}
		}
		t.Columns = append(t.Columns, analysis.Column{Name: name, Numbers: c})
	}
	return t
}

// Forest draws the coefficients other than the intercept. ratio names what
// exp(coefficient) is ("odds ratio"), drawn on a logarithmic axis; "" draws the
// coefficients themselves. It is false where there is nothing to draw.
func (e Estimates) Forest(title, ratio string) (plot.Figure, bool) {
	s := plot.Series{}
	for i, name := range e.Names {
		b := e.Beta[i]
		lo, hi := e.limits(i)
		if ratio != "" {
			b, lo, hi = math.Exp(b), math.Exp(lo), math.Exp(hi)
		}
		finite := (b-b)+(lo-lo)+(hi-hi) == 0
		if name == "(Intercept)" || !finite || ratio != "" && lo <= 0 {
			continue
		}
		s.Labels = append(s.Labels, name)
		s.X, s.Lo, s.Hi = append(s.X, b), append(s.Lo, lo), append(s.Hi, hi)
	}
	f := plot.Figure{Name: "forest", Title: title, Kind: plot.Forest, Series: []plot.Series{s}}
	percent := fmt.Sprintf("%.4g%%", 100*e.Level)
	if ratio != "" {
		f.X = plot.Axis{Label: ratio + " (" + percent + " interval)", Log: true}
		f.Caption = fmt.Sprintf("One row per term. The point is the %s for one unit more of the term (or for the level against the reference level), the line its %s confidence interval, on a logarithmic axis; a line that crosses 1 is compatible with no association. The intercept is not drawn.", ratio, percent)
	} else {
		f.X = plot.Axis{Label: "coefficient (" + percent + " interval)"}
		f.Caption = fmt.Sprintf("One row per term. The point is the change of the mean response for one unit more of the term (or for the level against the reference level), the line its %s confidence interval; a line that crosses 0 is compatible with no association. Terms have different units, so lengths of different rows do not compare. The intercept is not drawn.", percent)
	}
	return f, len(s.X) > 0
}
