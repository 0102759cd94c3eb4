package pool

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite the golden pool")

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
