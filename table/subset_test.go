package table

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A Subset is a sorted list of different rows.
func TestSubsetIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(1, 300).Draw(t, "rows")
		draw := func(name string) ([]int, Subset) {
			which := rapid.SliceOf(rapid.IntRange(0, rows-1)).Draw(t, name)
			s := SubsetOf(which...)
			slices.Sort(which)
			return slices.Compact(which), s
		}
		a, s := draw("a")
		b, o := draw("b")
		if got := slices.Collect(s.All()); !slices.Equal(got, a) || s.Len() != len(a) {
			t.Fatalf("%d rows, %v; want %v", s.Len(), got, a)
		}
		for r := range rows {
			if _, has := slices.BinarySearch(a, r); s.Has(r) != has {
				t.Fatalf("row %d: %v", r, !has)
			}
		}
		if s.Equal(o) != slices.Equal(a, b) {
			t.Fatalf("%v and %v", a, b)
		}
		before := s.Clone()
		s.Join(o)
		if !before.Equal(SubsetOf(a...)) {
			t.Fatal("a clone changed")
		}
		both := slices.Concat(a, b)
		slices.Sort(both)
		if !s.Equal(SubsetOf(both...)) {
			t.Fatalf("joined, %v", slices.Collect(s.All()))
		}
	})
}
