package biomtable

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/scigolib/hdf5"

	"hmsp.center/hmsp/format"
)

// Signature begins an HDF5 file.
const Signature = "\x89HDF\r\n\x1a\n"

// DecodeHDF5 reads a BIOM 2.0 or 2.1 table
// (https://biom-format.org/documentation/format_versions/biom-2.1.html) from the file at
// place; path is for errors, where the two are not the same.
func DecodeHDF5(path, place string) (t *Table, err error) {
	info, err := os.Stat(place)
	if err != nil {
		return nil, &format.Error{File: path, Text: "the file cannot be read", Mend: "check the disk", Cause: err}
	}
	// The library is not written for damaged files: this is the one place where its panics
	// become errors.
	defer func() {
		if recover() != nil {
			t, err = nil, refuse(path, "the HDF5 file is damaged")
		}
	}()
	f, err := hdf5.Open(place)
	if err != nil {
		return nil, refuse(path, "this is no HDF5 file, or it is damaged")
	}
	defer f.Close()
	h := &container{path: path, size: info.Size(), sets: map[string]*hdf5.Dataset{}}
	h.walk(f.Root(), "", 0)
	if h.err != nil {
		return nil, h.err
	}
	t = h.table(f.Root())
	if h.err != nil {
		return nil, h.err
	}
	return t, t.check(path)
}

// A container is an HDF5 file that is read; after the first error nothing more is.
type container struct {
	path string
	size int64
	sets map[string]*hdf5.Dataset
	list []string // the names of sets, as the file has them
	err  error
}

// walk finds the datasets. A table has less than a hundred; a damaged file may hold a
// ring of groups.
func (h *container) walk(g *hdf5.Group, path string, depth int) {
	for _, child := range g.Children() {
		name := path + "/" + strings.Trim(child.Name(), "/")
		switch c := child.(type) {
		case *hdf5.Dataset:
			h.sets[name] = c
			h.list = append(h.list, name)
		case *hdf5.Group:
			if depth < 8 {
				h.walk(c, name, depth+1)
			}
		}
		if len(h.list) > 10000 {
			h.fail("the HDF5 file holds too many datasets for a table")
			return
		}
	}
}

func (h *container) fail(text string, args ...any) {
	if h.err == nil {
		h.err = refuse(h.path, text, args...)
	}
}

// table reads everything that is used of a table.
func (h *container) table(root *hdf5.Group) *Table {
	shape, nonzero, kind := h.attributes(root)
	t := &Table{Type: kind}
	observations, samples := h.strings("/observation/ids"), h.strings("/sample/ids")
	if h.err == nil && (len(observations) != shape[0] || len(samples) != shape[1]) {
		h.fail("the attribute shape does not agree with the identifiers")
	}
	if h.err != nil {
		return nil
	}
	for _, id := range observations {
		t.Features = append(t.Features, feature(id, nil))
	}
	t.Samples = samples
	bySample := h.compressed("/sample/matrix", shape[1], shape[0], nonzero)
	byObservation := h.compressed("/observation/matrix", shape[0], shape[1], nonzero)
	if h.err != nil {
		return nil
	}
	if h.err = t.fill(h.path, bySample.minor, bySample.major, bySample.values); h.err != nil {
		return nil
	}
	var other Table
	other.Samples, other.Features = t.Samples, t.Features
	if h.err = other.fill(h.path, byObservation.major, byObservation.minor, byObservation.values); h.err != nil {
		return nil
	}
	if !t.same(&other) {
		h.fail("the matrix by sample and the matrix by observation differ")
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
func (h *container) attributes(root *hdf5.Group) (shape [2]int, nonzero int, kind string) {
	list, err := root.Attributes()
	if err != nil {
		h.fail("the attributes of the table cannot be read")
		return
	}
	nonzero = -1
	shape = [2]int{-1, -1}
	for _, a := range list {
		v, err := a.ReadValue()
		if err != nil {
			continue
		}
		switch numbers := integers(v); {
		case a.Name == "shape" && len(numbers) == 2:
			shape = [2]int{int(numbers[0]), int(numbers[1])}
		case a.Name == "nnz" && len(numbers) == 1:
			nonzero = int(numbers[0])
		case a.Name == "format-version" && len(numbers) > 0 && numbers[0] != 2:
			h.fail("the table is of another version of BIOM than 2")
		case a.Name == "type":
			kind, _ = v.(string)
		}
	}
	if shape[0] < 0 || shape[1] < 0 || nonzero < 0 || shape[0] > math.MaxInt32 || shape[1] > math.MaxInt32 {
		h.fail("the HDF5 file is no BIOM table: it lacks the attributes shape and nnz")
	}
	return
}

// integers are the whole numbers of an attribute.
func integers(v any) []int64 {
	switch x := v.(type) {
	case []int64:
		return x
	case int64:
		return []int64{x}
	case []int32:
		out := make([]int64, len(x))
		for i := range x {
			out[i] = int64(x[i])
		}
		return out
	case int32:
		return []int64{int64(x)}
	}
	return nil
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
		h.fail("the parts of %s do not agree with shape and nnz", group)
		return e
	}
	for i := range major {
		from, to := starts[i], starts[i+1]
		if !(from <= to) || from != math.Trunc(from) || to != math.Trunc(to) || to > float64(nonzero) {
			h.fail("%s/indptr does not rise", group)
			return e
		}
		for k := int(from); k < int(to); k++ {
			at := indices[k]
			if !(at >= 0 && at < float64(minor)) || at != math.Trunc(at) {
				h.fail("%s/indices lie outside of the shape", group)
				return e
			}
			if math.IsNaN(e.values[k]) || math.IsInf(e.values[k], 0) {
				h.fail("%s/data holds what is no number", group)
				return e
			}
			e.major, e.minor = append(e.major, int32(i)), append(e.minor, int32(at))
		}
	}
	return e
}

// metadata reads those categories of observations and samples that hold texts.
func (h *container) metadata(t *Table) {
	t.Known = make([][]string, len(t.Samples))
	for _, name := range h.list {
		if key, ok := strings.CutPrefix(name, "/observation/metadata/"); ok {
			h.annotate(t, key, name)
		}
		if key, ok := strings.CutPrefix(name, "/sample/metadata/"); ok {
			h.know(t, key, name)
		}
	}
}

func (h *container) annotate(t *Table, key, name string) {
	texts, width := h.grid(name, len(t.Features))
	for i := range t.Features {
		var list []string
		for _, text := range texts[min(i*width, len(texts)):min((i+1)*width, len(texts))] {
			if text != "" || lineage(key) {
				list = append(list, text)
			}
		}
		t.Features[i] = annotate(t.Features[i], key, list)
	}
}

func (h *container) know(t *Table, key, name string) {
	texts, width := h.grid(name, len(t.Samples))
	if width != 1 {
		return // a list of each sample: no attribute
	}
	t.Attributes = append(t.Attributes, key)
	for i, text := range texts {
		t.Known[i] = append(t.Known[i], text)
	}
}

// grid reads texts, or numbers as texts, with so many rows; of another shape it is nothing.
func (h *container) grid(name string, rows int) (texts []string, width int) {
	if h.err != nil {
		return nil, 0
	}
	d := h.shape(name)
	if h.err != nil || len(d.dims) == 0 || len(d.dims) > 2 || d.dims[0] != rows || rows == 0 {
		return nil, 0
	}
	if !d.text {
		if !d.number {
			return nil, 0
		}
		for _, x := range h.numbers(name) {
			texts = append(texts, strconv.FormatFloat(x, 'f', -1, 64))
		}
	} else {
		texts = h.strings(name)
	}
	if len(texts)%rows != 0 {
		return nil, 0
	}
	return texts, len(texts) / rows
}

// A layout is the shape and kind of a dataset.
type layout struct {
	dims         []int
	elements     int
	text, number bool
	variable     bool
}

// described takes apart what the library says of a dataset, which is the only way it
// tells the shape before it makes room for it.
var described = regexp.MustCompile(`^Dataset: (\w+) \(size=(\d+) bytes\).*?, \dD array \[([0-9 x]+)\]`)

// shape reads the shape of a dataset, and refuses one that its file cannot hold: deflate
// packs a thousand to one at most.
func (h *container) shape(name string) layout {
	d, ok := h.sets[name]
	if !ok {
		h.fail("the HDF5 file is no BIOM table: it lacks %s", name)
		return layout{}
	}
	info, err := d.Info()
	match := described.FindStringSubmatch(info)
	if err != nil || match == nil {
		if strings.Contains(info, "scalar") || strings.HasPrefix(name, "/observation/metadata/") || strings.HasPrefix(name, "/sample/metadata/") {
			return layout{}
		}
		h.fail("%s cannot be read", name)
		return layout{}
	}
	out := layout{elements: 1, text: match[1] == "string" || match[1] == "class_9", variable: match[1] == "class_9", number: match[1] == "integer" || match[1] == "float"}
	size, _ := strconv.Atoi(match[2])
	for _, dim := range strings.Fields(strings.ReplaceAll(match[3], "x", " ")) {
		n, err := strconv.Atoi(dim)
		if err != nil || n < 0 || n > 1<<31 || n > 0 && out.elements > (1<<31)/n {
			h.fail("%s is larger than a table may be", name)
			return layout{}
		}
		out.dims, out.elements = append(out.dims, n), out.elements*n
	}
	if int64(out.elements)*int64(max(size, 1)) > h.size*1100 {
		h.fail("%s is larger than the file can hold", name)
	}
	return out
}

func (h *container) numbers(name string) []float64 {
	if h.err != nil {
		return nil
	}
	d := h.shape(name)
	if h.err != nil {
		return nil
	}
	if !d.number {
		h.fail("%s does not hold numbers", name)
		return nil
	}
	x, err := h.sets[name].Read()
	if err != nil || len(x) != d.elements {
		h.fail("%s cannot be read: the file is damaged", name)
		return nil
	}
	return x
}

func (h *container) strings(name string) []string {
	if h.err != nil {
		return nil
	}
	d := h.shape(name)
	if h.err != nil {
		return nil
	}
	if !d.text {
		h.fail("%s does not hold texts", name)
		return nil
	}
	var out []string
	var err error
	if d.variable {
		var list [][]byte
		list, err = h.sets[name].ReadVLenBytes()
		for _, b := range list {
			out = append(out, strings.TrimRight(string(b), "\x00"))
		}
	} else {
		out, err = h.sets[name].ReadStrings()
	}
	if err != nil || len(out) != d.elements {
		h.fail("%s cannot be read: the file is damaged", name)
		return nil
	}
	for i, text := range out {
		if !validText(text) {
			h.fail("text %d of %s is not in UTF-8", i+1, name)
			return nil
		}
	}
	return out
}

func validText(s string) bool { return utf8.ValidString(s) }
