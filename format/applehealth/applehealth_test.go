package applehealth

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
)

// shared is a folder of the data beside the module; a test without it is skipped.
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

// A row of measurements.
type row struct{ patient, code, time string }

func measurements(t testing.TB, path string) map[row]float64 {
	t.Helper()
	b, err := formattest.ReadAll(t.Context(), New(), path, format.Options{Table: "measurement", Columns: []string{"patient", "code", "time", "value"}})
	if err != nil {
		t.Fatal(err)
	}
	out := map[row]float64{}
	for i := range b.Rows {
		out[row{b.Columns[0].Text[i], b.Columns[1].Text[i], b.Columns[2].Text[i]}] = b.Columns[3].Float[i]
	}
	return out
}

// table reads a table of Fitbit's by hour or day, of one user.
func table(t *testing.T, file, user, at, column, layout string) map[string]float64 {
	t.Helper()
	f, err := os.Open(filepath.Join(shared(t, "wearable/fitbit"), file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	var atColumn, valueColumn int
	for i, n := range rows[0] {
		switch n {
		case at:
			atColumn = i
		case column:
			valueColumn = i
		}
	}
	for _, r := range rows[1:] {
		if r[0] != user {
			continue
		}
		x, err := strconv.ParseFloat(r[valueColumn], 64)
		if err != nil {
			t.Fatal(err)
		}
		when, err := time.Parse(layout, r[atColumn])
		if err != nil {
			t.Fatal(err)
		}
		out[when.Format("2006-01-02T15:04:05")] = x
	}
	return out
}

// TestExports: steps, energy and sleep are those of the Fitbit tables of the same users.
func TestExports(t *testing.T) {
	dir := shared(t, "wearable/apple-health")
	files, err := filepath.Glob(filepath.Join(dir, "*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no exports: %v", err)
	}
	for _, file := range files {
		owner, _, _ := strings.Cut(filepath.Base(file), ".")
		user := strings.TrimPrefix(owner, "export_")
		t.Run(owner, func(t *testing.T) {
			got := measurements(t, file)
			compare := func(what, code string, want map[string]float64, factor, tolerance float64) {
				t.Helper()
				n, sum, all := 0, 0.0, 0.0
				for at, v := range want {
					x, ok := got[row{owner, code, at}]
					if all += v * factor; ok {
						n, sum = n+1, sum+x
					}
					if v > 0 && (!ok || math.Abs(x-v*factor) > tolerance*(1+v*factor)) {
						t.Errorf("%s: %v %v, want %v", what, x, ok, v*factor)
					}
				}
				if n == 0 || math.Abs(sum-all) > tolerance*all {
					t.Errorf("%s: the sum is %v of %d, want %v of %d", what, sum, n, all, len(want))
				}
			}
			compare("steps", activity.StepsHour, table(t, "hourlySteps_merged.csv", user, "ActivityHour", "StepTotal", "2006-1-2 15:04"), 1, 1e-12)
			compare("energy", activity.EnergyHour, table(t, "hourlyCalories_merged.csv", user, "ActivityHour", "Calories", "2006-1-2 15:04"), 1, 1e-12)
			compare("sleep", activity.SleepTime, table(t, "sleepDay_merged.csv", user, "SleepDay", "TotalMinutesAsleep", "1/2/2006 3:04:05 PM"), 1./60, 1e-12)
			days := map[string]float64{}
			for at, v := range table(t, "hourlySteps_merged.csv", user, "ActivityHour", "StepTotal", "2006-1-2 15:04") {
				days[at[:10]+"T00:00:00"] += v
			}
			compare("steps of days", activity.StepsDay, days, 1, 1e-12)
			weights := map[string]float64{}
			for at, v := range table(t, "weightLogInfo_merged.csv", user, "Date", "WeightKg", "1/2/2006 3:04:05 PM") {
				weights[at[:10]+"T00:00:00"] = v
			}
			compare("weight", activity.WeightDay, weights, 1, 1e-4)
		})
	}
}

const head = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE HealthData [
<!-- the reader's "own" type -->
<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation)*)>
]>
<HealthData locale="en_US">
 <ExportDate value="2024-01-31 08:00:00 +0100"/>
 <Me HKCharacteristicTypeIdentifierDateOfBirth="1980-05-01" HKCharacteristicTypeIdentifierBiologicalSex="HKBiologicalSexFemale"/>
`

func rec(kind, unit, value, start, end string) string {
	return fmt.Sprintf(" <Record type=\"%s\" sourceName=\"Watch\" device=\"&lt;&lt;HKDevice: 0x1&gt;, name:Apple > Watch\" unit='%s' startDate=\"%s\" endDate=\"%s\" value=\"%s\"/>\n", kind, unit, start, end, value)
}

const quantity, at, later = "HKQuantityTypeIdentifier", "2024-01-30 08:00:00 +0100", "2024-01-30 08:10:00 +0100"

func export(records ...string) string { return head + strings.Join(records, "") + "</HealthData>\n" }

func write(t testing.TB, name, text string) string {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// everything has one record of each kind that is read.
func everything() string {
	night := func(state, from, to string) string {
		return rec("HKCategoryTypeIdentifierSleepAnalysis", "", "HKCategoryValueSleepAnalysis"+state, "2024-01-30 "+from+":00 +0100", "2024-01-30 "+to+":00 +0100")
	}
	return export(
		rec(quantity+"StepCount", "count", "120", at, later),
		strings.Replace(rec(quantity+"StepCount", "count", "100", at, later), "Watch", "Phone", 1),
		rec(quantity+"DistanceWalkingRunning", "km", "0.1", at, later),
		rec(quantity+"ActiveEnergyBurned", "kJ", "41.84", at, later),
		rec(quantity+"BasalEnergyBurned", "kcal", "9", at, later),
		rec(quantity+"FlightsClimbed", "count", "2", at, later),
		rec(quantity+"HeartRate", "count/min", "70", at, at),
		rec(quantity+"RestingHeartRate", "count/min", "55", at, at),
		rec(quantity+"HeartRateVariabilitySDNN", "ms", "42.5", at, at),
		rec(quantity+"BodyMass", "lb", "150", at, at),
		rec(quantity+"OxygenSaturation", "%", "0.97", at, at),
		rec(quantity+"BloodGlucose", "mmol&lt;180.1558800000541&gt;/L", "5", at, at),
		rec(quantity+"BodyTemperature", "degF", "98.6", at, at),
		rec(quantity+"AppleExerciseTime", "min", "5", at, later),
		rec(quantity+"DietaryWater", "mL", "200", at, later),
		"<Correlation type=\"HKCorrelationTypeIdentifierBloodPressure\">\n", rec(quantity+"BloodPressureSystolic", "mmHg", "999", at, at), "</Correlation>\n",
		rec(quantity+"BloodPressureSystolic", "mmHg", "120", at, at), rec(quantity+"BloodPressureDiastolic", "mmHg", "80", at, at),
		night("AsleepCore", "01:00", "03:00"), night("Awake", "03:00", "03:30"), night("AsleepREM", "03:30", "05:00"),
		"<Workout workoutActivityType=\"HKWorkoutActivityTypeRunning\"><MetadataEntry key=\"a\" value=\"b\"/></Workout><!-- <Record --><![CDATA[<Record]]>\n")
}

func wants() map[row]float64 {
	const day, hour = "2024-01-30T00:00:00", "2024-01-30T08:00:00"
	return map[row]float64{
		{"p", activity.StepsDay, day}: 120, {"p", activity.StepsHour, hour}: 120,
		{"p", activity.DistanceDay, day}: 100, {"p", activity.DistanceHour, hour}: 100,
		{"p", activity.EnergyDay, day}: 10, {"p", activity.EnergyHour, hour}: 10,
		{"p", activity.BasalEnergyDay, day}: 9, {"p", activity.FloorsDay, day}: 2,
		{"p", activity.HeartRateHour, hour}: 70, {"p", activity.HeartRateHourLowest, hour}: 70, {"p", activity.HeartRateHourHighest, hour}: 70,
		{"p", activity.WearTime, day}: 60, {"p", activity.HeartRateResting, day}: 55, {"p", activity.SDNN, day}: 42.5,
		{"p", activity.WeightDay, day}: 68.038856, {"p", activity.OxygenDay, day}: 97, {"p", activity.OxygenLowest, day}: 97,
		{"p", activity.GlucoseHour, hour}: 90.07794, {"p", activity.GlucoseDay, day}: 90.07794, {"p", activity.GlucoseMean, hour}: 90.07794,
		{"p", activity.GlucoseLowest, hour}: 90.07794, {"p", activity.GlucoseHighest, hour}: 90.07794,
		{"p", activity.TemperatureDay, day}: 37, {"p", activity.ModerateTime, day}: 5,
		{"p", activity.SystolicDay, day}: 120, {"p", activity.DiastolicDay, day}: 80,
		{"p", activity.SleepTime, day}: 3.5, {"p", activity.InBedTime, day}: 4, {"p", activity.SleepEfficiency, day}: 87.5,
	}
}

func TestEverything(t *testing.T) {
	got, want := measurements(t, write(t, "p.xml", everything())), wants()
	for k, v := range want {
		if math.Abs(got[k]-v) > 1e-5 {
			t.Errorf("%v: %v, want %v", k, got[k], v)
		}
	}
	for k := range got {
		if _, ok := want[k]; !ok {
			t.Errorf("%v stands there too", k)
		}
	}
}

// archive packs an export as the telephone does.
func archive(t testing.TB, name, text string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range [][2]string{{"apple_health_export/export_cda.xml", "<ClinicalDocument/>"}, {name, text}} {
		out, err := w.Create(f[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(out, f[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return write(t, "p.zip", b.String())
}

// TestArchive: the archive reads as its export, in whatever language it is named.
func TestArchive(t *testing.T) {
	want := measurements(t, write(t, "p.xml", everything()))
	for _, name := range []string{"apple_health_export/export.xml", "apple_health_export/Exportación.xml"} {
		if got := measurements(t, archive(t, name, everything())); !maps.Equal(got, want) {
			t.Errorf("%s: other values", name)
		}
	}
	path := archive(t, "apple_health_export/export.xml", everything())
	if f, err := format.Detect([]format.Format{New()}, path); err != nil || f.Name() != "applehealth" {
		t.Errorf("the archive is not known: %v", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, damaged := range [][]byte{data[:len(data)/2], append(bytes.Repeat([]byte{0}, 4), data[4:]...)} {
		_, err := formattest.ReadAll(t.Context(), New(), write(t, "q.zip", string(damaged)), format.Options{Table: "measurement"})
		var known *format.Error
		if !errors.As(err, &known) {
			t.Errorf("a damaged archive: %v", err)
		}
	}
}

// TestFolder: a folder with a folder for each person, one of them with the archive.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	zipped, err := os.ReadFile(archive(t, "apple_health_export/export.xml", everything()))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"a/export.xml": []byte(everything()), "b/export.zip": zipped, "notes.txt": []byte("by hand")} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if f, err := format.DetectSource([]format.Format{New()}, dir); err != nil || f.Name() != "applehealth" {
		t.Errorf("the folder is not known: %v", err)
	}
	people, err := formattest.ReadAll(t.Context(), New(), dir, format.Options{Table: "person", Columns: []string{"patient", "birth", "sex"}})
	if err != nil {
		t.Fatal(err)
	}
	if people.Rows != 2 || people.Columns[0].Text[0] != "a" || people.Columns[0].Text[1] != "b" || people.Columns[1].Text[0] != "1980-05-01" || people.Columns[2].Text[1] != "female" {
		t.Errorf("people: %+v", people)
	}
	if got := measurements(t, dir); len(got) != 2*len(wants()) || got[row{"b", activity.StepsDay, "2024-01-30T00:00:00"}] != 120 {
		t.Errorf("%d rows, want %d", len(got), 2*len(wants()))
	}
	d, err := New().Describe(t.Context(), dir, format.Options{Table: "measurement"})
	if err != nil || len(d.Notes) != 2 {
		t.Errorf("notes %q, %v", d.Notes, err)
	}
}

// TestZones: the clock on the wall tells the hour; a record over a change of zones lasts
// as long as it did.
func TestZones(t *testing.T) {
	got := measurements(t, write(t, "p.xml", export(rec(quantity+"StepCount", "count", "600", "2024-03-31 01:30:00 +0100", "2024-03-31 03:30:00 +0200"))))
	for at, want := range map[string]float64{"2024-03-31T01:00:00": 300, "2024-03-31T02:00:00": 300} {
		if v := got[row{"p", activity.StepsHour, at}]; v != want {
			t.Errorf("%s: %v, want %v", at, v, want)
		}
	}
}

func TestSuite(t *testing.T) {
	o := format.Options{Table: format.MeasurementTable}
	broken := func(text, says string) formattest.Broken {
		return formattest.Broken{Name: "x.xml", Data: []byte(text), Options: o, Says: says, Canary: "98765"}
	}
	steps := rec(quantity+"StepCount", "count", "98765", at, later)
	formattest.Suite(t, New(), []formattest.Sample{
		{Path: write(t, "export.xml", everything()), Options: o, Columns: format.ClinicalColumns(format.MeasurementTable), Rows: len(wants())},
		{Path: write(t, "p.xml", everything()), Options: format.Options{Table: format.PersonTable}, Columns: format.ClinicalColumns(format.PersonTable), Rows: 1},
	}, []formattest.Broken{
		broken("<a/>", "does not begin like"),
		broken(head+steps, "cut off"),
		broken(head+steps[:60], "cut off"),
		broken(export(steps)+"<Record/>", "not one element"),
		broken(export(export()), "not one element"),
		broken(export(strings.Replace(steps, "value=", "other=", 1)), "not a number"),
		broken(export(strings.Replace(steps, "type=", "kind=", 1)), "no type"),
		broken(export(strings.Replace(steps, "98765", "x98765", 1)), "not a number"),
		broken(export(strings.Replace(steps, "'count'", "'98765'", 1)), "this unit"),
		broken(export(strings.Replace(steps, "startDate=\"2024-01-30", "startDate=\"2024-13-30", 1)), "no time"),
		broken(export(strings.Replace(steps, "endDate=\"2024-01-30", "endDate=\"2024-01-3X", 1)), "no time"),
		broken(export(strings.Replace(steps, "sourceName=", "sourceName", 1)), "not as XML"),
		broken(export(rec("HKCategoryTypeIdentifierSleepAnalysis", "", "98765", at, later)), "state of sleep"),
		broken(strings.Replace(export(), "1980-05-01", "98765", 1), "no date"),
		broken(head+"<a "+strings.Repeat("b", longestTag)+"/></HealthData>", "longer than"),
	})
}

// TestDamage: a real export that is cut off is refused wherever it is; changed bytes are
// refused or change a value, without a panic.
func TestDamage(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(shared(t, "wearable/apple-health"), "export_4558609924.xml"))
	if err != nil {
		t.Fatal(err)
	}
	o := format.Options{Table: "measurement"}
	for n := 1; n < len(data)-2; n += len(data) / 40 {
		if _, err := formattest.ReadAll(t.Context(), New(), write(t, "cut.xml", string(data[:n])), o); err == nil {
			t.Errorf("cut at %d of %d: no error", n, len(data))
		}
	}
	for i := range 40 {
		damaged := bytes.Clone(data)
		damaged[(i*7919*101)%len(data)] ^= byte(i + 1)
		_, err := formattest.ReadAll(t.Context(), New(), write(t, "flip.xml", string(damaged)), o)
		var known *format.Error
		if err != nil && !errors.As(err, &known) {
			t.Errorf("byte %d: %v", i, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(everything()))
	f.Add([]byte(export(rec(quantity+"StepCount", "count", "1", at, later))))
	path := filepath.Join(f.TempDir(), "fuzz.xml")
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

// megabytes is an export of records of heart rates and steps, as long as n MB.
func megabytes(b *testing.B, n int) string {
	var text strings.Builder
	text.WriteString(head)
	for i := 0; text.Len() < n<<20; i++ {
		start := time.Unix(1.5e9, 0).UTC().Add(time.Duration(i) * 5 * time.Minute)
		from, to := start.Format("2006-01-02 15:04:05 -0700"), start.Add(4*time.Minute).Format("2006-01-02 15:04:05 -0700")
		text.WriteString(rec(quantity+"StepCount", "count", strconv.Itoa(i%400), from, to))
		text.WriteString(rec(quantity+"HeartRate", "count/min", strconv.Itoa(50+i%90), from, from))
	}
	text.WriteString("</HealthData>\n")
	return write(b, "p.xml", text.String())
}

func BenchmarkDecode(b *testing.B) {
	path := megabytes(b, 64)
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	run := func(name string, read func() int) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(info.Size())
			b.ReportAllocs()
			for b.Loop() {
				if read() == 0 {
					b.Fatal("nothing was read")
				}
			}
		})
	}
	run("ours, to summaries", func() int {
		all, err := formattest.ReadAll(context.Background(), New(), path, format.Options{Table: "measurement"})
		if err != nil {
			b.Fatal(err)
		}
		return all.Rows
	})
	run("ours, to samples", func() int {
		n := 0
		if err := (decoder{}).Decode(context.Background(), path, func(string, activity.Sample) error { n++; return nil }); err != nil {
			b.Fatal(err)
		}
		return n
	})
	run("encoding/xml, to tokens", func() int {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		d, n := xml.NewDecoder(f), 0
		for {
			token, err := d.RawToken()
			if err == io.EOF {
				return n
			}
			if err != nil {
				b.Fatal(err)
			}
			if _, ok := token.(xml.StartElement); ok {
				n++
			}
		}
	})
}
