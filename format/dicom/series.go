package dicom

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/images"
	"hmsp.center/hmsp/radiomics"
)

// A plane is a frame of a file.
type plane struct {
	file   string
	frame  int
	along  float64 // mm along the normal; NaN where unknown
	number int     // of the instance
}

// A stack are the planes that make up one image: an instance alone, or those of a series
// that are parallel, of one size and of known places.
type stack struct {
	id     string
	header Header // of the first plane
	planes []plane
	size   int64
	mixed  bool // their places do not make a regular stack of frames
}

// assemble puts the files of each series together, in the order in which they are found.
func assemble(path string, files []found) ([]*stack, []string, error) {
	at := map[string]*stack{}
	parts := map[string]int{} // of a series
	whose := map[string]string{}
	var out []*stack
	for _, f := range files {
		h := f.header
		if p, ok := whose[h.Series]; ok && h.Series != "" && p != h.Patient {
			return nil, nil, &format.Error{File: path, Text: "two files of one series (0020,000E) name different patients", Mend: "give the series of each patient a UID of its own"}
		}
		whose[h.Series] = h.Patient
		key := h.key(f.file)
		s := at[key]
		if s == nil {
			s = &stack{header: h, id: cmp.Or(h.Series, h.Instance, f.owner)}
			if parts[s.id]++; parts[s.id] > 1 {
				s.id = fmt.Sprintf("%s/%d", s.id, parts[s.id])
			}
			at[key] = s
			out = append(out, s)
		}
		s.size += f.size
		for i := range h.Frames {
			s.planes = append(s.planes, plane{f.file, i, along(h.Orientation, h.of(i).position), h.Number})
		}
	}
	mixed := 0
	for _, s := range out {
		if s.sort(); s.mixed {
			mixed++
		}
	}
	var notes []string
	if mixed > 0 {
		notes = append(notes, fmt.Sprintf("%d series have more planes in some places than in others; their slices are in the order of places", mixed))
	}
	return out, notes, nil
}

// key tells apart the images of which files are planes.
func (h Header) key(file string) string {
	if h.Frames > 1 || h.Series == "" || along(h.Orientation, h.Position) != along(h.Orientation, h.Position) {
		return "file " + file
	}
	o := make([]int, 6)
	for i, x := range h.Orientation {
		o[i] = int(math.Round(x * 1000))
	}
	return fmt.Sprint(h.Series, h.Rows, h.Columns, h.Samples, h.Photometric, o)
}

// sort brings the planes into their order, and says whether each place has as many.
func (s *stack) sort() {
	if slices.ContainsFunc(s.planes, func(p plane) bool { return math.IsNaN(p.along) }) {
		return
	}
	slices.SortStableFunc(s.planes, func(a, b plane) int {
		return cmp.Or(cmp.Compare(math.Round(a.along*100), math.Round(b.along*100)), cmp.Compare(a.number, b.number), cmp.Compare(a.frame, b.frame))
	})
	places := s.places()
	n := len(s.planes) / len(places)
	for i := range s.planes {
		if len(s.planes)%len(places) != 0 || !near(s.planes[i].along, places[i/n]) {
			s.mixed = true
		}
	}
	if n == 1 || s.mixed || len(places) == 1 {
		return
	}
	sorted := slices.Clone(s.planes) // frames become the slowest axis
	for i, p := range sorted {
		s.planes[i%n*len(places)+i/n] = p
	}
}

// near says whether two places are the same: to 0.01 mm.
func near(a, b float64) bool { return math.Abs(a-b) < 0.01 }

// places are the different ones, in order; none where they are not known.
func (s *stack) places() []float64 {
	var out []float64
	for _, p := range s.planes {
		if !math.IsNaN(p.along) && !slices.ContainsFunc(out[max(len(out)-1, 0):], func(x float64) bool { return near(x, p.along) }) {
			out = append(out, p.along)
		}
	}
	slices.Sort(out)
	return slices.CompactFunc(out, near)
}

// gaps are the usual distance of neighbouring slices in mm, and the widest by it; false if
// there are not two.
func (s *stack) gaps() (usual, widest float64, ok bool) {
	p := s.places()
	if len(p) < 2 {
		return 0, 0, false
	}
	d := make([]float64, len(p)-1)
	for i := range d {
		d[i] = p[i+1] - p[i]
	}
	slices.Sort(d)
	usual = d[len(d)/2]
	return usual, d[len(d)-1] / usual, true
}

// shape is that of the image, and its spacing.
func (s *stack) shape() (shape []int, mm []float64) {
	h := s.header
	shape, mm = []int{h.Rows, h.Columns}, []float64{0, 0}
	if h.Spacing != nil {
		copy(mm, h.Spacing)
	}
	n, places := len(s.planes), len(s.places())
	usual, _, ok := s.gaps()
	switch {
	case n == 1:
		return shape, mm
	case ok && !s.mixed && n > places:
		return append([]int{n / places, places}, shape...), append([]float64{0, usual}, mm...)
	case ok:
		return append([]int{n}, shape...), append([]float64{usual}, mm...)
	}
	return append([]int{n}, shape...), append([]float64{0}, mm...) // a film
}

// image is the row of a stack.
func (s *stack) image() images.Image {
	h := s.header
	kind, _ := encoding(h.TransferSyntax)
	m := images.Image{Patient: h.Patient, Birth: h.Birth, Sex: h.Sex, Time: h.Time, Modality: h.Modality, Visit: h.Study, ID: s.id,
		Kind: cmp.Or(kind, h.TransferSyntax), Equipment: h.Equipment, BurnedIn: h.BurnedIn, Bytes: s.size, Why: h.why}
	if h.Modality != "" {
		m.Code = "dcm:" + h.Modality
	}
	m.Shape, m.Spacing = s.shape()
	if _, widest, ok := s.gaps(); ok {
		m.Facts = append(m.Facts, images.Fact{Code: images.CodeSliceGap, Number: widest, Unit: "1"})
	}
	if m.Why == "" {
		m.Read = s.read
	}
	return m
}

// read decodes the planes of a stack.
func (s *stack) read(ctx context.Context) (radiomics.Image, error) {
	m := radiomics.Image{Channels: 1}
	m.Shape, m.Spacing = s.shape()
	var now string
	var pixels stored
	for i, p := range s.planes {
		if err := ctx.Err(); err != nil {
			return radiomics.Image{}, err
		}
		var err error
		if p.file != now || i == 0 {
			if pixels, err = load(ctx, p.file); err != nil {
				return radiomics.Image{}, err
			}
			if pixels, err = pixels.colour(); err != nil {
				return radiomics.Image{}, told(p.file, err)
			}
			now = p.file
		}
		h := pixels.header
		if h.Rows != s.header.Rows || h.Columns != s.header.Columns || p.frame >= h.Frames {
			return radiomics.Image{}, told(p.file, wrong("the file was changed while it was read"))
		}
		if int64(len(s.planes))*int64(h.Rows)*int64(h.Columns)*int64(h.Samples) > radiomics.MaxVoxels {
			return radiomics.Image{}, told(p.file, errPixels{"the series has more than 268 million values", "split it"})
		}
		m.Channels = h.Samples
		if m.Values, err = pixels.values(m.Values, p.frame); err != nil {
			return radiomics.Image{}, told(p.file, err)
		}
		if i == 0 { // the first plane is there: what follows may be as large
			m.Values = slices.Grow(m.Values, len(m.Values)*(len(s.planes)-1))
		}
	}
	if err := m.Check(); err != nil {
		return radiomics.Image{}, told(s.planes[0].file, wrong("planes of one series differ in their colours"))
	}
	return m, nil
}
