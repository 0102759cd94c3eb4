package wfdb

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/table"
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
	dir = filepath.Join(filepath.Dir(dir), "shared", "data", "wearable", "ecg")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the real files (../shared/data/wearable/ecg) are not here")
	}
	return dir
}

func read(ctx context.Context, path string) (out []activity.Sample, err error) {
	err = Decoder{}.Decode(ctx, path, func(patient string, s activity.Sample) error {
		if patient != "" || math.IsNaN(s.Value) || math.IsInf(s.Value, 0) {
			return errors.New("a sample that must not be")
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

// The beats of record 100 by their kind, as the MIT-BIH Arrhythmia Database Directory
// counts them.
func TestBeats(t *testing.T) {
	path := filepath.Join(real(t), "100.atr")
	counts, beats := map[int]int{}, 0
	err := readAnnotations(t.Context(), path, 360, func(a annotation) error {
		if a.beat() {
			counts[a.kind]++
			beats++
		}
		return nil
	})
	if err != nil || beats != 2273 || counts[1] != 2239 || counts[8] != 33 || counts[5] != 1 {
		t.Errorf("%d beats, %v; %v; want 2273: 2239 normal, 33 atrial, 1 ventricular", beats, counts, err)
	}
}

// Of the 2273 beats come 2272 intervals, of which those count whose two beats are normal:
// 2204, as counting pairs in the annotations by hand gives. The mean of all is 1805 s of
// the record over 2272 intervals.
func TestRecord100(t *testing.T) {
	path := filepath.Join(real(t), "100.hea")
	got, err := read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	pairs, before := 0, false
	err = readAnnotations(t.Context(), filepath.Join(real(t), "100.atr"), 360, func(a annotation) error {
		if a.beat() {
			if now := a.kind == 1; now && before {
				pairs++
			}
			before = a.kind == 1
		}
		return nil
	})
	intervals, rates := of(got, activity.BeatInterval), of(got, activity.HeartRate)
	if err != nil || len(intervals) != pairs || len(rates) != 31 {
		t.Errorf("%d intervals and %d minutes, want %d and 31; %v", len(intervals), len(rates), pairs, err)
	}
	for _, s := range got {
		if s.Time != table.NoTime {
			t.Fatal("a record without a date has a sample with a time")
		}
	}
	for _, s := range rates {
		if s.Value < 65 || s.Value > 90 || s.Duration != 60 { // the mean is 75.5
			t.Errorf("heart rate of a minute: %v", s)
		}
	}
}

// With a base date, samples have times.
func TestDate(t *testing.T) {
	dir := folder(t, "100.hea", "100.dat", "100.atr")
	path := filepath.Join(dir, "100.hea")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dated := strings.Replace(string(data), "360 650000", "360 650000 8:30:00 1/2/1990", 1)
	if err := os.WriteFile(path, []byte(dated), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := read(t.Context(), path)
	const begin = 633861000 // 1990-02-01T08:30:00
	if err != nil || got[len(got)-1].Kind != activity.HeartRate || got[len(got)-1].Time != begin+1800 || got[0].Time != begin {
		t.Errorf("%v, %v; want from %d to the minute from %d", got[0], err, begin, begin+1800)
	}
	for i, s := range of(got, activity.BeatInterval) {
		if s.Time < begin || s.Time >= begin+1806 || i > 0 && s.Time < of(got, activity.BeatInterval)[0].Time {
			t.Fatalf("an interval at %d", s.Time)
		}
	}
}

// folder copies files of the record.
func folder(t testing.TB, names ...string) string {
	from, dir := real(t), t.TempDir()
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The detector finds the beats of record 100 that people found: within 150 ms, as ANSI/AAMI
// EC57 has it, over 99 % of them, and over 99 % of what it finds are beats.
func TestDetector(t *testing.T) {
	dir, alone := real(t), folder(t, "100.hea", "100.dat")
	var want, got []float64
	err := readAnnotations(t.Context(), filepath.Join(dir, "100.atr"), 360, func(a annotation) error {
		if a.beat() {
			want = append(want, a.at)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got = detected(t, filepath.Join(alone, "100.hea"))
	hits, off, off2 := 0, 0.0, 0.0
	for i, k := 0, 0; i < len(want) && k < len(got); {
		switch d := got[k] - want[i]; {
		case math.Abs(d) <= 0.15:
			hits, off, off2, i, k = hits+1, off+d, off2+d*d, i+1, k+1
		case d < 0:
			k++
		default:
			i++
		}
	}
	sensitivity, precision := float64(hits)/float64(len(want)), float64(hits)/float64(len(got))
	mean := off / float64(hits)
	t.Logf("sensitivity %.4f, positive predictive value %.4f, %d found, offset %.4f s sd %.4f", sensitivity, precision, len(got), mean, math.Sqrt(off2/float64(hits)-mean*mean))
	if sensitivity < 0.99 || precision < 0.99 {
		t.Errorf("sensitivity %.4f, positive predictive value %.4f; want 0.99", sensitivity, precision)
	}
	samples, err := read(t.Context(), filepath.Join(alone, "100.hea"))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(of(samples, activity.BeatInterval)); n < 2150 || n > 2272 || len(of(samples, activity.HeartRate)) != 31 {
		t.Errorf("%d intervals of %d beats", n, len(got))
	}
}
