package radiomics

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// phantom is the digital phantom of the manual, section 5.1: 5 x 4 x 4 voxels of 2 mm,
// of which 74 are of the region (0 marks those that are not).
func phantom() Image {
	m := Image{Shape: []int{4, 4, 5}, Spacing: []float64{2, 2, 2}, Values: []float32{
		1, 4, 4, 1, 1, 1, 4, 6, 1, 1, 4, 1, 6, 4, 1, 4, 4, 6, 4, 1,
		1, 4, 4, 1, 1, 1, 1, 6, 1, 1, 0, 1, 3, 1, 1, 4, 4, 6, 1, 1,
		1, 4, 4, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 6, 1, 1,
		1, 4, 4, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 6, 1, 1}}
	return m.NonZero()
}

// The reference values of the manual for the digital phantom, to the digits printed.
func TestDigitalPhantom(t *testing.T) {
	m := phantom()
	if err := m.Check(); err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"Q4LE": 2.15, "ECT3": 3.05, "KE2A": 1.08, "IPH6": -0.355, "Y12H": 1, "1GSF": 1, "QG58": 1,
		"8DWT": 4, "84IY": 6, "SALO": 3, "2OJQ": 5, "4FUA": 1.55, "1128": 1.11, "N72L": 1.15, "7TET": 0.812, "9S40": 0.6,
		"N8CA": 567, "5ZWQ": 2.77, "TLU2": 1.27, "BJ5W": 0.512}
	got := Features(m, 6)
	if len(got) != len(want) || len(Codes()) != len(want) {
		t.Errorf("%d features and %d codes, want %d", len(got), len(Codes()), len(want))
	}
	for i, f := range got {
		w, ok := want[f.Code[len("ibsi:"):]]
		if digits := math.Pow(10, 2-math.Floor(math.Log10(math.Abs(w)))); !ok || math.Abs(math.Round(f.Value*digits)/digits-w) > 1e-9 {
			t.Errorf("%s %s: %v, want %v", f.Code, f.Name, f.Value, w)
		}
		if Codes()[i].Code != f.Code {
			t.Errorf("code %d is %s", i, Codes()[i].Code)
		}
	}
	if ml, ok := Volume(m); !ok || math.Abs(ml-74*8/1000.0) > 1e-12 { // approximate volume 592 mm3 (YEKZ)
		t.Errorf("volume %v", ml)
	}
	if ml, ok := VolumeAbove(m, 4); !ok || math.Abs(ml-7*8/1000.0) > 1e-12 {
		t.Errorf("volume above 4: %v", ml)
	}
}

func TestEdges(t *testing.T) {
	flat := Image{Shape: []int{2, 2}, Spacing: []float64{0, 0}, Values: []float32{0.1, 0.1, 0.1, 0.1}}
	for _, f := range Features(flat, Bins) {
		want, known := map[string]float64{"variance": 0, "skewness": 0, "kurtosis": 0, "range": 0, "histogram-entropy": 0, "histogram-uniformity": 1}[f.Name]
		if known && f.Value != want {
			t.Errorf("constant: %s is %v", f.Name, f.Value)
		}
	}
	if _, ok := Volume(flat); ok {
		t.Error("a flat image has a volume")
	}
	nan := float32(math.NaN())
	if got := Features(Image{Shape: []int{1, 2}, Values: []float32{nan, nan}}, Bins); got != nil {
		t.Errorf("an image of nothing: %v", got)
	}
	zero := Features(Image{Shape: []int{1, 2}, Values: []float32{-1, 1}}, Bins)
	if slices.ContainsFunc(zero, func(f Feature) bool { return f.Name == "coefficient-of-variation" }) {
		t.Error("a ratio to zero is told")
	}
	colour := Image{Shape: []int{1, 1}, Spacing: []float64{0, 0}, Channels: 3, Values: []float32{255, 255, 255}}
	if g := colour.Grey(); colour.Check() != nil || len(g.Values) != 1 || math.Abs(float64(g.Values[0])-255) > 1e-4 {
		t.Errorf("white is %v", g.Values)
	}
	for _, bad := range []Image{{}, {Shape: []int{2}}, {Shape: []int{0, 1}}, {Shape: []int{1, 1}, Spacing: []float64{1, 1}},
		{Shape: []int{1 << 20, 1 << 20}, Spacing: []float64{1, 1}}, {Shape: []int{1, 1}, Spacing: []float64{1}, Values: []float32{1}},
		{Shape: []int{1, 1}, Spacing: []float64{1, 1}, Values: []float32{1}, Mask: []bool{}},
		{Shape: []int{1, 1}, Spacing: []float64{1, 1}, Channels: 2, Values: []float32{1, 1}}} {
		if bad.Check() == nil {
			t.Errorf("%v is an image", bad)
		}
	}
	series := Image{Shape: []int{2, 1, 1, 1}, Spacing: []float64{0, 10, 10, 10}, Values: []float32{900, 100}}
	if ml, ok := VolumeAbove(series, 800); !ok || ml != 0.5 {
		t.Errorf("volume above 800, over frames: %v", ml)
	}
}

// Percentiles equal those of the sorted values, whatever the order and the ties.
func TestPercentiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float32Range(-5, 5), 1, 200).Draw(t, "x")
		if rapid.Bool().Draw(t, "ties") {
			for i := range x {
				x[i] = float32(int(x[i]))
			}
		}
		sorted := slices.Sorted(slices.Values(x))
		percents := []float64{0, 10, 25, 50, 75, 90, 100}
		for i, got := range percentiles(x, percents...) {
			at := percents[i] / 100 * float64(len(x)-1)
			k := int(at)
			want := float64(sorted[k])
			if k+1 < len(sorted) {
				want += (at - float64(k)) * (float64(sorted[k+1]) - float64(sorted[k]))
			}
			if math.Abs(got-want) > 1e-6 {
				t.Fatalf("percentile %v: %v, want %v", percents[i], got, want)
			}
		}
	})
}

// Scaling and shifting intensities change features as they must (manual, section 2.7).
func TestScaling(t *testing.T) {
	by := func(m Image) map[string]float64 {
		out := map[string]float64{}
		for _, f := range Features(m, 6) {
			out[f.Name] = f.Value
		}
		return out
	}
	m := phantom()
	a := by(m)
	m.Values = slices.Clone(m.Values)
	for i, v := range m.Values {
		m.Values[i] = 2*v + 8
	}
	b := by(m)
	for name, want := range map[string]float64{"mean": 2*a["mean"] + 8, "variance": 4 * a["variance"], "skewness": a["skewness"], "kurtosis": a["kurtosis"],
		"range": 2 * a["range"], "histogram-entropy": a["histogram-entropy"], "median-absolute-deviation": 2 * a["median-absolute-deviation"]} {
		if math.Abs(b[name]-want) > 1e-9 {
			t.Errorf("%s: %v, want %v", name, b[name], want)
		}
	}
}

func BenchmarkFeatures(b *testing.B) {
	m := Image{Shape: []int{100, 256, 256}, Spacing: []float64{1, 1, 1}, Values: make([]float32, 100*256*256)}
	for i := range m.Values {
		m.Values[i] = float32((i * 7919) % 4096)
	}
	b.SetBytes(int64(4 * len(m.Values)))
	for b.Loop() {
		Features(m, Bins)
	}
}
