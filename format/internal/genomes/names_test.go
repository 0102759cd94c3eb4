package genomes

import (
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

// Two samples of one name are two people: their families tell them apart, or the file is
// refused.
func TestSamplesOfOneName(t *testing.T) {
	info := genotype.Info{Samples: []genotype.Sample{{Family: "f1", ID: "a"}, {Family: "f2", ID: "a"}}}
	if err := distinct("x", &info); err != nil || info.Samples[0].ID != "f1_a" || info.Samples[1].ID != "f2_a" || len(info.Notes) != 1 {
		t.Errorf("%+v, %v", info, err)
	}
	path := put(t, "twice.txt", strings.Replace(small, "ben", "anna", 1))
	_, err := Format{text{}}.Describe(t.Context(), path, format.Options{})
	if err == nil || !strings.Contains(err.Error(), "the name of one before it") || strings.Contains(err.Error(), "anna") {
		t.Errorf("%v", err)
	}
}
