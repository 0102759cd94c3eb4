package linear

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
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

// At epsilon 10, 3 and 1 the coefficients of 9379 people are off from the exact ones
// as the noise's part of the standard errors says. Over 100 draws of Gaussian noise the
// ratio of the mean squares has a standard deviation of 0.14, and 4 of them are
// allowed; at epsilon 10 the noise is so small that what the shortening of far rows
// does is most of it, less than half of a standard error. Diabetes is rare (1.4%): its
// people are the far rows, and it is told worst.
func TestErrorsAreWhatTheNoiseExplains(t *testing.T) {
	data := cnsim(t)
	p := analysis.Params{"formula": "PM_BMI_CONTINUOUS ~ LAB_HDL + LAB_TSC + GENDER + DIS_DIAB"}
	exact := analysistest.Drive(t, New(), p, data.Schema, data)
	for noise, most := range map[float64]float64{noisetest.Epsilon10: 0.5, noisetest.Epsilon3: 1, noisetest.Epsilon1: 2.5} {
		for _, c := range noisetest.Repeat(t, New(), exact, p, data, noise, 100, 1) {
			t.Logf("noise %.2f: %+v", noise, c)
			rare := c.Name == "DIS_DIAB"
			if c.Given < 95 || c.Covered < 88 || !rare && c.Error > most*c.ExactSE {
				t.Errorf("noise %.2f: %+v", noise, c)
			}
			if noise > 1 && c.Z > 1.56 {
				t.Errorf("noise %.2f: %s: errors of %.3g are not explained by standard errors of %.3g (%.3g without noise)", noise, c.Name, c.Error, c.SE, c.ExactSE)
			}
		}
	}
}

// Data that no regression should be run on give an error or a note, not a crash and
// not silence.
func TestPrivateOnDegenerateTables(t *testing.T) {
	people := analysistest.People(400, 1)
	for name, tt := range map[string]struct {
		formula string
		rows    func(i int) bool
	}{
		"collinear":         {"bmi ~ age + I(2 * age) + sex", nil},
		"constant response": {"I(0 * bmi) ~ age", nil},
		"empty level":       {"bmi ~ stage + age", func(i int) bool { return people.Codes("stage")[i] != 1 }},
		"five people":       {"bmi ~ age", func(i int) bool { return i < 5 }},
		"nobody":            {"bmi ~ age", func(int) bool { return false }},
	} {
		data := people
		if tt.rows != nil {
			var keep []int
			for i := range people.Rows() {
				if tt.rows(i) {
					keep = append(keep, i)
				}
			}
			data = people.Take(keep)
		}
		for seed := range uint64(20) {
			d := noisetest.Driver{Noise: noisetest.Epsilon10, Rand: rand.New(rand.NewPCG(seed, 3))}
			res, err := d.Drive(t, New(), analysis.Params{"formula": tt.formula}, data)
			if err != nil {
				if len(err.Error()) < 40 {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			se := noisetest.Column(t, res, "terms", "std.error").Numbers
			for j, b := range noisetest.Column(t, res, "terms", "estimate").Numbers {
				term := noisetest.Column(t, res, "terms", "term").Text[j]
				if math.IsNaN(b) && !strings.Contains(strings.Join(res.Notes, "\n"), term) {
					t.Fatalf("%s: %s is not given and no note says why: %q", name, term, res.Notes)
				}
				if math.IsInf(b, 0) || !math.IsNaN(b) && !(se[j] > 0) {
					t.Fatalf("%s: %s is %v with standard error %v", name, term, b, se[j])
				}
				if term == "stageII" && name == "empty level" && !math.IsNaN(b) && math.Abs(b) > 4*se[j] {
					t.Errorf("a level that nobody has has the coefficient %v with standard error %v", b, se[j])
				}
			}
		}
	}
}

func TestPrivateExpectations(t *testing.T) {
	data := cnsim(t)
	run, _, err := New().(analysis.PrivateAnalysis).StartPrivate(analysis.Params{"formula": "PM_BMI_CONTINUOUS ~ LAB_HDL + GENDER"}, data.Schema)
	if err != nil {
		t.Fatal(err)
	}
	sd := func(noise float64) (out [][]float64) {
		for _, q := range run.Queries() {
			var each []float64
			for _, b := range q.Blocks {
				for range b.Len {
					each = append(each, noise*b.L2/math.Sqrt(b.Share))
				}
			}
			out = append(out, each)
		}
		return out
	}
	last := 0.0
	for _, noise := range []float64{.1, .5, 2, 8} {
		es := run.Expect(sd(noise), 9379)
		t.Log(noise, es)
		if len(es) != 2 || es[1].What != "coefficient of GENDER" || !(es[1].Within > last) {
			t.Errorf("noise %v: %v", noise, es)
		}
		last = es[1].Within
	}
}
