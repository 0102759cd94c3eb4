package ledger

import (
	"cmp"
	"slices"
	"time"
)

// Parallel composition. A patient can lose only what questions cost whose cohorts
// he can be in. Of two cohorts that are provably disjoint he is in one at most; so
// no patient loses more than the dearest set of cohorts of which no two are
// disjoint. That holds under adaptive choice too: which cohorts a record is in is
// settled by the record and the predicates, and the loss of every record stays
// under the limit (the individual filter of Feldman and Zrnic, NeurIPS 2021, with
// bounds instead of realised losses). It asks that the predicate reads a single
// patient's own record, which needs one row per patient, and one snapshot, since
// the record may be another in the next.

// A part is the patients whom a question can touch.
type part struct {
	snapshot, predicate string
}

// everybody is the part that is disjoint from none.
func everybody() part { return part{} }

func partOf(c *claim) part {
	if !c.OneRow {
		return everybody()
	}
	return part{c.Snapshot, c.Predicate}
}

// A share is what the questions about one part cost.
type share struct {
	part part
	rho  amount
}

// shares are what an account pays for, by part: what was spent in the window before
// now, and with all also what is reserved.
func (s *state) shares(account string, now time.Time, all bool) []share {
	by := map[part]amount{}
	for _, p := range s.payments[account] {
		cost := amount(0)
		for _, t := range p.rounds {
			if t.stage == spent && counts(t.at, now) || all && t.stage == reserved {
				cost += t.cost
			}
		}
		if cost > 0 {
			by[partOf(p.claim)] += cost
		}
	}
	var out []share
	for k, rho := range by {
		out = append(out, share{k, rho})
	}
	slices.SortFunc(out, func(a, b share) int {
		return cmp.Or(cmp.Compare(a.part.snapshot, b.part.snapshot), cmp.Compare(a.part.predicate, b.part.predicate))
	})
	return out
}

// maxParts bounds the work of comparing parts; with more, everything adds up.
const maxParts = 200

// bound is an upper bound of what any one patient can lose: parts that overlap all
// others add up; what is left falls into groups of which none overlaps another, and
// a patient is in one of them. Without such a split everything adds up. It is exact
// where cohorts are nested or disjoint, never below the truth otherwise.
func bound(shares []share, disjoint func(a, b string) bool) amount {
	if len(shares) > maxParts {
		return total(shares)
	}
	n := len(shares)
	overlap := make([][]bool, n)
	for i := range shares {
		overlap[i] = make([]bool, n)
		for j := range i {
			o := !apart(shares[i].part, shares[j].part, disjoint)
			overlap[i][j], overlap[j][i] = o, o
		}
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return dearest(shares, overlap, all)
}

// apart says that no patient is in both parts. Everybody is apart from nobody.
func apart(a, b part, disjoint func(a, b string) bool) bool {
	return a.predicate != "" && b.predicate != "" && a.snapshot == b.snapshot && disjoint(a.predicate, b.predicate)
}

// dearest is bound for some of the shares.
func dearest(shares []share, overlap [][]bool, of []int) (rho amount) {
	var rest []int
	for _, i := range of {
		if slices.ContainsFunc(of, func(j int) bool { return j != i && !overlap[i][j] }) {
			rest = append(rest, i)
			continue
		}
		rho += shares[i].rho // overlaps all others
	}
	groups := components(overlap, rest)
	best := amount(0)
	for _, g := range groups {
		cost := amount(0)
		if len(groups) > 1 || len(g) < len(of) {
			cost = dearest(shares, overlap, g)
		} else { // no progress: one tangle
			for _, i := range g {
				cost += shares[i].rho
			}
		}
		best = max(best, cost)
	}
	return rho + best
}

// components splits parts into groups of which none overlaps another.
func components(overlap [][]bool, of []int) (groups [][]int) {
	left := slices.Clone(of)
	for len(left) > 0 {
		group := left[:1:1]
		left = left[1:]
		for at := 0; at < len(group); at++ {
			var others []int
			for _, j := range left {
				if overlap[group[at]][j] {
					group = append(group, j)
				} else {
					others = append(others, j)
				}
			}
			left = others
		}
		groups = append(groups, group)
	}
	return groups
}

func total(shares []share) (rho amount) {
	for _, s := range shares {
		rho += s.rho
	}
	return rho
}
