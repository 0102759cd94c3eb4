package tcx

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	dir = filepath.Join(filepath.Dir(dir), "shared", "data", "wearable", "tcx")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the real files (../shared/data/wearable/tcx) are not here")
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
	path := filepath.Join(t.TempDir(), "a.tcx")
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

func conforms(t *testing.T, path string, broken []formattest.Broken) {
	o := format.Options{Table: format.MeasurementTable}
	all, err := formattest.ReadAll(t.Context(), New(), path, o)
	if err != nil || all.Rows == 0 {
		t.Fatalf("%d rows, %v", all.Rows, err)
	}
	samples := []formattest.Sample{{Path: path, Options: o, Columns: format.ClinicalColumns(o.Table), Rows: all.Rows}}
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
	const point = "<Trackpoint><Time>2024-01-01T08:00:00Z</Time><Position><LatitudeDegrees>1</LatitudeDegrees><LongitudeDegrees>2</LongitudeDegrees></Position><HeartRateBpm><Value>100</Value></HeartRateBpm></Trackpoint>"
	return []string{
		activities(point + point),
		"<TrainingCenterDatabase><Courses><Course><Track><Trackpoint/></Track></Course></Courses></TrainingCenterDatabase>",
	}
}

func activities(points string) string {
	return `<TrainingCenterDatabase><Activities><Activity Sport="Running"><Lap StartTime="2024-01-01T08:00:00Z"><TotalTimeSeconds>60</TotalTimeSeconds><Calories>10</Calories><Track>` +
		points + "</Track></Lap></Activity></Activities></TrainingCenterDatabase>"
}

// What is in the real file, as Python's ElementTree tells it.
func TestRealFile(t *testing.T) {
	got, err := read(t.Context(), filepath.Join(real(t), "test_shifted.tcx"))
	if err != nil {
		t.Fatal(err)
	}
	rates, distances, energy := of(got, activity.HeartRate), of(got, activity.Distance), of(got, activity.TotalEnergy)
	if len(rates) != 383 || sum(rates) != 59998 || math.Abs(sum(distances)-4686.31103516) > 1e-6 || sum(energy) != 94+151+134 {
		t.Errorf("%d heart rates that sum to %g, %.6f m, %g kcal; want 383, 59998, 4686.311035, 379", len(rates), sum(rates), sum(distances), sum(energy))
	}
	if first := (activity.Sample{Kind: activity.HeartRate, Time: 1356557393, Value: 62}); rates[0] != first { // 2012-12-26T21:29:53
		t.Errorf("first heart rate %v, want %v", rates[0], first)
	}
}

// Courses are no activities, extensions have the speed, and coordinates the distance where
// no other is.
func TestParts(t *testing.T) {
	point := func(second, lat, more string) string {
		return "<Trackpoint><Time>2024-01-01T08:00:" + second + ".5Z</Time><Position><LatitudeDegrees>" + lat + "</LatitudeDegrees><LongitudeDegrees>0</LongitudeDegrees></Position>" + more + "</Trackpoint>"
	}
	points := point("00", "0", "") + point("10", "0.001", `<Extensions><x:TPX xmlns:x="y"><x:Speed>2.5</x:Speed></x:TPX></Extensions>`) + "<Trackpoint/>"
	text := strings.Replace(activities(points), "<Activities>", "<Courses><Course><Track>"+point("00", "5", "")+point("05", "6", "")+"</Track></Course></Courses><Activities>", 1)
	got, err := read(t.Context(), write(t, []byte(text)))
	want := []activity.Sample{{Kind: activity.Speed, Time: 1704096010, Value: 2.5}, {Kind: activity.Distance, Time: 1704096000, Duration: 10, Value: 111.19508},
		{Kind: activity.TotalEnergy, Time: 1704096000, Duration: 60, Value: 10}}
	if err != nil || len(got) != len(want) {
		t.Fatalf("%v, %v; want %v", got, err, want)
	}
	for i := range want {
		if math.Abs(got[i].Value-want[i].Value) > 1e-4 {
			t.Errorf("%v, want %v", got[i], want[i])
		}
		if got[i].Value = want[i].Value; got[i] != want[i] {
			t.Errorf("%v, want %v", got[i], want[i])
		}
	}
}

func TestConformance(t *testing.T) {
	tcx := func(inner string) []byte { return []byte(activities("<Trackpoint>" + inner + "</Trackpoint>")) }
	conforms(t, write(t, []byte(activities(strings.Repeat("<Trackpoint><Time>2024-01-01T08:00:00Z</Time><HeartRateBpm><Value>100</Value></HeartRateBpm></Trackpoint>\n", 50)))), []formattest.Broken{
		{Name: "a.tcx", Data: []byte("<TrainingCenterDatabase><Activities>"), Says: "cut short"},
		{Name: "b.tcx", Data: []byte("<gpx/>"), Says: "does not begin like a file of the format tcx"},
		{Name: "c.tcx", Data: tcx("<Time>Erika</Time>"), Says: "this is no time", Canary: "Erika"},
		{Name: "d.tcx", Data: tcx("<DistanceMeters>Erika</DistanceMeters>"), Says: "this is no number", Canary: "Erika"},
		{Name: "e.tcx", Data: tcx("<HeartRateBpm><Value>NaN</Value></HeartRateBpm>"), Says: "this is no number"},
	})
}
