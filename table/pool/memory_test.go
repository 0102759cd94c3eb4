package pool

import (
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"
)

// peak samples the heap until the returned function is called, which gives how far
// it rose above where it was.
func peak() func() uint64 {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	runtime.GC()
	base := heap()
	var most uint64
	stop := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				most = max(most, heap())
			}
		}
	})
	return func() uint64 {
		close(stop)
		done.Wait()
		if most < base {
			return 0
		}
		return most - base
	}
}

// fill writes tables of so many bytes with a writer that may hold so much: two large
// ones, one of them sorted, and many small ones. It gives the peak of the heap.
func fill(path string, memory, size int64) (uint64, error) {
	const batch = 10_000
	m := many(batch)
	w, err := Create(path, Options{Memory: memory})
	if err != nil {
		return 0, err
	}
	defer w.Abort()
	var tables []*Appender
	for i := range 100 {
		var by []string
		if i%2 == 0 {
			by = []string{"u"}
		}
		a, err := w.add(strconv.Itoa(i), m.fields, by)
		if err != nil {
			return 0, err
		}
		tables = append(tables, a)
	}
	high := peak()
	for n := int64(0); n*batch*36 < size; n++ {
		a := tables[n&1]
		if n%4 == 3 {
			a = tables[n%100]
		}
		if err := a.Append(m.rows...); err != nil {
			return 0, err
		}
	}
	_, err = w.Commit(nil)
	return high(), err
}

// TestWriterKeepsToItsMemory: twenty times as much as a writer may hold is written,
// in a process of its own.
func TestWriterKeepsToItsMemory(t *testing.T) {
	memory, times := int64(8<<20), int64(20)
	if testing.Short() {
		times = 5
	}
	_, line, end := start(t, "fill", filepath.Join(t.TempDir(), "p"), strconv.FormatInt(memory, 10), strconv.FormatInt(times*memory, 10))
	defer end()
	got, err := strconv.ParseInt(line, 10, 64)
	if err != nil {
		t.Fatal(line)
	}
	if got > memory*3/2 {
		t.Errorf("the heap rose by %d bytes where the writer may hold %d", got, memory)
	}
	t.Logf("the heap rose by %.1f MiB of %d while %d MiB were written", float64(got)/(1<<20), memory>>20, times*memory>>20)
}
