package vocabulary

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

const r4 = `{"resourceType": "ConceptMap", "url": "http://example.org/map", "group": [{
 "source": "http://example.org/lab", "target": "http://loinc.org",
 "element": [
  {"code": "HBA1C", "target": [{"code": "4548-4", "equivalence": "equivalent"}, {"code": "59261-8", "equivalence": "relatedto"}]},
  {"code": "GLU-F", "target": [{"code": "2345-7", "equivalence": "wider"}]},
  {"code": "LIPIDS", "target": [{"code": "2093-3", "equivalence": "narrower"}]},
  {"code": "X", "target": [{"equivalence": "unmatched"}]},
  {"code": "Y", "target": [{"code": "1-8", "equivalence": "equal", "dependsOn": [{"property": "p", "value": "v"}]}]}
 ], "unmapped": {"mode": "fixed", "code": "z"}}]}`

const table = `target_code;Source System;source_code;target_system;equivalence
4548-4;http://example.org/lab;HBA1C;http://loinc.org;equal
2345-7;http://example.org/lab;GLU-F;loinc;wider
2093-3;http://example.org/lab;LIPIDS;loinc;source-is-broader-than-target
;http://example.org/lab;X;;unmatched
59261-8;http://example.org/lab;HBA1C;loinc;inexact
`

func TestConceptMap(t *testing.T) {
	for name, text := range map[string]string{"json": r4, "csv": table} {
		m, err := ReadConceptMap("map", []byte(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		same := func(what string, got []string, want ...string) {
			t.Helper()
			if !slices.Equal(got, want) {
				t.Errorf("%s: %s: %q, want %q", name, what, got, want)
			}
		}
		same("equivalent, forth", m.Implied("http://example.org/lab|HBA1C"), "loinc:4548-4")
		same("equivalent, back", m.Implying("loinc:4548-4"), "http://example.org/lab|HBA1C")
		same("equivalent, from the target", m.Implied("loinc:4548-4"), "http://example.org/lab|HBA1C")
		same("wider", m.Implied("http://example.org/lab|GLU-F"), "loinc:2345-7")
		same("wider is not used back", m.Implied("loinc:2345-7"))
		same("narrower is not used forth", m.Implied("http://example.org/lab|LIPIDS"))
		same("narrower, back", m.Implied("loinc:2093-3"), "http://example.org/lab|LIPIDS")
		same("unmatched", m.Implied("http://example.org/lab|X"))
		if m.Len() != 4 || len(m.Notes) < 2 {
			t.Errorf("%s: %d implications, notes %q", name, m.Len(), m.Notes)
		}
		p, err := m.Expand("loinc:4548-4", "loinc:2345-7")
		if err != nil {
			t.Fatal(err)
		}
		same("expand", p, "loinc:4548-4", "loinc:2345-7", "http://example.org/lab|GLU-F", "http://example.org/lab|HBA1C")
	}
}

func TestConceptMapRefuses(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"", "empty"}, {"{", "map:1: this is not valid JSON"}, {`{"resourceType":"Patient"}`, "not a ConceptMap"},
		{"{\n\"group\": 3}", "map:2, group: a number stands here"},
		{`{"resourceType":"ConceptMap","group":[{"source":"http://loinc.org","element":[{"code":"a","target":[{"code":"b"}]}]}]}`, "group[0]: the code system"},
		{strings.Replace(r4, `"equivalence": "wider"`, `"equivalence": "same"`, 1), "group[0].element[1].target[0]: the equivalence"},
		{strings.Replace(r4, `"code": "GLU-F", `, ``, 1), "the source has no code"},
		{r4[:len(r4)/2], "not valid JSON"},
		{"a,b\n", `no column "source_system"`},
		{table + "1;2\n", "map:7: the line has more or fewer"},
		{table + "4548-4;http://example.org/lab;HBA1C;http://loinc.org;disjoint\n", `map:7: these two codes have been said to be "equal"`},
		{table + "4548-4;http://example.org/lab;HBA1C;http://loinc.org;\n", "map:7: the relationship"},
		{table + "4548-4;;HBA1C;http://loinc.org;equal\n", "map:7: the code system"},
		{table + "4548-4;http://example.org/lab;;http://loinc.org;equal\n", "map:7: the source has no code"},
		{table + ";http://example.org/lab;Q;http://loinc.org;equal\n", "map:7: the target has no code"},
		{table + "\"4548-4;http", "quotation"},
		{"PAR1\x00\x01\x02", "no column"},
	} {
		_, err := ReadConceptMap("map", []byte(c.text))
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.40q: %v, want %q", c.text, err, c.says)
		}
	}
}

func FuzzConceptMap(f *testing.F) {
	f.Add([]byte(r4))
	f.Add([]byte(table))
	f.Add([]byte(`{"resourceType":"ConceptMap"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ReadConceptMap("map", data)
		if (m == nil) == (err == nil) {
			t.Fatal("neither map nor error, or both")
		}
		if err != nil {
			return
		}
		for a, to := range m.implied {
			for _, b := range to {
				if !slices.Contains(m.Implying(b), a) {
					t.Fatalf("%q implies %q and not the other way", a, b)
				}
			}
		}
	})
}
