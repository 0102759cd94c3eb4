package site

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/study"
)

// A talk is a private study of several rounds at the door of one site.
type talk struct {
	*desk
	x     *run
	seats []engine.Seat
	tasks []engine.Task
}

func (d *desk) talk(a ask) *talk {
	d.t.Helper()
	x := &run{site: d.site, plan: d.plan(a)}
	x.door = &door{run: x}
	x.record.Study = &study.Signed{}
	k := &talk{desk: d, x: x}
	for _, s := range six {
		k.seats = append(k.seats, engine.Seat{Site: s, Data: []byte("the data of " + s)})
	}
	tag, err := d.site.tag("people")
	if err != nil {
		d.t.Fatal(err)
	}
	k.seats[0].Data = tag
	b, err := engine.NewBundle(x.plan)
	if err != nil {
		d.t.Fatal(err)
	}
	k.tasks = b.Tasks()
	return k
}

// round asks for a vector, and for the consent to open it over all six.
func (k *talk) round(n int, tasks []engine.Task) ([]uint64, error) {
	words, err := k.x.door.Compute(k.t.Context(), engine.Question{Study: k.x.plan.Digest, Round: n, Seats: k.seats, Tasks: tasks})
	if err != nil {
		return nil, err
	}
	_, err = k.x.door.Agree(k.t.Context(), k.x.plan.Digest, n, six)
	return words, err
}

// after gives the tasks of the next round if a sum of this one had this value
// everywhere: what a lead can say without `verify`, and a contributor by its part.
func (k *talk) after(value float64) []engine.Task {
	k.t.Helper()
	var out []engine.Task
	for _, task := range k.tasks {
		sum := make([]float64, len(task.Bounds.Ranges))
		for i := range sum {
			sum[i] = value + float64(i%3)
		}
		next, result, err := task.Run.Next(sum, task.State)
		if err != nil || result != nil {
			k.t.Fatal(err)
		}
		task.State = next
		if task.Bounds, err = task.Run.Bounds(next); err != nil {
			k.t.Fatal(err)
		}
		if task.Grid, err = task.Bounds.Grid(k.x.plan.MaxRows, len(k.x.plan.Sites)); err != nil {
			k.t.Fatal(err)
		}
		out = append(out, task)
	}
	return out
}

const twoRounds = "analysis: describe, variables: [dose]"

// The same question that goes another way after its first round is another
// question: its noise would be fresh, and nobody has paid for it.
func TestARoundIsPaidForOnce(t *testing.T) {
	d := newDesk(t)
	spent := func() float64 {
		b, err := d.site.ledger.Balance("people", d.now)
		if err != nil {
			t.Fatal(err)
		}
		return b.Limit - b.Left
	}
	first := d.talk(ask{privacy: paid, analysis: twoRounds})
	zero, err := first.round(0, first.tasks)
	if err != nil {
		t.Fatal(err)
	}
	one, err := first.round(1, first.after(40))
	if err != nil {
		t.Fatal(err)
	}
	price := spent()
	again := d.talk(ask{privacy: paid, analysis: twoRounds})
	same, err := again.round(0, again.tasks)
	if err != nil || !slices.Equal(zero, same) {
		t.Fatalf("asked again, round 0 is another (%v)", err)
	}
	if same, err = again.round(1, again.after(40)); err != nil || !slices.Equal(one, same) {
		t.Fatalf("asked again, round 1 is another (%v)", err)
	}
	answers, refused := 1, 0
	for i := range 4 {
		if i == 2 {
			d.restart()
		}
		lied := d.talk(ask{privacy: paid, analysis: twoRounds})
		if _, err := lied.round(0, lied.tasks); err != nil {
			t.Fatal(err)
		}
		words, err := lied.round(1, lied.after(41+float64(i)))
		if r := (engine.Reason{}); errors.As(err, &r) && r.Kind == engine.ReasonDifference {
			refused++
		} else if err != nil {
			t.Errorf("refused as %v", err)
		} else if !slices.Equal(words, one) {
			answers++
		}
	}
	if got := spent(); got < float64(answers)*price*(1-1e-9) || refused == 0 {
		t.Errorf("%d different answers to the second round, %d refused, for rho %v: one costs %v", answers, refused, got, price)
	}
}

// An analysis that ended early in one run of a question does not give its place,
// and with it its noise, to the next.
func TestNoiseBelongsToItsAnalysis(t *testing.T) {
	both := "analysis: describe, variables: [dose]}\n  - {name: b, analysis: describe, variables: [cost]"
	d := newDesk(t)
	first := d.talk(ask{privacy: paid, analysis: both})
	if _, err := first.round(0, first.tasks); err != nil {
		t.Fatal(err)
	}
	tasks := first.after(40)
	all, err := first.round(1, tasks)
	if err != nil {
		t.Fatal(err)
	}
	second := d.talk(ask{privacy: paid, analysis: both})
	if _, err := second.round(0, second.tasks); err != nil {
		t.Fatal(err)
	}
	if alone, err := second.round(1, tasks[1:]); err == nil && !slices.Equal(alone, all[len(all)-len(alone):]) {
		t.Error("the same sum left twice, with another noise, for one price")
	}
}

// Whether a patient is in a private cohort shows in noisy sums only: no refusal
// may depend on it.
func TestAPrivateCohortOfFewIsNotRefused(t *testing.T) {
	d := newDesk(t)
	for _, years := range []int{31, 32, 200} {
		if _, err := d.ask(ask{privacy: paid, analysis: curve, cohort: fmt.Sprintf("age < %d && dose < %d", years, 1000)}); err != nil {
			t.Errorf("up to %d years: %v", years, err)
		}
	}
	if _, err := d.ask(ask{privacy: paid, analysis: curve, cohort: "age > 119"}); err != nil {
		t.Errorf("nobody: %v", err)
	}
}

// All rounds of a study see the same data: the file, and what its registration makes
// of it.
func TestARegistrationThatChangesEndsTheStudy(t *testing.T) {
	d := newDesk(t)
	k := d.talk(ask{privacy: paid, analysis: twoRounds})
	if _, err := k.round(0, k.tasks); err != nil {
		t.Fatal(err)
	}
	next := k.after(40)
	set := dataset.File("people", d.path())
	set.Patient = "id"
	half := 0.5
	set.Mapping = map[string]dataset.Source{"dose": {Scale: &half}}
	if _, err := d.site.registry().Add(t.Context(), set, d.Charter.Dictionary, true, dataset.Build{}); err != nil {
		t.Fatal(err)
	}
	k.x.door = &door{run: k.x} // as after a restart
	if _, err := k.round(1, next); err == nil {
		t.Error("the second round was answered from data that are read otherwise")
	}
}

// Studies that run at once are held against each other as those that come one after
// the other: of cohorts that differ by a patient one is answered, and a budget that
// is enough for ten pays for ten.
func TestStudiesAtOnceAreHeldAgainstEachOther(t *testing.T) {
	d := newDesk(t)
	atOnce := func(asks []ask) (answered int) {
		var talks []*talk
		for _, a := range asks {
			talks = append(talks, d.talk(a))
		}
		errs := make(chan error)
		for _, k := range talks {
			go func() {
				_, err := k.round(0, k.tasks)
				errs <- err
			}()
		}
		for range talks {
			err := <-errs
			if r := (engine.Reason{}); err == nil {
				answered++
			} else if !errors.As(err, &r) || r.Kind != engine.ReasonDifference && r.Kind != engine.ReasonBudget {
				t.Error(err)
			}
		}
		return answered
	}
	exact := []ask{{analysis: describeAge}}
	var private []ask
	for i := range 14 {
		exact = append(exact, ask{analysis: describeAge, cohort: fmt.Sprintf("age != %d", 60+i%10)})
		private = append(private, ask{privacy: paid, analysis: curve, cohort: fmt.Sprintf("age >= %d", i)})
	}
	if n := atOnce(exact[:11]); n != 1 {
		t.Errorf("%d of eleven cohorts that differ by a patient or two were answered", n)
	}
	n := atOnce(private)
	b, err := d.site.ledger.Balance("people", d.now)
	if err != nil || b.Left < 0 || n == 0 || n == len(private) {
		t.Errorf("%d of %d studies were answered, %v of %v is left (%v)", n, len(private), b.Left, b.Limit, err)
	}
}
