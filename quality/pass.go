package quality

import (
	"math"

	"hmsp.center/hmsp/table"
)

// A pass measures one column: first what single values and neighbours tell, then,
// with the quantiles known, what is far from the others and what differs between
// batches.
type pass struct {
	meter  *meter
	column column
	out    Variable

	cells  [][]int // of each batch: values in each part of the distribution, or at each level
	people []int   // of each batch: with a value
	total  []int   // of all batches
	digits digits
}

// chunk is how many values are read between looks at the context.
const chunk = 1 << 20

func (v *pass) run() error {
	c, m := &v.column, v.meter
	v.out = Variable{Name: c.variable.Name, Kind: string(c.variable.Kind), Unit: c.variable.Unit}
	m.sketch.reset()
	clear(m.seen)
	for _, b := range m.mine {
		clear(b)
	}
	for from := 0; from < c.n; from += chunk {
		if err := m.ctx.Err(); err != nil {
			return err
		}
		v.first(from, min(from+chunk, c.n))
	}
	v.out.People = m.seen.count()
	cells := len(c.variable.Levels)
	if c.variable.Numeric() {
		cells = m.sketch.cut(ksParts, m.part)
	}
	v.cells, v.people, v.total = make([][]int, len(m.batches.labels)), make([]int, len(m.batches.labels)), make([]int, cells)
	for i := range v.cells {
		v.cells[i] = make([]int, cells)
	}
	far := v.fences()
	for from := 0; from < c.n; from += chunk {
		if err := m.ctx.Err(); err != nil {
			return err
		}
		v.second(from, min(from+chunk, c.n), &far)
	}
	v.atemporal(&far)
	return nil
}

// patient is whose a value is.
func (c *column) patient(i int) int {
	if c.patients == nil {
		return i
	}
	return int(c.patients[i])
}

// value is a number, or a level's number, and whether there is one.
func (c *column) value(i int) (float64, bool) {
	if c.variable.Numeric() {
		x := c.values.Numbers[i]
		return x, x-x == 0
	}
	return float64(c.values.Codes[i]), c.values.Codes[i] >= 0 && int(c.values.Codes[i]) < len(c.variable.Levels)
}

func (v *pass) first(from, to int) {
	c, m, a, t := &v.column, v.meter, &v.out.Atemporal, &v.out.Temporal
	numeric := c.variable.Numeric()
	lo, hi := c.variable.Range()
	tomorrow := int64(math.MaxInt64)
	if m.o.Now != table.NoTime {
		tomorrow = (table.DayOf(m.o.Now) + 1) * table.Day
	}
	for i := from; i < to; i++ {
		x, ok := c.value(i)
		if !ok {
			continue
		}
		p := c.patient(i)
		v.out.Values++
		m.seen.set(p)
		m.linked.set(p)
		if numeric {
			m.sketch.add(x)
			if x == 0 {
				a.Zeros++
			}
			if lo < hi && (x < lo || x > hi) {
				a.Outside++
			}
		}
		if c.times == nil {
			continue
		}
		if i > 0 && c.patient(i-1) == p && c.times[i-1] == c.times[i] && c.times[i] != table.NoTime { // what is always true may be said often
			if y, ok := c.value(i - 1); ok && y == x {
				v.out.Duplicates++
			}
		}
		if when := c.times[i]; when != table.NoTime {
			v.when(p, when, tomorrow, t)
		}
	}
}

// grace is how long after a death values are plausible: post-mortem findings, and
// results that are entered late (OHDSI Data Quality Dashboard, plausibleBeforeDeath).
const grace = 60 * table.Day

func (v *pass) when(p int, when, tomorrow int64, t *Temporal) {
	m := v.meter
	t.Dated++
	bad := false
	count := func(n *int, is bool) {
		if is {
			*n++
			bad = true
		}
	}
	count(&t.Future, when >= tomorrow)
	if m.birth != nil && m.birth[p] != table.NoTime {
		count(&t.BeforeBirth, when < table.DayOf(m.birth[p])*table.Day)
	}
	if m.death != nil && m.death[p] != table.NoTime {
		count(&t.AfterDeath, when-grace >= (table.DayOf(m.death[p])+1)*table.Day)
	}
	if m.from != nil && m.to != nil {
		count(&t.Unobserved, m.from[p] != table.NoTime && when < table.DayOf(m.from[p])*table.Day ||
			m.to[p] != table.NoTime && when >= (table.DayOf(m.to[p])+1)*table.Day)
	}
	if bad {
		t.Impossible++
		return
	}
	m.first, m.last = min(m.first, when), max(m.last, when)
}

func (v *pass) second(from, to int, far *fences) {
	c, m := &v.column, v.meter
	numeric := c.variable.Numeric()
	stride := max(1, c.n/digitSample)
	batch, last := -1, span{}
	for i := from; i < to; i++ {
		x, ok := c.value(i)
		if !ok {
			continue
		}
		p, cell := c.patient(i), int(x)
		if numeric {
			cell = int(m.part[key(x)])
			if x < far.lo || x > far.hi {
				far.add(x)
			}
			if i%stride == 0 {
				v.digits.add(x)
			}
		}
		v.total[cell]++
		switch {
		case m.o.Batches != nil && m.perPerson:
			batch = int(m.o.Batches[p])
		case m.o.Batches != nil:
			batch = int(m.o.Batches[i])
		case c.times == nil || c.times[i] == table.NoTime:
			batch = -1
		default:
			if !last.has(c.times[i]) {
				last, batch = m.batches.span(c.times[i]), -1
			}
			if batch < 0 {
				if k, ok := m.batches.index[last.number]; ok {
					batch = k
				}
			}
		}
		if batch >= 0 {
			v.cells[batch][cell]++
			m.active[batch].set(p)
			if m.counted(batch, p) {
				v.people[batch]++
			}
		}
	}
}

// finish computes what needs to know who was active in each batch, and the scores.
func (v *pass) finish() {
	m, o := v.meter, &v.out
	for i, label := range m.batches.labels {
		if n := m.active[i].count(); n > 0 {
			o.OverTime = append(o.OverTime, Share{label, n, share(v.people[i], n)})
		}
	}
	if len(o.OverTime) < 2 {
		o.OverTime = nil
	}
	o.Drift = v.drift()
	if c, ok := m.o.Counts[o.Name]; ok {
		o.Source = &c
		o.Atemporal.Outside += c.Outside
	}
	o.Completeness = share(o.People, m.people)
	o.Recorded = m.perPerson && v.column.variable.Kind == table.Flag
	o.Conformance, o.Plausibility = o.conformance(), o.plausibility()
	o.Uniqueness = 1 - share(o.Duplicates, o.Values)
	if m.same > 0 {
		o.Uniqueness = 1 - share(m.same, v.column.n)
	}
	o.Score = o.score()
}

// share is n of all, 0 of none.
func share(n, of int) float64 {
	if of <= 0 {
		return 0
	}
	return float64(n) / float64(of)
}
