package crosstab

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/table"
)

// reference is a table in the shared reference results, of 15 digits.
type reference struct {
	Counts   [][]float64
	ChiSq    float64  `json:"chisq"`
	Df       float64  `json:"df"`
	P        float64  `json:"p"`
	Yates    float64  `json:"chisq_yates_if_2x2"`
	YatesP   float64  `json:"p_yates_if_2x2"`
	FisherP  float64  `json:"fisher_p"`
	OddsRate *float64 `json:"odds_ratio_conditional_mle"`
}

func TestReinisPairs(t *testing.T) {
	var pairs map[string]reference
	read(t, "reinis_pairwise_tables.json", &pairs)
	if len(pairs) != 15 {
		t.Fatalf("%d tables, want 15", len(pairs))
	}
	path := analysistest.Shared(t, "clinical", "crosssectional", "reinis.csv")
	s := analysistest.Guess(t, path)
	x := analysistest.CSV(t, path, s)
	for name, ref := range pairs {
		rows, columns, _ := strings.Cut(name, "|")
		ref.compare(t, s, rows, columns, analysistest.Deal(x, 6)...)
	}
}

func TestHeartDiseaseOverItsFourHospitals(t *testing.T) {
	var ref struct {
		Sex reference `json:"sex_by_y"`
		CP  reference `json:"cp_by_y"`
	}
	read(t, "heart_disease_4sites.json", &ref)
	var paths []string
	for _, h := range []string{"cleveland", "hungarian", "switzerland", "va"} {
		paths = append(paths, analysistest.Shared(t, "clinical", "multisite", "heart-disease", h+".csv"))
	}
	s := analysistest.Guess(t, paths...)
	var sites []table.Table
	for _, p := range paths {
		site := analysistest.CSV(t, p, s)
		num := site.Numbers("num")
		for i, x := range num {
			if x > 1 {
				num[i] = 1 // the reference's y: any disease
			}
		}
		sites = append(sites, site)
	}
	ref.Sex.compare(t, s, "sex", "num", sites...)
	ref.CP.compare(t, s, "cp", "num", sites...)
}

func TestBirthWeightAndCholesterol(t *testing.T) {
	for _, c := range []struct{ file, data, key, rows, columns string }{
		{"birthwt.json", "birthwt.csv", "low_by_smoke", "smoke", "low"},
		{"nhanes.json", "nhanes_2009_2010_cholesterol.csv", "hichol_by_race", "race", "HI_CHOL"},
	} {
		var all map[string]json.RawMessage
		read(t, c.file, &all)
		var ref reference
		if err := json.Unmarshal(all[c.key], &ref); err != nil {
			t.Fatal(err)
		}
		path := analysistest.Shared(t, "clinical", "crosssectional", c.data)
		s := analysistest.Guess(t, path)
		ref.compare(t, s, c.rows, c.columns, analysistest.Deal(analysistest.CSV(t, path, s), 3)...)
	}
}

func (ref reference) compare(t *testing.T, s table.Schema, rows, columns string, sites ...table.Table) {
	t.Helper()
	name := rows + " by " + columns
	res := analysistest.Drive(t, New(), analysis.Params{"rows": rows, "columns": columns}, s, sites...)
	counts, err := res.Table("counts")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []float64
	for _, row := range ref.Counts {
		want = append(want, row...)
	}
	for _, n := range counts.Columns[2].Numbers {
		if n > 0 { // the guessed dictionary has levels that nobody has
			got = append(got, n)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%s: counts %v, want %v", name, got, want)
	}
	for i := range got {
		near(t, name+" count", got[i], want[i], 0)
	}
	// Far in the tail a p-value of 1e-140 carries the rounding of its statistic.
	const tol = 1e-11
	v := values(t, res, "tests", "method", pearsonTest, "statistic", "parameter", "p.value")
	near(t, name+" chi-square", v[0], ref.ChiSq, 1e-13)
	near(t, name+" df", v[1], ref.Df, 0)
	near(t, name+" p", v[2], ref.P, tol)
	near(t, name+" Fisher p", values(t, res, "tests", "method", fisherTest, "p.value")[0], ref.FisherP, 1e-9)
	if ref.OddsRate != nil {
		v = values(t, res, "tests", "method", yatesTest, "statistic", "p.value")
		near(t, name+" Yates", v[0], ref.Yates, 1e-13)
		near(t, name+" Yates p", v[1], ref.YatesP, tol)
		near(t, name+" odds ratio", values(t, res, "effects", "term", "odds ratio (conditional, Fisher)", "estimate")[0], *ref.OddsRate, 1e-9)
	} else if x, err := res.Table("effects"); err == nil {
		t.Errorf("%s: a table of %d ratios for a table larger than two by two", name, x.Rows())
	}
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	b, err := os.ReadFile(analysistest.Shared(t, "reference", "clinical", file))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}
