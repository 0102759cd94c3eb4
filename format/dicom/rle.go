package dicom

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
)

// unRLE decodes a frame of RLE Lossless (PS3.5 annex G): for each byte of each sample, the
// highest first, a segment of PackBits.
func unRLE(raw []byte, pixels, samples, width int) ([]byte, error) {
	if len(raw) < 64 {
		return nil, wrong("the header of an RLE frame is cut off")
	}
	segments := samples * width
	if n := binary.LittleEndian.Uint32(raw); n != uint32(segments) {
		return nil, wrong("an RLE frame has %d segments, and the samples of a pixel have %d bytes", n, segments)
	}
	if int64(pixels)*int64(segments) > 128*int64(len(raw)) { // two bytes give 128 at most
		return nil, wrong("an RLE frame is too short for its rows and columns")
	}
	out := make([]byte, pixels*segments)
	for k := range segments {
		from, to := binary.LittleEndian.Uint32(raw[4+4*k:]), uint32(len(raw))
		if k+1 < segments {
			to = binary.LittleEndian.Uint32(raw[8+4*k:])
		}
		if from < 64 || from > to || to > uint32(len(raw)) {
			return nil, wrong("an RLE frame points outside of itself")
		}
		sample, byteOf := k/width, width-1-k%width
		if !unpackBits(raw[from:to], out[sample*width+byteOf:], pixels, segments) {
			return nil, wrong("an RLE segment is too short")
		}
	}
	return out, nil
}

// unpackBits decodes a segment (PS3.5 section G.3.2) into every step-th byte of out; false
// if it does not give n bytes.
func unpackBits(in, out []byte, n, step int) bool {
	at := 0
	for at < n && len(in) > 0 {
		control := int(int8(in[0]))
		in = in[1:]
		switch {
		case control >= 0: // that many and one literal bytes
			k := min(control+1, n-at)
			if len(in) < k {
				return false
			}
			for i := range k {
				out[(at+i)*step] = in[i]
			}
			at += k
			in = in[min(control+1, len(in)):]
		case control > -128: // a byte 1 - control times
			if len(in) == 0 {
				return false
			}
			k := min(1-control, n-at)
			for i := range k {
				out[(at+i)*step] = in[0]
			}
			at += k
			in = in[1:]
		}
	}
	return at == n
}

// inflate decodes a frame of Deflated Image Frame Compression (PS3.5 section A.4.13).
func (s *stored) inflate(raw []byte) ([]byte, error) {
	n := s.frameBytes()
	packed := n
	if s.header.Bits == 1 {
		packed = (n + 7) / 8
	}
	if int64(packed) > 1100*int64(len(raw)) { // more than deflate can
		return nil, wrong("a deflated frame is too short for its rows and columns")
	}
	out := make([]byte, packed)
	if _, err := io.ReadFull(flate.NewReader(bytes.NewReader(raw)), out); err != nil {
		return nil, wrong("a deflated frame is cut off or broken")
	}
	switch {
	case s.header.Bits == 1:
		out = unpack(out, n)
	case s.header.Planar && s.header.Samples == 3:
		out = interleave(out, s.header.Rows*s.header.Columns, 1, s.width)
	}
	return out, nil
}
