package picture

import (
	"bufio"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"hmsp.center/hmsp/format"
)

// maxPixels bounds a picture: its tensor has 800 MB if it is coloured.
const maxPixels = 1 << 26

// A codec decodes one kind of picture.
type codec struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

func codecOf(kind string) codec {
	switch kind {
	case "png":
		return codec{png.DecodeConfig, png.Decode}
	case "jpeg":
		return codec{jpeg.DecodeConfig, jpeg.Decode}
	case "tiff":
		return codec{tiff.DecodeConfig, tiff.Decode}
	}
	return codec{bmp.DecodeConfig, bmp.Decode}
}

// config reads the size of a picture. One that is too large is an error.
func config(file string) (c image.Config, kind string, size int64, err error) {
	err = with(file, func(in *bufio.Reader, k string, n int64) (err error) {
		kind, size = k, n
		c, err = codecOf(k).config(in)
		return err
	})
	if err == nil && (c.Width < 1 || c.Height < 1 || c.Width > maxPixels/c.Height) {
		err = &format.Error{File: file, Text: "the picture is empty or has more than 67 million pixels", Mend: "make it smaller, or take it out"}
	}
	return c, kind, size, err
}

// decode reads a picture, once its size is known.
func decode(file string) (img image.Image, err error) {
	if _, _, _, err := config(file); err != nil {
		return nil, err
	}
	err = with(file, func(in *bufio.Reader, kind string, _ int64) (err error) {
		img, err = codecOf(kind).decode(in)
		return err
	})
	return img, err
}

// with opens a picture and tells what went wrong in it. A decoder that panics on a broken
// one has refused it.
func with(file string, read func(in *bufio.Reader, kind string, size int64) error) (err error) {
	f, err := format.OpenFile(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return &format.Error{File: file, Text: "the file cannot be read", Mend: "check the disk", Cause: err}
	}
	in := bufio.NewReaderSize(f, 64<<10)
	head, _ := in.Peek(32)
	k := kind(head)
	if k == "" {
		return &format.Error{File: file, Text: "this does not begin like a PNG, JPEG, TIFF or BMP picture", Mend: "convert it to PNG, or take it out of the folder"}
	}
	broken := &format.Error{File: file, Text: "the picture is cut off, broken or of a kind of " + k + " that is not read", Mend: "copy it again, or convert it to PNG"}
	defer func() {
		if recover() != nil {
			err = broken
		}
	}()
	if err := read(in, k, info.Size()); err != nil {
		return broken
	}
	return nil
}

// colours are the red, green and blue of every pixel.
func colours(img image.Image) []float32 {
	b := img.Bounds()
	out := make([]float32, 0, 3*b.Dx()*b.Dy())
	row := image.NewRGBA(image.Rect(0, 0, b.Dx(), 1))
	for y := range b.Dy() {
		draw.Draw(row, row.Rect, img, image.Pt(b.Min.X, b.Min.Y+y), draw.Src)
		for i := 0; i < len(row.Pix); i += 4 {
			out = append(out, float32(row.Pix[i]), float32(row.Pix[i+1]), float32(row.Pix[i+2]))
		}
	}
	return out
}
