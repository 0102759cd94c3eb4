package demo_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/internal/demo"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/simulate"
	"hmsp.center/hmsp/study"
)

// What a demonstration prepares is there: its dictionary, each site's data, and studies
// over that dataset.
func TestPrepare(t *testing.T) {
	for _, d := range demo.Demonstrations() {
		t.Run(d.Data, func(t *testing.T) {
			if d.Data == "modalities" {
				t.Skip("its 540 images take a while to make: the command's script shows all of it")
			}
			dir := t.TempDir()
			if err := d.Prepare(t.Context(), dir); err != nil {
				t.Fatal(err)
			}
			paths := []string{d.Dictionary()}
			for _, s := range demo.Sites() {
				for _, source := range d.Sources(s) {
					paths = append(paths, source.Path)
				}
			}
			for _, p := range paths {
				if _, err := os.Stat(filepath.Join(dir, p)); err != nil {
					t.Error(err)
				}
			}
			for _, f := range d.Studies {
				s, err := study.Read(filepath.Join(dir, f))
				if err != nil {
					t.Fatal(err)
				}
				if s.Dataset != d.Sources("east")[0].Dataset {
					t.Errorf("%s is over %s, the sites register %s", f, s.Dataset, d.Sources("east")[0].Dataset)
				}
			}
			if d.Planted() {
				planted(t, d, dir)
			}
		})
	}
}

// planted answers each study with estimates of 2, and looks up what was planted.
func planted(t *testing.T, d demo.Demonstration, dir string) {
	truth, err := simulate.ReadTruth(filepath.Join(dir, "people"))
	if err != nil || truth.People != d.People*len(demo.Sites()) {
		t.Fatalf("%d people, %v", truth.People, err)
	}
	if mapping, err := dataset.ReadFile(filepath.Join(dir, d.Sources("east")[0].Path, "dataset.yaml")); err != nil || mapping.Consent == nil {
		t.Errorf("the mapping of east: %+v, %v", mapping, err)
	}
	terms := []string{"treated", "age", "sexmale", "cholesterol", `I(smoking == "current")TRUE`}
	two := []float64{2, 2, 2, 2, 2}
	table := analysis.Table{Name: "terms", Columns: []analysis.Column{analysis.Text("term", terms...),
		analysis.Nums("estimate", two...), analysis.Nums("conf.low", two...), analysis.Nums("conf.high", two...)}}
	o := receipt.Outcome{Status: receipt.Released}
	for _, name := range []string{"hazards", "who-is-treated", "crude", "adjusted"} {
		o.Analyses = append(o.Analyses, receipt.Finding{Name: name, Result: &analysis.Result{Tables: []analysis.Table{table}}})
	}
	want := map[string]float64{
		"hazard ratio of heart disease, ten years older":        math.Exp(0.6),
		"hazard ratio, men beside women":                        math.Exp(0.5),
		"hazard ratio of heart disease with a statin, adjusted": math.Exp(-0.35),
		"odds ratio of a statin, 20 mg/dL more LDL":             math.Exp(0.5),
	}
	seen := 0
	for _, f := range d.Studies {
		found, err := d.Found(dir, f, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range found {
			if e.Low != e.Estimate || e.Estimate < 2 {
				t.Errorf("%s: %+v", f, e)
			}
			if w, ok := want[e.What]; ok {
				seen++
				if math.Abs(e.Planted-w) > 1e-12 {
					t.Errorf("%s: planted %v, want %v", e.What, e.Planted, w)
				}
			}
		}
	}
	if seen != len(want) {
		t.Errorf("%d of %d effects", seen, len(want))
	}
	if _, err := d.Found(dir, d.Studies[0], receipt.Outcome{Status: receipt.Released}); err == nil {
		t.Error("an answer without its analysis passes")
	}
	if found, err := d.Found(dir, d.Studies[0], receipt.Outcome{}); err != nil || found != nil {
		t.Errorf("a study that was refused: %v, %v", found, err)
	}
}
