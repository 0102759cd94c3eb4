package quality

import (
	"fmt"
	onebits "math/bits"
	"slices"

	"hmsp.center/hmsp/table"
)

func (b bits) count() (n int) {
	for _, w := range b {
		n += onebits.OnesCount64(w)
	}
	return n
}

// A calendar numbers the batches: years or quarters, or those of the options.
type calendar struct {
	quarters bool
	index    map[int]int // of a year or quarter; nil with the options' batches
	labels   []string
}

// number is the year of a time, or 4 * year + quarter.
func (c calendar) number(t int64) int {
	y, m, _ := table.DateOf(t)
	if c.quarters {
		return 4*y + (m-1)/3
	}
	return y
}

// A span is a year or quarter, from its first second to before the next one's. Values
// of a patient are sorted by time, so most are in the span of the one before.
type span struct {
	number, year int
	from, to     int64
}

func (s span) has(t int64) bool { return t >= s.from && t < s.to }

func (c calendar) span(t int64) span {
	y, m, _ := table.DateOf(t)
	if !c.quarters {
		return span{y, y, start(y, 1), start(y+1, 1)}
	}
	q := (m - 1) / 3
	s := span{4*y + q, y, start(y, 3*q+1), start(y, 3*q+4)}
	if q == 3 {
		s.to = start(y+1, 1)
	}
	return s
}

// start is the first second of a month.
func start(year, month int) int64 { return table.DayOfDate(year, month, 1) * table.Day }

func (c calendar) label(number int) string {
	if c.quarters {
		return fmt.Sprintf("%d-Q%d", number/4, number%4+1)
	}
	return fmt.Sprint(number)
}

// The years that batches are made of; times outside are mistakes and are counted as
// such.
const (
	firstYear = 1900
	lastYear  = 2199
)

// plan finds the batches.
func (m *meter) plan(columns []column) error {
	if m.o.Batches != nil {
		m.batches = calendar{labels: m.o.Labels}
	} else {
		c := calendar{quarters: m.o.Quarters, index: map[int]int{}}
		var last span
		for _, col := range columns {
			if err := m.ctx.Err(); err != nil {
				return err
			}
			for _, t := range col.times {
				if t == table.NoTime || last.has(t) {
					continue
				}
				if last = c.span(t); last.year >= firstYear && last.year <= lastYear {
					c.index[last.number] = 0
				}
			}
		}
		if len(c.index) > mostBatches { // quarters of a century: years do
			c.quarters, c.index = false, years(c.index)
		}
		numbers := make([]int, 0, len(c.index))
		for n := range c.index {
			numbers = append(numbers, n)
		}
		slices.Sort(numbers)
		for i, n := range numbers {
			c.index[n] = i
			c.labels = append(c.labels, c.label(n))
		}
		m.batches = c
	}
	m.active, m.mine = make([]bits, len(m.batches.labels)), make([]bits, len(m.batches.labels))
	for i := range m.active {
		m.active[i], m.mine[i] = newBits(m.people), newBits(m.people)
	}
	return nil
}

func years(quarters map[int]int) map[int]int {
	out := map[int]int{}
	for q := range quarters {
		out[q/4] = 0
	}
	return out
}

func day(t int64) string {
	y, m, d := table.DateOf(t)
	return fmt.Sprintf("%04d-%02d-%02d", y, m, d)
}
