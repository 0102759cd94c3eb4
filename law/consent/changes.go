package consent

import "slices"

// Changes are the people whose decision is another in a new register: of some
// purpose, on some day. Pseudonyms are sorted.
type Changes struct {
	All    []uint64
	Lost   []uint64 // those of them whose data may be used less, somewhere or sometime
	Gained []uint64 // those whose data may be used more
}

// Compare finds what changed from one register to the next. Both must have been made
// under one key.
func Compare(old, new *Register) (c Changes) {
	for i, j := 0, 0; i < old.People() || j < new.People(); {
		var before, after []Statement
		who := new.people[j].pseudonym
		if j == new.People() || i < old.People() && old.people[i].pseudonym < who {
			who = old.people[i].pseudonym
		}
		if i < old.People() && old.people[i].pseudonym == who {
			before = old.of(i)
			i++
		}
		if j < new.People() && new.people[j].pseudonym == who {
			after = new.of(j)
			j++
		}
		if slices.Equal(before, after) {
			continue
		}
		changed, lost, gained := differ(before, after)
		if changed {
			c.All = append(c.All, who)
		}
		if lost {
			c.Lost = append(c.Lost, who)
		}
		if gained {
			c.Gained = append(c.Gained, who)
		}
	}
	return c
}

// differ holds two lists of statements against each other on every day on which
// either may change.
func differ(before, after []Statement) (changed, lost, gained bool) {
	cuts := []Day{Always}
	for _, s := range slices.Concat(before, after) {
		cuts = append(cuts, s.From)
		if s.To != Forever {
			cuts = append(cuts, s.To+1)
		}
	}
	slices.Sort(cuts)
	for _, day := range slices.Compact(cuts) {
		for bit := Set(1); bit <= All; bit <<= 1 {
			a, b := decide(before, bit, day).Outcome, decide(after, bit, day).Outcome
			changed = changed || a != b
			lost = lost || a == Permit && b != Permit
			gained = gained || a != Permit && b == Permit
		}
	}
	return changed, lost, gained
}
