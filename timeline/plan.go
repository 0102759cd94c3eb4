package timeline

import (
	"slices"

	"hmsp.center/hmsp/table"
)

// A Plan is a checked Spec: what to make of the events of a history. The zero Plan
// has no variables; its rows are everyone.
type Plan struct {
	index    *index           // nil: everyone, and no windows
	features []feature        // the derived by name, then the plain
	reads    []table.Variable // of the dictionary
}

// The places of events that are not of the dictionary: none, and the person's death.
const (
	none    = -1
	ofDeath = -2
)

type index struct {
	of       int   // place in Plan.reads, or none for a date, or ofDeath
	last     bool  // else the first
	from, to int64 // days, both included
	date     int64
}

type feature struct {
	variable table.Variable // as it is declared
	take     Take
	of       int // place in Plan.reads, or none for the age at the index day, or ofDeath
	from, to *Duration
	max      float64
}

func (f feature) windowed() bool { return f.from != nil || f.to != nil }

// read is the place of a variable among those whose events are read.
func (p *Plan) read(v table.Variable) int {
	at := slices.IndexFunc(p.reads, func(e table.Variable) bool { return e.Name == v.Name })
	if at < 0 {
		at = len(p.reads)
		p.reads = append(p.reads, v)
	}
	return at
}

// Schema declares the variables that the plan makes, in the order of the columns of
// Eval and SQL: the derived by name, then the plain.
func (p Plan) Schema() table.Schema {
	out := make(table.Schema, len(p.features))
	for i, f := range p.features {
		out[i] = f.variable
	}
	return out
}

// Reads lists the variables of the dictionary whose events are needed; those of
// Reads()[i] are the relation ei of SQL.
func (p Plan) Reads() []string { return table.Schema(p.reads).Names() }

// The names of the dates of a person's life that Dates lists, beside Death.
const Birth = "birth"

// Dates lists which dates of a person's life are read besides events: of birth for an
// age, of death where it is an event, or ends the time under observation.
func (p Plan) Dates() (out []string) {
	is := func(f feature) bool { return f.take == Age }
	if slices.ContainsFunc(p.features, is) {
		out = append(out, Birth)
	}
	is = func(f feature) bool { return f.of == ofDeath || f.take == TimeTo || f.take == EventSeen }
	if slices.ContainsFunc(p.features, is) || p.index != nil && p.index.of == ofDeath {
		out = append(out, Death)
	}
	return out
}

// Indexed says whether patients have an index day.
func (p Plan) Indexed() bool { return p.index != nil }

// Tells names what a variable tells of a patient. What can be equal for all patients
// but a few has one name, whatever the take and the window, since a difference would
// tell of those few: the values of a variable and their sum, how often it happened and
// whether it did, which of a flag is its value; and of all variables together, the
// ages, and the times, which are those of the end of follow-up where nothing happened.
// No variable has a name with a space in it.
func (p Plan) Tells(variable string) string {
	at := slices.IndexFunc(p.features, func(f feature) bool { return f.variable.Name == variable })
	if at < 0 {
		return variable
	}
	switch f := p.features[at]; {
	case f.take == Age:
		return "age in years"
	case f.take == TimeTo:
		return "time in days"
	case f.of == ofDeath:
		return Death
	case p.reads[f.of].Kind == table.Flag || f.take != Count && f.take != Any && f.take != EventSeen:
		return p.reads[f.of].Name
	default:
		return p.reads[f.of].Name + " count"
	}
}
