package dicom

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/radiomics"
)

// A stored is the pixels of a file as they are stored: in little endian, the samples of a
// pixel beside each other, frame after frame.
type stored struct {
	header Header
	width  int // bytes a sample
	data   []byte
	rgb    bool // colours were brought to red, green and blue
}

// errPixels says what is wrong with pixels; its text ends the sentence that names the file.
type errPixels struct{ text, mend string }

func (e errPixels) Error() string { return e.text }

func wrong(text string, args ...any) error {
	return errPixels{fmt.Sprintf(text, args...), "copy or export the file again"}
}

// load reads the pixels of a file.
func load(ctx context.Context, path string) (stored, error) {
	h, in, err := open(path, 256<<10)
	if err != nil {
		return stored{}, err
	}
	defer in.close()
	s, err := in.pixels(ctx, h)
	if err != nil {
		return stored{}, told(path, err)
	}
	return s, nil
}

// told is an error about the pixels of a file.
func told(path string, err error) error {
	if p, ok := err.(errPixels); ok {
		return &format.Error{File: path, Text: p.text, Mend: p.mend}
	}
	return failed(path, err)
}

// check refuses what cannot be read before anything is allocated.
func (h Header) check() error {
	voxels := int64(h.Rows) * int64(h.Columns) * int64(h.Samples)
	switch {
	case !h.HasPixels:
		return errPixels{"the file has no pixels", "take it out, if it is a report or a plan"}
	case h.refused() != "":
		return errPixels{h.refused(), mend}
	case h.wrong != "":
		return wrong("%s", h.wrong)
	case voxels < 1:
		return wrong("rows (0028,0010), columns or samples a pixel are missing or zero")
	case h.Samples != 1 && h.Samples != 3:
		return wrong("there are %d samples a pixel (0028,0002); one or three can be read", h.Samples)
	case h.Bits != 1 && h.Bits != 8 && h.Bits != 16 && h.Bits != 32:
		return wrong("there are %d bits allocated (0028,0100); 1, 8, 16 and 32 can be read", h.Bits)
	case h.Stored < 1 || h.Stored > h.Bits || h.High >= h.Bits || h.High+1 < h.Stored:
		return wrong("bits stored (0028,0101) and high bit (0028,0102) do not fit the bits allocated")
	case int64(h.Frames) > radiomics.MaxVoxels/voxels:
		return errPixels{"the image has more than 268 million values", "split it into series"}
	}
	return nil
}

// pixels reads the pixel data, before which the input stands.
func (in *input) pixels(ctx context.Context, h Header) (stored, error) {
	if err := h.check(); err != nil {
		return stored{}, err
	}
	s := stored{header: h, width: max(h.Bits/8, 1)}
	var err error
	if h.pixels.length == undefined {
		err = in.encapsulated(ctx, &s)
	} else {
		err = in.native(&s)
	}
	return s, err
}

// frameBytes is the size of a frame once it is decoded.
func (s stored) frameBytes() int {
	return s.header.Rows * s.header.Columns * s.header.Samples * s.width
}

// native reads pixels that are not compressed (PS3.5 section 8.1 and annex A.1 to A.3).
func (in *input) native(s *stored) error {
	h := s.header
	if name, _ := encoding(h.TransferSyntax); name != "native" && name != "deflated" {
		return wrong("the pixels are not in fragments, as %s needs", name)
	}
	subsampled := h.Photometric == "YBR_FULL_422" && h.Samples == 3
	want := int64(s.frameBytes()) * int64(h.Frames)
	switch {
	case h.Bits == 1:
		want = (want + 7) / 8
	case subsampled:
		want = want / 3 * 2
	}
	if int64(h.pixels.length) < want {
		return wrong("there are fewer pixels than rows, columns and frames say")
	}
	raw, err := in.value(min(want+want%2, int64(h.pixels.length))) // the padding may hold a sample of a swapped word
	if err != nil {
		return err
	}
	if in.order == binary.BigEndian {
		swap(raw, h, s.width)
	}
	raw = raw[:want]
	switch {
	case h.Bits == 1:
		raw = unpack(raw, s.frameBytes()*h.Frames)
	case subsampled:
		raw = upsample(raw)
	case h.Planar && h.Samples == 3:
		raw = interleave(raw, h.Rows*h.Columns, h.Frames, s.width)
	}
	s.data = raw
	return nil
}

// swap brings big-endian samples to little endian. Samples of 8 bits or fewer are in words
// of 16 bits if the value representation is OW.
func swap(raw []byte, h Header, width int) {
	if width == 1 && h.pixels.vr == "OW" && h.Bits > 1 {
		width = 2
	}
	for i := 0; i+width <= len(raw) && width > 1; i += width {
		for a, b := i, i+width-1; a < b; a, b = a+1, b-1 {
			raw[a], raw[b] = raw[b], raw[a]
		}
	}
}

// unpack gives a byte a pixel of one bit, the lowest bit first (PS3.5 section 8.1.1).
func unpack(raw []byte, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = raw[i/8] >> (i % 8) & 1
	}
	return out
}

// upsample gives each of two pixels the colour that they share: Y1 Y2 Cb Cr (PS3.3
// section C.7.6.3.1.2).
func upsample(raw []byte) []byte {
	out := make([]byte, 0, len(raw)/2*3)
	for i := 0; i+3 < len(raw); i += 4 {
		out = append(out, raw[i], raw[i+2], raw[i+3], raw[i+1], raw[i+2], raw[i+3])
	}
	return out
}

// interleave puts the samples of a pixel beside each other that are in planes.
func interleave(raw []byte, pixels, frames, width int) []byte {
	out := make([]byte, len(raw))
	for f := range frames {
		base := f * pixels * 3 * width
		for c := range 3 {
			for p := range pixels {
				from, to := base+(c*pixels+p)*width, base+(p*3+c)*width
				copy(out[to:to+width], raw[from:from+width])
			}
		}
	}
	return out
}

// encapsulated reads compressed frames (PS3.5 annex A.4).
func (in *input) encapsulated(ctx context.Context, s *stored) error {
	name, _ := encoding(s.header.TransferSyntax)
	if name == "native" || name == "deflated" {
		return wrong("the pixels are in fragments, and the transfer syntax is not compressed")
	}
	frames, err := in.fragments(s.header.Frames)
	if err != nil {
		return err
	}
	s.data = make([]byte, 0, min(s.frameBytes()*s.header.Frames, 64*fragmentBytes(frames)))
	for _, raw := range frames {
		if err := ctx.Err(); err != nil {
			return err
		}
		var frame []byte
		switch s.header.TransferSyntax {
		case rleLossless:
			frame, err = unRLE(raw, s.header.Rows*s.header.Columns, s.header.Samples, s.width)
		case deflatedFrames:
			frame, err = s.inflate(raw)
		case jpegLossless, jpegLosslessSV:
			frame, err = unLossless(raw, s.header, s.width)
		default:
			frame, err = s.jpeg(raw)
		}
		if err != nil {
			return err
		}
		s.data = append(s.data, frame...)
	}
	return nil
}

func fragmentBytes(frames [][]byte) int {
	n := 0
	for _, f := range frames {
		n += len(f)
	}
	return n
}

// fragments reads the compressed frames. Where a frame is in several fragments, the basic
// offset table says which, or the marker that a JPEG image begins with.
func (in *input) fragments(frames int) ([][]byte, error) {
	var parts [][]byte
	var starts []int64 // of each fragment, from the first
	var table []byte
	at := int64(0)
	for first := true; ; first = false {
		e, err := in.next()
		if err == io.EOF {
			return nil, errCut
		}
		if err != nil {
			return nil, err
		}
		if e.tag == seriesEnd {
			break
		}
		if e.tag != item || e.length == undefined {
			return nil, errItem
		}
		b, err := in.value(int64(e.length))
		if err != nil {
			return nil, err
		}
		if first {
			table = b
			continue
		}
		parts, starts = append(parts, b), append(starts, at)
		at += 8 + int64(e.length)
	}
	switch {
	case frames == 1 && len(parts) > 0:
		return [][]byte{join(parts)}, nil
	case len(parts) == frames:
		return parts, nil
	}
	begins := func(i int) bool { return len(parts[i]) > 1 && parts[i][0] == 0xff && parts[i][1] == 0xd8 }
	if len(table) == 4*frames {
		offsets := map[int64]bool{}
		for i := range frames {
			offsets[int64(binary.LittleEndian.Uint32(table[4*i:]))] = true
		}
		begins = func(i int) bool { return offsets[starts[i]] }
	}
	var out [][]byte
	from := 0
	for i := 1; i <= len(parts); i++ {
		if i == len(parts) || begins(i) {
			out = append(out, join(parts[from:i]))
			from = i
		}
	}
	if len(out) != frames {
		return nil, wrong("the fragments of the pixels do not make up the frames that (0028,0008) counts")
	}
	return out, nil
}

func join(parts [][]byte) []byte {
	if len(parts) == 1 {
		return parts[0]
	}
	out := make([]byte, 0, fragmentBytes(parts))
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}
