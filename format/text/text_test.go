package text_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
	"hmsp.center/hmsp/format/text"
)

const (
	letter = "Sehr geehrte Kolleginnen und Kollegen,\nwir berichten über die Patientin, die sich bei uns vorstellte. Kein Anhalt für einen Diabetes mellitus. Die Größe ist 170 cm.\n"
	report = "The patient is a woman who was seen for shortness of breath. She has a history of diabetes and denies chest pain.\n"
)

// put writes files into a new folder.
func put(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// read gives columns of the note table, by name.
func read(t testing.TB, path string, o format.Options, columns ...string) map[string]format.Values {
	t.Helper()
	o.Table, o.Columns = format.NoteTable, columns
	b, err := formattest.ReadAll(t.Context(), text.New(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]format.Values{}
	for i, c := range columns {
		out[c] = b.Columns[i]
	}
	return out
}

func note() []format.Column {
	return append(format.ClinicalColumns(format.NoteTable), format.Column{Name: text.Characters, Kind: format.Int}, format.Column{Name: text.Words, Kind: format.Int})
}

func TestSuite(t *testing.T) {
	dir := put(t, map[string]string{
		"p1.2024-01-31.txt": letter,
		"notes.ndjson":      `{"patient":"a","time":"2024-01-31","text":"` + strings.ReplaceAll(letter, "\n", `\n`) + `"}` + "\n" + `{"patient":"b","text":null}` + "\n",
		"notes.json":        `[{"patient":"a","full_text":"One."},` + "\n" + `{"patient":"b","full_text":"Two.","spans":[{"x":1}],"template_id":4}]` + "\n",
		"notes.csv":         "patient,note\na,\"" + strings.Repeat(report, 3) + "\"\nb,\"" + strings.Repeat(letter, 2) + "\"\n",
	})
	var samples []formattest.Sample
	for name, rows := range map[string]int{"p1.2024-01-31.txt": 1, "notes.ndjson": 2, "notes.json": 2, "notes.csv": 2} {
		path := filepath.Join(dir, name)
		samples = append(samples, formattest.Sample{Path: path, Options: format.Options{Table: format.NoteTable}, Columns: note(), Rows: rows})
		if name == "notes.csv" {
			samples = append(samples, formattest.Sample{Path: path, Options: format.Options{Table: format.MeasurementTable}, Columns: format.ClinicalColumns(format.MeasurementTable), Rows: 4})
		}
	}
	o := format.Options{Table: format.NoteTable}
	named := func(e string) format.Options { return format.Options{Table: format.NoteTable, Encoding: e} }
	formattest.Suite(t, text.New(), samples, []formattest.Broken{
		{Name: "binary.txt", Data: []byte("Hildegard\x01\x02\x03 was here with us"), Options: o, Says: "control characters", Canary: "Hildegard"},
		{Name: "mixed.txt", Data: []byte("Hildegard Größe Größe \xff"), Options: o, Says: "not whole UTF-8", Canary: "Hildegard"},
		{Name: "half.txt", Data: []byte("\xff\xfeH\x00i"), Options: o, Says: "UTF-16", Canary: "Hi"},
		{Name: "named.txt", Data: []byte("Hildegard Gr\xf6\xdfe"), Options: named("utf-8"), Says: "not whole UTF-8", Canary: "Hildegard"},
		{Name: "none.txt", Data: []byte("Hildegard"), Options: named("ebcdic"), Says: "unknown", Canary: "Hildegard"},
		{Name: "cut.ndjson", Data: []byte(`{"patient":"Hildegard","text":"x"}` + "\n" + `{"patient":"Hild`), Options: o, Says: "row 2: the file ends within a record", Canary: "Hild"},
		{Name: "cut.json", Data: []byte(`[{"patient":"Hildegard","text":"x"}`), Options: o, Says: "ends within a record", Canary: "Hildegard"},
		{Name: "more.json", Data: []byte(`[{"patient":"Hildegard","text":"x"}] "Hildegard"`), Options: o, Says: "neither objects", Canary: "Hildegard"},
		{Name: "none.ndjson", Data: []byte(`{"patient":"Hildegard","texts":"x"}`), Options: o, Says: "no field of text", Canary: "Hildegard"},
		{Name: "number.ndjson", Data: []byte(`{"patient":"Hildegard","text":4711}`), Options: o, Says: `field "text" is no text`, Canary: "4711"},
		{Name: "array.json", Data: []byte(`["Hildegard"]`), Options: o, Says: "row 1", Canary: "Hildegard"},
		{Name: "bad.ndjson", Data: []byte(`{"patient":Hildegard}`), Options: o, Says: "no JSON", Canary: "Hildegard"},
		{Name: "ragged.csv", Data: []byte("patient,text\nHildegard,x,y\n"), Options: o, Says: ":2: the row has more or fewer", Canary: "Hildegard"},
		{Name: "none.csv", Data: []byte("patient,age\nHildegard,7\n"), Options: o, Says: "no field of text", Canary: "Hildegard"},
		{Name: "empty.json", Data: []byte("[]"), Options: o, Says: "no note"},
	})
}

// A folder of files gives each to its folder or the beginning of its name.
func TestFolder(t *testing.T) {
	dir := put(t, map[string]string{
		"p1/2024-01-31.txt": letter, "p1/2024-02-30 and 2023-12-24.txt": report, "p2.2020-05-05.letter.txt": "", "p3_2021-01-01.txt": "Hm.", "readme.md": "no note",
		"p4/old.TXT": "Gr\xf6\xdfe \x96 gut. Der Patient ist wohl und hat nach der Operation keine Schmerzen.",
		"p5/wide.txt": string(func() []byte {
			var b []byte
			for _, u := range utf16.Encode([]rune("Größe 🩺")) {
				b = append(b, byte(u), byte(u>>8))
			}
			return append([]byte{0xff, 0xfe}, b...)
		}()),
	})
	if f, err := format.DetectSource([]format.Format{text.New()}, dir); err != nil || f.Name() != "text" {
		t.Fatalf("detected: %v", err)
	}
	v := read(t, dir, format.Options{}, format.Patient, format.Time, format.Language, text.Words, text.Characters, format.NoteText)
	if got, want := strings.Join(v[format.Patient].Text, " "), "p1 p1 p2 p3 p4 p5"; got != want {
		t.Errorf("patients %s, want %s", got, want)
	}
	if got, want := strings.Join(v[format.Time].Text, " "), "2024-01-31 2023-12-24 2020-05-05 2021-01-01  "; got != want {
		t.Errorf("times %s, want %s", got, want)
	}
	if got, want := strings.Join(v[format.Language].Text, " "), "de en und und de und"; got != want {
		t.Errorf("languages %s, want %s", got, want)
	}
	if !slices.Equal(v[text.Words].Int[2:], []int64{0, 1, 13, 1}) || v[text.Characters].Int[5] != 7 || v[format.NoteText].Text[5] != "Größe 🩺" {
		t.Errorf("words %v, characters %v", v[text.Words].Int, v[text.Characters].Int)
	}
	d, err := text.New().Describe(t.Context(), dir, format.Options{Table: format.NoteTable})
	said := strings.Join(d.Notes, "; ")
	if err != nil || d.Rows != 6 || !d.Exact || !strings.Contains(said, "utf-16 and utf-8 and windows-1252") || !strings.Contains(said, "1 other files") {
		t.Errorf("%d rows, %s, %v", d.Rows, said, err)
	}
}

// Ordinary tables and resources of FHIR are left to their formats.
func TestSniff(t *testing.T) {
	for name, c := range map[string]struct {
		head string
		most int
	}{
		"labs.csv":     {"patient,value,note\na,1,fasting\nb,2,\n", 0},
		"remarks.csv":  {"patient,ldl,note\n" + strings.Repeat("p1,130,came with his wife and was well\n", 50), 0},
		"notes.ndjson": {`{"resourceType":"DocumentReference","text":"x"}`, 0},
		"other.json":   {`{"id":"x","rows":[]}`, 0},
		"table.txt":    {"a\tb\tc\n1\t2\t3\n4\t5\t6\n", 5},
		"list.txt":     {"p1\np2\np3\n", 5},
		"data.bin":     {report, 0},
		"x.txt":        {"MSH|^~\\&|A|B|C|D|20240101||ADT^A01|1|P|2.5\rPID|1||2\r", 5},
	} {
		if got := text.New().Sniff([]byte(c.head), name); got > c.most {
			t.Errorf("%s: %d, want at most %d", name, got, c.most)
		}
	}
}

func TestMentions(t *testing.T) {
	dir := put(t, map[string]string{"a/1.txt": letter, "b/1.txt": report, "c/1.txt": "Nothing to report."})
	v := read(t, dir, format.Options{}, "mentions((?i)diabetes)", "affirms((?i)diabetes)")
	if got := v["mentions((?i)diabetes)"].Int; !slices.Equal(got, []int64{1, 1, 0}) {
		t.Errorf("mentions %v", got)
	}
	if got := v["affirms((?i)diabetes)"].Int; !slices.Equal(got, []int64{0, 1, 0}) {
		t.Errorf("affirms %v", got)
	}
	for _, name := range []string{"mentions(()", "affirms([)"} {
		_, err := text.New().Open(t.Context(), dir, format.Options{Table: format.NoteTable, Columns: []string{name}})
		if err == nil || !strings.Contains(err.Error(), "missing") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Lengths come as measurements too, with the same patients and times.
func TestMeasurements(t *testing.T) {
	dir := put(t, map[string]string{"a/2024-01-31.txt": "One two-three four's 5.", "b/x.txt": "Größe"})
	b, err := formattest.ReadAll(t.Context(), text.New(), dir, format.Options{Table: format.MeasurementTable, Columns: []string{format.Patient, format.Time, format.Code, format.Value}})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(b.Columns[0].Text, []string{"a", "a", "b", "b"}) || !slices.Equal(b.Columns[3].Float, []float64{23, 4, 5, 1}) ||
		b.Columns[2].Text[0] != text.CharactersCode || b.Columns[2].Text[3] != text.WordsCode || !b.Columns[1].Missing(2) {
		t.Errorf("%v", b.Columns)
	}
}

// Words are what \w+ without _ finds, joined by hyphens and apostrophes.
func TestWordsAgree(t *testing.T) {
	e := regexp.MustCompile(`[\pL\pN\pM]+(?:[-'’][\pL\pN\pM]+)*`)
	for _, s := range []string{letter, report, "", "-a--b- 'c' d''e x-1 ä’ö 3.5", "a'"} {
		v := read(t, put(t, map[string]string{"p.txt": s + " z"}), format.Options{}, text.Words)
		if got, want := v[text.Words].Int[0], int64(len(e.FindAllString(s+" z", -1))); got != want {
			t.Errorf("%q: %d words, want %d", s, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{letter, `{"text":"x","patient":"p"}`, `[{"note":"x"},{"note":null}]`, "patient,text\na,\"x\ny\"\n", "\xff\xfea\x00", "\x00\x01"} {
		for k := range byte(4) {
			f.Add([]byte(s), k)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, k byte) {
		if len(data) == 0 {
			return
		}
		path := filepath.Join(t.TempDir(), [...]string{"n.txt", "n.ndjson", "n.json", "n.csv"}[k%4])
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		text.New().Sniff(data, path)
		_, err := formattest.ReadAll(t.Context(), text.New(), path, format.Options{Table: format.NoteTable, Columns: []string{format.Patient, format.Language, text.Words, format.NoteText, "affirms((?i)x|diabetes)"}})
		if err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("an error without the file: %v", err)
		}
	})
}
