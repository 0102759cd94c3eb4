package table

import "testing"

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
