package site

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/law/consent"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

// consents writes a list of consents for the desk's patients, which are asked from now on.
func (d *desk) consents(lines ...string) {
	d.t.Helper()
	d.list(lines...)
	set := dataset.File("people", d.path())
	set.Patient, set.Consent = "id", &dataset.Consent{Path: d.listPath()}
	if _, err := d.site.registry().Add(d.t.Context(), set, d.Charter.Dictionary, true, dataset.Build{}); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) listPath() string { return filepath.Join(d.Home("east"), "consent.csv") }

// list writes the consents anew, as a steward should: whole, and then renamed.
func (d *desk) list(lines ...string) {
	d.t.Helper()
	temp := d.listPath() + ".new"
	err := os.WriteFile(temp, []byte("patient,purpose,valid_from,valid_to,status\n"+strings.Join(lines, "\n")+"\n"), 0o600)
	if err = errors.Join(err, os.Rename(temp, d.listPath())); err != nil {
		d.t.Fatal(err)
	}
}

// permits are consents to research of the patients from p to before q.
func permits(p, q int) (out []string) {
	for i := p; i < q; i++ {
		out = append(out, fmt.Sprintf("p%d,research,2020-01-01,,permit", i))
	}
	return out
}

// withdraws are withdrawals on the desk's day.
func withdraws(p, q int) (out []string) {
	for i := p; i < q; i++ {
		out = append(out, fmt.Sprintf("p%d,research,2026-11-24,,withdrawn", i))
	}
	return out
}

// door is that of a study which has not begun.
func (d *desk) door(a ask) *door {
	d.t.Helper()
	x := &run{site: d.site, plan: d.plan(a)}
	x.door, x.record.Study = &door{run: x}, &study.Signed{}
	return x.door
}

// names tells which of the first 100 patients a cohort holds.
func (d *desk) names(t table.Table) (out []string) {
	d.t.Helper()
	pseudonym, err := Pseudonyms(d.Home("east"))
	if err != nil {
		d.t.Fatal(err)
	}
	for i := range 100 {
		if name := fmt.Sprintf("p%d", i); slices.Contains(t.Pseudonyms, pseudonym(name)) {
			out = append(out, name)
		}
	}
	return out
}

// who are the patients of a study's cohort.
func (d *desk) who(a ask) []string {
	d.t.Helper()
	t, err := d.door(a).cohort(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return d.names(t)
}

func numbered(p, q int) (out []string) {
	for i := p; i < q; i++ {
		out = append(out, fmt.Sprintf("p%d", i))
	}
	return out
}

// entries are those of the desk's audit log, verified.
func (d *desk) entries() (out []audit.Entry) {
	d.t.Helper()
	m := d.Member(d.t, "east")
	src := audit.Source{Dir: AuditDir(d.Home("east"))}
	verify := func(_ string, text, sig []byte) error {
		return identity.Verify(m.Identity.Public(), identity.ContextCheckpoint, text, sig)
	}
	if r, err := audit.Verify(src, "east", verify, nil); err != nil || r.Bad != nil {
		d.t.Fatalf("the audit log: %v %v", err, r.Bad)
	}
	err := audit.Entries(src, "east", func(e audit.Entry) error { out = append(out, e); return nil })
	if err != nil {
		d.t.Fatal(err)
	}
	return out
}

// prove is the verified proof of a patient's consent.
func (d *desk) prove(patient string) consent.Report {
	d.t.Helper()
	pseudonym, err := Pseudonyms(d.Home("east"))
	if err != nil {
		d.t.Fatal(err)
	}
	log := d.entries()
	p, err := consent.Prove("people", pseudonym(patient), func(yield func(consent.Booked, error) bool) {
		for _, e := range log {
			b := consent.Booked{Entry: e.Seq}
			var err error
			if _, h, ok := BookedState(e); ok {
				b.Register, b.Salt, err = ConsentRegister(d.Home("east"), h)
			} else if _, h, ok := BookedCohort(e); ok {
				b.People, b.Salt, err = ConsentCohort(d.Home("east"), h)
			} else {
				continue
			}
			if !yield(b, err) {
				return
			}
		}
	})
	if err != nil {
		d.t.Fatal(err)
	}
	r, err := consent.Verify(p, log)
	if err != nil {
		d.t.Fatal(err)
	}
	return r
}

func reason(t *testing.T, err error, kind string) engine.Reason {
	t.Helper()
	r := engine.Reason{}
	if !errors.As(err, &r) || r.Kind != kind {
		t.Fatalf("got %v, want a reason of kind %s", err, kind)
	}
	return r
}

// bundle is n patients with a weight, 20 of them with a consent.
func bundle(n int) string {
	var entries []string
	add := func(format string, args ...any) {
		entries = append(entries, `{"resource":`+fmt.Sprintf(format, args...)+`}`)
	}
	for i := range n {
		add(`{"resourceType":"Patient","id":"p%d","gender":"female","birthDate":"1970-01-01"}`, i)
		add(`{"resourceType":"Observation","id":"w%d","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]},"subject":{"reference":"Patient/p%d"},"effectiveDateTime":"2024-05-01","valueQuantity":{"value":%d,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}}`, i, i, 60+i)
		status, below := "active", ""
		switch i {
		case 0:
			status = "inactive"
		case 1:
			below = `,"provision":[{"type":"deny","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"HRESCH"}]}]`
		}
		if i < 20 {
			add(`{"resourceType":"Consent","id":"c%d","status":"%s","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"research"}]},"category":[{"coding":[{"system":"http://loinc.org","code":"57016-8"}]}],"patient":{"reference":"Patient/p%d"},"dateTime":"2024-01-31","provision":{"type":"permit","period":{"start":"2024-01-31","end":"2054-01-30"},"purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"HRESCH"}]%s}}`, i, status, i, below)
		}
	}
	return `{"resourceType":"Bundle","type":"collection","entry":[` + strings.Join(entries, ",\n") + `]}`
}
