package fhir

import (
	"os"
	"path/filepath"
	"testing"

	"hmsp.center/hmsp/format"
)

// What limits a consent is never dropped: a narrow permit must not read as a wide one.
func TestLimitsOfConsentAreKept(t *testing.T) {
	const consent = `{"resourceType":"Consent","id":"c","status":"active","patient":{"reference":"Patient/p"},"provision":{"type":"permit",
		"securityLabel":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"}],
		"class":[{"code":"x"}],"data":[{"meaning":"instance","reference":{"reference":"Observation/1"}}],"dataPeriod":{"start":"2020"},
		"code":[{"text":"only my heart"}],"action":[{"text":"look"},{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentaction","code":"access"}]}]}}`
	path := filepath.Join(t.TempDir(), "c.json")
	if err := os.WriteFile(path, []byte(consent), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Format{}.Open(t.Context(), path, format.Options{Table: format.ConsentTable, Columns: []string{format.Class, format.Code, format.Action}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"|x http://terminology.hl7.org/CodeSystem/v3-Confidentiality|N |data |dataPeriod", "|text", "http://terminology.hl7.org/CodeSystem/consentaction|access |text"} {
		if got := b.Columns[i].Text[0]; got != want {
			t.Errorf("column %d: %q, want %q", i, got, want)
		}
	}
}
