// Package fhir reads HL7 FHIR R4 (4.0.1, https://hl7.org/fhir/R4/) in JSON: bulk
// exports as NDJSON, Bundles, and single resources, plain or gzip, one file or a
// folder of them.
//
// It serves package dataset with the clinical tables of package format, and with a
// table of each resource type by its own name ("Observation"). A column that is no
// standard column of its table is a selector in the manner of FHIRPath
// (https://hl7.org/fhirpath/N1/), evaluated on the resource: Patient.active, or
// code.coding.where(system='http://loinc.org').code. It refuses XML, other releases
// of FHIR where they show, and text that is no JSON; nothing that it says repeats a
// value.
//
// Which table a resource is in: Patient is person; Encounter visit; Condition
// condition; Observation measurement, with one row more for each component;
// Procedure procedure; MedicationRequest, MedicationAdministration,
// MedicationStatement, MedicationDispense and Immunization drug; Specimen specimen;
// ImagingStudy imaging; Consent consent, one row a provision; EpisodeOfCare period,
// where it has no type, which would be that of a programme, and both ends. Whatever its
// status, a resource of another table is a row, and the status says so.
//
// The column patient is the id of the Patient, and of the Patient that the others
// refer to by a relative or absolute URL or by the full URL of an entry in the same
// Bundle. A reference that names no id (to a patient inside the resource, to a
// search, or by identifier alone) tells nobody: such a resource is left out of the
// clinical tables and counted. To link people by an identifier of the hospital
// instead, select it in the person table beside patient,
//
//	identifier.where(system='http://hospital.example/pid').value
//
// and put it in the place of the id in the rows of every table; where the others
// carry it too, subject.identifier.value in the tables of resources selects it.
package fhir

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
)

// Format is the FHIR format.
type Format struct{}

// Name is "fhir".
func (Format) Name() string { return "fhir" }

// Sniff looks for a resource type in the head of JSON text. XML of FHIR, and what is
// named .ndjson, are claimed too: opening them says how to mend them.
func (Format) Sniff(head []byte, filename string) int {
	head = unpacked(head)
	lower := strings.TrimSuffix(strings.ToLower(filename), ".gz")
	at := blank(head, 0)
	switch {
	case at == len(head):
		return 0
	case head[at] == '{' && (len(peek(head[at:])) > 0 || bytes.Contains(head, []byte(`"resourceType"`))):
		return 95
	case head[at] == '<' && bytes.Contains(head, []byte("http://hl7.org/fhir")):
		return 80
	case strings.HasSuffix(lower, ".ndjson"):
		return 60
	}
	return 0
}

// SniffFolder opens the first files that may be FHIR.
func (Format) SniffFolder(path string, names []string) int {
	s := &source{path: path, limit: format.DefaultMaxBytes, ctx: context.Background()}
	opened := 0
	for _, n := range names {
		if !named(n) {
			continue
		}
		if f, _, err := s.look(filepath.Join(path, filepath.FromSlash(n))); err == nil && f.sure {
			return 90
		}
		if opened++; opened == 20 {
			break
		}
	}
	return 0
}

// Tables lists the clinical tables, and the types of the resources with which the
// files begin.
func (Format) Tables(ctx context.Context, path string, o format.Options) ([]format.TableInfo, error) {
	s, err := find(ctx, path, o.Defaults())
	if err != nil {
		return nil, err
	}
	names := format.ClinicalTables()
	var kinds []string
	for _, f := range s.files {
		for _, k := range f.kinds {
			if !slices.Contains(kinds, k) && slices.Contains(resourceTypes(), k) {
				kinds = append(kinds, k)
			}
		}
	}
	slices.Sort(kinds)
	var out []format.TableInfo
	for _, n := range append(names, kinds...) {
		out = append(out, format.TableInfo{Name: n, Rows: -1})
	}
	return out, nil
}

// Describe tells the standard columns of a table. How many rows there are is not
// known before everything is read.
func (Format) Describe(ctx context.Context, path string, o format.Options) (format.Description, error) {
	s, err := find(ctx, path, o.Defaults())
	if err != nil {
		return format.Description{}, err
	}
	columns, err := standard(path, o.Table)
	return format.Description{Columns: columns, Rows: -1, Notes: s.notes}, err
}

// Open reads the table that the options name.
func (f Format) Open(ctx context.Context, path string, o format.Options) (format.Reader, error) {
	return format.OpenOne(ctx, f, path, o)
}

// OpenTables reads several tables in one pass. What is wrong with the text is an
// error when it is met; a resource without a patient is left out and counted, as the
// reader's method Notes() []string says in the end.
func (Format) OpenTables(ctx context.Context, path string, o format.Options, want map[string][]string) (format.TablesReader, error) {
	o = o.Defaults()
	s, err := find(ctx, path, o)
	if err != nil {
		return nil, err
	}
	p, err := newPlan(s, want)
	if err != nil {
		return nil, err
	}
	return newReader(ctx, s, p, o), nil
}

var (
	_ format.Tables = Format{}
	_ format.Folder = Format{}
)
