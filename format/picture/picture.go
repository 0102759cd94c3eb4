// Package picture reads folders of pictures with labels: PNG, JPEG, TIFF and BMP.
//
// It serves package dataset with tables of images (package images), one image a file, and
// what learns from images with tensors. The label of a picture is a measurement row with
// the code hmsp:label: a value_code where it is written as system:code, else a value_text.
// A file labels.csv in the folder lists them, with the columns file and label, and patient
// and time if it has them; without it the folder that a picture lies in is its label.
// Where no list says whose a picture is, its name without the ending does.
//
// It refuses a list that names a picture that is not there, and pictures that are cut off
// or that have more than 67 million pixels.
package picture

import (
	"context"
	"fmt"
	"image"
	"path"
	"path/filepath"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/images"
	"hmsp.center/hmsp/radiomics"
)

// CodeLabel is the code of the rows of labels.
const CodeLabel = "hmsp:label"

// New is the format of pictures.
func New() format.Format { return images.Format{Source: source{}} }

type source struct{}

// Name is "picture".
func (source) Name() string { return "picture" }

// Sniff knows the magic numbers of the kinds of pictures.
func (source) Sniff(head []byte, filename string) int {
	if kind(head) != "" {
		return 80
	}
	return 0
}

// kind is the kind of picture that begins so; "" if it is none. A BMP's two letters begin
// much else, so its header must fit them.
func kind(head []byte) string {
	begins := func(s string) bool { return strings.HasPrefix(string(head[:min(len(head), 16)]), s) }
	switch {
	case begins("\x89PNG\r\n\x1a\n"):
		return "png"
	case begins("\xff\xd8\xff"):
		return "jpeg"
	case begins("II*\x00"), begins("MM\x00*"):
		return "tiff"
	case begins("BM") && len(head) >= 18 && head[6] == 0 && head[7] == 0 && head[8] == 0 && head[9] == 0 && head[15] == 0 && head[16] == 0:
		return "bmp"
	}
	return ""
}

// SniffFolder goes by the names of files.
func (source) SniffFolder(path string, names []string) int {
	for _, n := range names {
		if named(n) {
			return 60
		}
	}
	return 0
}

func named(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp":
		return true
	}
	return false
}

// list is the name of the file of labels.
const list = "labels.csv"

// Companions is the list of labels beside a picture.
func (source) Companions(path string) []string { return beside(path) }

// Images lists the pictures of a folder, or the one that the path is.
func (source) Images(ctx context.Context, root string) (images.List, error) {
	names, err := images.Walk(ctx, root)
	if err != nil {
		return images.List{}, err
	}
	labels, err := readLabels(root, names)
	if err != nil {
		return images.List{}, err
	}
	var out images.List
	unlisted := 0
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return images.List{}, err
		}
		if name != "" && !named(name) {
			continue
		}
		file, _ := images.At(root, name)
		c, kind, size, err := config(file)
		if err != nil {
			return images.List{}, err
		}
		m := images.Image{ID: name, Kind: kind, Shape: []int{c.Height, c.Width}, Spacing: []float64{0, 0}, Bytes: size}
		if name == "" {
			m.ID = filepath.Base(file)
		}
		m.Patient, _, _ = strings.Cut(path.Base(filepath.ToSlash(file)), ".")
		m.Read = func(context.Context) (radiomics.Image, error) { return Read(file) }
		l, listed := labels[name]
		switch {
		case labels == nil && strings.Contains(name, "/"):
			l.label = path.Base(path.Dir(name))
		case labels != nil && !listed:
			unlisted++
		}
		if l.patient != "" {
			m.Patient = l.patient
		}
		m.Time = l.time
		if l.label != "" {
			m.Facts = []images.Fact{fact(l.label)}
		}
		out.Images = append(out.Images, m)
	}
	if len(out.Images) == 0 {
		return images.List{}, images.NoImages(root, "pictures (.png, .jpg, .tif, .bmp)")
	}
	if unlisted > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("%d pictures are not in %s and have no label", unlisted, list))
	}
	return out, nil
}

// fact is the row of a label.
func fact(label string) images.Fact {
	if system, code, ok := strings.Cut(label, ":"); ok && system != "" && code != "" && !strings.ContainsAny(label, " \t") {
		return images.Fact{Code: CodeLabel, ValueCode: label}
	}
	return images.Fact{Code: CodeLabel, Text: label}
}

// Read decodes a picture: grey ones as they are, colours as red, green and blue from 0 to
// 255; what is transparent is black. What is no picture is a *format.Error.
func Read(file string) (radiomics.Image, error) {
	img, err := decode(file)
	if err != nil {
		return radiomics.Image{}, err
	}
	b := img.Bounds()
	m := radiomics.Image{Shape: []int{b.Dy(), b.Dx()}, Spacing: []float64{0, 0}, Channels: 1}
	switch g := img.(type) {
	case *image.Gray:
		for y := range b.Dy() {
			for _, x := range g.Pix[y*g.Stride:][:b.Dx()] {
				m.Values = append(m.Values, float32(x))
			}
		}
	case *image.Gray16:
		for y := range b.Dy() {
			row := g.Pix[y*g.Stride:][:2*b.Dx()]
			for x := range b.Dx() {
				m.Values = append(m.Values, float32(uint16(row[2*x])<<8|uint16(row[2*x+1])))
			}
		}
	default:
		m.Channels, m.Values = 3, colours(img)
	}
	return m, nil
}
