package fitbit

import (
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
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

// A row of measurements, by patient, code and time.
type row struct{ patient, code, time string }

func measurements(t testing.TB, path string) map[row]float64 {
	t.Helper()
	b, err := formattest.ReadAll(t.Context(), New(), path, format.Options{Table: "measurement", Columns: []string{"patient", "code", "time", "value"}})
	if err != nil {
		t.Fatal(err)
	}
	out := map[row]float64{}
	c := b.Columns
	for i := range b.Rows {
		r := row{c[0].Text[i], c[1].Text[i], c[2].Text[i]}
		if _, twice := out[r]; twice {
			t.Fatal("two rows of the same code and time")
		}
		out[r] = c[3].Float[i]
	}
	return out
}

// records reads a table with encoding/csv, by column.
func records(t testing.TB, path string) (names map[string]int, rows [][]string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := io.Reader(f)
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	all, err := csv.NewReader(in).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	names = map[string]int{}
	for i, n := range all[0] {
		names[n] = i
	}
	return names, all[1:]
}

func parse(t testing.TB, s string) float64 {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func iso(t testing.TB, s string) string {
	x, ok := (&reader{}).time([]byte(s))
	if !ok {
		t.Fatalf("no time: %q", s)
	}
	return time.Unix(x, 0).UTC().Format("2006-01-02T15:04:05")
}

func two(n int64) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance*(1+math.Abs(b)) }

// TestTables: every value of every table is where it belongs, file by file.
func TestTables(t *testing.T) {
	dir := shared(t, "wearable/fitbit")
	for _, c := range []struct {
		file, time, column, code string
		factor                   float64
	}{
		{"dailyActivity_merged.csv", "ActivityDate", "TotalSteps", "loinc:41950-7", 1},
		{"dailyActivity_merged.csv", "ActivityDate", "Calories", "loinc:41979-6", 1},
		{"dailyActivity_merged.csv", "ActivityDate", "TotalDistance", "loinc:41953-1", 1000},
		{"hourlySteps_merged.csv", "ActivityHour", "StepTotal", "loinc:55423-8", 1},
		{"hourlyCalories_merged.csv", "ActivityHour", "Calories", "loinc:41981-2", 1},
		{"hourlyIntensities_merged.csv", "ActivityHour", "AverageIntensity", "hmsp:activity-level-hour", 1},
		{"sleepDay_merged.csv", "SleepDay", "TotalMinutesAsleep", "loinc:93832-4", 1. / 60},
		{"sleepDay_merged.csv", "SleepDay", "TotalTimeInBed", "hmsp:time-in-bed", 1. / 60},
	} {
		t.Run(c.file+" "+c.column, func(t *testing.T) {
			names, rows := records(t, filepath.Join(dir, c.file))
			got := measurements(t, filepath.Join(dir, c.file))
			for i, r := range rows {
				want := parse(t, r[names[c.column]]) * c.factor
				v, ok := got[row{r[names["Id"]], c.code, iso(t, r[names[c.time]])}]
				if !ok || !near(v, want, 1e-6) {
					t.Fatalf("row %d: %v %v, want %v", i, v, ok, want)
				}
			}
		})
	}
}

// TestWide: an hour's minutes add up to what the hourly table has.
func TestWide(t *testing.T) {
	path := filepath.Join(shared(t, "wearable/fitbit"), "minuteStepsWide_merged.csv.gz")
	names, rows := records(t, path)
	got := measurements(t, path)
	for i, r := range rows {
		want := 0.0
		for m := range int64(60) {
			want += parse(t, r[names["Steps"+two(m)]])
		}
		if v, ok := got[row{r[names["Id"]], "loinc:55423-8", iso(t, r[names["ActivityHour"]])}]; !ok || v != want {
			t.Fatalf("row %d: %v %v, want %v", i, v, ok, want)
		}
	}
}

func TestWeight(t *testing.T) {
	path := filepath.Join(shared(t, "wearable/fitbit"), "weightLogInfo_merged.csv")
	names, rows := records(t, path)
	got := measurements(t, path)
	sums, counts := map[row]float64{}, map[row]float64{}
	for _, r := range rows {
		day := iso(t, r[names["Date"]])[:10] + "T00:00:00"
		k := row{r[names["Id"]], "loinc:29463-7", day}
		sums[k] += parse(t, r[names["WeightKg"]])
		counts[k]++
	}
	if len(got) != len(sums) {
		t.Errorf("%d rows, want %d", len(got), len(sums))
	}
	for k, s := range sums {
		if !near(got[k], s/counts[k], 1e-6) {
			t.Fatalf("%v, want %v", got[k], s/counts[k])
		}
	}
}

// TestFolder: of a folder with the same steps by the day, the hour and the minute nothing
// is counted twice, and the means of the reference come out.
func TestFolder(t *testing.T) {
	dir := shared(t, "wearable/fitbit")
	data, err := os.ReadFile(shared(t, "reference/wearable/fitbit.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Rows  int
		Steps map[string]float64 `json:"mean_daily_steps_per_user"`
		Hours float64            `json:"hourly_total_steps"`
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	f, err := format.DetectSource([]format.Format{New()}, dir)
	if err != nil || f.Name() != "fitbit" {
		t.Fatalf("the folder is not known: %v", err)
	}
	got := measurements(t, dir)
	names, rows := records(t, filepath.Join(dir, "dailyActivity_merged.csv"))
	last := map[string]string{} // of each user: the day of the export, which the minutes have whole and the days do not
	for _, r := range rows {
		id := r[names["Id"]]
		last[id] = max(last[id], iso(t, r[names["ActivityDate"]]))
	}
	sums, counts := map[string]float64{}, map[string]float64{}
	for _, r := range rows {
		id, day := r[names["Id"]], iso(t, r[names["ActivityDate"]])
		table, v := parse(t, r[names["TotalSteps"]]), got[row{id, "loinc:41950-7", day}]
		if day == last[id] {
			v = min(v, table)
		}
		if v < table || v > 1.01*table+20 {
			t.Errorf("steps of a day: %v, and the table has %v", v, table)
		}
		sums[id] += v
		counts[id]++
		worn := 0.0
		for _, c := range []string{"VeryActiveMinutes", "FairlyActiveMinutes", "LightlyActiveMinutes", "SedentaryMinutes"} {
			worn += parse(t, r[names[c]])
		}
		if v := got[row{id, "hmsp:wear-time", day}]; !near(v, min(worn, 1440), 1e-6) {
			t.Errorf("wear time %v, want %v", v, worn)
		}
		if v, want := got[row{id, "hmsp:moderate-to-vigorous-time", day}], parse(t, r[names["VeryActiveMinutes"]])+parse(t, r[names["FairlyActiveMinutes"]]); !near(v, want, 1e-6) {
			t.Errorf("moderate to vigorous %v, want %v", v, want)
		}
	}
	for id, mean := range want.Steps {
		if v := sums[id] / counts[id]; !near(v, mean, 1e-3) {
			t.Errorf("mean of daily steps %v, want %v", v, mean)
		}
	}
	hours := 0.0
	for k, v := range measurements(t, filepath.Join(dir, "hourlySteps_merged.csv")) {
		if k.code == "loinc:55423-8" {
			hours += v
		}
	}
	if hours != want.Hours {
		t.Errorf("steps of all hours: %v, want %v", hours, want.Hours)
	}
}

// TestMeans: the daily table alone has the means of the reference.
func TestMeans(t *testing.T) {
	path := filepath.Join(shared(t, "wearable/fitbit"), "dailyActivity_merged.csv")
	data, err := os.ReadFile(shared(t, "reference/wearable/fitbit.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Users, Rows int
		Steps       map[string]float64 `json:"mean_daily_steps_per_user"`
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	sums, counts, n := map[string]float64{}, map[string]float64{}, 0
	for k, v := range measurements(t, path) {
		if k.code == "loinc:41950-7" {
			sums[k.patient] += v
			counts[k.patient]++
			n++
		}
	}
	if len(sums) != want.Users || n != want.Rows {
		t.Errorf("%d users, %d days; want %d, %d", len(sums), n, want.Users, want.Rows)
	}
	for id, mean := range want.Steps {
		if v := sums[id] / counts[id]; !near(v, mean, 1e-12) {
			t.Errorf("mean of daily steps %v, want %v", v, mean)
		}
	}
}

const (
	dailyText = "Id,ActivityDate,TotalSteps,Calories,VeryActiveMinutes,SedentaryMinutes\n1,4/12/2016,100,2000,10,900\n2,4/12/2016,300,1800,,\n"
	sleepText = "Id,SleepDay,TotalSleepRecords,TotalMinutesAsleep,TotalTimeInBed\n1,4/12/2016 12:00:00 AM,1,327,346\n"
)

func write(t testing.TB, name, text string) string {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSuite(t *testing.T) {
	m := format.ClinicalColumns(format.MeasurementTable)
	o := format.Options{Table: format.MeasurementTable}
	canary := "98765"
	broken := func(text, says string) formattest.Broken {
		return formattest.Broken{Name: "x.csv", Data: []byte(text), Options: o, Says: says, Canary: canary}
	}
	formattest.Suite(t, New(), []formattest.Sample{
		{Path: write(t, "daily.csv", dailyText), Options: o, Columns: m, Rows: 6},
		{Path: write(t, "sleep.csv", sleepText), Options: o, Columns: m, Rows: 3},
		{Path: write(t, "people.csv", dailyText), Options: format.Options{Table: format.PersonTable}, Columns: format.ClinicalColumns(format.PersonTable), Rows: 2},
	}, []formattest.Broken{
		broken("a,b\n1,2\n", "does not begin like"),
		broken("Id,ActivityDate,TotalSteps\n1,4/12/2016\n", "as many fields"),
		broken("Id,ActivityDate,TotalSteps\n1,13/12/2016,98765\n", "no time"),
		broken("Id,ActivityDate,TotalSteps\n1,2/30/2016,98765\n", "no time"),
		broken("Id,ActivityDate,TotalSteps\n1,4/12/2016 1:00:00 AM,98765\n", "begin of a day"),
		broken("Id,ActivityDate,TotalSteps\n,4/12/2016,98765\n", "whose it is"),
		broken("Id,ActivityDate,TotalSteps\n1,4/12/2016,x98765\n", "not a number"),
		broken("Id,ActivityDate,TotalSteps\n1,4/12/2016,-98765\n", "not a number"),
		broken("Id,ActivityHour,StepTotal\n1,4/12/2016 13:00:00 PM,98765\n", "no time"),
		broken("Id,SleepDay,TotalSleepRecords,TotalMinutesAsleep,TotalTimeInBed\n1,4/12/2016,1,98765,346\n", "no less than"),
		broken("Id,date,value,logId\n1,4/12/2016 2:47:30 AM,4,98765\n", "state of sleep"),
		broken("Id,ActivityDate,TotalSteps\n1,\"4/12/2016,98765\n", "does not end on its line"),
	})
}

// TestCut: a file that is cut off in a row is refused, or gives what stands before.
func TestCut(t *testing.T) {
	path := filepath.Join(shared(t, "wearable/fitbit"), "dailyActivity_merged.csv")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for n := 1; n < len(data); n += len(data)/200 + 1 {
		_, err := formattest.ReadAll(t.Context(), New(), write(t, "cut.csv", string(data[:n])), format.Options{Table: "measurement"})
		if err != nil {
			refused++
			var known *format.Error
			if !errors.As(err, &known) || known.File == "" {
				t.Fatalf("cut at %d: %v", n, err)
			}
		}
	}
	if refused < 150 {
		t.Errorf("%d of 200 cuts are refused", refused)
	}
}

func TestTimes(t *testing.T) {
	for text, want := range map[string]string{
		"4/12/2016": "2016-04-12T00:00:00", "4/12/2016 12:00:00 AM": "2016-04-12T00:00:00", "4/12/2016 12:30:01 PM": "2016-04-12T12:30:01",
		"2016-4-12 0:00": "2016-04-12T00:00:00", "2016-4-12 23:59": "2016-04-12T23:59:00", "2016-04-12T07:00:00": "2016-04-12T07:00:00",
	} {
		if got := iso(t, text); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
	for _, text := range []string{"", "4/12", "2016-4", "2016-13-1", "2016-2-30 1:00", "4/12/2016 ", "4/12/2016 1", "4/12/2016 0:00:00 AM", "4/12/2016 1:60", "4/12/2016 1:00:00 XM", "2016-4-", "1-2-3-4"} {
		if _, ok := (&reader{}).time([]byte(text)); ok {
			t.Errorf("%q is taken for a time", text)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{dailyText, sleepText, "Id,ActivityHour,Steps00,Steps59\n1,2016-4-12 1:00,1,2\n", "Id,Time,Value\n1,4/12/2016 7:21:00 AM,97\n", "Id,date,value,logId\n1,4/12/2016 2:47:30 AM,3,11\n"} {
		f.Add([]byte(s))
	}
	path := filepath.Join(f.TempDir(), "fuzz.csv")
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

// TestWrite: what is written is read, with every value in its place.
func TestWrite(t *testing.T) {
	const noon = 1460376000 // 2016-04-11 12:00
	var days, hours, minutes, rates, nights strings.Builder
	for _, err := range []error{
		WriteDays(&days, []Day{{"a,\"b\"", noon - 43200, 100, 1.5, [4]int{10, 20, 30, 900}, 2000}}),
		WriteHours(&hours, []Count{{"a", noon, 70}, {"a", noon - 43200, 30}}),
		WriteMinutes(&minutes, []Count{{"a", noon + 60, 5}, {"a", noon + 47*60, 6}}),
		WriteHeartRates(&rates, []Count{{"a", noon + 61, 80}, {"a", noon + 13*3600, 60}}),
		WriteNights(&nights, []Night{{"a", noon - 43200, 1, 360, 400}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	const day, hour = "2016-04-11T00:00:00", "2016-04-11T12:00:00"
	for _, c := range []struct {
		text string
		want map[row]float64
	}{
		{days.String(), map[row]float64{{"a,\"b\"", "loinc:41950-7", day}: 100, {"a,\"b\"", "loinc:41953-1", day}: 1500, {"a,\"b\"", "loinc:41979-6", day}: 2000,
			{"a,\"b\"", "hmsp:moderate-to-vigorous-time", day}: 30, {"a,\"b\"", "hmsp:wear-time", day}: 960}},
		{hours.String(), map[row]float64{{"a", "loinc:41950-7", day}: 100, {"a", "loinc:55423-8", hour}: 70, {"a", "loinc:55423-8", day}: 30}},
		{minutes.String(), map[row]float64{{"a", "loinc:41950-7", day}: 11, {"a", "loinc:55423-8", hour}: 11}},
		{rates.String(), map[row]float64{{"a", "loinc:8867-4", hour}: 80, {"a", "loinc:8867-4", "2016-04-12T01:00:00"}: 60}},
		{nights.String(), map[row]float64{{"a", "loinc:93832-4", day}: 6, {"a", "hmsp:time-in-bed", day}: 20. / 3, {"a", "hmsp:sleep-efficiency", day}: 90}},
	} {
		got := measurements(t, write(t, "x.csv", c.text))
		for k, v := range c.want {
			if !near(got[k], v, 1e-9) {
				t.Errorf("%v: %v, want %v", k, got[k], v)
			}
		}
	}
	if want := "Id,ActivityMinute,Steps\na,4/11/2016 12:01:00 PM,5\na,4/11/2016 12:47:00 PM,6\n"; minutes.String() != want {
		t.Errorf("%q, want %q", minutes.String(), want)
	}
}

// TestSleepMinutes: a minute's states; two exports of the same night count once.
func TestSleepMinutes(t *testing.T) {
	text := "Id,date,value,logId\n1,4/12/2016 2:47:30 AM,3,11\n1,4/12/2016 2:48:30 AM,2,11\n1,4/12/2016 2:49:30 AM,1,11\n1,4/12/2016 2:50:30 AM,1,11\n"
	dir := t.TempDir()
	for _, name := range []string{"minuteSleep_1.csv", "minuteSleep_2.csv"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := measurements(t, dir)
	if a, b := got[row{"1", "loinc:93832-4", "2016-04-12T00:00:00"}], got[row{"1", "hmsp:time-in-bed", "2016-04-12T00:00:00"}]; !near(a, 2./60, 1e-9) || !near(b, 4./60, 1e-9) {
		t.Errorf("asleep %v h, in bed %v h", a, b)
	}
}

func BenchmarkDecode(b *testing.B) {
	steps := make([]Count, 500000)
	for i := range steps {
		steps[i] = Count{"1503960366", 1460376000 + int64(i)*60, i % 120}
	}
	var text strings.Builder
	if err := WriteMinutes(&text, steps); err != nil {
		b.Fatal(err)
	}
	path := write(b, "minutes.csv", text.String())
	run := func(name string, read func() int) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(text.Len()))
			b.ReportAllocs()
			for b.Loop() {
				if read() == 0 {
					b.Fatal("nothing was read")
				}
			}
		})
	}
	run("ours, to summaries", func() int { return len(measurements(b, path)) })
	run("ours, to samples", func() int {
		n := 0
		if err := (decoder{}).Decode(context.Background(), path, func(string, activity.Sample) error { n++; return nil }); err != nil {
			b.Fatal(err)
		}
		return n
	})
	run("encoding/csv, to records", func() int {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		r, n := csv.NewReader(f), 0
		r.ReuseRecord = true
		for {
			if _, err := r.Read(); err == io.EOF {
				return n
			} else if err != nil {
				b.Fatal(err)
			}
			n++
		}
	})
}
