// Package formattest is the conformance suite of formats: what package format
// promises, asked of any of them.
package formattest

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
)

// A Sample is a file that the format reads, and what is in it.
type Sample struct {
	Path    string
	Options format.Options
	Columns []format.Column // as Describe tells them
	Rows    int
}

// A Broken is a file that the format refuses; the error holds Says, and never
// Canary, a text that stands in the file as a cell.
type Broken struct {
	Name    string // of the file
	Data    []byte
	Options format.Options
	Says    string
	Canary  string
}

// Suite checks a format on its samples and its broken files.
func Suite(t *testing.T, f format.Format, samples []Sample, broken []Broken) {
	if f.Name() == "" || strings.ToLower(f.Name()) != f.Name() {
		t.Errorf("name %q: want lower-case letters", f.Name())
	}
	for _, s := range samples {
		t.Run(filepath.Base(s.Path), func(t *testing.T) {
			t.Run("sniff", func(t *testing.T) { sniffs(t, f, s) })
			t.Run("describe", func(t *testing.T) { describes(t, f, s) })
			t.Run("batches", func(t *testing.T) { batches(t, f, s) })
			t.Run("columns", func(t *testing.T) { projection(t, f, s) })
			t.Run("close", func(t *testing.T) { closes(t, f, s) })
			t.Run("cut", func(t *testing.T) { cut(t, f, s) })
		})
	}
	t.Run("noise is not sniffed", func(t *testing.T) { noise(t, f) })
	t.Run("files that are none", func(t *testing.T) { absent(t, f) })
	for _, b := range broken {
		t.Run("broken "+b.Name+" "+b.Says, func(t *testing.T) { refuses(t, f, b) })
	}
}

// ReadAll reads every row of a file as one batch; lines and row numbers are kept.
func ReadAll(ctx context.Context, f format.Format, path string, o format.Options) (format.Batch, error) {
	r, err := f.Open(ctx, path, o)
	if err != nil {
		return format.Batch{}, err
	}
	defer r.Close()
	all := format.Batch{First: 1, Columns: make([]format.Values, len(r.Columns()))}
	for {
		b, err := r.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		if b.First != all.Rows+1 {
			return all, errors.New("a batch does not begin where the one before it ended")
		}
		for i, v := range b.Columns {
			all.Columns[i] = join(all.Columns[i], all.Rows, v, b.Rows)
		}
		all.Lines = append(all.Lines, b.Lines...)
		all.Rows += b.Rows
	}
}

func join(a format.Values, rowsA int, b format.Values, rowsB int) format.Values {
	null := make([]bool, rowsA+rowsB)
	copy(null, a.Null)
	copy(null[rowsA:], b.Null)
	return format.Values{Text: append(a.Text, b.Text...), Float: append(a.Float, b.Float...),
		Int: append(a.Int, b.Int...), Bool: append(a.Bool, b.Bool...), Null: null}
}

func sniffs(t *testing.T, f format.Format, s Sample) {
	head := head(t, s.Path)
	for _, name := range []string{filepath.Base(s.Path), strings.ToUpper(filepath.Base(s.Path))} {
		if score := f.Sniff(head, name); score < 50 || score > 100 {
			t.Errorf("Sniff of its own sample %s: %d, want 50 to 100", name, score)
		}
	}
	if got, err := format.Detect([]format.Format{f}, s.Path); err != nil || got.Name() != f.Name() {
		t.Errorf("Detect: %v, %v", got, err)
	}
}

func head(t *testing.T, path string) []byte {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data[:min(len(data), 64<<10)]
}

func describes(t *testing.T, f format.Format, s Sample) {
	d, err := f.Describe(t.Context(), s.Path, s.Options)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(d.Columns, s.Columns) {
		t.Errorf("columns:\n got %v\nwant %v", d.Columns, s.Columns)
	}
	if d.Exact && d.Rows != int64(s.Rows) {
		t.Errorf("rows: %d, want %d", d.Rows, s.Rows)
	}
	if !d.Exact && d.Rows >= 0 && (d.Rows < int64(s.Rows)*8/10 || d.Rows > int64(s.Rows)*12/10) {
		t.Errorf("rows: about %d, want %d within a fifth", d.Rows, s.Rows)
	}
}

// batches are bounded by rows and by bytes, and cutting otherwise changes nothing.
func batches(t *testing.T, f format.Format, s Sample) {
	o := readable(s)
	whole, err := ReadAll(t.Context(), f, s.Path, o)
	if err != nil {
		t.Fatal(err)
	}
	if whole.Rows != s.Rows {
		t.Fatalf("%d rows, want %d", whole.Rows, s.Rows)
	}
	for _, rows := range []int{1, 7, 1000} {
		o := o
		o.BatchRows = rows
		bounded(t, f, s.Path, o)
		again, err := ReadAll(t.Context(), f, s.Path, o)
		if err != nil {
			t.Fatalf("batches of %d rows: %v", rows, err)
		}
		if !reflect.DeepEqual(whole, again) {
			t.Errorf("batches of %d rows hold other values", rows)
		}
	}
}

// readable names the columns that can be read.
func readable(s Sample) format.Options {
	o := s.Options
	o.Columns = []string{}
	for _, c := range s.Columns {
		if c.Kind != format.Unknown {
			o.Columns = append(o.Columns, c.Name)
		}
	}
	return o
}

func bounded(t *testing.T, f format.Format, path string, o format.Options) {
	r, err := f.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		b, err := r.Next()
		if err != nil {
			return // ReadAll judges it
		}
		if b.Rows < 1 || b.Rows > o.BatchRows || len(b.Columns) != len(o.Columns) || b.Lines != nil && len(b.Lines) != b.Rows {
			t.Fatalf("batch of %d rows, %d columns, %d lines; want 1 to %d rows, %d columns", b.Rows, len(b.Columns), len(b.Lines), o.BatchRows, len(o.Columns))
		}
		for i, v := range b.Columns {
			got := map[format.Kind]int{format.Text: len(v.Text), format.Float: len(v.Float), format.Int: len(v.Int), format.Bool: len(v.Bool)}
			for kind, n := range got {
				if want := map[bool]int{true: b.Rows}[kind == r.Columns()[i].Kind]; n != want {
					t.Fatalf("column %s: %d values of kind %s, want %d", r.Columns()[i].Name, n, kind, want)
				}
			}
			if v.Null != nil && len(v.Null) != b.Rows {
				t.Fatalf("column %s: %d marks of missing, want %d", r.Columns()[i].Name, len(v.Null), b.Rows)
			}
		}
	}
}

// projection: any choice of columns in any order gives the same values.
func projection(t *testing.T, f format.Format, s Sample) {
	o := readable(s)
	whole, err := ReadAll(t.Context(), f, s.Path, o)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range o.Columns {
		one := o
		one.Columns = []string{name}
		got, err := ReadAll(t.Context(), f, s.Path, one)
		if err != nil || !reflect.DeepEqual(got.Columns[0], whole.Columns[i]) {
			t.Errorf("column %s alone: other values, %v", name, err)
		}
	}
	o.Columns = append([]string{}, o.Columns...)
	for i, j := 0, len(o.Columns)-1; i < j; i, j = i+1, j-1 {
		o.Columns[i], o.Columns[j] = o.Columns[j], o.Columns[i]
	}
	back, err := ReadAll(t.Context(), f, s.Path, o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range o.Columns {
		if !reflect.DeepEqual(back.Columns[len(o.Columns)-1-i], whole.Columns[i]) {
			t.Errorf("columns in reverse: column %d holds other values", i)
		}
	}
	o.Columns = []string{s.Columns[0].Name + "x"}
	var fe *format.Error
	if _, err := f.Open(t.Context(), s.Path, o); !errors.As(err, &fe) || fe.Column != o.Columns[0] || !strings.Contains(err.Error(), "did you mean") {
		t.Errorf("a column that the file lacks: %v; want a *format.Error with a suggestion", err)
	}
}

func closes(t *testing.T, f format.Format, s Sample) {
	ctx, cancel := context.WithCancel(t.Context())
	o := readable(s)
	o.BatchRows = 1
	r, err := f.Open(ctx, s.Path, o)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := r.Next(); !errors.Is(err, context.Canceled) {
		t.Errorf("Next after the context ended: %v", err)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if _, err := r.Next(); err == nil {
		t.Error("Next after Close gives a batch")
	}
}

// cut files are read or refused, never a panic, and an error names the file.
func cut(t *testing.T, f format.Format, s Sample) {
	data, err := os.ReadFile(s.Path)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(t.TempDir(), "cut-"+filepath.Base(s.Path))
	for i := range 60 {
		damaged := append([]byte{}, data[:1+rng.IntN(len(data))]...)
		if i%2 == 0 {
			damaged = append([]byte{}, data...)
			for range 3 {
				damaged[rng.IntN(len(damaged))] ^= byte(1 + rng.IntN(255))
			}
		}
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Describe(t.Context(), path, s.Options); err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("Describe of a damaged file: an error without its name: %v", err)
		}
		if _, err := ReadAll(t.Context(), f, path, readable(s)); err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("reading a damaged file: an error without its name: %v", err)
		}
	}
}

func noise(t *testing.T, f format.Format) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		data := make([]byte, 1+rng.IntN(2000))
		for i := range data {
			data[i] = byte(rng.Uint32())
		}
		if score := f.Sniff(data, "data.bin"); score >= 50 {
			t.Errorf("Sniff of noise: %d", score)
		}
	}
	if score := f.Sniff(nil, "data"); score != 0 {
		t.Errorf("Sniff of nothing: %d", score)
	}
}

// absent: what is no readable file is told apart, by Describe and by Open.
func absent(t *testing.T, f format.Format) {
	dir := t.TempDir()
	empty, secret := filepath.Join(dir, "empty"), filepath.Join(dir, "secret")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(secret, []byte("a,b\n1,2\n"), 0); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{filepath.Join(dir, "none"): "there is no such file", dir: "is a directory", empty: "is empty", secret: "no permission"} {
		if path == secret && os.Getuid() == 0 {
			continue // root may read everything
		}
		_, err1 := f.Describe(t.Context(), path, format.Options{})
		_, err2 := f.Open(t.Context(), path, format.Options{})
		for _, err := range []error{err1, err2} {
			var fe *format.Error
			if !errors.As(err, &fe) || fe.File != path || !strings.Contains(fe.Text, says) || fe.Mend == "" {
				t.Errorf("%s: %v; want a *format.Error that says %q and how to mend it", path, err, says)
			}
		}
	}
}

func refuses(t *testing.T, f format.Format, b Broken) {
	path := filepath.Join(t.TempDir(), b.Name)
	if err := os.WriteFile(path, b.Data, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := ReadAll(t.Context(), f, path, b.Options)
	var fe *format.Error
	if !errors.As(err, &fe) || fe.File != path || fe.Mend == "" || !strings.Contains(err.Error(), b.Says) {
		t.Errorf("got %v; want a *format.Error that says %q and how to mend it", err, b.Says)
	}
	if err != nil && b.Canary != "" && strings.Contains(strings.ReplaceAll(err.Error(), path, ""), b.Canary) {
		t.Errorf("the error repeats a cell: %v", err)
	}
}
