package secure

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// MaxSites is the most sites that a roster may have.
const MaxSites = 255

// Sites is a set of sites by their index in the study's roster, ascending. The
// index of a site stays the same over all epochs of a study.
type Sites []int

// Valid refuses an empty set, an index outside 0..MaxSites-1, and a list that
// is not ascending: a set has one encoding.
func (s Sites) Valid() error {
	if len(s) == 0 {
		return fmt.Errorf("no site in the set")
	}
	for i, j := range s {
		if j < 0 || j >= MaxSites {
			return fmt.Errorf("site %d is outside the roster (0..%d)", j, MaxSites-1)
		}
		if i > 0 && j <= s[i-1] {
			return fmt.Errorf("site %d after site %d: want ascending order without repeats", j, s[i-1])
		}
	}
	return nil
}

// Has reports whether site j is in the set.
func (s Sites) Has(j int) bool {
	_, ok := slices.BinarySearch(s, j)
	return ok
}

// Equal reports whether both sets have the same members.
func (s Sites) Equal(t Sites) bool { return slices.Equal(s, t) }

// Minus returns the members of s that are not in t.
func (s Sites) Minus(t Sites) Sites {
	var rest Sites
	for _, j := range s {
		if !t.Has(j) {
			rest = append(rest, j)
		}
	}
	return rest
}

// Within reports whether every member of s is in t.
func (s Sites) Within(t Sites) bool { return len(s.Minus(t)) == 0 }

// Bytes is the canonical encoding of the set, two bytes per member.
func (s Sites) Bytes() []byte {
	b := make([]byte, 0, 2*len(s))
	for _, j := range s {
		b = binary.BigEndian.AppendUint16(b, uint16(j))
	}
	return b
}
