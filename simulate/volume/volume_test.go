package volume

import (
	"math"
	"testing"

	"hmsp.center/hmsp/simulate/person"
	"hmsp.center/hmsp/simulate/record"
)

// A threshold finds the lesion: its centre within a voxel, its volume as designed.
// Brain is 600 and a lesion 950 with noise of 12, so that 775 is 14 deviations away.
func TestLesion(t *testing.T) {
	f := person.New(3, 600, record.Day(2014, 12, 31), record.Day(2024, 12, 31))
	s := f.Scratch()
	lesions := 0
	for i := 0; lesions < 5; i++ {
		p := f.Person("x", person.Traits{Age: 65, Ancestry: [3]float64{1, 1, 1}}, i, s)
		if p.X[person.Lesion] == 0 && i > 2 {
			continue
		}
		v := Head(p)
		var n, x, y, z float64
		for k, g := range v.Voxels {
			if g > 775 {
				n++
				x, y, z = x+float64(k%Edge), y+float64(k/Edge%Edge), z+float64(k/Edge/Edge)
			}
		}
		if v.Lesion == nil {
			if n > 0 {
				t.Errorf("person %d: a lesion without one", i)
			}
			continue
		}
		lesions++
		c := Point{(x/n + 0.5) * Spacing, (y/n + 0.5) * Spacing, (z/n + 0.5) * Spacing}
		if int(n) != v.Lesion.Voxels || distance(c, v.Lesion.Centre) > Spacing {
			t.Errorf("person %d: lesion of %v voxels at %v, planted %+v", i, n, c, *v.Lesion)
		}
		if got := n * Spacing * Spacing * Spacing; math.Abs(got-v.Lesion.Volume) > 0.45*v.Lesion.Volume {
			t.Errorf("person %d: volume %.0f, planted %.0f", i, got, v.Lesion.Volume)
		}
		// The nose sticks out of the head's ellipsoid, into what would be air.
		nose := v.Face[0]
		k := (int(nose.Z/Spacing)*Edge+int(nose.Y/Spacing))*Edge + int(nose.X/Spacing)
		if v.Voxels[k] < Skin/2 {
			t.Errorf("person %d has no nose", i)
		}
	}
}
