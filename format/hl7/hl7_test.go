package hl7

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
)

func all() map[string][]string {
	want := map[string][]string{}
	for _, t := range tables() {
		for _, c := range standard(t.Name) {
			want[t.Name] = append(want[t.Name], c.Name)
		}
	}
	return want
}

// rows reads tables into lines "table: column=value ..." without what is missing, in
// the order of the tables, and what the reader says in the end.
func rows(t testing.TB, path string, o format.Options, want map[string][]string) (lines, notes []string, err error) {
	r, err := Format{}.OpenTables(t.Context(), path, o, want)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	by := map[string][]string{}
	for {
		table, b, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		if b.First != len(by[table])+1 {
			t.Errorf("%s: a batch begins with row %d behind %d", table, b.First, len(by[table]))
		}
		for i := range b.Rows {
			var cells []string
			for k, c := range r.Columns(table) {
				v := b.Columns[k]
				switch {
				case v.Missing(i):
				case c.Kind == format.Float:
					cells = append(cells, c.Name+"="+strconv.FormatFloat(v.Float[i], 'g', -1, 64))
				default:
					cells = append(cells, c.Name+"="+v.Text[i])
				}
			}
			by[table] = append(by[table], table+": "+strings.Join(cells, " "))
		}
	}
	for _, table := range tables() {
		lines = append(lines, by[table.Name]...)
	}
	if read, of := r.Progress(); read != of {
		t.Errorf("%d of %d bytes were read at the end", read, of)
	}
	return lines, r.(interface{ Notes() []string }).Notes(), nil
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		g, w := "", ""
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Errorf("%s, line %d:\n got %s\nwant %s", what, i, g, w)
		}
	}
}

// The rows of the samples, as somebody who knows the standard reads them.
func TestSamples(t *testing.T) {
	const class = " http://terminology.hl7.org/CodeSystem/v2-0004|"
	stay := []string{
		"person: patient=P0001 birth=1960-02-29 sex=male postal=50667",
		"person: patient=P0001 birth=1960-02-29 sex=male",
		"person: patient=P0001 birth=1960-02-29 sex=male",
		"person: patient=P0002 birth=1975 sex=female",
		"person: patient=P0001 birth=1960-02-29 death=2024-03-01 sex=male",
		"visit: patient=P0001 time=2024-01-31T08:10:00 code=actcode:IMP" + class + "I status=in-progress visit=F-77 id=F-77",
		"visit: patient=P0001 time=2024-01-31T08:10:00 end=2024-02-09T15:00:00 code=actcode:IMP" + class + "I status=finished visit=F-77 id=F-77",
		"visit: patient=P0001 time=2024-01-31T08:10:00 code=actcode:IMP" + class + "I status=discharge-cancelled visit=F-77 id=F-77",
		"visit: patient=P0002 time=2024-02-11T07:00:00 code=actcode:EMER" + class + "E status=cancelled visit=F-78 id=F-78",
		"condition: patient=P0001 time=2024-01-31T08:10:00 code=icd10gm:E11.90 status=admitting visit=F-77 id=D1",
		"condition: patient=P0001 time=2024-01-31 code=icd10gm:I50.1 status=final visit=F-77",
		"measurement: patient=P0001 time=2024-01-31T08:20:00 code=loinc:8302-2 status=final unit=cm visit=F-77 value=172",
		"procedure: patient=P0001 time=2024-02-02T10:30:00 code=ops:5-820.00 visit=F-77",
		"merge: patient=P0001 prior=P0099 time=2024-02-12T10:00:00",
	}
	lab := []string{"person: patient=P0003 birth=1980-05 sex=unknown"}
	for _, s := range []string{
		"code=loinc:2345-7 99LAB|GLU status=final unit=mg/dL visit=F-80 id=F1/2345-7 value=98.5",
		"code=loinc:30522-7 status=preliminary unit=mg/L value_text=< visit=F-80 id=F1/30522-7 value=0.5",
		"code=L|X1 status=corrected value_text=1:128 visit=F-80 id=F1/X1",
		"code=loinc:882-1 status=final value_code=snomed:112144000 L|A value_text=Blutgruppe A visit=F-80 id=F1/882-1",
		"code=loinc:22634-0 status=deleted value_text=Erste Zeile\nzweite & letzte: Höhe 3 \ngrün visit=F-80 id=F1/22634-0",
		"code=loinc:718-7 status=entered-in-error unit=g/dl visit=F-80 id=F1/718-7 value=14.2",
		"code=99LAB|X2 status=final value_text=2024-01-31T23:59:00 visit=F-80 id=F1/X2",
		"code=loinc:2345-7 status=cancelled unit=mg/dL visit=F-80 id=F1/2345-7/2",
		"code=L|X3 status=final unit=1 visit=F-80 id=F1/X3 value=1",
		"code=L|X3 status=final unit=1 visit=F-80 id=F1/X3 value=2",
		"code=L|X3 status=final unit=1 visit=F-80 id=F1/X3 value=3",
		"code=L|X4 status=final value_text=E. coli visit=F-80 id=F1/X4",
		"code=L|X4 status=final value_text=Klebsiella visit=F-80 id=F1/X4",
		"code=L|X5 status=final visit=F-80 id=F1/X5",
		"code=L|X6 status=registered unit=mmol/l value_text=n.b. visit=F-80 id=F1/X6",
	} {
		day := "2024-02-01T07:30:00"
		if strings.Contains(s, "X2") {
			day = "2024-01-31"
		}
		lab = append(lab, "measurement: patient=P0003 time="+day+" "+s)
	}
	drugs := []string{
		"person: patient=P0001 birth=1960-02-29 sex=male",
		"person: patient=P0004 birth=2019 sex=female postal=01067",
		"person: patient=P0005 birth=1999-12-31 sex=unknown",
		"measurement: patient=P0005 time=2024-03-02T07:00:00 code=loinc:718-7 unit=g/dL id=F9/718-7 value=13.1",
		"drug: patient=P0001 time=2024-02-01T08:00:00 end=2024-02-08 code=atc:A10BA02 status=active amount_unit=mg visit=F-77 id=E1 amount=500",
		"drug: patient=P0001 time=2024-02-02 code=atc:B01AB05 status=stopped amount_unit=mg visit=F-77 id=E2 amount=40",
		"drug: patient=P0004 time=2024-03-01 code=cvx:207 status=completed amount_unit=mL amount=0.3",
		"drug: patient=P0004 time=2024-03-02 code=cvx:207 status=not-done",
		"specimen: patient=P0005 time=2024-03-02T07:00:00 end=2024-03-02T07:05:00 code=snomed:119297000 status=available id=FI1",
	}
	for file, want := range map[string][]string{"stay.hl7": stay, "labor.txt": lab, "apotheke.hl7": drugs} {
		for _, o := range []format.Options{{}, {BatchRows: 1}, {BatchRows: 2, MaxBytes: 2000}} {
			got, _, err := rows(t, filepath.Join("testdata", file), o, all())
			if err != nil {
				t.Fatal(err)
			}
			same(t, file, got, want)
		}
	}
	whole, notes, err := rows(t, "testdata", format.Options{}, all())
	if err != nil || len(whole) != len(stay)+len(lab)+len(drugs) {
		t.Errorf("the folder: %d rows, %v", len(whole), err)
	}
	if s := strings.Join(notes, "\n"); !strings.Contains(s, "1 messages merge identifiers") {
		t.Errorf("notes %q", s)
	}
	if f, err := format.DetectSource([]format.Format{Format{}}, "testdata"); err != nil || f.Name() != "hl7" {
		t.Errorf("the folder is not known: %v", err)
	}
}

// The file does not say how its segments end, and a message may come in a frame:
// nothing of it changes the rows.
func TestEnds(t *testing.T) {
	data, err := os.ReadFile("testdata/labor.txt")
	if err != nil {
		t.Fatal(err)
	}
	want, _, err := rows(t, "testdata/labor.txt", format.Options{}, all())
	if err != nil {
		t.Fatal(err)
	}
	crlf := string(data)
	cr := strings.ReplaceAll(crlf, "\r\n", "\r")
	framed := "\v" + cr + "\x1c\r"
	for name, text := range map[string]string{
		"CR": cr, "LF": strings.ReplaceAll(crlf, "\r\n", "\n"), "blank lines": strings.ReplaceAll(crlf, "\r\n", "\r\n\r\n"),
		"MLLP": framed, "MLLP, LF": "\v" + strings.ReplaceAll(cr, "\r", "\n") + "\x1c\n", "no last end": strings.TrimRight(cr, "\r"), "mark": "\xef\xbb\xbf" + cr, "LF before": "\n\n" + cr,
	} {
		got, _, err := rows(t, write(t, "x.hl7", text), format.Options{}, all())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		same(t, name, got, want)
	}
	twice, _, err := rows(t, write(t, "x.hl7", framed+framed+cr+"\r\n"+crlf+"\v"+cr+"\x1c"), format.Options{}, all())
	if err != nil || len(twice) != 5*len(want) {
		t.Errorf("five messages: %d rows, %v; want %d", len(twice), err, 5*len(want))
	}
	// With CR alone, an LF in a text is a letter of it.
	text := strings.Replace(cr, "Erste Zeile~zweite", "Erste Zeile\nzweite", 1)
	if got, _, err := rows(t, write(t, "x.hl7", text), format.Options{}, all()); err != nil {
		t.Error(err)
	} else {
		same(t, "LF in a text", got, want)
	}
}

// Columns that are no standard ones are places in the message.
func TestPlaces(t *testing.T) {
	got, _, err := rows(t, "testdata/stay.hl7", format.Options{}, map[string][]string{
		"condition": {"code", "DG1-4", "PID-5.2", "PID-11.1.2", "PV1-3", "MSH-10", "MSH-1", "ZBE-3", "DG1-99"}})
	if err != nil {
		t.Fatal(err)
	}
	const rest = "PID-5.2=Jörg PID-11.1.2=Hauptstr. PV1-3=3W MSH-10=1 MSH-1=| ZBE-3=INSERT"
	same(t, "places", got, []string{"condition: code=icd10gm:E11.90 " + rest, "condition: code=icd10gm:I50.1 DG1-4=Linksherzinsuffizienz " + rest})
	for _, name := range []string{"PV1-0", "pv1-3", "PV1-3.1.1.1", "PV1", "PV1-x", "codee"} {
		if _, _, err := rows(t, "testdata/stay.hl7", format.Options{}, map[string][]string{"condition": {name}}); err == nil || !strings.Contains(err.Error(), `a place in the message such as "PV1-36"`) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := rows(t, "testdata/stay.hl7", format.Options{}, map[string][]string{"measurements": nil}); err == nil || !strings.Contains(err.Error(), `did you mean "measurement"?`) {
		t.Errorf("a table that there is not: %v", err)
	}
}

func write(t interface {
	TempDir() string
	Fatal(...any)
}, name, text string) string {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const head = "MSH|^~\\&|A|B|C|D|20240101||ADT^A01|1|P|2.5"

func TestConformance(t *testing.T) {
	table := func(name string) format.Options { return format.Options{Table: name} }
	broken := func(name, says string, lines ...string) formattest.Broken {
		return formattest.Broken{Name: name, Data: []byte(strings.Join(lines, "\r")), Options: table("person"), Says: says, Canary: "Erika"}
	}
	formattest.Suite(t, Format{}, []formattest.Sample{
		{Path: "testdata/stay.hl7", Options: table("condition"), Columns: standard("condition"), Rows: 2},
		{Path: "testdata/labor.txt", Options: table("measurement"), Columns: standard("measurement"), Rows: 15},
		{Path: "testdata/apotheke.hl7", Options: table("drug"), Columns: standard("drug"), Rows: 4},
	}, []formattest.Broken{
		broken("a.hl7", ":1: this does not begin like an HL7 version 2 file", "a,b", "Erika,2"),
		broken("b.hl7", "the file is XML", "<?xml version=\"1.0\"?><ADT_A01><Erika/></ADT_A01>"),
		broken("c.hl7", "the file is UTF-16", "\xff\xfeM\x00S\x00H\x00"),
		broken("d.hl7", "packed with gzip", "\x1f\x8b\x08\x00"),
		broken("e.hl7", ":1: MSH-12 does not name version 2", strings.Replace(head, "2.5", "3.0", 1)),
		broken("f.hl7", ":1: MSH-9 does not name the kind", strings.Replace(head, "ADT^A01", "Erika", 1)),
		broken("g.hl7", ":2: this line does not begin like a segment", head, "Erika Mustermann"),
		broken("h.hl7", ":3: this line does not begin like a segment", head, "PID|||1", "Pid|Erika"),
		broken("i.hl7", ":2: the segment stands before any message", "FHS|^~\\&|A", "PID|||Erika"),
		broken("j.hl7", ":2: the segment's fields are not parted by the delimiter that MSH-1 names", head, "PID;;;Erika"),
		broken("k.hl7", ":3: BTS counts 2 messages and there are 1", "BHS|^~\\&|A", head, "BTS|2"),
		broken("l.hl7", ":4: FTS counts 3 batches and there are 1", "FHS|^~\\&|A", head, "PID|||Erika", "FTS|3"),
		broken("m.hl7", ":2: the segment is not UTF-8, as MSH-18 says", head+"||||||UNICODE UTF-8", "PID|||Erika\xfc"),
		broken("n.hl7", ":2: the message is in a character set that is not read", head+"||||||ISO IR87", "PID|||Erika\xfc"),
		broken("o.hl7", ":2: the segment holds a zero byte", head, "PID|||Erika\x00"),
		broken("p.hl7", "the file ends inside a message; copy or export it again", "\v"+head, "PID|||Erika"),
		broken("q.hl7", ":2: MSH-1 and MSH-2 do not name the delimiters", head, "MSH|^^~&|Erika"),
		broken("r.hl7", ":2: MSH-1 and MSH-2 do not name the delimiters", head, "MSH"),
		broken("s.hl7", ":2: the segment goes on with one of another message", head, "ADD|Erika"),
		{Name: "t.hl7", Data: []byte(head + "\rPID|||" + strings.Repeat("Erika", 2000)), Options: format.Options{Table: "person", MaxBytes: 4000}, Says: ":2: a segment is longer than 4000 bytes", Canary: "Erika"},
	})
	dir := t.TempDir()
	for name, text := range map[string]string{"readme.txt": "notes", "a.hl7": head + "\rPID|||1", "b.csv": "a,b"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, notes, err := rows(t, dir, format.Options{}, map[string][]string{"person": {"patient"}}); err != nil || !reflect.DeepEqual(got, []string{"person: patient=1"}) || !strings.Contains(strings.Join(notes, " "), "readme.txt does not begin like HL7") {
		t.Errorf("a folder with others: %q, %q, %v", got, notes, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "c.hl7"), []byte("no"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := rows(t, dir, format.Options{}, nil); err == nil || !strings.Contains(err.Error(), "c.hl7:1: this does not begin") {
		t.Errorf("a mislabelled file: %v", err)
	}
	got, notes, err := rows(t, write(t, "x.hl7", head+"\rPID|||\"\"||Erika\rDG1|1||I10\rPV1||I"), format.Options{}, all())
	if err != nil || len(got) != 0 || fmt.Sprint(notes) != "[2 segments are of no patient and are left out]" {
		t.Errorf("a message of nobody: %q, %q, %v", got, notes, err)
	}
}

// Parts of a message: escapes, times, codes and identifiers.
func TestParts(t *testing.T) {
	d := delimiters{'|', '^', '~', '\\', '&'}
	for in, want := range map[string]string{
		`a\F\b\S\c\T\d\R\e\E\f`: `a|b^c&d~e\f`, `\X41C3A4\`: "Aä", `\H\laut\N\`: "laut", `1\.br\2\.sp3\3\.in+4\4`: "1\n2\n34", `C:\Temp`: `C:\Temp`, `C:\Temp\x`: `C:\Temp\x`,
		`\`: `\`, `\\`: `\\`, `\X4\`: `\X4\`, `\XZZ\`: `\XZZ\`, `\Zown\x`: "x", `\M2442\x`: "x", `100\%`: `100\%`, `\F\\F\`: "||",
	} {
		if got := string(d.unescape(nil, []byte(in))); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"2024": "2024", "202401": "2024-01", "20240131": "2024-01-31", "2024013108": "2024-01-31T08", "202401310815": "2024-01-31T08:15", "20240131081500": "2024-01-31T08:15:00",
		"20240131081500.1234+0100": "2024-01-31T08:15:00.1234+01:00", "202401310815-0530": "2024-01-31T08:15-05:30", "20240131+0100": "2024-01-31", "": "",
		"20240231": "20240231", "00000000": "00000000", "2024-01-31": "2024-01-31", "20240131240000": "20240131240000", "2024013": "2024013", "morgen": "morgen", "202401310815.5": "202401310815.5",
	} {
		if got := iso(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"LN": "loinc", "SCT": "snomed", "SNOMED-CT": "snomed", "I10": "icd10", "ICD-10": "icd10", "I10GM": "icd10gm", "ICD-10-GM-2024": "icd10gm", "2.16.840.1.113883.6.1": "loinc", "99LAB": "99LAB", "L": "L"} {
		if got := system(in); got != want {
			t.Errorf("system %s: %q, want %q", in, got, want)
		}
	}
	for in, ok := range map[string]bool{"MSH|^~\\&|": true, "MSH#*+!%#": true, "MSH|^~\\&#|": true, "MSH|^": true, "MSH|": false, "MSH|||": false, "MSH|^^|": false, "MSH|^~\\&#!|": false, "MSH A": false, "MSHa^~": false, "MSH|^~|": true, "MSH|^|~|": true} {
		if _, got := delimitersOf([]byte(in)); got != ok {
			t.Errorf("%s: %v", in, got)
		}
	}
	for set, want := range map[string]string{"8859/1": "äŸ€¤", "ISO-8859-15": "äŸ€€", "": "äŸ€¤"} {
		if got, ok := charsetOf(set).text([]byte("\xe4\x9f\x80\xa4")); !ok || got != want {
			t.Errorf("%s: %q, want %q", set, got, want)
		}
	}
}
