package formula

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

var designSchema = table.Schema{
	{Name: "y", Kind: table.Number, Min: 0.5, Max: 12},
	{Name: "x", Kind: table.Number, Min: 5, Max: 25},
	{Name: "z", Kind: table.Number, Min: -3, Max: 3},
	{Name: "k", Kind: table.Integer, Min: 0, Max: 12},
	{Name: "f", Kind: table.Flag},
	{Name: "ph.ecog", Kind: table.Integer, Min: 0, Max: 5},
	{Name: "a", Kind: table.Category, Levels: []table.Level{{Code: "p"}, {Code: "q"}, {Code: "r"}, {Code: "unused"}}},
	{Name: "b", Kind: table.Category, Levels: []table.Level{{Code: "u"}, {Code: "v"}}},
	{Name: "odd name", Kind: table.Number, Min: -6, Max: 6},
}

// settle runs the discovery round on one table.
func settle(t testing.TB, m *Model, x table.Table) *Design {
	t.Helper()
	g, err := fixed.NewGrid(m.CountRanges(), 1<<20, 3)
	if err != nil {
		t.Fatal(err)
	}
	v := fixed.NewVector(g)
	if err := m.Count(x, v, 0); err != nil {
		t.Fatal(err)
	}
	d, err := m.Settle(fixed.Decode(g, v.Words))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The design matrix is R's: names, order, coding and values, for the formulas
// in testdata/make_design.R. Tolerance 1e-13 relative: scaling and back are two
// roundings each.
func TestDesignIsThatOfR(t *testing.T) {
	x := analysistest.CSV(t, "testdata/design.csv", designSchema)
	text, err := os.ReadFile("testdata/design.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Formula, Contrast, Names, Terms []string
		X                               [][]float64
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Formula[0], func(t *testing.T) {
			o := Options{}
			if c.Contrast != nil {
				o.Contrasts = map[string]string{"a": c.Contrast[0]}
			}
			m, err := Read(c.Formula[0], designSchema, o)
			if err != nil {
				t.Fatal(err)
			}
			d := settle(t, m, x)
			if !slices.Equal(d.Names(), c.Names) {
				t.Fatalf("names\n got %q\nwant %q", d.Names(), c.Names)
			}
			if !slices.Equal(d.Terms, c.Terms) && len(d.Terms)+len(c.Terms) > 0 {
				t.Errorf("terms: got %q, want %q", d.Terms, c.Terms)
			}
			d = roundTrip(t, d)
			f, err := d.Frame(x)
			if err != nil {
				t.Fatal(err)
			}
			if f.N != len(c.X) || d.Rows != f.N || d.Left != x.Rows()-f.N {
				t.Fatalf("%d rows, %d in the design, %d left out; R has %d", f.N, d.Rows, d.Left, len(c.X))
			}
			row := make([]float64, len(d.Columns))
			for i, want := range c.X {
				f.Row(i, row)
				for j, col := range d.Columns {
					if math.Abs(row[j]) > 1+1e-15 {
						t.Errorf("row %d, %s: scaled value %v exceeds 1", i, col.Name, row[j])
					}
					got := row[j]*col.Scale + col.Centre
					if math.Abs(got-want[j]) > 1e-13*math.Max(1, math.Max(math.Abs(want[j]), col.Scale)) {
						t.Errorf("row %d, %s: %v, R has %v", i, col.Name, got, want[j])
					}
				}
			}
		})
	}
}

// A design travels as JSON and means the same.
func roundTrip(t *testing.T, d *Design) *Design {
	t.Helper()
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	out := new(Design)
	if err := json.Unmarshal(b, out); err != nil {
		t.Fatal(err)
	}
	c, _ := json.Marshal(out)
	if string(b) != string(c) {
		t.Errorf("a design does not survive JSON:\n%s\n%s", b, c)
	}
	return out
}

// Unscale: X b in scaled columns equals X B in own units, for every row.
func TestUnscaleGivesTheSamePredictor(t *testing.T) {
	x := analysistest.CSV(t, "testdata/design.csv", designSchema)
	for _, text := range []string{"y ~ x*a + I(x^2)", "y ~ 0 + a + x", "y ~ a:b + z"} {
		m, err := Read(text, designSchema, Options{})
		if err != nil {
			t.Fatal(err)
		}
		d := settle(t, m, x)
		f, err := d.Frame(x)
		if err != nil {
			t.Fatal(err)
		}
		p := len(d.Columns)
		beta, row, cov := make([]float64, p), make([]float64, p), mat.NewSymDense(p, nil)
		for j := range beta {
			beta[j] = math.Sin(float64(j + 1))
			for i := range j + 1 {
				cov.SetSym(i, j, math.Cos(float64(i*j))+float64(p)*map[bool]float64{true: 1}[i == j])
			}
		}
		own, v := d.Unscale(beta, cov)
		lo, hi := d.Linear(beta)
		for i := range f.N {
			f.Row(i, row)
			var scaled, raw, vs, vr float64
			orig := make([]float64, p)
			for j, c := range d.Columns {
				orig[j] = row[j]*c.Scale + c.Centre
				scaled += beta[j] * row[j]
				raw += own[j] * orig[j]
			}
			for j := range p {
				for k := range p {
					vs += row[j] * row[k] * cov.At(j, k)
					vr += orig[j] * orig[k] * v.At(j, k)
				}
			}
			if math.Abs(scaled-raw) > 1e-10 || math.Abs(vs-vr) > 1e-8*vs {
				t.Errorf("%s row %d: predictor %v scaled, %v in own units; variance %v, %v", text, i, scaled, raw, vs, vr)
			}
			if scaled < lo || scaled > hi {
				t.Errorf("%s row %d: predictor %v outside its bound %v..%v", text, i, scaled, lo, hi)
			}
		}
	}
}
