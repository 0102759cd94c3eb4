package gpx

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
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
	dir = filepath.Join(filepath.Dir(dir), "shared", "data", "wearable", "gpx")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the real files (../shared/data/wearable/gpx) are not here")
	}
	return dir
}

func read(ctx context.Context, path string) (out []activity.Sample, err error) {
	err = Decoder{}.Decode(ctx, path, func(patient string, s activity.Sample) error {
		if patient != "" || math.IsNaN(s.Value) || math.IsInf(s.Value, 0) || s.Duration < 0 {
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

func sum(samples []activity.Sample) (x float64) {
	for _, s := range samples {
		x += s.Value
	}
	return x
}

func write(t testing.TB, data []byte) string {
	path := filepath.Join(t.TempDir(), "a.gpx")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A file that is cut is refused, and one that was changed is refused or read, with numbers.
func TestDamaged(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(real(t), "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, whole := range paths {
		data, err := os.ReadFile(whole)
		if err != nil {
			t.Fatal(err)
		}
		for at := 1; at < len(data)-2; at += 1 + len(data)/20 {
			path := write(t, data[:at])
			_, err := read(t.Context(), path)
			var fe *format.Error
			if !errors.As(err, &fe) || fe.File != path || fe.Mend == "" {
				t.Errorf("%s cut at %d: %v", filepath.Base(whole), at, err)
			}
			changed := slices.Clone(data)
			changed[at] ^= 0x10
			path = write(t, changed)
			if _, err = read(t.Context(), path); err != nil && (!errors.As(err, &fe) || fe.File != path) {
				t.Errorf("%s changed at %d: %v", filepath.Base(whole), at, err)
			}
		}
	}
}

func conforms(t *testing.T, names []string, broken []formattest.Broken) {
	o := format.Options{Table: format.MeasurementTable}
	var samples []formattest.Sample
	for _, name := range names {
		path := filepath.Join(real(t), name)
		all, err := formattest.ReadAll(t.Context(), New(), path, o)
		if err != nil || all.Rows == 0 {
			t.Fatalf("%s: %d rows, %v", name, all.Rows, err)
		}
		samples = append(samples, formattest.Sample{Path: path, Options: o, Columns: format.ClinicalColumns(o.Table), Rows: all.Rows})
	}
	for i := range broken {
		broken[i].Options = o
	}
	formattest.Suite(t, New(), samples, broken)
}

// Whatever is read ends, with samples or an error, and never in a panic.
func FuzzDecode(f *testing.F) {
	for _, s := range seeds() {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { _, _ = read(t.Context(), write(t, data)) })
}

func seeds() []string {
	return []string{
		`<gpx><trk><trkseg><trkpt lat="1" lon="2"><time>2024-01-01T08:00:00Z</time><speed>1</speed></trkpt><trkpt lat="1.001" lon="2"><time>2024-01-01T08:01:00Z</time></trkpt></trkseg></trk></gpx>`,
		`<gpx><wpt lat="1" lon="2"><time>2024-01-01T08:00:00Z</time><extensions><hr>100</hr></extensions></wpt><rte><rtept lat="1" lon="2"/></rte></gpx>`,
	}
}

// What is in each of the real files, as Python's ElementTree and its haversine tell it.
func TestRealFiles(t *testing.T) {
	dir := real(t)
	for name, want := range map[string]struct {
		rates, speeds int
		distance      float64
	}{
		"cerknicko-jezero.gpx":          {distance: 4575.018953},
		"gpx1.1_with_all_fields.gpx":    {},
		"gpx_with_garmin_extension.gpx": {rates: 1},
		"track-with-extremes.gpx":       {},
		"track_with_speed.gpx":          {speeds: 3, distance: 18.644167},
	} {
		got, err := read(t.Context(), filepath.Join(dir, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if r, s, d := len(of(got, activity.HeartRate)), len(of(got, activity.Speed)), sum(of(got, activity.Distance)); r != want.rates || s != want.speeds || math.Abs(d-want.distance) > 1e-5 {
			t.Errorf("%s: %d heart rates, %d speeds, %.6f m; want %v", name, r, s, d, want)
		}
	}
	got, err := read(t.Context(), filepath.Join(dir, "track_with_speed.gpx"))
	if err != nil || got[0] != (activity.Sample{Kind: activity.Speed, Time: 1236002752, Value: 1.2}) { // 2009-03-02T14:05:52
		t.Errorf("first sample %v, %v", got[0], err)
	}
}

func TestConformance(t *testing.T) {
	gpx := func(inner string) []byte { return []byte("<gpx><trk><trkseg>" + inner + "</trkseg></trk></gpx>") }
	conforms(t, []string{"cerknicko-jezero.gpx", "track_with_speed.gpx"}, []formattest.Broken{
		{Name: "a.gpx", Data: []byte("<gpx><trk>"), Says: "cut short"},
		{Name: "b.gpx", Data: []byte("<kml/>"), Says: "does not begin like a file of the format gpx"},
		{Name: "c.gpx", Data: gpx(`<trkpt lat="Erika" lon="2"/>`), Says: "no coordinates in degrees", Canary: "Erika"},
		{Name: "d.gpx", Data: gpx(`<trkpt lat="1" lon="2"><time>Erika</time></trkpt>`), Says: "this is no time", Canary: "Erika"},
		{Name: "e.gpx", Data: gpx(`<trkpt lat="1" lon="2"><speed>Erika</speed></trkpt>`), Says: "this is no number", Canary: "Erika"},
		{Name: "f.gpx", Data: gpx(`<trkpt lat="1" lon="200"/>`), Says: "no coordinates in degrees"},
	})
}

// Coordinates do not leave the package: no sample is near one.
func TestNoCoordinates(t *testing.T) {
	got, err := read(t.Context(), filepath.Join(real(t), "cerknicko-jezero.gpx"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range got {
		if s.Kind != activity.Distance && s.Kind != activity.Speed && s.Kind != activity.HeartRate {
			t.Errorf("a sample of kind %d", s.Kind)
		}
	}
}
