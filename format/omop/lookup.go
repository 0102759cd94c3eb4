package omop

import (
	"cmp"
	"context"
	"slices"

	"hmsp.center/hmsp/format"
)

// A lookup finds what belongs to an identifier: 16 bytes an entry, and each text
// once.
type lookup struct {
	entries []entry
	texts   []string
	places  map[string]int64 // of texts, while the lookup is filled
}

type entry struct{ id, value int64 }

func (l *lookup) put(id, value int64) { l.entries = append(l.entries, entry{id, value}) }

func (l *lookup) putText(id int64, s string) {
	if l.places == nil {
		l.places = map[string]int64{}
	}
	k, ok := l.places[s]
	if !ok {
		k = int64(len(l.texts))
		l.places[s] = k
		l.texts = append(l.texts, s)
	}
	l.put(id, k)
}

// sort makes the lookup ready. Of several values of one identifier the least stays;
// several is how many were left out.
func (l *lookup) sort() (several int64) {
	slices.SortFunc(l.entries, func(a, b entry) int { return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.value, b.value)) })
	n := len(l.entries)
	l.entries = slices.CompactFunc(l.entries, func(a, b entry) bool { return a.id == b.id })
	l.places = nil
	return int64(n - len(l.entries))
}

func (l *lookup) find(id int64) (int64, bool) {
	k, ok := slices.BinarySearchFunc(l.entries, id, func(e entry, id int64) int { return cmp.Compare(e.id, id) })
	if !ok {
		return 0, false
	}
	return l.entries[k].value, true
}

// loadPersons lists the persons: 8 bytes each, sorted.
func loadPersons(ctx context.Context, src source, o format.Options) ([]int64, error) {
	t, err := src.table(ctx, person)
	if err != nil {
		return nil, err
	}
	var out []int64
	err = each(ctx, src, t, []string{"person_id"}, filter{}, o, func(p piece) error {
		for i, id := range p.Columns[0].Int {
			if p.Columns[0].Missing(i) {
				return p.wrong(i, "person_id", "the number of a person")
			}
			out = append(out, id)
		}
		return nil
	})
	slices.Sort(out)
	return out, err
}

// loadDeaths finds when persons died; noDay stands for a death without a day.
func loadDeaths(ctx context.Context, src source, o format.Options) (*lookup, int64, error) {
	out := &lookup{}
	t, columns, err := optional(ctx, src, death, "person_id", "death_date", "death_datetime")
	if err != nil || columns == nil {
		return out, 0, err
	}
	err = each(ctx, src, t, columns, filter{}, o, func(p piece) error {
		in := spread(p, columns, []string{"person_id", "death_date", "death_datetime"})
		for i := range p.Rows {
			if in[0].Missing(i) {
				return p.wrong(i, "person_id", "the number of a person")
			}
			day, _ := moment(in[1], in[2], i)
			at, ok := format.ParseTime(day, format.ISODate)
			if !ok {
				at = noDay
			}
			out.put(in[0].Int[i], at)
		}
		return nil
	})
	return out, out.sort(), err
}

// noDay is the time of a death of which only the fact is known; it sorts last, so
// that a day that is known wins.
const noDay = int64(1) << 62

// loadPostal finds the postal codes of places.
func loadPostal(ctx context.Context, src source, o format.Options) (*lookup, error) {
	out := &lookup{}
	t, columns, err := optional(ctx, src, location, "location_id", "zip")
	if err != nil || len(columns) < 2 {
		return out, err
	}
	err = each(ctx, src, t, columns, filter{}, o, func(p piece) error {
		for i := range p.Rows {
			if !p.Columns[0].Missing(i) && !p.Columns[1].Missing(i) {
				out.putText(p.Columns[0].Int[i], p.Columns[1].Text[i])
			}
		}
		return nil
	})
	out.sort()
	return out, err
}

// optional describes a table that a source may lack, and the wanted columns that it
// has: nil if it lacks the table, or the first of them.
func optional(ctx context.Context, src source, table string, columns ...string) (rawTable, []string, error) {
	if !has(src, table) {
		return rawTable{}, nil, nil
	}
	t, err := src.table(ctx, table)
	if err != nil {
		return t, nil, err
	}
	missing := t.lacks(columns...)
	if slices.Contains(missing, columns[0]) {
		return t, nil, nil
	}
	return t, slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return slices.Contains(missing, c) }), nil
}

// spread puts the columns of a piece into the places of all; what is not there is
// missing in every row.
func spread(p piece, have, all []string) []format.Values {
	out := make([]format.Values, len(all))
	var none []bool
	for i, c := range all {
		if k := slices.Index(have, c); k >= 0 {
			out[i] = p.Columns[k]
			continue
		}
		if none == nil {
			none = make([]bool, p.Rows)
			for r := range none {
				none[r] = true
			}
		}
		out[i].Null = none
	}
	return out
}
