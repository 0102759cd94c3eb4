package consent

import (
	"context"
	"io"
	"strconv"

	"hmsp.center/hmsp/format"
)

// A Reading turns one consent into statements. It must be a pure function, must not
// keep the document, and must give no statement that permits more than the document
// does; Digest names the reading, with its version.
type Reading interface {
	Statements(Document) []Statement
	Digest() Hash
}

// A Builder gathers consents of several sources, as the FHIR resources of a
// data integration centre and a list of withdrawals on paper.
type Builder struct {
	// Pseudonym is the keyed hash that the dataset's people are named by too.
	Pseudonym func(patient string) uint64
	// Reading says what a document means; nil is Standard.
	Reading Reading

	records []record
}

// Load makes the register of one source; see Builder.Add.
func Load(ctx context.Context, rows format.Reader, file string, pseudonym func(patient string) uint64) (*Register, error) {
	b := Builder{Pseudonym: pseudonym}
	if err := b.Add(ctx, rows, file); err != nil {
		return nil, err
	}
	return b.Register(), nil
}

// Add reads all rows of a source. They are the clinical table consent (package
// format), which must have the columns patient, id, status, provision and type, or a
// list with exactly the columns patient, purpose, valid_from, valid_to and status.
// Which it is, the columns say. What it cannot read is a *format.Error that names
// the file, and then nothing of the source is kept.
func (b *Builder) Add(ctx context.Context, rows format.Reader, file string) error {
	before := len(b.records)
	err := b.add(ctx, rows, file)
	if err != nil {
		b.records = b.records[:before]
	}
	return err
}

func (b *Builder) add(ctx context.Context, rows format.Reader, file string) error {
	t := &source{file: file, columns: rows.Columns()}
	var take func() error
	var end func() error
	if t.place(format.Provision) >= 0 {
		c, err := b.clinical(t)
		if err != nil {
			return err
		}
		take, end = c.row, c.flush
	} else {
		l, err := b.list(t)
		if err != nil {
			return err
		}
		take, end = l.row, func() error { return nil }
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		batch, err := rows.Next()
		if err == io.EOF {
			return end()
		}
		if err != nil {
			return err
		}
		t.batch = batch
		for t.row = range batch.Rows {
			if err := take(); err != nil {
				return err
			}
		}
	}
}

// Register is what was gathered. The builder is empty afterwards.
func (b *Builder) Register() *Register {
	records := b.records
	b.records = nil
	return newRegister(b.reading().Digest(), records)
}

func (b *Builder) reading() Reading {
	if b.Reading == nil {
		b.Reading = Standard()
	}
	return b.Reading
}

// keep gathers a statement of a patient, or, if it has no effect, that there is a
// consent of the patient.
func (b *Builder) keep(r record) {
	if r.Effect == 0 {
		r = record{pseudonym: r.pseudonym}
	}
	b.records = append(b.records, r)
}

// A source is a table with the row that is read.
type source struct {
	file    string
	columns []format.Column
	batch   format.Batch
	row     int
}

func (t *source) place(column string) int {
	for i, c := range t.columns {
		if c.Name == column {
			return i
		}
	}
	return -1
}

// texts finds a column and refuses one that holds no text; -1 if it may lack and does.
func (t *source) texts(column string, need bool) (int, error) {
	i := t.place(column)
	switch {
	case i < 0 && need:
		return i, t.wrong(column, "the table has no such column", "")
	case i < 0:
		return i, nil
	case t.columns[i].Kind == format.Text, column == format.Patient && t.columns[i].Kind == format.Int:
		return i, nil
	}
	return i, t.wrong(column, "the column does not hold text", "write it as text; days as 2024-01-31")
}

// text is the value of the row in a column; "" where it is missing.
func (t *source) text(column int) string {
	if column < 0 {
		return ""
	}
	v := t.batch.Columns[column]
	switch {
	case v.Missing(t.row):
		return ""
	case v.Text != nil:
		return v.Text[t.row]
	case v.Int != nil:
		return strconv.FormatInt(v.Int[t.row], 10)
	}
	return ""
}

// bad is the error about a cell of the row. It never holds the cell's text.
func (t *source) bad(column, text, mend string) error {
	line, row := t.batch.Row(t.row)
	return &format.Error{File: t.file, Line: line, Row: row, Column: column, Text: text, Mend: mend}
}

// wrong is the error about a column.
func (t *source) wrong(column, text, mend string) error {
	return &format.Error{File: t.file, Column: column, Text: text, Mend: mend}
}
