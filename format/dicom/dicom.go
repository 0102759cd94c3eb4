// Package dicom reads and writes DICOM images: files of part 10 and data sets without its
// header, of every uncompressed transfer syntax, RLE, deflate, JPEG Lossless and JPEG of
// 8 bits.
//
// It serves package dataset with tables of images (package images), one image a series,
// and what learns from images with tensors. Instances of a series are sorted along the
// normal of their planes; those that lie in the same place become frames. It refuses
// JPEG-LS, JPEG 2000 and films, whose pixels other programs can unpack, and files that
// are cut off or broken. Names of people are read for tests of de-identification alone.
//
// A file is the data set of PS3.5 in the envelope of PS3.10; sections cited are of the
// DICOM standard 2024. The data set reader is our own: the library at hand reads neither
// RLE nor colours nor data sets without header, and panics on some files.
package dicom

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/images"
	"hmsp.center/hmsp/radiomics"
)

// New is the DICOM format.
func New() format.Format { return images.Format{Source: source{}} }

type source struct{}

// Name is "dicom".
func (source) Name() string { return "dicom" }

// Sniff knows the magic of part 10.
func (source) Sniff(head []byte, filename string) int { return sniff(head, filename) }

// SniffFolder knows a directory file, and opens the first files that may be DICOM.
func (source) SniffFolder(path string, names []string) int {
	opened := 0
	for _, n := range names {
		if opened == 50 {
			break
		}
		switch ext := strings.ToLower(filepath.Ext(n)); ext {
		case "", ".dcm", ".ima", ".dicom":
		default:
			if !digits(strings.TrimPrefix(ext, ".")) { // the last part of a UID
				continue
			}
		}
		opened++
		if _, err := ReadHeader(filepath.Join(path, filepath.FromSlash(n))); err == nil {
			return 90
		}
	}
	return 0
}

// A found is a file and its header.
type found struct {
	file, owner string
	header      Header
	size        int64
	err         error
}

// Images assembles the series of a file or folder, whatever lies beside them: files that
// are no DICOM are counted in the notes, unless they are named .dcm, which is an error.
func (source) Images(ctx context.Context, path string) (images.List, error) {
	names, err := images.Walk(ctx, path)
	if err != nil {
		return images.List{}, err
	}
	files, err := headers(ctx, path, names)
	if err != nil {
		return images.List{}, err
	}
	var notes []string
	note := func(n int, what string) {
		if n > 0 {
			notes = append(notes, fmt.Sprintf("%d %s", n, what))
		}
	}
	var kept []found
	other, reports, again, nobody := 0, 0, 0, 0
	met := map[string]bool{}
	for _, f := range files {
		switch {
		case f.err != nil && len(names) > 1 && isNone(f.err) && !strings.EqualFold(filepath.Ext(f.file), ".dcm"):
			other++
			continue
		case f.err != nil:
			return images.List{}, f.err
		case !f.header.HasPixels || f.header.Rows == 0 || f.header.Columns == 0:
			reports++
			continue
		case f.header.Instance != "" && met[f.header.Instance]:
			again++
			continue
		}
		met[f.header.Instance] = true
		if f.header.Patient == "" {
			f.header.Patient = f.owner
			nobody++
		}
		kept = append(kept, f)
	}
	note(other, "files are no DICOM and are left out")
	note(reports, "DICOM files hold no image (directories, reports, plans) and give no row")
	note(again, "files repeat an instance of another and are left out")
	note(nobody, "images name no patient and belong to the folder or file that they are in")
	if len(kept) == 0 {
		return images.List{}, none(path, names)
	}
	stacks, more, err := assemble(path, kept)
	if err != nil {
		return images.List{}, err
	}
	list := images.List{Notes: append(notes, more...)}
	for _, s := range stacks {
		list.Images = append(list.Images, s.image())
	}
	return list, nil
}

// none is the error of a path without images.
func none(path string, names []string) error {
	if len(names) == 1 && names[0] == "" {
		return &format.Error{File: path, Text: "the file holds no image", Mend: "name a file with pixels, or the folder of a series"}
	}
	return images.NoImages(path, "DICOM images")
}

func isNone(err error) bool {
	fe, ok := err.(*format.Error)
	return ok && (fe.Text == errNone.Error() || strings.HasPrefix(fe.Text, "the file is empty"))
}

// headers reads those of all files, several at once.
func headers(ctx context.Context, path string, names []string) ([]found, error) {
	out := make([]found, len(names))
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(names)) {
		wait.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(names) && ctx.Err() == nil; i = next.Add(1) - 1 {
				f := &out[i]
				f.file, f.owner = images.At(path, names[i])
				f.header, f.err = ReadHeader(f.file)
				f.size = f.header.size
				f.header.slim()
			}
		})
	}
	wait.Wait()
	return out, ctx.Err()
}

// Read decodes the pixels of a file: its intensities after the modality transformation,
// its colours as red, green and blue from 0 to 255. Several frames are the slowest axis.
func Read(ctx context.Context, path string) (radiomics.Image, error) {
	h, err := ReadHeader(path)
	if err != nil {
		return radiomics.Image{}, err
	}
	stacks, _, err := assemble(path, []found{{file: path, header: h}})
	if err != nil {
		return radiomics.Image{}, err
	}
	return stacks[0].read(ctx)
}

// ReadSeries decodes the images below a folder, in the order of the imaging table. Each
// has the id of its row there. Give is called with one at a time; its error ends the
// reading. An image whose pixels are not read is an error.
func ReadSeries(ctx context.Context, path string, give func(id string, m radiomics.Image) error) error {
	list, err := source{}.Images(ctx, path)
	if err != nil {
		return err
	}
	for _, m := range list.Images {
		if m.Read == nil {
			return &format.Error{File: path, Text: m.Why, Mend: mend}
		}
		im, err := m.Read(ctx)
		if err != nil {
			return err
		}
		if err := give(m.ID, im); err != nil {
			return err
		}
	}
	return nil
}
