package dataset

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/spelling"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/table/pool"
)

// A Shape says what a dataset is once it is mapped.
type Shape string

const (
	Rows    Shape = "rows"    // a table.Table: the rows of a flat file
	History Shape = "history" // a table.History: people and their events
)

// A Meta is what the pool of a dataset says of itself.
type Meta struct {
	Hmsp      string       `json:"hmsp"` // "dataset-pool/v1"
	Dataset   string       `json:"dataset"`
	Shape     Shape        `json:"shape"`
	Variables table.Schema `json:"variables"` // those that the dataset has
	Snapshot  Snapshot     `json:"snapshot"`
	Profile   Profile      `json:"profile"`
	// InPlace is of a database that is asked where it is: what is asked, by variable,
	// and the fingerprint of each relation when it was registered. The pool is empty.
	InPlace      []Selection       `json:"in_place,omitempty"`
	Fingerprints map[string]string `json:"fingerprints,omitempty"`
}

// MetaVersion is the kind and version of a Meta.
const MetaVersion = "dataset-pool/v1"

// A Build says how a pool is made.
type Build struct {
	Path     string               // of the pool
	Memory   int64                // that may be used, in bytes; 0 means 256 MiB
	Progress func(read, of int64) // of the source, in bytes; may be nil
	Named    func(what string)    // told what is being done; may be nil
}

// Make reads a dataset once, against the dictionary, and keeps what was mapped as a
// pool. Problems of the data are in the profile; with any, there is no pool and no
// error. The error is for a source that cannot be read.
func (l Loader) Make(ctx context.Context, d Dataset, dictionary table.Schema, b Build) (Profile, error) {
	progress := func(what string) func(read, of int64) {
		if b.Named != nil {
			b.Named(what)
		}
		return b.Progress
	}
	d, err := l.resolved(ctx, d)
	if err != nil {
		return Profile{}, err
	}
	before, err := l.snapshot(ctx, d, progress("hashing"))
	if err != nil {
		return Profile{}, err
	}
	w, err := pool.Create(b.Path, pool.Options{Memory: b.Memory})
	if err != nil {
		return Profile{}, err
	}
	defer w.Abort() // nothing after Commit
	m := Meta{Hmsp: MetaVersion, Dataset: d.Name, Snapshot: before}
	if err := l.fill(ctx, d, dictionary, w, &m, progress("reading")); err != nil || len(m.Profile.Problems) > 0 {
		return m.Profile, err
	}
	same := true // of a database, one transaction saw one moment
	if !Live(d.Path) {
		if same, err = before.Same(ctx, d.Path); err != nil {
			return m.Profile, err
		}
	}
	if !same {
		return m.Profile, &format.Error{File: d.Path, Text: "the source changed while it was read", Mend: "register it when nothing writes to it"}
	}
	meta, err := json.Marshal(m)
	if err != nil {
		return m.Profile, fmt.Errorf("dataset %s: %w", d.Name, err)
	}
	_, err = w.Commit(meta)
	return m.Profile, err
}

// snapshot names the state of all that a dataset is read from.
func (l Loader) snapshot(ctx context.Context, d Dataset, progress func(read, of int64)) (Snapshot, error) {
	if Live(d.Path) {
		return Snapshot{}, nil
	}
	var also []string
	if d.Samples != "" {
		also = append(also, d.Samples)
	}
	if len(d.Tables) == 0 {
		f, err := l.format(d.Format, d.Path)
		if err != nil {
			return Snapshot{}, err
		}
		if c, ok := f.(format.Companions); ok {
			also = append(also, c.Companions(d.Path)...)
		}
	}
	return Take(ctx, d.Path, d.consentFile(), also, progress)
}

// resolved says of a source of samples which columns name patient and time.
func (l Loader) resolved(ctx context.Context, d Dataset) (Dataset, error) {
	if len(d.Tables) > 0 || d.Patient != "" {
		return d, nil
	}
	f, err := l.format(d.Format, d.Path)
	if err != nil {
		return d, err
	}
	if _, ok := f.(format.Wide); !ok {
		return d, nil
	}
	d.Patient = format.SampleColumn
	list, err := l.samples(ctx, d)
	if list == nil || err != nil {
		return d, err
	}
	if d.Patient = patientOf; list.timed {
		d.Time = takenAt
	}
	return d, nil
}

// consentFile is the name of the list of consents below the dataset's folder; "" where
// it is elsewhere. A withdrawal changes it, and not the data.
func (d Dataset) consentFile() string {
	if d.Consent == nil || d.Consent.Path == "" {
		return ""
	}
	name, err := filepath.Rel(d.Path, d.Consent.Path)
	if err != nil || !filepath.IsLocal(name) || name == "." {
		return ""
	}
	return filepath.ToSlash(name)
}

// fill maps the source into the pool.
func (l Loader) fill(ctx context.Context, d Dataset, dictionary table.Schema, w *pool.Writer, m *Meta, progress func(read, of int64)) error {
	f, err := l.source(ctx, d, dictionary)
	if err != nil {
		return err
	}
	if tables, ok := f.(format.Tables); ok {
		m.Shape = History
		err = l.fillHistory(ctx, d, tables, dictionary, w, m, progress)
	} else {
		m.Shape = Rows
		err = l.fillRows(ctx, d, f, dictionary, w, m, progress)
	}
	if r, ok := f.(reporter); ok && err == nil {
		r.report(&m.Profile)
	}
	return err
}

// unknownVariables are names under mapping that the dictionary lacks.
func unknownVariables(d Dataset, dictionary table.Schema) []Problem {
	var out []Problem
	for _, name := range slices.Sorted(maps.Keys(d.Mapping)) {
		if dictionary.Index(name) < 0 {
			out = append(out, Problem{Variable: name, Text: "the mapping names a variable that the dictionary lacks" + spelling.Suggest(name, dictionary.Names()),
				Mend: "correct the name, or have the variable added to the charter"})
		}
	}
	return out
}

// fillRows keeps a flat file row by row.
func (l Loader) fillRows(ctx context.Context, d Dataset, f format.Format, dictionary table.Schema, w *pool.Writer, m *Meta, progress func(read, of int64)) error {
	b, err := l.bind(ctx, d, f, dictionary)
	if err != nil {
		return err
	}
	b.progress = progress
	b.problems = append(b.problems, unknownVariables(d, dictionary)...)
	if len(b.variables) == 0 {
		if len(b.problems) == 0 {
			mend := "map its columns under mapping"
			if f.Name() == "csv" {
				mend += "; if it holds features, such as genes or taxa, and samples, say --format matrix"
			}
			b.problems = append(b.problems, Problem{Text: "the file has none of the dictionary's variables", Mend: mend})
		}
		m.Profile = Profile{Dataset: d.Name, Format: f.Name(), Shape: Rows, Absent: b.absent, Unused: b.unused(), Problems: b.problems, Notes: b.described.Notes}
		return nil
	}
	r := &rowsWriter{people: newPeople(l.Pseudonym), named: b.patient >= 0, values: make([]table.Column, len(b.variables))}
	var fields []pool.Field
	for _, v := range b.variables {
		fields = append(fields, pool.Field{Name: v.variable.Name, Kind: pool.KindOf(v.variable)})
		m.Variables = append(m.Variables, v.variable)
	}
	if b.patient >= 0 {
		fields = append(fields, pool.Field{Name: "patient", Kind: pool.Int32})
	}
	if r.people.pseudonym != nil {
		fields = append(fields, pool.Field{Name: "pseudonym", Kind: pool.Uint64})
	}
	if r.to, err = w.Table(pool.Rows, fields); err != nil {
		return err
	}
	for _, v := range b.variables {
		r.category = append(r.category, v.variable.Kind == table.Category)
	}
	rows, err := b.scan(ctx, r.keep, r.id, r.flush)
	if err != nil {
		return err
	}
	if w, ok := f.(*wide); ok && rows == 0 && w.left > 0 {
		b.problems = append(b.problems, Problem{Text: "the list of samples has none of the samples of the source", Mend: "write them in the list as the source calls them, or leave out --samples"})
	}
	b.judge(rows)
	p := Profile{Dataset: d.Name, Format: b.format.Name(), Shape: Rows, Rows: rows, People: rows, Absent: b.absent, Unused: b.unused(), Problems: b.problems, Notes: b.described.Notes}
	if r.named {
		p.People = r.people.count()
	}
	for _, v := range b.variables {
		p.Variables = append(p.Variables, v.quality(rows))
		if unit := d.Mapping[v.variable.Name].Unit; unit != "" && unit != v.variable.Unit {
			p.Notes = append(p.Notes, spellings(map[string]*conversion{unit: convert(v.variable, unit)})...)
		}
	}
	m.Profile = p
	return nil
}

// A rowsWriter hands the judged cells of a flat file to a pool, batch by batch.
type rowsWriter struct {
	to       *pool.Appender
	people   *people
	named    bool // the file says whose the rows are
	category []bool
	values   []table.Column
	patients []int32
	names    []uint64
	rows     int
}

func (r *rowsWriter) keep(i, _ int, x float64, is verdict) {
	c := &r.values[i]
	switch {
	case r.category[i] && is == good:
		c.Codes = append(c.Codes, int32(x))
	case r.category[i]:
		c.Codes = append(c.Codes, -1)
	case is == good:
		c.Numbers = append(c.Numbers, x)
	default:
		c.Numbers = append(c.Numbers, math.NaN())
	}
}

func (r *rowsWriter) id(name string) {
	n := r.people.of(name)
	r.patients = append(r.patients, n)
	if r.people.pseudonym != nil {
		r.names = append(r.names, r.people.pseudonyms[n])
	}
}

// flush hands on the rows of a batch. Where nobody has a name, a row's place in the
// file is the best there is.
func (r *rowsWriter) flush(rows int) error {
	if !r.named && r.people.pseudonym != nil {
		for i := range rows {
			r.names = append(r.names, r.people.pseudonym(fmt.Sprint("row ", r.rows+i)))
		}
	}
	r.rows += rows
	var out []pool.Values
	for i := range r.values {
		out = append(out, pool.Values{Float64: r.values[i].Numbers, Int32: r.values[i].Codes})
	}
	if r.named {
		if len(r.patients) != rows {
			return nil // a row has no patient: this pool will not be
		}
		out = append(out, pool.Values{Int32: r.patients})
	}
	if r.people.pseudonym != nil {
		out = append(out, pool.Values{Uint64: r.names})
	}
	err := r.to.Append(out...)
	for i := range r.values {
		r.values[i] = table.Column{Numbers: r.values[i].Numbers[:0], Codes: r.values[i].Codes[:0]}
	}
	r.patients, r.names = r.patients[:0], r.names[:0]
	return err
}

// fillHistory keeps a clinical source as people and events.
func (l Loader) fillHistory(ctx context.Context, d Dataset, f format.Tables, dictionary table.Schema, w *pool.Writer, m *Meta, progress func(read, of int64)) error {
	o := d.formatOptions()
	tables, err := f.Tables(ctx, d.Path, o)
	if err != nil {
		return err
	}
	translate, err := translator(d)
	if err != nil {
		return err
	}
	people := newPeople(l.Pseudonym)
	c, problems, absent, err := newClinical(ctx, d, f, dictionary, tables, translate, people)
	if err != nil {
		return err
	}
	if _, flat := f.(flat); !flat { // one knows its list
		if c.list, err = l.samples(ctx, d); err != nil {
			return err
		}
	}
	problems = append(problems, unknownVariables(d, dictionary)...)
	m.Profile = Profile{Dataset: d.Name, Format: f.Name(), Shape: History, Absent: absent, Problems: problems}
	if len(c.selections) == 0 && len(problems) == 0 {
		problems = append(problems, Problem{Text: "the dictionary has no variable with a code that a clinical source could have", Mend: "give the variables codes (loinc:..., icd10gm:...) in the charter, or name tables under mapping"})
	}
	if m.Profile.Problems = problems; len(problems) > 0 {
		return nil
	}
	for _, s := range c.selections {
		if s.events, err = newEvents(w, s.variable); err != nil {
			return err
		}
		m.Variables = append(m.Variables, s.variable)
	}
	if err := c.scan(ctx, f, d.Path, o, progress); err != nil {
		return err
	}
	for _, s := range c.selections {
		if err := s.events.flush(); err != nil {
			return err
		}
	}
	to, err := w.Table(pool.People, pool.PeopleFields())
	if err != nil {
		return err
	}
	if err := people.write(to); err != nil {
		return err
	}
	c.describe(&m.Profile)
	if d.InPlace {
		m.InPlace, problems = c.inPlace(c.patterns)
		m.Profile.Problems = append(m.Profile.Problems, problems...)
	}
	return nil
}

// Without keeps of a dataset that is asked in place what it is, and no data: it makes
// the pool at path. Fingerprints are those of its relations.
func (k *Kept) Without(path string, fingerprints map[string]string) error {
	m := k.Meta
	m.Fingerprints = fingerprints
	meta, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("dataset %s: %w", m.Dataset, err)
	}
	w, err := pool.Create(path, pool.Options{})
	if err != nil {
		return err
	}
	defer w.Abort()
	_, err = w.Commit(meta)
	return err
}
