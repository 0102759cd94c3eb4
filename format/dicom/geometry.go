package dicom

import (
	"math"
)

// geometry reads where the image lies in the patient (PS3.3 section C.7.6.2), of every
// frame where they differ (section C.7.6.16).
func (h *Header) geometry() {
	s := h.set
	h.Position, h.Orientation = s.decimals(position, 3), s.decimals(orientation, 6)
	h.Spacing = positive(s.decimals(pixelSpacing, 2))
	if h.Spacing == nil {
		h.Spacing = positive(s.decimals(imagerSpacing, 2)) // of a projection, at the detector
	}
	for _, t := range []tag{between, thickness} {
		if x := s.decimals(t, 1); x != nil && x[0] > 0 && h.Thickness == 0 {
			h.Thickness = x[0]
		}
	}
	h.frames = nil
	whole := frame{position: h.Position, slope: 1}
	h.scale(&whole, s)
	shared := s.first(sharedGroups)
	h.functional(&whole, shared)
	if v := s.find(perFrameGroups); v != nil {
		for _, item := range v.items {
			f := whole
			h.functional(&f, item)
			h.frames = append(h.frames, f)
		}
	} else if offsets := s.decimals(frameOffsets, 0); offsets != nil && h.Orientation != nil && h.Position != nil {
		h.planes(whole, offsets)
	}
	if len(h.frames) == 0 {
		h.frames = []frame{whole}
	}
	if h.Position == nil {
		h.Position = h.frames[0].position
	}
}

// planes are the frames of a dose, by their distance from the first along the normal
// (PS3.3 section C.8.8.3.2).
func (h *Header) planes(whole frame, offsets []float64) {
	n := normal(h.Orientation)
	for _, d := range offsets {
		d -= offsets[0]
		f := whole
		f.position = []float64{h.Position[0] + d*n[0], h.Position[1] + d*n[1], h.Position[2] + d*n[2]}
		h.frames = append(h.frames, f)
	}
}

// functional reads the functional groups of all frames or of one.
func (h *Header) functional(f *frame, s *dataSet) {
	if x := s.first(planePosition).decimals(position, 3); x != nil {
		f.position = x
	}
	if x := s.first(planeOrientation).decimals(orientation, 6); x != nil && h.Orientation == nil {
		h.Orientation = x
	}
	if m := s.first(pixelMeasures); m != nil {
		if x := positive(m.decimals(pixelSpacing, 2)); x != nil && h.Spacing == nil {
			h.Spacing = x
		}
		for _, t := range []tag{between, thickness} {
			if x := m.decimals(t, 1); x != nil && x[0] > 0 && h.Thickness == 0 {
				h.Thickness = x[0]
			}
		}
	}
	h.scale(f, s.first(valueTransform))
}

// scale reads the rescaling of stored values (PS3.3 section C.11.1).
func (h *Header) scale(f *frame, s *dataSet) {
	if s == nil {
		return
	}
	for t, to := range map[tag]*float64{slope: &f.slope, intercept: &f.intercept} {
		if len(s.bytes(t)) == 0 {
			continue
		}
		x := s.decimals(t, 1)
		if x == nil {
			h.wrong = "Rescale Slope or Intercept (0028,1052) is not a number"
			return
		}
		*to = x[0]
	}
}

// of is the place and scale of frame i.
func (h *Header) of(i int) frame {
	if i < len(h.frames) && len(h.frames) > 1 {
		return h.frames[i]
	}
	return h.frames[0]
}

func positive(x []float64) []float64 {
	for _, v := range x {
		if v <= 0 {
			return nil
		}
	}
	return x
}

// normal is the direction across the plane of an orientation: the cross product.
func normal(o []float64) [3]float64 {
	return [3]float64{o[1]*o[5] - o[2]*o[4], o[2]*o[3] - o[0]*o[5], o[0]*o[4] - o[1]*o[3]}
}

// along is how far a position lies along the normal of an orientation, in mm.
func along(o, p []float64) float64 {
	if o == nil || p == nil {
		return math.NaN()
	}
	n := normal(o)
	return n[0]*p[0] + n[1]*p[1] + n[2]*p[2]
}
