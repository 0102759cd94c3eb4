package omop_test

import (
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/csv"
	"hmsp.center/hmsp/format/formattest"
	"hmsp.center/hmsp/format/omop"
	"hmsp.center/hmsp/format/parquet"
)

func reading() omop.Format {
	return omop.Format{Files: []format.Format{csv.Format{}, parquet.Format{}}}
}

// shared finds the data beside the repository.
func shared(t testing.TB, name string) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != "/"; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			path := filepath.Join(dir, "..", "shared", "data", name)
			if _, err := os.Stat(path); err != nil {
				t.Skipf("the shared data %s are not here", name)
			}
			return path
		}
	}
	t.Fatal("no go.mod above")
	return ""
}

// everything asks for every readable column of every table of a source; in short
// tests without the two largest.
func everything(t testing.TB, f omop.Format, path string) map[string][]string {
	t.Helper()
	tables, err := f.Tables(t.Context(), path, format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	for _, table := range tables {
		if testing.Short() && (table.Name == "cdm.concept_relationship" || table.Name == "cdm.concept_ancestor") {
			continue
		}
		d, err := f.Describe(t.Context(), path, format.Options{Table: table.Name})
		if err != nil {
			t.Fatal(err)
		}
		if table.Rows >= 0 && d.Exact && d.Rows != table.Rows {
			t.Errorf("%s: %d and %d rows", table.Name, table.Rows, d.Rows)
		}
		want[table.Name] = []string{}
		for _, c := range d.Columns {
			if c.Kind != format.Unknown {
				want[table.Name] = append(want[table.Name], c.Name)
			}
		}
	}
	return want
}

// cell writes a value so that what is equal reads the same.
func cell(v format.Values, i int) string {
	switch {
	case v.Missing(i):
		return "?"
	case v.Text != nil:
		return v.Text[i]
	case v.Float != nil:
		return strconv.FormatFloat(v.Float[i], 'g', -1, 64)
	case v.Int != nil:
		return strconv.FormatInt(v.Int[i], 10)
	}
	return strconv.FormatBool(v.Bool[i])
}

// read gives each table's rows as texts in the source's order, and the notes.
func read(t testing.TB, f omop.Format, path string, o format.Options, want map[string][]string) (map[string][]string, []string, error) {
	t.Helper()
	r, err := f.OpenTables(t.Context(), path, o, want)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	out := map[string][]string{}
	o = o.Defaults()
	for {
		table, b, err := r.Next()
		if err == io.EOF {
			return out, r.(interface{ Notes() []string }).Notes(), nil
		}
		if err != nil {
			return out, nil, err
		}
		if b.Rows < 1 || b.Rows > o.BatchRows || len(b.Columns) != len(want[table]) {
			t.Fatalf("%s: a batch of %d rows, %d columns", table, b.Rows, len(b.Columns))
		}
		if b.First != len(out[table])+1 {
			t.Fatalf("%s: a batch begins at row %d, want %d", table, b.First, len(out[table])+1)
		}
		for i, c := range r.Columns(table) {
			v := b.Columns[i]
			have := map[format.Kind]int{format.Text: len(v.Text), format.Float: len(v.Float), format.Int: len(v.Int), format.Bool: len(v.Bool)}
			if have[c.Kind] != b.Rows || c.Name != want[table][i] || v.Null != nil && len(v.Null) != b.Rows {
				t.Fatalf("%s.%s (%s): %v values, want %d of %s", table, c.Name, c.Kind, have, b.Rows, want[table][i])
			}
		}
		for i := range b.Rows {
			cells := make([]string, len(b.Columns))
			for k := range cells {
				cells[k] = cell(b.Columns[k], i)
			}
			out[table] = append(out[table], strings.Join(cells, "|"))
		}
	}
}

// sorted is a table's rows as a multiset.
func sorted(rows map[string][]string) map[string][]string {
	for _, r := range rows {
		slices.Sort(r)
	}
	return rows
}

// equal compares all tables of two sources.
func equal(t *testing.T, got, want map[string][]string) {
	t.Helper()
	if a, b := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(a, b) {
		t.Errorf("tables %v\n  want %v", a, b)
	}
	for table := range want {
		if len(got[table]) != len(want[table]) {
			t.Errorf("%s: %d rows, want %d", table, len(got[table]), len(want[table]))
			continue
		}
		for i := range want[table] {
			if got[table][i] != want[table][i] {
				t.Errorf("%s: row %d in order is\n%s, want\n%s", table, i, got[table][i], want[table][i])
				break
			}
		}
	}
}

type reference struct {
	Tables map[string]struct{ Rows, Columns, Persons int }
	Gender map[string]int                        `json:"gender_concept_id"`
	Birth  struct{ Mean, Var, Min, Max float64 } `json:"year_of_birth"`
	Cond   []top                                 `json:"condition_occurrence_top25"`
	Drug   []top                                 `json:"drug_exposure_top25"`
	Proc   []top                                 `json:"procedure_occurrence_top25"`
	Meas   []top                                 `json:"measurement_top25"`
	Era    []top                                 `json:"drug_era_top25"`
	Cohort map[string]json.RawMessage            `json:"cohorts"`
}

type top struct {
	ID      int64 `json:"concept_id"`
	Records int
	Persons int
}

func loadReference(t *testing.T, name string) reference {
	data, err := os.ReadFile(filepath.Join(shared(t, "reference/omop"), name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var out reference
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Every file of the two published data sets is read, and what is read has the rows,
// persons, sexes, births and most frequent concepts that were computed by other
// means.
func TestReference(t *testing.T) {
	for _, name := range []string{"gibleed", "synthea27nj"} {
		t.Run(name, func(t *testing.T) {
			path, ref := shared(t, "omop/"+name), loadReference(t, name)
			f := reading()
			want := everything(t, f, path)
			rows, notes, err := read(t, f, path, format.Options{}, want)
			if err != nil {
				t.Fatal(err)
			}
			for table, r := range ref.Tables {
				columns, ok := want[omop.Raw+table]
				if !ok && testing.Short() {
					continue
				}
				if len(rows[omop.Raw+table]) != r.Rows || len(columns) != r.Columns {
					t.Errorf("%s: %d rows of %d columns, want %d of %d", table, len(rows[omop.Raw+table]), len(columns), r.Rows, r.Columns)
				}
				if k := slices.Index(columns, "person_id"); k >= 0 {
					if n := distinct(rows[omop.Raw+table], k); n != r.Persons {
						t.Errorf("%s: %d persons, want %d", table, n, r.Persons)
					}
				}
			}
			people(t, rows[format.PersonTable], ref)
			frequent(t, rows[format.ConditionTable], 3, ref.Cond)
			frequent(t, rows[format.DrugTable], 3, ref.Drug)
			frequent(t, rows[format.ProcedureTable], 3, ref.Proc)
			frequent(t, rows[format.MeasurementTable][:ref.Tables["measurement"].Rows], 3, ref.Meas)
			if name == "gibleed" {
				frequentRaw(t, rows["cdm.drug_era"], slices.Index(want["cdm.drug_era"], "drug_concept_id"), slices.Index(want["cdm.drug_era"], "person_id"), ref.Era)
				if !slices.Contains(notes, "2649 rows of observation_period are of persons who are not in PERSON") {
					t.Errorf("notes: %q", notes)
				}
			} else if len(notes) > 0 {
				t.Errorf("notes: %q", notes)
			}
		})
	}
}

// The contract's checks that a format of folders can pass: what is no source, and
// noise.
func TestConformance(t *testing.T) { formattest.Suite(t, reading(), nil, nil) }
