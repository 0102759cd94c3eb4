package fit

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
)

// real is the folder of real files; a test without it is skipped.
func real(t testing.TB) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
	}
	dir = filepath.Join(filepath.Dir(dir), "shared", "data", "wearable", "fit")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the real files (../shared/data/wearable/fit) are not here")
	}
	return dir
}

func read(ctx context.Context, path string) (out []activity.Sample, err error) {
	err = Decoder{}.Decode(ctx, path, func(patient string, s activity.Sample) error {
		if patient != "" {
			return errors.New("a patient is told")
		}
		if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) || s.Duration < 0 {
			return errors.New("a sample is not finite")
		}
		out = append(out, s)
		return nil
	})
	return out, err
}

func of(samples []activity.Sample, kind activity.Kind) (out []activity.Sample) {
	for _, s := range samples {
		if s.Kind == kind {
			out = append(out, s)
		}
	}
	return out
}

func sum(samples []activity.Sample) (x float64) {
	for _, s := range samples {
		x += s.Value
	}
	return x
}

// What is read equals the tables of records that another program made of two files.
func TestRecords(t *testing.T) {
	dir := real(t)
	for _, name := range []string{"garmin-edge-820-bike", "garmin-fenix-5-walk"} {
		got, err := read(t.Context(), filepath.Join(dir, name+".fit"))
		if err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(filepath.Join(dir, name+"-records.csv"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		rows, err := csv.NewReader(file).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		rates, speeds, distances := of(got, activity.HeartRate), of(got, activity.Speed), of(got, activity.Distance)
		if len(rates) != len(rows)-1 || len(speeds) != len(rows)-1 {
			t.Fatalf("%s: %d heart rates and %d speeds of %d records", name, len(rates), len(speeds), len(rows)-1)
		}
		far := 0.0
		for i, row := range rows[1:] {
			when, err := time.Parse("Mon Jan 2 15:04:05 MST 2006", row[0])
			if err != nil {
				t.Fatal(err)
			}
			wall := time.Date(when.Year(), when.Month(), when.Day(), when.Hour(), when.Minute(), when.Second(), 0, time.UTC).Unix()
			number := func(s string) float64 {
				x, err := strconv.ParseFloat(s, 64)
				if err != nil {
					t.Fatal(err)
				}
				return x
			}
			if rates[i].Time != wall || rates[i].Value != number(row[1]) || speeds[i].Value != number(row[3]) {
				t.Errorf("%s, record %d: %v %v, want %v", name, i+1, rates[i], speeds[i], row)
			}
			for len(distances) > 0 && distances[0].Time+distances[0].Duration <= wall {
				far, distances = far+distances[0].Value, distances[1:]
			}
			if math.Abs(far-number(row[4])) > 1e-6 {
				t.Errorf("%s, record %d: %g m, want %s", name, i+1, far, row[4])
			}
		}
	}
}

// What is in each of the real files: numbers of samples and sums, as an independent reader
// (fitdecode 0.11) tells them.
func TestRealFiles(t *testing.T) {
	dir := real(t)
	for name, want := range map[string]struct {
		rates, speeds, intervals, steps int
		distance, walked, energy        float64
	}{
		"Activity.fit":                       {speeds: 14, distance: 5.73},
		"MonitoringFile.fit":                 {steps: 79, walked: 3142 + 31, energy: 68 + 1},
		"Settings.fit":                       {},
		"developer-types-sample.fit":         {rates: 3424, speeds: 3424, distance: 6753.99},
		"garmin-edge-820-bike.fit":           {rates: 15, speeds: 15, intervals: 126, distance: 457.12},
		"garmin-fenix-5-walk.fit":            {rates: 17, speeds: 17, intervals: 62, distance: 67.85},
		"sample-activity-indoor-trainer.fit": {rates: 2263},
	} {
		got, err := read(t.Context(), filepath.Join(dir, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if n := [4]int{len(of(got, activity.HeartRate)), len(of(got, activity.Speed)), len(of(got, activity.BeatInterval)), len(of(got, activity.Steps))}; n != [4]int{want.rates, want.speeds, want.intervals, want.steps} {
			t.Errorf("%s: %v heart rates, speeds, intervals, steps; want %v", name, n, want)
		}
		for what, pair := range map[string][2]float64{"distance": {sum(of(got, activity.Distance)), want.distance}, "steps": {sum(of(got, activity.Steps)), want.walked}, "energy": {sum(of(got, activity.Energy)), want.energy}} {
			if math.Abs(pair[0]-pair[1]) > 1e-6 {
				t.Errorf("%s: %s %g, want %g", name, what, pair[0], pair[1])
			}
		}
	}
	path := filepath.Join(dir, "activity-filecrc.fit")
	_, err := read(t.Context(), path)
	refused(t, path, err, "the checksum does not fit")
}

// A monitoring file's times are those of where it was worn: six hours behind UTC here.
func TestLocalTime(t *testing.T) {
	got, err := read(t.Context(), filepath.Join(real(t), "MonitoringFile.fit"))
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2014, 12, 27, 0, 0, 0, 0, time.UTC).Unix()
	for _, s := range got {
		if s.Time < day || s.Time+s.Duration > day+86400 {
			t.Errorf("%v is not of 2014-12-27", s)
		}
	}
}

func refused(t *testing.T, path string, err error, says string) {
	t.Helper()
	var fe *format.Error
	if !errors.As(err, &fe) || fe.File != path || fe.Mend == "" || !strings.Contains(fe.Text, says) {
		t.Errorf("got %v; want a *format.Error that says %q and how to mend it", err, says)
	}
}

// A file that is cut or changed anywhere is refused.
func TestDamaged(t *testing.T) {
	dir := real(t)
	for _, name := range []string{"MonitoringFile.fit", "Activity.fit"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		whole, err := read(t.Context(), filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), name)
		check := func(data []byte, what string, at int) {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := read(t.Context(), path)
			var fe *format.Error
			if err == nil && !slices.Equal(got, whole) || err != nil && (!errors.As(err, &fe) || fe.File != path) {
				t.Errorf("%s, %s at %d: %d samples, %v", name, what, at, len(got), err)
			}
			if err != nil && len(got) > 0 {
				t.Errorf("%s, %s at %d: %d samples of a file that is refused", name, what, at, len(got))
			}
		}
		for at := 1; at < len(data); at += 41 {
			check(data[:at], "cut", at)
			flipped := bytes.Clone(data)
			flipped[at] ^= 0x10
			check(flipped, "changed", at)
		}
	}
}

// Two files in one are read one after the other.
func TestChained(t *testing.T) {
	dir := real(t)
	var both []byte
	var want []activity.Sample
	for _, name := range []string{"garmin-fenix-5-walk.fit", "MonitoringFile.fit"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		one, err := read(t.Context(), filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		both, want = append(both, data...), append(want, one...)
	}
	path := filepath.Join(t.TempDir(), "chained.fit")
	if err := os.WriteFile(path, both, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := read(t.Context(), path); err != nil || !slices.Equal(got, want) {
		t.Errorf("%d samples, want %d; %v", len(got), len(want), err)
	}
	if err := os.WriteFile(path, append(both, 14, 0, 0), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := read(t.Context(), path)
	refused(t, path, err, "cut short")
}
