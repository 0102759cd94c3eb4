package difference

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"

	"hmsp.center/hmsp/table"
)

// A member of a set is a patient, with all that the set takes of him: who has one
// value more, or another, is another member. So each atom of a history is of as many
// patients as it has members, however many rows each has.

// values are the members of a variable in the given rows: patients with their values,
// or, where the patients have no names, values with which occurrence of it each is.
func (g *Guard) values(t table.Table, name string, rows []int) []uint64 {
	value := valuesOf(t, name)
	if t.Patients == nil || t.Pseudonyms == nil {
		times, hash := map[uint64]uint64{}, g.hasher("row")
		var out []uint64
		for _, r := range rows {
			if x, ok := value(r); ok {
				times[x]++
				out = append(out, hash(x, times[x]))
			}
		}
		return out
	}
	var pairs [][2]uint64
	for _, r := range rows {
		if x, ok := value(r); ok {
			pairs = append(pairs, [2]uint64{t.Pseudonyms[r], x})
		}
	}
	return g.grouped("patient", pairs)
}

// people are the members of a use's headcount: patients with the number of rows that
// count, or that do not for want of a value. How many lack a value of all who were
// asked about tells of the value's absence only; who was left out otherwise, by a
// filter or a formula, tells whatever that says.
func (g *Guard) people(t table.Table, u Use) []uint64 {
	asked := slices.Clone(u.Rows)
	for _, name := range u.Variables {
		value := valuesOf(t, name)
		for r := range t.Rows() {
			if _, ok := value(r); !ok {
				asked = append(asked, r)
			}
		}
	}
	slices.Sort(asked)
	var pairs [][2]uint64
	for _, r := range slices.Compact(asked) {
		who := uint64(r)
		if t.Pseudonyms != nil {
			who = t.Pseudonyms[r]
		}
		pairs = append(pairs, [2]uint64{who})
	}
	return g.grouped("people", pairs)
}

// grouped makes one member of all pairs with the same first number.
func (g *Guard) grouped(what string, pairs [][2]uint64) []uint64 {
	slices.SortFunc(pairs, func(a, b [2]uint64) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	hash := g.hasher(what)
	var out, one []uint64
	for i, p := range pairs {
		if len(one) == 0 {
			one = append(one, p[0])
		}
		one = append(one, p[1])
		if i+1 == len(pairs) || pairs[i+1][0] != p[0] {
			out = append(out, hash(one...))
			one = one[:0]
		}
	}
	return out
}

// hasher makes the keyed hash of members of a kind.
func (g *Guard) hasher(what string) func(xs ...uint64) uint64 {
	mac := hmac.New(sha256.New, g.key)
	var b []byte
	return func(xs ...uint64) uint64 {
		b = append(append(b[:0], what...), 0)
		for _, x := range xs {
			b = binary.LittleEndian.AppendUint64(b, x)
		}
		mac.Reset()
		mac.Write(b)
		b = mac.Sum(b[:0])
		return binary.LittleEndian.Uint64(b)
	}
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
