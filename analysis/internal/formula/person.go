package formula

import (
	"math"
	"math/rand/v2"
	"slices"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/table"
)

// Declared is the design made of what the dictionary declares, with no look at
// the people: every declared level is a level. It serves private studies, in
// which a list of observed levels would tell of the few who have a rare one.
// Rows and Left are 0, and notes are none.
func (m *Model) Declared() (*Design, error) {
	everything := make([]float64, len(m.CountRanges()))
	for i := range everything {
		everything[i] = 1
	}
	d, err := m.Settle(everything)
	if err != nil {
		return nil, analysis.Refuse("formula", "%v", err)
	}
	d.Rows, d.Left, d.Notes, d.StrataRows = 0, 0, nil, nil
	return d, nil
}

// Nobody is the place of a row that does not count.
const Nobody = -1

// Persons evaluates a table row by row: place holds, for each row of the table,
// its row in the frame, or Nobody where a value is missing or outside its declared
// range. Such a row is no error here, unlike in Frame: that a run failed would
// tell of one person.
func (d *Design) Persons(t table.Table) (f *Frame, place []int, err error) {
	f, rows, err := d.evaluate(t)
	if err != nil {
		return nil, nil, err
	}
	place = make([]int, t.Rows())
	for i := range place {
		place[i] = Nobody
	}
	row := make([]float64, len(d.Columns))
	for i, r := range rows {
		if d.outside(f, i, row) == "" {
			place[r] = i
		}
	}
	return f, place, nil
}

// Imagine makes n rows of the scaled design of people who do not exist, for what is
// expected before anything is computed: numbers spread about the middle of their
// declared range with a standard deviation of 0.3 of its half, levels in equal
// shares, all independent. The same design gives the same rows.
func (d *Design) Imagine(n int) [][]float64 {
	r := rand.New(rand.NewPCG(0x696d6167, 0x696e65))
	out := make([][]float64, n)
	for i := range out {
		numbers, levels := make([]float64, len(d.Variables)), make([]int, len(d.Variables))
		for v, x := range d.Variables {
			if x.Factor {
				levels[v] = r.IntN(len(x.Keep))
			} else {
				half := (x.Hi - x.Lo) / 2
				numbers[v] = math.Min(x.Hi, math.Max(x.Lo, x.Lo+half+0.3*half*r.NormFloat64()))
			}
		}
		for _, c := range d.Columns {
			x := 1.0
			for _, p := range c.Parts {
				if p.Values == nil {
					x *= numbers[p.Var]
				} else {
					x *= p.Values[levels[p.Var]]
				}
			}
			out[i] = append(out[i], (x-c.Centre)/c.Scale)
		}
	}
	return out
}

// WithIntercept adds to the columns that are lost the intercept, where it is one of
// the columns and rests on a lost one: in the variables' own units it is the value
// at 0, far from the centre about which a lost column was scaled.
func (d *Design) WithIntercept(lost []bool) []bool {
	out := slices.Clone(lost)
	for j, c := range d.Columns {
		if d.Intercept && lost[j] && c.Centre != 0 {
			out[0] = true
		}
	}
	return out
}

// Norms bound one row x of the scaled design over everybody within the declared
// ranges: l1 the sum of magnitudes, l2 the Euclidean length. Of the columns of a
// term of factors alone only some are nonzero for one person, which is used; all
// other columns are bounded by 1 each.
func (d *Design) Norms() (l1, l2 float64) {
	squares := 0.0
	for j := 0; j < len(d.Columns); {
		last := j
		for last < len(d.Columns) && d.Columns[last].Term == d.Columns[j].Term {
			last++
		}
		a, b := termNorms(d.Columns[j:last])
		l1, squares = l1+a, squares+b
		j = last
	}
	return l1, math.Sqrt(squares)
}

// termNorms bounds the sum of magnitudes and of squares of one term's columns.
// The columns of factors alone are all products of one coding of each factor, so
// the sum over them is the product of the sums over each factor's codings.
func termNorms(columns []Column) (l1, squares float64) {
	l1, squares = 1, 1
	for k := range columns[0].Parts {
		codings := distinct(columns, k)
		if codings == nil {
			return float64(len(columns)), float64(len(columns))
		}
		a, b := 0.0, 0.0 // the largest over the levels
		for level := range codings[0] {
			s, q := 0.0, 0.0
			for _, c := range codings {
				x := c[level] / largest(c)
				s, q = s+math.Abs(x), q+x*x
			}
			a, b = math.Max(a, s), math.Max(b, q)
		}
		l1, squares = l1*a, squares*b
	}
	return l1, squares
}

// distinct lists the codings that the k-th part takes in the columns, nil for a
// number.
func distinct(columns []Column, k int) (out [][]float64) {
	for _, c := range columns {
		v := c.Parts[k].Values
		if v == nil {
			return nil
		}
		if !slices.ContainsFunc(out, func(o []float64) bool { return slices.Equal(o, v) }) {
			out = append(out, v)
		}
	}
	return out
}

func largest(xs []float64) float64 {
	m := 0.0
	for _, x := range xs {
		m = math.Max(m, math.Abs(x))
	}
	if m == 0 {
		return 1
	}
	return m
}
