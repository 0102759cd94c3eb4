package nifti

import (
	"context"
	"errors"
	"io"
	"math"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/images"
	"hmsp.center/hmsp/radiomics"
)

// chunk is how much of the voxels is read at once: a multiple of every size of voxel.
const chunk = 3 << 18

// Read decodes an image: its intensities, scaled if the file says so; colours from 0 to
// 255. The axes are frames, slices, rows and columns, as far as there are several.
func Read(ctx context.Context, path string) (radiomics.Image, error) {
	f, err := images.Open(path, 256<<10)
	if err != nil {
		return radiomics.Image{}, err
	}
	defer f.Close()
	h, err := readHeader(f)
	if err != nil {
		return radiomics.Image{}, failed(path, err)
	}
	if why := h.refused(); why != "" {
		return radiomics.Image{}, &format.Error{File: path, Text: why, Mend: "convert it to float32"}
	}
	skip := h.Offset - int64(h.headerBytes)
	if h.Pair {
		other := source{}.Companions(path)
		if len(other) == 0 {
			return radiomics.Image{}, &format.Error{File: path, Text: "the voxels are in an .img file that is not beside this header", Mend: "copy both files"}
		}
		f.Close()
		path, skip = other[0], h.Offset
		if f, err = images.Open(path, 256<<10); err != nil {
			return radiomics.Image{}, err
		}
		defer f.Close()
	}
	m, err := h.voxels(ctx, f, skip)
	if errors.Is(err, errShort) {
		return radiomics.Image{}, &format.Error{File: path, Text: err.Error(), Mend: "copy or convert the file again"}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return radiomics.Image{}, err
	}
	return m, failed(path, err)
}

var errShort = errors.New("the file holds fewer voxels than its header says")

// voxels reads those of f, which stands skip bytes before them.
func (h Header) voxels(ctx context.Context, f *images.File, skip int64) (radiomics.Image, error) {
	m := radiomics.Image{Channels: 1}
	m.Shape, m.Spacing = h.shape()
	voxel, _ := kind(h.Type)
	n := 1
	for _, k := range m.Shape {
		n *= k
	}
	if h.Type == 128 || h.Type == 2304 {
		if m.Channels = 3; n > radiomics.MaxVoxels/3 {
			return m, errDims
		}
	}
	left := int64(n) * int64(voxel)
	most := f.Size
	if f.Packed { // deflate gives 1032 bytes a byte at most
		most *= 1032
	}
	if skip+left > most {
		return m, errShort
	}
	if _, err := io.CopyN(io.Discard, f, skip); err != nil {
		return m, short(err)
	}
	m.Values = make([]float32, 0, min(n*m.Channels, 64<<20)) // more once they arrive
	buffer := make([]byte, min(left, chunk))
	for left > 0 {
		if err := ctx.Err(); err != nil {
			return m, err
		}
		b := buffer[:min(left, chunk)]
		if _, err := io.ReadFull(f, b); err != nil {
			return m, short(err)
		}
		m.Values = h.decode(m.Values, b)
		left -= int64(len(b))
	}
	if f.Packed { // up to the checksum, which says that all was whole
		if _, err := io.Copy(io.Discard, io.LimitReader(f, 1<<30)); err != nil {
			return m, err
		}
	}
	return m, m.Check()
}

func short(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errShort
	}
	return err
}

// decode appends the intensities of voxels to out.
func (h Header) decode(out []float32, b []byte) []float32 {
	at := len(out)
	o := h.order
	switch h.Type {
	case 2, 128:
		for _, x := range b {
			out = append(out, float32(x))
		}
	case 256:
		for _, x := range b {
			out = append(out, float32(int8(x)))
		}
	case 4:
		for ; len(b) >= 2; b = b[2:] {
			out = append(out, float32(int16(o.Uint16(b))))
		}
	case 512:
		for ; len(b) >= 2; b = b[2:] {
			out = append(out, float32(o.Uint16(b)))
		}
	case 8:
		return h.wide(out, b, 4, func(b []byte) float64 { return float64(int32(o.Uint32(b))) })
	case 768:
		return h.wide(out, b, 4, func(b []byte) float64 { return float64(o.Uint32(b)) })
	case 16:
		if !h.scaled() {
			for ; len(b) >= 4; b = b[4:] {
				out = append(out, math.Float32frombits(o.Uint32(b)))
			}
			return out
		}
		return h.wide(out, b, 4, func(b []byte) float64 { return float64(math.Float32frombits(o.Uint32(b))) })
	case 64:
		return h.wide(out, b, 8, func(b []byte) float64 { return math.Float64frombits(o.Uint64(b)) })
	case 1024:
		return h.wide(out, b, 8, func(b []byte) float64 { return float64(int64(o.Uint64(b))) })
	case 1280:
		return h.wide(out, b, 8, func(b []byte) float64 { return float64(o.Uint64(b)) })
	case 2304: // the fourth is opacity
		for ; len(b) >= 4; b = b[4:] {
			out = append(out, float32(b[0]), float32(b[1]), float32(b[2]))
		}
	}
	if h.scaled() {
		for i, x := range out[at:] {
			out[at+i] = float32(float64(x)*h.Slope + h.Intercept)
		}
	}
	return out
}

// wide are numbers that are scaled before they lose precision.
func (h Header) wide(out []float32, b []byte, size int, number func([]byte) float64) []float32 {
	slope, intercept := 1.0, 0.0
	if h.scaled() {
		slope, intercept = h.Slope, h.Intercept
	}
	for ; len(b) >= size; b = b[size:] {
		out = append(out, float32(number(b)*slope+intercept))
	}
	return out
}

// scaled says whether values are scaled; colours never are (nifti1.h, scl_slope).
func (h Header) scaled() bool {
	return h.Slope != 0 && h.Type != 128 && h.Type != 2304 && (h.Slope != 1 || h.Intercept != 0)
}
