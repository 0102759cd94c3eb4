package table

import (
	"iter"
	"math/bits"
	"slices"
)

// A Subset is some rows of a table, a bit a row, so that those of many million take
// little room. The zero Subset has none.
type Subset struct {
	words []uint64
	count int
}

// SubsetOf are the given rows.
func SubsetOf(rows ...int) Subset {
	var s Subset
	for _, r := range rows {
		s.Add(r)
	}
	return s
}

// Add takes a row in.
func (s *Subset) Add(row int) {
	word, bit := row>>6, uint64(1)<<(row&63)
	if word >= len(s.words) {
		s.words = append(s.words, make([]uint64, word+1-len(s.words))...)
	}
	if s.words[word]&bit == 0 {
		s.words[word] |= bit
		s.count++
	}
}

// Has says whether a row is in it.
func (s Subset) Has(row int) bool {
	return row>>6 < len(s.words) && s.words[row>>6]>>(row&63)&1 == 1
}

// Len is how many rows are in it.
func (s Subset) Len() int { return s.count }

// All gives its rows, ascending.
func (s Subset) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, w := range s.words {
			for ; w != 0; w &= w - 1 {
				if !yield(i<<6 + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}

// Clone is a copy that can be added to.
func (s Subset) Clone() Subset { return Subset{slices.Clone(s.words), s.count} }

// Equal says whether two are the same rows.
func (s Subset) Equal(o Subset) bool {
	n := min(len(s.words), len(o.words)) // of as many rows, none can be beyond both
	return s.count == o.count && slices.Equal(s.words[:n], o.words[:n])
}

// Join adds the rows of another.
func (s *Subset) Join(o Subset) {
	if n := len(o.words) - len(s.words); n > 0 {
		s.words = append(s.words, make([]uint64, n)...)
	}
	for i, w := range o.words {
		s.count += bits.OnesCount64(w &^ s.words[i])
		s.words[i] |= w
	}
}
