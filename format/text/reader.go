package text

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"hmsp.center/hmsp/format"
)

// A reader gives the notes of a source, file after file.
type reader struct {
	ctx      context.Context
	source   *source
	options  format.Options
	encoding string // that is named; "" is told for each file
	builders map[string]*builder

	file      int // of source.names: the next
	open      records
	closer    io.Closer
	record    int    // of open, from 1
	delimiter string // of CSV, as it was told
	waiting   []note
	todo      []row
	read      int64
	encodings map[string]int // files or notes, by encoding
	said      []string
	done      error
}

func (r *reader) Columns(table string) []format.Column {
	if b := r.builders[table]; b != nil {
		return b.columns
	}
	return nil
}

// Next reads notes until a table has a batch.
func (r *reader) Next() (string, format.Batch, error) {
	for r.done == nil {
		if err := r.ctx.Err(); err != nil {
			return "", format.Batch{}, err
		}
		if len(r.todo) == 0 {
			n, err := r.next()
			if err != nil {
				r.done = err
				break
			}
			for _, table := range r.tables() {
				for part := range parts(table) {
					r.todo = append(r.todo, row{table, n, part})
				}
			}
		}
		w := r.todo[0]
		r.todo = r.todo[1:]
		if b := r.builders[w.table]; b.add(w.note, w.part) >= r.options.BatchRows || b.size >= r.options.MaxBytes {
			return r.give(w.table)
		}
	}
	if r.done == io.EOF {
		for _, table := range r.tables() {
			if b := r.builders[table]; b.rows > 0 {
				return r.give(table)
			}
		}
	}
	return "", format.Batch{}, r.done
}

// A row that a note becomes: part is which of the table's.
type row struct {
	table string
	note  note
	part  int
}

// parts is how many rows a note becomes.
func parts(table string) int {
	if table == format.MeasurementTable {
		return 2
	}
	return 1
}

func (r *reader) tables() []string { return slices.Sorted(maps.Keys(r.builders)) }

func (r *reader) give(table string) (string, format.Batch, error) {
	return table, r.builders[table].take(), nil
}

// next is the next note.
func (r *reader) next() (note, error) {
	for len(r.waiting) == 0 {
		var err error
		if r.source.kind == plain {
			r.waiting, err = r.plain()
		} else {
			r.waiting, err = r.records()
		}
		if err != nil {
			return note{}, err
		}
	}
	n := r.waiting[0]
	r.waiting = r.waiting[1:]
	return n, nil
}

// plain reads the next text file.
func (r *reader) plain() ([]note, error) {
	name, path := filepath.Base(r.source.path), r.source.path
	switch {
	case r.source.names == nil && r.file > 0, r.source.names != nil && r.file >= len(r.source.names):
		return nil, io.EOF
	case r.source.names != nil:
		name = r.source.names[r.file]
		path = filepath.Join(r.source.path, filepath.FromSlash(name))
	}
	r.file++
	f, err := os.Open(path)
	if err != nil {
		return nil, &format.Error{File: path, Text: "the file cannot be opened", Mend: "let the account that runs hmsp read it", Cause: err}
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, int64(r.options.MaxBytes)+1))
	if err != nil {
		return nil, &format.Error{File: path, Text: "the file cannot be read", Mend: "check the disk", Cause: err}
	}
	r.read += int64(len(raw))
	if len(raw) > r.options.MaxBytes {
		return nil, r.long(path, 0)
	}
	encoding := r.encoding
	if encoding == "" {
		encoding = detect(raw)
	}
	text, err := decode(raw, encoding)
	if err != nil {
		return nil, &format.Error{File: path, Text: err.Error(), Mend: "save it as UTF-8, or set encoding to what it is"}
	}
	r.encodings[encoding]++
	return []note{{patient: owner(name), time: dateOf(name), id: name, text: text}}, nil
}

func (r *reader) long(path string, row int) error {
	return &format.Error{File: path, Row: row, Text: fmt.Sprintf("a note is longer than %d MiB, the limit of memory", r.options.MaxBytes>>20), Mend: "check that it is one note"}
}

// records reads the next record of a file of them.
func (r *reader) records() ([]note, error) {
	path := r.source.path
	if r.open == nil {
		if err := r.begin(); err != nil {
			return nil, r.explain(err)
		}
	}
	for {
		r.record++
		out, err := r.open.next()
		if r.record == 1 && err == nil {
			if s := whose(r.open.fields()); s != "" {
				r.said = append(r.said, s)
			}
		}
		switch {
		case err == io.EOF && r.record == 1:
			return nil, &format.Error{File: path, Text: "there is no note in the file", Mend: "export it again"}
		case err == io.EOF:
			return nil, io.EOF
		case err != nil:
			return nil, r.explain(err)
		case len(out) > 0:
			return out, nil
		}
	}
}

// begin opens a file of records and tells its encoding from its head.
func (r *reader) begin() error {
	f, err := format.OpenFile(r.source.path)
	if err != nil {
		return err
	}
	r.closer = f
	in := bufio.NewReaderSize(&counter{f, &r.read}, 1<<20)
	head, err := in.Peek(1 << 20)
	if err != nil && err != io.EOF {
		return err
	}
	encoding := r.encoding
	if encoding == "" {
		encoding = detect(wholeRunes(head, err == io.EOF))
	}
	if r.encoding == "" && r.source.kind != cells && encoding != utf16Name {
		encoding = utf8Name // RFC 8259, section 8.1
	}
	r.encodings[encoding]++
	text := bufio.NewReaderSize(newDecoder(in, encoding), headBytes)
	owner := owner(filepath.Base(r.source.path))
	if r.source.kind != cells {
		r.open = &jsonRecords{objects: newObjects(text, r.options.MaxBytes), fallback: owner}
		return nil
	}
	start, err := text.Peek(headBytes / 2)
	if err != nil && err != io.EOF {
		return err
	}
	delimiter := r.options.Delimiter
	if delimiter == "" {
		d, _ := header(string(start))
		delimiter = string(rune(d))
	}
	r.delimiter = delimiter
	r.open, err = newCSV(text, delimiter[0], r.options, owner)
	if err == io.EOF {
		err = errNoText
	}
	return err
}

func wholeRunes(head []byte, end bool) []byte {
	if end || len(head) < 4 {
		return head
	}
	if i := bytes.LastIndexByte(head, '\n'); i > 0 { // no character is cut there
		return head[:i]
	}
	return head
}

// Notes say how the files were read.
func (r *reader) Notes() []string {
	out := slices.Clone(r.said)
	for _, name := range slices.Sorted(maps.Keys(r.encodings)) {
		out = append(out, fmt.Sprintf("%d files in %s", r.encodings[name], name))
	}
	return out
}

// Progress is in bytes.
func (r *reader) Progress() (read, of int64) { return min(r.read, r.source.size), r.source.size }

// Close lets go of the file.
func (r *reader) Close() error {
	if r.closer != nil {
		r.closer.Close()
		r.closer = nil
	}
	if r.done == nil {
		r.done = &format.Error{File: r.source.path, Text: "the source was closed", Mend: "open it again"}
	}
	return nil
}
