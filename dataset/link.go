package dataset

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/table/pool"
)

// linked is a dataset as linking sees it: whose events there are, and the events.
type linked struct {
	*Kept
	people  []uint64 // pseudonyms by number
	history table.History
	rows    table.Table
}

// see opens the view of a dataset that linking needs.
func (k *Kept) see(ctx context.Context, names ...string) (linked, error) {
	l := linked{Kept: k}
	if k.Address != "" {
		return l, fmt.Errorf("dataset %s is asked in place, so that it cannot be linked: register it without in_place", k.Dataset)
	}
	var have []string
	for _, n := range names {
		if k.Variables.Index(n) >= 0 {
			have = append(have, n)
		}
	}
	if k.Shape == History {
		h, err := k.History(ctx, have...)
		l.history, l.people = h, h.Pseudonyms
		return l, err
	}
	schema, err := k.Variables.Select(have...)
	if err != nil {
		return l, err
	}
	if l.rows, err = k.Rows(ctx, schema); err != nil {
		return l, err
	}
	switch {
	case l.rows.Patients == nil:
		return l, fmt.Errorf("dataset %s does not say whose its rows are, so that it cannot be linked: register it again and name the patient's column (--patient)", k.Dataset)
	case l.rows.People() < l.rows.Rows():
		return l, fmt.Errorf("dataset %s has several rows a patient and no time, so that it cannot be linked: register it again and name the column that says when (--time)", k.Dataset)
	}
	l.people = l.rows.Pseudonyms
	return l, nil
}

// Link makes one history of datasets of the same patients at one site, joined by their
// pseudonyms: the people of the first, and of each named variable each patient's events of
// the first dataset that has any of that patient's. So nobody's events decide from where
// those of others come. The rows of a flat file, one a patient, are events without a time.
// It is kept as a pool, as b says.
func Link(ctx context.Context, kept []*Kept, names []string, b Build) (*Kept, error) {
	m := Meta{Hmsp: MetaVersion, Shape: History}
	var parts []linked
	var titles []string
	for _, k := range kept {
		l, err := k.see(ctx, names...)
		if err != nil {
			return nil, err
		}
		parts, titles = append(parts, l), append(titles, k.Dataset)
	}
	m.Dataset = strings.Join(titles, "+")
	number := make(map[uint64]int32, len(parts[0].people))
	for i, p := range parts[0].people {
		number[p] = int32(i)
	}
	w, err := pool.Create(b.Path, pool.Options{Memory: b.Memory})
	if err != nil {
		return nil, err
	}
	defer w.Abort()
	if err := linkPeople(w, parts, number); err != nil {
		return nil, err
	}
	for _, n := range names {
		v, err := linkVariable(ctx, w, parts, n, number)
		if err != nil {
			return nil, err
		}
		if v == nil {
			return nil, (&Kept{Meta: m}).lacks([]string{n})
		}
		m.Variables = append(m.Variables, *v)
	}
	m.Profile = Profile{Dataset: m.Dataset, People: len(number)}
	meta, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("link datasets: %w", err)
	}
	if _, err := w.Commit(meta); err != nil {
		return nil, err
	}
	return Open(b.Path)
}

// linkVariable writes the events of a variable; nil if no part has it. A part may have
// none, as a clinical source is looked through for the codes of all variables.
func linkVariable(ctx context.Context, w *pool.Writer, parts []linked, name string, number map[uint64]int32) (*table.Variable, error) {
	var v *table.Variable
	var to *events
	from := make([]uint8, len(number)) // the place of the part whose events a patient has, from 1
	for i, l := range parts {
		is, ok := l.Variables.Lookup(name)
		switch {
		case !ok:
			continue
		case v == nil:
			var err error
			if to, err = newEvents(w, is); err != nil {
				return nil, err
			}
			v = &is
		case v.Kind != is.Kind || v.Unit != is.Unit || !slices.EqualFunc(v.Levels, is.Levels, func(a, b table.Level) bool { return a.Code == b.Code }):
			return nil, fmt.Errorf("datasets %s and %s know %s by two states of the dictionary, so that they cannot be linked: register them again", parts[0].Dataset, l.Dataset, name)
		}
		if err := l.events(ctx, *v, number, to, from, uint8(i+1)); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// linkPeople writes the people of the first part, with the dates of whoever knows them.
func linkPeople(w *pool.Writer, parts []linked, number map[uint64]int32) error {
	to, err := w.Table(pool.People, pool.PeopleFields())
	if err != nil {
		return err
	}
	n := len(parts[0].people)
	var dates [4][]int64
	for i := range dates {
		dates[i] = slices.Repeat([]int64{table.NoTime}, n)
	}
	for _, l := range parts {
		if l.Shape != History {
			continue
		}
		for i, p := range l.people {
			who, ok := number[p]
			if !ok {
				continue
			}
			for k, from := range [4][]int64{l.history.Birth, l.history.Death, l.history.From, l.history.To} {
				if dates[k][who] == table.NoTime {
					dates[k][who] = from[i]
				}
			}
		}
	}
	return to.Append(pool.Values{Uint64: parts[0].people}, pool.Values{Int64: dates[0]}, pool.Values{Int64: dates[1]}, pool.Values{Int64: dates[2]}, pool.Values{Int64: dates[3]})
}

// events hands on the events of a variable, of those who have a number and none of another
// part; from notes that they are of this one.
func (l linked) events(ctx context.Context, v table.Variable, number map[uint64]int32, to *events, from []uint8, this uint8) error {
	if l.Shape == History {
		e, _ := l.history.Lookup(v.Name)
		for i, p := range e.Patients {
			if i%eventBatch == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			who, ok := number[l.people[p]]
			if !ok || from[who] != 0 && from[who] != this {
				continue
			}
			from[who] = this
			x := 0.0
			if v.Kind == table.Category {
				x = float64(e.Values.Codes[i])
			} else {
				x = e.Values.Numbers[i]
			}
			if err := to.add(who, e.Times[i], x); err != nil {
				return err
			}
		}
		return to.flush()
	}
	c := l.rows.Columns[l.rows.Schema.Index(v.Name)]
	for i, p := range l.people {
		who, ok := number[p]
		if !ok || from[who] != 0 {
			continue
		}
		x := math.NaN()
		if v.Kind != table.Category {
			x = c.Numbers[i]
		} else if c.Codes[i] >= 0 {
			x = float64(c.Codes[i])
		}
		if math.IsNaN(x) {
			continue
		}
		from[who] = this
		if err := to.add(who, table.NoTime, x); err != nil {
			return err
		}
	}
	return to.flush()
}

// A Share is how many patients are in exactly these datasets.
type Share struct {
	Datasets []string `json:"datasets"`
	Patients int      `json:"patients"`
}

// Overlap counts the patients of several datasets by which of them they are in: those
// in all first.
func Overlap(ctx context.Context, kept []*Kept) ([]Share, error) {
	if len(kept) > 30 {
		return nil, fmt.Errorf("at most 30 datasets can be compared, got %d", len(kept))
	}
	in := map[uint64]uint32{}
	for i, k := range kept {
		l, err := k.see(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range l.people {
			in[p] |= 1 << i
		}
	}
	count := map[uint32]int{}
	for _, set := range in {
		count[set]++
	}
	var sets []uint32
	for set := range count {
		sets = append(sets, set)
	}
	slices.SortFunc(sets, func(a, b uint32) int {
		if d := bits.OnesCount32(b) - bits.OnesCount32(a); d != 0 {
			return d
		}
		return int(a) - int(b)
	})
	var out []Share
	for _, set := range sets {
		s := Share{Patients: count[set]}
		for i, k := range kept {
			if set&(1<<i) != 0 {
				s.Datasets = append(s.Datasets, k.Dataset)
			}
		}
		out = append(out, s)
	}
	return out, nil
}
