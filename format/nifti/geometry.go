package nifti

import "math"

// centred is the affine map of a file that tells none, as nibabel sets it: the spacing,
// x to the left, around the centre.
func (h *Header) centred() {
	for i := range 3 {
		n, mm := 1, 1.0
		if i < len(h.Dims) {
			n, mm = h.Dims[i], h.Spacing[i]
		}
		if i == 0 {
			mm = -mm
		}
		h.Affine[i] = [4]float64{}
		h.Affine[i][i], h.Affine[i][3] = mm, -mm*float64(n-1)/2
	}
}

// quaternion is the affine map of quatern_b to qoffset_z: method 2 of nifti1.h.
func quaternion(q, pixdim []float64) (out [3][4]float64) {
	b, c, d := q[0], q[1], q[2]
	a := math.Sqrt(max(0, 1-(b*b+c*c+d*d)))
	r := [3][3]float64{
		{a*a + b*b - c*c - d*d, 2 * (b*c - a*d), 2 * (b*d + a*c)},
		{2 * (b*c + a*d), a*a + c*c - b*b - d*d, 2 * (c*d - a*b)},
		{2 * (b*d - a*c), 2 * (c*d + a*b), a*a + d*d - c*c - b*b}}
	qfac := 1.0
	if pixdim[0] < 0 {
		qfac = -1
	}
	for i := range out {
		out[i] = [4]float64{r[i][0] * pixdim[1], r[i][1] * pixdim[2], r[i][2] * pixdim[3] * qfac, q[3+i]}
	}
	return out
}

// shape is that of the tensor, and its spacing in mm. Axes behind the fourth are frames,
// too.
func (h Header) shape() (shape []int, mm []float64) {
	at := func(i int) (int, float64) {
		if i >= len(h.Dims) {
			return 1, 0
		}
		return h.Dims[i], h.Spacing[i] * h.mm()
	}
	nx, dx := at(0)
	ny, dy := at(1)
	nz, dz := at(2)
	frames := 1
	for i := 3; i < len(h.Dims); i++ {
		frames *= h.Dims[i]
	}
	switch {
	case frames > 1:
		return []int{frames, nz, ny, nx}, []float64{0, dz, dy, dx}
	case nz > 1:
		return []int{nz, ny, nx}, []float64{dz, dy, dx}
	}
	return []int{ny, nx}, []float64{dy, dx}
}

// mm is how many mm the unit of space is.
func (h Header) mm() float64 {
	switch h.Units & 7 {
	case 1:
		return 1000
	case 3:
		return 0.001
	}
	return 1
}
