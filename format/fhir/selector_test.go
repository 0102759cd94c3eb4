package fhir

import (
	"errors"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
)

const specimen = `{"resourceType":"Patient","id":"p","active":true,"multipleBirthInteger":2,
 "extension":[{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[{"url":"ombCategory","valueCoding":{"code":"2106-3"}},{"url":"text","valueString":"White"}]}],
 "identifier":[{"system":"http://x","value":"1"},{"system":"http://y","value":"2\n\u00e9\ud83d\ude00"},{"system":"http://x","value":"3"}],
 "name":[{"family":"A","given":["B","C"]},{"use":"old","family":"D"}],
 "code":{"coding":[{"system":"http://loinc.org","code":"1-8"},{"system":"http://snomed.info/sct","code":"5"}]},
 "valueQuantity":{"value":1.50,"unit":"mg"},
 "component":[{"code":{"coding":[{"code":"8480-6"},{"code":"x"}]},"valueQuantity":{"value":120}},{"code":{"coding":[{"code":"8462-4"}]},"valueQuantity":{"value":80}}],
 "contained":[{"resourceType":"Medication","id":"m"}],"empty":null}`

func TestSelectors(t *testing.T) {
	var d doc
	if _, flaw := d.parse([]byte(specimen), 0); flaw != nil {
		t.Fatal(flaw)
	}
	var s stack
	for selector, want := range map[string]string{
		"id": "p", "Patient.id": "p", "Observation.id": "", "id.id": "", "name": "", "nothing": "", "empty": "", "`id`": "p",
		"extension('http://hl7.org/fhir/us/core/StructureDefinition/us-core-race').extension('ombCategory').valueCoding.code": "2106-3",
		"extension('http://hl7.org/fhir/us/core/StructureDefinition/us-core-race').extension('text').value.ofType(string)":    "White",
		"extension(\"x\")":                          "!", // the quotes of FHIRPath are single
		"identifier.where(system='http://x').value": "1 3", "identifier.where(system = 'http://y').value": "2\né😀", "identifier.where(value='2\\\\').value": "",
		"identifier.where(system != 'http://x').system": "http://y", "identifier[1].system": "http://y", "identifier[9].system": "",
		"name.first().family": "A", "name.last().family": "D", "name.given": "B C", "name.given[1]": "C", "name.family.count()": "2", "nothing.last()": "",
		"name.where(use.exists()).family": "D", "name.where(use.exists().not()).family": "A", "name.where(use.empty()).family": "A", "name.exists(use='old')": "true", "name.exists(use='new')": "false",
		"code.coding.where(system='http://loinc.org').code": "1-8", "code.coding.where(system='http://loinc.org' or system='http://snomed.info/sct').code": "1-8 5",
		"code.coding.where(system='http://loinc.org' and code='5').code": "",
		"component.where(code.coding.code='8480-6').valueQuantity.value": "120", "component.where(code.coding.code='8462-4').value.ofType(Quantity).value": "80",
		"value.ofType(Quantity).value": "1.50", "value.ofType(FHIR.Quantity).unit": "mg", "value.ofType(string)": "", "value.unit": "mg", "(value as Quantity)": "!", "value.as(Quantity).unit": "mg",
		"component.where(value.value = 120.0).code.coding[1].code": "x", "multipleBirth.ofType(integer)": "2", "multipleBirth = 2": "true", "active": "true", "active = true": "true", "active.not()": "false",
		"contained.ofType(Medication).id": "m", "Patient.name.where(family = 'A' and (use = 'old' or given = 'C')).family": "A",
		"'a' = 'a'": "true", "1 = 1.0": "true", "nothing = 1": "", "'x'": "x", "-1.5": "-1.5", "true and false": "false",
		"": "!", ".": "!", "id.": "!", "id..id": "!", "id[": "!", "id[x]": "!", "id[-1]": "!", "id[1.5]": "!", "id[9999999]": "!", "id)": "!", "(id": "!", "where(": "!", "identifier.where()": "!", "id = ": "!",
		"id = = id": "!", "'x": "!", "`": "!", "``": "!", "id.resolve()": "!", "id.ofType()": "!", "id.ofType(FHIR.)": "!", "id ! id": "!", "é": "!", "id.first(1)": "!", "a | b": "!", "a > b": "!", "'\\x'": "!", "or": "", "id or": "!",
		strings.Repeat("(", 100) + "id" + strings.Repeat(")", 100): "!", strings.Repeat("id.", 1000) + "id": "!", strings.Repeat("a", 5000): "!",
	} {
		c, err := compile(selector)
		switch {
		case want == "!":
			if err == nil || !strings.HasPrefix(err.Error(), "the selector ") {
				t.Errorf("%.60s: %v; want an error that names the place", selector, err)
			}
			continue
		case err != nil:
			t.Errorf("%s: %v", selector, err)
			continue
		}
		if got := string(s.result(c, d.root(), nil)); got != want {
			t.Errorf("%s: %q, want %q", selector, got, want)
		}
	}
	if _, err := compile("identifier.were(x='1')"); err == nil || !strings.Contains(err.Error(), `position 12`) || !strings.Contains(err.Error(), `did you mean "where"`) {
		t.Errorf("a misspelled function: %v", err)
	}
}

// A column that is no selector and no standard column is told.
func TestColumns(t *testing.T) {
	path := write(t, "x.ndjson", `{"resourceType":"Patient","id":"p","active":true}`)
	for _, c := range []struct{ table, column, says string }{
		{"person", "birht", `did you mean "birth"`}, {"person", "active", "Patient.active"}, {"person", "name.where(", "position 12"}, {"persons", "id", `did you mean "person"`},
		{"Observaton", "id", `did you mean "Observation"`}, {"", "id", "name one of person"}, {"Patient", "name.[", "position 6"},
	} {
		_, err := Format{}.Open(t.Context(), path, format.Options{Table: c.table, Columns: []string{c.column}})
		var fe *format.Error
		if !errors.As(err, &fe) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	got, _ := read(t, path, map[string][]string{"person": {"patient", "Patient.active"}, "Patient": {"active", "id"}})
	if got["person"][0]["Patient.active"] != "true" || got["Patient"][0]["active"] != "true" {
		t.Errorf("got %v", got)
	}
}

func FuzzSelector(f *testing.F) {
	for _, s := range []string{"identifier.where(system='http://x').value", "value.ofType(Quantity).value", "a[0].exists().not() = true and 'x' != -1.5 or `b`.count()", "extension('a').last()", "(a as b)", "((("} {
		f.Add(s)
	}
	var d doc
	if _, flaw := d.parse([]byte(specimen), 0); flaw != nil {
		f.Fatal(flaw)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := compile(text)
		if err != nil {
			return
		}
		var s stack
		s.result(c, d.root(), nil)
	})
}
