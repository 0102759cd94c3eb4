//go:build unix

package postgres

import (
	"errors"
	"testing"

	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/omop/omoptest"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/timeline"
)

// What is asked, and what is held against the fingerprints, are of one moment: also the
// vocabulary, which says which rows are a variable's.
func TestInPlaceSeesOneMoment(t *testing.T) {
	folder := shared(t, "omop/synthea27nj")
	path := schema(t, omoptest.Start(t), "clinic")
	omoptest.Load(t, path, folder)
	v := number("bmi", "kg/m2", 8, 100)
	selections := []dataset.Selection{{Variable: v, Tables: []string{format.MeasurementTable}, Codes: []string{"loinc:39156-5"}}}
	plan, err := timeline.Compile(timeline.Spec{}, table.Schema{v}, []string{"bmi"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	prints, err := s.Fingerprints(t.Context(), selections)
	if err != nil {
		t.Fatal(err)
	}
	k := dataset.Meta{InPlace: selections, Fingerprints: prints}
	want, err := s.Evaluate(t.Context(), k, plan, nil, plan.Schema(), nil)
	if err != nil || want.Rows() == 0 {
		t.Fatalf("%d rows, %v", want.Rows(), err)
	}
	omoptest.Exec(t, path, `UPDATE clinic.concept SET concept_code = 'gone' WHERE vocabulary_id = 'LOINC' AND concept_code = '39156-5'`)
	got, err := s.Evaluate(t.Context(), k, plan, nil, plan.Schema(), nil)
	if err != nil || got.Rows() != want.Rows() {
		t.Errorf("a snapshot sees a later vocabulary: %d rows, %v", got.Rows(), err)
	}
	now, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer now.Close()
	var changed *Changed
	if _, err := now.Evaluate(t.Context(), k, plan, nil, plan.Schema(), nil); !errors.As(err, &changed) {
		t.Errorf("another vocabulary is not noticed: %v", err)
	}
}
