package difference

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"math"
	"runtime"
	"slices"
	"sync"

	"hmsp.center/hmsp/table"
)

// A member of a set is a patient, with all that the set takes of him: who has one
// value more, or another, is another member. So each atom of a history is of as many
// patients as it has members, however many rows each has. What names a member is a hash
// under the site's key.

// members are those of a question, ascending.
func (g *Guard) members(t table.Table, q question) []uint64 {
	var out []uint64
	switch single := t.Patients == nil || t.People() == t.Rows(); {
	case q.variable == headcount:
		out = g.people(t, q.rows, single)
	case t.Patients == nil || t.Pseudonyms == nil:
		out = g.occurrences(t, q)
	case single:
		out = g.values(t, q)
	default:
		out = g.grouped(t, q)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// occurrences are the values of patients without names, with which occurrence of the
// value each is.
func (g *Guard) occurrences(t table.Table, q question) []uint64 {
	value := valuesOf(t, q.variable)
	out := make([]uint64, 0, q.rows.Len())
	for r := range q.rows.All() {
		if x, ok := value(r); ok {
			out = append(out, x)
		}
	}
	slices.Sort(out)
	g.repeated(out, "row", func(h *hasher, x, times uint64) uint64 { return h.sum(x, times) })
	return out
}

// repeated replaces each of the ascending numbers by a hash of it and of which of its
// repetitions it is, from 1.
func (g *Guard) repeated(xs []uint64, what string, of func(h *hasher, x, times uint64) uint64) {
	begin := func(from int) uint64 { // how often xs[from] came before
		first, _ := slices.BinarySearch(xs, xs[from])
		return uint64(from - first)
	}
	g.each(len(xs), what, begin, func(h *hasher, from, to int, times uint64) {
		last := uint64(0)
		for i := from; i < to; i++ {
			x := xs[i]
			if times++; i > from && x != last {
				times = 1
			}
			xs[i], last = of(h, x, times), x
		}
	})
}

// values are patients with their one value.
func (g *Guard) values(t table.Table, q question) []uint64 {
	value := valuesOf(t, q.variable)
	rows := make([]uint64, 0, q.rows.Len())
	for r := range q.rows.All() {
		if _, ok := value(r); ok {
			rows = append(rows, uint64(r))
		}
	}
	g.each(len(rows), "patient", nil, func(h *hasher, from, to int, _ uint64) {
		for i := from; i < to; i++ {
			r := int(rows[i])
			x, _ := value(r)
			rows[i] = h.sum(t.Pseudonyms[r], x)
		}
	})
	return rows
}

// grouped are patients with all their values, ascending.
func (g *Guard) grouped(t table.Table, q question) []uint64 {
	value := valuesOf(t, q.variable)
	rows := make([]uint32, 0, q.rows.Len())
	for r := range q.rows.All() {
		if _, ok := value(r); ok {
			rows = append(rows, uint32(r))
		}
	}
	slices.SortFunc(rows, func(a, b uint32) int {
		if c := cmp.Compare(t.Pseudonyms[a], t.Pseudonyms[b]); c != 0 {
			return c
		}
		x, _ := value(int(a))
		y, _ := value(int(b))
		return cmp.Compare(x, y)
	})
	h := g.hasher("patient")
	var out, one []uint64
	for i, r := range rows {
		if len(one) == 0 {
			one = append(one, t.Pseudonyms[r])
		}
		x, _ := value(int(r))
		one = append(one, x)
		if i+1 == len(rows) || t.Pseudonyms[rows[i+1]] != t.Pseudonyms[r] {
			out = append(out, h.sum(one...))
			one = one[:0]
		}
	}
	return out
}

// counted are the rows of a use's headcount: those that count, or that do not for want
// of a value. How many lack a value of all who were asked about tells of the value's
// absence only; who was left out otherwise, by a filter or a formula, tells whatever
// that says.
func counted(t table.Table, u Use) table.Subset {
	out := u.Rows.Clone()
	for _, name := range u.Variables {
		value := valuesOf(t, name)
		for r := range t.Rows() {
			if _, ok := value(r); !ok {
				out.Add(r)
			}
		}
	}
	return out
}

// people are the members of a headcount: patients with how many rows of them there are,
// or, where nobody has a name, rows.
func (g *Guard) people(t table.Table, rows table.Subset, single bool) []uint64 {
	who := make([]uint64, 0, rows.Len())
	for r := range rows.All() {
		if t.Pseudonyms == nil {
			who = append(who, uint64(r))
		} else {
			who = append(who, t.Pseudonyms[r])
		}
	}
	if single || t.Pseudonyms == nil {
		g.each(len(who), "people", nil, func(h *hasher, from, to int, _ uint64) {
			for i := from; i < to; i++ {
				who[i] = h.sum(who[i], 1)
			}
		})
		return who
	}
	slices.Sort(who)
	h, out := g.hasher("people"), who[:0]
	for i := 0; i < len(who); {
		n := i
		for i < len(who) && who[i] == who[n] {
			i++
		}
		out = append(out, h.sum(who[n], uint64(i-n)))
	}
	return out
}

// parallel is how many members are worth a goroutine.
const parallel = 1 << 15

// each shares n members out over the cores. Begin, if not nil, is asked for a number
// about the first of each part before any part is begun.
func (g *Guard) each(n int, what string, begin func(from int) uint64, do func(h *hasher, from, to int, begun uint64)) {
	parts := max(1, min(runtime.GOMAXPROCS(0), n/parallel))
	var wait sync.WaitGroup
	begun := make([]uint64, parts)
	for k := range parts {
		if begin != nil && n > 0 {
			begun[k] = begin(k * n / parts)
		}
	}
	for k := range parts {
		wait.Go(func() { do(g.hasher(what), k*n/parts, (k+1)*n/parts, begun[k]) })
	}
	wait.Wait()
}

// A hasher is the keyed hash of members of a kind.
type hasher struct {
	mac  hash.Hash
	what string
	b    []byte
}

func (g *Guard) hasher(what string) *hasher {
	return &hasher{mac: hmac.New(sha256.New, g.key), what: what}
}

func (h *hasher) sum(xs ...uint64) uint64 {
	b := append(append(h.b[:0], h.what...), 0)
	for _, x := range xs {
		b = binary.LittleEndian.AppendUint64(b, x)
	}
	h.mac.Reset()
	h.mac.Write(b)
	h.b = h.mac.Sum(b[:0])
	return binary.LittleEndian.Uint64(h.b)
}

// valuesOf gives a variable's value in a row, as a number that stays the same where a
// dictionary lists a category's codes in another order; false where there is none.
func valuesOf(t table.Table, name string) func(row int) (uint64, bool) {
	numbers, codes := t.Numbers(name), t.Codes(name)
	switch {
	case codes != nil:
		v, _ := t.Schema.Lookup(name)
		levels := make([]uint64, len(v.Levels))
		for i, l := range v.Levels {
			d := sha256.Sum256([]byte(l.Code))
			levels[i] = binary.LittleEndian.Uint64(d[:])
		}
		return func(r int) (uint64, bool) {
			if c := codes[r]; c >= 0 {
				return levels[c], true
			}
			return 0, false
		}
	case numbers != nil:
		return func(r int) (uint64, bool) { return math.Float64bits(numbers[r]), !math.IsNaN(numbers[r]) }
	}
	return func(int) (uint64, bool) { return 0, false }
}
