package dicom

import (
	"bytes"
	"image"
	"image/draw"
	"image/jpeg"
)

// jpeg decodes a frame of JPEG Baseline, and of JPEG Extended with 8 bits (PS3.5 annex
// A.4.1). Colours come out as red, green and blue.
func (s *stored) jpeg(raw []byte) ([]byte, error) {
	h := s.header
	config, err := jpeg.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return nil, wrong("a JPEG frame cannot be decoded")
	}
	if config.Width != h.Columns || config.Height != h.Rows || h.Bits != 8 {
		return nil, wrong("a JPEG frame is of another size than rows, columns and bits say")
	}
	img, err := jpeg.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, wrong("a JPEG frame cannot be decoded")
	}
	if grey, ok := img.(*image.Gray); ok != (h.Samples == 1) {
		return nil, wrong("a JPEG frame has other colours than the samples a pixel say")
	} else if ok {
		out := make([]byte, 0, h.Rows*h.Columns)
		for y := range h.Rows {
			out = append(out, grey.Pix[y*grey.Stride:][:h.Columns]...)
		}
		return out, nil
	}
	rgba := image.NewRGBA(image.Rect(0, 0, h.Columns, h.Rows))
	draw.Draw(rgba, rgba.Rect, img, img.Bounds().Min, draw.Src)
	out := make([]byte, 0, h.Rows*h.Columns*3)
	for i := 0; i < len(rgba.Pix); i += 4 {
		out = append(out, rgba.Pix[i:i+3]...)
	}
	s.rgb = true
	return out, nil
}
