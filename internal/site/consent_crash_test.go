package site

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/law/consent"
)

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
