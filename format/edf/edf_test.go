package edf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
	"hmsp.center/hmsp/table"
)

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

func save(t testing.TB, data []byte) string {
	path := filepath.Join(t.TempDir(), "a.edf")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// begin is when the files of the tests begin: 2004-03-02T22:00:00.
const begin = 1078264800

// beat is a heart that beats every 0.8 s: a triangle of 40 ms, in tenths of a unit.
func beat(rate int) func(at int) int {
	return func(at int) int {
		phase := at % (rate * 8 / 10)
		if width := rate / 25; phase < width {
			return 10000 - 20000*max(phase-width/2, width/2-phase)/width
		}
		return 0
	}
}

// night is two minutes of a night at the rate of an electrocardiogram.
func night(sampleBytes int) file {
	const rate = 200
	heart := beat(rate)
	return file{patient: "MCH-0234567 F 02-MAY-1951 Erika_Mustermann", recording: "Startdate 02-MAR-2004 PSG-1234/2004 NN X", day: "02.03.04", clock: "22.00.00",
		reserved: "EDF+C", records: 120, seconds: "1", bytes: sampleBytes, channels: []channel{
			analog("ECG I", "uV", rate, func(r, k int) int { return heart(r*rate + k) }),
			analog("SaO2", "%", 2, func(r, k int) int { return map[bool]int{true: 960, false: 0}[r%2 == 0 || k == 0] }),
			analog("Pulse", "bpm", 1, func(r, k int) int { return 600 }),
			analog("Resp nasal", "", 10, func(r, k int) int { return k }),
			annotated(func(r int) string {
				text := fmt.Sprintf("+%d\x14\x14\x00", r)
				switch r {
				case 0:
					text += "+0\x14Lights off\x14\x00+0\x1530\x14Sleep stage W\x14\x00"
				case 30:
					text += "+30\x1530\x14Sleep stage 2\x14Arousal\x14\x00"
				case 60:
					text += "+60\x14Sleep stage R\x14\x00"
				case 90:
					text += "+90\x14Sleep stage ?\x14\x00+119\x14Lights on\x14\x00"
				}
				return text
			}),
		}}
}

// What is written is read: beats, saturation without the drop-outs, stages.
func TestNight(t *testing.T) {
	for _, sampleBytes := range []int{2, 3} {
		f := night(sampleBytes)
		if sampleBytes == 3 {
			f.channels[4].label = "BDF Annotations"
		}
		got, err := read(t.Context(), save(t, f.write()))
		if err != nil {
			t.Fatal(err)
		}
		intervals := of(got, activity.BeatInterval)
		if len(intervals) < 145 || len(intervals) > 149 {
			t.Errorf("%d intervals of 150 beats", len(intervals))
		}
		for _, s := range intervals {
			if math.Abs(s.Value-0.8) > 0.006 || s.Time < begin || s.Time > begin+120 {
				t.Fatalf("interval %v, want 0.8 s", s)
			}
		}
		for kind, want := range map[activity.Kind][]activity.Sample{
			activity.Oxygen: {{Kind: activity.Oxygen, Time: begin, Duration: 60, Value: 96}, {Kind: activity.Oxygen, Time: begin + 60, Duration: 60, Value: 96}},
			activity.Asleep: {{Kind: activity.Asleep, Time: begin, Duration: 30, Value: 0}, {Kind: activity.Asleep, Time: begin + 30, Duration: 30, Value: 1},
				{Kind: activity.Asleep, Time: begin + 60, Duration: 30, Value: 1}},
			activity.InBed:     {{Kind: activity.InBed, Time: begin, Duration: 119, Value: 1}},
			activity.HeartRate: {{Kind: activity.HeartRate, Time: begin, Duration: 60, Value: 75}, {Kind: activity.HeartRate, Time: begin + 60, Duration: 60, Value: 75}},
		} {
			g := of(got, kind)
			if len(g) != len(want) {
				t.Errorf("kind %d: %v, want %v", kind, g, want)
				continue
			}
			for i := range want {
				if math.Abs(g[i].Value-want[i].Value) > 0.05 {
					t.Errorf("%v, want %v", g[i], want[i])
				}
				if g[i].Value = want[i].Value; g[i] != want[i] {
					t.Errorf("%v, want %v", g[i], want[i])
				}
			}
		}
	}
}

// In EDF+D a record is where its first annotation says; no interval goes over a gap.
func TestDiscontinuous(t *testing.T) {
	f := night(2)
	f.reserved = "EDF+D"
	f.channels = []channel{f.channels[0], annotated(func(r int) string {
		if r >= 60 {
			return fmt.Sprintf("+%d.4\x14\x14\x00", 3600+r)
		}
		return fmt.Sprintf("+%d\x14\x14\x00", r)
	})}
	got, err := read(t.Context(), save(t, f.write()))
	if err != nil {
		t.Fatal(err)
	}
	before, after := 0, 0
	for _, s := range of(got, activity.BeatInterval) {
		if math.Abs(s.Value-0.8) > 0.006 {
			t.Errorf("interval %v", s)
		}
		switch at := s.Time - begin; {
		case at >= 0 && at < 60:
			before++
		case at >= 3660 && at < 3721:
			after++
		default:
			t.Errorf("an interval at %d s", at)
		}
	}
	if before < 70 || after < 70 {
		t.Errorf("%d intervals before the gap and %d behind it, want 70 to 74 each", before, after)
	}
}

// A file of annotations alone, as a hypnogram is.
func TestHypnogram(t *testing.T) {
	f := file{day: "01.02.99", clock: "23:30:00", reserved: "EDF+C", records: 1, counted: -1, seconds: "0", bytes: 2, channels: []channel{annotated(func(int) string {
		return "+0\x14\x14\x00+0\x15600\x14Sleep stage W\x14\x00+600\x153000\x14Sleep stage 3\x14\x00"
	})}}
	got, err := read(t.Context(), save(t, f.write()))
	want := []activity.Sample{{Kind: activity.Asleep, Time: 917911800, Duration: 600}, {Kind: activity.Asleep, Time: 917912400, Duration: 3000, Value: 1}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
}

// Three axes give movement, in whatever unit.
func TestAcceleration(t *testing.T) {
	for unit, one := range map[string]int{"g": 10, "m/s2": 98} { // tenths
		axis := func(name string, v int) channel { return analog(name, unit, 10, func(int, int) int { return v }) }
		f := file{day: "02.03.04", clock: "22.00.00", records: 600, seconds: "1", bytes: 2, channels: []channel{axis("Acc X", 0), axis("Acc Y", 2*one), axis("acc_z", 0)}}
		got, err := read(t.Context(), save(t, f.write()))
		if err != nil {
			t.Fatal(err)
		}
		worn := of(got, activity.Worn)
		if len(worn) != 1 || worn[0].Value != 0 || worn[0].Duration != 600 || len(of(got, activity.Acceleration)) != 0 {
			t.Errorf("%s: what does not move is worn: %v", unit, worn)
		}
		f.channels[0] = analog("Acc X", unit, 10, func(r, k int) int { return (r + k) % 2 * one })
		f.channels[2] = analog("Acc Z", unit, 10, func(r, k int) int { return (r + k) % 2 * one })
		if got, err = read(t.Context(), save(t, f.write())); err != nil {
			t.Fatal(err)
		}
		moved := of(got, activity.Acceleration)
		if want := 1000 * ((1 + math.Sqrt(6) - 1) / 2); len(moved) != 120 || math.Abs(moved[3].Value-want) > 0.01*want {
			t.Errorf("%s: %d windows, %v; want 120 of %.0f mg", unit, len(moved), moved[3], want)
		}
	}
}

// A file that has lost its date with its names has no time.
func TestNoDate(t *testing.T) {
	f := night(2)
	f.day, f.recording = "01.01.85", "Startdate X X X X"
	got, err := read(t.Context(), save(t, f.write()))
	if err != nil || len(got) == 0 {
		t.Fatal(err)
	}
	for _, s := range got {
		if s.Time != table.NoTime {
			t.Fatalf("%v has a time", s)
		}
	}
}

func TestDates(t *testing.T) {
	for want, f := range map[string]file{
		"1999-02-01": {day: "01.02.99"}, "2084-02-01": {day: "01.02.84"}, "1985-02-01": {day: "01.02.85"},
		"2101-02-01": {day: "01.02.yy", recording: "Startdate 01-FEB-2101 X X X"},
	} {
		f.clock, f.records, f.seconds, f.bytes, f.reserved = "01.02.03", 1, "1", 2, "EDF+C"
		f.channels = []channel{annotated(func(int) string { return "+0\x14\x14\x00" })}
		h, err := readHeader("a.edf", bytes.NewReader(f.write()))
		w, _ := format.ParseTime(want+"T01:02:03", format.ISODate)
		if err != nil || h.begin != w {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// A file that is cut is refused; one that was changed is refused or read.
func TestDamaged(t *testing.T) {
	f := night(2)
	f.records = 10
	data := f.write()
	for at := 1; at < len(data); at += 61 {
		path := save(t, data[:at])
		_, err := read(t.Context(), path)
		var fe *format.Error
		if !errors.As(err, &fe) || fe.File != path || fe.Mend == "" {
			t.Errorf("cut at %d: %v", at, err)
		}
		changed := bytes.Clone(data)
		changed[at] ^= 0x12
		path = save(t, changed)
		if _, err = read(t.Context(), path); err != nil && (!errors.As(err, &fe) || fe.File != path) {
			t.Errorf("changed at %d: %v", at, err)
		}
	}
}

func TestConformance(t *testing.T) {
	o := format.Options{Table: format.MeasurementTable}
	path := save(t, night(2).write())
	all, err := formattest.ReadAll(t.Context(), New(), path, o)
	if err != nil || all.Rows == 0 {
		t.Fatalf("%d rows, %v", all.Rows, err)
	}
	broken := func(name, says string, change func(f *file)) formattest.Broken {
		f := night(2)
		f.records = 3
		change(&f)
		return formattest.Broken{Name: name + ".edf", Data: f.write(), Options: o, Says: says, Canary: "Erika"}
	}
	formattest.Suite(t, New(), []formattest.Sample{{Path: path, Options: o, Columns: format.ClinicalColumns(o.Table), Rows: all.Rows}}, []formattest.Broken{
		broken("a", "this is no date", func(f *file) { f.day = "Erika" }),
		broken("b", "no time as hh.mm.ss", func(f *file) { f.clock = "Erika" }),
		broken("c", "no number of seconds", func(f *file) { f.seconds = "Erika" }),
		broken("d", "has no range of values", func(f *file) { f.channels[1].digital[1] = f.channels[1].digital[0] }),
		broken("e", "ends within this record", func(f *file) { f.counted = 4 }),
		broken("f", "goes on behind the records", func(f *file) { f.counted = 2 }),
		broken("g", "no time-stamped annotations", func(f *file) { f.channels[4].lists = func(int) string { return "Erika\x14\x14\x00" } }),
		broken("h", "this is no whole number", func(f *file) { f.channels[0].label = "ECG"; f.counted = -7 }),
	})
}

// Whatever is read ends, with samples or an error, and never in a panic.
func FuzzDecode(f *testing.F) {
	n := night(2)
	n.records = 2
	f.Add(n.write())
	n = night(3)
	n.records, n.reserved, n.channels = 2, "EDF+D", n.channels[3:]
	f.Add(n.write())
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = Decoder{}.Sniff(data, "a.edf")
		_, _ = read(t.Context(), save(t, data))
	})
}

func FuzzAnnotations(f *testing.F) {
	f.Add([]byte("+0\x14\x14\x00+30\x1530\x14Sleep stage 2\x14Arousal\x14\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := sleep{emit: func(activity.Sample) error { return nil }}
		_ = annotations(data, s.annotation)
	})
}

func BenchmarkNight(b *testing.B) {
	f := night(2)
	f.records = 3600
	data := f.write()
	path := save(b, data)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := read(b.Context(), path); err != nil {
			b.Fatal(err)
		}
	}
}
