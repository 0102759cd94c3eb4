package table

import (
	"math"
	"slices"
	"testing"
)

func TestOneRowPerPatientKeepsTheFirst(t *testing.T) {
	s := Schema{{Name: "x", Kind: Number, Min: 0, Max: 9}}
	all, err := New(s, []Column{{Numbers: []float64{1, 2, 3, 4}}}, []int32{0, 1, 0, 2})
	if err != nil {
		t.Fatal(err)
	}
	all.Pseudonyms = []uint64{7, 8, 7, 9}
	one := all.OneRowPerPatient()
	if got := one.Numbers("x"); one.Rows() != 3 || got[0] != 1 || got[1] != 2 || got[2] != 4 || one.Pseudonyms[2] != 9 {
		t.Errorf("kept %v with %v", got, one.Pseudonyms)
	}
}

// People are told apart whatever their numbers are: dense, sparse, or below zero.
func TestPeopleByAnyNumbers(t *testing.T) {
	for _, patients := range [][]int32{{}, {5}, {0, 1, 0, 2}, {math.MaxInt32, math.MinInt32, 0, math.MaxInt32}, {-3, -2, -3, 9}} {
		x := make([]float64, len(patients))
		for i := range x {
			x[i] = float64(i)
		}
		all, err := New(Schema{{Name: "x", Kind: Number, Max: 9}}, []Column{{Numbers: x}}, patients)
		if err != nil {
			t.Fatal(err)
		}
		var want []float64
		for i, p := range patients {
			if !slices.Contains(patients[:i], p) {
				want = append(want, x[i])
			}
		}
		if one := all.OneRowPerPatient(); all.People() != len(want) || one.Rows() != len(want) || !slices.Equal(one.Numbers("x"), want) {
			t.Errorf("%v: %d people, first rows %v, want %v", patients, all.People(), one.Numbers("x"), want)
		}
	}
}
