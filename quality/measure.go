package quality

import (
	"context"
	"fmt"
	"math"
	"slices"

	"hmsp.center/hmsp/table"
)

// Options say what is measured. The zero value measures what the data alone tell.
type Options struct {
	Dataset string
	Now     int64             // the time of the check, in seconds as table.History; 0 or table.NoTime: nothing is in the future
	Counts  map[string]Counts // what the mapping counted, by variable
	Checks  []Check           // what was counted of samples, recordings and images
	// Batches, with Labels, says of which batch each person (of a history) or row (of a
	// table) is; -1 is none. Without it a history's batches are years, or quarters.
	Batches  []int32
	Labels   []string
	Quarters bool
}

// mostBatches bounds the memory of what is counted for each batch.
const mostBatches = 400

// A column is one variable as it is measured: a history's events or a table's rows.
type column struct {
	variable table.Variable
	patients []int32 // nil: one row a person
	times    []int64 // nil: no times
	values   table.Column
	n        int
}

// OfHistory measures people over time. It reads the columns twice and keeps no more
// than counts of them. The error is a context's, or says that the history is broken.
func OfHistory(ctx context.Context, h table.History, o Options) (Profile, error) {
	columns := make([]column, len(h.Events))
	for i, e := range h.Events {
		columns[i] = column{e.Variable, e.Patients, e.Times, e.Values, e.Len()}
		if len(e.Times) != e.Len() || max(len(e.Values.Numbers), len(e.Values.Codes)) != e.Len() {
			return Profile{}, fmt.Errorf("measure quality: %q has columns of different lengths", e.Variable.Name)
		}
	}
	m := newMeter(ctx, o, h.People())
	m.birth, m.death, m.from, m.to = h.Birth, h.Death, h.From, h.To
	m.perPerson = true
	return m.profile(columns)
}

// OfTable measures a flat table. Its rows have no times: batches are those of the
// options.
func OfTable(ctx context.Context, t table.Table, o Options) (Profile, error) {
	patients, people := dense(t)
	columns := make([]column, len(t.Schema))
	for i, v := range t.Schema {
		columns[i] = column{v, patients, nil, t.Columns[i], t.Rows()}
	}
	m := newMeter(ctx, o, people)
	var err error
	if m.same, err = sameRows(ctx, t, patients); err != nil {
		return Profile{}, err
	}
	return m.profile(columns)
}

// dense numbers the patients of a table from 0. Where they are numbered so already, as
// in a pool, nothing is copied.
func dense(t table.Table) ([]int32, int) {
	if t.Patients == nil || t.Rows() == 0 {
		return nil, t.Rows()
	}
	if most := int(slices.Max(t.Patients)); slices.Min(t.Patients) == 0 && most < t.Rows() && t.People() == most+1 {
		return t.Patients, most + 1
	}
	number := map[int32]int32{}
	out := make([]int32, len(t.Patients))
	for i, p := range t.Patients {
		k, ok := number[p]
		if !ok {
			k = int32(len(number))
			number[p] = k
		}
		out[i] = k
	}
	return out, len(number)
}

// hashedRows is how many rows are held as hashes at once, more or less.
const hashedRows = 1 << 22

// sameRows counts the rows that repeat another row of the same patient in every
// column. They are told by a hash of 64 bits, FNV-1a over the words: a wrong pair is
// expected once in 2^64 / rows^2. Of many rows, it looks at some of the hashes at a time.
func sameRows(ctx context.Context, t table.Table, patients []int32) (same int, err error) {
	if patients == nil || len(t.Columns) == 0 {
		return 0, nil
	}
	parts := uint64(1 + len(patients)/hashedRows)
	var hashes []uint64
	for part := range parts {
		hashes = hashes[:0]
		for i, p := range patients {
			if i%chunk == 0 && ctx.Err() != nil {
				return 0, ctx.Err()
			}
			if h := hashOf(t, i, p); h%parts == part {
				hashes = append(hashes, h)
			}
		}
		slices.Sort(hashes)
		same += len(hashes) - len(slices.Compact(hashes))
	}
	return same, nil
}

func hashOf(t table.Table, row int, patient int32) uint64 {
	h := mix(14695981039346656037, uint64(patient))
	for _, c := range t.Columns {
		if c.Numbers != nil {
			h = mix(h, math.Float64bits(c.Numbers[row]+0))
		} else {
			h = mix(h, uint64(c.Codes[row]))
		}
	}
	return h
}

func mix(h, x uint64) uint64 {
	h = (h ^ x) * 1099511628211
	return h ^ h>>29
}

// A meter measures the columns of a dataset.
type meter struct {
	ctx                    context.Context
	o                      Options
	people                 int
	perPerson              bool // Options.Batches are of people
	birth, death, from, to []int64
	same                   int
	batches                calendar
	active                 []bits // of each batch: who has any value in it, or is observed
	mine                   []bits // of each batch: who has a value of the variable that is measured
	linked, seen           bits
	sketch                 *sketch
	part                   []uint8
	first, last            int64
}

func newMeter(ctx context.Context, o Options, people int) *meter {
	m := &meter{ctx: ctx, o: o, people: people, linked: newBits(people), seen: newBits(people), sketch: newSketch(), part: make([]uint8, keys), first: math.MaxInt64, last: table.NoTime}
	if m.o.Now == 0 {
		m.o.Now = table.NoTime
	}
	return m
}

func (m *meter) profile(columns []column) (Profile, error) {
	if err := m.valid(columns); err != nil {
		return Profile{}, fmt.Errorf("measure quality: %w", err)
	}
	if err := m.plan(columns); err != nil {
		return Profile{}, err
	}
	p := Profile{Hmsp: Version, Dataset: m.o.Dataset, People: m.people, SameRows: m.same}
	passes := make([]*pass, len(columns))
	for i, c := range columns {
		v := &pass{meter: m, column: c}
		if err := v.run(); err != nil {
			return Profile{}, err
		}
		passes[i] = v
		p.Values += v.out.Values
	}
	m.observed()
	for i, label := range m.batches.labels {
		if n := m.active[i].count(); n > 0 {
			p.Batches = append(p.Batches, Batch{label, n})
		}
	}
	for _, v := range passes {
		v.finish()
		p.Variables = append(p.Variables, v.out)
	}
	p.Linked = m.linked.count()
	if m.last >= m.first {
		p.First, p.Last = day(m.first), day(m.last)
	}
	p.Lifespan, p.Reversed = before(m.death, m.birth), before(m.to, m.from)
	p.Checks = m.o.Checks
	p.judge()
	return p, nil
}

func (m *meter) valid(columns []column) error {
	want, what := m.people, "person"
	if !m.perPerson {
		what = "row"
		want = 0
		if len(columns) > 0 {
			want = columns[0].n
		}
	}
	if m.o.Batches != nil && len(m.o.Batches) != want {
		return fmt.Errorf("there are %d batch numbers, not one for each %s", len(m.o.Batches), what)
	}
	for _, b := range m.o.Batches {
		if int(b) >= len(m.o.Labels) {
			return fmt.Errorf("a batch has no label")
		}
	}
	if len(m.o.Labels) > mostBatches {
		return fmt.Errorf("there are %d batches; at most %d are compared", len(m.o.Labels), mostBatches)
	}
	for _, t := range [][]int64{m.birth, m.death, m.from, m.to} {
		if t != nil && len(t) != m.people {
			return fmt.Errorf("a time of the people is not given for each")
		}
	}
	for _, c := range columns {
		for _, p := range c.patients {
			if int(p) >= m.people || p < 0 {
				return fmt.Errorf("%q has values of a patient that the dataset does not have", c.variable.Name)
			}
		}
	}
	return nil
}

// observed counts people as active in the batches of their observation.
func (m *meter) observed() {
	if m.batches.index == nil || m.from == nil || m.to == nil {
		return
	}
	for p := range m.from {
		if m.from[p] == table.NoTime || m.to[p] == table.NoTime || m.to[p] < m.from[p] {
			continue
		}
		for b := m.batches.number(m.from[p]); b <= m.batches.number(m.to[p]); b++ {
			if i, ok := m.batches.index[b]; ok {
				m.active[i].set(p)
			}
		}
	}
}

// before counts the people of whom a is known to be before b.
func before(a, b []int64) (n int) {
	for i := range min(len(a), len(b)) {
		if a[i] != table.NoTime && b[i] != table.NoTime && a[i]+table.Day <= b[i] {
			n++
		}
	}
	return n
}

// counted says whether a person is met for the first time in a batch.
func (m *meter) counted(batch, p int) bool {
	if m.mine[batch].has(p) {
		return false
	}
	m.mine[batch].set(p)
	return true
}

// bits are a set of people.
type bits []uint64

func newBits(n int) bits { return make(bits, (n+63)/64) }

func (b bits) set(i int)      { b[i>>6] |= 1 << (i & 63) }
func (b bits) has(i int) bool { return b[i>>6]>>(i&63)&1 == 1 }
