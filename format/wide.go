package format

import "context"

// Wide is a format whose rows are samples and whose columns are features, of which there
// may be millions: variants, genes, methylation sites, taxa. Describe lists the columns
// that are no features: SampleColumn, which is first, and what is computed of each
// sample. Its notes say how many samples and features there are. Open reads any of the
// columns that Describe lists and that Find returns, and nothing else of the source.
type Wide interface {
	Format
	// Find looks features up. Each entry of wanted has the names under which one may be
	// known, the best first: a column's name of a mapping, or codes of the dictionary as
	// system:code. The result has an entry for each of wanted.
	Find(ctx context.Context, path string, o Options, wanted [][]string) (Found, error)
}

// SampleColumn is the column of a Wide format that names the sample of a row. A site
// knows whose it is: the sample is named as the patient, or a list says so.
const SampleColumn = "sample"

// SexColumn is the column of a sample's sex, as Sex, where the source gives one.
const SexColumn = "sex"

// Found are the columns of features.
type Found struct {
	Columns []Column // Name is "" where the source has no such feature
	Notes   []string // what was decided, in words: "2 variants are on the other strand"
	// Problems are of the features that the source has and that cannot be used as what is
	// wanted, by the place in wanted: other alleles, another genome build.
	Problems map[int]Error
}

// A Check is what is plausible of samples, recordings or images, whatever the
// dictionary asks for: a call rate, a library size, the time that a device was worn.
type Check struct {
	Column string // of a Wide format; of Tables the code of rows in MeasurementTable
	Label  string // "call rate"
	Unit   string // UCUM
	Low    float64
	High   float64 // both are plausible
}

// Checked is implemented by formats that know what is plausible of their sources.
type Checked interface {
	Checks() []Check
}

// Companions is implemented by formats whose sources are several files beside each
// other, of which the path names one: they belong to the source, and a change of one is
// a change of it.
type Companions interface {
	// Companions lists the paths of the other files, as far as they exist.
	Companions(path string) []string
}
