package consent

import (
	"cmp"
	"iter"
	"math/bits"
	"slices"
)

// A Register is what a site's patients said, by pseudonym. It does not change, and
// may be read from several goroutines.
type Register struct {
	rules      Hash        // of the reading
	people     []person    // by pseudonym, each once; then one that is none
	statements []Statement // of one patient: sorted, each once
	places     []uint32    // by the first bits of a pseudonym: where those begin
}

// A person is a pseudonym and where its statements begin; they end where the next
// person's do.
type person struct {
	pseudonym uint64
	start     uint32
}

// People is how many patients the register knows.
func (r *Register) People() int { return len(r.people) - 1 }

// Rules is the digest of the reading that the register was made with.
func (r *Register) Rules() Hash { return r.rules }

// Statements are what is known of a patient; ok is false where nothing is. The
// caller does not change them.
func (r *Register) Statements(pseudonym uint64) (s []Statement, ok bool) {
	if i := r.find(pseudonym); i >= 0 {
		return r.of(i), true
	}
	return nil, false
}

func (r *Register) of(i int) []Statement {
	return r.statements[r.people[i].start:r.people[i+1].start]
}

// Decide says whether a patient's data may be used for a purpose on a day.
func (r *Register) Decide(pseudonym uint64, purpose string, day Day) Decision {
	bit, ok := SetOf(purpose)
	if !ok {
		return Decision{Deny, NoPurpose}
	}
	i := r.find(pseudonym)
	if i < 0 {
		return Decision{Silent, Unknown}
	}
	return decide(r.of(i), bit, day)
}

// A Summary counts people by what was decided. It is for the site alone: it is not
// protected by noise.
type Summary struct {
	People    int `json:"people"`
	Permitted int `json:"permitted"`
	Denied    int `json:"denied"` // and of them:
	Withdrawn int `json:"withdrawn"`
	Refused   int `json:"refused"`
	NotGiven  int `json:"not_given"`
	Silent    int `json:"silent"` // and of them:
	Expired   int `json:"expired"`
	NotYet    int `json:"not_yet"`
	Other     int `json:"other"`
	Unknown   int `json:"unknown"`
}

func (s *Summary) count(d Decision) {
	s.People++
	switch d.Outcome {
	case Permit:
		s.Permitted++
	case Deny:
		s.Denied++
	default:
		s.Silent++
	}
	switch d.Why {
	case Withdrawn:
		s.Withdrawn++
	case Refused:
		s.Refused++
	case NotGiven:
		s.NotGiven++
	case Expired:
		s.Expired++
	case NotYet:
		s.NotYet++
	case Other:
		s.Other++
	case Unknown:
		s.Unknown++
	}
}

// Filter decides for the people of rows, such as Table.Pseudonyms or
// History.Pseudonyms, and lists the rows of those who permit. A person with several
// rows counts once.
func (r *Register) Filter(pseudonyms []uint64, purpose string, day Day) (keep []int, s Summary) {
	bit, ok := SetOf(purpose)
	keep = make([]int, 0, len(pseudonyms))
	seen := make([]Outcome, r.People()) // the outcome and 1, of those counted
	strangers := map[uint64]struct{}{}
	for row, p := range pseudonyms {
		i := r.find(p)
		if i < 0 {
			if _, again := strangers[p]; !again {
				strangers[p] = struct{}{}
				d := Decision{Silent, Unknown}
				if !ok {
					d = Decision{Deny, NoPurpose}
				}
				s.count(d)
			}
			continue
		}
		if seen[i] == 0 {
			d := Decision{Deny, NoPurpose}
			if ok {
				d = decide(r.of(i), bit, day)
			}
			s.count(d)
			seen[i] = d.Outcome + 1
		}
		if seen[i] == Permit+1 {
			keep = append(keep, row)
		}
	}
	return keep, s
}

// Count is the Summary of everyone in the register.
func (r *Register) Count(purpose string, day Day) (s Summary) {
	bit, ok := SetOf(purpose)
	for i := range r.People() {
		d := Decision{Deny, NoPurpose}
		if ok {
			d = decide(r.of(i), bit, day)
		}
		s.count(d)
	}
	return s
}

// Permitting visits everyone in the register who permits a purpose on a day, in the
// order of their pseudonyms.
func (r *Register) Permitting(purpose string, day Day) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		bit, ok := SetOf(purpose)
		for i := range r.People() {
			if ok && decide(r.of(i), bit, day).Outcome == Permit && !yield(r.people[i].pseudonym) {
				return
			}
		}
	}
}

// find is the place of a pseudonym, -1 if it is not there. Pseudonyms are hashes, so
// their first bits spread evenly and few are left to search; where they do not, the
// search is a plain binary one.
func (r *Register) find(p uint64) int {
	n := r.People()
	if n == 0 {
		return -1
	}
	bucket := p >> shift(n)
	lo, hi := r.places[bucket], r.places[bucket+1]
	for hi-lo > 8 {
		if mid := lo + (hi-lo)/2; r.people[mid].pseudonym <= p {
			lo = mid
		} else {
			hi = mid
		}
	}
	for ; lo < hi; lo++ {
		if r.people[lo].pseudonym == p {
			return int(lo)
		}
	}
	return -1
}

// shift leaves the first bits of a pseudonym, as many as tell about n apart.
func shift(n int) int { return 64 - bits.Len(uint(n)) }

// A record is a statement of a patient before it is in its place; one without an
// effect says only that the patient is known.
type record struct {
	pseudonym uint64
	Statement
}

func compare(a, b record) int {
	if c := cmp.Compare(a.pseudonym, b.pseudonym); c != 0 {
		return c
	}
	return compareStatements(a.Statement, b.Statement)
}

func compareStatements(a, b Statement) int {
	return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Effect, b.Effect), cmp.Compare(a.Purposes, b.Purposes))
}

// newRegister sorts the records in place and drops what is said twice.
func newRegister(rules Hash, records []record) *Register {
	slices.SortFunc(records, compare)
	records = slices.Compact(records)
	r := &Register{rules: rules}
	for i, x := range records {
		if i == 0 || x.pseudonym != records[i-1].pseudonym {
			r.people = append(r.people, person{x.pseudonym, uint32(len(r.statements))})
		}
		if x.Effect != 0 {
			r.statements = append(r.statements, x.Statement)
		}
	}
	return r.index()
}

// index ends the list of people and makes places.
func (r *Register) index() *Register {
	n := len(r.people)
	if n > 0 {
		r.places = make([]uint32, 1<<(64-shift(n))+1)
		for _, p := range r.people {
			r.places[p.pseudonym>>shift(n)+1]++
		}
		for i := range r.places[1:] {
			r.places[i+1] += r.places[i]
		}
	}
	r.people = slices.Clip(append(r.people, person{start: uint32(len(r.statements))}))
	r.statements = slices.Clip(r.statements)
	return r
}
