package pool_test

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"hmsp.center/hmsp/table/pool"
)

// A pool of one table, written in batches and sorted, then read as it lies.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "ldl")

	w, err := pool.Create(path, pool.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer w.Abort()
	a, err := w.Sorted("ldl", []pool.Field{{Name: "patient", Kind: pool.Int32}, {Name: "value", Kind: pool.Float64}}, "patient")
	if err != nil {
		log.Fatal(err)
	}
	if err := a.Append(pool.Values{Int32: []int32{2, 0}}, pool.Values{Float64: []float64{3.5, 2.5}}); err != nil {
		log.Fatal(err)
	}
	if err := a.Append(pool.Values{Int32: []int32{1}}, pool.Values{Float64: []float64{4}}); err != nil {
		log.Fatal(err)
	}
	if _, err := w.Commit(json.RawMessage(`{"source": "laboratory"}`)); err != nil {
		log.Fatal(err)
	}

	p, err := pool.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	t, _ := p.Table("ldl")
	s, _ := t.Stats("value")
	fmt.Println(t.Int32("patient"), t.Float64("value"), s.Mean, string(p.Meta()))
	// Output: [0 1 2] [2.5 4 3.5] 3.3333333333333335 {"source":"laboratory"}
}
