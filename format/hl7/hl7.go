// Package hl7 reads HL7 version 2 messages (2.3 to 2.5.1) in their encoding with
// delimiters, as interface engines and archives keep them: messages one after the
// other, batch files, a folder of files, with or without the frames of MLLP.
//
// It serves package dataset with the clinical tables of package format, and with the
// table "merge" of the identifiers that A40 and its kin bring together. A column that
// is no standard column of its table is a place in the message, such as "PV1-36" or
// "PID-11.5", read from the row's own segment or from the last of that name before it.
//
// It refuses text that is no HL7, segments without a message, an encoding or a
// version that it does not know, and a batch that is not whole; nothing that it says
// repeats a value. Segments that it does not know, such as Z segments, are passed
// over. Sections cited are those of HL7 version 2.5.1, chapter 2.
package hl7

import (
	"context"
	"fmt"

	"hmsp.center/hmsp/format"
)

// Format is the HL7 version 2 format.
type Format struct{}

// Name is "hl7".
func (Format) Name() string { return "hl7" }

// Sniff looks for the header of a message, a batch or a file.
func (Format) Sniff(head []byte, filename string) int {
	if begins(head) {
		return 95
	}
	return 0
}

// SniffFolder opens the first files that may be HL7.
func (Format) SniffFolder(path string, names []string) int { return sniffFolder(path, names) }

// The tables and columns that the clinical ones lack.
const (
	MergeTable = "merge" // Patient is the identifier that stays
	Prior      = "prior" // of a merge: the identifier that ends
)

// standard lists the columns that a table has without asking.
func standard(table string) []format.Column {
	if table == MergeTable {
		return []format.Column{{Name: format.Patient, Kind: format.Text}, {Name: Prior, Kind: format.Text}, {Name: format.Time, Kind: format.Text}}
	}
	return format.ClinicalColumns(table)
}

func tables() []format.TableInfo {
	var out []format.TableInfo
	for _, n := range append(format.ClinicalTables(), MergeTable) {
		out = append(out, format.TableInfo{Name: n, Rows: -1})
	}
	return out
}

// Tables lists the clinical tables and the merges.
func (Format) Tables(ctx context.Context, path string, o format.Options) ([]format.TableInfo, error) {
	if _, err := find(ctx, path); err != nil {
		return nil, err
	}
	return tables(), nil
}

// Describe tells the standard columns of a table. How many rows there are is not
// known before everything is read.
func (Format) Describe(ctx context.Context, path string, o format.Options) (format.Description, error) {
	s, err := find(ctx, path)
	if err != nil {
		return format.Description{}, err
	}
	columns := standard(o.Table)
	if columns == nil {
		return format.Description{}, format.NoTable(path, o.Table, tables())
	}
	d := format.Description{Columns: columns, Rows: -1, Notes: s.notes}
	if len(s.files) > 1 {
		d.Notes = append(d.Notes, fmt.Sprintf("%d files", len(s.files)))
	}
	return d, nil
}

// Open reads the table that the options name.
func (f Format) Open(ctx context.Context, path string, o format.Options) (format.Reader, error) {
	return format.OpenOne(ctx, f, path, o)
}

// OpenTables reads several tables in one pass. The reader's method Notes() []string
// says in the end what was left out.
func (Format) OpenTables(ctx context.Context, path string, o format.Options, want map[string][]string) (format.TablesReader, error) {
	s, err := find(ctx, path)
	if err != nil {
		return nil, err
	}
	builders := map[string]*builder{}
	for table, columns := range want {
		if standard(table) == nil {
			return nil, format.NoTable(path, table, tables())
		}
		if builders[table], err = newBuilder(path, table, columns); err != nil {
			return nil, err
		}
	}
	return newReader(ctx, s, builders, o.Defaults()), nil
}

var (
	_ format.Tables = Format{}
	_ format.Folder = Format{}
)
