package openmhealth

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
)

// shared is a file of the data beside the module; a test without it is skipped.
func shared(t testing.TB, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "data", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the data %s are not here", name)
	}
	return path
}

func write(t testing.TB, name, text string) string {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// dataPoint puts a body under a header.
func dataPoint(schema, version, user, body string) string {
	return `{"header":{"id":"1","creation_date_time":"2016-02-06T07:25:00Z","schema_id":{"namespace":"omh","name":"` + schema + `","version":"` + version +
		`"},"acquisition_provenance":{"source_name":"app","modality":"sensed"},"user_id":"` + user + `"},"body":` + body + "}\n"
}

type document struct {
	Namespace, Schema, Version, Name string
	Valid                            bool
	Data                             json.RawMessage
}

// point makes a data point of a test document, of a schema that is read or a part of one.
func (d document) point() (string, bool) {
	in := func(schema, version, before, after string) (string, bool) {
		return dataPoint(schema, version, "u", before+string(d.Data)+after), true
	}
	moment := `"effective_time_frame":{"date_time":"2013-02-05T07:25:00Z"}`
	switch d.Schema {
	case "data-point":
		return string(d.Data), true
	case "header":
		return `{"header":` + string(d.Data) + `,"body":{"activity_name":"walking"}}`, true
	case "time-frame":
		return in("heart-rate", "1.0", `{"heart_rate":{"value":60,"unit":"beats/min"},"effective_time_frame":`, `}`)
	case "time-interval":
		return in("heart-rate", "1.0", `{"heart_rate":{"value":60,"unit":"beats/min"},"effective_time_frame":{"time_interval":`, `}}`)
	case "mass-unit-value":
		return in("body-weight", "2.0", `{`+moment+`,"body_weight":`, `}`)
	case "duration-unit-value":
		return in("rr-interval", "1.0", `{`+moment+`,"rr_interval":`, `}`)
	case "temperature-unit-value":
		return in("body-temperature", "3.0", `{`+moment+`,"body_temperature":`, `}`)
	case "length-unit-value":
		return in("physical-activity", "1.0", `{"activity_name":"walking",`+moment+`,"distance":`, `}`)
	case "kcal-unit-value":
		return in("physical-activity", "1.2", `{"activity_name":"walking",`+moment+`,"kcal_burned":`, `}`)
	case "descriptive-statistic", "temporal-relationship-to-meal", "temporal-relationship-to-sleep", "temporal-relationship-to-physical-activity", "specimen-source", "blood-specimen-type":
		return in("blood-glucose", "3.0", `{`+moment+`,"blood_glucose":{"value":100,"unit":"mg/dL"},"`+strings.ReplaceAll(d.Schema, "-", "_")+`":`, `}`)
	}
	if reads(d.Schema) {
		return in(d.Schema, d.Version, "", "")
	}
	return in(d.Schema, d.Version, "", "")
}

// TestDocuments: every test document of Open mHealth that is valid is read, and one that is
// not is refused where its schema, or the part that it is, is read.
func TestDocuments(t *testing.T) {
	f, err := os.Open(shared(t, "wearable/openmhealth_testdata.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	path := filepath.Join(t.TempDir(), "p.json")
	lines := bufio.NewScanner(f)
	n, refused, ours := 0, 0, 0
	for lines.Scan() {
		var d document
		if err := json.Unmarshal(lines.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		n++
		text, _ := d.point()
		err := (decoder{}).Decode(t.Context(), writeAt(t, path, text), func(string, activity.Sample) error { return nil })
		if err != nil {
			refused++
		}
		mustRefuse := !d.Valid && (reads(d.Schema) || !strings.Contains(text, `"name":"`+d.Schema+`"`))
		if mustRefuse {
			ours++
		}
		if d.Schema == "data-point" && d.Name == "empty-body.json" { // any body will do for a data point, and not for the schema that it names
			if refused--; err == nil {
				t.Error("an activity without a name is read")
			}
			continue
		}
		if d.Valid && err != nil || mustRefuse && err == nil {
			t.Errorf("%s %s %s: valid %v, error %v", d.Schema, d.Version, d.Name, d.Valid, err)
		}
	}
	if n != 634 || ours < 80 || refused != ours {
		t.Errorf("%d documents, %d to refuse, %d refused", n, ours, refused)
	}
}

func writeAt(t testing.TB, path, text string) string {
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	steps  = `{"step_count":{"value":6000,"unit":"steps"},"effective_time_frame":{"time_interval":{"start_date_time":"2016-02-05T06:00:00+01:00","end_date_time":"2016-02-05T07:00:00+01:00"}}}`
	night  = `{"sleep_duration":{"value":7.5,"unit":"h"},"effective_time_frame":{"time_interval":{"start_date_time":"2016-02-04T22:00:00Z","duration":{"value":8,"unit":"h"}}}}`
	weight = `{"body_weight":{"value":100,"unit":"lb"},"effective_time_frame":{"date_time":"2016-02-05T07:25:00.5-08:00"}}`
)

func sample() string {
	return dataPoint("step-count", "3.0", "a", steps) + dataPoint("sleep-duration", "2.0", "a", night) + dataPoint("body-weight", "2.0", "b", weight) + dataPoint("ambient-sound", "1.0", "b", "{}")
}

func measurements(t testing.TB, path string) map[string]float64 {
	t.Helper()
	b, err := formattest.ReadAll(t.Context(), New(), path, format.Options{Table: "measurement", Columns: []string{"patient", "code", "time", "value"}})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for i := range b.Rows {
		out[strings.Join([]string{b.Columns[0].Text[i], b.Columns[1].Text[i], b.Columns[2].Text[i]}, " ")] = b.Columns[3].Float[i]
	}
	return out
}

func TestValues(t *testing.T) {
	want := map[string]float64{
		"a " + activity.StepsHour + " 2016-02-05T06:00:00": 6000, "a " + activity.StepsDay + " 2016-02-05T00:00:00": 6000,
		"a " + activity.SleepTime + " 2016-02-05T00:00:00": 7.5, "b " + activity.WeightDay + " 2016-02-05T00:00:00": 45.359237,
	}
	list := "[" + strings.ReplaceAll(strings.TrimSpace(sample()), "\n", ",\n") + "]"
	for _, text := range []string{sample(), list} {
		if got := measurements(t, write(t, "p.json", text)); !maps.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
}

func TestSuite(t *testing.T) {
	o := format.Options{Table: format.MeasurementTable}
	broken := func(text, says string) formattest.Broken {
		return formattest.Broken{Name: "x.ndjson", Data: []byte(text), Options: o, Says: says, Canary: "98765"}
	}
	replaced := func(body, old, with string) string {
		return dataPoint("body-weight", "2.0", "u", strings.Replace(body, old, with, 1))
	}
	formattest.Suite(t, New(), []formattest.Sample{
		{Path: write(t, "p.ndjson", sample()), Options: o, Columns: format.ClinicalColumns(format.MeasurementTable), Rows: 4},
		{Path: write(t, "p.json", sample()), Options: format.Options{Table: format.PersonTable}, Columns: format.ClinicalColumns(format.PersonTable), Rows: 2},
	}, []formattest.Broken{
		broken(`{"a":1}`, "does not begin like"),
		broken(sample()[:len(sample())-3], "cut off"),
		broken(`[`+sample()[:len(sample())/4], "cut off"),
		broken(`[`+strings.TrimSpace(dataPoint("x", "1", "u", "{}"))+`] 1`, "more behind"),
		broken(sample()+`{"header":`+strings.Repeat(" ", 3*longest)+`}`, "longer than"),
		broken(replaced(weight, "100", `"98765"`), "type"),
		broken(replaced(weight, `"lb"`, `"98765"`), "unit"),
		broken(replaced(weight, "2016-02-05T", "98765-02-05T"), "RFC 3339"),
	})
}

// TestDamage: a file that is cut off is refused, or gives the points before.
func TestDamage(t *testing.T) {
	text := []byte(sample())
	for n := 1; n < len(text); n++ {
		whole := bytes.HasSuffix(text[:n], []byte("}\n")) || bytes.HasSuffix(text[:n], []byte("}")) && text[n] == '\n'
		_, err := formattest.ReadAll(t.Context(), New(), write(t, "cut.json", string(text[:n])), format.Options{Table: "measurement"})
		if (err == nil) != whole {
			t.Errorf("cut at %d of %d: %v", n, len(text), err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(sample()))
	f.Add([]byte(dataPoint("blood-pressure", "3.0", "u", `{"systolic_blood_pressure":{"value":1,"unit":"mmHg"}}`)))
	path := filepath.Join(f.TempDir(), "fuzz.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := formattest.ReadAll(context.Background(), New(), path, format.Options{Table: "measurement"})
		var known *format.Error
		if err != nil && !errors.As(err, &known) {
			t.Fatal(err)
		}
	})
}
