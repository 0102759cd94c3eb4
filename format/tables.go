package format

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hmsp.center/hmsp/spelling"
)

// Tables is a format whose sources hold several tables, as an export of FHIR
// resources or the folder of an OMOP common data model does. Describe and Open
// serve the one that Options.Table names.
//
// A clinical format gives the tables of Clinical under those names and columns,
// whatever they are called in the source, so that one mapping serves all of them.
// A table may have more columns than those.
type Tables interface {
	Format
	// Tables lists the tables that the source holds, with their sizes where they are
	// cheap to tell.
	Tables(ctx context.Context, path string, o Options) ([]TableInfo, error)
	// OpenTables reads several tables in one pass over the source. Want has the
	// columns to read of each table. Batches of different tables alternate as the
	// source has them; those of one table are in the source's order.
	OpenTables(ctx context.Context, path string, o Options, want map[string][]string) (TablesReader, error)
}

// A Folder is a format whose source can be a folder.
type Folder interface {
	Format
	// SniffFolder says from the names of the files in a folder (with slashes, at most
	// two levels deep, sorted) how sure the format is that the folder is its own: 0 to
	// 100. It may open a few of them.
	SniffFolder(path string, names []string) int
}

// A TableInfo describes a table of a source.
type TableInfo struct {
	Name string
	Rows int64 // -1 if it cannot be told without reading everything
}

// A TablesReader gives batches of several tables.
type TablesReader interface {
	// Columns describes the columns of each batch of a table, in order.
	Columns(table string) []Column
	// Next returns the next batch and the table it is of; io.EOF after the last.
	Next() (table string, b Batch, err error)
	// Close lets go of the source; a second Close does nothing.
	Close() error
	// Progress is how many bytes of the source have been read, of how many; 0 of 0
	// where that is not known.
	Progress() (read, of int64)
}

// A Progress of reading is implemented by Readers that know it.
type Progress interface {
	Progress() (read, of int64)
}

// The columns of clinical tables. Times are Text in ISO 8601 as the source wrote
// them, to the precision that it has ("1980", "1980-05", "2024-01-31",
// "2024-01-31T08:15:00+01:00"); missing where there is none. Identifiers of
// patients are Text. Codes are Text: one or several codes of the same thing,
// separated by single spaces, each as system:code with the short name of package
// vocabulary, such as "loinc:4548-4 snomed:43396009"; a system without a short name
// keeps its URI or OID, with %20 for spaces, before the code and a "|" in place of
// the colon.
const (
	Patient   = "patient"    // whose row it is: the identifier that the source uses; never missing
	Time      = "time"       // when: start, effective time, or the best that there is
	End       = "end"        // when it ended
	Code      = "code"       // what it is
	Status    = "status"     // as the source says it: final, active, entered-in-error
	Value     = "value"      // Float: the measured number
	Unit      = "unit"       // UCUM code if the source has one, else its text
	ValueCode = "value_code" // the measured code, as Code
	ValueText = "value_text" // the measured text
	Visit     = "visit"      // the identifier of the visit, if any
	ID        = "id"         // the identifier of the row in the source

	Birth  = "birth"  // of a person
	Death  = "death"  // of a person: when; "true" where only the fact is known
	Sex    = "sex"    // of a person: Text female, male, other, unknown (FHIR AdministrativeGender)
	Postal = "postal" // of a person: postal code

	Amount     = "amount"      // of a drug: Float, how much
	AmountUnit = "amount_unit" // of a drug
	Language   = "language"    // of a note: BCP 47, "de"
	NoteText   = "text"        // of a note

	Modality = "modality" // of an imaging study: DICOM modality codes, separated by spaces
)

// The tables of a clinical source.
const (
	PersonTable      = "person"      // one row a patient
	VisitTable       = "visit"       // encounters; Code is the class or type
	ConditionTable   = "condition"   // diagnoses and problems
	MeasurementTable = "measurement" // laboratory, vital signs and other observations; each component is a row
	ProcedureTable   = "procedure"
	DrugTable        = "drug" // prescribed, given or stated
	SpecimenTable    = "specimen"
	ImagingTable     = "imaging"
	NoteTable        = "note"
	PeriodTable      = "period" // from Time to End everything about a patient was recorded
	ConsentTable     = "consent"
)

// The columns of a consent table, one row a provision: FHIR R4 Consent and what says
// the same. Provision is its place: "" for the one that stands for the whole
// resource, "1" for the first in it, "1.2" for the second in that.
const (
	Provision = "provision"
	Start     = "start"   // of a provision's period; its End is End
	Decision  = "type"    // permit, deny; missing where the source gives none
	Scope     = "scope"   // Code
	Policy    = "policy"  // URIs and codes of the policies and rules, separated by spaces
	Purpose   = "purpose" // Code
	Action    = "action"  // Code
	Actor     = "actor"   // role code and reference, separated by spaces
	Class     = "class"   // Code: of documents and data
)

// ClinicalTables lists the tables of hospitals' records in their usual order. NoteTable
// is none of them: letters come as files of their own.
func ClinicalTables() []string {
	return []string{PersonTable, VisitTable, ConditionTable, MeasurementTable, ProcedureTable, DrugTable, SpecimenTable, ImagingTable, PeriodTable, ConsentTable}
}

// ClinicalColumns lists the columns that a clinical table has in every format; none
// for a table that is not clinical. Missing in every row is allowed.
func ClinicalColumns(table string) []Column {
	text := func(names ...string) []Column {
		out := make([]Column, len(names))
		for i, n := range names {
			out[i] = Column{Name: n, Kind: Text}
		}
		return out
	}
	switch table {
	case PersonTable:
		return text(Patient, Birth, Death, Sex, Postal)
	case PeriodTable:
		return text(Patient, Time, End)
	case MeasurementTable:
		return append(text(Patient, Time, End, Code, Status, Unit, ValueCode, ValueText, Visit, ID), Column{Name: Value, Kind: Float})
	case DrugTable:
		return append(text(Patient, Time, End, Code, Status, AmountUnit, Visit, ID), Column{Name: Amount, Kind: Float})
	case ConsentTable: // Time is Consent.dateTime
		return text(Patient, ID, Status, Time, Scope, Policy, Provision, Decision, Start, End, Purpose, Action, Code, Actor, Class)
	case NoteTable: // Code is the type of document
		return text(Patient, Time, End, Code, Status, Language, NoteText, Visit, ID)
	case ImagingTable:
		return text(Patient, Time, End, Code, Status, Modality, Visit, ID)
	case VisitTable, ConditionTable, ProcedureTable, SpecimenTable:
		return text(Patient, Time, End, Code, Status, Visit, ID)
	}
	return nil
}

// NoTable is the error about a table that a source does not hold.
func NoTable(path, table string, have []TableInfo) error {
	names := make([]string, len(have))
	for i, t := range have {
		names[i] = t.Name
	}
	return &Error{File: path, Text: fmt.Sprintf("there is no table %q here%s", table, spelling.Suggest(table, names))}
}

// OpenOne is Open for a format of several tables: the rows of Options.Table alone.
func OpenOne(ctx context.Context, f Tables, path string, o Options) (Reader, error) {
	columns := o.Columns
	if columns == nil {
		d, err := f.Describe(ctx, path, o)
		if err != nil {
			return nil, err
		}
		for _, c := range d.Columns {
			if c.Kind != Unknown {
				columns = append(columns, c.Name)
			}
		}
	}
	o.Columns = nil // want says them
	r, err := f.OpenTables(ctx, path, o, map[string][]string{o.Table: columns})
	if err != nil {
		return nil, err
	}
	return &one{TablesReader: r, table: o.Table}, nil
}

// one is a Reader of one table of several.
type one struct {
	TablesReader
	table string
}

// Noted is implemented by TablesReaders that have something to say once everything was
// read: what was left out, and why.
type Noted interface {
	Notes() []string
}

func (r *one) Columns() []Column { return r.TablesReader.Columns(r.table) }

func (r *one) Next() (Batch, error) {
	for {
		table, b, err := r.TablesReader.Next()
		if err != nil {
			return Batch{}, err
		}
		if table == r.table {
			return b, nil
		}
	}
}

// DetectSource is Detect for any source: a file, a folder, or the address of a
// database, of which Sniff sees nothing but the address.
func DetectSource(formats []Format, path string) (Format, error) {
	if strings.Contains(path, "://") {
		for _, f := range formats {
			if f.Sniff(nil, path) > 0 {
				return f, nil
			}
		}
		return nil, &Error{File: Address(path), Text: "no format reads this kind of database", Mend: "use postgres://user@host:port/database"}
	}
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return detectFile(formats, path)
	}
	files, err := Files(path)
	if err != nil {
		return nil, err
	}
	var best, folders []Format
	score := 1
	for _, f := range formats {
		folder, ok := f.(Folder)
		if !ok {
			continue
		}
		folders = append(folders, f)
		switch s := folder.SniffFolder(path, files); {
		case s > score:
			best, score = []Format{f}, s
		case s == score:
			best = append(best, f)
		}
	}
	switch len(best) {
	case 1:
		return best[0], nil
	case 0:
		return nil, &Error{File: path, Text: "what this folder holds cannot be told", Mend: "name a file or a folder in it, or the format with --format: " + names(folders)}
	}
	return nil, &Error{File: path, Text: "this folder holds sources of several kinds: " + names(best), Mend: "name one of its files, or with --format the kind that is meant"}
}

// Address is the address of a database without a password.
func Address(path string) string {
	scheme, rest, ok := strings.Cut(path, "://")
	at := strings.LastIndexByte(rest, '@')
	if !ok || at < 0 {
		return path
	}
	user, _, _ := strings.Cut(rest[:at], ":")
	return scheme + "://" + user + rest[at:]
}

// Files lists the files of a folder and of those in it, with slashes, sorted: what
// SniffFolder is told, and what a format reads of a folder. Hidden ones are left out,
// and what is no ordinary file. A link to a file that is not there is listed: reading
// it will say what is wrong.
func Files(path string) ([]string, error) {
	names, folders, err := entries(path, "")
	if err != nil {
		return nil, err
	}
	for _, folder := range folders {
		inner, _, err := entries(path, folder)
		if err != nil {
			return nil, err
		}
		names = append(names, inner...)
	}
	slices.Sort(names)
	return names, nil
}

// Owner says whose a file of a folder is where the file itself does not: the name of the
// folder that it lies in, or else its own without its ending, and without ".gz" behind that.
// Only the ending is taken off: what stands before may be all that tells two people apart.
// Name is one of Files.
func Owner(name string) string {
	if folder, _, inside := strings.Cut(name, "/"); inside {
		return folder
	}
	if packed := strings.TrimSuffix(name, ".gz"); packed != "" {
		name = packed
	}
	if ending := filepath.Ext(name); ending != name {
		name = strings.TrimSuffix(name, ending)
	}
	return name
}

// entries lists what is in one folder below path.
func entries(path, folder string) (files, folders []string, err error) {
	list, err := os.ReadDir(filepath.Join(path, folder))
	if err != nil {
		return nil, nil, &Error{File: filepath.Join(path, folder), Text: "the folder cannot be read", Mend: "let the account that runs hmsp read it", Cause: err}
	}
	for _, e := range list {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		name := filepath.ToSlash(filepath.Join(folder, e.Name()))
		switch info, err := os.Stat(filepath.Join(path, name)); {
		case err == nil && info.IsDir():
			folders = append(folders, name)
		case err != nil || info.Mode().IsRegular():
			files = append(files, name)
		}
	}
	return files, folders, nil
}
