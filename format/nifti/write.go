package nifti

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"math"

	"hmsp.center/hmsp/radiomics"
)

// A Volume is an image to be written.
type Volume struct {
	Image  radiomics.Image // of one channel, each axis at most 32767
	Affine [3][4]float64   // from voxel i, j, k to mm; the zero value means the spacing, from the origin
	Gzip   bool            // as a .nii.gz has it
}

// Write writes a volume as one NIfTI-1 file in little endian: whole numbers that fit as
// int16, others as float32. A volume that is none is an error.
func Write(w io.Writer, v Volume) error {
	m := v.Image
	if err := m.Check(); err != nil {
		return err
	}
	if m.Channels > 1 {
		return errors.New("only images of one channel are written")
	}
	head, err := v.header()
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 256<<10)
	if v.Gzip {
		z, err := gzip.NewWriterLevel(w, gzip.BestSpeed) // noise does not get smaller by trying harder
		if err != nil {
			return err
		}
		out.Reset(z)
		if err := v.write(out, head); err != nil {
			return err
		}
		return z.Close()
	}
	return v.write(out, head)
}

func (v Volume) write(out *bufio.Writer, head []byte) error {
	if _, err := out.Write(head); err != nil {
		return err
	}
	short := whole(v.Image.Values)
	var b [4]byte
	for _, x := range v.Image.Values {
		n := 4
		if short {
			binary.LittleEndian.PutUint16(b[:], uint16(int16(x)))
			n = 2
		} else {
			binary.LittleEndian.PutUint32(b[:], math.Float32bits(x))
		}
		if _, err := out.Write(b[:n]); err != nil {
			return err
		}
	}
	return out.Flush()
}

// whole says whether all values are whole numbers of 16 bits.
func whole(values []float32) bool {
	for _, x := range values {
		if x != float32(int16(x)) {
			return false
		}
	}
	return true
}

// header is one of nifti1.h and the four bytes that say that it has no extension.
func (v Volume) header() ([]byte, error) {
	m := v.Image
	b := make([]byte, size1+4)
	o := binary.LittleEndian
	single := func(at int, x float64) { o.PutUint32(b[at:], math.Float32bits(float32(x))) }
	o.PutUint32(b, size1)
	o.PutUint16(b[40:], uint16(len(m.Shape)))
	single(76, 1)
	for i := range 7 {
		n, mm := 1, 1.0
		if i < len(m.Shape) {
			n, mm = m.Shape[len(m.Shape)-1-i], m.Spacing[len(m.Shape)-1-i]
		}
		if n > math.MaxInt16 {
			return nil, errors.New("an axis is longer than 32767 voxels")
		}
		o.PutUint16(b[42+2*i:], uint16(n))
		single(80+4*i, mm)
	}
	kind, bits := uint16(16), uint16(32)
	if whole(m.Values) {
		kind, bits = 4, 16
	}
	o.PutUint16(b[70:], kind)
	o.PutUint16(b[72:], bits)
	single(108, size1+4)
	single(112, 1)
	b[123] = 2 | 8 // mm and seconds
	copy(b[148:], "hmsp")
	o.PutUint16(b[254:], 1) // sform_code: scanner
	affine := v.Affine
	if affine == ([3][4]float64{}) {
		for i := range 3 {
			if affine[i][i] = 1; i < len(m.Shape) && m.Spacing[len(m.Shape)-1-i] > 0 {
				affine[i][i] = m.Spacing[len(m.Shape)-1-i]
			}
		}
	}
	for i, row := range affine {
		for k, x := range row {
			single(280+16*i+4*k, x)
		}
	}
	copy(b[344:], "n+1\x00")
	return b, nil
}
