package kaplanmeier

import (
	"fmt"
	"math"
	"strings"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/plot"
)

// ticks are round times from 0 on, about as many as the parameter marks says.
func (r *run) ticks(groups []group) []float64 {
	var last float64
	for _, g := range groups {
		last = math.Max(last, g.counts.Last())
	}
	if last == 0 {
		return []float64{0}
	}
	step := last / float64(r.params.Int("marks"))
	size := math.Pow(10, math.Floor(math.Log10(step)))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*size >= step {
			step = m * size
			break
		}
	}
	var out []float64
	for k := 0; float64(k)*step <= last; k++ {
		out = append(out, float64(k)*step)
	}
	return out
}

// riskTable is the number at risk that stands under a survival curve.
func riskTable(groups []group, times []float64) analysis.Table {
	var at, risk []float64
	var strata []string
	for _, g := range groups {
		for _, t := range times {
			n := g.counts.RiskAt(t)
			if g.counts.Enter != nil && t == 0 {
				n = g.counts.RiskAt(math.Nextafter(0, 1)) // at risk just after the beginning
			}
			at, risk, strata = append(at, t), append(risk, n), append(strata, g.name)
		}
	}
	return analysis.Table{Name: "risk", Title: "Number at risk", Columns: []analysis.Column{
		analysis.Nums("time", at...), analysis.Nums("n.risk", risk...), analysis.Text("strata", strata...),
	}}
}

func (r *run) figure(groups []group, risk analysis.Table) plot.Figure {
	zero, one := 0.0, 1.0
	fig := plot.Figure{
		Name: "survival", Kind: plot.Step,
		Title: r.title,
		X:     plot.Axis{Label: r.axis, Min: &zero},
		Y:     plot.Axis{Label: "survival probability", Min: &zero, Max: &one},
	}
	for _, g := range groups {
		s := plot.Series{Name: g.name, X: []float64{0}, Y: []float64{1}, Lo: []float64{1}, Hi: []float64{1}}
		for k, t := range g.curve.Time {
			y, lo, hi := g.curve.Surv[k], g.curve.Lo[k], g.curve.Hi[k]
			if math.IsNaN(lo) { // no limits where the curve is 0
				lo, hi = y, y
			}
			s.X, s.Y, s.Lo, s.Hi = append(s.X, t), append(s.Y, y), append(s.Lo, lo), append(s.Hi, hi)
			if g.curve.Censor[k] > 0 {
				s.Marks = append(s.Marks, t)
			}
		}
		fig.Series = append(fig.Series, s)
	}
	fig.AtRisk = underCurves(risk, groups)
	fig.Caption = fmt.Sprintf("Each curve is the estimated share of a group without the event, by time; it steps down at events, and marks show censoring. "+
		"Bands are pointwise %v%% confidence limits. %s Number at risk: %s.", round(100*r.params.Number("conf.level")), medians(groups), atRisk(risk, groups))
	return fig
}

// underCurves is the table of people at risk as the figure shows it.
func underCurves(risk analysis.Table, groups []group) *plot.AtRisk {
	times, n := risk.Columns[0].Numbers, risk.Columns[1].Numbers
	per := len(times) / len(groups)
	out := &plot.AtRisk{Times: times[:per]}
	for i, g := range groups {
		out.Rows = append(out.Rows, plot.RiskRow{Name: g.name, N: n[i*per : (i+1)*per]})
	}
	return out
}

func medians(groups []group) string {
	var parts []string
	for _, g := range groups {
		if m, _, _ := g.curve.Quantile(0.5); !math.IsNaN(m) {
			parts = append(parts, fmt.Sprintf("%s %v", g.name, round(m)))
		} else {
			parts = append(parts, g.name+" not reached")
		}
	}
	return "Median: " + strings.Join(parts, "; ") + "."
}

func atRisk(risk analysis.Table, groups []group) string {
	times, n := risk.Columns[0].Numbers, risk.Columns[1].Numbers
	per := len(times) / len(groups)
	var parts []string
	for i, g := range groups {
		var at []string
		for k := i * per; k < (i+1)*per; k++ {
			at = append(at, fmt.Sprintf("%v at %v", n[k], round(times[k])))
		}
		parts = append(parts, g.name+" "+strings.Join(at, ", "))
	}
	return strings.Join(parts, "; ")
}

// round leaves six significant digits, for texts.
func round(x float64) float64 {
	if x == 0 {
		return 0
	}
	size := math.Pow(10, 5-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*size) / size
}
