package wearable

import (
	"math"
	"testing"

	"hmsp.center/hmsp/simulate/person"
	"hmsp.center/hmsp/simulate/record"
)

// Least squares on (1, cos, sin) of the minutes without steps finds the rhythm again
// within five standard errors of the noise.
func TestCosinor(t *testing.T) {
	f := person.New(3, 600, record.Day(2014, 12, 31), record.Day(2024, 12, 31))
	s := f.Scratch()
	for i := range 20 {
		p := f.Person("x", person.Traits{Age: 55, Ancestry: [3]float64{1, 1, 1}}, i, s)
		m := Record(p, p.Entry, 7)
		var a [3][4]float64
		n := 0.0
		for k, h := range m.HeartRate {
			if m.Worn[k] != (h > 0) || !m.Worn[k] && m.Steps[k] > 0 || m.Asleep[k] && m.Steps[k] > 0 {
				t.Fatalf("minute %d contradicts itself", k)
			}
			if !m.Worn[k] || m.Steps[k] > 0 {
				continue
			}
			w := 2 * math.Pi * float64(k%DayMinutes) / DayMinutes
			row := [4]float64{1, math.Cos(w), math.Sin(w), float64(h)}
			n++
			for r := range 3 {
				for c := range 4 {
					a[r][c] += row[r] * row[c]
				}
			}
		}
		x := solve(a)
		phase := 2 * math.Pi * m.Rhythm.Acrophase / 24
		want := [3]float64{m.Rhythm.Mesor, m.Rhythm.Amplitude * math.Cos(phase), m.Rhythm.Amplitude * math.Sin(phase)}
		for r := range 3 {
			// Minutes without steps are not spread evenly: twice the variance of an even day.
			if z := (x[r] - want[r]) / (m.Noise * 2 / math.Sqrt(n)); math.Abs(z) > 5 {
				t.Errorf("person %d: coefficient %d is %.3f, planted %.3f (%.1f standard errors)", i, r, x[r], want[r], z)
			}
		}
		if len(m.Nights) < 7 {
			t.Errorf("%d nights in seven days", len(m.Nights))
		}
	}
}

func solve(a [3][4]float64) (x [3]float64) {
	for i := range 3 {
		for j := range 3 {
			if j != i {
				f := a[j][i] / a[i][i]
				for k := range 4 {
					a[j][k] -= f * a[i][k]
				}
			}
		}
	}
	for i := range 3 {
		x[i] = a[i][3] / a[i][i]
	}
	return x
}
