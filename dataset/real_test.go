package dataset

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"hmsp.center/hmsp/table"
)

func shared(t *testing.T, parts ...string) string {
	path := filepath.Join(append([]string{root(t), "..", "shared", "data", "clinical"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the shared data is not here: %v", err)
	}
	return path
}

func mean(xs []float64) (mean float64, n int) {
	for _, x := range xs {
		if !math.IsNaN(x) {
			mean += x
			n++
		}
	}
	return mean / float64(n), n
}

// NCCTG lung, as R's summary(lung) counts it.
func TestLung(t *testing.T) {
	path := shared(t, "survival", "lung.csv")
	s, ignored, err := loader().Infer(t.Context(), path)
	if err != nil || len(ignored) > 0 || len(s) != 10 {
		t.Fatalf("%v %v %v", s, ignored, err)
	}
	tab, err := loader().Load(t.Context(), File("lung", path), s)
	if err != nil {
		t.Fatal(err)
	}
	if m, n := mean(tab.Numbers("age")); tab.Rows() != 228 || n != 228 || math.Abs(m-62.44737) > 1e-5 {
		t.Errorf("%d rows, mean age %v of %d; R has 228 and 62.44737", tab.Rows(), m, n)
	}
	if _, n := mean(tab.Numbers("meal.cal")); n != 228-47 {
		t.Errorf("meal.cal: %d values; R has 47 missing", n)
	}
	for name, kind := range map[string]table.Kind{"inst": table.Integer, "ph.ecog": table.Integer, "sex": table.Integer, "wt.loss": table.Integer} {
		if v, ok := s.Lookup(name); !ok || v.Kind != kind {
			t.Errorf("%s: %v", name, v)
		}
	}
}

// The four hospitals of the UCI heart data under one schema; counts of the data's
// description.
func TestHeartDisease(t *testing.T) {
	rows := map[string]int{"cleveland": 303, "hungarian": 294, "switzerland": 123, "va": 200}
	var paths []string
	for site := range rows {
		paths = append(paths, shared(t, "multisite", "heart-disease", site+".csv"))
	}
	s, ignored, err := loader().Infer(t.Context(), paths...)
	if err != nil || len(ignored) > 0 || len(s) != 14 {
		t.Fatalf("%v %v %v", s, ignored, err)
	}
	if v, _ := s.Lookup("oldpeak"); v.Kind != table.Number || v.Min != -2.6 || v.Max != 6.2 {
		t.Errorf("oldpeak: %+v, want -2.6..6.2", v)
	}
	if v, _ := s.Lookup("num"); v.Kind != table.Integer || v.Min != 0 || v.Max != 4 {
		t.Errorf("num: %+v, want 0..4", v)
	}
	for site, n := range rows {
		d := File(site, shared(t, "multisite", "heart-disease", site+".csv"))
		tab, err := loader().Load(t.Context(), d, s)
		if err != nil || tab.Rows() != n {
			t.Errorf("%s: %d rows, %v; want %d", site, tab.Rows(), err, n)
		}
	}
	d := File("cleveland", shared(t, "multisite", "heart-disease", "cleveland.csv"))
	sex := table.Schema{{Name: "sex", Kind: table.Category, Levels: []table.Level{{Code: "0", Label: "female"}, {Code: "1", Label: "male"}}}}
	tab, err := loader().Load(t.Context(), d, sex) // the file writes 1.0
	men := 0
	for _, c := range tab.Codes("sex") {
		men += int(c)
	}
	if err != nil || men != 206 {
		t.Errorf("cleveland: %d men, %v; UCI has 206", men, err)
	}
}

// DataSHIELD's CNSIM: spaces around names, a first column without one.
func TestCNSIM(t *testing.T) {
	rows := map[string]int{"CNSIM1": 2163, "CNSIM2": 3088, "CNSIM3": 4128}
	var paths []string
	for name := range rows {
		paths = append(paths, shared(t, "multisite", "datashield", name+".csv"))
	}
	s, _, err := loader().Infer(t.Context(), paths...)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"column_1", "LAB_TSC", "LAB_HDL", "LAB_GLUC_ADJUSTED", "PM_BMI_CONTINUOUS", "GENDER"} {
		if s.Index(name) < 0 {
			t.Errorf("no variable %q in %v", name, s.Names())
		}
	}
	for name, n := range rows {
		tab, err := loader().Load(t.Context(), File(name, shared(t, "multisite", "datashield", name+".csv")), s)
		if err != nil || tab.Rows() != n {
			t.Errorf("%s: %d rows, %v; want %d", name, tab.Rows(), err, n)
		}
	}
}

// Chronic granulomatous disease: several rows of one patient.
func TestCGD(t *testing.T) {
	path := shared(t, "multisite", "cgd_13centers.csv")
	s, ignored, err := loader().Infer(t.Context(), path)
	if err != nil || len(ignored) > 0 {
		t.Fatal(ignored, err)
	}
	if v, _ := s.Lookup("treat"); v.Kind != table.Category || len(v.Levels) != 2 || v.Levels[0].Code != "placebo" {
		t.Errorf("treat: %+v", v)
	}
	d := File("cgd", path)
	d.Patient = "id"
	tab, err := loader().Load(t.Context(), d, s)
	if err != nil || tab.Rows() != 203 || tab.People() != 128 {
		t.Errorf("%d rows, %d people, %v; want 203 and 128", tab.Rows(), tab.People(), err)
	}
	if v, _ := s.Lookup("center"); len(v.Levels) != 13 {
		t.Errorf("%d centres, want 13", len(v.Levels))
	}
}
