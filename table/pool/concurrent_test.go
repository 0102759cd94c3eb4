package pool

import (
	"path/filepath"
	"sync"
	"testing"
)

// TestConcurrentUse of one pool, for the race detector.
func TestConcurrentUse(t *testing.T) {
	path := small(t)
	p := mustOpen(t, path)
	var all sync.WaitGroup
	for i := range 8 {
		q, err := p.Acquire()
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			defer q.Close()
			for range 50 {
				table, _ := q.Table("many")
				var sum float64
				for _, x := range table.Float64("f") {
					sum += x
				}
				columns := []string{"f", "i", "c", "u"}
				if err := q.Verify(t.Context(), "many", columns[i%4:]...); err != nil {
					t.Error(err)
				}
				if err := table.Advise(Sequential, "f"); err != nil {
					t.Error(err)
				}
				r, err := q.Acquire()
				if err != nil {
					t.Error(err)
				}
				r.Close()
			}
		})
	}
	p.Close()
	all.Wait()
}

// TestConcurrentAppenders: tables of one writer are filled at the same time.
func TestConcurrentAppenders(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p")
	w, err := Create(path, Options{Memory: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	var all sync.WaitGroup
	var tables []model
	for i := range 4 {
		m := many(5000 * i)
		m.name = string(rune('a' + i))
		tables = append(tables, m)
		a, err := w.Table(m.name, m.fields)
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			for from := 0; from < m.len(); from += 100 {
				var b []Values
				for _, c := range m.rows {
					b = append(b, part(c, from, from+100))
				}
				if err := a.Append(b...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if _, err := w.Commit(nil); err != nil {
		t.Fatal(err)
	}
	p := mustOpen(t, path)
	for _, m := range tables {
		hold(t, p, m)
	}
}
