package site_test

import (
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/format/omop/omoptest"
	"hmsp.center/hmsp/internal/engine/local"
	"hmsp.center/hmsp/internal/site"
	"hmsp.center/hmsp/internal/warehouse"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

// A database that is asked where it is gives what its files give once they are read and
// kept: the same people, with the same values. A change in it is noticed.
func TestInPlaceEqualsKept(t *testing.T) {
	folder := shared(t, "omop", "synthea27nj")
	address := omoptest.Start(t)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("schema", filepath.Base(folder))
	u.RawQuery = q.Encode()
	omoptest.Load(t, u.String(), folder)
	dictionary := table.Schema{
		{Name: "sex", Kind: table.Category, Levels: []table.Level{{Code: "male"}, {Code: "female"}}},
		{Name: "bmi", Kind: table.Number, Unit: "kg/m2", Code: "loinc:39156-5", Min: 8, Max: 100},
		{Name: "cholesterol", Kind: table.Number, Unit: "mmol/L", Code: "loinc:2093-3", Min: 0, Max: 30},
		{Name: "sbp", Kind: table.Number, Unit: "mm[Hg]", Code: "loinc:8480-6", Min: 40, Max: 300},
		{Name: "hypertension", Kind: table.Flag, Code: "snomed:59621000"},
		{Name: "visit", Kind: table.Flag, Code: "omop:9202"},
	}
	text := `hmsp: study/v1
name: place
question: The same?
purpose: research
legal_basis: GDPR Art. 9(2)(j)
dataset: clinic
index: {event: sbp}
variables:
  later: {of: sbp, take: mean, from: 1d}
  visits: {of: visit, take: count, from: -1y, to: 0d, max: 50}
  age: {take: age}
  days: {of: death, take: time, to: 10y}
  died: {of: death, take: event, to: 10y}
cohort: age >= 18 && bmi > 10
analyses:
  - {name: d, analysis: describe, variables: [later, visits, age, days, died, bmi, cholesterol, hypertension]}
  - {name: t, analysis: table, rows: sex, columns: hypertension}
`
	p := planOf(t, text, dictionary)
	var tables []table.Table
	for i, path := range []string{folder, u.String()} {
		r := registry(t)
		d := dataset.File("clinic", path)
		d.InPlace = i == 1
		profile, err := add(t, r, d, dictionary)
		if err != nil {
			t.Fatal(err)
		}
		if profile.People != 28 {
			t.Errorf("%d people", profile.People)
		}
		k, err := r.Open(t.Context(), "clinic", dictionary)
		if err != nil {
			t.Fatal(err)
		}
		defer k.Close()
		if d.InPlace && len(k.Pool.Tables()) > 0 {
			t.Errorf("something of the data is kept: %v", k.Pool.Tables())
		}
		x, done, err := people(t, k, p)
		if err != nil {
			t.Fatal(err)
		}
		defer done.Close()
		tables = append(tables, x)
		if !d.InPlace {
			continue
		}
		omoptest.Exec(t, address, `UPDATE "synthea27nj".measurement SET value_as_number = value_as_number + 1 WHERE measurement_id = (SELECT min(measurement_id) FROM "synthea27nj".measurement WHERE measurement_concept_id = 3004249)`)
		if _, _, err := people(t, k, p); err == nil || !strings.Contains(err.Error(), "changed") {
			t.Errorf("a changed database: %v", err)
		}
	}
	if a, b := tables[0].Rows(), tables[1].Rows(); a != b || a < 10 {
		t.Fatalf("%d and %d people", a, b)
	}
	if a, b := lines(tables[0]), lines(tables[1]); !slices.Equal(a, b) {
		t.Errorf("the files give\n%s\nthe database\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
	}
}

// planOf plans a study over four sites.
func planOf(t *testing.T, text string, dictionary table.Schema) *plan.Plan {
	t.Helper()
	s, err := study.Parse("study.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	cons, err := local.Found("trial", dictionary, charter.DefaultRules(), "a", "b", "c", "d")
	if err != nil {
		t.Fatal(err)
	}
	p, err := cons.Plan(*s, standard.Catalog(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func people(t *testing.T, k *dataset.Kept, p *plan.Plan) (table.Table, io.Closer, error) {
	t.Helper()
	return site.People(t.Context(), k, p, "a", warehouse.Options{})
}

// lines are the rows of a table, sorted.
func lines(t table.Table) []string {
	out := make([]string, t.Rows())
	for _, c := range t.Columns {
		for i := range out {
			if c.Codes != nil {
				out[i] += fmt.Sprintf(" %d", c.Codes[i])
			} else {
				out[i] += fmt.Sprintf(" %.12g", c.Numbers[i])
			}
		}
	}
	slices.Sort(out)
	return out
}
