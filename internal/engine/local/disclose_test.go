package local_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/internal/demo"
	"hmsp.center/hmsp/internal/engine/local"
	"hmsp.center/hmsp/plot"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

// demonstrated runs the demonstration's study over its sites and returns each
// analysis as it is opened and as it may be released.
func demonstrated(t *testing.T, rules disclosure.Rules) (before, after map[string]*analysis.Result, suppressed map[string]int) {
	t.Helper()
	s := lung(t)
	raw, err := demo.Files.ReadFile("study.yaml")
	if err != nil {
		t.Fatal(err)
	}
	question, err := study.Parse("study.yaml", raw)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.consortium.Plan(*question, standard.Catalog(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	var tables []table.Table
	for _, name := range s.sites {
		tables = append(tables, s.tables[name])
	}
	findings, err := local.Pooled(t.Context(), p, tables...)
	if err != nil {
		t.Fatal(err)
	}
	before, after, suppressed = map[string]*analysis.Result{}, map[string]*analysis.Result{}, map[string]int{}
	for i, f := range findings {
		out, actions, err := disclosure.Apply(p.Entries[i].Run, f.Result, rules)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		before[f.Name], after[f.Name] = f.Result, out
		for _, a := range actions {
			suppressed[f.Name] += a.Suppressed
		}
	}
	return before, after, suppressed
}

// TestTheDemonstrationStaysUseful: under the default rules the demonstration's
// study is released, its models and tests whole, and what is hidden is the one
// person of score 3 with what would give that person away.
func TestTheDemonstrationStaysUseful(t *testing.T) {
	before, after, suppressed := demonstrated(t, disclosure.DefaultRules())
	for _, name := range []string{"hazards", "one-year"} {
		for _, table := range []string{"terms", "glance", "vcov"} {
			a, b := cells(t, before[name], table, "term"), cells(t, after[name], table, "term")
			if len(a) == 0 || len(a) != len(b) {
				t.Errorf("%s: the table %s is not whole", name, table)
			}
			for key, row := range a {
				for column, x := range row {
					if y := b[key][column]; x != y && !math.IsNaN(x) {
						t.Errorf("%s %s %s of %q: %v, was %v", name, table, column, key, y, x)
					}
				}
			}
		}
	}
	counts := cells(t, after["sex-and-score"], "counts", "row", "column")
	for key, n := range map[string]float64{"1 0": 36, "2 0": 27, "1 1": 71, "2 1": 42, "2 2": 21, "2 3": 0} {
		if got := counts.at(t, key, "count"); got != n {
			t.Errorf("people of sex and score %s: %v, want %v", key, got, n)
		}
	}
	for _, key := range []string{"1 2", "1 3"} {
		if got := counts.at(t, key, "count"); !math.IsNaN(got) {
			t.Errorf("people of sex and score %s: %v", key, got)
		}
	}
	if tests := cells(t, after["sex-and-score"], "tests", "method"); !(tests.at(t, "Pearson's Chi-squared test", "p.value") > 0) {
		t.Error("no test of sex and score is left")
	}
	summary := cells(t, after["patients"], "summary", "variable")
	if got := summary.at(t, "age", "mean"); got != cells(t, before["patients"], "summary", "variable").at(t, "age", "mean") {
		t.Errorf("mean age %v", got)
	}
	for _, v := range []string{"ph.ecog", "ph.karno", "wt.loss"} {
		if got := summary.at(t, v, "mean"); math.IsNaN(got) {
			t.Errorf("no mean of %s is left", v)
		}
	}
	glance := cells(t, after["survival"], "glance", "strata")
	for group, want := range map[string][2]float64{"sex=1": {270, 280}, "sex=2": {426, 440}} {
		if got := glance.at(t, group, "median"); got < want[0] || got > want[1] {
			t.Errorf("median of %s: %v", group, got)
		}
	}
	for name, n := range suppressed {
		t.Logf("%s: %d figures suppressed or coarser", name, n)
	}
}

// TestEveryAnalysisDisclosesInTheSameWay holds each result of the demonstration
// against the contract of a Discloser: rules that are off change nothing, twice is
// once, the result stays, its figures can be drawn, and hidden figures are in JSON.
func TestEveryAnalysisDisclosesInTheSameWay(t *testing.T) {
	for name, rules := range map[string]disclosure.Rules{
		"off": {}, "default": disclosure.DefaultRules(), "strict": {MinimumCell: 10, PeoplePerParameter: 15}, "rounded": {MinimumCell: 3, Round: 5},
	} {
		t.Run(name, func(t *testing.T) {
			before, after, _ := demonstrated(t, rules)
			for name, r := range after {
				out, err := json.Marshal(r)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if rules == (disclosure.Rules{}) && r != before[name] {
					t.Errorf("%s: changed without a rule", name)
				}
				for _, f := range r.Figures {
					if svg := string(plot.SVG(f, plot.Options{})); !strings.Contains(svg, "<svg") || strings.Contains(svg, "NaN") {
						t.Errorf("%s: figure %s is not drawn", name, f.Name)
					}
				}
				var back analysis.Result
				if err := json.Unmarshal(out, &back); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				for _, x := range r.Tables {
					for _, c := range x.Columns {
						if c.Len() != x.Rows() {
							t.Errorf("%s: column %s of %s has %d of %d rows", name, c.Name, x.Name, c.Len(), x.Rows())
						}
					}
				}
			}
		})
	}
}

func TestEveryAnalysisOfTheCatalogueDiscloses(t *testing.T) {
	params := map[string]analysis.Params{
		"describe": {"variables": []any{"age"}}, "table": {"rows": "sex", "columns": "ph.ecog"}, "correlation": {"variables": []any{"age", "wt.loss"}},
		"linear": {"formula": "wt.loss ~ age"}, "logistic": {"formula": "(status == 2) ~ age"}, "poisson": {"formula": "ph.ecog ~ age"},
		"kaplan-meier": {"formula": "Surv(time, status == 2) ~ sex"}, "cox": {"formula": "Surv(time, status == 2) ~ sex"},
	}
	schema := lung(t).consortium.Charter.Schema()
	for _, a := range standard.Catalog().Analyses {
		run, _, err := a.Start(params[a.About().Name], schema)
		if err != nil {
			t.Fatalf("%s: %v; give it parameters here", a.About().Name, err)
		}
		if _, ok := run.(disclosure.Discloser); !ok {
			t.Errorf("%s does not say how disclosure rules apply to its results", a.About().Name)
		}
	}
	if _, _, err := disclosure.Apply(struct{}{}, &analysis.Result{}, disclosure.DefaultRules()); err == nil || !strings.Contains(err.Error(), "not released") {
		t.Errorf("a result of an analysis that does not say is released: %v", err)
	}
}
