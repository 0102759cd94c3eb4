package fhir

import (
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/vocabulary"
)

type provision struct{ Type, System, Code, Start, End string }

// Every consent of the reference, which lists each code of each provision with the
// type that the provision has or takes over from the one around it.
func TestConsents(t *testing.T) {
	var want []struct {
		File, ID, Status, Patient, DateTime string
		Policy                              []string
		BaseType                            string                      `json:"base_type"`
		BasePeriod                          struct{ Start, End string } `json:"base_period"`
		Provisions                          []provision
	}
	reference(t, "consents.json", &want)
	if len(want) < 20 {
		t.Fatalf("%d consents in the reference", len(want))
	}
	for _, w := range want {
		got, _ := read(t, data(t, filepath.FromSlash(w.File)), map[string][]string{format.ConsentTable: nil})
		var mine rows
		for i, r := range got[format.ConsentTable] {
			if got[format.ConsentTable].text(i, format.ID) == w.ID {
				mine = append(mine, r)
			}
		}
		if len(mine) == 0 {
			t.Errorf("%s: no row", w.File)
			continue
		}
		base := map[string]string{}
		for _, c := range []string{format.Status, format.Patient, format.Time, format.Decision, format.Start, format.End, format.Provision} {
			base[c] = mine.text(0, c)
		}
		if !reflect.DeepEqual(base, map[string]string{format.Status: w.Status, format.Patient: strings.TrimPrefix(w.Patient, "Patient/"), format.Time: w.DateTime,
			format.Decision: w.BaseType, format.Start: w.BasePeriod.Start, format.End: w.BasePeriod.End, format.Provision: ""}) {
			t.Errorf("%s: base %v", w.File, base)
		}
		for _, p := range w.Policy {
			if !strings.Contains(mine.text(0, format.Policy), p) {
				t.Errorf("%s: policy %q", w.File, mine.text(0, format.Policy))
			}
		}
		var provisions []provision
		types := map[string]string{}
		for i := range mine {
			place := mine.text(i, format.Provision)
			kind := mine.text(i, format.Decision)
			if kind == "" && place != "" {
				kind = types[place[:max(0, strings.LastIndexByte(place, '.'))]]
			}
			types[place] = kind
			for _, token := range strings.Fields(mine.text(i, format.Code)) {
				system, code := vocabulary.Split(token)
				provisions = append(provisions, provision{kind, system, code, mine.text(i, format.Start), mine.text(i, format.End)})
			}
		}
		for i := range w.Provisions {
			w.Provisions[i].System = vocabulary.Short(w.Provisions[i].System)
		}
		if !slices.Equal(provisions, w.Provisions) {
			t.Errorf("%s: provisions\n got %v\nwant %v", w.File, provisions, w.Provisions)
		}
	}
}
