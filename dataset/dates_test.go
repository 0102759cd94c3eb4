package dataset

import (
	"path/filepath"
	"strings"
	"testing"

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
