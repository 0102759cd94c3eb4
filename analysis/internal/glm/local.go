package glm

import (
	"math"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/formula"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

type run struct {
	family       Family
	title        string
	model        *formula.Model
	level        float64
	exponentiate bool
	tolerance    float64
	most         int
	rounds       int // of the private form
}

func (r run) Bounds(s analysis.State) (analysis.Bounds, error) {
	st, err := analysis.Decode[state](s)
	if err != nil {
		return analysis.Bounds{}, err
	}
	b := analysis.Bounds{Columns: r.model.Columns()}
	if st.Design == nil {
		b.Ranges = r.model.CountRanges()
		b.Opens = "How many rows have a value for every variable of the formula, how many do not, and how many have each level of each factor, over all sites."
		return b, nil
	}
	b.Opens = "The weighted sums, over all rows of all sites, of the products of all pairs of design columns, the score, and the deviances of the model and of the null model, at the shared coefficients."
	b.Ranges = r.ranges(st)
	return b, nil
}

// ranges follow from |x| <= 1, the declared range of the response, and the
// linear predictor's bound at the public coefficients.
func (r run) ranges(st state) []fixed.Range {
	d := st.Design
	l := layoutOf(len(d.Columns), st.Beta == nil)
	out := make([]fixed.Range, l.len)
	main, null := r.limits(st), r.nullLimits(st)
	w, score, dev := main.Weight, main.Residual, main.Deviance
	if st.Beta == nil {
		w, dev = main.Start.Weight, main.Start.Deviance
		score = main.Start.Response + w*math.Max(math.Abs(d.OffsetLo), math.Abs(d.OffsetHi))
		out[l.saturated].Max = main.Saturated
	}
	for i := range out[:l.score] {
		out[i].Max = w
	}
	for i := l.score; i < l.deviance; i++ {
		out[i].Max = score
	}
	out[l.deviance].Max = dev
	b := d.Response.Interval
	out[l.null+nullY].Max = math.Max(1, math.Max(math.Abs(b.Lo), math.Abs(b.Hi)))
	out[l.null+nullMean].Max = null.Mean
	out[l.null+nullWeight].Max = null.Weight
	out[l.null+nullDeviance].Max = null.Deviance
	return out
}

func (r run) limits(st state) Limits {
	if st.Beta == nil {
		return r.family.Limit(st.Design.Response, Interval{})
	}
	lo, hi := st.Design.Linear(st.Beta)
	return r.family.Limit(st.Design.Response, Interval{lo, hi})
}

func (r run) nullLimits(st state) Limits {
	d := st.Design
	return r.family.Limit(d.Response, Interval{st.Alpha + d.OffsetLo, st.Alpha + d.OffsetHi})
}

func (r run) Local(t table.Table, s analysis.State, sum *fixed.Vector) error {
	st, err := analysis.Decode[state](s)
	if err != nil {
		return err
	}
	if st.Design == nil {
		return r.model.Count(t, sum, 0)
	}
	f, err := st.Design.Frame(t)
	if err != nil {
		return err
	}
	return r.add(f, st, sum)
}

func (r run) add(f *formula.Frame, st state, sum *fixed.Vector) error {
	l := layoutOf(len(st.Design.Columns), st.Beta == nil)
	x := make([]float64, len(st.Design.Columns))
	most, mostNull := r.limits(st).Eta, r.nullLimits(st).Eta
	for i := range f.N {
		f.Row(i, x)
		y, offset := f.Response(i), f.Offset(i)
		var mu, eta, residual float64
		if st.Beta == nil {
			// X'Wz of the first step: W(eta - offset) + (y - mu)
			mu, eta = r.family.Start(y)
			residual = r.family.Weight(mu)*(eta-offset) + (y - mu)
		} else {
			eta = offset
			for j, b := range st.Beta {
				eta += b * x[j]
			}
			mu = r.family.Mean(eta)
			residual = y - mu
		}
		null := st.Alpha + offset
		if st.Beta != nil && eta > most || null > mostNull {
			return analysis.Refuse("formula", "the fit diverges: the model expects far more than the declared range of %s allows; use fewer terms, or rescale the offset", st.Design.Response.Name)
		}
		w := r.family.Weight(mu)
		sum.AddOuter(l.tri, w, x)
		sum.AddScaled(l.score, residual, x)
		sum.Add(l.deviance, r.family.Deviance(y, eta, mu))
		r.addNull(l, y, null, sum)
		if st.Beta == nil {
			sum.Add(l.saturated, r.family.Saturated(y))
		}
	}
	return nil
}

func (r run) addNull(l layout, y, eta float64, sum *fixed.Vector) {
	mu := r.family.Mean(eta)
	sum.Add(l.null+nullY, y)
	sum.Add(l.null+nullMean, mu)
	sum.Add(l.null+nullWeight, r.family.Weight(mu))
	sum.Add(l.null+nullDeviance, r.family.Deviance(y, eta, mu))
}
