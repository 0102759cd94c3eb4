package difference

// A tally says how one more set lies in a history: how many members each atom has,
// how many of those are in the set, and how many of the set are in no atom yet.
type tally struct {
	all, in []uint64
	rest    uint64
}

// count counts a member of an atom.
func (t *tally) count(atom int, in bool) {
	for len(t.all) <= atom {
		t.all, t.in = append(t.all, 0), append(t.in, 0)
	}
	t.all[atom]++
	if in {
		t.in[atom]++
	}
}

// splits says whether some of an atom are in the set and some are not.
func (t *tally) splits(atom int) bool { return t.in[atom] > 0 && t.in[atom] < t.all[atom] }

// admits says whether the set would leave no atom of fewer than floor members, of those
// that it makes.
func (t *tally) admits(floor uint64) bool {
	for a, in := range t.in {
		if in > 0 && (in < floor || t.splits(a) && t.all[a]-in < floor) {
			return false
		}
	}
	return t.rest == 0 || t.rest >= floor
}

// smallest is the size of the smallest atom with the set in the history, 0 of none.
func (t *tally) smallest() uint64 {
	least := t.rest
	for a, in := range t.in {
		for _, n := range []uint64{in, t.all[a] - in} {
			if n > 0 && (least == 0 || n < least) {
				least = n
			}
		}
	}
	return least
}

// changes says whether the history has other atoms with the set.
func (t *tally) changes() bool {
	for a := range t.in {
		if t.splits(a) {
			return true
		}
	}
	return t.rest > 0
}
