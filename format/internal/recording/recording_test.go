package recording

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
)

// steps is a decoder of lines "steps", then "patient,second,count" or ",second,count".
type steps struct{}

func (steps) Name() string { return "steps" }

func (steps) Sniff(head []byte, filename string) int {
	if bytes.HasPrefix(Unpacked(head), []byte("steps")) {
		return 90
	}
	return 0
}

func (steps) Companions(path string) []string { return []string{path + ".more"} }

func (steps) Person(ctx context.Context, path string) (Person, error) {
	return Person{Sex: map[bool]string{true: "female"}[strings.Contains(path, "anna")]}, nil
}

func (steps) Decode(ctx context.Context, path string, emit func(string, activity.Sample) error) error {
	in, err := Open(ctx, path)
	if err != nil {
		return err
	}
	defer in.Close()
	rows := NewRows(ctx, path, in, ',')
	rows.Next()
	for {
		f, err := rows.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if len(f) != 3 {
			return errors.New("as the library has it")
		}
		at, _ := strconv.ParseInt(string(f[1]), 10, 64)
		n, _ := strconv.ParseFloat(string(f[2]), 64)
		if err := emit(string(f[0]), activity.Sample{Kind: activity.Steps, Time: at, Duration: 60, Value: n}); err != nil {
			return err
		}
	}
}

func folder(t *testing.T, files map[string]string) string {
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// read gives patient=steps of the days, the people, the notes, and how far reading came.
func read(t *testing.T, path string) (days, people, notes []string, err error) {
	t.Helper()
	return readAs(t, Format{Decoder: steps{}}, path)
}

func readAs(t *testing.T, f Format, path string) (days, people, notes []string, err error) {
	t.Helper()
	r, err := f.OpenTables(t.Context(), path, format.Options{BatchRows: 2}, map[string][]string{"person": {"patient", "sex"}, "measurement": {"patient", "code", "value"}})
	if err != nil {
		return nil, nil, nil, err
	}
	defer r.Close()
	for {
		table, b, err := r.Next()
		if err == io.EOF {
			if read, of := r.Progress(); read != of {
				t.Errorf("progress %d of %d at the end", read, of)
			}
			slices.Sort(days)
			slices.Sort(people)
			return days, people, r.(format.Noted).Notes(), nil
		}
		if err != nil {
			return nil, nil, nil, err
		}
		if b.Rows > 2 {
			t.Errorf("a batch of %d rows", b.Rows)
		}
		for i := range b.Rows {
			if table == "person" {
				people = append(people, b.Columns[0].Text[i]+" "+b.Columns[1].Text[i])
			} else if b.Columns[1].Text[i] == activity.StepsDay {
				days = append(days, b.Columns[0].Text[i]+"="+strconv.FormatFloat(b.Columns[2].Float[i], 'f', -1, 64))
			}
		}
	}
}

// TestFolder: files are of the folder they lie in, or of their name, or of whom they say;
// files of others are left out, and companions are not counted with them.
func TestFolder(t *testing.T) {
	dir := folder(t, map[string]string{
		"anna/1.txt": "steps\n,0,10\n", "anna/2.txt": "steps\n,60,5\n", "bert.txt": "steps\n,0,7\n", "bert.txt.more": "x",
		"all.txt": "steps\ncarl,0,1\ndora,0,2\n", "more.txt": "steps\ncarl,120,1\ncarl,0,-1\n", "readme.md": "hello", "empty.txt": "steps\n",
	})
	days, people, notes, err := read(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"anna=15", "bert=7", "carl=2", "dora=2"}; !slices.Equal(days, want) {
		t.Errorf("days %q, want %q", days, want)
	}
	if want := []string{"anna female", "bert ", "carl ", "dora "}; !slices.Equal(people, want) {
		t.Errorf("people %q, want %q", people, want)
	}
	want := []string{"files left out, as they are not of the format steps: 1", "files without anything that is read: 1", "readings that no device can have made are left out: 1"}
	if !slices.Equal(notes, want) {
		t.Errorf("notes %q, want %q", notes, want)
	}
	f := Format{Decoder: steps{}}
	names, err := format.Files(dir)
	if err != nil || f.SniffFolder(dir, names) < 50 {
		t.Errorf("the folder is not known: %v", err)
	}
	if f.SniffFolder(dir, []string{"readme.md", "bert.txt"}) != 0 || f.SniffFolder(dir, nil) != 0 {
		t.Error("a folder of other files is taken")
	}
}

// TestTwoWays: somebody's rows are not given twice.
func TestTwoWays(t *testing.T) {
	_, _, _, err := read(t, folder(t, map[string]string{"anna/1.txt": "steps\n,0,10\n", "zoe.txt": "steps\nanna,0,1\n"}))
	var known *format.Error
	if !errors.As(err, &known) || !strings.Contains(known.Text, "another file") || strings.Contains(known.Text+known.Mend, "anna") {
		t.Errorf("%v", err)
	}
}

func TestErrors(t *testing.T) {
	dir := folder(t, map[string]string{"a.txt": "steps\n1,2\n", "b.txt": "hello"})
	_, _, _, err := read(t, filepath.Join(dir, "a.txt"))
	var known *format.Error
	if !errors.As(err, &known) || known.File != filepath.Join(dir, "a.txt") {
		t.Errorf("an error of a library: %v", err)
	}
	if _, _, _, err := read(t, filepath.Join(dir, "b.txt")); !errors.As(err, &known) || !strings.Contains(known.Text, "does not begin like") {
		t.Errorf("another file: %v", err)
	}
	if _, err := (Format{Decoder: steps{}}).Describe(t.Context(), filepath.Join(dir, "a.txt"), format.Options{Table: "drug"}); err == nil || !strings.Contains(err.Error(), "no table") {
		t.Errorf("another table: %v", err)
	}
}

func TestPacked(t *testing.T) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, "steps\n,0,10\n")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dir := folder(t, map[string]string{"anna.txt.gz": b.String(), "cut.txt.gz": b.String()[:b.Len()-6]})
	if days, _, _, err := read(t, filepath.Join(dir, "anna.txt.gz")); err != nil || !slices.Equal(days, []string{"anna=10"}) {
		t.Errorf("%q, %v", days, err)
	}
	var known *format.Error
	if _, _, _, err := read(t, filepath.Join(dir, "cut.txt.gz")); !errors.As(err, &known) || !strings.Contains(known.Text, "gzip") {
		t.Errorf("cut: %v", err)
	}
}

func TestSuite(t *testing.T) {
	dir := folder(t, map[string]string{"p.txt": "steps\n,0,10\n,100000,20\n"})
	formattest.Suite(t, Format{Decoder: steps{}}, []formattest.Sample{
		{Path: filepath.Join(dir, "p.txt"), Options: format.Options{Table: "measurement"}, Columns: format.ClinicalColumns("measurement"), Rows: 4},
	}, nil)
	checks := Format{Decoder: steps{}}.Checks()
	if !slices.ContainsFunc(checks, func(c format.Check) bool { return c.Column == activity.WearTime && c.Unit == "min/d" }) {
		t.Error("no check of the time worn")
	}
}

func TestRows(t *testing.T) {
	read := func(text string) (out []string, err error) {
		r := NewRows(t.Context(), "x.csv", strings.NewReader(text), ',')
		if _, err := r.Header(); err != nil {
			return nil, err
		}
		for {
			f, err := r.Next()
			if err == io.EOF {
				return out, nil
			}
			if err != nil {
				return out, err
			}
			out = append(out, string(bytes.Join(f, []byte("|"))))
		}
	}
	got, err := read("\xef\xbb\xbfa,b\r\n1,2\r\n\r\n\"x, \"\"y\"\"\",\n\"\",3")
	if want := []string{"1|2", `x, "y"|`, "|3"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	for _, text := range []string{"", "a,b\n1\n", "a,b\n1,2,3\n", "a\n\"1\n", "a\n\"1\"2\n", "a\n" + strings.Repeat("x", maxLine+1)} {
		if _, err := read(text); err == nil {
			t.Errorf("%.10q is read", text)
		}
	}
}
