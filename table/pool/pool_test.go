package pool

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite the golden pool")

// model is a table as a test knows it.
type model struct {
	name   string
	fields []Field
	rows   []Values // one a column
	by     []string
}

func (m model) len() int { return len(m.rows[0].bytes(m.fields[0].Kind)) / m.fields[0].Kind.width() }

func part(v Values, from, to int) Values {
	cut := func(n int) (int, int) { return min(from, n), min(to, n) }
	var out Values
	a, b := cut(len(v.Float64))
	out.Float64 = v.Float64[a:b]
	a, b = cut(len(v.Int64))
	out.Int64 = v.Int64[a:b]
	a, b = cut(len(v.Int32))
	out.Int32 = v.Int32[a:b]
	a, b = cut(len(v.Uint64))
	out.Uint64 = v.Uint64[a:b]
	return out
}

// drawTable draws a table of all kinds, with missing values.
func drawTable(t *rapid.T, name string, most int) model {
	m := model{name: name}
	rows := rapid.IntRange(0, most).Draw(t, "rows")
	draw := func(k Kind) (v Values) {
		few := rapid.Bool().Draw(t, "few")
		all := rapid.SampledFrom([]int{0, 1, 2}).Draw(t, "missing") // never, some, always
		gone := func() bool { return all == 2 || all == 1 && rapid.IntRange(0, 3).Draw(t, "gone") == 0 }
		for range rows {
			n := rapid.Int64().Draw(t, "value")
			if few {
				n = n&3 + 1
			}
			switch k {
			case Float64:
				x := math.Float64frombits(uint64(n))
				if few {
					x = float64(n)
				}
				if gone() {
					x = math.NaN()
				}
				v.Float64 = append(v.Float64, x)
			case Int64:
				if gone() {
					n = math.MinInt64
				}
				v.Int64 = append(v.Int64, n)
			case Int32:
				if gone() {
					n = -1
				}
				v.Int32 = append(v.Int32, int32(n))
			case Uint64:
				v.Uint64 = append(v.Uint64, uint64(n))
			}
		}
		return v
	}
	for i := range rapid.IntRange(1, 5).Draw(t, "columns") {
		k := Kind(rapid.IntRange(int(Float64), int(Uint64)).Draw(t, "kind"))
		m.fields = append(m.fields, Field{fmt.Sprintf("%s %d", rapid.String().Draw(t, "name"), i), k})
		m.rows = append(m.rows, draw(k))
	}
	return m
}

// store makes a pool of the tables, in batches of some rows.
func store(t testing.TB, path string, o Options, batch int, tables ...model) string {
	t.Helper()
	w, err := Create(path, o)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for _, m := range tables {
		a, err := w.add(m.name, m.fields, m.by)
		if err != nil {
			t.Fatal(err)
		}
		for from := 0; from < m.len(); from += batch {
			var b []Values
			for _, c := range m.rows {
				b = append(b, part(c, from, min(from+batch, m.len())))
			}
			if err := a.Append(b...); err != nil {
				t.Fatal(err)
			}
		}
	}
	id, err := w.Commit(json.RawMessage(`{"for": "a test"}`))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func mustOpen(t testing.TB, path string) *Pool {
	t.Helper()
	p, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func (t Table) values(f Field) Values {
	return Values{Float64: t.Float64(f.Name), Int64: t.Int64(f.Name), Int32: t.Int32(f.Name), Uint64: t.Uint64(f.Name)}
}

func bytesEqual(k Kind, a, b Values) bool { return bytes.Equal(a.bytes(k), b.bytes(k)) }

func hold(t interface {
	Fatalf(string, ...any)
	Helper()
}, p *Pool, m model) {
	t.Helper()
	got, ok := p.Table(m.name)
	if !ok || got.Rows() != m.len() || !slices.Equal(got.Fields(), m.fields) {
		t.Fatalf("table %q has %d rows, want %d", m.name, got.Rows(), m.len())
	}
	for i, f := range m.fields {
		if !bytesEqual(f.Kind, got.values(f), m.rows[i]) {
			t.Fatalf("column %q differs", f.Name)
		}
		holdStats(t, got, f, m.rows[i])
		bits := got.Validity(f.Name)
		for row := range m.len() {
			there := missing(f.Kind, m.rows[i].bytes(f.Kind)[row*f.Kind.width():][:f.Kind.width()]) == 0
			if bits == nil && !there || bits != nil && bits[row/8]>>(row%8)&1 == 1 != there {
				t.Fatalf("column %q: the validity of row %d differs", f.Name, row)
			}
		}
	}
}

func holdStats(t interface {
	Fatalf(string, ...any)
	Helper()
}, got Table, f Field, v Values) {
	t.Helper()
	var want Stats
	var finite, sum float64
	seen := map[float64]bool{}
	add := func(x float64, gone bool) {
		if gone {
			want.Missing++
			return
		}
		want.Count++
		seen[x] = true
		if math.IsInf(x, 0) {
			return
		}
		if finite == 0 {
			want.Min, want.Max = x, x
		}
		want.Min, want.Max = min(want.Min, x), max(want.Max, x)
		finite++
		sum += x
	}
	for _, x := range v.Float64 {
		add(x, math.IsNaN(x))
	}
	for _, x := range v.Int64 {
		add(float64(x), x == math.MinInt64)
	}
	for _, x := range v.Int32 {
		add(float64(x), x == -1)
	}
	for _, x := range v.Uint64 {
		add(float64(x), false)
	}
	s, ok := got.Stats(f.Name)
	if !ok || s.Count != want.Count || s.Missing != want.Missing || s.Min != want.Min || s.Max != want.Max {
		t.Fatalf("column %q: stats are %+v, want %+v", f.Name, s, want)
	}
	// values beyond 2^53 fall together in the test's map, so it is a lower bound there
	if n := len(seen); n <= MaxDistinct && (s.Distinct < n && s.Distinct != -1 || f.Kind == Float64 && s.Distinct != n) || n > MaxDistinct && s.Distinct != -1 {
		t.Fatalf("column %q: %d distinct, want %d", f.Name, s.Distinct, n)
	}
	if mean := sum / finite; finite > 0 && !math.IsInf(sum, 0) && math.Abs(s.Mean-mean) > 1e-9*max(math.Abs(want.Min), math.Abs(want.Max)) {
		t.Fatalf("column %q: mean %v, want %v", f.Name, s.Mean, mean)
	}
}

// holdArrow reads a table's file with the reader of arrow-go.
func holdArrow(t interface {
	Fatalf(string, ...any)
	Helper()
}, p *Pool, m model) {
	t.Helper()
	i := slices.IndexFunc(p.m.doc.Tables, func(e tableEntry) bool { return e.Name == m.name })
	data, err := os.ReadFile(filepath.Join(p.Path(), p.m.doc.Tables[i].File))
	if err != nil {
		t.Fatalf("%v", err)
	}
	r, err := ipc.NewFileReader(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("arrow: %v", err)
	}
	defer r.Close()
	if r.NumRecords() != 1 {
		t.Fatalf("arrow: %d batches", r.NumRecords())
	}
	rec, err := r.RecordBatch(0)
	if err != nil {
		t.Fatalf("arrow: %v", err)
	}
	holdRecord(t, rec, m, 0)
}

func holdRecord(t interface {
	Fatalf(string, ...any)
	Helper()
}, rec arrow.RecordBatch, m model, from int) {
	t.Helper()
	for i, f := range m.fields {
		if rec.ColumnName(i) != f.Name {
			t.Fatalf("arrow: column %q is called %q", f.Name, rec.ColumnName(i))
		}
		want := part(m.rows[i], from, from+int(rec.NumRows()))
		var got Values
		switch c := rec.Column(i).(type) {
		case *array.Float64:
			got.Float64 = c.Float64Values()
		case *array.Int64:
			got.Int64 = c.Int64Values()
		case *array.Int32:
			got.Int32 = c.Int32Values()
		case *array.Uint64:
			got.Uint64 = c.Uint64Values()
		}
		if !bytesEqual(f.Kind, got, want) {
			t.Fatalf("arrow: column %q differs", f.Name)
		}
		if n := missing(f.Kind, want.bytes(f.Kind)); int64(rec.Column(i).NullN()) != n {
			t.Fatalf("arrow: column %q has %d nulls, want %d", f.Name, rec.Column(i).NullN(), n)
		}
		for row := range int(rec.NumRows()) {
			if gone := missing(f.Kind, want.bytes(f.Kind)[row*f.Kind.width():][:f.Kind.width()]) == 1; rec.Column(i).IsNull(row) != gone {
				t.Fatalf("arrow: row %d of %q", row, f.Name)
			}
		}
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "pool")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		most := rapid.SampledFrom([]int{0, 1, 9, 100}).Draw(t, "most")
		tables := []model{drawTable(t, "event/LDL ä \"x\"", most), drawTable(t, "../../etc", most)}
		w, err := Create(filepath.Join(dir, "p"), Options{Memory: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Abort()
		for _, m := range tables {
			a, err := w.Table(m.name, m.fields)
			if err != nil {
				t.Fatal(err)
			}
			for from := 0; from < m.len(); {
				to := rapid.IntRange(from, m.len()).Draw(t, "to")
				var b []Values
				for _, c := range m.rows {
					b = append(b, part(c, from, to))
				}
				if err := a.Append(b...); err != nil {
					t.Fatal(err)
				}
				if rapid.IntRange(0, 4).Draw(t, "spill") == 0 { // as if memory had been short
					w.mu.Lock()
					if err := a.spill(); err != nil {
						t.Fatal(err)
					}
					w.mu.Unlock()
				}
				from = to
			}
		}
		id, err := w.Commit(nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Open(filepath.Join(dir, "p"))
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if p.ID() != id || p.Meta() != nil {
			t.Fatalf("id %s, want %s", p.ID(), id)
		}
		for _, m := range tables {
			hold(t, p, m)
			holdArrow(t, p, m)
		}
		if err := p.VerifyAll(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// many is a table of many rows; every seventh value is missing in two columns.
func many(rows int) model {
	m := model{name: "many", fields: []Field{{"f", Float64}, {"i", Int64}, {"c", Int32}, {"u", Uint64}, {"none", Float64}}, rows: make([]Values, 5)}
	x := uint64(1)
	for i := range rows {
		x = x*6364136223846793005 + 1442695040888963407
		f, n := float64(x>>20)/1e6, int64(x>>33)
		if i%7 == 0 {
			f, n = math.NaN(), math.MinInt64
		}
		m.rows[0].Float64 = append(m.rows[0].Float64, f)
		m.rows[1].Int64 = append(m.rows[1].Int64, n)
		m.rows[2].Int32 = append(m.rows[2].Int32, int32(x>>60))
		m.rows[3].Uint64 = append(m.rows[3].Uint64, x)
		m.rows[4].Float64 = append(m.rows[4].Float64, math.NaN())
	}
	return m
}

func TestManyRows(t *testing.T) {
	m := many(300_001)
	dir := t.TempDir()
	id := store(t, filepath.Join(dir, "small"), Options{Memory: 1}, 4096, m)
	if big := store(t, filepath.Join(dir, "big"), Options{}, 1<<30, m); big != id {
		t.Error("the identity depends on memory or batches")
	}
	p := mustOpen(t, filepath.Join(dir, "small"))
	hold(t, p, m)
	holdArrow(t, p, m)
	if string(p.Meta()) != `{"for":"a test"}` {
		t.Errorf("meta %s", p.Meta())
	}
	for _, e := range p.m.doc.Tables {
		for _, f := range e.Fields {
			if f.Values.Offset%64 != 0 || f.Validity != nil && f.Validity.Offset%64 != 0 {
				t.Errorf("column %q is not aligned", f.Name)
			}
		}
	}
	table, _ := p.Table("many")
	for _, how := range []Advice{Sequential, Random, WillNeed, Normal} {
		if err := table.Advise(how); err != nil {
			t.Error(err)
		}
		if err := table.Advise(how, "f", "u"); err != nil {
			t.Error(err)
		}
	}
	if table.Advise(Random, "z") == nil || table.Float64("i") != nil || table.Int32("z") != nil {
		t.Error("a column that is not there")
	}
	r, err := table.Reader(100_000)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	from := 0
	for r.Next() {
		holdRecord(t, r.RecordBatch(), m, from)
		from += int(r.RecordBatch().NumRows())
	}
	if from != table.Rows() {
		t.Errorf("%d rows by Arrow", from)
	}
}

func TestWriterRefuses(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(filepath.Join(dir, "p"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	one := []Field{{"x", Float64}}
	a, err := w.Table("a", one)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func() error{
		"a table twice":       func() error { _, err := w.Table("a", one); return err },
		"no table name":       func() error { _, err := w.Table("", one); return err },
		"a name not UTF-8":    func() error { _, err := w.Table("\xff", one); return err },
		"no columns":          func() error { _, err := w.Table("b", nil); return err },
		"a column twice":      func() error { _, err := w.Table("b", []Field{{"x", Int32}, {"x", Int32}}); return err },
		"no column name":      func() error { _, err := w.Table("b", []Field{{"", Int32}}); return err },
		"no kind":             func() error { _, err := w.Table("b", []Field{{"x", 0}}); return err },
		"sorted by nothing":   func() error { _, err := w.Sorted("b", one); return err },
		"sorted by a phantom": func() error { _, err := w.Sorted("b", one, "y"); return err },
		"too few columns":     func() error { return a.Append() },
		"another kind":        func() error { return a.Append(Values{Int32: []int32{1}}) },
		"two kinds":           func() error { return a.Append(Values{Float64: []float64{1}, Int32: []int32{1, 2}}) },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.Commit(json.RawMessage(`{`)); err == nil {
		t.Error("meta that is not JSON is taken")
	}
	if _, err := w.Commit(nil); err == nil {
		t.Error("a writer commits after it failed")
	}
	if err := a.Append(Values{Float64: []float64{1}}); err == nil {
		t.Error("a row is taken after the end")
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("there remain %v", left)
	}
	if _, err := Create(dir, Options{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a folder: %v", err)
	}
	if _, err := Create(filepath.Join(dir, "no", "p"), Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in no folder: %v", err)
	}
	if _, err := Create(filepath.Join(dir, "p"), Options{Temp: filepath.Join(dir, "no")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("with no folder to spill to: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("there remain %v", left)
	}
}

func TestReferences(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p")
	store(t, path, Options{}, 10, many(100))
	p := mustOpen(t, path)
	q, err := p.Acquire()
	if err != nil {
		t.Fatal(err)
	}
	table, _ := q.Table("many")
	xs := table.Uint64("u")
	p.Close()
	p.Close() // counts once
	if _, err := p.Acquire(); !errors.Is(err, ErrClosed) {
		t.Errorf("acquired a closed pool: %v", err)
	}
	if err := p.Verify(t.Context(), "many"); !errors.Is(err, ErrClosed) {
		t.Errorf("verified a closed pool: %v", err)
	}
	if xs[99] != many(100).rows[3].Uint64[99] {
		t.Error("the view ended with another reference")
	}
	q.Close()
	if table.Uint64("u") != nil || table.Validity("f") != nil {
		t.Error("a closed pool has columns")
	}
	if _, err := table.Reader(0); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed pool has a reader: %v", err)
	}
}

func golden() (Options, []model) {
	return Options{By: "hmsp test", Created: time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)}, []model{
		{name: "event/LDL", by: []string{"patient", "time"}, fields: []Field{{"patient", Int32}, {"time", Int64}, {"value", Float64}}, rows: []Values{
			{Int32: []int32{2, 0, 1, 0}}, {Int64: []int64{86400, math.MinInt64, -5, -7}}, {Float64: []float64{3.5, math.NaN(), 2.25, -1e300}}}},
		{name: "people", fields: []Field{{"pseudonym", Uint64}}, rows: []Values{{Uint64: []uint64{1, 1 << 63, math.MaxUint64}}}},
		{name: "empty", fields: []Field{{"x", Float64}, {"y", Int32}}, rows: []Values{{}, {}}},
	}
}

// TestGoldenPool: a pool of this version is written as it always was, and one that
// was written then opens and holds what it held.
func TestGoldenPool(t *testing.T) {
	const id = "60a697c9fd31c107"
	stored := filepath.Join("testdata", "v1")
	path := filepath.Join(t.TempDir(), "p")
	o, tables := golden()
	got := store(t, path, o, 3, tables...)
	if *update {
		os.RemoveAll(stored)
		if err := os.CopyFS(stored, os.DirFS(path)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(filepath.Join(stored, documentName))
	if err != nil {
		t.Fatal(err)
	}
	if have, _ := os.ReadFile(filepath.Join(path, documentName)); !bytes.Equal(have, want) {
		t.Errorf("pool.json is\n%s\nand was\n%s", have, want)
	}
	if !strings.HasPrefix(got, id) {
		t.Errorf("the identity is %s and began with %s", got, id)
	}
	copied := filepath.Join(t.TempDir(), "copy") // a checkout may give others the right to write
	if err := os.Mkdir(copied, 0o700); err != nil {
		t.Fatal(err)
	}
	entries, _ := os.ReadDir(stored)
	for _, e := range entries {
		data, _ := os.ReadFile(filepath.Join(stored, e.Name()))
		if err := os.WriteFile(filepath.Join(copied, e.Name()), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := mustOpen(t, copied)
	if err := p.VerifyAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	e, _ := p.Table("event/LDL")
	if !slices.Equal(e.Int32("patient"), []int32{0, 0, 1, 2}) || !slices.Equal(e.Int64("time"), []int64{math.MinInt64, -7, -5, 86400}) {
		t.Errorf("events are %v at %v", e.Int32("patient"), e.Int64("time"))
	}
	if v := e.Float64("value"); !math.IsNaN(v[0]) || !slices.Equal(v[1:], []float64{-1e300, 2.25, 3.5}) {
		t.Errorf("values are %v", v)
	}
	if !slices.Equal(p.Tables(), []string{"event/LDL", "people", "empty"}) || !slices.Equal(e.Sorted(), []string{"patient", "time"}) {
		t.Errorf("tables are %v", p.Tables())
	}
}
