package biomtable

import (
	"errors"
	"math"
	"os"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/biomtable/hdf5"
)

// Signature begins an HDF5 file.
const Signature = hdf5.Signature

// DecodeHDF5 reads a BIOM 2.0 or 2.1 table
// (https://biom-format.org/documentation/format_versions/biom-2.1.html) from the file at
// place; path is for errors, where the two are not the same.
func DecodeHDF5(path, place string) (*Table, error) {
	f, err := os.Open(place)
	if err != nil {
		return nil, Damaged(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, Damaged(path, err)
	}
	h := &container{path: path, sets: map[string]*hdf5.Dataset{}}
	file, err := hdf5.Open(f, info.Size())
	if err != nil {
		return nil, h.fail(err)
	}
	h.list(file)
	t := h.table(file)
	if h.err != nil {
		return nil, h.err
	}
	return t, nil
}

// A container is an HDF5 file that is read; after the first error nothing more is.
type container struct {
	path  string
	sets  map[string]*hdf5.Dataset
	names []string // of sets, as the file has them
	err   error
}

// fail keeps the first error, as one of the file.
func (h *container) fail(err error) error {
	if h.err == nil && err != nil {
		h.err = &format.Error{File: h.path, Text: err.Error(), Mend: "copy or export it again"}
		if errors.Is(err, hdf5.ErrLayout) {
			h.err = &format.Error{File: h.path, Text: err.Error(), Mend: "rewrite it with h5repack, or as BIOM 1.0 with biom convert --to-json"}
		}
	}
	return h.err
}

func (h *container) refuse(text string, args ...any) {
	if h.err == nil {
		h.err = refuse(h.path, text, args...)
	}
}

// list describes the datasets that a table has.
func (h *container) list(file *hdf5.File) {
	objects, err := file.Datasets()
	if h.fail(err) != nil {
		return
	}
	for _, o := range objects {
		if !strings.HasPrefix(o.Path, "/observation/") && !strings.HasPrefix(o.Path, "/sample/") {
			continue
		}
		d, err := file.Dataset(o)
		if h.fail(err) != nil {
			return
		}
		if h.sets[o.Path] != nil {
			h.refuse("the HDF5 file holds %s twice", o.Path)
			return
		}
		h.sets[o.Path] = d
		h.names = append(h.names, o.Path)
	}
}

// table reads everything that is used of a table.
func (h *container) table(file *hdf5.File) *Table {
	shape, nonzero, kind := h.attributes(file)
	observations, samples := h.texts("/observation/ids"), h.texts("/sample/ids")
	if h.err == nil && (len(observations) != shape[0] || len(samples) != shape[1]) {
		h.refuse("the attribute shape does not agree with the identifiers")
	}
	if h.err != nil {
		return nil
	}
	t := &Table{Type: kind, Samples: samples}
	for _, id := range observations {
		t.Features = append(t.Features, feature(id, nil))
	}
	bySample := h.compressed("/sample/matrix", shape[1], shape[0], nonzero)
	byObservation := h.compressed("/observation/matrix", shape[0], shape[1], nonzero)
	if h.err != nil {
		return nil
	}
	other := &Table{Samples: t.Samples, Features: t.Features}
	for _, step := range []func() error{
		func() error { return t.check(h.path) },
		func() error { return t.fill(h.path, bySample.minor, bySample.major, bySample.values) },
		func() error {
			return other.fill(h.path, byObservation.major, byObservation.minor, byObservation.values)
		},
	} {
		if h.err = step(); h.err != nil {
			return nil
		}
	}
	if !t.same(other) {
		h.refuse("the matrix by sample and the matrix by observation differ")
		return nil
	}
	h.metadata(t)
	return t
}

func (t *Table) same(o *Table) bool {
	for i := range t.Starts {
		if t.Starts[i] != o.Starts[i] {
			return false
		}
	}
	for k := range t.Values {
		if t.Places[k] != o.Places[k] || t.Values[k] != o.Values[k] {
			return false
		}
	}
	return true
}

// attributes are those of the root that a reader needs.
func (h *container) attributes(file *hdf5.File) (shape [2]int, nonzero int, kind string) {
	list, err := file.Attributes()
	if h.fail(err) != nil {
		return shape, 0, ""
	}
	whole := func(name string, n int) []float64 {
		d := list[name]
		if d == nil || d.Kind != hdf5.Integer {
			h.refuse("the HDF5 file is no BIOM table: it lacks the attribute %s", name)
			return make([]float64, n)
		}
		x, err := d.Numbers()
		if h.fail(err) != nil || len(x) != n {
			h.refuse("the attribute %s is not as BIOM has it", name)
			return make([]float64, n)
		}
		for _, v := range x {
			if !(v >= 0 && v <= math.MaxInt32) {
				h.refuse("the attribute %s is larger than a table may be", name)
			}
		}
		return x
	}
	if version := whole("format-version", 2); h.err == nil && version[0] != 2 {
		h.refuse("the table is of another version of BIOM than 2")
	}
	of, count := whole("shape", 2), whole("nnz", 1)
	if d := list["type"]; d != nil && h.err == nil {
		if text, err := d.Strings(); err == nil && len(text) == 1 {
			kind = text[0]
		}
	}
	return [2]int{int(of[0]), int(of[1])}, int(count[0]), kind
}

// entries are a matrix as its entries.
type entries struct {
	major, minor []int32
	values       []float64
}

// compressed reads a matrix in compressed rows: data, indices of the minor axis, and
// indptr, where each row begins.
func (h *container) compressed(group string, major, minor, nonzero int) entries {
	e := entries{values: h.numbers(group + "/data")}
	indices, starts := h.numbers(group+"/indices"), h.numbers(group+"/indptr")
	if h.err != nil {
		return e
	}
	if len(e.values) != nonzero || len(indices) != nonzero || len(starts) != major+1 || starts[0] != 0 || starts[major] != float64(nonzero) {
		h.refuse("the parts of %s do not agree with shape and nnz", group)
		return e
	}
	for i := range major {
		from, to := starts[i], starts[i+1]
		if !(from <= to && to <= float64(nonzero)) || to != math.Trunc(to) {
			h.refuse("%s/indptr does not rise", group)
			return e
		}
		for k := int(from); k < int(to); k++ {
			at := indices[k]
			if !(at >= 0 && at < float64(minor)) || at != math.Trunc(at) {
				h.refuse("%s/indices lie outside of the shape", group)
				return e
			}
			if math.IsNaN(e.values[k]) || math.IsInf(e.values[k], 0) {
				h.refuse("%s/data holds what is no number", group)
				return e
			}
			e.major, e.minor = append(e.major, int32(i)), append(e.minor, int32(at))
		}
	}
	return e
}

// metadata reads the categories of observations and samples that are texts or numbers.
// grid reads texts, or numbers as texts, with so many rows; what has another shape or
// holds something else is left out, and has no width.
func (h *container) set(name string) *hdf5.Dataset {
	d := h.sets[name]
	if d == nil {
		h.refuse("the HDF5 file is no BIOM table: it lacks %s", name)
	}
	return d
}

func (h *container) numbers(name string) []float64 {
	d := h.set(name)
	if h.err != nil {
		return nil
	}
	out, err := d.Numbers()
	_ = h.fail(err) // which h.err keeps
	return out
}

func (h *container) texts(name string) []string {
	d := h.set(name)
	if h.err != nil {
		return nil
	}
	out, err := d.Strings()
	_ = h.fail(err) // which h.err keeps
	return out
}
