package ecg

import (
	"math"
	"math/rand/v2"
	"testing"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/table"
)

// wave is a heart that beats at the given seconds: a QRS complex, a T wave behind it, a
// wandering baseline, mains and noise.
func wave(rate float64, seconds float64, beats []float64) []float64 {
	rng := rand.New(rand.NewPCG(5, 6))
	out := make([]float64, int(seconds*rate))
	for i := range out {
		t := float64(i) / rate
		out[i] = 0.3*math.Sin(2*math.Pi*0.2*t) + 0.02*math.Sin(2*math.Pi*50*t) + 0.02*rng.NormFloat64()
	}
	bump := func(at, width, height float64) {
		for i := max(int((at-4*width)*rate), 0); i < min(int((at+4*width)*rate), len(out)); i++ {
			x := (float64(i)/rate - at) / width
			out[i] += height * math.Exp(-x*x/2)
		}
	}
	for _, b := range beats {
		bump(b-0.03, 0.01, -0.15)
		bump(b, 0.012, 1.2)
		bump(b+0.03, 0.01, -0.25)
		bump(b+0.28, 0.05, 0.35)
	}
	return out
}

func regular(from, to, interval float64) (out []float64) {
	for t := from; t < to; t += interval {
		out = append(out, t)
	}
	return out
}

func detect(rate float64, signal []float64) (out []float64) {
	d := NewDetector(rate, func(at int64) { out = append(out, float64(at)/rate) })
	for _, x := range signal {
		d.Push(x)
	}
	d.Flush()
	return out
}

// matched counts beats that were found within 50 ms.
func matched(want, got []float64) (n int) {
	k := 0
	for _, w := range want {
		for k < len(got) && got[k] < w-0.05 {
			k++
		}
		if k < len(got) && got[k] <= w+0.05 {
			n, k = n+1, k+1
		}
	}
	return n
}

// At every rate and heart rate each beat is found once, in whatever unit and polarity.
func TestDetector(t *testing.T) {
	for k, rate := range []float64{64, 100, 128, 250, 360, 500, 1000, 2048} {
		for j, interval := range []float64{0.4, 0.8, 1.5} {
			scale := []float64{1, -2000, 1e-6}[(j+k)%3]
			want := regular(0.5, 59.5, interval)
			signal := wave(rate, 60, want)
			for i := range signal {
				signal[i] = signal[i]*scale + 7*scale
			}
			got := detect(rate, signal)
			if n := matched(want, got); n < len(want)-1 || len(got) > n+1 {
				t.Errorf("%g Hz, every %g s, times %g: %d of %d beats, %d found", rate, interval, scale, n, len(want), len(got))
			}
		}
	}
}

// A beat of less than half the height, which has a fifth of the energy, is found by the
// search back.
func TestSearchBack(t *testing.T) {
	want := regular(0.5, 60, 0.9)
	small := want[30]
	signal := wave(250, 60, want)
	less := wave(250, 60, []float64{small})
	flat := wave(250, 60, nil)
	for i := range signal {
		signal[i] -= 0.55 * (less[i] - flat[i])
	}
	if got := detect(250, signal); matched([]float64{small}, got) != 1 || matched(want, got) < len(want)-1 {
		t.Errorf("the small beat is not found: %d of %d", matched(want, got), len(want))
	}
}

// Behind a gap, or when the signal becomes small, beats are found again.
func TestChange(t *testing.T) {
	want := regular(0.5, 120, 0.8)
	signal := wave(250, 120, want)
	for i := range signal {
		if t := i / 250; t >= 40 && t < 50 {
			signal[i] = math.NaN()
		} else if t >= 80 {
			signal[i] /= 50
		}
	}
	got := detect(250, signal)
	for _, span := range [][2]float64{{3, 39}, {53, 79}, {90, 119}} {
		var w []float64
		for _, b := range want {
			if b > span[0] && b < span[1] {
				w = append(w, b)
			}
		}
		if n := matched(w, got); n < len(w)-1 {
			t.Errorf("from %g to %g s: %d of %d beats", span[0], span[1], n, len(w))
		}
	}
	if flat := detect(250, make([]float64, 20000)); len(flat) > 0 {
		t.Errorf("%d beats where there is nothing", len(flat))
	}
}

// Intervals are between normal beats that follow each other; the rate is of all.
func TestRhythm(t *testing.T) {
	var got []activity.Sample
	r := Rhythm{Begin: 600, Emit: func(s activity.Sample) error { got = append(got, s); return nil }}
	for _, b := range []struct {
		at     float64
		normal bool
	}{{0, true}, {1, true}, {1.6, false}, {3, true}, {4, true}, {9, true}, {10, true}, {61, true}, {62, true}} {
		if err := r.Beat(b.at, b.normal); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
	want := []activity.Sample{{Kind: activity.BeatInterval, Time: 600, Value: 1}, {Kind: activity.BeatInterval, Time: 603, Value: 1}, {Kind: activity.BeatInterval, Time: 609, Value: 1},
		{Kind: activity.HeartRate, Time: 600, Duration: 60, Value: 60}, {Kind: activity.BeatInterval, Time: 661, Value: 1}, {Kind: activity.HeartRate, Time: 660, Duration: 60, Value: 60}}
	if len(got) != len(want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for i := range want {
		if math.Abs(got[i].Value-want[i].Value) > 1e-9 {
			t.Errorf("%v, want %v", got[i], want[i])
		}
		if got[i].Value = want[i].Value; got[i] != want[i] {
			t.Errorf("%v, want %v", got[i], want[i])
		}
	}
	got = nil
	screened := Rhythm{Begin: table.NoTime, Screen: true, Emit: r.Emit}
	for _, at := range []float64{0, 0.8, 1.6, 2.4, 2.9, 4.0, 4.8, 5.6} { // a beat too early at 2.9
		if err := screened.Beat(at, true); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != 5 || got[0].Time != table.NoTime {
		t.Errorf("%d intervals, want 5 without a time", len(got))
	}
}

// Whatever is pushed, beats come in order and no more often than hearts can beat.
func FuzzDetector(f *testing.F) {
	f.Add([]byte{1, 2, 3, 200, 3, 2, 1}, uint8(10))
	f.Fuzz(func(t *testing.T, data []byte, by uint8) {
		rate := 50 + 10*float64(by)
		last := int64(-1)
		d := NewDetector(rate, func(at int64) {
			if at < last {
				t.Fatalf("a beat at %d behind %d", at, last)
			}
			last = at
		})
		for i := range 20 * len(data) {
			x := float64(int8(data[i%len(data)]))
			if x == -128 {
				x = math.NaN()
			}
			d.Push(x * math.Exp(float64(data[i/20])))
		}
		d.Flush()
	})
}
