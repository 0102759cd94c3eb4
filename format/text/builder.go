package text

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"hmsp.center/hmsp/format"
)

// A builder gathers the rows of one table into batches.
type builder struct {
	table    string
	columns  []format.Column
	patterns []*pattern // by column; nil for those that are not computed by an expression
	batch    format.Batch
	rows     int
	size     int // bytes of the batch's texts
	before   int // rows of earlier batches
}

// A pattern is mentions(REGEXP) or affirms(REGEXP).
type pattern struct {
	expression *regexp.Regexp
	affirms    bool
}

// holds is 1 where a text has what the pattern asks for.
func (p *pattern) holds(text string) int64 {
	if p.affirms && affirmed(text, p.expression) || !p.affirms && p.expression.MatchString(text) {
		return 1
	}
	return 0
}

// patternOf reads a column's name as a pattern; nil if it is none.
func patternOf(path, name string) (*pattern, error) {
	call, rest, ok := strings.Cut(name, "(")
	if !ok || !strings.HasSuffix(rest, ")") || call != "mentions" && call != "affirms" {
		return nil, nil
	}
	e, err := regexp.Compile(strings.TrimSuffix(rest, ")"))
	if err != nil {
		return nil, &format.Error{File: path, Column: name, Text: strings.TrimPrefix(err.Error(), "error parsing regexp: "), Mend: "write a regular expression in the syntax of RE2"}
	}
	return &pattern{e, call == "affirms"}, nil
}

func newBuilder(path, table string, names []string) (*builder, error) {
	b := &builder{table: table}
	all := columns(table)
	if names == nil {
		for _, c := range all {
			names = append(names, c.Name)
		}
	}
	for _, n := range names {
		var p *pattern
		if table == format.NoteTable {
			var err error
			if p, err = patternOf(path, n); err != nil {
				return nil, err
			}
		}
		if p != nil {
			b.columns, b.patterns = append(b.columns, format.Column{Name: n, Kind: format.Int}), append(b.patterns, p)
			continue
		}
		at, err := format.Pick(path, all, []string{n})
		if err != nil {
			err.(*format.Error).Mend = "use a column of the table, or compute one of a note with mentions(REGEXP) or affirms(REGEXP)"
			return nil, err
		}
		b.columns, b.patterns = append(b.columns, all[at[0]]), append(b.patterns, nil)
	}
	b.batch.Columns = make([]format.Values, len(b.columns))
	return b, nil
}

// take gives the batch and begins another.
func (b *builder) take() format.Batch {
	out := b.batch
	out.Rows, out.First = b.rows, b.before+1
	b.before += b.rows
	b.batch, b.rows, b.size = format.Batch{Columns: make([]format.Values, len(b.columns))}, 0, 0
	return out
}

// add puts a note, or one of its two lengths, into the batch, and gives its rows.
func (b *builder) add(n note, part int) int {
	for i, c := range b.columns {
		if b.table == format.NoteTable {
			b.cell(i, c, n)
		} else {
			b.length(i, c, n, part)
		}
	}
	b.rows++
	return b.rows
}

// length puts a column's value of a row that says how long a note is.
func (b *builder) length(i int, c format.Column, n note, part int) {
	code, count := CharactersCode, func(s string) int64 { return int64(utf8.RuneCountInString(s)) }
	if part == 1 {
		code, count = WordsCode, countWords
	}
	switch c.Name {
	case format.Value:
		b.batch.Columns[i].Float = append(b.batch.Columns[i].Float, float64(count(n.text)))
		b.mark(i, n.absent)
	case format.Code:
		b.put(i, code)
	case format.Patient, format.Time, format.Visit:
		b.put(i, n.field(c.Name))
	default: // a number without a unit; the identifier is the note's
		b.put(i, "")
	}
}

// cell puts a column's value of a note.
func (b *builder) cell(i int, c format.Column, n note) {
	v := &b.batch.Columns[i]
	switch {
	case b.patterns[i] != nil:
		v.Int = append(v.Int, b.patterns[i].holds(n.text))
		b.mark(i, n.absent)
	case c.Name == Characters:
		v.Int = append(v.Int, int64(utf8.RuneCountInString(n.text)))
		b.mark(i, n.absent)
	case c.Name == Words:
		v.Int = append(v.Int, countWords(n.text))
		b.mark(i, n.absent)
	case c.Name == format.NoteText:
		v.Text = append(v.Text, n.text)
		b.size += len(n.text)
		b.mark(i, n.absent)
	case c.Name == format.Language && n.language == "" && !n.absent:
		b.put(i, languageOf(n.text))
	default:
		b.put(i, n.field(c.Name))
	}
}

// field is a standard column's text; "" where it is missing.
func (n note) field(column string) string {
	switch column {
	case format.Patient:
		return n.patient
	case format.Time:
		return n.time
	case format.ID:
		return n.id
	case format.Visit:
		return n.visit
	case format.Language:
		return n.language
	case format.Code:
		return n.code
	}
	return ""
}

// put appends a text, which is missing where it is empty.
func (b *builder) put(i int, s string) {
	b.batch.Columns[i].Text = append(b.batch.Columns[i].Text, s)
	b.size += len(s)
	b.mark(i, s == "")
}

func (b *builder) mark(i int, missing bool) {
	b.batch.Columns[i].Null = append(b.batch.Columns[i].Null, missing)
}
