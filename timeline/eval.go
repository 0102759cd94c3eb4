package timeline

import (
	"fmt"
	"math"
	"slices"

	"hmsp.center/hmsp/table"
)

// Eval makes the plan's variables of a history: a row for each person of the study,
// in the order of their numbers, which are the table's Patients. This is the
// definition of what a plan means. It fails if the history lacks a variable, holds
// it with another type, or has a time outside the years 1 to 9999.
func (p Plan) Eval(h table.History) (table.Table, error) { return p.EvalPeople(h, 0, h.People()) }

// EvalPeople is Eval of the people from..to-1 alone: the rows of Eval in pieces.
func (p Plan) EvalPeople(h table.History, from, to int) (table.Table, error) {
	if err := p.Check(h, from, to); err != nil {
		return table.Table{}, err
	}
	e := p.evaluator(h, from)
	columns := make([]table.Column, len(p.features))
	for i, f := range p.features {
		columns[i] = column(f.variable, to-from)
	}
	patients, pseudonyms := make([]int32, 0, to-from), make([]uint64, 0, to-from)
	for person := from; person < to; person++ {
		if !e.person(int32(person)) {
			continue
		}
		for i, f := range p.features {
			put(&columns[i], e.value(f))
		}
		patients = append(patients, int32(person))
		pseudonyms = append(pseudonyms, h.Pseudonyms[person])
	}
	out, err := table.New(p.Schema(), columns, patients)
	out.Pseudonyms = pseudonyms
	return out, err
}

func column(v table.Variable, capacity int) table.Column {
	if v.Numeric() {
		return table.Column{Numbers: make([]float64, 0, capacity)}
	}
	return table.Column{Codes: make([]int32, 0, capacity)}
}

// put appends a value; a category's is the number of its level.
func put(c *table.Column, x float64) {
	switch {
	case c.Codes == nil:
		c.Numbers = append(c.Numbers, x)
	case math.IsNaN(x):
		c.Codes = append(c.Codes, -1)
	default:
		c.Codes = append(c.Codes, int32(x))
	}
}

// An evaluator goes through the people of a history.
type evaluator struct {
	plan    Plan
	history table.History
	sources []source // of Plan.reads

	// of the person that it stands at, in days
	day, birth, death, end int64 // none of the last three is noDay
	runs                   []run // of Plan.reads
	dying                  run
	dyingTime              [1]int64
	middle                 []float64 // scratch
}

// noDay is the day of what has no time.
const noDay = math.MinInt64

// A source is the events of a variable, and where those of the next person begin.
type source struct {
	events table.Events
	next   int
}

// A run is the events of one person: Values of a category are Codes.
type run struct {
	times  []int64
	values table.Column
}

func (r run) value(i int) float64 {
	if r.values.Codes != nil {
		return float64(r.values.Codes[i])
	}
	return r.values.Numbers[i]
}

func (r run) slice(from, to int) run {
	out := run{times: r.times[from:to]}
	if r.values.Codes != nil {
		out.values.Codes = r.values.Codes[from:to]
	} else {
		out.values.Numbers = r.values.Numbers[from:to]
	}
	return out
}

// Check says whether the people from..to-1 of a history can be evaluated: it has the
// variables that the plan reads, of the same type, and times of the years 1 to 9999.
func (p Plan) Check(h table.History, from, to int) error {
	for _, v := range p.reads {
		events, ok := h.Lookup(v.Name)
		if !ok {
			return fmt.Errorf("the history lacks the variable %q, which the study reads", v.Name)
		}
		same := func(a, b table.Level) bool { return a.Code == b.Code }
		if events.Variable.Kind != v.Kind || !slices.EqualFunc(events.Variable.Levels, v.Levels, same) {
			return fmt.Errorf("the history holds %q with another type or other levels than the dictionary", v.Name)
		}
		a, _ := events.Of(int32(from))
		b, _ := events.Of(int32(to))
		if !known(events.Times[a:b]) {
			return fmt.Errorf("variable %q has a time outside the years 1 to 9999", v.Name)
		}
	}
	if !known(h.Birth[from:to]) || !known(h.Death[from:to]) || !known(h.To[from:to]) {
		return fmt.Errorf("a birth, a death or an end of observation is outside the years 1 to 9999")
	}
	return nil
}

func known(times []int64) bool {
	for _, t := range times {
		if (t < firstTime || t > lastTime) && t != table.NoTime {
			return false
		}
	}
	return true
}

func (p Plan) evaluator(h table.History, first int) *evaluator {
	e := &evaluator{plan: p, history: h, sources: make([]source, len(p.reads)), runs: make([]run, len(p.reads))}
	e.dying.values.Numbers = []float64{1}
	for i, v := range p.reads {
		events, _ := h.Lookup(v.Name)
		next, _ := events.Of(int32(first))
		e.sources[i] = source{events, next}
	}
	return e
}

// person goes to a person, the next after the last, and says whether they are in
// the study.
func (e *evaluator) person(p int32) (in bool) {
	for i := range e.sources {
		s := &e.sources[i]
		from := s.next
		for s.next < len(s.events.Patients) && s.events.Patients[s.next] == p {
			s.next++
		}
		e.runs[i] = run{s.events.Times, s.events.Values}.slice(from, s.next)
	}
	e.birth, e.death, e.end = dayOf(e.history.Birth[p]), dayOf(e.history.Death[p]), dayOf(e.history.To[p])
	e.dyingTime[0], e.dying.times = e.history.Death[p], nil
	if e.death != noDay {
		e.dying.times = e.dyingTime[:]
	}
	e.day, in = e.indexDay()
	return in
}

func dayOf(t int64) int64 {
	if t == table.NoTime {
		return noDay
	}
	return day(t)
}

// untimed is how many events have no time; they come first.
func untimed(times []int64) int {
	n := 0
	for n < len(times) && times[n] == table.NoTime {
		n++
	}
	return n
}

func (e *evaluator) indexDay() (day int64, in bool) {
	x := e.plan.index
	switch {
	case x == nil:
		return 0, true
	case x.of == none:
		return x.date, true
	}
	r := e.events(x.of).between(x.from, x.to)
	if !x.last {
		return e.first(x.of, r)
	}
	for i := len(r.times) - 1; i >= 0; i-- {
		if e.happened(x.of, r, i) {
			return dayOf(r.times[i]), true
		}
	}
	return 0, false
}

// first is the day on which something first happened.
func (e *evaluator) first(of int, r run) (day int64, ok bool) {
	for i := range r.times {
		if e.happened(of, r, i) && r.times[i] != table.NoTime {
			return dayOf(r.times[i]), true
		}
	}
	return 0, false
}

func (e *evaluator) events(of int) run {
	if of == ofDeath {
		return e.dying
	}
	return e.runs[of]
}

// happened: a flag's event may say that it did not.
func (e *evaluator) happened(of int, r run, i int) bool {
	return of == ofDeath || e.plan.reads[of].Kind != table.Flag || r.values.Numbers[i] != 0
}

// between is the events of the days from..to.
func (r run) between(from, to int64) run {
	a := untimed(r.times)
	for a < len(r.times) && day(r.times[a]) < from {
		a++
	}
	b := a
	for b < len(r.times) && day(r.times[b]) <= to {
		b++
	}
	return r.slice(a, b)
}

// window is the days of a feature's window; open ends are the years 1 and 9999.
func (e *evaluator) window(f feature) (from, to int64) {
	from, to = day(firstTime), day(lastTime)
	if f.from != nil {
		from = f.from.after(e.day)
	}
	if f.to != nil {
		to = f.to.after(e.day)
	}
	return from, to
}
