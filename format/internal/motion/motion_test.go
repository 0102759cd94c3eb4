package motion

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hmsp.center/hmsp/activity"
)

// A sensor that lies for three hours and is worn for three hours before and after: ENMO is
// that of its definition, and the time on the table is not worn but for its edges.
func TestMeter(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var got []activity.Sample
	m := Meter{Emit: func(s activity.Sample) error { got = append(got, s); return nil }}
	const rate, hour = 10, 3600
	want := map[int64]float64{} // by epoch
	for i := range int64(9 * hour * rate) {
		at := i / rate
		g := [3]float64{0, 0, 1}
		if at < 3*hour || at >= 6*hour {
			tilt := float64(at) / 100
			g = [3]float64{1.05 * math.Sin(tilt), 0, 1.05 * math.Cos(tilt)}
			g[1] += 0.03 * rng.NormFloat64()
		} else {
			for k := range g {
				g[k] += 0.002 * rng.NormFloat64()
			}
		}
		want[at-at%epoch] += max(length(g)-1, 0) * 1000 / (rate * epoch)
		if err := m.Add(at+86400, g); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Flush(); err != nil {
		t.Fatal(err)
	}
	worn, seen, off := 0.0, int64(0), 0
	for _, s := range got {
		switch s.Kind {
		case activity.Worn:
			worn, seen = worn+s.Value*float64(s.Duration), seen+s.Duration
		case activity.Acceleration:
			if math.Abs(s.Value-want[s.Time-86400]) > 1e-9 {
				t.Fatalf("at %d: %g mg, want %g", s.Time, s.Value, want[s.Time-86400])
			}
			if at := s.Time - 86400; at >= 4*hour && at < 5*hour {
				off++
			}
		}
	}
	// The hour around a block is still only where it lies on the table as a whole.
	if seen != 9*hour || worn < 6*hour || worn > 7*hour || off > 0 {
		t.Errorf("worn %g of %d s, and %d epochs on the table; want 6 to 7 of 9 hours and none", worn, seen, off)
	}
}

// A gap, and a clock that is put back, begin anew.
func TestGaps(t *testing.T) {
	var got []activity.Sample
	m := Meter{Emit: func(s activity.Sample) error { got = append(got, s); return nil }}
	for _, begin := range []int64{0, 1 << 40, 500, -1 << 40, -5} {
		for i := range int64(20) {
			if err := m.Add(begin+i, [3]float64{float64(i), 0, 0}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := m.Flush(); err != nil {
		t.Fatal(err)
	}
	// Each begins anew on a boundary of five seconds, and so tells of 20 s, or of 25 s
	// where it did not begin on one.
	want := []activity.Sample{}
	for _, w := range [][2]int64{{0, 20}, {1<<40 - 1, 25}, {500, 20}, {-1<<40 - 4, 25}, {-5, 5}, {0, 15}} {
		want = append(want, activity.Sample{Kind: activity.Worn, Time: w[0], Duration: w[1]}) // two axes are still
	}
	var worn []activity.Sample
	for _, s := range got {
		if s.Kind == activity.Worn {
			worn = append(worn, s)
		}
	}
	if !slices.Equal(worn, want) {
		t.Errorf("%v, want %v", worn, want)
	}
}

// A sensor with a known error of offset and gain is corrected to below 10 mg, as the paper
// asks; one that lay on one side alone is not.
func TestCalibration(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	offset, gain := [3]float64{0.05, -0.03, 0.02}, [3]float64{1.02, 0.97, 1.01}
	var c, onOneSide Calibrator
	for k := range int64(400) {
		var p [3]float64
		for i := range p {
			p[i] = rng.NormFloat64()
		}
		n := length(p)
		for i := range int64(100) {
			var g [3]float64
			for j := range g {
				g[j] = offset[j] + gain[j]*p[j]/n + 0.003*rng.NormFloat64()
			}
			c.Add(k*10+i/10, g)
			onOneSide.Add(k*10+i/10, [3]float64{0, 0, 1})
		}
	}
	if _, ok := onOneSide.Calibration(); ok {
		t.Error("one side alone calibrates")
	}
	got, ok := c.Calibration()
	if !ok {
		t.Fatal("no calibration")
	}
	for i := range gain {
		if math.Abs(got.Gain[i]-1/gain[i]) > 0.002 || math.Abs(got.Offset[i]+offset[i]/gain[i]) > 0.002 {
			t.Errorf("axis %d: gain %.4f offset %.4f, want %.4f and %.4f", i, got.Gain[i], got.Offset[i], 1/gain[i], -offset[i]/gain[i])
		}
	}
}
