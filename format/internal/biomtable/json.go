package biomtable

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/features"
)

// document is BIOM 1.0 (https://biom-format.org/documentation/format_versions/biom-1.0.html).
type document struct {
	ID          *string          `json:"id"`
	Format      string           `json:"format"`
	FormatURL   string           `json:"format_url"`
	Type        string           `json:"type"`
	GeneratedBy string           `json:"generated_by"`
	Date        string           `json:"date"`
	MatrixType  string           `json:"matrix_type"`
	ElementType string           `json:"matrix_element_type"`
	Shape       []int            `json:"shape"`
	Data        cells            `json:"data"`
	Rows        []entry          `json:"rows"`
	Columns     []entry          `json:"columns"`
	Comment     *json.RawMessage `json:"comment,omitempty"`
}

// cells are an array of arrays of numbers.
type cells struct {
	values []float64
	ends   []int // of each inner array in values
}

func (c *cells) rows() int { return len(c.ends) }

func (c *cells) row(i int) []float64 {
	from := 0
	if i > 0 {
		from = c.ends[i-1]
	}
	return c.values[from:c.ends[i]]
}

// UnmarshalJSON takes text that is known to be JSON.
func (c *cells) UnmarshalJSON(text []byte) error {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case b == '[':
			depth++
		case b == ']':
			if depth == 2 {
				c.ends = append(c.ends, len(c.values))
			}
			depth--
		case b == ',' || b == ' ' || b == '\n' || b == '\r' || b == '\t':
		case depth == 2 && (b == '-' || b >= '0' && b <= '9'):
			end := i + bytes.IndexAny(text[i:], ",] \n\r\t")
			x, err := strconv.ParseFloat(string(text[i:end]), 64)
			if err != nil {
				return errNumbers
			}
			c.values = append(c.values, x)
			i = end - 1
		default:
			return errNumbers
		}
		if depth > 2 {
			return errNumbers
		}
	}
	return nil
}

var errNumbers = errors.New("data is no array of arrays of numbers")

// entry is a row or a column.
type entry struct {
	ID       string                     `json:"id"`
	Metadata map[string]json.RawMessage `json:"metadata"`
}

// jsonBytes is the largest JSON that is read: it is held whole.
const jsonBytes = 256 << 20

// DecodeJSON reads a BIOM 1.0 table. Path is for errors alone.
func DecodeJSON(path string, in io.Reader) (*Table, error) {
	limited := &io.LimitedReader{R: in, N: jsonBytes}
	d := json.NewDecoder(limited)
	var doc document
	if err := d.Decode(&doc); err != nil {
		return nil, broken(path, d.InputOffset(), err, limited.N == 0)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, refuse(path, "there is more behind the end of the table")
	}
	if !strings.HasPrefix(doc.Format, "Biological Observation Matrix 1.0") {
		return nil, refuse(path, "the JSON does not say that it is a Biological Observation Matrix 1.0")
	}
	if len(doc.Shape) != 2 || doc.Shape[0] != len(doc.Rows) || doc.Shape[1] != len(doc.Columns) {
		return nil, refuse(path, "shape does not agree with rows and columns")
	}
	if !slices.Contains([]string{"int", "float", ""}, doc.ElementType) {
		return nil, &format.Error{File: path, Text: "matrix_element_type is neither int nor float", Mend: "export the table with numbers"}
	}
	t := &Table{Type: doc.Type}
	for _, r := range doc.Rows {
		t.Features = append(t.Features, feature(r.ID, r.Metadata))
	}
	for _, c := range doc.Columns {
		t.Samples = append(t.Samples, c.ID)
	}
	if err := t.check(path); err != nil {
		return nil, err
	}
	t.attributes(doc.Columns)
	return t, t.data(path, &doc)
}

// broken tells what is wrong with JSON without repeating it.
func broken(path string, at int64, err error, large bool) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case large:
		return &format.Error{File: path, Text: "the table is larger than 256 MiB of JSON", Mend: "write it as BIOM 2.1"}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return refuse(path, "the JSON ends too early")
	case errors.Is(err, errNumbers):
		return refuse(path, "data is no array of arrays of numbers")
	case errors.As(err, &syntax):
		return refuse(path, "at byte %d the file is no JSON", syntax.Offset)
	case errors.As(err, &kind):
		return refuse(path, "at byte %d the value of %s is of another kind than BIOM 1.0 says", kind.Offset, kind.Field)
	}
	return &format.Error{File: path, Text: "the table cannot be read", Mend: "check the file", Cause: err}
}

// data is sparse triples of row, column and value, or dense rows. Files of BIOM 2 do not
// always say matrix_type; then rows of another length than three must be dense.
func (t *Table) data(path string, doc *document) error {
	rows, columns := len(t.Features), len(t.Samples)
	kind := doc.MatrixType
	if kind == "" {
		kind = "sparse"
		if doc.Data.rows() == rows && columns != 3 && len(doc.Data.row(0)) == columns {
			kind = "dense"
		}
	}
	if kind != "sparse" && kind != "dense" {
		return refuse(path, "matrix_type is neither sparse nor dense")
	}
	var features, samples []int32
	var values []float64
	put := func(f, s int, x float64) error {
		if doc.ElementType == "int" && x != math.Trunc(x) {
			return refuse(path, "a value of an int matrix is no whole number")
		}
		if x != 0 {
			features, samples, values = append(features, int32(f)), append(samples, int32(s)), append(values, x)
		}
		return nil
	}
	if kind == "dense" && doc.Data.rows() != rows {
		return refuse(path, "the matrix has another number of rows than shape says")
	}
	for i := range doc.Data.rows() {
		switch row := doc.Data.row(i); {
		case kind == "dense" && len(row) != columns, kind == "sparse" && len(row) != 3:
			return refuse(path, "entry %d of data has another length than a %s matrix has", i+1, kind)
		case kind == "dense":
			for s, x := range row {
				if err := put(i, s, x); err != nil {
					return err
				}
			}
		default:
			f, s := row[0], row[1]
			if f != math.Trunc(f) || s != math.Trunc(s) || f < 0 || s < 0 || f >= float64(rows) || s >= float64(columns) {
				return refuse(path, "entry %d of data lies outside of the shape", i+1)
			}
			if err := put(int(f), int(s), row[2]); err != nil {
				return err
			}
		}
	}
	return t.fill(path, features, samples, values)
}

// feature is an observation with what its metadata say.
func feature(id string, metadata map[string]json.RawMessage) features.Feature {
	f := features.Feature{ID: id}
	for _, key := range sorted(metadata) {
		var list []string
		var text string
		switch raw := metadata[key]; {
		case json.Unmarshal(raw, &list) == nil:
		case json.Unmarshal(raw, &text) == nil && text != "":
			list = []string{text}
		}
		f = annotate(f, key, list)
	}
	return f
}

// annotate adds one kind of metadata to a feature: a lineage as list or as text, or names.
func annotate(f features.Feature, key string, list []string) features.Feature {
	switch {
	case len(list) == 0:
	case !lineage(key):
		f.Names = append(f.Names, list...)
	case len(list) == 1:
		f.Lineage = features.Lineage(list[0])
	default:
		taxa := make([]string, len(list))
		for i, taxon := range list {
			taxa[i] = features.Taxon(taxon)
		}
		f.Lineage = features.Ranked(taxa)
	}
	return f
}

// lineage says that metadata of that name are taxa.
func lineage(key string) bool {
	switch strings.ToLower(key) {
	case "taxonomy", "taxon", "lineage", "consensuslineage", "consensus lineage":
		return true
	}
	return false
}

func sorted(m map[string]json.RawMessage) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// attributes keeps the metadata of samples that are texts or numbers.
func (t *Table) attributes(columns []entry) {
	names := map[string]json.RawMessage{}
	for _, c := range columns {
		for k, raw := range c.Metadata {
			if _, ok := plain(raw); ok {
				names[k] = nil
			}
		}
	}
	t.Attributes = sorted(names)
	for _, c := range columns {
		known := make([]string, len(t.Attributes))
		for i, a := range t.Attributes {
			known[i], _ = plain(c.Metadata[a])
		}
		t.Known = append(t.Known, known)
	}
}

// plain is metadata that one cell can hold.
func plain(raw json.RawMessage) (string, bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text, string(raw) != "null"
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		return number.String(), true
	}
	return "", false
}
