package dataset

import (
	"hash/maphash"
	"strings"

	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/table/pool"
)

// people numbers patients in the order in which they are met. The pseudonyms are all
// that stays of their names.
// A name is kept as 128 bits of two seeded hashes, so that millions fit into memory.
type people struct {
	number    map[[2]uint64]int32
	seeds     [2]maphash.Seed
	pseudonym func(string) uint64 // nil: none are made
	last      string              // rows of one patient often follow each other
	lastIs    int32

	pseudonyms             []uint64
	birth, death, from, to []int64
}

func newPeople(pseudonym func(string) uint64) *people {
	return &people{number: map[[2]uint64]int32{}, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, pseudonym: pseudonym, lastIs: -1}
}

// of is the number of a patient, new or known.
func (p *people) of(name string) int32 {
	if name == p.last && p.lastIs >= 0 {
		return p.lastIs
	}
	key := [2]uint64{maphash.String(p.seeds[0], name), maphash.String(p.seeds[1], name)}
	n, ok := p.number[key]
	if !ok {
		n = int32(len(p.number))
		p.number[key] = n
		if p.pseudonym != nil {
			p.pseudonyms = append(p.pseudonyms, p.pseudonym(name))
		}
	}
	p.last, p.lastIs = strings.Clone(name), n
	return n
}

// write hands the people to their table in a pool.
func (p *people) write(to *pool.Appender) error {
	p.dates()
	for i, d := range p.death { // who died on a day was followed until then
		if d != table.NoTime && (p.to[i] == table.NoTime || p.to[i] < d) {
			p.to[i] = d
		}
	}
	if p.pseudonyms == nil { // nobody asked for any: they are numbers
		for i := range len(p.number) {
			p.pseudonyms = append(p.pseudonyms, uint64(i))
		}
	}
	return to.Append(pool.Values{Uint64: p.pseudonyms}, pool.Values{Int64: p.birth}, pool.Values{Int64: p.death}, pool.Values{Int64: p.from}, pool.Values{Int64: p.to})
}

func (p *people) count() int { return len(p.number) }

// dates makes room for the dates of everyone met so far.
func (p *people) dates() {
	for len(p.birth) < len(p.number) {
		p.birth = append(p.birth, table.NoTime)
		p.death = append(p.death, table.NoTime)
		p.from = append(p.from, table.NoTime)
		p.to = append(p.to, table.NoTime)
	}
}

// seen widens what is known of a patient's time under observation.
func (p *people) seen(who int32, at int64) {
	if at == table.NoTime {
		return
	}
	if p.from[who] == table.NoTime || at < p.from[who] {
		p.from[who] = at
	}
	if p.to[who] == table.NoTime || at > p.to[who] {
		p.to[who] = at
	}
}
