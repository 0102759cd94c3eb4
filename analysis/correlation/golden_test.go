package correlation

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
)

func TestCorrelationsAreRs(t *testing.T) {
	f, err := os.Open("testdata/golden.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	results := map[string]*analysis.Result{}
	for _, want := range lines[1:] {
		data, method, use, level, x, y := want[0], want[1], want[2], want[3], want[4], want[5]
		key := data + " " + method + " " + use + " " + level
		if results[key] == nil {
			path := "testdata/" + data + ".csv"
			s := analysistest.Guess(t, path)
			rows := analysistest.CSV(t, path, s)
			l, err := strconv.ParseFloat(level, 64)
			if err != nil {
				t.Fatal(err)
			}
			p := analysis.Params{"variables": s.Names(), "method": method, "use": use, "conf.level": l}
			results[key] = analysistest.SameWords(t, New(), p, s, rows, analysistest.Deal(rows, 3)...)
		}
		for i, name := range lines[0][6:] {
			if want[6+i] == "NA" {
				continue // R has no interval for ranks, and neither has the table
			}
			w, err := strconv.ParseFloat(want[6+i], 64)
			if err != nil {
				t.Fatal(err)
			}
			// p-values of R's pt and small coefficients carry the rounding of r.
			if got := cell(t, results[key], x, y, name); !(math.Abs(got-w) <= 1e-11*math.Abs(w)+1e-15) {
				t.Errorf("%s: %s of %s and %s is %v, R has %v", key, name, x, y, got, w)
			}
		}
	}
	// Methods C1 lists these two.
	if r := cell(t, results["iris pearson complete 0.95"], "Sepal.Length", "Petal.Length", "estimate"); math.Abs(r-0.87175377588658) > 1e-14 {
		t.Errorf("r of iris is %v", r)
	}
	if r := cell(t, results["iris10 spearman complete 0.95"], "Sepal.Length", "Petal.Length", "estimate"); math.Abs(r-0.88189812643499) > 1e-14 {
		t.Errorf("rank correlation of iris is %v", r)
	}
}

func TestSharedReferenceCorrelations(t *testing.T) {
	for _, c := range []struct{ file, data, key string }{
		{"pima_diabetes.json", "pima_diabetes.csv", "correlations_complete"},
		{"diabetes_progression.json", "diabetes_progression.csv", "correlations"},
		{"prostate.json", "prostate.csv", "correlations"},
	} {
		b, err := os.ReadFile(analysistest.Shared(t, "reference", "clinical", c.file))
		if err != nil {
			t.Fatal(err)
		}
		var all map[string]json.RawMessage
		var ref struct {
			Columns           []string
			Pearson, Spearman [][]float64
		}
		if err := json.Unmarshal(b, &all); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(all[c.key], &ref); err != nil {
			t.Fatal(err)
		}
		path := analysistest.Shared(t, "clinical", "crosssectional", c.data)
		s := analysistest.Guess(t, path)
		rows := analysistest.CSV(t, path, s)
		for method, matrix := range map[string][][]float64{"pearson": ref.Pearson, "spearman": ref.Spearman} {
			if _, _, err := New().Start(analysis.Params{"variables": ref.Columns, "method": method}, s); err != nil {
				if method == "pearson" {
					t.Fatal(err)
				}
				continue // measurements have no ranks here
			}
			res := analysistest.Drive(t, New(), analysis.Params{"variables": ref.Columns, "method": method}, s, analysistest.Deal(rows, 4)...)
			for i, x := range ref.Columns {
				for j, y := range ref.Columns[i+1:] {
					if got, want := cell(t, res, x, y, "estimate"), matrix[i][i+1+j]; math.Abs(got-want) > 1e-13 {
						t.Errorf("%s: %s of %s and %s is %v, want %v", c.file, method, x, y, got, want)
					}
				}
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	s := analysistest.Schema()
	for name, p := range map[string]analysis.Params{
		"one variable":            {"variables": "age"},
		"a variable that is not":  {"variables": []any{"age", "agee"}},
		"a variable twice":        {"variables": []any{"age", "age"}},
		"a category":              {"variables": []any{"age", "sex"}},
		"ranks of a measurement":  {"variables": []any{"age", "bmi"}, "method": "spearman"},
		"a method that is not":    {"variables": []any{"age", "bmi"}, "method": "kendall"},
		"a level beyond its ends": {"variables": []any{"age", "bmi"}, "conf.level": 1},
	} {
		if _, _, err := New().Start(p, s); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func cell(t *testing.T, res *analysis.Result, x, y, column string) float64 {
	t.Helper()
	tab, err := res.Table("correlations")
	if err != nil {
		t.Fatal(err)
	}
	col, err := tab.Column(column)
	if err != nil {
		t.Fatal(err)
	}
	xs, _ := tab.Column("x")
	i := slices.Index(xs.Text, x)
	for ; i >= 0 && i < tab.Rows(); i++ {
		if xs.Text[i] == x && tab.Columns[1].Text[i] == y {
			return col.Numbers[i]
		}
	}
	t.Fatalf("no correlation of %s and %s", x, y)
	return 0
}
