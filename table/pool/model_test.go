package pool

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"pgregory.net/rapid"
)

// failer is a testing.TB or a rapid.T.
type failer interface {
	Fatalf(string, ...any)
	Helper()
}

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

func hold(t failer, p *Pool, m model) {
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

func holdStats(t failer, got Table, f Field, v Values) {
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
func holdArrow(t failer, p *Pool, m model) {
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

func holdRecord(t failer, rec arrow.RecordBatch, m model, from int) {
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
