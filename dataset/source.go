package dataset

import (
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/vocabulary"
)

// rowsOfFile is the table of a flat file with times, beside its person table.
const rowsOfFile = "rows"

// systemColumn is the column that names the code system of each row's code.
const systemColumn = "system"

// source is the format that a dataset is read with: its own, or one that makes
// clinical tables of flat files.
func (l Loader) source(ctx context.Context, d Dataset, dictionary table.Schema) (format.Format, error) {
	if len(d.Tables) > 0 {
		return l.flat(d, nil, d.Tables)
	}
	f, err := l.format(d.Format, d.Path)
	if err != nil {
		return nil, err
	}
	if w, ok := f.(format.Wide); ok {
		if f, err = l.widened(ctx, d, w, dictionary); err != nil {
			return nil, err
		}
	}
	if d.Time != "" {
		whole := map[string]string{format.Patient: d.Patient, format.Time: d.Time}
		tables := map[string]Table{rowsOfFile: {Columns: whole, Options: d.Options}}
		if d.Birth != "" || d.Death != "" {
			person := map[string]string{format.Patient: d.Patient}
			if d.Birth != "" {
				person[format.Birth] = d.Birth
			}
			if d.Death != "" {
				person[format.Death] = d.Death
			}
			tables[format.PersonTable] = Table{Columns: person, Options: d.Options}
		}
		return l.flat(d, f, tables)
	}
	return f, nil
}

// reporter is a source that has something to add to a profile once it was read.
type reporter interface{ report(*Profile) }

// flat makes a source of clinical tables of flat files, or of the one whose format is
// given.
func (l Loader) flat(d Dataset, whole format.Format, tables map[string]Table) (format.Format, error) {
	f := flat{parts: map[string]part{}}
	for name, t := range tables {
		path := d.Path
		if t.File != "" {
			path = filepath.Join(d.Path, t.File)
		}
		of := whole
		if of == nil {
			var err error
			if of, err = l.format("", path); err != nil {
				return nil, err
			}
		}
		o := format.Options{Delimiter: t.Options.Delimiter, Encoding: t.Options.Encoding, Decimal: t.Options.Decimal, Missing: t.Options.Missing}
		f.parts[name] = part{format: of, path: path, options: o, columns: t.Columns, system: t.System, codes: t.Codes, dates: t.Options.Dates}
		f.names = append(f.names, name)
	}
	// People first: whoever is met later is known then.
	slices.SortFunc(f.names, func(a, b string) int {
		if first := a == format.PersonTable; first != (b == format.PersonTable) {
			return map[bool]int{true: -1, false: 1}[first]
		}
		return strings.Compare(a, b)
	})
	return f, nil
}

// flat is flat files that say together what a clinical source says.
type flat struct {
	names []string
	parts map[string]part
}

// A part is a clinical table in a flat file.
type part struct {
	format  format.Format
	path    string
	options format.Options
	columns map[string]string // the file's name of a table's column, where it is another
	system  string
	dates   string            // how dates are written where the file does not tell
	codes   map[string]string // the system of each column with codes, where there are several
}

// size is that of the file, in bytes; 0 where it cannot be told.
func (p part) size() int64 {
	info, err := os.Stat(p.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func (p part) column(name string) string {
	if c, ok := p.columns[name]; ok {
		return c
	}
	return name
}

// Name is that of the files.
func (f flat) Name() string { return f.parts[f.names[0]].format.Name() }

// report is that of the files that have something to say.
func (f flat) report(p *Profile) {
	for _, name := range f.names {
		if r, ok := f.parts[name].format.(reporter); ok {
			r.report(p)
			return // the same file, if there is another
		}
	}
}

// Sniff says no: a dataset says that it is one.
func (flat) Sniff([]byte, string) int { return 0 }

func (f flat) Describe(ctx context.Context, _ string, o format.Options) (format.Description, error) {
	p, ok := f.parts[o.Table]
	if !ok {
		var infos []format.TableInfo
		for _, n := range f.names {
			infos = append(infos, format.TableInfo{Name: n})
		}
		return format.Description{}, format.NoTable(f.parts[f.names[0]].path, o.Table, infos)
	}
	return p.format.Describe(ctx, p.path, p.options)
}

func (f flat) Open(ctx context.Context, path string, o format.Options) (format.Reader, error) {
	return format.OpenOne(ctx, f, path, o)
}

func (f flat) Tables(ctx context.Context, _ string, _ format.Options) ([]format.TableInfo, error) {
	var out []format.TableInfo
	for _, n := range f.names {
		d, err := f.parts[n].format.Describe(ctx, f.parts[n].path, f.parts[n].options)
		if err != nil {
			return nil, err
		}
		out = append(out, format.TableInfo{Name: n, Rows: d.Rows})
	}
	return out, nil
}

func (f flat) OpenTables(ctx context.Context, _ string, o format.Options, want map[string][]string) (format.TablesReader, error) {
	r := &flatReader{ctx: ctx, columns: map[string][]format.Column{}, marks: map[string]string{}}
	for _, name := range f.names {
		if len(want[name]) == 0 {
			continue
		}
		p := f.parts[name]
		p.options.BatchRows, p.options.MaxBytes = o.BatchRows, o.MaxBytes
		described, err := p.format.Describe(ctx, p.path, p.options)
		if err != nil {
			return nil, err
		}
		if r.marks[name] = described.Detected.Decimal; r.marks[name] == "" {
			r.marks[name] = "."
		}
		have := func(c string) bool {
			return slices.ContainsFunc(described.Columns, func(x format.Column) bool { return x.Name == c })
		}
		open := flatPart{part: p, table: name}
		for _, column := range want[name] {
			if column == format.Code && p.codes != nil {
				for _, c := range slices.Sorted(maps.Keys(p.codes)) {
					open.names, open.read = append(open.names, column), append(open.read, c)
				}
				continue
			}
			c := p.column(column)
			if _, said := p.columns[column]; !said && !have(c) && slices.ContainsFunc(format.ClinicalColumns(name), func(x format.Column) bool { return x.Name == column }) {
				continue // it may be missing
			}
			open.names, open.read = append(open.names, column), append(open.read, c)
		}
		if c, ok := p.columns[systemColumn]; ok && slices.Contains(open.names, format.Code) {
			open.names, open.read = append(open.names, systemColumn), append(open.read, c)
		}
		r.parts = append(r.parts, open)
		r.of += open.size()
		for i, c := range open.read {
			column := format.Column{Name: open.names[i], Kind: format.Text}
			if at := slices.IndexFunc(described.Columns, func(x format.Column) bool { return x.Name == c }); at >= 0 {
				column = described.Columns[at]
				column.Name = open.names[i]
				if column.Time == "" {
					column.Time = p.dates
				}
			}
			r.columns[name] = append(r.columns[name], column)
		}
	}
	return r, nil
}

// A flatPart is a part that is to be read: columns read of the file, under the
// table's names, where several may hold codes.
type flatPart struct {
	part
	table       string
	names, read []string
	kinds       []format.Kind // of what is read, once it is open
}

// flatReader reads one file after another.
type flatReader struct {
	ctx     context.Context
	parts   []flatPart
	columns map[string][]format.Column
	marks   map[string]string // the decimal mark of each table
	now     format.Reader
	closed  bool
	// bytes of the files that were read, and of all that are
	read, of int64
}

func (r *flatReader) decimal(table string) string { return r.marks[table] }

func (r *flatReader) Columns(table string) []format.Column { return r.columns[table] }

func (r *flatReader) Next() (string, format.Batch, error) {
	for !r.closed && len(r.parts) > 0 {
		p := r.parts[0]
		if r.now == nil {
			o := p.options
			o.Columns = unique(p.read)
			now, err := p.format.Open(r.ctx, p.path, o)
			if err != nil {
				return "", format.Batch{}, err
			}
			r.now = now
			p.kinds = make([]format.Kind, len(p.read))
			for i, c := range p.read { // the reader's kinds are what is given
				p.kinds[i] = r.now.Columns()[slices.Index(o.Columns, c)].Kind
				r.columns[p.table][i].Kind = p.kinds[i]
				if p.names[i] == format.Code && p.tokens() {
					r.columns[p.table][i].Kind = format.Text
				}
			}
			r.parts[0] = p
		}
		b, err := r.now.Next()
		if err == nil {
			return p.table, p.renamed(b), nil
		}
		if err != io.EOF {
			return "", format.Batch{}, err
		}
		r.now.Close()
		r.read += p.size()
		r.now, r.parts = nil, r.parts[1:]
	}
	return "", format.Batch{}, io.EOF
}

// renamed gives each of the table's columns its values, and codes their system.
func (p flatPart) renamed(b format.Batch) format.Batch {
	read := unique(p.read)
	out := make([]format.Values, len(p.read))
	for i, c := range p.read {
		out[i] = b.Columns[slices.Index(read, c)]
	}
	b.Columns = out
	if !p.tokens() {
		return b
	}
	codes := p.joined(b)
	for i, name := range p.names {
		if name == format.Code {
			out[i] = codes
		}
	}
	return b
}

// tokens says whether the codes of the file are made tokens.
func (p flatPart) tokens() bool {
	return p.system != "" || p.codes != nil || slices.Contains(p.names, systemColumn)
}

// joined are the codes of a batch, of all columns that hold codes.
func (p flatPart) joined(b format.Batch) format.Values {
	all := format.Values{Text: make([]string, b.Rows), Null: make([]bool, b.Rows)}
	systems := slices.Index(p.names, systemColumn)
	var tokens []string
	for i := range b.Rows {
		tokens = tokens[:0]
		system := p.system
		if systems >= 0 && !b.Columns[systems].Missing(i) {
			system = raw(p.kinds[systems], b.Columns[systems], i)
		}
		for at, name := range p.names {
			if name != format.Code || b.Columns[at].Missing(i) {
				continue
			}
			if p.codes != nil {
				system = p.codes[p.read[at]]
			}
			tokens = append(tokens, vocabulary.Token(system, raw(p.kinds[at], b.Columns[at], i)))
		}
		all.Text[i], all.Null[i] = strings.Join(tokens, " "), len(tokens) == 0
	}
	return all
}

func unique(names []string) []string {
	var out []string
	for _, n := range names {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

func (r *flatReader) Close() error {
	r.closed = true
	if r.now == nil {
		return nil
	}
	now := r.now
	r.now = nil
	return now.Close()
}

func (r *flatReader) Progress() (read, of int64) {
	read = r.read
	if p, ok := r.now.(format.Progress); ok {
		of, _ := p.Progress()
		read += of
	}
	return read, r.of
}

// columnsOf lists the columns that a table of a dataset's source has.
func columnsOf(ctx context.Context, f format.Tables, path, table string) ([]string, error) {
	d, err := f.Describe(ctx, path, format.Options{Table: table})
	if err != nil {
		return nil, err
	}
	var out []string
	for _, c := range d.Columns {
		out = append(out, c.Name)
	}
	return out, nil
}
