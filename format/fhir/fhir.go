// Package fhir reads HL7 FHIR R4 (4.0.1, https://hl7.org/fhir/R4/) in JSON: bulk
// exports as NDJSON, Bundles, and single resources, plain or gzip, one file or a
// folder of them.
//
// It serves package dataset with the clinical tables of package format, and with a
// table of each resource type by its own name ("Observation"). A column that is no
// standard column of its table is a selector in the manner of FHIRPath
// (https://hl7.org/fhirpath/N1/), evaluated on the resource. It refuses XML, other
// releases of FHIR where they show, and text that is no JSON; nothing that it says
// repeats a value.
package fhir

import (
	"context"

	"hmsp.center/hmsp/format"
)

// Format is the FHIR format.
type Format struct{}

// Name is "fhir".
func (Format) Name() string { return "fhir" }

// Sniff looks for a resource type in the head of JSON text.
func (Format) Sniff(head []byte, filename string) int { return 0 }

// SniffFolder opens the first files that may be FHIR.
func (Format) SniffFolder(path string, names []string) int { return 0 }

// Tables lists the clinical tables, and the types of the resources with which the
// files begin.
func (Format) Tables(ctx context.Context, path string, o format.Options) ([]format.TableInfo, error) {
	return nil, nil
}

// Describe tells the standard columns of a table.
func (Format) Describe(ctx context.Context, path string, o format.Options) (format.Description, error) {
	return format.Description{}, nil
}

// Open reads the table that the options name.
func (f Format) Open(ctx context.Context, path string, o format.Options) (format.Reader, error) {
	return format.OpenOne(ctx, f, path, o)
}

// OpenTables reads several tables in one pass.
func (Format) OpenTables(ctx context.Context, path string, o format.Options, want map[string][]string) (format.TablesReader, error) {
	return nil, nil
}

var (
	_ format.Tables = Format{}
	_ format.Folder = Format{}
)
