package linear

import (
	"math"
	"slices"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/formula"
	"hmsp.center/hmsp/analysis/internal/stat"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// A state has no design until the discovery round has been opened, and a
// refinement only where the first solution lost digits.
type state struct {
	Design *formula.Design `json:"design,omitempty"`
	Refine *refinement     `json:"refine,omitempty"`
}

type run struct {
	model *formula.Model
	level float64
}

func (r run) Bounds(s analysis.State) (analysis.Bounds, error) {
	st, err := analysis.Decode[state](s)
	if err != nil {
		return analysis.Bounds{}, err
	}
	if st.Design == nil {
		return analysis.Bounds{Columns: r.model.Columns(), Ranges: r.model.CountRanges(),
			Opens: "How many rows have a value for every variable of the formula, how many do not, and how many have each level of each factor, over all sites."}, nil
	}
	if st.Refine != nil {
		return r.refineBounds(st), nil
	}
	p := len(st.Design.Columns)
	return analysis.Bounds{
		Columns: r.model.Columns(),
		Ranges:  slices.Repeat([]fixed.Range{{Max: 1}}, stat.Triangle(p)+p+1),
		Opens:   "The sums, over all rows of all sites, of the products of all pairs of design columns and the response.",
	}, nil
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
	if st.Refine != nil {
		return r.refineLocal(f, st, sum)
	}
	p := len(st.Design.Columns)
	x := make([]float64, p)
	centre, scale := r.unit()
	for i := range f.N {
		f.Row(i, x)
		y := (f.Response(i) - centre) / scale
		sum.AddOuter(0, 1, x)
		sum.AddScaled(stat.Triangle(p), y, x)
		sum.Add(stat.Triangle(p)+p, y*y)
	}
	return nil
}

// unit is centre and scale of the response: it is moved only where an intercept
// takes the shift up.
func (r run) unit() (centre, scale float64) {
	b := r.model.Response.Interval
	if r.model.Intercept {
		centre = b.Lo + (b.Hi-b.Lo)/2
	}
	scale = math.Max(math.Abs(b.Hi-centre), math.Abs(b.Lo-centre))
	if scale == 0 {
		scale = 1
	}
	return centre, scale
}

func (r run) Next(sum []float64, s analysis.State) (analysis.State, *analysis.Result, error) {
	st, err := analysis.Decode[state](s)
	if err != nil {
		return nil, nil, err
	}
	if st.Refine != nil {
		return nil, r.result(st.Design, st.Refine.fit(st.Design, sum)), nil
	}
	if st.Design != nil {
		first, refine := r.solve(st.Design, sum)
		if refine == nil {
			return nil, r.result(st.Design, first), nil
		}
		next, err := analysis.Encode(state{Design: st.Design, Refine: refine})
		return next, nil, err
	}
	d, err := r.model.Settle(sum)
	if err != nil {
		return nil, nil, analysis.Refuse("formula", "%v", err)
	}
	if err := d.Gate(); err != nil {
		return nil, nil, err
	}
	next, err := analysis.Encode(state{Design: d})
	return next, nil, err
}
