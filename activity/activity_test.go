package activity

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// gathered is what samples give.
func gathered(samples ...Sample) *Accumulator {
	a := New()
	for _, s := range samples {
		a.Add(s)
	}
	return a
}

// got is the values of a code, by time.
func got(a *Accumulator, code string) map[int64]float64 {
	out := map[int64]float64{}
	for _, s := range a.Summaries() {
		if s.Code == code {
			out[s.Time] = s.Value
		}
	}
	return out
}

// one is the only value of a code.
func one(t *testing.T, a *Accumulator, code string) float64 {
	t.Helper()
	all := got(a, code)
	if len(all) != 1 {
		t.Fatalf("%s: %d values, want 1", code, len(all))
	}
	for _, v := range all {
		return v
	}
	return 0
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > tolerance {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestSources(t *testing.T) {
	for _, c := range []struct {
		name    string
		samples []Sample
		day     float64
	}{
		{"one source adds up", []Sample{{Steps, 0, 60, 50, 0}, {Steps, 60, 60, 70, 0}}, 120},
		{"a watch and a telephone do not", []Sample{{Steps, 0, 600, 500, 1}, {Steps, 30, 600, 450, 2}}, 500},
		{"each hour has its own largest source", []Sample{{Steps, 0, 600, 500, 1}, {Steps, 3600, 600, 450, 2}}, 950},
		{"an hour of the clock is not added to its minutes", []Sample{{Steps, 0, 3600, 500, 1}, {Steps, 60, 60, 450, 1}}, 500},
		{"a day is not added to its hours", []Sample{{Steps, 0, 86400, 500, 1}, {Steps, 3600, 3600, 450, 2}}, 500},
		{"a day twice is a day", []Sample{{Steps, 0, 86400, 500, 1}, {Steps, 0, 86400, 500, 1}}, 500},
		{"the hours may be more than the day", []Sample{{Steps, 0, 86400, 500, 1}, {Steps, 3600, 3600, 650, 2}}, 650},
	} {
		t.Run(c.name, func(t *testing.T) { near(t, "steps", one(t, gathered(c.samples...), StepsDay), c.day, 0) })
	}
}

// TestSpread: what lasts over hours is spread, and nothing is lost.
func TestSpread(t *testing.T) {
	a := gathered(Sample{Steps, 3600 - 600, 3600 + 1200, 8001, 0})
	near(t, "first hour", got(a, StepsHour)[0], 8001*600./4800, 1e-6)
	near(t, "third hour", got(a, StepsHour)[7200], 8001*600./4800, 1e-6)
	near(t, "day", one(t, a, StepsDay), 8001, 0)
	before := gathered(Sample{Steps, -1800, 3600, 10, 0})
	near(t, "the evening before 1970", got(before, StepsDay)[-86400], 5, 0)
}

func TestSleep(t *testing.T) {
	const evening, morning = 22 * 3600, 86400
	a := gathered(
		Sample{Asleep, evening, 3 * 3600, 1, 1}, Sample{Asleep, evening + 3*3600 + 1200, 3 * 3600, 1, 1}, // awake for 20 minutes
		Sample{Asleep, evening, 3600, 0.5, 1},   // said again
		Sample{Asleep, evening, 5 * 3600, 1, 2}, // of another device
		Sample{InBed, evening - 600, 8 * 3600, 1, 3},
		Sample{Asleep, morning + 14*3600, 1800, 1, 1}) // a nap
	near(t, "asleep", got(a, SleepTime)[morning], 6.5, 1e-9)
	near(t, "in bed", got(a, InBedTime)[morning], 8, 1e-9)
	near(t, "efficiency", got(a, SleepEfficiency)[morning], 100*6.5/8, 1e-9)
	if n := len(got(a, SleepTime)); n != 1 {
		t.Errorf("%d days with sleep, want 1: a night is of the morning after", n)
	}
}

func TestHeart(t *testing.T) {
	a := New()
	for h := range int64(12) {
		for i := range int64(6) {
			a.Add(Sample{HeartRate, h*3600 + i*600, 0, float64(50 + 5*h + i%2), 0})
		}
	}
	near(t, "first hour", got(a, HeartRateHour)[0], 50.5, 1e-9)
	near(t, "day", one(t, a, HeartRateDay), 78, 1e-9)
	near(t, "lowest", one(t, a, HeartRateDayLowest), 50, 0)
	near(t, "highest", one(t, a, HeartRateDayHighest), 106, 0)
	near(t, "resting", one(t, a, HeartRateResting), 50.5, 1e-9)
	near(t, "worn", one(t, a, WearTime), 720, 0)
	a.Add(Sample{RestingHeartRate, 0, 0, 47, 0})
	near(t, "resting, as the device says", one(t, a, HeartRateResting), 47, 0)
	if n := len(got(gathered(Sample{HeartRate, 0, 0, 150, 0}), HeartRateDay)); n != 0 {
		t.Error("a run is told of as the mean of a day")
	}
}

// TestVariability: by hand, of intervals 0.8 and 0.9 s in turn, and of a beat between that
// was none.
func TestVariability(t *testing.T) {
	a := New()
	at := 0.0
	n := 500
	for i := range n {
		x := 0.8 + 0.1*float64(i%2)
		a.Add(Sample{BeatInterval, int64(at), 0, x, 0})
		at += x
	}
	near(t, "SDNN", one(t, a, SDNN), 50*math.Sqrt(float64(n)/float64(n-1)), 1e-3)
	near(t, "RMSSD", one(t, a, RMSSD), 100, 1e-3)
	near(t, "pNN50", one(t, a, PNN50), 100, 0)
	v := variability{}
	v.add(0, 0.8)
	v.add(5, 1.2) // not the next beat
	v.add(6, 1.21)
	if v.pairs != 1 || v.over50 != 0 {
		t.Errorf("%d pairs, %d over 50 ms; want 1, 0", v.pairs, v.over50)
	}
}

func TestGlucose(t *testing.T) {
	a := New()
	for i := range int64(288) {
		a.Add(Sample{Glucose, i * 300, 0, []float64{60, 70, 180, 181}[i%4], 0})
	}
	near(t, "mean", one(t, a, GlucoseMean), 122.75, 1e-9)
	near(t, "in range", one(t, a, GlucoseInRange), 50, 0)
	near(t, "below", one(t, a, GlucoseBelow), 25, 0)
	near(t, "above", one(t, a, GlucoseAbove), 25, 0)
	near(t, "indicator", one(t, a, GlucoseIndicator), 3.31+0.02392*122.75, 1e-12)
	near(t, "deviation", one(t, a, GlucoseDeviation), one(t, a, GlucoseDayDeviation), 1e-12)
}

// TestAcceleration: minutes of a day, 30 of them moderate.
func TestAcceleration(t *testing.T) {
	a := New()
	for m := range int64(1440) {
		x := 10.0
		switch {
		case m < 300:
			x = 2
		case m >= 600 && m < 630:
			x = 150
		}
		a.Add(Sample{Acceleration, m * 60, 60, x, 0})
	}
	near(t, "ENMO", one(t, a, AccelerationDay), (300*2+30*150+1110*10)/1440., 1e-9)
	near(t, "moderate", one(t, a, ModerateTime), 30, 0)
	near(t, "L5", one(t, a, LeastDay), 2, 1e-9)
	near(t, "M10", one(t, a, MostDay), (570*10+30*150)/600., 1e-9)
	near(t, "worn", one(t, a, WearTime), 1440, 0)
}

// TestCosinor: a planted rhythm comes out of hours, whatever is missing; with noise, within
// five standard errors, which chance passes less than once in a million.
func TestCosinor(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		mesor := rapid.Float64Range(50, 90).Draw(r, "mesor")
		amplitude := rapid.Float64Range(1, 20).Draw(r, "amplitude")
		peak := rapid.Float64Range(0, 24).Draw(r, "peak")
		days := rapid.IntRange(1, 6).Draw(r, "days")
		noise := rapid.SampledFrom([]float64{0, 2}).Draw(r, "noise")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 1))
		s := series{}
		for h := range int32(24 * days) {
			if days < 2 || h%7 != 3 {
				s[h] = mesor + amplitude*math.Cos(2*math.Pi*(float64(h)+0.5-peak)/24) + noise*rng.NormFloat64()
			}
		}
		o := &output{}
		s.rhythm(o, "")
		se := noise * math.Sqrt(2/float64(len(s)))
		found := 0
		for _, x := range o.out {
			if x.End-x.Time <= day && days > 1 {
				continue
			}
			difference := 0.0
			switch x.Code {
			case "hmsp:cosinor-mesor":
				difference = x.Value - mesor
			case "hmsp:cosinor-amplitude":
				difference = x.Value - amplitude
				if noise > 0 {
					difference = max(0, math.Abs(difference)-se*se/amplitude) // it is biased upwards
				}
			case "hmsp:cosinor-acrophase":
				difference = math.Mod(x.Value-peak+36, 24) - 12
				difference *= amplitude * 2 * math.Pi / 24
				if noise > 0 && amplitude < 8*se {
					difference = 0 // the angle of a small swing is not known
				}
			default:
				continue
			}
			found++
			if math.Abs(difference) > 1e-6+5.5*se {
				r.Errorf("%s is off by %v of %v", x.Code, difference, x.Value)
			}
		}
		if found != 3 {
			r.Errorf("%d of 3 measures", found)
		}
	})
}

// TestRepeats: days that are all the same are stable; noise is not, and varies within.
func TestRepeats(t *testing.T) {
	same, noise := series{}, series{}
	rng := rand.New(rand.NewPCG(1, 2))
	for h := range int32(24 * 30) {
		same[h] = float64(h % 24)
		noise[h] = rng.NormFloat64()
	}
	of := func(s series, code string) float64 {
		o := &output{}
		s.rhythm(o, "")
		for _, x := range o.out {
			if x.Code == code {
				return x.Value
			}
		}
		return math.NaN()
	}
	near(t, "stability", of(same, "hmsp:interdaily-stability"), 1, 1e-12)
	near(t, "stability of noise", of(noise, "hmsp:interdaily-stability"), 23./719, 0.06)
	near(t, "variability of noise", of(noise, "hmsp:intradaily-variability"), 2, 0.4)
	near(t, "L5", of(same, "hmsp:l5"), 2, 1e-12)
	near(t, "M10", of(same, "hmsp:m10"), 18.5, 1e-12)
	near(t, "relative amplitude", of(same, "hmsp:relative-amplitude"), 16.5/20.5, 1e-12)
}

// draw draws samples, some of them impossible.
func draw(r *rapid.T) []Sample {
	return rapid.SliceOfN(rapid.Custom(func(r *rapid.T) Sample {
		k := Kind(rapid.IntRange(int(Steps), int(Level)).Draw(r, "kind"))
		low, high := bounds(k)
		return Sample{k, rapid.Int64Range(-200000, 400000).Draw(r, "time"), rapid.SampledFrom([]int64{0, 1, 60, 600, 3600, 5000, 86400, 100000}).Draw(r, "duration"),
			rapid.Float64Range(low, high).Draw(r, "value"), uint16(rapid.IntRange(0, 2).Draw(r, "source"))}
	}), 1, 200).Draw(r, "samples")
}

// TestOrder: summaries are the same to the last bit in whatever order samples come; only
// beats that begin in one second keep theirs.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		samples := draw(r)
		seen := map[int64]bool{}
		samples = slices.DeleteFunc(samples, func(s Sample) bool {
			again := s.Kind == BeatInterval && seen[s.Time]
			seen[s.Time] = seen[s.Time] || s.Kind == BeatInterval
			return again
		})
		want := gathered(samples...).Summaries()
		rand.New(rand.NewPCG(1, 1)).Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
		if again := gathered(samples...).Summaries(); !reflect.DeepEqual(want, again) {
			r.Errorf("in another order:\n%v\n%v", want, again)
		}
	})
}

// TestSummaries: each has a code of Codes, whose span it is, once for a time.
func TestSummaries(t *testing.T) {
	codes := map[string]Code{}
	for _, c := range Codes() {
		if _, twice := codes[c.Code]; twice || c.Label == "" || c.Unit == "" || !(c.Low < c.High) || !strings.Contains(c.Code, ":") {
			t.Errorf("code %+v", c)
		}
		codes[c.Code] = c
	}
	rapid.Check(t, func(r *rapid.T) {
		seen := map[Summary]bool{}
		for _, s := range gathered(draw(r)...).Summaries() {
			c, ok := codes[s.Code]
			length := s.End - s.Time
			if !ok || c.Span == Hour && length != hour || c.Span == Day && length != day || length < hour || math.IsNaN(s.Value) || math.IsInf(s.Value, 0) {
				r.Errorf("%+v of %+v", s, c)
			}
			key := Summary{Time: s.Time, Code: s.Code}
			if seen[key] {
				r.Errorf("%s twice", s.Code)
			}
			seen[key] = true
		}
	})
}

func TestImpossible(t *testing.T) {
	a := New()
	for _, s := range []Sample{{}, {Kind: 99, Value: 1}, {Steps, 0, -1, 1, 0}, {Steps, 0, 1, math.NaN(), 0}, {Steps, 0, 1, math.Inf(1), 0}, {HeartRate, 0, 0, 0, 0},
		{Steps, math.MaxInt64, 1, 1, 0}, {Steps, 0, math.MaxInt64, 1, 0}, {Asleep, 0, 60, 1.1, 0}, {Glucose, 0, 0, -5, 0}} {
		if a.Add(s) {
			t.Errorf("%+v is taken", s)
		}
	}
	if len(a.Summaries()) != 0 {
		t.Error("there are summaries of nothing")
	}
}

// TestMemory: a year of heart rates every second takes what its hours take.
func TestMemory(t *testing.T) {
	a := New()
	for i := int64(0); i < 365*86400; i += 60 {
		a.Add(Sample{HeartRate, i, 0, 60, 0})
		a.Add(Sample{Steps, i, 60, 1, 0})
		a.Add(Sample{Asleep, i, 60, 1, 0})
	}
	if size := a.Size(); size < 1e5 || size > 3e6 {
		t.Errorf("%d bytes", size)
	}
}

func BenchmarkAdd(b *testing.B) {
	a := New()
	b.ReportAllocs()
	i := int64(0)
	for b.Loop() {
		a.Add(Sample{HeartRate, i % 1e8, 0, 60, 0})
		i += 5
	}
}

// A recording without a date is summed up as a whole: its heart rate, and the spread of
// its beats.
func TestUndated(t *testing.T) {
	a := New()
	for i := range 400 {
		if !a.Add(Sample{Kind: BeatInterval, Time: NoTime, Value: 0.8 + 0.1*float64(i%2)}) {
			t.Fatal("a beat is refused")
		}
	}
	a.Add(Sample{Kind: HeartRate, Time: NoTime, Duration: 60, Value: 70})
	a.Add(Sample{Kind: HeartRate, Time: NoTime, Duration: 60, Value: 74})
	if a.Add(Sample{Kind: Steps, Time: NoTime, Value: 3}) || a.Add(Sample{Kind: HeartRate, Time: NoTime, Value: 999}) {
		t.Error("steps without a time, or an impossible rate, are taken")
	}
	got := a.Summaries()
	if len(got) != 2 || got[0].Code != SDNN && got[1].Code != SDNN {
		t.Fatalf("%+v", got)
	}
	for _, s := range got {
		want := 72.0
		if s.Code == SDNN { // of values 0.1 s apart, half of each: 50 ms, with n-1
			want = 50 * math.Sqrt(400.0/399)
		}
		if s.Time != NoTime || math.Abs(s.Value-want) > 1e-3 {
			t.Errorf("%+v, want %v", s, want)
		}
	}
}
