package hl7

import (
	"fmt"
	"io"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/format"
)

// A writer writes messages by the encoding rules of chapter 2, from nothing that
// reads them.
type writer struct {
	field, component, repetition, escape, sub string
	end, charset                              string
}

func (w writer) esc(s string) string {
	for _, p := range [][2]string{{w.escape, "\x01E\x01"}, {w.field, "\x01F\x01"}, {w.component, "\x01S\x01"}, {w.repetition, "\x01R\x01"}, {w.sub, "\x01T\x01"}, {"\n", "\x01.br\x01"}} {
		s = strings.ReplaceAll(s, p[0], p[1])
	}
	return strings.ReplaceAll(s, "\x01", w.escape)
}

// segment writes fields by their number; "MSH" has its own.
func (w writer) segment(name string, fields map[int]string) string {
	var at []int
	for n := range fields {
		at = append(at, n)
	}
	sort.Ints(at)
	out, n := name, 0
	if name == "MSH" {
		out, n = "MSH"+w.field+w.component+w.repetition+w.escape+w.sub, 2
	}
	for _, k := range at {
		out += strings.Repeat(w.field, k-n) + fields[k]
		n = k
	}
	return out + w.end
}

func (w writer) bytes(s string) string {
	if w.charset != "8859/1" {
		return s
	}
	var b []byte
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

// Messages made of random values, with random delimiters, ends, character sets and
// frames, are read back value by value.
func TestReadsWhatIsWritten(t *testing.T) {
	text := rapid.StringOf(rapid.SampledFrom([]rune(`abz09 |^~\&#*+!%äöüßé.<>=/-` + "\n")))
	check := func(rt *rapid.T) {
		marks := rapid.Permutation([]string{"|", "^", "~", "\\", "&", "#", "*", "!"}).Draw(rt, "delimiters")
		w := writer{marks[0], marks[1], marks[2], marks[3], marks[4], rapid.SampledFrom([]string{"\r", "\n", "\r\n"}).Draw(rt, "end"), rapid.SampledFrom([]string{"8859/1", "UNICODE UTF-8", ""}).Draw(rt, "charset")}
		framed := rapid.Bool().Draw(rt, "MLLP")
		word := func(name string) string {
			return strings.TrimSpace("v" + strings.TrimSpace(text.Draw(rt, name)) + "w")
		}
		file := ""
		var want []string
		for i := range rapid.IntRange(1, 4).Draw(rt, "messages") {
			patient := strings.ReplaceAll(word("patient"), "\n", "")
			born := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 45000).Draw(rt, "born"))
			precision := rapid.SampledFrom([][2]string{{"2006", "2006"}, {"200601", "2006-01"}, {"20060102", "2006-01-02"}, {"200601021504", "2006-01-02T15:04"}}).Draw(rt, "precision")
			m := w.segment("MSH", map[int]string{3: "LAB", 9: "ORU" + w.component + "R01", 10: strconv.Itoa(i), 12: rapid.SampledFrom([]string{"2.3", "2.4", "2.5.1"}).Draw(rt, "version"), 18: w.charset})
			m += w.segment("PID", map[int]string{3: "0815" + w.component + w.component + w.component + w.component + "PI" + w.repetition + w.esc(patient) + w.component + w.component + w.component + w.component + "MR", 7: born.Format(precision[0])})
			want = append(want, fmt.Sprintf("person: patient=%s birth=%s", patient, born.Format(precision[1])))
			m += w.segment("ZXY", map[int]string{4: w.esc(word("local"))})
			m += w.segment("OBR", map[int]string{3: "F" + strconv.Itoa(i)})
			for k := range rapid.IntRange(0, 5).Draw(rt, "results") {
				at := time.Unix(rapid.Int64Range(0, 1<<31).Draw(rt, "time"), 0).UTC()
				fields := map[int]string{1: strconv.Itoa(k + 1), 3: fmt.Sprintf("%d-%d", i, k) + w.component + w.esc(word("name")) + w.component + "LN", 11: "F", 14: at.Format("20060102150405") + "+0100"}
				row := fmt.Sprintf("measurement: patient=%s time=%s code=loinc:%d-%d status=final", patient, at.Format("2006-01-02T15:04:05")+"+01:00", i, k)
				id := fmt.Sprintf(" id=F%d/%d-%d", i, i, k)
				switch rapid.IntRange(0, 3).Draw(rt, "type") {
				case 0:
					x := rapid.Float64Range(-1e6, 1e6).Draw(rt, "number")
					fields[2], fields[5], fields[6] = "NM", strconv.FormatFloat(x, 'f', -1, 64), "mg/dL"
					row += " unit=mg/dL" + id + " value=" + strconv.FormatFloat(x, 'g', -1, 64)
				case 1:
					s := word("text")
					fields[2], fields[5] = "ST", w.esc(s)
					row += " value_text=" + s + id
				case 2:
					a, b := word("line"), word("line")
					fields[2], fields[5] = "TX", w.esc(a)+w.repetition+w.esc(b)
					row += " value_text=" + a + "\n" + b + id
				case 3:
					code, s := rapid.StringMatching(`[A-Z0-9]{1,6}`).Draw(rt, "code"), word("meaning")
					fields[2], fields[5] = "CWE", code+w.component+w.esc(s)+w.component+"SCT"
					row += " value_code=snomed:" + code + " value_text=" + s + id
				}
				m += w.segment("OBX", fields)
				want = append(want, row)
			}
			if framed {
				m = "\v" + m + "\x1c\r"
			}
			file += w.bytes(m)
		}
		got, _, err := rows(t, write(t, "x.hl7", file), format.Options{BatchRows: 3}, map[string][]string{
			"person": {"patient", "birth"}, "measurement": {"patient", "time", "code", "status", "unit", "value_code", "value_text", "id", "value"}})
		if err != nil {
			rt.Fatalf("%q: %v", file, err)
		}
		sort.Strings(got)
		sort.Strings(want)
		if !reflect.DeepEqual(got, want) {
			rt.Fatalf("%q:\n got %q\nwant %q", file, got, want)
		}
	}
	rapid.Check(t, check)
}

// Whatever bytes come, they are read in bounded batches or refused with the file's
// name and a line.
func FuzzHL7(f *testing.F) {
	for _, name := range []string{"stay.hl7", "labor.txt", "apotheke.hl7"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add([]byte("\v" + strings.ReplaceAll(string(data), "\r\n", "\r") + "\x1c\r"))
	}
	f.Add([]byte(head + "\rPID|||1~2^^^^MR\rOBX||SN|x||>^1^-~^^^|"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := write(t, "x.hl7", string(data))
		want := all()
		want["measurement"] = append(want["measurement"], "OBX-5.1.2", "PID-3", "MSH-2")
		r, err := Format{}.OpenTables(t.Context(), path, format.Options{BatchRows: 2, MaxBytes: 1 << 16}, want)
		for err == nil {
			var table string
			var b format.Batch
			table, b, err = r.Next()
			if err == nil && (b.Rows < 1 || b.Rows > 2 || len(b.Lines) != b.Rows || len(b.Columns) != len(r.Columns(table)) || b.Columns[0].Missing(0)) {
				t.Fatalf("%s: a batch %+v", table, b)
			}
		}
		if r != nil {
			r.Close()
		}
		if err != io.EOF && !strings.HasPrefix(err.Error(), path) {
			t.Fatalf("an error without the file's name: %v", err)
		}
	})
}

// A hundred thousand results in twenty thousand messages, and only who had them.
func BenchmarkHL7(b *testing.B) {
	var s strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&s, "MSH|^~\\&|LAB|ZENTRAL|HMSP|RES|202402011200||ORU^R01|L%d|P|2.5|||||DE|UNICODE UTF-8\rPID||P%d|P%d^^^KLINIK^MR||Groß^Bärbel||19800501|F\rPV1||O|||||||||||||||||F-%d\rOBR|1|A1|F%d|24331-1^Lipid panel^LN|||20240201073000||||||||||||||||||F\r", i, i/3, i/3, i, i)
		for k := range 5 {
			fmt.Fprintf(&s, "OBX|%d|NM|%d-7^Glucose^LN^GLU^Glukose^99LAB||%d.5|mg/dL^^UCUM|70-110|N|||F|||20240201073000\r", k+1, 2340+k, 90+i%40)
		}
	}
	path := write(b, "x.hl7", s.String())
	for name, want := range map[string]map[string][]string{
		"all tables":   all(),
		"measurements": {"measurement": {"patient", "time", "code", "status", "unit", "value"}},
		"people":       {"person": {"patient", "birth", "sex"}},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(s.Len()))
			for b.Loop() {
				r, err := Format{}.OpenTables(b.Context(), path, format.Options{}, want)
				for err == nil {
					_, _, err = r.Next()
				}
				if err != io.EOF {
					b.Fatal(err)
				}
				r.Close()
			}
		})
	}
}
