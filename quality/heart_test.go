package quality_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/csv"
	"hmsp.center/hmsp/quality"
)

// shared finds the shared test data, or skips.
func shared(t *testing.T, parts ...string) string {
	path := filepath.Join(append([]string{"..", "..", "shared", "data"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skip("the shared test data are not here")
	}
	return path
}

// The four hospitals of the UCI heart disease data: Switzerland recorded cholesterol as
// 0 throughout and left out the vessels of 118 of 123 patients; the VA recorded 0 for
// 49 of 200. Cleveland has neither.
func TestHeartDisease(t *testing.T) {
	l := dataset.Loader{Formats: []format.Format{csv.Format{}}}
	measure := func(site string) quality.Profile {
		path := shared(t, "clinical", "multisite", "heart-disease", site+".csv")
		s, _, err := l.Infer(t.Context(), path, shared(t, "clinical", "multisite", "heart-disease", "cleveland.csv"))
		if err != nil {
			t.Fatal(err)
		}
		tab, err := l.Load(t.Context(), dataset.File(site, path), s)
		if err != nil {
			t.Fatal(err)
		}
		p, err := quality.OfTable(t.Context(), tab, quality.Options{Dataset: site})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	has := func(p quality.Profile, variable, kind string, affected int) bool {
		return slices.ContainsFunc(p.Findings, func(f quality.Finding) bool {
			return f.Variable == variable && f.Kind == kind && f.Affected == affected
		})
	}
	ch := measure("switzerland")
	if !has(ch, "chol", "zeros", 123) || !has(ch, "ca", "missing", 118) {
		t.Errorf("Switzerland: %+v", ch.Findings)
	}
	if v, _ := ch.Lookup("chol"); v.Score != 0 || v.Completeness != 1 {
		t.Errorf("Switzerland's cholesterol: %+v", v)
	}
	va, cleveland := measure("va"), measure("cleveland")
	if !has(va, "chol", "zeros", 49) {
		t.Errorf("VA: %+v", va.Findings)
	}
	for _, f := range cleveland.Findings {
		if f.Kind != "digits" { // blood pressures are multiples of 10 there too
			t.Errorf("Cleveland: %+v", f)
		}
	}
	if v, _ := va.Lookup("chol"); v.Plausibility != 1-49.0/193 {
		t.Errorf("the VA's cholesterol: %+v", v)
	}
	if !(cleveland.Score > 0.95 && ch.Score < cleveland.Score && va.Score < cleveland.Score) {
		t.Errorf("scores: Cleveland %v, VA %v, Switzerland %v", cleveland.Score, va.Score, ch.Score)
	}
	t.Logf("\n%s%s", ch, quality.Published(ch, disclosure.DefaultRules()))
}
