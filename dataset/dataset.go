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
	Options Options           `json:"options,omitzero"`
	Mapping map[string]Source `json:"mapping,omitempty"` // by the dictionary's variable
}

// Options say how to read the file; see format.Options.
type Options struct {
	Delimiter string   `json:"delimiter,omitempty"`
	Encoding  string   `json:"encoding,omitempty"`
	Decimal   string   `json:"decimal,omitempty"`
	Missing   []string `json:"missing,omitempty"`
}

// A Source says where a variable is in the file and how it becomes what the
// dictionary declares: value = Scale * raw + Offset, or code = Codes[raw].
type Source struct {
	Column     string            `json:"column,omitempty"`
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
	if d.Options.Delimiter == "," && d.Options.Decimal == "," {
		problems = append(problems, doc.Problem(`the comma cannot be delimiter and decimal mark at once; set delimiter: ";"`, "options", "decimal"))
	}
	if err := manifest.Join(problems...); err != nil {
		return Dataset{}, err
	}
	if !filepath.IsAbs(d.Path) {
		d.Path = filepath.Join(filepath.Dir(where), d.Path)
	}
	return d, nil
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
	return format.Detect(l.Formats, path)
}

func (d Dataset) formatOptions() format.Options {
	return format.Options{Delimiter: d.Options.Delimiter, Encoding: d.Options.Encoding, Decimal: d.Options.Decimal, Missing: d.Options.Missing}.Defaults()
}
