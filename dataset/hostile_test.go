package dataset

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/table"
)

// heap is the memory in use, in MiB.
func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc >> 20)
}

// A code that is met anew in each batch keeps none of the batches alive.
func TestCodesKeepNoBatch(t *testing.T) {
	c := newConverter(table.Variable{Name: "x", Kind: table.Category, Levels: []table.Level{{Code: "a"}}}, Source{}, ".")
	before := heap()
	for i := range 500 {
		batch := fmt.Sprintf("code%d ", i) + strings.Repeat("x", 1<<20)
		if _, is := c.text(batch[:strings.IndexByte(batch, ' ')]); is != unknown {
			t.Fatal(is)
		}
	}
	if used := heap() - before; used > 100 {
		t.Errorf("%d MiB are held for 500 codes", used)
	}
	runtime.KeepAlive(c)
}

// A source that writes another unit in each row costs no memory.
func TestManyUnits(t *testing.T) {
	s := &selection{variable: table.Variable{Name: "x", Kind: table.Number, Unit: "mg", Max: 10}, units: map[string]*conversion{}}
	s.convert = newConverter(s.variable, Source{}, ".")
	r := &tableReader{at: map[string]int{format.Unit: 0}, kind: []format.Kind{format.Text}}
	for i := range 3 * maxSeen {
		r.b = format.Batch{Rows: 1, Columns: []format.Values{{Text: []string{fmt.Sprintf("unit %d", i)}}}}
		if _, is := s.number(1, r, 0); is != excluded {
			t.Fatal(is)
		}
	}
	if len(s.units) > maxSeen {
		t.Errorf("%d units are held", len(s.units))
	}
	r.b = format.Batch{Rows: 1, Columns: []format.Values{{Text: []string{"g"}}}}
	if x, is := s.number(0.001, r, 0); is != good || x != 1 {
		t.Errorf("after them a gram is %v mg (%v)", 1000*x, is)
	}
}
