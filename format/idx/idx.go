// Package idx reads sets of small images in the IDX format of the MNIST database, with
// the file of labels beside them, packed with gzip or not.
//
// It serves package dataset with a flat table, a row an image: its number, its label and
// the features of its intensities; and what learns from images with all of them at once.
// A file names no patient: the number of the image stands for the sample. It refuses
// labels that are not as many as the images, and a file that is cut off.
//
// The format is described with the database (Y. LeCun, C. Cortes, C. J. C. Burges,
// http://yann.lecun.com/exdb/mnist/): a magic number, sizes and values in big endian.
package idx

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/images"
	"hmsp.center/hmsp/radiomics"
)

// The columns that are no features. Those are named as package radiomics names them.
const (
	Image = "image" // its number, from 1
	Label = "label" // of a set that has a file of labels
)

// New is the IDX format.
func New() format.Format { return Format{} }

// Format is the IDX format.
type Format struct{}

// Name is "idx".
func (Format) Name() string { return "idx" }

// Sniff knows the magic number of a set of images, packed or not. What is named as a packed
// one and cannot be unpacked is told when it is opened.
func (Format) Sniff(head []byte, filename string) int {
	name := strings.ToLower(filepath.Base(filename))
	named := strings.Contains(name, "idx3") || strings.Contains(name, "idx4")
	head, packed := images.Unpacked(head, 16)
	switch {
	case packed && head == nil && named:
		return 90
	case len(head) >= 16 && head[0] == 0 && head[1] == 0 && width(head[2]) > 0 && (head[3] == 3 || head[3] == 4):
		if named {
			return 95
		}
		return 60
	}
	return 0
}

// Companions is the file of labels.
func (Format) Companions(path string) []string {
	if labels := labelsOf(path); labels != "" {
		return []string{labels}
	}
	return nil
}

// labelsOf is the file of labels beside one of images: the same name with labels for
// images; "" where there is none.
func labelsOf(path string) string {
	name := filepath.Base(path)
	other := strings.NewReplacer("images", "labels", "idx3", "idx1", "idx4", "idx1").Replace(name)
	if !strings.Contains(name, "images") {
		return ""
	}
	for _, n := range []string{other, strings.TrimSuffix(other, ".gz"), other + ".gz"} {
		at := filepath.Join(filepath.Dir(path), n)
		if info, err := os.Stat(at); err == nil && info.Mode().IsRegular() {
			return at
		}
	}
	return ""
}

// Describe tells the columns and how many images there are.
func (Format) Describe(ctx context.Context, path string, o format.Options) (format.Description, error) {
	f, err := open(path, false)
	if err != nil {
		return format.Description{}, err
	}
	defer f.close()
	d := format.Description{Columns: columns(path), Rows: int64(f.sizes[0]), Exact: true}
	d.Notes = append(d.Notes, fmt.Sprintf("%d images of %d x %d", f.sizes[0], f.sizes[1], f.sizes[2]))
	if labelsOf(path) == "" {
		d.Notes = append(d.Notes, "there is no file of labels beside the images")
	}
	return d, nil
}

func columns(path string) []format.Column {
	out := []format.Column{{Name: Image, Kind: format.Int}}
	if labelsOf(path) != "" {
		out = append(out, format.Column{Name: Label, Kind: format.Int})
	}
	for _, f := range radiomics.Codes() {
		out = append(out, format.Column{Name: f.Name, Kind: format.Float})
	}
	return out
}

// Open starts reading.
func (Format) Open(ctx context.Context, path string, o format.Options) (format.Reader, error) {
	f, err := open(path, false)
	if err != nil {
		return nil, err
	}
	all := columns(path)
	at, err := format.Pick(path, all, o.Columns)
	if err != nil {
		f.close()
		return nil, err
	}
	labels, err := labels(path, f.sizes[0])
	if err != nil {
		f.close()
		return nil, err
	}
	r := &reader{ctx: ctx, file: f, labels: labels, options: o.Defaults()}
	for _, k := range at {
		r.columns = append(r.columns, all[k])
	}
	return r, nil
}

type reader struct {
	ctx     context.Context
	file    *file
	labels  []int64 // nil where there is no file of them
	options format.Options
	columns []format.Column
	row     int // given
	done    error
}

// Columns describes the columns of each batch.
func (r *reader) Columns() []format.Column { return r.columns }

// Next reads images until a batch is full.
func (r *reader) Next() (format.Batch, error) {
	if r.done == nil {
		r.done = r.ctx.Err()
	}
	if r.done != nil {
		return format.Batch{}, r.done
	}
	b := format.Batch{First: r.row + 1, Columns: make([]format.Values, len(r.columns))}
	most := min(r.options.BatchRows, max(1, r.options.MaxBytes/(9*max(1, len(r.columns)))))
	for b.Rows < most && r.row < r.file.sizes[0] {
		if r.done = r.ctx.Err(); r.done != nil {
			return format.Batch{}, r.done
		}
		m, err := r.file.image()
		if err != nil {
			r.done = err
			return format.Batch{}, err
		}
		r.add(&b, m)
	}
	if r.row == r.file.sizes[0] {
		if r.done = r.file.end(); r.done == nil {
			r.done = io.EOF
		}
	}
	if b.Rows == 0 || r.done != nil && r.done != io.EOF {
		return format.Batch{}, r.done
	}
	return b, nil
}

// add puts a row into a batch; a feature that an image does not define is missing.
func (r *reader) add(b *format.Batch, m radiomics.Image) {
	features := map[string]float64{}
	for _, f := range radiomics.Features(m, radiomics.Bins) {
		features[f.Name] = f.Value
	}
	for k, c := range r.columns {
		v := &b.Columns[k]
		switch c.Name {
		case Image:
			v.Int = append(v.Int, int64(r.row+1))
		case Label:
			v.Int = append(v.Int, r.labels[r.row])
		default:
			x, known := features[c.Name]
			v.Float = append(v.Float, x)
			if !known && v.Null == nil {
				v.Null = make([]bool, b.Rows)
			}
			if v.Null != nil {
				v.Null = append(v.Null, !known)
			}
		}
	}
	b.Rows++
	r.row++
}

// Progress is how many images have been read, of how many.
func (r *reader) Progress() (read, of int64) { return int64(r.row), int64(r.file.sizes[0]) }

func (r *reader) Close() error {
	if r.done == os.ErrClosed {
		return nil
	}
	r.done = os.ErrClosed
	return r.file.close()
}

// A Set is all images of a file.
type Set struct {
	Rows, Columns, Channels int
	Values                  []float32 // image after image, row after row
	Labels                  []int64   // nil where there is no file of labels
}

// Read reads all images of a file, and their labels.
func Read(ctx context.Context, path string) (Set, error) {
	f, err := open(path, true)
	if err != nil {
		return Set{}, err
	}
	defer f.close()
	s := Set{Rows: f.sizes[1], Columns: f.sizes[2], Channels: f.channels()}
	for range f.sizes[0] {
		if err := ctx.Err(); err != nil {
			return Set{}, err
		}
		m, err := f.image()
		if err != nil {
			return Set{}, err
		}
		s.Values = append(s.Values, m.Values...)
	}
	if err := f.end(); err != nil {
		return Set{}, err
	}
	s.Labels, err = labels(path, f.sizes[0])
	return s, err
}
