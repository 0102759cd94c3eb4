// Package recording makes a format with tables of recordings: files of devices, each of
// one person or of several, or a folder of them.
//
// It serves the formats of wearables and fitness devices, which give a Decoder alone. Of
// the samples of each person come the summaries of package activity by the hour, the day
// and the recording, as rows of the measurement table; the samples themselves are not
// kept. The person table has a row for each person. Whose a file is says the file, or
// else its name (format.Owner).
package recording

import (
	"context"
	"fmt"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
)

// A Decoder reads one kind of recording.
type Decoder interface {
	// Name is what a dataset file writes: "fit".
	Name() string
	// Sniff is that of format.Format. Files of a folder that it gives less than 50 are
	// left out.
	Sniff(head []byte, filename string) int
	// Decode reads a file and gives its samples to emit, in any order. Patient is whose a
	// sample is as the file says; "" where it does not, and the file's owner is meant
	// (format.Owner). Memory is bounded whatever the file's size. What is wrong with the
	// file is a *format.Error; an error of emit ends the reading and is returned.
	//
	// Open counts the bytes that are read, and Note says what was decided.
	Decode(ctx context.Context, path string, emit func(patient string, s activity.Sample) error) error
}

// Personal is implemented by Decoders whose files say more about the person.
type Personal interface {
	// Person is what a file says about its owner.
	Person(ctx context.Context, path string) (Person, error)
}

// A Person is a row of the person table, without the identifier.
type Person struct {
	Birth string // ISO 8601; "" where the file does not say
	Sex   string // as format.Sex; "" where the file does not say
}

// Format is the format of a Decoder's files.
type Format struct{ Decoder Decoder }

// Name is the Decoder's.
func (f Format) Name() string { return f.Decoder.Name() }

// Sniff is the Decoder's.
func (f Format) Sniff(head []byte, filename string) int { return f.Decoder.Sniff(head, filename) }

// SniffFolder opens the first files: most of them must be of this kind.
func (f Format) SniffFolder(path string, names []string) int {
	return f.sniffFolder(path, names)
}

// Companions are the Decoder's, if it has any.
func (f Format) Companions(path string) []string {
	if c, ok := f.Decoder.(format.Companions); ok {
		return c.Companions(path)
	}
	return nil
}

// Checks are the plausible values of the summaries.
func (f Format) Checks() []format.Check {
	var out []format.Check
	for _, c := range activity.Codes() {
		out = append(out, format.Check{Column: c.Code, Label: c.Label, Unit: c.Unit, Low: c.Low, High: c.High})
	}
	return out
}

func tables() []format.TableInfo {
	return []format.TableInfo{{Name: format.PersonTable, Rows: -1}, {Name: format.MeasurementTable, Rows: -1}}
}

// columns are those of a table that a recording fills; none of another.
func columns(table string) []format.Column {
	if table == format.PersonTable || table == format.MeasurementTable {
		return format.ClinicalColumns(table)
	}
	return nil
}

// Tables lists the person and the measurement table.
func (f Format) Tables(ctx context.Context, path string, o format.Options) ([]format.TableInfo, error) {
	if _, err := f.find(ctx, path); err != nil {
		return nil, err
	}
	return tables(), nil
}

// Describe tells the columns of a table. How many rows there are is not known before
// everything is read.
func (f Format) Describe(ctx context.Context, path string, o format.Options) (format.Description, error) {
	s, err := f.find(ctx, path)
	if err != nil {
		return format.Description{}, err
	}
	c := columns(o.Table)
	if c == nil {
		return format.Description{}, format.NoTable(path, o.Table, tables())
	}
	d := format.Description{Columns: c, Rows: -1, Notes: s.notes}
	if len(s.files) > 1 {
		d.Notes = append(d.Notes, fmt.Sprintf("%d files", len(s.files)))
	}
	return d, nil
}

// Open reads the table that the options name.
func (f Format) Open(ctx context.Context, path string, o format.Options) (format.Reader, error) {
	return format.OpenOne(ctx, f, path, o)
}

// OpenTables reads both tables in one pass. The reader's Notes say in the end what was
// left out.
func (f Format) OpenTables(ctx context.Context, path string, o format.Options, want map[string][]string) (format.TablesReader, error) {
	s, err := f.find(ctx, path)
	if err != nil {
		return nil, err
	}
	builders := map[string]*builder{}
	for table, names := range want {
		all := columns(table)
		if all == nil {
			return nil, format.NoTable(path, table, tables())
		}
		at, err := format.Pick(path, all, names)
		if err != nil {
			return nil, err
		}
		builders[table] = newBuilder(table, all, at)
	}
	return newReader(ctx, f.Decoder, s, builders, o.Defaults()), nil
}

var (
	_ format.Tables     = Format{}
	_ format.Folder     = Format{}
	_ format.Checked    = Format{}
	_ format.Companions = Format{}
)
