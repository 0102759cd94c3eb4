package dataset

import (
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/table/pool"
)

// events collects a variable's events on their way into a pool, which sorts them.
type events struct {
	to       *pool.Appender
	category bool
	patients []int32
	times    []int64
	numbers  []float64
	codes    []int32
}

// eventBatch is how many events are handed on at once.
const eventBatch = 4096

// newEvents begins the table of a variable's events.
func newEvents(w *pool.Writer, v table.Variable) (*events, error) {
	to, err := w.Sorted(pool.EventTable(v.Name), pool.EventFields(v), "patient", "time", "value")
	return &events{to: to, category: v.Kind == table.Category}, err
}

func (e *events) add(who int32, at int64, x float64) error {
	e.patients, e.times = append(e.patients, who), append(e.times, at)
	if e.category {
		e.codes = append(e.codes, int32(x))
	} else {
		e.numbers = append(e.numbers, x)
	}
	if len(e.patients) < eventBatch {
		return nil
	}
	return e.flush()
}

func (e *events) flush() error {
	if len(e.patients) == 0 {
		return nil
	}
	value := pool.Values{Float64: e.numbers}
	if e.category {
		value = pool.Values{Int32: e.codes}
	}
	err := e.to.Append(pool.Values{Int32: e.patients}, pool.Values{Int64: e.times}, value)
	e.patients, e.times, e.numbers, e.codes = e.patients[:0], e.times[:0], e.numbers[:0], e.codes[:0]
	return err
}
