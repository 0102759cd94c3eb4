// Package difference is the guard of exact answers against their differences: it
// refuses an answer that, taken together with those given before, would tell of
// too few patients, or of too few sites.
//
// Every sum that was opened is a sum over some set of patients. What can be
// computed from several such sums without error is their linear combinations, and
// a combination counts each patient with the same weight as every other patient
// who was in the same sets. The guard keeps those classes, the atoms of the
// history: as long as each has at least floor members, no combination of answers,
// however many, tells of fewer than floor patients. Two cohorts that differ by one
// patient, a cohort and its three parts, or the same cohort a day later with one
// patient more are all refused by this one rule. The same rule over sites keeps a
// withdrawn site's part from being the difference of two sums.
//
// The history is kept per dataset and variable, since only sums that read one
// variable can be subtracted; and once more for how many patients there are, which
// every answer tells, whatever variable it reads. A member is a patient with all of
// his values: who has another value, or one more, is another member, so that atoms
// count patients and not rows.
//
// It serves the door of a site. It refuses by [*Refused], whose text names the
// variable and the floor, never a count.
package difference

import (
	"fmt"

	"github.com/RoaringBitmap/roaring/v2"
)

// A Partition is the atoms of a history of sets: disjoint, none empty.
type Partition struct {
	atoms []*roaring.Bitmap
}

// Admits says whether a history with one more set would still have no atom of
// fewer than floor members.
func (p *Partition) Admits(set *roaring.Bitmap, floor uint64) bool {
	rest := set.GetCardinality()
	for _, a := range p.atoms {
		in := a.AndCardinality(set)
		out := a.GetCardinality() - in
		if in > 0 && (in < floor || out > 0 && out < floor) {
			return false
		}
		rest -= in
	}
	return rest == 0 || rest >= floor
}

// Refine adds a set to the history. It says whether anything changed.
func (p *Partition) Refine(set *roaring.Bitmap) bool {
	var next []*roaring.Bitmap
	rest := set.Clone()
	for _, a := range p.atoms {
		in := roaring.And(a, set)
		switch {
		case in.IsEmpty() || in.GetCardinality() == a.GetCardinality():
			next = append(next, a)
		default:
			next = append(next, in, roaring.AndNot(a, set))
		}
		rest.AndNot(a)
	}
	if !rest.IsEmpty() {
		next = append(next, rest)
	}
	changed := len(next) != len(p.atoms)
	p.atoms = next
	return changed
}

// Len is the number of atoms.
func (p *Partition) Len() int { return len(p.atoms) }

// Smallest is the size of the smallest atom, 0 for an empty history.
func (p *Partition) Smallest() uint64 {
	var least uint64
	for i, a := range p.atoms {
		if n := a.GetCardinality(); i == 0 || n < least {
			least = n
		}
	}
	return least
}

// valid refuses what no history can be.
func (p *Partition) valid(members uint64) error {
	all := roaring.New()
	for _, a := range p.atoms {
		if a.IsEmpty() || all.Intersects(a) || uint64(a.Maximum()) >= members {
			return fmt.Errorf("atoms that are empty, overlap, or hold members that nobody named")
		}
		all.Or(a)
	}
	return nil
}
