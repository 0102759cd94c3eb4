package pool

import (
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Reader gives the table to an engine that takes Arrow, in batches of at most so many
// rows and without copying. Batches are views and end with the pool's last Close; the
// caller releases the reader.
func (t Table) Reader(batch int) (array.RecordReader, error) {
	if t.p.closed.Load() {
		return nil, fmt.Errorf("pool %s: %w", t.p.m.path, ErrClosed)
	}
	e := t.entry()
	missing := make([]int64, len(e.Fields))
	for i, f := range e.Fields {
		missing[i] = f.Stats.Missing
	}
	s := schema(e.Name, t.Fields(), 0)
	whole := record(s, e.Rows, missing, func(number int, _ int64) []byte {
		if f := e.Fields[number/2]; number%2 == 1 {
			return t.bytes(f.Values.span)
		} else {
			return t.bytes(f.Validity.span)
		}
	})
	defer whole.Release()
	if batch <= 0 {
		batch = math.MaxInt
	}
	var parts []arrow.RecordBatch
	for from := int64(0); from < e.Rows; {
		to := e.Rows
		if int64(batch) < to-from {
			to = from + int64(batch)
		}
		part := whole.NewSlice(from, to)
		defer part.Release()
		parts = append(parts, part)
		from = to
	}
	return array.NewRecordReader(s, parts)
}
