// Package radiomics computes features of the intensities of an image, as defined by the
// Image Biomarker Standardisation Initiative (IBSI reference manual, arXiv:1612.07003v11;
// Zwanenburg et al., Radiology 2020;295:328-338).
//
// It serves the readers of images, and what learns from images later: an Image is the
// tensor that both are given. It knows no files. It refuses nothing but a tensor whose
// parts do not fit each other; a feature that an image does not define is left out.
package radiomics

import (
	"errors"
	"math"
)

// MaxVoxels bounds an Image: 1 GiB of float32. A reader refuses a larger one before it
// allocates it.
const MaxVoxels = 1 << 28

// An Image is a tensor of intensities with two to four axes, the slowest first: rows and
// columns; slices, rows and columns; or frames, slices, rows and columns.
type Image struct {
	Shape    []int
	Spacing  []float64 // mm between the centres of voxels along each axis of Shape; 0 where not known, and for frames
	Channels int       // samples a voxel: 1, or 3 of red, green and blue, which alternate in Values; 0 means 1
	Values   []float32 // in the order of Shape, after any rescaling; NaN is no intensity
	Mask     []bool    // the voxels of the region of interest; nil means all
}

// Check says whether the parts of an image fit each other.
func (m Image) Check() error {
	n := 1
	for _, k := range m.Shape {
		if k < 1 || n > MaxVoxels/k {
			return errors.New("an axis of the image is empty, or it has too many voxels")
		}
		n *= k
	}
	switch {
	case len(m.Shape) < 2 || len(m.Shape) > 4:
		return errors.New("an image has two to four axes")
	case len(m.Spacing) != len(m.Shape):
		return errors.New("an image has a spacing for each axis")
	case m.Channels != 0 && m.Channels != 1 && m.Channels != 3:
		return errors.New("an image has one channel or three")
	case len(m.Values) != n*m.channels():
		return errors.New("an image has a value for each channel of each voxel")
	case m.Mask != nil && len(m.Mask) != n:
		return errors.New("a mask has a mark for each voxel")
	}
	return nil
}

// Voxels is how many voxels an image has.
func (m Image) Voxels() int { return len(m.Values) / m.channels() }

func (m Image) channels() int { return max(m.Channels, 1) }

// grey is the intensity of a voxel: the luma of a coloured one (ITU-R BT.601).
func (m Image) grey(i int) float32 {
	if m.channels() == 1 {
		return m.Values[i]
	}
	r, g, b := m.Values[3*i], m.Values[3*i+1], m.Values[3*i+2]
	return 0.299*r + 0.587*g + 0.114*b
}

// Grey is an image without its colours: itself if it has none.
func (m Image) Grey() Image {
	if m.channels() == 1 {
		return m
	}
	grey := make([]float32, m.Voxels())
	for i := range grey {
		grey[i] = m.grey(i)
	}
	m.Channels, m.Values = 1, grey
	return m
}

// NonZero is the same image whose region of interest are the voxels that are not zero
// in it, such as the brain where everything else was set to zero.
func (m Image) NonZero() Image {
	mask := make([]bool, m.Voxels())
	for i := range mask {
		mask[i] = m.grey(i) != 0 && (m.Mask == nil || m.Mask[i])
	}
	m.Mask = mask
	return m
}

// region are the intensities of the region of interest, copied.
func (m Image) region() []float32 {
	out := make([]float32, 0, m.Voxels())
	for i := range m.Voxels() {
		x := m.grey(i)
		if (m.Mask == nil || m.Mask[i]) && finite(x) {
			out = append(out, x)
		}
	}
	return out
}

func finite(x float32) bool { return !math.IsNaN(float64(x)) && !math.IsInf(float64(x), 0) }

// VolumeAbove is the volume in ml of the voxels of the region whose intensity is above a
// threshold, averaged over the frames; false if the spacing is not known or the image
// is flat. It counts voxels, as IBSI's approximate volume (YEKZ) does.
func VolumeAbove(m Image, threshold float64) (ml float64, ok bool) {
	return m.volume(func(x float32) bool { return float64(x) > threshold })
}

// Volume is the volume in ml of the voxels of the region, as VolumeAbove counts it.
func Volume(m Image) (ml float64, ok bool) {
	return m.volume(func(float32) bool { return true })
}

func (m Image) volume(is func(float32) bool) (ml float64, ok bool) {
	if len(m.Shape) < 3 {
		return 0, false
	}
	voxel, frames := 1.0, 1
	for i, mm := range m.Spacing {
		if len(m.Shape) == 4 && i == 0 {
			frames = m.Shape[0]
			continue
		}
		voxel *= mm
	}
	n := 0
	for i := range m.Voxels() {
		if x := m.grey(i); (m.Mask == nil || m.Mask[i]) && finite(x) && is(x) {
			n++
		}
	}
	return float64(n) * voxel / 1000 / float64(frames), voxel > 0
}
