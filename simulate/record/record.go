package record

import "hmsp.center/hmsp/simulate/person"

// A Record is everything that a site has written down about one person. It is valid
// until its Maker makes the next one.
type Record struct {
	Codes  *Codes
	Site   *Site
	Person *person.Person

	Visits       []Visit
	Diagnoses    []Diagnosis
	Measurements []Measurement
	Drugs        []DrugUse
	Procedures   []Procedure
	Specimens    []Specimen
	Images       []Image
	Consents     []Consent
	Smoker       int // index of Codes.Smokers; -1 is missing
	Errors       []Error
}

// Died says whether the death is on record, as the time of Person.Exit.
func (r *Record) Died() bool { return r.Person.Why == person.Died }

// A Visit is an encounter, from Start to End in seconds.
type Visit struct {
	Start, End int64
	Inpatient  bool
}

// A Diagnosis is made on a visit, by index.
type Diagnosis struct {
	Disease int
	Time    int64
	Visit   int
}

// A Measurement is a value as it was reported, in its form's unit.
type Measurement struct {
	Analyte int
	Form    int
	Value   float64
	Time    int64
	Visit   int
	Copy    bool // it was imported a second time
}

// A DrugUse is from Start to End; Before says that it was not begun by the site.
type DrugUse struct {
	Drug       int
	Start, End int64
	Before     bool
}

// A Procedure was done on a visit.
type Procedure struct {
	Code  Code
	Time  int64
	Visit int
}

// A Specimen was taken on a visit.
type Specimen struct {
	Type  Code
	Time  int64
	Visit int
}

// An Image is a study in an archive, with its DICOM identifier.
type Image struct {
	Modality Code
	Head     bool
	Time     int64
	Visit    int
	UID      string
}

// A Consent is a signed document.
type Consent struct {
	Answer     Answer
	Time       int64
	Provisions []Provision
}

// An Answer to being asked for consent.
type Answer int

// The answers. A withdrawal is a document of its own, after the consent.
const (
	Given Answer = iota
	Refused
	Withdrawn
)

func (a Answer) String() string { return [...]string{"permit", "deny", "withdrawn"}[a] }

// A Provision permits (Given) or denies (Refused, Withdrawn) a purpose from a time to
// another.
type Provision struct {
	Purpose    int
	Start, End int64
}

// An Error is one row with a planted fault.
type Error struct {
	Fault int    // of Site.Faults
	Table string // measurement or condition
	Row   int    // from 0, in the person's rows of the table
	Time  int64  // the true time
	Truth float64
}
