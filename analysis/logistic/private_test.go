package logistic_test

import (
	"math"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/analysis/internal/goldentest"
	"hmsp.center/hmsp/analysis/internal/noisetest"
	"hmsp.center/hmsp/analysis/logistic"
	"hmsp.center/hmsp/table"
)

func pooled(t testing.TB, r goldentest.Reference) table.Table {
	sites, _ := r.Sites(t)
	return analysistest.Append(t, sites...)
}

// the references that private runs are held against.
func cohorts() map[string]goldentest.Reference {
	cnsim := []string{"multisite/datashield/CNSIM1.csv", "multisite/datashield/CNSIM2.csv", "multisite/datashield/CNSIM3.csv"}
	return map[string]goldentest.Reference{
		"heart": {Formula: "num > 0 ~ age + sex + exang + oldpeak", Data: heart, Schema: heartSchema},
		"cnsim": {Formula: "DIS_DIAB ~ PM_BMI_CONTINUOUS + LAB_TSC + LAB_HDL + GENDER", Data: cnsim,
			Schema: table.Schema{flag("DIS_DIAB"), number("LAB_TSC", 0, 20), number("LAB_HDL", -2, 5), number("PM_BMI_CONTINUOUS", 5, 80), category("GENDER", "0", "1")}},
		"pima": {Formula: `diabetes == "pos" ~ glucose + mass + age`, Data: []string{"crosssectional/pima_diabetes.csv"}, Schema: pima},
	}
}

// Without noise the private form differs from IRLS by what shortening far-off rows
// does.
func TestWithoutNoiseDescentIsNearIRLS(t *testing.T) {
	for name, ref := range cohorts() {
		data, p := pooled(t, ref), analysis.Params{"formula": ref.Formula}
		exact := analysistest.Drive(t, logistic.New(), p, data.Schema, data)
		d := noisetest.Driver{}
		got, err := d.Drive(t, logistic.New(), p, data)
		if err != nil {
			t.Fatal(err)
		}
		for j, term := range noisetest.Column(t, exact, "terms", "term").Text {
			b, se := noisetest.Column(t, exact, "terms", "estimate").Numbers[j], noisetest.Column(t, exact, "terms", "std.error").Numbers[j]
			c, sc := noisetest.Column(t, got, "terms", "estimate").Numbers[j], noisetest.Column(t, got, "terms", "std.error").Numbers[j]
			t.Logf("%s: %s: exact %.4f (%.4f), private %.4f (%.4f), gap %.3f standard errors", name, term, b, se, c, sc, (c-b)/se)
			if !(math.Abs(c-b) < 0.5*se) {
				t.Errorf("%s: %s is %v, IRLS has %v with standard error %v", name, term, c, b, se)
			}
		}
	}
}

func TestCoefficientsUnderNoise(t *testing.T) {
	for name, ref := range cohorts() {
		data, p := pooled(t, ref), analysis.Params{"formula": ref.Formula}
		exact := analysistest.Drive(t, logistic.New(), p, data.Schema, data)
		for _, noise := range []float64{noisetest.Epsilon10, noisetest.Epsilon3, noisetest.Epsilon1} {
			for _, c := range noisetest.Repeat(t, logistic.New(), exact, p, data, noise, 40, 1) {
				t.Logf("%s %.2f %+v", name, noise, c)
			}
		}
	}
}
