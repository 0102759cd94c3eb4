package nifti

import (
	"encoding/binary"
	"errors"
	"io"
	"math"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/images"
	"hmsp.center/hmsp/radiomics"
)

// A Header is what a file says of its image.
type Header struct {
	Version     int           // 1 or 2
	Dims        []int         // the fastest first: x, y, z, t and more
	Spacing     []float64     // of each of Dims as the file has it: mm for x, y and z unless Units say otherwise
	Units       int           // xyzt_units
	Type        int           // datatype
	Offset      int64         // of the voxels: vox_offset
	Slope       float64       // scl_slope; 0 means that values are not scaled
	Intercept   float64       // scl_inter
	Affine      [3][4]float64 // from voxel i, j, k to mm: sform, else qform, else the spacing around the centre
	Pair        bool          // the voxels are in a file of their own
	order       binary.ByteOrder
	headerBytes int
}

// What is wrong with a header.
var (
	errNone = errors.New("this does not begin like a NIfTI file")
	errDims = errors.New("the dimensions (dim) are not one to seven positive numbers, or the voxels are too many")
	errType = errors.New("the type of numbers (datatype) is unknown, or its size (bitpix) does not fit")
	errCut  = errors.New("the file ends within its header")
)

const (
	size1 = 348
	size2 = 540
)

// ReadHeader reads the header of a file; what is no NIfTI is a *format.Error.
func ReadHeader(path string) (Header, error) {
	f, err := images.Open(path, 4<<10)
	if err != nil {
		return Header{}, err
	}
	defer f.Close()
	h, err := readHeader(f)
	return h, failed(path, err)
}

func readHeader(r io.Reader) (Header, error) {
	b := make([]byte, size2)
	n, err := io.ReadFull(r, b[:size1])
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		if h, _ := parse(b[:n]); h.headerBytes > 0 {
			return Header{}, errCut
		}
		return Header{}, errNone
	}
	if err != nil {
		return Header{}, err
	}
	if h, err := parse(b[:size1]); err != errCut {
		return h, err
	}
	if _, err := io.ReadFull(r, b[size1:]); err != nil {
		return Header{}, errCut
	}
	return parse(b)
}

func failed(path string, err error) error {
	var fe *format.Error
	switch {
	case err == nil, errors.As(err, &fe):
		return err
	case errors.Is(err, errNone):
		return &format.Error{File: path, Text: err.Error(), Mend: "convert it to NIfTI, or set format to what it is"}
	case errors.Is(err, errDims), errors.Is(err, errType), errors.Is(err, errCut):
		return &format.Error{File: path, Text: "the header is broken: " + err.Error(), Mend: "convert or copy the file again"}
	}
	return &format.Error{File: path, Text: "the file is damaged, or cannot be read", Mend: "copy the file again", Cause: err}
}

// parse reads a header; errCut if b is shorter than it, errNone if it is none. Its byte
// order is the one in which its size is right.
func parse(b []byte) (Header, error) {
	if len(b) < 4 {
		return Header{}, errNone
	}
	h := Header{order: binary.LittleEndian}
	if n := h.order.Uint32(b); n != size1 && n != size2 {
		h.order = binary.BigEndian
	}
	h.headerBytes = int(h.order.Uint32(b))
	switch h.headerBytes {
	case size1:
		h.Version = 1
	case size2:
		h.Version = 2
	default:
		return Header{}, errNone
	}
	if len(b) < h.headerBytes {
		return h, errCut
	}
	if h.Version == 1 {
		return h, h.one(b)
	}
	return h, h.two(b)
}

// A layout reads the fields of a header.
type layout struct {
	b     []byte
	order binary.ByteOrder
}

func (l layout) short(at int) int   { return int(int16(l.order.Uint16(l.b[at:]))) }
func (l layout) integer(at int) int { return int(int32(l.order.Uint32(l.b[at:]))) }
func (l layout) single(at int) float64 {
	return float64(math.Float32frombits(l.order.Uint32(l.b[at:])))
}
func (l layout) double(at int) float64 { return math.Float64frombits(l.order.Uint64(l.b[at:])) }
func (l layout) quad(at int) int64     { return int64(l.order.Uint64(l.b[at:])) }
func (l layout) singles(at, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = l.single(at + 4*i)
	}
	return out
}
func (l layout) doubles(at, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = l.double(at + 8*i)
	}
	return out
}

// one reads a header of nifti1.h.
func (h *Header) one(b []byte) error {
	switch string(b[344:348]) {
	case "n+1\x00":
	case "ni1\x00":
		h.Pair = true
	default:
		return errNone // ANALYZE 7.5 has the same size and no magic
	}
	l := layout{b, h.order}
	dim := make([]int64, 8)
	for i := range dim {
		dim[i] = int64(l.short(40 + 2*i))
	}
	h.Type, h.Units = l.short(70), int(b[123])
	offset := l.single(108)
	if !(offset >= 0 && offset < 1<<40) {
		return errDims
	}
	h.Offset = int64(offset)
	h.Slope, h.Intercept = l.single(112), l.single(116)
	p := l.singles(76, 8)
	return h.fill(dim, p, l.short(72), l.short(254), l.short(252), l.singles(280, 12), l.singles(256, 6))
}

// two reads a header of nifti2.h.
func (h *Header) two(b []byte) error {
	switch string(b[4:12]) {
	case "n+2\x00\r\n\x1a\n":
	case "ni2\x00\r\n\x1a\n":
		h.Pair = true
	default:
		return errNone
	}
	l := layout{b, h.order}
	dim := make([]int64, 8)
	for i := range dim {
		dim[i] = l.quad(16 + 8*i)
	}
	h.Type, h.Units, h.Offset = l.short(12), l.integer(500), l.quad(168)
	h.Slope, h.Intercept = l.double(176), l.double(184)
	if h.Offset < 0 {
		return errDims
	}
	return h.fill(dim, l.doubles(104, 8), l.short(14), l.integer(348), l.integer(344), l.doubles(400, 12), l.doubles(352, 6))
}

// fill checks and keeps what both headers have.
func (h *Header) fill(dim []int64, pixdim []float64, bitpix, sform, qform int, srow, quatern []float64) error {
	if dim[0] < 1 || dim[0] > 7 {
		return errDims
	}
	voxels := int64(1)
	for i := int64(1); i <= dim[0]; i++ {
		if dim[i] < 1 || dim[i] > radiomics.MaxVoxels || voxels > radiomics.MaxVoxels/dim[i] {
			return errDims
		}
		voxels *= dim[i]
		h.Dims = append(h.Dims, int(dim[i]))
		h.Spacing = append(h.Spacing, math.Abs(pixdim[i]))
	}
	if !h.Pair && h.Offset < int64(h.headerBytes) {
		h.Offset = int64(h.headerBytes) + 4 // as some writers leave it 0
	}
	bytes, _ := kind(h.Type)
	if bytes == 0 || bitpix != 8*bytes {
		return errType
	}
	if math.IsNaN(h.Slope) || math.IsInf(h.Slope, 0) || math.IsNaN(h.Intercept) || math.IsInf(h.Intercept, 0) {
		h.Slope, h.Intercept = 0, 0
	}
	switch {
	case sform > 0: // method 3 of nifti1.h
		for i := range h.Affine {
			copy(h.Affine[i][:], srow[4*i:])
		}
	case qform > 0:
		h.Affine = quaternion(quatern, pixdim)
	default:
		h.centred()
	}
	return nil
}

// kind is how many bytes a voxel of a type has, and its name; 0 if the type is unknown.
func kind(t int) (bytes int, name string) {
	switch t {
	case 2:
		return 1, "uint8"
	case 4:
		return 2, "int16"
	case 8:
		return 4, "int32"
	case 16:
		return 4, "float32"
	case 32:
		return 8, "complex64"
	case 64:
		return 8, "float64"
	case 128:
		return 3, "rgb24"
	case 256:
		return 1, "int8"
	case 512:
		return 2, "uint16"
	case 768:
		return 4, "uint32"
	case 1024:
		return 8, "int64"
	case 1280:
		return 8, "uint64"
	case 1536:
		return 16, "float128"
	case 1792:
		return 16, "complex128"
	case 2048:
		return 32, "complex256"
	case 2304:
		return 4, "rgba32"
	}
	return 0, ""
}

func (h Header) typeName() string {
	_, name := kind(h.Type)
	return name
}

// refused says why the voxels of a file are not read; "" if they are.
func (h Header) refused() string {
	switch h.Type {
	case 32, 1536, 1792, 2048:
		return "the voxels are " + h.typeName() + ", which is not read"
	}
	return ""
}
