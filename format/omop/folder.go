package omop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
)

// A folder is a source of files named for their tables. A table may also be a folder
// of parts, as distributed engines write them; they are read in the order of their
// names.
type folder struct {
	path    string
	formats []format.Format
	options format.Options
	files   map[string][]string // by table, relative to path
	tables  map[string]rawTable // described before
}

// tableOf is the table that a file is named for, "" if none: "PERSON.csv.gz" and
// "person.parquet/part-0.parquet" are both "person".
func tableOf(name string) string {
	top, part, nested := strings.Cut(filepath.ToSlash(name), "/")
	if nested && (strings.HasPrefix(part, "_") || strings.HasPrefix(part, ".") || !isData(part)) {
		return ""
	}
	if !nested && !isData(top) {
		return ""
	}
	table, _, _ := strings.Cut(strings.ToLower(top), ".")
	plain := table != "" && strings.Trim(table, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
	if !plain || !known(table) && strings.HasSuffix(strings.ToLower(top), ".txt") {
		return ""
	}
	return table
}

// isData says whether a file's name is one of data.
func isData(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	for _, ext := range []string{".csv", ".tsv", ".tab", ".txt", ".parquet"} {
		if strings.HasSuffix(name, ext) {
			return true
		}
	}
	return false
}

func openFolder(path string, formats []format.Format, o format.Options) (source, error) {
	if isFile(path) {
		f, err := format.OpenFile(path)
		if err != nil {
			return nil, err
		}
		f.Close()
		return nil, &format.Error{File: path, Text: "this is one file", Mend: "name the folder that holds the files of the common data model"}
	}
	out := &folder{path: path, formats: formats, options: o, files: map[string][]string{}, tables: map[string]rawTable{}}
	names, err := format.Files(path)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		t := tableOf(name)
		if t == "" || strings.Contains(name, "/") && !known(t) {
			continue
		}
		if have := out.files[t]; len(have) > 0 && top(have[0]) != top(name) {
			return nil, &format.Error{File: path, Text: fmt.Sprintf("%s and %s both hold the table %s", top(have[0]), top(name), t), Mend: "leave one of them in the folder"}
		}
		out.files[t] = append(out.files[t], name)
	}
	return out, nil
}

func top(name string) string {
	first, _, _ := strings.Cut(name, "/")
	return first
}

func (f *folder) names() []string { return slices.Sorted(maps.Keys(f.files)) }

func (f *folder) close() {}

func (f *folder) file(name string) string { return filepath.Join(f.path, filepath.FromSlash(name)) }

// table describes the files of a table; parts have the same columns.
func (f *folder) table(ctx context.Context, name string) (rawTable, error) {
	if t, ok := f.tables[name]; ok {
		return t, nil
	}
	t, err := f.describe(ctx, name)
	if err == nil && f.tables != nil {
		f.tables[name] = t
	}
	return t, err
}

func (f *folder) describe(ctx context.Context, name string) (rawTable, error) {
	t := rawTable{name: name, exact: true}
	for i, part := range f.files[name] {
		path := f.file(part)
		in, err := f.format(path)
		if err != nil {
			return t, err
		}
		o := f.options
		o.Unquoted = f.unquoted(ctx, in, name, path)
		t.plain = o.Unquoted
		d, err := in.Describe(ctx, path, o)
		if err != nil {
			return t, err
		}
		columns, written := make([]format.Column, len(d.Columns)), make([]string, len(d.Columns))
		for k, c := range d.Columns {
			written[k], c.Name = c.Name, strings.ToLower(c.Name)
			columns[k] = typed(name, c)
		}
		if err := format.Unique(path, 0, columns); err != nil {
			return t, err
		}
		if i == 0 {
			t.from, t.columns, t.written = path, columns, written
			if err := f.asRead(ctx, in, &t); err != nil {
				return t, err
			}
		} else if !slices.Equal(written, t.written) {
			return t, &format.Error{File: path, Text: "this part of the table has other columns than " + filepath.Base(t.from), Mend: "write the table again"}
		}
		t.size += size(path)
		t.rows += max(d.Rows, 0)
		t.exact = t.exact && d.Exact && d.Rows >= 0
		if d.Rows < 0 {
			t.rows = -1 << 62 // one unknown makes the sum unknown
		}
	}
	t.rows = max(t.rows, -1)
	return t, nil
}

// unquoted says whether a file is of a vocabulary as OHDSI's Athena hands it out: with
// tabs between the values, and quotes that are part of names.
func (f *folder) unquoted(ctx context.Context, in format.Format, table, path string) bool {
	if !isVocabulary(table) {
		return false
	}
	o := f.options
	o.Unquoted = true
	d, err := in.Describe(ctx, path, o)
	return err == nil && d.Detected.Delimiter == "\t"
}

// asRead sets the kinds of columns that the CDM does not know to those in which they
// are read: a description of a text file only guesses them.
func (f *folder) asRead(ctx context.Context, in format.Format, t *rawTable) error {
	o, at := f.options, []int{}
	o.Unquoted = t.plain
	o.Columns = []string{}
	for i, c := range t.columns {
		if c.Kind != format.Unknown && kindOf(t.name, c.Name) == asIs {
			o.Columns, at = append(o.Columns, t.written[i]), append(at, i)
		}
	}
	if len(at) == 0 {
		return nil
	}
	r, err := in.Open(ctx, t.from, o)
	if err != nil {
		return err
	}
	for i, c := range r.Columns() {
		t.columns[at[i]].Kind = c.Kind
	}
	return r.Close()
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0 // reading it will say what is wrong
	}
	return info.Size()
}

func (f *folder) format(path string) (format.Format, error) {
	if len(f.formats) == 0 {
		return nil, errors.New("the omop format was set up without formats to read files with")
	}
	return format.Detect(f.formats, path)
}

func (f *folder) read(ctx context.Context, t rawTable, columns []string, _ filter) (stream, error) {
	s := &fileStream{ctx: ctx, folder: f, parts: f.files[t.name], options: f.options, of: t.size}
	s.options.Unquoted = t.plain
	s.options.Columns = make([]string, len(columns))
	for i, c := range columns {
		s.options.Columns[i] = t.written[t.at(c)]
	}
	return s, nil
}

// A fileStream reads the parts of a table one after another.
type fileStream struct {
	ctx     context.Context
	folder  *folder
	parts   []string // still to read; the first is open where in is
	in      format.Reader
	options format.Options
	before  int64 // bytes of parts read
	of      int64
}

func (s *fileStream) next() (piece, error) {
	for len(s.parts) > 0 {
		path := s.folder.file(s.parts[0])
		if s.in == nil {
			f, err := s.folder.format(path)
			if err != nil {
				return piece{}, err
			}
			if s.in, err = f.Open(s.ctx, path, s.options); err != nil {
				s.in = nil
				return piece{}, err
			}
		}
		b, err := s.in.Next()
		if err == io.EOF {
			s.before += size(path)
			s.close()
			s.parts = s.parts[1:]
			continue
		}
		if err != nil {
			return piece{}, err
		}
		p := piece{Batch: b, from: path}
		for _, c := range s.in.Columns() {
			p.kinds = append(p.kinds, c.Kind)
		}
		return p, nil
	}
	return piece{}, io.EOF
}

func (s *fileStream) close() {
	if s.in != nil {
		_ = s.in.Close() // it was only read
		s.in = nil
	}
}

func (s *fileStream) progress() (read, of int64) {
	read = s.before
	if p, ok := s.in.(format.Progress); ok {
		now, _ := p.Progress()
		read += now
	}
	return min(read, s.of), s.of
}
