package poisson_test

import (
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/analysis/internal/goldentest"
	"hmsp.center/hmsp/analysis/internal/noisetest"
	"hmsp.center/hmsp/analysis/poisson"
	"hmsp.center/hmsp/table"
)

func flag(name string) table.Variable { return table.Variable{Name: name, Kind: table.Flag} }

// Deaths per person-time (nwtco: relapses of 4028 children, lung: deaths of 228
// patients), visits of people who do not exist.
func studies(t testing.TB) map[string]struct {
	data    table.Table
	formula string
} {
	read := func(r goldentest.Reference) table.Table {
		sites, _ := r.Sites(t)
		return analysistest.Append(t, sites...)
	}
	type study = struct {
		data    table.Table
		formula string
	}
	return map[string]study{
		"visits": {analysistest.People(2000, 1), "visits ~ smoker + age + offset(log(years))"},
		"nwtco": {read(goldentest.Reference{Data: []string{"survival/nwtco.csv"}, Schema: table.Schema{flag("rel"), whole("edrel", 1, 9000), whole("histol", 1, 2), whole("stage", 1, 4)}}),
			"rel ~ I(histol == 2) + stage + offset(log(edrel / 1000))"},
		"gbsg": {read(goldentest.Reference{Data: []string{"survival/gbsg.csv"}, Schema: table.Schema{flag("status"), whole("rfstime", 1, 4000), flag("hormon"), whole("age", 18, 100)}}),
			"status ~ hormon + age + offset(log(rfstime / 365))"},
	}
}

func TestWithoutNoise(t *testing.T) {
	for name, s := range studies(t) {
		p := analysis.Params{"formula": s.formula}
		exact := analysistest.Drive(t, poisson.New(), p, s.data.Schema, s.data)
		d := noisetest.Driver{}
		got, err := d.Drive(t, poisson.New(), p, s.data)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(name, d.Clipped, got.Notes)
		for j, term := range noisetest.Column(t, exact, "terms", "term").Text {
			b, se := noisetest.Column(t, exact, "terms", "estimate").Numbers[j], noisetest.Column(t, exact, "terms", "std.error").Numbers[j]
			c, sc := noisetest.Column(t, got, "terms", "estimate").Numbers[j], noisetest.Column(t, got, "terms", "std.error").Numbers[j]
			t.Logf("%s: %s: exact %.4f (%.4f), private %.4f (%.4f), gap %.3f standard errors", name, term, b, se, c, sc, (c-b)/se)
		}
		for _, noise := range []float64{noisetest.Epsilon10, noisetest.Epsilon3, noisetest.Epsilon1} {
			for _, c := range noisetest.Repeat(t, poisson.New(), exact, p, s.data, noise, 20, 1) {
				t.Logf("%s %.2f %+v", name, noise, c)
			}
		}
	}
}
