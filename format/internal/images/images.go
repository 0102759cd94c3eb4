// Package images makes a format with tables of images: files of one image each, of
// several that make up one, or a folder of either.
//
// It serves the formats of images, which give a Source alone. Of each image come a row
// of the imaging table, and as rows of the measurement table how finely it was taken
// and the features of its intensities (package radiomics). Pixels are read only where
// the measurement table is asked for, one image at a time, and are not kept. Decoded
// tensors, for what learns from images, are given by the format packages themselves.
package images

import (
	"context"
	"fmt"
	"strconv"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/radiomics"
)

// A Source finds the images of one kind of file.
type Source interface {
	// Name is what a dataset file writes: "dicom".
	Name() string
	// Sniff and SniffFolder are those of format.Format and format.Folder.
	Sniff(head []byte, filename string) int
	SniffFolder(path string, names []string) int
	// Images lists the images of a file or folder without reading their pixels. A path
	// that holds none is a *format.Error.
	Images(ctx context.Context, path string) (List, error)
}

// A List is what a Source found.
type List struct {
	Images []Image
	Notes  []string // what was left out or put together, in words
}

// An Image is what is told of one image. Texts are those of the columns of package
// format, "" where missing; Patient is never.
type Image struct {
	Patient, Birth, Sex                   string
	Time, Code, Modality, Visit, ID, Kind string
	Equipment, BurnedIn                   string
	Shape                                 []int     // as radiomics.Image has them; nil where not known
	Spacing                               []float64 // likewise
	Facts                                 []Fact    // what is known without the pixels
	NonZero                               bool      // features of the voxels that are not zero are of use, too
	Bytes                                 int64     // of its files
	Why                                   string    // its pixels cannot be read: counted in the notes
	// Read decodes the pixels; nil where there are none or Why says why not.
	Read func(ctx context.Context) (radiomics.Image, error)
}

// A Fact is a measurement row of an image: a number, a code or a text.
type Fact struct {
	Code            string
	Number          float64 // where Code and Text are ""
	Unit            string
	ValueCode, Text string
}

// Format is the format of a Source.
type Format struct{ Source }

// The columns of the imaging table that the clinical one lacks. Sizes are voxels,
// spacings mm; a column is missing where the image does not tell it.
const (
	Frames       = "frames"
	Slices       = "slices"
	Rows         = "rows"
	Columns      = "columns"
	PixelSpacing = "pixel_spacing" // between columns
	SliceSpacing = "slice_spacing" // between slices
	Equipment    = "equipment"     // manufacturer and model
	BurnedIn     = "burned_in"     // YES if people may be named in the pixels (DICOM (0028,0301))
	Encoding     = "encoding"      // how the pixels are stored: a transfer syntax or a type of numbers
)

func columns(table string) []format.Column {
	switch table {
	case format.PersonTable, format.MeasurementTable:
		return format.ClinicalColumns(table)
	case format.ImagingTable:
		out := format.ClinicalColumns(table)
		for _, n := range []string{Frames, Slices, Rows, Columns} {
			out = append(out, format.Column{Name: n, Kind: format.Int})
		}
		for _, n := range []string{PixelSpacing, SliceSpacing} {
			out = append(out, format.Column{Name: n, Kind: format.Float})
		}
		for _, n := range []string{Equipment, BurnedIn, Encoding} {
			out = append(out, format.Column{Name: n, Kind: format.Text})
		}
		return out
	}
	return nil
}

func tables() []format.TableInfo {
	return []format.TableInfo{{Name: format.PersonTable, Rows: -1}, {Name: format.MeasurementTable, Rows: -1}, {Name: format.ImagingTable, Rows: -1}}
}

// Tables lists the tables.
func (f Format) Tables(ctx context.Context, path string, o format.Options) ([]format.TableInfo, error) {
	if _, err := stat(path); err != nil {
		return nil, err
	}
	return tables(), nil
}

// Describe tells the columns of a table. How many images there are is not known before
// every file was looked at.
func (f Format) Describe(ctx context.Context, path string, o format.Options) (format.Description, error) {
	folder, err := stat(path)
	if err != nil {
		return format.Description{}, err
	}
	c := columns(o.Table)
	if c == nil && (o.Table != "" || !folder) {
		return format.Description{}, format.NoTable(path, o.Table, tables())
	}
	if c == nil { // a folder of which nobody said a table: is it ours at all?
		if _, err := f.Images(ctx, path); err != nil {
			return format.Description{}, err
		}
		return format.Description{}, format.NoTable(path, o.Table, tables())
	}
	return format.Description{Columns: c, Rows: -1}, nil
}

// Open reads the table that the options name.
func (f Format) Open(ctx context.Context, path string, o format.Options) (format.Reader, error) {
	return format.OpenOne(ctx, f, path, o)
}

// OpenTables reads several tables in one pass.
func (f Format) OpenTables(ctx context.Context, path string, o format.Options, want map[string][]string) (format.TablesReader, error) {
	if _, err := stat(path); err != nil {
		return nil, err
	}
	builders := map[string]*builder{}
	for table, names := range want {
		all := columns(table)
		if all == nil {
			return nil, format.NoTable(path, table, tables())
		}
		at, err := format.Pick(path, all, names)
		if err != nil {
			return nil, err
		}
		builders[table] = newBuilder(all, at)
	}
	list, err := f.Images(ctx, path)
	if err != nil {
		return nil, err
	}
	return newReader(ctx, list, builders, o.Defaults()), nil
}

// Companions passes those of the Source through.
func (f Format) Companions(path string) []string {
	if c, ok := f.Source.(format.Companions); ok {
		return c.Companions(path)
	}
	return nil
}

// The codes of what has no code elsewhere.
const (
	CodePixelSpacing = "hmsp:pixel-spacing" // mm between columns
	CodeSliceSpacing = "hmsp:slice-spacing" // mm between slices
	CodeSliceGap     = "hmsp:slice-gap"     // the widest distance of neighbouring slices by the usual one
	CodeNonZero      = "hmsp:nonzero-"      // and the name of a feature: of the voxels that are not zero
	codeAbove        = "hmsp:volume-above-"
)

// Bright is the intensity above which the volume is measured, and CodeBright its code.
// The lesions that simulated scans have are brighter.
const Bright = 800

// CodeBright is the code of the volume of voxels above Bright, in ml.
func CodeBright() string { return codeAbove + strconv.Itoa(Bright) }

// Checks are of the geometry and of the range of intensities: a slice that is missing,
// voxels of no plausible size, an image of one intensity.
func (f Format) Checks() []format.Check {
	return []format.Check{
		{Column: CodeSliceGap, Label: "slice gap", Unit: "1", Low: 1, High: 1.05},
		{Column: CodePixelSpacing, Label: "pixel spacing", Unit: "mm", Low: 0.01, High: 10},
		{Column: CodeSliceSpacing, Label: "slice spacing", Unit: "mm", Low: 0.05, High: 20},
		{Column: "ibsi:2OJQ", Label: "dynamic range", Unit: "1", Low: 1e-6, High: 1 << 24},
	}
}

// NoImages is the error of a folder without images of a kind.
func NoImages(path, kind string) error {
	return &format.Error{File: path, Text: fmt.Sprintf("this is a directory without %s", kind), Mend: "name a folder or file that has them"}
}

var (
	_ format.Tables     = Format{}
	_ format.Folder     = Format{}
	_ format.Checked    = Format{}
	_ format.Companions = Format{}
)
