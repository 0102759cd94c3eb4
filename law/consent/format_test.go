package consent_test

import (
	"context"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/fhir"
	"hmsp.center/hmsp/law/consent"
)

// The real consents through the FHIR format give the register that the test's own
// reader gives, also where they stand in bundles.
func TestRealConsentsThroughTheFormat(t *testing.T) {
	read := func(path string) *consent.Register {
		t.Helper()
		r, err := format.OpenOne(context.Background(), fhir.Format{}, data(t, path), format.Options{Table: format.ConsentTable})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		return load(t, r)
	}
	own := func(folder string) *consent.Register {
		var all []map[string]string
		for _, c := range resources(t, folder) {
			all = append(all, c.cells()...)
		}
		return load(t, clinical(all...))
	}
	for path, folder := range map[string]string{
		"fhir/hl7-r4-examples/consent":                "fhir/hl7-r4-examples/consent",
		"fhir/hl7-r4-examples/hl7-r4-examples.ndjson": "fhir/hl7-r4-examples/consent",
		"fhir/mii-consent":                            "fhir/mii-consent",
		"fhir/mii-kds-testdata":                       "fhir/mii-consent",
	} {
		got, want := read(path), own(folder)
		if got.Digest() != want.Digest() {
			t.Errorf("%s: %d people, %+v; want %d, %+v", path, got.People(), got.Count("research", 19900), want.People(), want.Count("research", 19900))
		}
	}
}
