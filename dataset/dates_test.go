package dataset

import (
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/table"
)

// Dates that can be read in two ways are asked about, and read as a person says.
func TestDatesInTwoReadings(t *testing.T) {
	schema := table.Schema{{Name: "sbp", Kind: table.Integer, Min: 0, Max: 300}}
	d := File("amb", write(t, "amb.csv", "patient_id,seen,sbp\na,03/02/2024,120\nb,04/03/2024,130\n"))
	d.Time = "seen"
	p, err := loader().Propose(t.Context(), d, schema)
	if err != nil || len(p.Asks) != 1 || !strings.Contains(p.Asks[0], "--dates") || p.Dataset.Patient != "patient_id" {
		t.Fatalf("%+v, %v", p, err)
	}
	for dates, want := range map[string]int64{"": 0, "DD/MM/YYYY": 19756, "MM/DD/YYYY": 19784} { // 3 February, 2 March
		d := p.Dataset
		d.Options.Dates = dates
		path := filepath.Join(t.TempDir(), "pool")
		profile, err := loader().Make(t.Context(), d, schema, Build{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		if dates == "" {
			if err := profile.Fits(d); err == nil || !strings.Contains(err.Error(), "is a date that can be read") {
				t.Errorf("without a word about the dates: %v", err)
			}
			continue
		}
		k, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer k.Close()
		h, err := k.History(t.Context(), "sbp")
		if err != nil {
			t.Fatal(err)
		}
		if e, _ := h.Lookup("sbp"); e.Len() != 2 || e.Times[0] != want*table.Day {
			t.Errorf("%s: %v, want day %d", dates, e.Times, want)
		}
	}
}

// The rows of a flat file with times say until when a patient was seen; without an
// event in them nobody would be followed but the dead.
func TestRowsWithTimesAreObservation(t *testing.T) {
	schema := table.Schema{{Name: "sbp", Kind: table.Integer, Min: 0, Max: 300}}
	d := File("seen", write(t, "seen.csv", "pid,day,sbp,died\na,2020-01-01,120,\na,2021-06-30,,\nb,2020-02-01,130,2020-03-01\n"))
	d.Patient, d.Time, d.Death = "pid", "day", "died"
	path := filepath.Join(t.TempDir(), "pool")
	k, err := loader().Keep(t.Context(), d, schema, Build{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	h, err := k.History(t.Context(), "sbp")
	if err != nil {
		t.Fatal(err)
	}
	if h.People() != 2 || h.From[0] != 18262*table.Day || h.To[0] != 18808*table.Day || h.To[1] != 18322*table.Day {
		t.Errorf("from %v to %v", h.From, h.To)
	}
}

// A mapping that names a clinical table alone still means the dictionary's codes, and
// codes are looked for in clinical tables only.
func TestTableOfAMapping(t *testing.T) {
	v := table.Variable{Name: "metformin", Kind: table.Flag, Code: "atc:A10BA02"}
	m := mapper{dataset: Dataset{Mapping: map[string]Source{"metformin": {Table: "drug"}}}, tables: []format.TableInfo{{Name: "drug"}, {Name: "Observation"}}}
	s, problems := m.selection(v)
	if len(problems) > 0 || !s.coded || len(s.codes) != 1 || s.tables[0] != "drug" {
		t.Errorf("%+v, %v", s, problems)
	}
	m.dataset.Mapping["metformin"] = Source{Table: "Observation", Events: []string{"atc:A10BA02"}}
	if _, problems := m.selection(v); len(problems) != 1 || !strings.Contains(problems[0].Mend, "drug") {
		t.Errorf("codes in a resource type: %v", problems)
	}
}
