package csv

import (
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
)

// wide is text in UTF-16 with its byte order mark.
func wide(text string, big bool) string {
	var b strings.Builder
	for _, u := range append([]uint16{0xfeff}, utf16.Encode([]rune(text))...) {
		if big {
			b.Write([]byte{byte(u >> 8), byte(u)})
		} else {
			b.Write([]byte{byte(u), byte(u >> 8)})
		}
	}
	return b.String()
}

const clinic = "Fall;Größe [cm];Gewicht [kg];Aufnahme;Kosten\n" +
	"1;180,5;80,1;31.12.2023 14:30;1.234,56\n2;;70;01.02.2024;12,5\n3;166;59,9;00.00.0000;\n" +
	"4;1;2;05.06.2024;1\n5;1;2;05.06.2024;1\n6;1;2;05.06.2024;1\n7;1;2;05.06.2024;1\n8;1;2;05.06.2024;1\n9;1;2;05.06.2024;1\n10;1;2;05.06.2024;1\n"

// A German export is read in each of the encodings that it may come in, and all of
// them are said.
func TestDetectsGermanExport(t *testing.T) {
	single := strings.ReplaceAll(strings.ReplaceAll(clinic, "ö", "\xf6"), "ß", "\xdf")
	for name, c := range map[string]struct{ text, encoding string }{
		"utf-8":        {clinic, "utf-8"},
		"mark":         {"\xef\xbb\xbf" + clinic, "utf-8"},
		"latin1":       {single, "latin1"},
		"windows-1252": {strings.ReplaceAll(single, "Fall;", "Fall\x80;"), "windows-1252"},
		"little":       {wide(clinic, false), "utf-16"},
		"big":          {wide(clinic, true), "utf-16"},
		"packed":       {packed(t, single), "latin1"},
		"packed wide":  {packed(t, wide(clinic, true)), "utf-16"},
	} {
		path := write(t, "x.csv", c.text)
		d, err := Format{}.Describe(t.Context(), path, format.Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := (format.Options{Delimiter: ";", Encoding: c.encoding, Decimal: ","}); !reflect.DeepEqual(d.Detected, want) {
			t.Errorf("%s: detected %+v, want %+v", name, d.Detected, want)
		}
		var columns []string
		for _, c := range d.Columns[1:] {
			columns = append(columns, fmt.Sprintf("%s %s %s", c.Name, c.Kind, c.Time))
		}
		if got, want := strings.Join(columns, "|"), "Größe [cm] number |Gewicht [kg] number |Aufnahme text DD.MM.YYYY|Kosten number "; got != want {
			t.Errorf("%s: columns %q, want %q", name, got, want)
		}
		notes := strings.Join(d.Notes, "\n")
		for _, says := range []string{`values separated by ";"`, "decimal comma", `dates as DD.MM.YYYY in "Aufnahme"`} {
			if !strings.Contains(notes, says) {
				t.Errorf("%s: notes %q do not say %s", name, notes, says)
			}
		}
		if c.encoding != "utf-8" && !strings.Contains(notes, "encoding "+c.encoding) {
			t.Errorf("%s: notes %q do not say the encoding", name, notes)
		}
		if b, err := formattest.ReadAll(t.Context(), Format{}, path, format.Options{}); err != nil || b.Rows != 10 || b.Columns[1].Text[0] != "180,5" {
			t.Errorf("%s: %d rows, %v", name, b.Rows, err)
		}
		if got, err := format.Detect([]format.Format{Format{}}, path); err != nil || got.Name() != "csv" {
			t.Errorf("%s: not sniffed: %v", name, err)
		}
	}
}

// One column of each way to write dates and numbers: what is found, and what is said
// and left as it is because there are two readings.
func TestDetectsColumns(t *testing.T) {
	for _, c := range []struct {
		values string // with | between
		time   string
		kind   format.Kind
		notes  string
	}{
		{"2024-01-31|2024-02-01", "YYYY-MM-DD", format.Text, "dates as YYYY-MM-DD"},
		{"2024-01-31T08:15:00+01:00|2024-02", "YYYY-MM-DD", format.Text, "dates as YYYY-MM-DD"},
		{"31.12.2024|1.1.2025 9:05", "DD.MM.YYYY", format.Text, "dates as DD.MM.YYYY"},
		{"31.12.24|01.02.24", "DD.MM.YY", format.Text, "69 to 99 are read as 1969 to 1999"},
		{"01.02.2024|03.04.2024", "DD.MM.YYYY", format.Text, "DD.MM.YYYY"},
		{"12/31/2024|01/02/2024", "MM/DD/YYYY", format.Text, "MM/DD/YYYY"},
		{"31/12/2024|01/02/2024", "DD/MM/YYYY", format.Text, "DD/MM/YYYY"},
		{"12/31/2024 2:30 PM|1/2/2024 12:00 AM", "MM/DD/YYYY", format.Text, "MM/DD/YYYY"},
		{"01/02/2024|03/04/2024", "", format.Text, `dates in "x" may be MM/DD/YYYY or DD/MM/YYYY`},
		{"12/31/24|01/02/24", "MM/DD/YY", format.Text, "MM/DD/YY"},
		{"01/02/03", "", format.Text, "MM/DD/YY or DD/MM/YY or YY/MM/DD"},
		{"12/31/2024|31/12/2024", "", format.Text, `written in several ways: MM/DD/YYYY, DD/MM/YYYY`},
		{"31.12.2024|31.12.24", "", format.Text, "written in several ways"},
		{"31-Dez-2024|01-Mai-2024", "DD-MMM-YYYY", format.Text, "DD-MMM-YYYY"},
		{"31-12-2024|01-02-2024", "DD-MM-YYYY", format.Text, "DD-MM-YYYY"},
		{"01-02-2024", "", format.Text, "DD-MM-YYYY or MM-DD-YYYY"},
		{"20241231|20240101", "", format.Int, `"x" may hold dates as YYYYMMDD or whole numbers`},
		{"20241231 1430|20240101 0900", "YYYYMMDD", format.Text, "YYYYMMDD"},
		{"20241231 14:30|20240101 09:00", "YYYYMMDD", format.Text, "YYYYMMDD"},
		{"2024/12/31", "YYYY/MM/DD", format.Text, "YYYY/MM/DD"},
		{"1980|1981", "", format.Int, ""},
		{"31.02.2024|30.02.2024", "", format.Text, ""},
		{"E11.9|I10", "", format.Text, ""},
		{"1,5|2", "", format.Float, "decimal comma"},
		{"1,234|0,5", "", format.Float, "decimal comma"},
		{"1.234,56|7", "", format.Float, "decimal comma"},
		{"1,234|2,345", "", format.Text, `the commas in "x" may be decimal marks or stand between thousands`},
		{"1.5|2", "", format.Float, ""},
		{"1.234|2.345", "", format.Float, ""},
		{"A1,5|B2", "", format.Text, ""},
		{"1,5|2,3|positiv|negativ", "", format.Text, ""},
	} {
		path := write(t, "x.csv", "id;x\n1;"+strings.ReplaceAll(c.values, "|", "\n2;")+"\n")
		d, err := Format{}.Describe(t.Context(), path, format.Options{})
		if err != nil {
			t.Errorf("%s: %v", c.values, err)
			continue
		}
		notes := strings.TrimPrefix(strings.Join(d.Notes, "\n"), `values separated by ";"`)
		if x := d.Columns[1]; x.Time != c.time || x.Kind != c.kind || !strings.Contains(notes, c.notes) || c.notes == "" && notes != "" {
			t.Errorf("%s: %s %q, notes %q; want %s %q, %q", c.values, x.Kind, x.Time, notes, c.kind, c.time, c.notes)
		}
	}
	for text, says := range map[string]string{
		"a;b\n1,5;2.5\n":   `decimal points in "b" and decimal commas in "a"`,
		"a\tb\n1,5\t2,5\n": "values separated by tabs\ndecimal comma",
		"a,b\n1.5,2\n":     "",
	} {
		d, err := Format{}.Describe(t.Context(), write(t, "x.csv", text), format.Options{})
		if notes := strings.Join(d.Notes, "\n"); err != nil || !strings.Contains(notes, says) || says == "" && notes != "" {
			t.Errorf("%q: notes %q, %v; want %q", text, notes, err, says)
		}
	}
	d, err := Format{}.Describe(t.Context(), write(t, "x.csv", "a;b\n1,5;2\n"), format.Options{Decimal: "."})
	if err != nil || d.Detected.Decimal != "." || d.Columns[0].Kind != format.Text {
		t.Errorf("a decimal mark that is named is kept: %+v, %v", d, err)
	}
}

// What tells two readings apart may stand far from the beginning.
func TestDetectsOverTheFile(t *testing.T) {
	var b strings.Builder
	b.WriteString("id;seen;note;x\n")
	for i := range 60_000 {
		day := 1 + i%12
		if i > 30_000 {
			day = 1 + i%28
		}
		fmt.Fprintf(&b, "%d;01/%02d/2024;\"a\nnote; here\";%d,5\n", i, day, i)
	}
	d, err := Format{}.Describe(t.Context(), write(t, "x.csv", b.String()), format.Options{})
	if err != nil || d.Columns[1].Time != format.USDate || d.Detected.Decimal != "," {
		t.Errorf("%+v, %v", d, err)
	}
	text := strings.ReplaceAll(b.String(), "\nnote; here", "")
	at := len(text) * 9 / 10
	at += strings.Index(text[at:], "\"a\"") + 1
	text = text[:at] + strings.Repeat("\xe4", 1<<20) + text[at+1:] // far behind the first megabyte
	if d, err = (Format{}).Describe(t.Context(), write(t, "x.csv", text), format.Options{}); err != nil || d.Detected.Encoding != "latin1" {
		t.Errorf("encoding %q, %v; want latin1", d.Detected.Encoding, err)
	}
}

// Text that is written in an encoding is read back, whatever it holds.
func TestReadsEncodings(t *testing.T) {
	letters := rapid.StringMatching(`[a-zäöüÄÖÜßéñ ]{0,10}[äöüéß][a-z]{1,3}`)
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom([]string{"utf-8", "latin1", "windows-1252", "utf-16"}).Draw(rt, "encoding")
		var want []string
		text := "name,n\n"
		for i := range rapid.IntRange(1, 20).Draw(rt, "rows") {
			s := strings.TrimSpace(letters.Draw(rt, "value"))
			switch name {
			case "windows-1252":
				s += "€"
			case "utf-16", "utf-8":
				s += "𝛼漢"
			}
			want = append(want, s)
			text += fmt.Sprintf("%s,%d\n", s, i)
		}
		data := text
		switch name {
		case "utf-16":
			data = wide(text, rapid.Bool().Draw(rt, "big"))
		case "latin1", "windows-1252":
			data = ""
			for _, r := range text {
				if r == '€' {
					r = 0x80
				}
				data += string([]byte{byte(r)})
			}
		}
		path := write(t, "x.csv", data)
		d, err := Format{}.Describe(t.Context(), path, format.Options{})
		if err != nil || d.Detected.Encoding != name {
			rt.Fatalf("%s is taken for %s, %v", name, d.Detected.Encoding, err)
		}
		b, err := formattest.ReadAll(t.Context(), Format{}, path, format.Options{BatchRows: 7})
		if err != nil || !reflect.DeepEqual(b.Columns[0].Text, want) {
			rt.Fatalf("%s: %q, %v; want %q", name, b.Columns[0].Text, err, want)
		}
	})
}

// Progress grows to the size of the file, packed or not.
func TestProgress(t *testing.T) {
	for _, path := range []string{write(t, "x.csv", many(20000)), write(t, "x.csv.gz", packed(t, many(20000)))} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Format{}.Open(t.Context(), path, format.Options{BatchRows: 100})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		last := int64(0)
		for {
			_, err := r.Next()
			read, of := r.(format.Progress).Progress()
			if read < last || read > of || of != info.Size() {
				t.Fatalf("%s: %d of %d after %d", path, read, of, last)
			}
			if last = read; err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if last != info.Size() {
			t.Errorf("%s: %d of %d at the end", path, last, info.Size())
		}
	}
}
