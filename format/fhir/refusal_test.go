package fhir

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
)

func TestFormat(t *testing.T) {
	plain := data(t, "fhir", "synthea-bundles-plain")
	bundles, _ := filepath.Glob(filepath.Join(plain, "Buster*.json"))
	table := func(name string) format.Options { return format.Options{Table: name} }
	sample := func(path, name string, rows int) formattest.Sample {
		return formattest.Sample{Path: path, Options: table(name), Columns: format.ClinicalColumns(name), Rows: rows}
	}
	const good = `{"resourceType":"Patient","id":"canary"}`
	var broken []formattest.Broken
	for _, b := range []struct{ name, text, says string }{
		{"cut.ndjson", good + "\n" + `{"resourceType":"Patient","id":"canary`, ":2: the line is no JSON: it ends inside a value"},
		{"comma.ndjson", good + "\n\n" + `{"resourceType":"Patient" "id":"canary"}`, ":3: the line is no JSON: a comma or } is expected at its byte 27"},
		{"tail.ndjson", good + good, "text follows the value"},
		{"list.ndjson", good + "\n[1]", "the line is no FHIR resource"},
		{"none.ndjson", good + "\n" + `{"a":"canary"}`, ":2: this is JSON, but no FHIR resource"},
		{"table.ndjson", "canary,b\n1,2\n", "this is no JSON"},
		{"latin.ndjson", good + "\n" + "{\"resourceType\":\"Patient\",\"id\":\"canary\xe4\"}", ":2: the line is not UTF-8"},
		{"pretty.ndjson", "{\n\"resourceType\":\"Patient\"}", ":1: the line is no JSON: it ends inside a value"},
		{"x.xml", `<?xml version="1.0"?><Patient xmlns="http://hl7.org/fhir"><id value="canary"/></Patient>`, "this is XML"},
		{"list.json", `[` + good + `]`, "this is a list"},
		{"wide.json", "\xff\xfe{\x00", "UTF-16"},
		{"blank.json", "  \n", "holds no text"},
		{"bundle.json", "{\"resourceType\":\"Bundle\",\n\"entry\":[\n{\"resource\":" + good + "},\n{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"canary\",}}]}", ":4: this is no JSON: a name in quotes is expected (byte"},
		{"short.json", "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":" + good + "}", "the document is cut off"},
		{"behind.json", `{"resourceType":"Patient","id":"canary"} x`, "text behind the end"},
		{"old.ndjson", `{"resourceType":"Condition","clinicalStatus":"active","subject":{"reference":"Patient/canary"}}`, "is of FHIR STU3"},
		{"new.ndjson", `{"resourceType":"MedicationRequest","medication":{"concept":{}},"subject":{"reference":"Patient/canary"}}`, "is of FHIR R5"},
		{"deep.ndjson", `{"resourceType":"Patient","x":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `}`, "too deep"},
		{"packed.ndjson.gz", "\x1f\x8b\x08canary", "gzip"},
		{"cut.ndjson.gz", packed(t, strings.Repeat(good+"\n", 1000))[:40], "cut off"},
	} {
		o := table("person")
		if b.name == "old.ndjson" {
			o = table("condition")
		} else if b.name == "new.ndjson" {
			o = table("drug")
		}
		broken = append(broken, formattest.Broken{Name: b.name, Data: []byte(b.text), Options: o, Says: b.says, Canary: "canary"})
	}
	o := table("person")
	o.MaxBytes = 4096
	broken = append(broken,
		formattest.Broken{Name: "long.ndjson", Data: []byte(good + "\n" + `{"resourceType":"Patient","id":"` + strings.Repeat("canary", 1<<19) + `"}`), Options: o, Says: ":2: a line is longer than 4096 bytes", Canary: "canary"},
		formattest.Broken{Name: "long.json", Data: []byte(`{"resourceType":"Patient","id":"` + strings.Repeat("canary", 1<<19) + `"}`), Options: o, Says: "a resource is longer than 4096 bytes", Canary: "canary"})
	formattest.Suite(t, Format{}, []formattest.Sample{
		sample(bundles[0], "measurement", 39),
		sample(data(t, "fhir", "bulk-10-patients", "Patient.000.ndjson"), "person", 13),
	}, broken)
}

func TestFolders(t *testing.T) {
	names := []string{"Condition.000.ndjson", "Patient.000.ndjson", "log.ndjson"}
	if got := (Format{}).SniffFolder(data(t, "fhir", "bulk-10-patients"), names); got != 90 {
		t.Errorf("SniffFolder of a bulk export: %d", got)
	}
	plain := data(t, "fhir", "synthea-bundles-plain") // longer than what is looked at
	entries, err := os.ReadDir(plain)
	if err != nil {
		t.Fatal(err)
	}
	if got := (Format{}).SniffFolder(plain, []string{entries[0].Name()}); got != 90 {
		t.Errorf("SniffFolder of Bundles: %d", got)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"name":"x"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := (Format{}).SniffFolder(dir, []string{"package.json", "x.csv"}); got != 0 {
		t.Errorf("SniffFolder of something else: %d", got)
	}
	if _, err := (Format{}).Tables(t.Context(), dir, format.Options{}); err == nil || !strings.Contains(err.Error(), "without FHIR resources") {
		t.Errorf("a folder without resources: %v", err)
	}
	tables, err := (Format{}).Tables(t.Context(), data(t, "fhir", "bulk-10-patients"), format.Options{})
	if err != nil || len(tables) != 10+13 || tables[0].Name != "person" {
		t.Errorf("tables: %v, %v", tables, err)
	}
	d, err := Format{}.Describe(t.Context(), data(t, "fhir", "mii-consent"), format.Options{Table: "consent"})
	if err != nil || d.Rows != -1 || len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "XML") {
		t.Errorf("a folder with XML beside JSON: %+v, %v", d, err)
	}
}

// What holds nothing is read as nothing; a reading that is given up ends.
func TestEnds(t *testing.T) {
	dir := data(t, "fhir", "synthea-bundles", "siteA")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for range 20 {
		r, err := Format{}.OpenTables(ctx, dir, format.Options{BatchRows: 1}, everything())
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.Next(); err == nil || err == io.EOF {
			t.Errorf("Next after Close: %v", err)
		}
	}
	cancel()
	if _, err := (Format{}).OpenTables(ctx, dir, format.Options{}, everything()); !errors.Is(err, context.Canceled) {
		t.Errorf("OpenTables without time: %v", err)
	}
}

// A document that does not fit in what is held is opened twice and gives the same.
func TestLongDocument(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"resourceType":"Bundle","entry":[{"fullUrl":"urn:uuid:z","resource":{"resourceType":"Patient","id":"real"}}`)
	n := 0
	for ; b.Len() < heldBytes+heldBytes/2; n++ {
		b.WriteString(",\n" + `{"resource":{"resourceType":"Observation","subject":{"reference":"urn:uuid:z"},"valueString":"` + strings.Repeat("x", 100) + `"}}`)
	}
	b.WriteString("]}")
	for _, name := range []string{"a.json", "a.json.gz"} {
		text := b.String()
		if strings.HasSuffix(name, ".gz") {
			text = packed(t, text)
		}
		got, _ := read(t, write(t, name, text), map[string][]string{"measurement": {"patient"}})
		if len(got["measurement"]) != n || got["measurement"][n-1]["patient"] != "real" {
			t.Errorf("%s: %d rows, want %d", name, len(got["measurement"]), n)
		}
	}
	broken := strings.Replace(b.String()[:b.Len()-1], "]", "\n]x", 1)
	_, _, err := tryRead(t, write(t, "a.json", broken), map[string][]string{"measurement": {"patient"}}, format.Options{})
	var fe *format.Error
	if !errors.As(err, &fe) || fe.Line != n+2 {
		t.Errorf("a flaw far down: %v; want line %d", err, n+2)
	}
}

// The parser takes what encoding/json takes, and gives the same texts.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{specimen, `{"a":[1,-0.5e+3,true,false,null,"\u0041\ud83d\ude00\n\ud800"]}`, `[[],{}]`, `{"a":01}`, "{\"a\":\"\\u00\x109\"}", `{"a":1.}`, `{"a":"` + "\x01" + `"}`, `{"a" : 1 , "b":[ ] }`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var d doc
		end, flaw := d.parse(text, 0)
		ok := json.Valid(text)
		whole := flaw == nil && blank(text, end) == len(text)
		if first := blank(text, 0); first == len(text) || text[first] != '{' && text[first] != '[' && text[first] != '"' {
			return // a bare number may be cut off
		}
		if whole != ok && (flaw == nil || !strings.Contains(flaw.text, "deep")) {
			t.Fatalf("parse: %v, encoding/json: %v", flaw, ok)
		}
		var want any
		ok = json.Unmarshal(text, &want) == nil
		if s, is := want.(string); ok && is && s != strings.ToValidUTF8(string(d.root().text()), "\ufffd") && !strings.Contains(s, "\ufffd") {
			t.Fatalf("text %q, want %q", d.root().text(), s)
		}
	})
}

// Whatever a file holds, it is read or refused with its name.
func FuzzRead(f *testing.F) {
	for _, s := range []string{specimen, `{"resourceType":"Bundle","entry":[{"fullUrl":"urn:uuid:a","resource":` + specimen + `}]}`,
		`{"resourceType":"Observation","subject":{"reference":"Patient/1"},"component":[{"valueQuantity":{"value":1}}]}` + "\n{}",
		`{"resourceType":"Consent","patient":{"reference":"#p"},"provision":{"provision":[{"provision":{"type":"deny"}}]}}`,
		`{"resourceType":"MedicationRequest","subject":{"reference":"Patient/1"},"medicationReference":{"reference":"Medication/2"}}`, "\x1f\x8b", "<a/>"} {
		f.Add([]byte(s), true)
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, text []byte, lines bool) {
		path := filepath.Join(t.TempDir(), map[bool]string{true: "a.ndjson", false: "a.json"}[lines])
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		want := everything()
		want["Patient"] = []string{"name.first().family", "value.ofType(Quantity).value"}
		r, err := Format{}.OpenTables(t.Context(), path, format.Options{MaxBytes: 1 << 20}, want)
		if err == nil {
			defer r.Close()
			for err == nil {
				_, _, err = r.Next()
			}
		}
		var fe *format.Error
		if err != io.EOF && (!errors.As(err, &fe) || fe.File != path || fe.Mend == "") {
			t.Fatalf("%v", err)
		}
	})
}
