package linear

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/analysis/internal/noisetest"
	"hmsp.center/hmsp/table"
)

func number(name string, lo, hi float64) table.Variable {
	return table.Variable{Name: name, Kind: table.Number, Min: lo, Max: hi}
}

// cnsim are 9379 simulated people of three cohorts (DataSHIELD), with the ranges
// that a dictionary would declare.
func cnsim(t testing.TB) table.Table {
	s := table.Schema{number("PM_BMI_CONTINUOUS", 5, 80), number("LAB_HDL", -2, 5), number("LAB_TSC", 0, 20), {Name: "GENDER", Kind: table.Flag}, {Name: "DIS_DIAB", Kind: table.Flag}}
	var out table.Table
	for k := 1; k <= 3; k++ {
		part := analysistest.CSV(t, analysistest.Shared(t, "clinical", "multisite", "datashield", fmt.Sprintf("CNSIM%d.csv", k)), s)
		if k == 1 {
			out = part
			continue
		}
		cols := make([]table.Column, len(s))
		for i := range s {
			cols[i].Numbers = slices.Concat(out.Columns[i].Numbers, part.Columns[i].Numbers)
		}
		var err error
		if out, err = table.New(s, cols, nil); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// AdaSSP without noise is least squares.
func TestWithoutNoiseThePrivateFormIsLeastSquares(t *testing.T) {
	people := analysistest.People(400, 1)
	for _, f := range []string{"bmi ~ age * sex + log(crp) + stage", "wt.loss ~ 0 + stage:sex + bmi", "log(crp) ~ (stage + smoker + age)^2", "bmi ~ 1"} {
		p := analysis.Params{"formula": f}
		exact := analysistest.Drive(t, New(), p, people.Schema, people)
		d := noisetest.Driver{}
		got, err := d.Drive(t, New(), p, people)
		if err != nil {
			t.Fatal(err)
		}
		if d.Clipped > 0 {
			t.Errorf("%s: %d rows are beyond the declared norms", f, d.Clipped)
		}
		for _, want := range exact.Tables {
			have, err := got.Table(want.Name)
			if err != nil {
				t.Fatal(err)
			}
			for j, c := range want.Columns {
				for i, x := range c.Numbers {
					if y := have.Columns[j].Numbers[i]; have.Columns[j].Name != c.Name || !(math.Abs(y-x) <= 1e-6*(1e-3+math.Abs(x))) && !(math.IsNaN(x) && math.IsNaN(y)) {
						t.Errorf("%s: %s.%s[%d] = %v, least squares %v", f, want.Name, c.Name, i, y, x)
					}
				}
			}
		}
	}
}

// At epsilon 1 and 3 the coefficients of 9379 people are off from the exact ones
// as the standard errors of the noise say: over 200 draws the mean square of
// (difference / standard error of the noise) is 1 but for its own error of 0.1
// (1 standard deviation; noise is Gaussian), to which 4.5 of them are allowed.
func TestErrorsAreWhatTheNoiseExplains(t *testing.T) {
	data := cnsim(t)
	p := analysis.Params{"formula": "PM_BMI_CONTINUOUS ~ LAB_HDL + LAB_TSC + GENDER + DIS_DIAB"}
	exact := analysistest.Drive(t, New(), p, data.Schema, data)
	b, se := noisetest.Column(t, exact, "terms", "estimate").Numbers, noisetest.Column(t, exact, "terms", "std.error").Numbers
	names := noisetest.Column(t, exact, "terms", "term").Text
	r := rand.New(rand.NewPCG(1, 2))
	for _, noise := range []float64{noisetest.Epsilon3, noisetest.Epsilon1} {
		z, off, wide, given := make([]float64, len(b)), make([]float64, len(b)), make([]float64, len(b)), make([]float64, len(b))
		const runs = 200
		for range runs {
			d := noisetest.Driver{Noise: noise, Rand: r}
			res, err := d.Drive(t, New(), p, data)
			if err != nil {
				t.Fatal(err)
			}
			got, s := noisetest.Column(t, res, "terms", "estimate").Numbers, noisetest.Column(t, res, "terms", "std.error").Numbers
			for j := range b {
				if math.IsNaN(got[j]) {
					continue
				}
				given[j]++
				e := got[j] - b[j]
				z[j] += e * e / (s[j]*s[j] - se[j]*se[j])
				off[j] += e * e
				wide[j] += s[j]
			}
		}
		for j, name := range names {
			t.Logf("noise %.2f: %s: exact %.4f (se %.4f), given in %.0f of %d, error %.4f, standard error %.4f, mean square of z %.2f", noise, name, b[j], se[j], given[j], runs, math.Sqrt(off[j]/given[j]), wide[j]/given[j], z[j]/given[j])
			if given[j] > runs/2 && (z[j]/given[j] > 1.45 || z[j]/given[j] < 0.3) {
				t.Errorf("noise %.2f: %s: the noise's standard errors do not explain the errors: mean square of z %.2f", noise, name, z[j]/given[j])
			}
		}
	}
}
