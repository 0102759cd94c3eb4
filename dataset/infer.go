package dataset

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/table"
)

// MaxLevels is how many different texts a column may hold to be a category.
const MaxLevels = 1000

// An Ignored column is in the files and not in the inferred schema.
type Ignored struct{ Column, Why string }

// Infer makes a schema of files that have no dictionary, over all of them
// together, for a researcher who tries a study on local files. Numbers become
// number or integer with the range they have; texts become categories with sorted
// levels, as R's factor does; true and false become flags, while 0 and 1 stay
// integers, so that a formula means what it means in R. Columns that not every
// file has, without any value, or with more than MaxLevels texts are left out and
// listed. The ranges are those of the data: a schema for data that is not one's own
// comes from a charter.
func (l Loader) Infer(ctx context.Context, paths ...string) (table.Schema, []Ignored, error) {
	if len(paths) == 0 {
		return nil, nil, fmt.Errorf("infer a schema: no file is named")
	}
	var order []string
	found := map[string]*inferred{}
	for _, path := range paths {
		if err := l.look(ctx, path, found, &order); err != nil {
			return nil, nil, err
		}
	}
	for _, path := range paths {
		if err := l.levels(ctx, path, found); err != nil {
			return nil, nil, err
		}
	}
	var schema table.Schema
	var ignored []Ignored
	for _, name := range order {
		v, why := found[name].variable(name, len(paths))
		if why != "" {
			ignored = append(ignored, Ignored{name, why})
			continue
		}
		schema = append(schema, v)
	}
	if len(schema) == 0 {
		return nil, ignored, fmt.Errorf("infer a schema: the files have no column in common that an analysis could read")
	}
	return schema, ignored, nil
}

// inferred is what is known of a column over the files read so far.
type inferred struct {
	files   int
	why     string // it cannot be read
	any     bool
	words   bool // some value is no number
	truths  bool // every value is true or false, in words
	decimal bool // some value is not whole
	lo, hi  float64
	texts   map[string]struct{}
}

// look finds the kinds and ranges of a file's columns.
func (l Loader) look(ctx context.Context, path string, found map[string]*inferred, order *[]string) error {
	f, err := l.format("", path)
	if err != nil {
		return err
	}
	described, err := f.Describe(ctx, path, format.Options{})
	if err != nil {
		return err
	}
	names := []string{}
	for _, c := range described.Columns {
		v := found[c.Name]
		if v == nil {
			v = &inferred{truths: true, lo: math.Inf(1), hi: math.Inf(-1), texts: map[string]struct{}{}}
			found[c.Name] = v
			*order = append(*order, c.Name)
		}
		v.files++
		if c.Kind == format.Unknown {
			v.why = "it is " + c.Why
			continue
		}
		names = append(names, c.Name)
	}
	return l.walk(ctx, f, path, names, func(c format.Column, b format.Values, row int) {
		v := found[c.Name]
		if s := raw(c.Kind, b, row); s == "NaN" || s == "nan" {
			return // missing among numbers; a level among texts
		}
		v.any = true
		if x, ok := numeric(c.Kind, b, row); ok {
			v.truths = false
			v.lo, v.hi = min(v.lo, x), max(v.hi, x)
			v.decimal = v.decimal || x != math.Trunc(x)
			return
		}
		v.words = true
		s := strings.ToLower(raw(c.Kind, b, row))
		v.truths = v.truths && (s == "true" || s == "false")
	})
}

// levels collects the texts of the columns that are no numbers.
func (l Loader) levels(ctx context.Context, path string, found map[string]*inferred) error {
	f, err := l.format("", path)
	if err != nil {
		return err
	}
	described, err := f.Describe(ctx, path, format.Options{})
	if err != nil {
		return err
	}
	names := []string{}
	for _, c := range described.Columns {
		if v := found[c.Name]; v.words && !v.truths && v.why == "" {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return l.walk(ctx, f, path, names, func(c format.Column, b format.Values, row int) {
		if v := found[c.Name]; len(v.texts) <= MaxLevels {
			v.texts[raw(c.Kind, b, row)] = struct{}{}
		}
	})
}

// walk visits every value that is there.
func (l Loader) walk(ctx context.Context, f format.Format, path string, names []string, visit func(format.Column, format.Values, int)) error {
	r, err := f.Open(ctx, path, format.Options{Columns: names})
	if err != nil {
		return err
	}
	defer r.Close()
	rows := 0
	for {
		b, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if rows += b.Rows; rows > l.maxRows() {
			return &format.Error{File: path, Text: fmt.Sprintf("the file has more than %d rows", l.maxRows()), Mend: "select rows before"}
		}
		for i, c := range r.Columns() {
			for row := range b.Rows {
				if !b.Columns[i].Missing(row) && !(c.Kind == format.Float && math.IsNaN(b.Columns[i].Float[row])) {
					visit(c, b.Columns[i], row)
				}
			}
		}
	}
}

func numeric(k format.Kind, v format.Values, row int) (float64, bool) {
	switch k {
	case format.Text:
		return format.ParseNumber(v.Text[row], ".")
	case format.Float:
		return v.Float[row], !math.IsNaN(v.Float[row]) && !math.IsInf(v.Float[row], 0)
	case format.Int:
		return float64(v.Int[row]), true
	}
	return 0, false
}

func raw(k format.Kind, v format.Values, row int) string {
	switch k {
	case format.Text:
		return v.Text[row]
	case format.Float:
		return strconv.FormatFloat(v.Float[row], 'f', -1, 64) // 1234567 as a whole number has it
	case format.Int:
		return strconv.FormatInt(v.Int[row], 10)
	}
	return strconv.FormatBool(v.Bool[row])
}

// variable is the dictionary entry that fits, or why there is none.
func (v *inferred) variable(name string, files int) (table.Variable, string) {
	out := table.Variable{Name: name}
	switch {
	case v.why != "":
		return out, v.why
	case v.files < files:
		return out, fmt.Sprintf("only %d of %d files have it", v.files, files)
	case !v.any:
		return out, "it holds no value"
	case v.words && v.truths:
		out.Kind = table.Flag
	case v.words && len(v.texts) > MaxLevels:
		return out, fmt.Sprintf("it is text with more than %d different values", MaxLevels)
	case v.words:
		out.Kind = table.Category
		for s := range v.texts {
			out.Levels = append(out.Levels, table.Level{Code: s})
		}
		slices.SortFunc(out.Levels, func(a, b table.Level) int { return strings.Compare(a.Code, b.Code) })
	default:
		out.Kind, out.Min, out.Max = v.measured()
	}
	if err := out.Valid(); err != nil {
		return out, err.Error()
	}
	return out, ""
}

// measured widens the range of a constant, because a range has two ends.
func (v *inferred) measured() (kind table.Kind, lo, hi float64) {
	if !v.decimal && math.Abs(v.lo) < 1<<53 && math.Abs(v.hi) < 1<<53 {
		if v.lo == v.hi {
			return table.Integer, v.lo, v.hi + 1
		}
		return table.Integer, v.lo, v.hi
	}
	if v.lo == v.hi {
		d := max(math.Abs(v.lo)/2, 1)
		return table.Number, v.lo - d, v.hi + d
	}
	return table.Number, v.lo, v.hi
}
