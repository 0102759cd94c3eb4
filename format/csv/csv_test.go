package csv

import (
	"bytes"
	"compress/gzip"
	stdcsv "encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
)

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

func packed(t *testing.T, text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func many(rows int) string {
	var b strings.Builder
	b.WriteString("id,age,weight,sex,note\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d,%d,%.2f,%s,\"a, \"\"quoted\"\"\nnote\"\n", i, i%90, float64(i)/7, []string{"m", "f", "NA", ""}[i%4])
	}
	return b.String()
}

func TestConformance(t *testing.T) {
	col := func(name string, k format.Kind) format.Column { return format.Column{Name: name, Kind: k} }
	five := []format.Column{col("id", format.Int), col("age", format.Int), col("weight", format.Float), col("sex", format.Text), col("note", format.Text)}
	latin := format.Options{Encoding: "latin1"}
	german := format.Options{Decimal: ","}
	formattest.Suite(t, Format{}, []formattest.Sample{
		{Path: write(t, "plain.csv", many(50)), Columns: five, Rows: 50},
		{Path: write(t, "large.csv", many(9000)), Columns: five, Rows: 9000},
		{Path: write(t, "packed.csv.gz", packed(t, many(3000))), Columns: five, Rows: 3000},
		{Path: write(t, "german.csv", "größe;ja\r\n1,5;true\r\n2;FALSE\r\n"), Options: german, Rows: 2, Columns: []format.Column{col("größe", format.Float), col("ja", format.Bool)}},
		{Path: write(t, "latin1.csv", "ort,n\nK\xf6ln,1\n\x8a,2\n"), Options: latin, Rows: 2, Columns: []format.Column{col("ort", format.Text), col("n", format.Int)}},
		{Path: write(t, "tabs.tsv", "\xef\xbb\xbfa\tb\n1\t\n\t2.5\n"), Rows: 2, Columns: []format.Column{col("a", format.Int), col("b", format.Float)}},
		{Path: write(t, "rownames.csv", ",LAB_TSC ,LAB_TRIG\n1,2.4,\n2,,1\n"), Rows: 2, Columns: []format.Column{col("column_1", format.Int), col("LAB_TSC", format.Float), col("LAB_TRIG", format.Int)}},
		{Path: write(t, "header.csv", "a,b\n"), Rows: 0, Columns: []format.Column{col("a", format.Text), col("b", format.Text)}},
	}, []formattest.Broken{
		{Name: "ragged.csv", Data: []byte("a,b\n1,2\nErika,3,4\n"), Says: ":3: the line has 3 values where the header has 2 names", Canary: "Erika"},
		{Name: "short.csv", Data: []byte("a,b\n1,2\n\n\"x\ny\",1\nErika\n"), Says: ":6: the line has 1 values", Canary: "Erika"},
		{Name: "utf8.csv", Data: []byte("a,b\n1,2\nJ\xfcrgen,3\n"), Options: format.Options{Encoding: "utf-8"}, Says: ":3: byte 2 of the line is not UTF-8; save the file as UTF-8, or set encoding: latin1", Canary: "rgen"},
		{Name: "utf8quoted.csv", Data: []byte("a,b\n\"Zeile\nJ\xfcrgen\",3\n"), Options: format.Options{Encoding: "utf-8"}, Says: ":3: byte 2 of the line"},
		{Name: "utf16.csv", Data: []byte("\xff\xfea\x00,\x00b\x00\n\x00"), Options: format.Options{Encoding: "utf-8"}, Says: "UTF-16"},
		{Name: "utf16odd.csv", Data: []byte("\xff\xfea\x00,\x00b\x00\n\x001\x00,\x002"), Says: "a character is not whole UTF-16"},
		{Name: "utf16half.csv", Data: []byte("\xfe\xff\x00a\x00\n\xd8\x00\x00\n"), Says: "a character is not whole UTF-16"},
		{Name: "nomark.csv", Data: []byte("a,b\n1,2\n"), Options: format.Options{Encoding: "utf-16"}, Says: "does not begin with the byte order mark"},
		{Name: "mostly.csv", Data: []byte("a,b\nä,ö\nJ\xfcrgen,3\n"), Says: ":3: byte 2 of the line is not UTF-8", Canary: "rgen"},
		{Name: "cp850.csv", Data: []byte("a,b\n1,2\nJ\x81rgen,3\n"), Says: ":3: byte 2 of the line is not UTF-8", Canary: "rgen"},
		{Name: "zero.csv", Data: []byte("a,b\n1,Erika\x00\n"), Says: ":2: the line holds a zero byte", Canary: "Erika"},
		{Name: "open.csv", Data: []byte("a,b\n1,2\n3,\"Erika\n5,6\n"), Says: ":3: a quoted value that starts in this record is never closed", Canary: "Erika"},
		{Name: "behind.csv", Data: []byte("a,b\n1,\"Eri\"ka\n"), Says: ":2: there is text behind a closing quote", Canary: "Eri"},
		{Name: "twice.csv", Data: []byte("a,b, a\n1,2,3\n"), Says: `column "a": columns 1 and 3 have the same name`},
		{Name: "blank.csv", Data: []byte("\n  \n\r\n"), Says: "no line with text"},
		{Name: "bom.csv", Data: []byte("\xef\xbb\xbf"), Says: "no line with text"},
		{Name: "noheader.csv", Data: []byte("1,2\n3,4\n"), Says: ":1: the first line holds numbers where the columns' names are expected"},
		{Name: "long.csv", Data: []byte("a,b\n" + strings.Repeat("Erika", 1000) + ",1\n"), Options: format.Options{MaxBytes: 4000}, Says: ":2: a record is longer than 4000 bytes", Canary: "Erika"},
		{Name: "broken.csv.gz", Data: []byte("\x1f\x8bno gzip"), Says: "begins like gzip"},
		{Name: "cut.csv.gz", Data: []byte(packed(t, many(3000))[:5000]), Says: "reading stopped; the file is damaged"},
		{Name: "a.csv", Data: []byte("a,b\n1,2\n"), Options: format.Options{Encoding: "ebcdic"}, Says: `encoding "ebcdic" is unknown; use utf-8`},
		{Name: "b.csv", Data: []byte("a,b\n1,2\n"), Options: format.Options{Delimiter: "::"}, Says: `delimiter "::" cannot be used`},
		{Name: "c.csv", Data: []byte("a,b\n1,2\n"), Options: format.Options{Delimiter: ",", Decimal: ","}, Says: "delimiter and decimal mark at once"},
	})
}

// What real files write, and what is read.
func TestValues(t *testing.T) {
	for _, c := range []struct {
		text, want string
		o          format.Options
	}{
		{"a,b\n1,2\n3,4", "a=[1 3] b=[2 4]", format.Options{}},
		{"a,b\r\n1,2\r\n3,4\r\n", "a=[1 3] b=[2 4]", format.Options{}},
		{"a,b\r1,2\r3,4\r", "a=[1 3] b=[2 4]", format.Options{}},
		{" a , \"b\" \n 1 , \" x \" \n", "a=[1] b=[x]", format.Options{}},
		{"a;b\n1,5;2,5\n", "a=[1,5] b=[2,5]", format.Options{}},
		{"a|b\n1|2\n", "a=[1] b=[2]", format.Options{}},
		{"a\tb\n \t2\n", "a=[?] b=[2]", format.Options{}},
		{"a,b\n5'10\",\"say \"\"hi\"\"\"\n", `a=[5'10"] b=[say "hi"]`, format.Options{}},
		{"a,b\n\"1\n2\",\"\"\n", "a=[1\n2] b=[?]", format.Options{}},
		{"a,b\nNA,-9\n", "a=[NA] b=[?]", format.Options{Missing: []string{"-9"}}},
		{"a\n1,5\n", "a=[1,5]", format.Options{Decimal: ","}},
		{"a,b\n\n1,2\n \n", "a=[1] b=[2]", format.Options{}},
		{"a,b\n,\n", "a=[?] b=[?]", format.Options{}},
		{"x,ort\n1,K\xf6ln \x80\n", "x=[1] ort=[Köln €]", format.Options{Encoding: "latin1"}},
		{"a b,c\n1,2\n", "a b=[1] c=[2]", format.Options{}},
	} {
		path := write(t, "x.csv", c.text)
		r, err := Format{}.Open(t.Context(), path, c.o)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		var got []string
		b, err := r.Next()
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		for i, col := range r.Columns() {
			var vs []string
			for k, v := range b.Columns[i].Text {
				if b.Columns[i].Missing(k) {
					v = "?"
				}
				vs = append(vs, v)
			}
			got = append(got, fmt.Sprintf("%s=%v", col.Name, vs))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%q: got %q, want %q", c.text, s, c.want)
		}
	}
}

// Lines are those an editor shows, with quoted line ends and blank lines between.
func TestLines(t *testing.T) {
	path := write(t, "x.csv", "a,b\n1,2\n\n\"x\ny\",2\r\n3,4\n")
	b, err := formattest.ReadAll(t.Context(), Format{}, path, format.Options{})
	if err != nil || !reflect.DeepEqual(b.Lines, []int{2, 4, 6}) {
		t.Errorf("lines %v, %v", b.Lines, err)
	}
}

// What the standard library's writer writes of any table is read back.
func TestReadsWhatIsWritten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(2, 4).Draw(rt, "columns")
		cell := rapid.StringOf(rapid.SampledFrom([]rune("ab1\",;\t\n'é|")))
		var want [][]string
		for range rapid.IntRange(1, 8).Draw(rt, "rows") {
			row := make([]string, n)
			for i := range row {
				row[i] = "x" + cell.Draw(rt, "cell") + "x"
			}
			want = append(want, row)
		}
		var b bytes.Buffer
		w := stdcsv.NewWriter(&b)
		delimiter := rapid.SampledFrom([]string{",", ";", "\t", "|"}).Draw(rt, "delimiter")
		w.Comma = rune(delimiter[0])
		w.UseCRLF = rapid.Bool().Draw(rt, "crlf")
		header := make([]string, n)
		for i := range header {
			header[i] = fmt.Sprintf("c%d", i)
		}
		if err := w.WriteAll(append([][]string{header}, want...)); err != nil {
			rt.Fatal(err)
		}
		got, err := formattest.ReadAll(t.Context(), Format{}, write(t, "x.csv", b.String()), format.Options{Delimiter: delimiter})
		if err != nil {
			rt.Fatalf("%q: %v", b.String(), err)
		}
		for r, row := range want {
			for c, s := range row {
				if g := strings.ReplaceAll(got.Columns[c].Text[r], "\r\n", "\n"); g != s {
					rt.Fatalf("row %d, column %d: %q, want %q", r, c, g, s)
				}
			}
		}
	})
}

// Whatever bytes come, they are read in bounded batches or refused with the file's
// name and a line that exists.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "a;b\r\n\"x\"\"y\";2", "\xef\xbb\xbfa\tb\n", "a,b\n\"open", "\xff\xfe", "a|b\r1|2\r", "a,a\n", ",\n,\n", "\"\"\"\"\n", "a\n\"\r\n\"", "\x1f\x8b\x08", "\xff\xfea\x00;\x00b\x00", "a;d\n1,5;31.12.24\n", "a,d\n1,01/02/2024 3:00 PM\nM\xfcller,20240131"} {
		f.Add([]byte(s), ",", false)
	}
	f.Fuzz(func(t *testing.T, data []byte, delimiter string, latin bool) {
		path := write(t, "x.csv", string(data))
		o := format.Options{BatchRows: 3, MaxBytes: 1 << 16}
		if len(delimiter) == 1 {
			o.Delimiter = delimiter
		}
		if latin {
			o.Encoding = "latin1"
		}
		if d, err := (Format{}).Describe(t.Context(), path, o); err == nil && (d.Detected.Delimiter == "" || d.Detected.Encoding == "" || d.Detected.Decimal == "") {
			t.Fatalf("not everything is told: %+v", d.Detected)
		}
		b, err := formattest.ReadAll(t.Context(), Format{}, path, o)
		if err != nil {
			if !strings.HasPrefix(err.Error(), path) {
				t.Fatalf("an error without the file's name: %v", err)
			}
			return
		}
		for i, line := range b.Lines {
			if line < 2 || line > 1+len(data) || i > 0 && line <= b.Lines[i-1] {
				t.Fatalf("row %d starts on line %d after %v", i, line, b.Lines[:i])
			}
		}
	})
}
