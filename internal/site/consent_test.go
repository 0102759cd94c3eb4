package site

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/member/membertest"
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

// The same question of other patients must not get the noise that was paid for: the
// difference of the two answers would be the patient who withdrew. It does not matter
// whether the patient is in the cohort: the refusal would tell.
func TestPaidNoiseIsNotUsedAgainAfterAWithdrawal(t *testing.T) {
	for name, cohort := range map[string]string{"a patient of the cohort": "", "a patient outside": "age >= 31"} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			question := ask{privacy: paid, analysis: curve, cohort: cohort}
			d.consents(permits(0, 60)...)
			first, err := d.ask(question)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := d.ask(question); err != nil || !slices.Equal(first, again) {
				t.Fatalf("asked again of the same patients, it draws anew (%v)", err)
			}
			d.list(append(permits(0, 60), withdraws(0, 1)...)...) // p0 is 30 years old
			_, err = d.ask(question)
			reason(t, err, engine.ReasonDifference)
			before, err := d.site.ledger.Balance("people", d.now)
			if err != nil {
				t.Fatal(err)
			}
			anew, err := d.ask(question)
			if err != nil || slices.Equal(first, anew) {
				t.Fatalf("after the refusal it is not paid for anew (%v)", err)
			}
			after, err := d.site.ledger.Balance("people", d.now)
			if err != nil || !(after.Left < before.Left) {
				t.Errorf("new noise cost nothing (%v)", err)
			}
			var near int
			for i := range first {
				if x := int64(first[i] - anew[i]); x > -2 && x < 2 {
					near++
				}
			}
			if near == len(first) {
				t.Error("the noise is the same: the answers differ by a patient")
			}
		})
	}
}

// A study that is interrupted asks again: of the same consents it goes on with the same
// people, and what it books is the same; of others it ends, and books no second cohort.
func TestAnInterruptedStudyKeepsToItsConsents(t *testing.T) {
	commitments := func(d *desk, digest string) (out []string) {
		for _, e := range d.entries() {
			if e.Kind == audit.ConsentCohort && e.Study == digest {
				out = append(out, e.Facts["cohort"])
			}
		}
		return out
	}
	for name, change := range map[string]struct {
		lines []string
		days  int
		ends  bool
	}{
		"nothing":                   {permits(0, 40), 0, false},
		"a day, and nobody's":       {permits(0, 40), 1, false},
		"the order of the list":     {append(permits(20, 40), permits(0, 20)...), 0, false},
		"someone withdraws":         {append(permits(0, 40), withdraws(7, 8)...), 0, true},
		"someone consents":          {permits(0, 41), 0, true},
		"a day, and someone's ends": {append(permits(1, 40), "p0,research,2020-01-01,2026-11-24,permit"), 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			lines := permits(0, 40)
			if strings.Contains(name, "someone's") {
				lines = change.lines
			}
			d.consents(lines...)
			k := d.talk(ask{privacy: paid, analysis: twoRounds})
			if _, err := k.round(0, k.tasks); err != nil {
				t.Fatal(err)
			}
			next := k.after(40)
			d.list(change.lines...)
			d.now = d.now.AddDate(0, 0, change.days)
			k.x.door, d.site.consents.inForce = &door{run: k.x}, nil // as after a restart
			_, err := k.round(1, next)
			booked := commitments(d, k.x.plan.Digest)
			if change.ends {
				if text := reason(t, err, engine.ReasonData).Text; !strings.Contains(text, "changed while the study ran") || len(booked) != 1 {
					t.Errorf("%s; %d cohorts are booked", text, len(booked))
				}
			} else if err != nil || len(slices.Compact(booked)) != 1 {
				t.Errorf("%v; cohorts %v are booked", err, booked)
			}
			if r := d.prove("p7"); !r.Obeyed() {
				t.Errorf("the proof says %+v", r)
			}
		})
	}
}

// Killed anywhere between keeping a commitment and booking it, a site goes on with a
// log that verifies and proofs that hold.
func TestConsentIsBookedAfterACrash(t *testing.T) {
	d := newDesk(t)
	d.consents(permits(0, 40)...)
	salt := consent.NewSalt([]byte("lost"), "in a crash")
	crash := func(lines ...string) { // the register and a cohort are kept, and nothing is booked
		t.Helper()
		d.list(lines...)
		set, err := d.site.Dataset("people")
		if err != nil {
			t.Fatal(err)
		}
		r, err := d.site.register(t.Context(), set)
		if err != nil {
			t.Fatal(err)
		}
		if err := keepConsent(d.Home("east"), r.State(salt).Digest(), salt, r.Encode()); err != nil {
			t.Fatal(err)
		}
		if err := keepConsent(d.Home("east"), consent.NewCohort(salt, []uint64{1, 2}).Digest(), salt, consent.EncodePeople([]uint64{1, 2})); err != nil {
			t.Fatal(err)
		}
		d.restart()
	}
	crash(permits(0, 40)...) // before the first register was booked
	d.who(ask{analysis: describeAge})
	crash(append(permits(0, 40), withdraws(5, 6)...)...) // before another was
	if got := d.who(ask{analysis: describeAge}); slices.Contains(got, "p5") {
		t.Error("the withdrawal is not obeyed")
	}
	d.restart() // after it was booked: it is not booked twice
	d.who(ask{analysis: describeAge})
	r := d.prove("p5")
	if len(r.States) != 2 || len(r.Cohorts) != 3 || !r.Cohorts[0].In || r.Cohorts[1].In || r.Cohorts[2].In || !r.Obeyed() {
		t.Errorf("the proof says %+v", r)
	}

	// What is kept is lost: consent is obeyed all the same, and the proof names the loss.
	state := d.entries()
	for _, e := range state {
		if _, h, ok := BookedState(e); ok {
			if err := os.WriteFile(commitmentPath(d.Home("east"), h), []byte("cut"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	d.restart()
	if got := d.who(ask{analysis: describeAge}); len(got) != 39 {
		t.Errorf("%d in the cohort, want 39", len(got))
	}
	if _, _, err := ConsentRegister(d.Home("east"), mustState(t, state)); err == nil || !strings.Contains(err.Error(), "backup") {
		t.Errorf("a register that was cut short: %v", err)
	}
}

func mustState(t *testing.T, log []audit.Entry) consent.Hash {
	t.Helper()
	for _, e := range log {
		if _, h, ok := BookedState(e); ok {
			return h
		}
	}
	t.Fatal("no register is booked")
	return consent.Hash{}
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

// Studies at once, while the consents change under them: what is booked is in order,
// and every cohort is of the register that is in force.
func TestConsentsChangeWhileStudiesRun(t *testing.T) {
	d := newDesk(t)
	d.consents(permits(0, 60)...)
	errs := make(chan error)
	var doors []*door
	for range 8 {
		doors = append(doors, d.door(ask{privacy: paid, analysis: curve}))
	}
	for i, x := range doors {
		go func() {
			if i%2 == 1 {
				time.Sleep(time.Duration(i) * 5 * time.Millisecond)
				lines := append(permits(0, 60), withdraws(0, i)...)
				temp := fmt.Sprint(d.listPath(), i)
				err := os.WriteFile(temp, []byte("patient,purpose,valid_from,valid_to,status\n"+strings.Join(lines, "\n")+"\n"), 0o600)
				if err = errors.Join(err, os.Rename(temp, d.listPath())); err != nil {
					errs <- err
					return
				}
			}
			_, err := x.cohort(t.Context())
			if r := (engine.Reason{}); errors.As(err, &r) && r.Kind == engine.ReasonData {
				err = nil // it was renamed between its stamps
			}
			errs <- err
		}()
	}
	for range doors {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	for _, who := range []string{"p0", "p5", "p59"} {
		if r := d.prove(who); !r.Obeyed() || len(r.Cohorts) == 0 {
			t.Errorf("%s: %+v", who, r)
		}
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
