package images

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
	"hmsp.center/hmsp/radiomics"
)

// fake has an image a line of a file: "patient birth sex reason".
type fake struct{}

func (fake) Name() string { return "fake" }
func (fake) Sniff(head []byte, filename string) int {
	if bytes.HasPrefix(head, []byte("fake\n")) {
		return 80
	}
	return 0
}
func (fake) SniffFolder(path string, names []string) int { return 0 }
func (fake) Companions(path string) []string             { return []string{path + ".more"} }

func (fake) Images(ctx context.Context, path string) (List, error) {
	f, err := Open(path, 4096)
	if err != nil {
		return List{}, err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if err != nil || lines[0] != "fake" {
		return List{}, &format.Error{File: path, Text: "this is no fake", Mend: "make one"}
	}
	list := List{Notes: []string{"a note"}}
	for i, l := range lines[1:] {
		cells := append(strings.Fields(l), "", "", "", "")
		if cells[0] == "" {
			return List{}, &format.Error{File: path, Line: i + 2, Text: "this is no fake", Mend: "make one"}
		}
		m := Image{Patient: cells[0], Birth: cells[1], Sex: cells[2], Why: cells[3], ID: fmt.Sprint("i", i), Time: "2024-01-31", Modality: "CT", Visit: "s1",
			Shape: []int{2, 2, 3}, Spacing: []float64{5, 2, 1}, Bytes: 10, NonZero: true,
			Facts: []Fact{{Code: CodeSliceGap, Number: 1, Unit: "1"}, {Code: "hmsp:label", Text: "good"}, {Code: "hmsp:label", ValueCode: "snomed:1"}}}
		switch cells[3] {
		case "":
			m.Read = func(ctx context.Context) (radiomics.Image, error) {
				return radiomics.Image{Shape: m.Shape, Spacing: m.Spacing, Values: []float32{0, 0, 0, 900, 900, 900, 1, 2, 3, 4, 5, 6}}, ctx.Err()
			}
		case "broken":
			m.Why = ""
			m.Read = func(ctx context.Context) (radiomics.Image, error) {
				return radiomics.Image{}, &format.Error{File: path, Text: "the pixels are broken", Mend: "make others"}
			}
		}
		list.Images = append(list.Images, m)
	}
	return list, nil
}

func write(t *testing.T, name, text string) string {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSuite(t *testing.T) {
	text := "fake\n" + strings.Repeat("anna 1980-01-01 female\n", 20) + "bert\nbert 1990-01-01 male unread\n"
	var samples []formattest.Sample
	for table, rows := range map[string]int{format.PersonTable: 2, format.ImagingTable: 22, format.MeasurementTable: 0} {
		if rows == 0 {
			rows = 21*(3+2+20+1+20+1) + 1*(3+2)
		}
		samples = append(samples, formattest.Sample{Path: write(t, "a.fake", text), Options: format.Options{Table: table}, Columns: columns(table), Rows: rows})
	}
	formattest.Suite(t, Format{fake{}}, samples, []formattest.Broken{
		{Name: "b.fake", Data: []byte("fake\nanna 1980-01-01 female broken\n"), Options: format.Options{Table: format.MeasurementTable}, Says: "the pixels are broken", Canary: "anna"}})
}

// Each image gives its facts, its geometry and its features, with units and ids.
func TestMeasurements(t *testing.T) {
	path := write(t, "a.fake", "fake\nanna 1980-01-01 female\n")
	b, err := formattest.ReadAll(t.Context(), Format{fake{}}, path, format.Options{Table: format.MeasurementTable,
		Columns: []string{format.Code, format.Value, format.Unit, format.ValueCode, format.ValueText, format.ID, format.Time, format.Visit}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for i := range b.Rows {
		value := ""
		if !b.Columns[1].Missing(i) {
			value = fmt.Sprintf("%.4g", b.Columns[1].Float[i])
		}
		got[b.Columns[0].Text[i]] += value + b.Columns[2].Text[i] + b.Columns[3].Text[i] + b.Columns[4].Text[i]
		if b.Columns[5].Text[i] != "i0/"+b.Columns[0].Text[i] || b.Columns[6].Text[i] != "2024-01-31" || b.Columns[7].Text[i] != "s1" {
			t.Errorf("row %d: %v", i, b.Columns[5].Text[i])
		}
	}
	for code, want := range map[string]string{CodeSliceGap: "11", "hmsp:label": "goodsnomed:1", CodePixelSpacing: "1mm", CodeSliceSpacing: "5mm", "ibsi:84IY": "900",
		CodeBright(): "0.03mL", CodeNonZero + "volume": "0.09mL", CodeNonZero + "minimum": "1", "ibsi:1GSF": "0"} {
		if got[code] != want {
			t.Errorf("%s: %q, want %q", code, got[code], want)
		}
	}
	if CodeBright() != "hmsp:volume-above-800" {
		t.Error(CodeBright())
	}
}

// What is not read is counted, what contradicts is told, and the source's notes stay.
func TestNotes(t *testing.T) {
	f := Format{fake{}}
	path := write(t, "a.fake", "fake\nanna 1980-01-01 female JPEG-LS\nanna 1980-01-02 female JPEG-LS\n")
	r, err := f.OpenTables(t.Context(), path, format.Options{}, map[string][]string{format.PersonTable: {format.Birth}, format.MeasurementTable: {format.Code}, format.ImagingTable: {Slices, SliceSpacing}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	met := map[string]int{}
	for {
		table, b, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		met[table] += b.Rows
		if table == format.PersonTable && b.Columns[0].Text[0] != "1980-01-01" || table == format.ImagingTable && (b.Columns[0].Int[0] != 2 || b.Columns[1].Float[0] != 5) {
			t.Errorf("%s: %v", table, b.Columns)
		}
	}
	if met[format.PersonTable] != 1 || met[format.MeasurementTable] != 10 || met[format.ImagingTable] != 2 {
		t.Errorf("rows: %v", met)
	}
	want := []string{"a note", "2 images have no features of intensities: JPEG-LS", "1 images give another birth date or sex than the first of the same patient, which is kept"}
	if got := r.(format.Noted).Notes(); !slices.Equal(got, want) {
		t.Errorf("notes %q, want %q", got, want)
	}
	if read, of := r.Progress(); read != 20 || of != 20 {
		t.Errorf("%d of %d", read, of)
	}
	if _, err := f.OpenTables(t.Context(), path, format.Options{}, map[string][]string{"drug": {format.Code}}); err == nil || !strings.Contains(err.Error(), "no table") {
		t.Errorf("a table that is not there: %v", err)
	}
	if list, err := f.Tables(t.Context(), path, format.Options{}); err != nil || len(list) != 3 || f.Companions("x")[0] != "x.more" || len(f.Checks()) != 4 {
		t.Errorf("tables: %v, %v", list, err)
	}
}

func TestWalk(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []string{"b/1/2/3/x", "a", ".hidden/y", "c/.z"} {
		path := filepath.Join(dir, filepath.FromSlash(n))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(dir, filepath.Join(dir, "b", "loop")); err != nil {
		t.Log("no links here:", err)
	}
	names, err := Walk(t.Context(), dir)
	if want := []string{"a", "b/1/2/3/x"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("%q, %v; want %q", names, err, want)
	}
	if file, owner := At(dir, "b/1/2/3/x"); owner != "b" || filepath.Base(file) != "x" {
		t.Errorf("%s of %s", file, owner)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Walk(ctx, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context ended: %v", err)
	}
}

func TestOpen(t *testing.T) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write([]byte("hello"))
	w.Close()
	f, err := Open(write(t, "a", z.String()), 16)
	if err != nil || !f.Packed {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || string(b) != "hello" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := Open(write(t, "a", z.String()[:5]), 16); err == nil || !strings.Contains(err.Error(), "gzip") {
		t.Errorf("cut: %v", err)
	}
	b, err := ReadAtMost(strings.NewReader(strings.Repeat("x", 3<<20)), 1<<40)
	if err != io.ErrUnexpectedEOF || len(b) != 3<<20 || cap(b) > 8<<20 {
		t.Errorf("%d bytes of %d, %v", len(b), cap(b), err)
	}
	if b, err := ReadAtMost(strings.NewReader("xyz"), 2); err != nil || string(b) != "xy" {
		t.Errorf("%q, %v", b, err)
	}
}
