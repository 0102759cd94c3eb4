package site

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/dp/ledger"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/member/membertest"
	"hmsp.center/hmsp/law/consent"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

// Only who permits is in a cohort; what refuses wins, wherever it stands and however
// old it is; a withdrawal acts from the next cohort, without registering anew, and what
// the site booked proves it.
func TestConsentIsAppliedAtEachCohort(t *testing.T) {
	d := newDesk(t)
	all := ask{analysis: describeAge}
	if got := d.who(all); len(got) != 60 {
		t.Fatalf("nobody is asked, and %d of 60 are in the cohort", len(got))
	}
	first := append([]string{"p3,all,1990-01-01,,deny"}, permits(0, 50)...)
	first = append(first, "p4,research,2026-11-25,,withdrawn", "p50,quality,2020-01-01,,permit", "p51,research,2020-01-01,2026-11-23,permit", "p52,research,2026-11-25,,permit",
		"p53,research,2020-01-01,,draft", "p54,research,2020-01-01,2026-11-24,permit", "p5,research,2020-01-01,,withdrawn", "nobody,research,2020-01-01,,permit")
	d.consents(first...)
	want := slices.Concat(numbered(0, 3), []string{"p4"}, numbered(6, 50), []string{"p54"})
	if got := d.who(all); !slices.Equal(got, want) {
		t.Errorf("in the cohort are %v, want %v", got, want)
	}
	d.list(append(first, withdraws(10, 12)...)...)
	want = slices.DeleteFunc(want, func(n string) bool { return n == "p10" || n == "p11" })
	if got := d.who(all); !slices.Equal(got, want) {
		t.Errorf("after a withdrawal in the cohort are %v, want %v", got, want)
	}
	d.now = d.now.AddDate(0, 0, 1)
	want = slices.DeleteFunc(want, func(n string) bool { return n == "p4" || n == "p54" })
	want = append(want, "p52")
	if got := d.who(all); !slices.Equal(got, want) {
		t.Errorf("the day after in the cohort are %v, want %v", got, want)
	}
	r := d.prove("p10")
	known, ok := r.Withdrawal()
	if !ok || known != r.States[1].Entry || len(r.States) != 2 || len(r.Cohorts) != 3 || !r.Cohorts[0].In || r.Cohorts[1].In || r.Cohorts[2].In || !r.Obeyed() {
		t.Errorf("the proof says %+v", r)
	}
	if r = d.prove("p3"); r.Cohorts[0].In || r.Cohorts[0].Decision.Why != consent.Refused || !r.Obeyed() {
		t.Errorf("the proof says %+v", r)
	}
}

// What the site books of consents holds no count: the log is shown to others, with
// every proof, and how many were left out is the site's own.
func TestConsentIsBookedWithoutCounts(t *testing.T) {
	d := newDesk(t)
	d.consents(permits(0, 47)...)
	d.who(ask{analysis: describeAge})
	for _, k := range audit.Kinds() {
		for _, f := range k.Facts {
			if strings.HasPrefix(k.Name, "consent.") && (f.Form == audit.Count || f.Form == audit.Amount) {
				t.Errorf("%s has the count %s", k.Name, f.Key)
			}
		}
	}
	n := 0
	for _, e := range d.entries() {
		if strings.HasPrefix(e.Kind, "consent.") {
			n++
		}
		for key, text := range e.Facts {
			if strings.HasPrefix(e.Kind, "consent.") && (text == "47" || text == "13") {
				t.Errorf("%s: %s is %s", e.Kind, key, text)
			}
		}
	}
	if n != 2 {
		t.Errorf("%d entries about consent, want 2", n)
	}
}

// Of a private study consent is applied too, and nothing says how many were left out:
// not even a refusal where nobody is left.
func TestConsentOfAPrivateStudy(t *testing.T) {
	d := newDesk(t)
	private := ask{privacy: paid, analysis: curve}
	d.consents(permits(0, 30)...)
	if got := d.who(private); !slices.Equal(got, numbered(0, 30)) {
		t.Errorf("in the cohort are %v", got)
	}
	few := ask{analysis: describeAge, cohort: "age > 57"}
	if _, err := d.ask(few); err == nil || strings.Contains(reason(t, err, engine.ReasonCohort).Text, "consent") {
		t.Errorf("few are left: %v", err)
	}
	for _, lines := range [][]string{permits(0, 1), {"nobody,research,2020-01-01,,permit"}} {
		d.list(lines...)
		if _, err := d.ask(ask{privacy: paid, analysis: another, cohort: fmt.Sprintf("age >= %d", len(lines[0]))}); err != nil {
			t.Errorf("of %v: %v", lines, err)
		}
	}
}

// Without consents that can be read nothing is computed, of exact and private studies,
// and what is told outside holds nothing of the file.
func TestUnreadableConsentsStopTheStudy(t *testing.T) {
	d := newDesk(t)
	d.consents(permits(0, 60)...)
	for name, spoil := range map[string]func(){
		"gone":          func() { os.Remove(d.listPath()) },
		"empty":         func() { os.WriteFile(d.listPath(), nil, 0o600) },
		"cut short":     func() { d.list("p1,research,2020-01-01,,permit", "p2,resear") },
		"no such day":   func() { d.list("p1,research,SECRET,,permit") },
		"no such words": func() { d.list("p1,SECRET,2020-01-01,,permit") },
		"no such column": func() {
			os.WriteFile(d.listPath(), []byte("patient,purpose,valid_from,valid_to,status,SECRET\np1,research,2020-01-01,,permit,x\n"), 0o600)
		},
		"a folder": func() { os.Remove(d.listPath()); os.Mkdir(d.listPath(), 0o700) },
	} {
		os.RemoveAll(d.listPath())
		spoil()
		before := len(d.entries())
		for _, a := range []ask{{analysis: describeAge}, {privacy: paid, analysis: curve}} {
			words, err := d.ask(a)
			text := reason(t, err, engine.ReasonData).Text
			if words != nil || strings.Contains(text, "SECRET") || strings.Contains(text, "p1") || strings.Contains(text, d.Home("east")) || !strings.Contains(text, "consent") {
				t.Errorf("%s: %v, %s", name, words, text)
			}
		}
		if after := len(d.entries()); after != before {
			t.Errorf("%s: %d entries are booked", name, after-before)
		}
		set := dataset.File("people", d.path())
		set.Patient, set.Consent = "id", &dataset.Consent{Path: d.listPath()}
		for what, add := range map[string]func() error{
			"registered": func() error {
				_, err := d.site.registry().Add(t.Context(), set, d.Charter.Dictionary, true, dataset.Build{})
				return err
			},
			"tried": func() error {
				_, err := d.site.registry().Try(t.Context(), set, d.Charter.Dictionary, true, dataset.Build{})
				return err
			},
		} {
			if err := add(); err == nil || strings.Contains(err.Error(), "SECRET") && name != "no such column" {
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
	}
}

// A study over linked datasets needs the permission of each, and each books its cohort.
func TestConsentsOfLinkedDatasets(t *testing.T) {
	d := overTime(t)
	err := os.WriteFile(filepath.Join(d.Home("east"), ledger.File), []byte("hmsp: budget/v1\ndatasets:\n  genes: {with: labs}\n"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	d.restart()
	for name, lines := range map[string][]string{"labs": permits(0, 250), "genes": append(permits(100, 300), withdraws(110, 111)...)} {
		set, err := d.site.Dataset(name)
		if err != nil {
			t.Fatal(err)
		}
		d.list(lines...)
		set.Pool, set.Consent = "", &dataset.Consent{Path: filepath.Join(d.Home("east"), name+"-consent.csv")}
		if err := os.Rename(d.listPath(), set.Consent.Path); err != nil {
			t.Fatal(err)
		}
		if _, err := d.site.registry().Add(t.Context(), set, d.Charter.Dictionary, true, dataset.Build{}); err != nil {
			t.Fatal(err)
		}
	}
	door := d.doorOf(func(s *study.Study) {
		s.Dataset, s.Link = "labs", []string{"genes"}
		s.Analyses = []study.Entry{{Name: "d", Analysis: "describe", Params: map[string]any{"variables": []any{"dose", "score"}}}}
	})
	got, err := door.cohort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer door.release()
	if got.People() != 149 {
		t.Errorf("%d people in the cohort, want the 149 who permit both", got.People())
	}
	booked := map[string]int{}
	for _, e := range d.entries() {
		if name, h, ok := BookedCohort(e); ok {
			people, _, err := ConsentCohort(d.Home("east"), h)
			if booked[name] += len(people); err != nil {
				t.Error(err)
			}
		}
	}
	if booked["labs"] != 149 || booked["genes"] != 149 {
		t.Errorf("booked are %v", booked)
	}
}

// The Consent resources of a FHIR export are asked where they are the source's own.
func TestConsentsOfAFHIRSource(t *testing.T) {
	d := &desk{t: t, now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
	d.Consortium = membertest.New(t, table.Schema{{Name: "weight", Kind: table.Number, Code: "loinc:29463-7", Unit: "kg", Min: 1, Max: 300}}, six...)
	path := filepath.Join(t.TempDir(), "export.json")
	if err := os.WriteFile(path, []byte(bundle(30)), 0o600); err != nil {
		t.Fatal(err)
	}
	d.open()
	t.Cleanup(func() { d.site.closeBooks() })
	p, err := d.site.registry().Loader.Propose(t.Context(), dataset.File("people", path), d.Charter.Dictionary)
	if err != nil || p.Dataset.Consent == nil || p.Dataset.Consent.From != "source" {
		t.Fatalf("%+v, %v", p.Dataset.Consent, err)
	}
	if _, err := d.site.registry().Add(t.Context(), p.Dataset, d.Charter.Dictionary, false, dataset.Build{}); err != nil {
		t.Fatal(err)
	}
	want := numbered(2, 20) // p0 has withdrawn, p1 is refused below a permit, the others have none
	if got := d.who(ask{analysis: "analysis: describe, variables: [weight]"}); !slices.Equal(got, want) {
		t.Errorf("in the cohort are %v, want %v", got, want)
	}
	v, err := d.site.registry().Consenting(t.Context(), "people", "research", d.now)
	if err != nil || v.Data.Permitted != 18 || v.Data.Denied != 2 || v.Data.Withdrawn != 1 || v.Data.Unknown != 10 || v.Data.People != 30 || v.Known.People != 20 {
		t.Errorf("%+v, %v", v, err)
	}
	if r := d.prove("p0"); r.Cohorts[0].In || r.Cohorts[0].Decision.Why != consent.Withdrawn {
		t.Errorf("the proof says %+v", r)
	}
}
