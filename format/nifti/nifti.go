// Package nifti reads and writes NIfTI images: NIfTI-1 and NIfTI-2, in one file or as a
// pair of .hdr and .img, packed with gzip or not, in either byte order.
//
// It serves package dataset with tables of images (package images), one image a file, and
// what learns from images with tensors. A file says no patient: it belongs to the folder
// that it lies in, or to its own name. It refuses ANALYZE files, complex numbers and
// floating-point numbers of 128 bits, and a file that is shorter than its header says.
//
// The formats are those of the header files nifti1.h (R. W. Cox, 2007) and nifti2.h (2011)
// of the NIfTI working group; fields are cited by their names there.
package nifti

import (
	"context"
	"os"
	"path"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/images"
	"hmsp.center/hmsp/radiomics"
)

// New is the NIfTI format.
func New() format.Format { return images.Format{Source: source{}} }

type source struct{}

// Name is "nifti".
func (source) Name() string { return "nifti" }

// Sniff looks for the magic of a file, packed or not. What is named as a packed one and
// cannot be unpacked, or has a broken header, is told when it is opened.
func (source) Sniff(head []byte, filename string) int {
	unpacked, packed := images.Unpacked(head, size2)
	name := strings.ToLower(filename)
	_, err := parse(unpacked)
	switch {
	case err == nil:
		return 100
	case packed && (unpacked == nil || err != errNone) && (strings.HasSuffix(name, ".nii.gz") || strings.HasSuffix(name, ".hdr.gz")):
		return 90
	}
	return 0
}

// SniffFolder goes by the names of files.
func (source) SniffFolder(path string, names []string) int {
	for _, n := range names {
		if named(n) != "" {
			return 85
		}
	}
	return 0
}

// named is the name of an image without its extension; "" if the file is none.
func named(name string) string {
	low := strings.ToLower(name)
	for _, ext := range []string{".nii.gz", ".nii", ".hdr.gz", ".hdr"} {
		if strings.HasSuffix(low, ext) {
			return name[:len(name)-len(ext)]
		}
	}
	return ""
}

// Companions is the .img of a .hdr.
func (source) Companions(path string) []string {
	base := named(path)
	if base == "" || strings.HasPrefix(strings.ToLower(path[len(base):]), ".nii") {
		return nil
	}
	for _, ext := range []string{".img", ".img.gz", ".IMG"} {
		if info, err := os.Stat(base + ext); err == nil && info.Mode().IsRegular() {
			return []string{base + ext}
		}
	}
	return nil
}

// Images lists the files that are named .nii or .hdr, packed or not.
func (s source) Images(ctx context.Context, root string) (images.List, error) {
	names, err := images.Walk(ctx, root)
	if err != nil {
		return images.List{}, err
	}
	var list images.List
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return images.List{}, err
		}
		if name != "" && named(name) == "" {
			continue
		}
		file, owner := images.At(root, name)
		h, err := ReadHeader(file)
		if err != nil {
			return images.List{}, err
		}
		id := named(name)
		if id == "" {
			id = path.Base(owner)
		}
		m := images.Image{Patient: owner, ID: id, NonZero: true, Kind: h.typeName(), Bytes: size(file)}
		m.Shape, m.Spacing = h.shape()
		for _, c := range s.Companions(file) {
			m.Bytes += size(c)
		}
		if m.Why = h.refused(); m.Why == "" {
			m.Read = func(ctx context.Context) (radiomics.Image, error) { return Read(ctx, file) }
		}
		list.Images = append(list.Images, m)
	}
	if len(list.Images) == 0 {
		return images.List{}, images.NoImages(root, "NIfTI files (.nii, .nii.gz, .hdr)")
	}
	return list, nil
}

func size(file string) int64 {
	if info, err := os.Stat(file); err == nil {
		return info.Size()
	}
	return 0
}
