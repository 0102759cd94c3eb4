package dataset

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/law/consent"
	"hmsp.center/hmsp/table"
)

// A Proposal is what a source was understood to be, before anyone confirmed it.
type Proposal struct {
	Dataset Dataset
	Shape   Shape
	Format  string
	Tables  []format.TableInfo // of a clinical source
	Notes   []string           // what was found out, in words
	Asks    []string           // what only a person can say, each with its mend
}

// patientNames are the usual names of the column that says whose a row is, in the
// order in which they are believed.
func patientNames() []string {
	return []string{"patient", "patient_id", "patientid", "patid", "pat_id", "patienten_id", "patientennummer", "pid", "subject", "subject_id", "usubjid", "person_id", "mrn", "study_id", "id"}
}

// Propose looks at a source and says how it would be registered. What it leaves open
// stands in Asks.
func (l Loader) Propose(ctx context.Context, d Dataset, dictionary table.Schema) (Proposal, error) {
	if d.Name == "" {
		d.Name = nameOf(d.Path)
	}
	d, err := l.resolved(ctx, d)
	if err != nil {
		return Proposal{Dataset: d}, err
	}
	p := Proposal{Dataset: d, Shape: Rows}
	if len(d.Tables) == 0 { // of a flat file, what its header says
		f, err := l.format(d.Format, d.Path)
		if err != nil {
			return p, err
		}
		if w, ok := f.(format.Wide); ok {
			return p.wide(ctx, l, w)
		}
		if _, clinical := f.(format.Tables); !clinical {
			described, err := f.Describe(ctx, d.Path, d.formatOptions())
			if err != nil {
				return p, err
			}
			p.Format = f.Name()
			p.Notes = append(p.Notes, described.Notes...)
			p.patient(described.Columns)
			p.columns(described.Columns, dictionary)
			if d.Time == "" {
				return p, nil
			}
			p.Shape = History
			p.times(described.Columns)
			if p.Dataset.Patient == "" && len(p.Asks) == 0 {
				p.Asks = append(p.Asks, "whose a row is: rows over time need to say so; name the column with --patient")
			}
			return p, nil
		}
	}
	f, err := l.source(ctx, d, dictionary)
	if err != nil {
		return p, err
	}
	p.Format, p.Shape = f.Name(), History
	p.Tables, err = f.(format.Tables).Tables(ctx, d.Path, d.formatOptions())
	if err != nil {
		return p, err
	}
	if d.Consent == nil {
		p.consent(ctx, l)
	}
	return p, nil
}

// wide says what a source of samples and features holds.
func (p Proposal) wide(ctx context.Context, l Loader, f format.Wide) (Proposal, error) {
	described, err := f.Describe(ctx, p.Dataset.Path, p.Dataset.formatOptions())
	if err != nil {
		return p, err
	}
	p.Format, p.Notes = f.Name(), described.Notes
	switch {
	case p.Dataset.Samples == "":
		p.Notes = append(p.Notes, "each sample has the name of its patient (--samples names a list that says otherwise)")
	case p.Dataset.Time != "":
		p.Shape = History
		p.Notes = append(p.Notes, "the list of samples says whose each is, and when it was taken")
	default:
		p.Notes = append(p.Notes, "the list of samples says whose each is")
	}
	return p, nil
}

// consent finds the patients' consent in a clinical source, or in a list beside it.
func (p *Proposal) consent(ctx context.Context, l Loader) {
	if slices.ContainsFunc(p.Tables, func(t format.TableInfo) bool {
		return t.Name == format.ConsentTable && t.Rows > 0 || t.Name == consentResource
	}) {
		p.Dataset.Consent = &Consent{From: "source"}
		p.Notes = append(p.Notes, "consent is read from the source's Consent resources")
		return
	}
	path := filepath.Join(p.Dataset.Path, consentList)
	if Live(path) {
		return
	}
	f, err := l.format("", path)
	if err != nil {
		return // there is none
	}
	d, err := f.Describe(ctx, path, format.Options{})
	names := make([]string, len(d.Columns))
	for i, c := range d.Columns {
		names[i] = c.Name
	}
	if err == nil && len(names) > 0 && slices.Equal(slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(consent.ListColumns()))) {
		p.Dataset.Consent = &Consent{Path: path}
		p.Notes = append(p.Notes, "consent is read from "+consentList+" in the folder")
	}
}

// consentResource is what FHIR calls its consents, and consentList the usual name of a
// list of consents.
const (
	consentResource = "Consent"
	consentList     = "consent.csv"
)

// nameOf makes a dataset's name of a path: the file's name up to its first dot.
func nameOf(path string) string {
	base := filepath.Base(path)
	if Live(path) {
		base, _, _ = strings.Cut(base, "?")
	}
	base, _, _ = strings.Cut(strings.ToLower(base), ".")
	var b strings.Builder
	for _, c := range base {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			b.WriteRune(c)
		} else if b.Len() > 0 {
			b.WriteByte('-')
		}
	}
	name := strings.Trim(b.String(), "-")
	return name[:min(len(name), 40)]
}

// patient finds the column that says whose a row is.
func (p *Proposal) patient(columns []format.Column) {
	if p.Dataset.Patient != "" {
		return
	}
	var found []string
	for _, name := range patientNames() {
		for _, c := range columns {
			if strings.EqualFold(strings.ReplaceAll(c.Name, "-", "_"), name) {
				found = append(found, c.Name)
			}
		}
	}
	switch {
	case len(found) == 0:
		p.Notes = append(p.Notes, "no column names the patient: every row counts as a person of its own (--patient names one)")
	case len(found) == 1 || strings.EqualFold(found[len(found)-1], "id") && len(found) == 2:
		p.Dataset.Patient = found[0]
		p.Notes = append(p.Notes, fmt.Sprintf("column %q names the patient", found[0]))
	default:
		p.Asks = append(p.Asks, fmt.Sprintf("whose a row is: columns %s could say; name one with --patient", strings.Join(quoted(found), ", ")))
	}
}

// times asks how dates are written where the file leaves two readings.
func (p *Proposal) times(columns []format.Column) {
	for _, c := range columns {
		if c.Time == "" && c.Kind == format.Text && p.Dataset.Options.Dates == "" && slices.Contains([]string{p.Dataset.Time, p.Dataset.Birth, p.Dataset.Death}, c.Name) {
			p.Asks = append(p.Asks, fmt.Sprintf("how dates are written in %q; say so with --dates, as in --dates DD/MM/YYYY", c.Name))
		}
	}
}

func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fmt.Sprintf("%q", n)
	}
	return out
}

// columns finds variables whose column has another spelling, or a unit in brackets.
func (p *Proposal) columns(columns []format.Column, dictionary table.Schema) {
	for _, v := range dictionary {
		if _, mapped := p.Dataset.Mapping[v.Name]; mapped || slices.ContainsFunc(columns, func(c format.Column) bool { return c.Name == v.Name }) {
			continue
		}
		var found []string
		units := map[string]string{}
		for _, c := range columns {
			name, unit := bracketed(c.Name)
			if plain(name) == plain(v.Name) || v.Label != "" && plain(name) == plain(v.Label) || slices.ContainsFunc(strings.Fields(v.Code), func(code string) bool { return strings.EqualFold(c.Name, code) }) {
				found = append(found, c.Name)
				units[c.Name] = unit
			}
		}
		switch len(found) {
		case 0:
		case 1:
			if p.Dataset.Mapping == nil {
				p.Dataset.Mapping = map[string]Source{}
			}
			p.Dataset.Mapping[v.Name] = Source{Column: found[0], Unit: units[found[0]]}
			p.Notes = append(p.Notes, fmt.Sprintf("column %q is the variable %s", found[0], v.Name))
		default:
			p.Asks = append(p.Asks, fmt.Sprintf("which column is the variable %s: %s could be; write a mapping (hmsp dataset add --dry-run --mapping FILE) and name one", v.Name, strings.Join(quoted(found), ", ")))
		}
	}
}

// plain is a name without case, spaces and signs.
func plain(name string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune(" ._-/", c) {
			return -1
		}
		return c
	}, strings.ToLower(name))
}

// bracketed takes the unit off a header such as "Gewicht [kg]".
func bracketed(name string) (plain, unit string) {
	for _, b := range []string{"[]", "()"} {
		head, rest, ok := strings.Cut(name, b[:1])
		if unit, tail, closed := strings.Cut(rest, b[1:]); ok && closed && strings.TrimSpace(tail) == "" {
			return strings.TrimSpace(head), strings.TrimSpace(unit)
		}
	}
	return name, ""
}

// String says what was understood, for a person to confirm.
func (p Proposal) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", p.Dataset.Name, p.Format)
	if p.Shape == History {
		b.WriteString(", people and what was recorded of them over time\n")
		for _, t := range p.Tables {
			if t.Rows > 0 && slices.Contains(append(format.ClinicalTables(), format.NoteTable), t.Name) {
				fmt.Fprintf(&b, "  %-12s %d rows\n", t.Name, t.Rows)
			}
		}
	} else {
		b.WriteString(", one row after another\n")
	}
	for _, n := range p.Notes {
		fmt.Fprintf(&b, "  %s\n", n)
	}
	for _, q := range p.Asks {
		fmt.Fprintf(&b, "  not clear: %s\n", q)
	}
	return b.String()
}
