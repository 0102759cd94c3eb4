package describe

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/table"
)

// Moments agree with R to 1e-12 of the scale of the data (both round); order
// statistics and what R interpolates between them, to the last bit.
const near = 1e-12

func TestMomentsAndQuantilesAreRs(t *testing.T) {
	f, err := os.Open("testdata/golden.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	col := map[string]int{}
	for i, name := range lines[0] {
		col[name] = i
	}
	probs := []float64{0.05, 0.1, 0.25, 1.0 / 3, 0.5, 0.75, 0.95}
	results, withheld := map[string]*analysis.Result{}, 0
	for _, want := range lines[1:] {
		data, by, variable, group := want[0], want[1], want[2], want[3]
		key := data + " by " + by
		if results[key] == nil {
			path := "testdata/" + data + ".csv"
			s := analysistest.Guess(t, path)
			x := analysistest.CSV(t, path, s)
			p := analysis.Params{"variables": numeric(s, by), "quantiles": probs}
			if by != "" {
				p["by"] = by
			}
			results[key] = analysistest.SameWords(t, New(), p, s, x, analysistest.Deal(x, 3)...)
		}
		num := func(name string) float64 {
			x, err := strconv.ParseFloat(strings.Replace(want[col[name]], "NA", "NaN", 1), 64)
			if err != nil {
				t.Fatal(err)
			}
			return x
		}
		got := row(t, results[key], "summary", variable, group)
		sd := num("sd")
		rounding := 3 * math.Abs(num("mean")) * 0x1p-53 / sd // R's third moment is about a mean rounded to a float64
		for name, tol := range map[string]float64{"n": 0, "missing": 0, "mean": near * sd, "var": near * sd * sd, "sd": near * sd, "skewness": near*10 + rounding} {
			if !close(got(name)[0], num(name), tol) {
				t.Errorf("%s %s %s: %s is %v, R has %v", key, variable, group, name, got(name)[0], num(name))
			}
		}
		for i, q := range row(t, results[key], "quantiles", variable, group)("estimate") {
			if !type7(num("n"), probs[i]).open(num("n")) {
				withheld++
				if !math.IsNaN(q) {
					t.Errorf("%s %s %s: quantile %v shows an extreme value", key, variable, group, probs[i])
				}
			} else if w := num("q" + strconv.Itoa(i+1)); q != w {
				t.Errorf("%s %s %s: quantile %v is %v, R has %v", key, variable, group, probs[i], q, w)
			}
		}
	}
	if withheld != 3 { // Ozone in June: nine values
		t.Errorf("%d quantiles are withheld, want 3", withheld)
	}
}

// reference is a description in the shared reference results.
type reference map[string]struct {
	N, Missing, Mean, Var, SD float64
	Quantiles                 map[string]float64 `json:"quantile_type7"`
	Skewness                  *float64           `json:"skewness_g1"`
}

func TestSharedReferenceDescriptions(t *testing.T) {
	for name, files := range map[string][]string{
		"lung":                   {"survival/lung.csv"},
		"pbc":                    {"survival/pbc.csv"},
		"pima_diabetes":          {"crosssectional/pima_diabetes.csv"},
		"diabetes_progression":   {"crosssectional/diabetes_progression.csv"},
		"breast_cancer_original": {"crosssectional/breast_cancer_wisconsin_original.csv"},
		"nhanes":                 {"crosssectional/nhanes_2009_2010_cholesterol.csv"},
		"cnsim":                  {"multisite/datashield/CNSIM1.csv", "multisite/datashield/CNSIM2.csv", "multisite/datashield/CNSIM3.csv"},
		"heart_disease_4sites":   {"multisite/heart-disease/cleveland.csv", "multisite/heart-disease/hungarian.csv", "multisite/heart-disease/switzerland.csv", "multisite/heart-disease/va.csv"},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(analysistest.Shared(t, "reference", "clinical", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var ref struct{ Describe reference }
			if err := json.Unmarshal(b, &ref); err != nil {
				t.Fatal(err)
			}
			compareReference(t, ref.Describe, files)
		})
	}
}

func compareReference(t *testing.T, ref reference, files []string) {
	var paths []string
	for _, f := range files {
		paths = append(paths, analysistest.Shared(t, "clinical", f))
	}
	s := analysistest.Guess(t, paths...)
	var sites []table.Table
	for _, p := range paths {
		sites = append(sites, analysistest.CSV(t, p, s))
	}
	if len(sites) == 1 {
		sites = analysistest.Deal(sites[0], 3)
	}
	res := analysistest.Drive(t, New(), analysis.Params{"variables": numeric(s, "")}, s, sites...)
	seen := 0
	for name, want := range ref {
		variable := ""
		for _, v := range s {
			if strings.TrimSpace(v.Name) == name && v.Numeric() {
				variable = v.Name
			}
		}
		if variable == "" {
			continue // a variable that the reference made
		}
		seen++
		got := row(t, res, "summary", variable, "")
		if got("n")[0] != want.N || got("missing")[0] != want.Missing {
			t.Errorf("%s: n %v and missing %v, want %v and %v", name, got("n")[0], got("missing")[0], want.N, want.Missing)
		}
		// The reference has 15 digits.
		if !close(got("mean")[0], want.Mean, 1e-14*math.Abs(want.Mean)+near*want.SD) || !close(got("var")[0], want.Var, near*want.Var) || !close(got("sd")[0], want.SD, near*want.SD) {
			t.Errorf("%s: mean %v, var %v, sd %v; want %v, %v, %v", name, got("mean")[0], got("var")[0], got("sd")[0], want.Mean, want.Var, want.SD)
		}
		if want.Skewness != nil && !close(got("skewness")[0], *want.Skewness, 1e-11*math.Max(1, math.Abs(*want.Skewness))) {
			t.Errorf("%s: skewness %v, want %v", name, got("skewness")[0], *want.Skewness)
		}
		for i, label := range []string{"5%", "25%", "50%", "75%", "95%"} {
			if q := row(t, res, "quantiles", variable, "")("estimate")[i]; !close(q, want.Quantiles[label], 1e-14*math.Abs(q)) {
				t.Errorf("%s: quantile %s is %v, want %v", name, label, q, want.Quantiles[label])
			}
		}
	}
	if seen < 3 {
		t.Errorf("compared %d variables only", seen)
	}
}

func close(got, want, tol float64) bool {
	return math.IsNaN(got) && math.IsNaN(want) || math.Abs(got-want) <= tol
}

func numeric(s table.Schema, but string) []string {
	var out []string
	for _, v := range s {
		if v.Numeric() && v.Name != but {
			out = append(out, v.Name)
		}
	}
	return out
}

// row finds the rows of a variable and group in a table, and returns a reader of
// their columns.
func row(t *testing.T, res *analysis.Result, name, variable, group string) func(column string) []float64 {
	t.Helper()
	tab, err := res.Table(name)
	if err != nil {
		t.Fatal(err)
	}
	return func(column string) (out []float64) {
		t.Helper()
		col, err := tab.Column(column)
		if err != nil {
			t.Fatal(err)
		}
		vars, _ := tab.Column("variable")
		groups, err := tab.Column("group")
		for i := range tab.Rows() {
			if vars.Text[i] == variable && (err != nil || groups.Text[i] == group) {
				out = append(out, col.Numbers[i])
			}
		}
		if out == nil {
			t.Fatalf("no row for %s %s", variable, group)
		}
		return out
	}
}
