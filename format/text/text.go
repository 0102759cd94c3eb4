// Package text reads notes that belong to patients: letters, reports and dialogues, as
// a folder of .txt files, or as JSON, NDJSON or CSV with a column of text.
//
// It serves package dataset with the table note of package format, and with how long
// each note is, as rows of the table measurement. Beside the standard columns a note
// has characters and words, and what a mapping computes of its text:
//
//	mentions(REGEXP)  1 where the text has a match, 0 where it has none
//	affirms(REGEXP)   1 where it has a match that is not negated, 0 otherwise
//
// in the syntax of package regexp (RE2); (?i) ignores case. Whose a note is says a
// column of the file or, of text files, their folder or name (format.Owner): both
// north-000012/2024-01-31.txt and north-000012.2024-01-31.txt are of north-000012, and
// so is north-000012_2024-01-31.txt, whose date is no part of the name. When it was
// written is the date in the name, as YYYY-MM-DD.
//
// It refuses what is no text, text in an encoding that cannot be told, and tables without
// a column of text. Text never leaves it but as a cell: no error and no note holds any.
package text

import (
	"context"
	"fmt"

	"hmsp.center/hmsp/format"
)

// New is the format of notes.
func New() format.Format { return notes{} }

type notes struct{}

// Name is "text".
func (notes) Name() string { return "text" }

// Sniff looks for prose in a .txt file, and for a column of it in JSON, NDJSON and CSV.
// A table whose columns hold anything else to speak of is left to the format csv, and
// resources of FHIR to fhir.
func (notes) Sniff(head []byte, filename string) int { return sniff(head, filename) }

// SniffFolder is sure of a folder most of whose files are .txt with prose.
func (notes) SniffFolder(path string, names []string) int { return sniffFolder(path, names) }

// The computed columns of a note, and the codes of the same in the measurement table.
const (
	Characters = "characters" // Int: Unicode code points
	Words      = "words"      // Int: runs of letters and digits, which a hyphen or an apostrophe may join

	CharactersCode = "hmsp:note-characters"
	WordsCode      = "hmsp:note-words"
)

// Checks are lengths of notes that are plausible: less is a stub, more is several notes
// in one, or no note.
func (notes) Checks() []format.Check {
	return []format.Check{
		{Column: CharactersCode, Label: "length of a note", Low: 40, High: 100_000},
		{Column: WordsCode, Label: "words of a note", Low: 8, High: 20_000},
	}
}

// columns are those that a table has without asking; nil for one that is not there.
func columns(table string) []format.Column {
	switch table {
	case format.NoteTable:
		return append(format.ClinicalColumns(table), format.Column{Name: Characters, Kind: format.Int}, format.Column{Name: Words, Kind: format.Int})
	case format.MeasurementTable:
		return format.ClinicalColumns(table)
	}
	return nil
}

func tables(s *source) []format.TableInfo {
	note, measurement := s.rows, s.rows
	if measurement > 0 {
		measurement *= 2
	}
	return []format.TableInfo{{Name: format.NoteTable, Rows: note}, {Name: format.MeasurementTable, Rows: measurement}}
}

// Tables lists note and measurement.
func (notes) Tables(ctx context.Context, path string, o format.Options) ([]format.TableInfo, error) {
	s, err := find(ctx, path)
	if err != nil {
		return nil, err
	}
	return tables(s), nil
}

// Describe tells the columns of a table without mentions and affirms, which are named
// as they are asked for. How many notes there are is known of text files alone.
func (notes) Describe(ctx context.Context, path string, o format.Options) (format.Description, error) {
	s, err := find(ctx, path)
	if err != nil {
		return format.Description{}, err
	}
	all := columns(o.Table)
	if all == nil {
		return format.Description{}, format.NoTable(path, o.Table, tables(s))
	}
	d := format.Description{Columns: all, Rows: -1}
	for _, t := range tables(s) {
		if t.Name == o.Table {
			d.Rows, d.Exact = t.Rows, t.Rows >= 0
		}
	}
	d.Detected, d.Notes, err = s.look(ctx, o.Defaults(), o.Encoding)
	return d, err
}

// Open reads the table that the options name.
func (f notes) Open(ctx context.Context, path string, o format.Options) (format.Reader, error) {
	return format.OpenOne(ctx, f, path, o)
}

// OpenTables reads the tables in one pass. The reader's method Notes says in the end in
// which encodings and languages the notes were.
func (notes) OpenTables(ctx context.Context, path string, o format.Options, want map[string][]string) (format.TablesReader, error) {
	s, err := find(ctx, path)
	if err != nil {
		return nil, err
	}
	encoding := o.Encoding
	if encoding != "" && !known(encoding) {
		return nil, &format.Error{File: path, Text: fmt.Sprintf("the encoding %q is unknown", encoding), Mend: "use utf-8, utf-16, latin1 or windows-1252, or leave it out"}
	}
	r := &reader{ctx: ctx, source: s, options: o.Defaults(), encoding: encoding, builders: map[string]*builder{}, encodings: map[string]int{}}
	for table, names := range want {
		if columns(table) == nil {
			return nil, format.NoTable(path, table, tables(s))
		}
		if r.builders[table], err = newBuilder(path, table, names); err != nil {
			return nil, err
		}
	}
	return r, nil
}

var (
	_ format.Tables  = notes{}
	_ format.Folder  = notes{}
	_ format.Checked = notes{}
)
