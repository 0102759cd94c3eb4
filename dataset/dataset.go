// Package dataset is what a site registers: a data file, the column that names the
// patient, and the mapping of its columns into the consortium's dictionary.
//
// It serves a site's steward, who maps once and reads the quality profile, and the
// site's engine, which loads the columns that a study reads. It refuses data that
// is not what the dictionary says: a value outside the declared range would break
// the bound under which sums are encoded and protected. Nothing it says or
// returns as an error holds a patient's value: it counts, and names lines.
package dataset

import (
	_ "embed"
	"maps"
	"path/filepath"
	"slices"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/manifest"
)

// Version is the kind and version that a dataset file names in its first line.
const Version = "dataset/v1"

//go:embed dataset.schema.json
var schemaJSON []byte

// JSONSchema is the published JSON Schema of the file.
func JSONSchema() []byte { return slices.Clone(schemaJSON) }

// A Dataset is the file. Only Name and Path are required.
type Dataset struct {
	Hmsp    string            `json:"hmsp"`
	Name    string            `json:"name"`
	Path    string            `json:"path"`
	Format  string            `json:"format,omitempty"`  // "" is told from the file
	Patient string            `json:"patient,omitempty"` // column; "" means one row a person
	Time    string            `json:"time,omitempty"`    // column of a flat file: when a row was recorded
	Birth   string            `json:"birth,omitempty"`   // column of a flat file with times
	Death   string            `json:"death,omitempty"`   // column of a flat file with times
	Options Options           `json:"options,omitzero"`
	Tables  map[string]Table  `json:"tables,omitempty"`  // of a folder of flat files: which clinical table is where
	Mapping map[string]Source `json:"mapping,omitempty"` // by the dictionary's variable
	// Concepts are files of FHIR ConceptMap or CSV that translate codes.
	Concepts []string `json:"concepts,omitempty"`
	Consent  *Consent `json:"consent,omitempty"`
	// Samples is a list (CSV: sample, patient and, if it is known, time) of whose the
	// samples, recordings or images of the source are, where it does not call them as the
	// patients are called.
	Samples string `json:"samples,omitempty"`
	// Pool is the folder, in a site's home, of what was read at registration. A site
	// writes it.
	Pool string `json:"pool,omitempty"`
	// InPlace asks a live database where it is, instead of keeping a pool of it.
	InPlace bool `json:"in_place,omitempty"`
}

// A Table says where a clinical table is in a folder of flat files: File is relative
// to the dataset's path, Columns gives the file's names for the table's, and System
// the code system of codes that are written without one. Codes is for a file with a
// column for each code system: the system of each column.
type Table struct {
	File    string            `json:"file"`
	Columns map[string]string `json:"columns,omitempty"`
	System  string            `json:"system,omitempty"`
	Codes   map[string]string `json:"codes,omitempty"`
	Options Options           `json:"options,omitzero"`
}

// Consent is where the patients' consent is read at each cohort: in a file, in the
// source itself (From: "source"), or, with the reason why none is needed, nowhere.
// Without any, nobody's consent is asked for.
type Consent struct {
	Path string `json:"path,omitempty"`
	From string `json:"from,omitempty"`
	None string `json:"none,omitempty"`
}

// Options say how to read the file; see format.Options.
type Options struct {
	Delimiter string   `json:"delimiter,omitempty"`
	Encoding  string   `json:"encoding,omitempty"`
	Decimal   string   `json:"decimal,omitempty"`
	Missing   []string `json:"missing,omitempty"`
	Table     string   `json:"table,omitempty"` // of a source that can be read in several ways: which, as the format names it
	Dates     string   `json:"dates,omitempty"` // how dates are written where the file leaves two readings, as format.ParseTime takes it
}

// DateLayouts are how Options.Dates may say that dates are written; the first is "",
// which is told from the file.
func DateLayouts() []string {
	return []string{"", format.ISODate, format.CompactISO, format.GermanDate, format.GermanYY, format.USDate, format.USYY, format.BritDate, format.BritYY, format.ExcelDay}
}

// A Source says where a variable is in the file and how it becomes what the
// dictionary declares: value = Scale * raw + Offset, or code = Codes[raw].
type Source struct {
	Column     string            `json:"column,omitempty"`
	Table      string            `json:"table,omitempty"`     // of a clinical source; "" looks for the codes in all
	Events     []string          `json:"events,omitempty"`    // codes; without them, the dictionary's
	Value      string            `json:"value,omitempty"`     // column or selector of the value; "" is the table's
	Time       string            `json:"time,omitempty"`      // column or selector of the time; "" is the table's
	UnitFrom   string            `json:"unit_from,omitempty"` // column or selector of the unit; "" is the table's
	Timeless   bool              `json:"timeless,omitempty"`  // it is true of the patient at any time
	Unit       string            `json:"unit,omitempty"`
	Scale      *float64          `json:"scale,omitempty"` // nil is 1
	Offset     float64           `json:"offset,omitempty"`
	Codes      map[string]string `json:"codes,omitempty"`
	Missing    []string          `json:"missing,omitempty"`
	OutOfRange string            `json:"out_of_range,omitempty"` // "refuse" (default) or "missing"
}

// File is the dataset of a data file whose columns are named as the variables.
func File(name, path string) Dataset { return Dataset{Hmsp: Version, Name: name, Path: path} }

// Read decodes a dataset file and checks what can be checked without a dictionary.
// Where names the file in messages, and a relative path in it starts at its folder.
func Read(where string, data []byte) (Dataset, error) {
	doc, err := manifest.Parse(where, data)
	if err != nil {
		return Dataset{}, err
	}
	if err := doc.Validate(schemaJSON); err != nil {
		return Dataset{}, err
	}
	var d Dataset
	if err := doc.Into(&d); err != nil {
		return Dataset{}, err
	}
	var problems []*manifest.Error
	for _, name := range slices.Sorted(maps.Keys(d.Mapping)) {
		s := d.Mapping[name]
		if s.Scale != nil && *s.Scale == 0 {
			problems = append(problems, doc.Problem("a scale of 0 makes every value the same; give the factor from the file's unit to the dictionary's", "mapping", name, "scale"))
		}
		if s.Codes != nil && (s.Scale != nil || s.Offset != 0 || s.Unit != "") {
			problems = append(problems, doc.Problem("codes and a unit do not go together; leave out one of them", "mapping", name, "codes"))
		}
	}
	if c := d.Consent; c != nil && given(c.Path, c.None, c.From) != 1 {
		problems = append(problems, doc.Problem("give exactly one of path, from and none", "consent"))
	}
	if d.InPlace && !Live(d.Path) {
		problems = append(problems, doc.Problem("only a live database can be asked in place; leave it out", "in_place"))
	}
	if d.Time != "" && d.Patient == "" {
		problems = append(problems, doc.Problem("rows over time need to say whose they are: name the column under patient", "time"))
	}
	if len(d.Tables) > 0 && (d.Time != "" || d.Patient != "") {
		problems = append(problems, doc.Problem("each table names its own columns: leave out patient and time", "tables"))
	}
	for _, name := range slices.Sorted(maps.Keys(d.Tables)) {
		if !filepath.IsLocal(d.Tables[name].File) {
			problems = append(problems, doc.Problem("the file is outside of the dataset's folder, where a change of it would not be noticed: move it there, or name a path above both", "tables", name, "file"))
		}
		if t := d.Tables[name]; t.Codes != nil && (t.System != "" || t.Columns[format.Code] != "" || t.Columns[systemColumn] != "") {
			problems = append(problems, doc.Problem("codes names the columns with codes and their systems: leave out system, and code and system under columns", "tables", name, "codes"))
		}
	}
	if (d.Birth != "" || d.Death != "") && d.Time == "" {
		problems = append(problems, doc.Problem("birth and death are for files whose rows have a time: name its column under time", "time"))
	}
	if d.Options.Delimiter == "," && d.Options.Decimal == "," {
		problems = append(problems, doc.Problem(`the comma cannot be delimiter and decimal mark at once; set delimiter: ";"`, "options", "decimal"))
	}
	if err := manifest.Join(problems...); err != nil {
		return Dataset{}, err
	}
	absolute(filepath.Dir(where), &d.Path)
	absolute(filepath.Dir(where), &d.Samples)
	for i := range d.Concepts {
		absolute(filepath.Dir(where), &d.Concepts[i])
	}
	if d.Consent != nil {
		absolute(filepath.Dir(where), &d.Consent.Path)
	}
	return d, nil
}

// given counts the texts that are not empty.
func given(texts ...string) int {
	n := 0
	for _, t := range texts {
		if t != "" {
			n++
		}
	}
	return n
}

// ReadFile is Read of a file on disk.
func ReadFile(path string) (Dataset, error) {
	data, err := manifest.ReadFile(path, "dataset")
	if err != nil {
		return Dataset{}, err
	}
	return Read(path, data)
}

// A Loader reads data files of the formats it knows.
type Loader struct {
	Formats []format.Format
	MaxRows int // rows of a file at most; 0 means 1048576, the charter's default
	// Pseudonym, if set, makes the table's pseudonyms from the patients' names: a
	// hash under a key that only the site has.
	Pseudonym func(patient string) uint64
}

// DefaultMaxRows is how many rows a Loader reads where it is not told.
const DefaultMaxRows = 1 << 20

func (l Loader) maxRows() int {
	if l.MaxRows > 0 {
		return l.MaxRows
	}
	return DefaultMaxRows
}

func (l Loader) format(name, path string) (format.Format, error) {
	if name != "" {
		return format.Named(l.Formats, name)
	}
	return format.DetectSource(l.Formats, path)
}

func (d Dataset) formatOptions() format.Options {
	return format.Options{Table: d.Options.Table, Delimiter: d.Options.Delimiter, Encoding: d.Options.Encoding, Decimal: d.Options.Decimal, Missing: d.Options.Missing}
}
