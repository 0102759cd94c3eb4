package fit

import (
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
)

// minutes are days of a person: steps and heart rate of each minute, and the nights.
func minutes(begin int64, days int) (out []activity.Sample) {
	rng := rand.New(rand.NewPCG(7, 8))
	for m := range int64(days * 1440) {
		t := begin + 60*m
		if hour := m / 60 % 24; hour >= 7 && hour < 23 {
			out = append(out, activity.Sample{Kind: activity.Steps, Time: t, Duration: 60, Value: float64(rng.IntN(60))})
		} else if m%30 == 0 {
			out = append(out, activity.Sample{Kind: activity.Asleep, Time: t - 1800, Duration: 1800, Value: float64(rng.IntN(2))})
		}
		out = append(out, activity.Sample{Kind: activity.HeartRate, Time: t + 60, Value: float64(50 + rng.IntN(100))})
	}
	return out
}

func byDay(samples []activity.Sample, kind activity.Kind, value func(activity.Sample) float64) map[int64]float64 {
	out := map[int64]float64{}
	for _, s := range of(samples, kind) {
		if end := s.Time + s.Duration; s.Duration > 0 {
			out[(end-1)/86400] += value(s)
		} else {
			out[end/86400] += value(s)
		}
	}
	return out
}

// What is written is read again: the same steps of each day, the same heart rates, the
// same time asleep.
func TestWrite(t *testing.T) {
	want := minutes(1704067200, 3) // 2024-01-01
	path := written(t, want)
	got, err := read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	value := func(s activity.Sample) float64 { return s.Value }
	asleep := func(s activity.Sample) float64 { return s.Value * float64(s.Duration) }
	for _, c := range []struct {
		kind  activity.Kind
		value func(activity.Sample) float64
	}{{activity.Steps, value}, {activity.HeartRate, value}, {activity.Asleep, asleep}} {
		g, w := byDay(got, c.kind, c.value), byDay(want, c.kind, c.value)
		for d, x := range w {
			if g[d] != x {
				t.Errorf("kind %d, day %d: %g, want %g", c.kind, d, g[d], x)
			}
		}
		if len(g) != len(w) {
			t.Errorf("kind %d: %d days, want %d", c.kind, len(g), len(w))
		}
	}
	if !slices.Equal(of(got, activity.HeartRate), of(want, activity.HeartRate)) {
		t.Error("the heart rates are others")
	}
}

func written(t testing.TB, samples []activity.Sample) string {
	var b bytes.Buffer
	if err := Write(&b, samples); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "person.fit")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What cannot be written is refused.
func TestWriteRefuses(t *testing.T) {
	const day = 1704067200
	for name, samples := range map[string][]activity.Sample{
		"nothing":       nil,
		"before 1998":   {{Kind: activity.Steps, Time: 0, Duration: 60, Value: 1}},
		"after 2126":    {{Kind: activity.Steps, Time: 1 << 40, Duration: 60, Value: 1}},
		"half a step":   {{Kind: activity.Steps, Time: day, Duration: 60, Value: 1.5}},
		"steps back":    {{Kind: activity.Steps, Time: day, Duration: 60, Value: -1}},
		"no heart rate": {{Kind: activity.HeartRate, Time: day, Value: math.NaN()}},
		"a kind":        {{Kind: activity.Glucose, Time: day, Value: 100}},
		"order":         {{Kind: activity.Steps, Time: day + 600, Duration: 60, Value: 1}, {Kind: activity.Steps, Time: day, Duration: 60, Value: 1}},
	} {
		if err := Write(io.Discard, samples); err == nil {
			t.Errorf("%s is written", name)
		}
	}
}

// The suite of formats.
func TestConformance(t *testing.T) {
	dir := real(t)
	o := format.Options{Table: format.MeasurementTable}
	sample := func(path string) formattest.Sample {
		all, err := formattest.ReadAll(t.Context(), New(), path, o)
		if err != nil || all.Rows == 0 {
			t.Fatalf("%s: %d rows, %v", path, all.Rows, err)
		}
		return formattest.Sample{Path: path, Options: o, Columns: format.ClinicalColumns(format.MeasurementTable), Rows: all.Rows}
	}
	whole, err := os.ReadFile(filepath.Join(dir, "MonitoringFile.fit"))
	if err != nil {
		t.Fatal(err)
	}
	wrong := bytes.Clone(whole)
	wrong[len(wrong)-1] ^= 1
	formattest.Suite(t, New(), []formattest.Sample{sample(filepath.Join(dir, "MonitoringFile.fit")), sample(filepath.Join(dir, "garmin-fenix-5-walk.fit"))}, []formattest.Broken{
		{Name: "a.fit", Data: whole[:len(whole)-10], Options: o, Says: "cut short"},
		{Name: "b.fit", Data: wrong, Options: o, Says: "the checksum does not fit"},
		{Name: "c.fit", Data: append(bytes.Clone(whole), "Erika Mustermann"...), Options: o, Says: "something else follows", Canary: "Erika"},
		{Name: "d.fit", Data: []byte("Erika,Mustermann\n"), Options: o, Says: "does not begin like a file of the format fit", Canary: "Erika"},
	})
}

// Whatever is read ends, with samples or an error, and never in a panic.
func FuzzDecode(f *testing.F) {
	var b bytes.Buffer
	if err := Write(&b, minutes(1704067200, 1)[:40]); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("\x0e\x10\x00\x00\x00\x00\x00\x00.FIT\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "a.fit")
		if err := os.WriteFile(path, repaired(data), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _ = read(t.Context(), path)
	})
}

func benchmark(b *testing.B, path string) {
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		if _, err := read(b.Context(), path); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkActivity(b *testing.B) {
	benchmark(b, filepath.Join(real(b), "developer-types-sample.fit"))
}

func BenchmarkMonitoring(b *testing.B) { benchmark(b, written(b, minutes(1704067200, 30))) }
