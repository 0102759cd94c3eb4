// Package omop reads the OMOP common data model, versions 5.3 and 5.4
// (https://ohdsi.github.io/CommonDataModel/), from a folder of files named for its
// tables or from a PostgreSQL database where it lives.
//
// It gives the clinical tables of package format, with the codes that the CONCEPT
// table knows beside OMOP's own (omop:201826), and every raw table as it is under
// its name behind "cdm.": "cdm.drug_era". A folder's files are read by the formats
// that Format.Files holds; names of files and columns may be in any case.
//
// Dates and times are ISO 8601 without a zone, which the model does not have, to
// the second; midnight, which the model writes where a time is not known, is the
// day. No password is ever part of a path, and what a database answers is never
// repeated, because it may quote data.
package omop

import (
	"context"
	"os"
	"strings"

	"hmsp.center/hmsp/format"
)

// Raw is what stands before the name of a raw table: "cdm.measurement".
const Raw = "cdm."

// Format is the OMOP format. A path is a folder, or
//
//	postgres://user@host:port/database?schema=cdm
//
// with the schema of the tables ("public" if it is not said), vocabulary=… where
// CONCEPT and the like have a schema of their own, and the sslmode, sslrootcert,
// sslcert, sslkey, host, service, servicefile and passfile of libpq. A server that
// is not on this machine must prove who it is (sslmode=verify-full) unless the path
// or PGSSLMODE says otherwise.
type Format struct {
	Files []format.Format // read a folder's files
}

// Name is "omop".
func (Format) Name() string { return "omop" }

// Sniff is 0 for a file, of which one is no common data model, and 100 for the
// address of a PostgreSQL database.
func (Format) Sniff(_ []byte, filename string) int {
	if strings.HasPrefix(filename, "postgres://") || strings.HasPrefix(filename, "postgresql://") {
		return 100
	}
	return 0
}

// SniffFolder goes by the names of the files, and by PERSON's columns.
func (f Format) SniffFolder(path string, names []string) int {
	found := map[string][]string{}
	for _, name := range names {
		if t := tableOf(name); known(t) {
			found[t] = append(found[t], name)
		}
	}
	if len(found[person]) == 0 || len(found) < 2 {
		return 0
	}
	src := &folder{path: path, formats: f.Files, files: map[string][]string{person: found[person]}}
	t, err := src.table(context.Background(), person)
	if err != nil {
		return 40 // reading it will say what is wrong
	}
	if len(t.lacks("person_id", "gender_concept_id", "year_of_birth")) > 0 {
		return 0
	}
	return 95
}

// Tables lists the clinical tables, then the raw ones by name. Sizes are told where
// a file tells its own.
func (f Format) Tables(ctx context.Context, path string, o format.Options) ([]format.TableInfo, error) {
	src, err := f.open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	defer src.close()
	var out []format.TableInfo
	for _, name := range format.ClinicalTables() {
		rows, err := clinicalRows(ctx, src, name)
		if err != nil {
			return nil, err
		}
		out = append(out, format.TableInfo{Name: name, Rows: rows})
	}
	for _, name := range src.names() {
		t, err := src.table(ctx, name)
		if err != nil {
			return nil, err
		}
		out = append(out, format.TableInfo{Name: Raw + name, Rows: t.exactRows()})
	}
	return out, nil
}

// clinicalRows is the number of rows of a clinical table, -1 if it cannot be told.
func clinicalRows(ctx context.Context, src source, name string) (int64, error) {
	var sum int64
	for _, p := range parts(name) {
		if !has(src, p.table) {
			continue
		}
		t, err := src.table(ctx, p.table)
		if err != nil {
			return 0, err
		}
		n := t.exactRows()
		if n < 0 {
			return -1, nil
		}
		sum += n
	}
	return sum, nil
}

// Describe tells the columns of the table that the options name; its notes say what
// CDM_SOURCE says of the source.
func (f Format) Describe(ctx context.Context, path string, o format.Options) (format.Description, error) {
	src, err := f.open(ctx, path, o)
	if err != nil {
		return format.Description{}, err
	}
	defer src.close()
	d := format.Description{Columns: format.ClinicalColumns(o.Table)}
	if raw, ok := strings.CutPrefix(o.Table, Raw); ok && has(src, raw) {
		t, err := src.table(ctx, raw)
		if err != nil {
			return format.Description{}, err
		}
		d.Columns, d.Rows, d.Exact = t.columns, t.rows, t.exact
	} else if d.Columns != nil {
		if d.Rows, err = clinicalRows(ctx, src, o.Table); err != nil {
			return format.Description{}, err
		}
		d.Exact = d.Rows >= 0
	} else {
		return format.Description{}, noTable(path, o.Table, src)
	}
	d.Notes, err = sourceNotes(ctx, src, o)
	return d, err
}

// noTable is the error about a table that is not in the source.
func noTable(path, table string, src source) error {
	var have []format.TableInfo
	for _, name := range format.ClinicalTables() {
		have = append(have, format.TableInfo{Name: name})
	}
	for _, name := range src.names() {
		have = append(have, format.TableInfo{Name: Raw + name})
	}
	if table == "" {
		return &format.Error{File: path, Text: "this holds several tables", Mend: "name one of them, such as " + format.PersonTable + " or " + Raw + person}
	}
	return format.NoTable(path, table, have)
}

// Open reads the table that the options name.
func (f Format) Open(ctx context.Context, path string, o format.Options) (format.Reader, error) {
	return format.OpenOne(ctx, f, path, o)
}

// open finds the source and checks that it has a PERSON table.
func (f Format) open(ctx context.Context, path string, o format.Options) (source, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var src source
	var err error
	if isURL(path) {
		src, err = openDatabase(ctx, path, o.Defaults())
	} else {
		src, err = openFolder(path, f.Files, o.Defaults())
	}
	if err != nil {
		return nil, err
	}
	if !has(src, person) {
		src.close()
		what := "the folder holds no file named for the table PERSON"
		if isURL(path) {
			what = "the schema holds no table PERSON"
		} else if len(src.names()) == 0 {
			what = "this is a directory without files of an OMOP common data model"
		}
		return nil, &format.Error{File: path, Text: what, Mend: "name the folder or the schema of an OMOP common data model 5.3 or 5.4; its files are called person.csv, PERSON.csv.gz, person.parquet and so on"}
	}
	return src, nil
}

// isURL says whether a path names a database.
func isURL(path string) bool {
	return strings.HasPrefix(path, "postgres://") || strings.HasPrefix(path, "postgresql://")
}

// isFile says whether a path is there and no folder.
func isFile(path string) bool {
	info, err := os.Stat(path)
	return err != nil || !info.IsDir()
}

var (
	_ format.Tables = Format{}
	_ format.Folder = Format{}
)
