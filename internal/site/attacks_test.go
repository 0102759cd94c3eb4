package site

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/member/membertest"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

var six = []string{"east", "lakes", "north", "plains", "south", "west"}

// A desk is one site with its books and its data, asked directly at its door.
type desk struct {
	*membertest.Consortium
	t    *testing.T
	site *Site
	now  time.Time
}

// newDesk opens the door of east over a file of 60 patients.
func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
	d.Consortium = membertest.New(t, table.Schema{
		{Name: "age", Kind: table.Integer, Min: 0, Max: 120},
		{Name: "dose", Kind: table.Number, Min: 0, Max: 1000},
		{Name: "score", Kind: table.Integer, Min: 0, Max: 9},
		{Name: "cost", Kind: table.Number, Min: 0, Max: 100000},
	}, six...)
	d.write(people(60))
	d.open()
	t.Cleanup(func() { d.site.closeBooks() })
	d.register()
	return d
}

// register has the file as it is now.
func (d *desk) register() {
	d.t.Helper()
	set := dataset.File("people", d.path())
	set.Patient = "id"
	if _, err := d.site.registry().Add(d.t.Context(), set, d.Charter.Dictionary, true, dataset.Build{}); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) open() {
	d.t.Helper()
	var err error
	if d.site, err = New(Config{Home: d.Home("east"), Catalog: standard.Catalog(), Now: func() time.Time { return d.now }, Hub: d.Hub.Of("east")}); err != nil {
		d.t.Fatal(err)
	}
}

// restart closes the site and opens it again, as after a crash.
func (d *desk) restart() {
	d.site.closeBooks()
	d.open()
}

func (d *desk) path() string { return filepath.Join(d.Home("east"), "people.csv") }

func (d *desk) write(lines []string) {
	d.t.Helper()
	if err := os.WriteFile(d.path(), []byte("id,age,dose,score,cost\n"+strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		d.t.Fatal(err)
	}
	if d.site != nil {
		d.register()
	}
}

// people are n patients: the first has dose 0, the second no score, the third
// costs as much as all others together.
func people(n int) []string {
	var out []string
	for i := range n {
		dose, score, cost := fmt.Sprint(10+i%40), fmt.Sprint(i%7), fmt.Sprint(20+i%5)
		switch i {
		case 0:
			dose = "0"
		case 1:
			score = ""
		case 2:
			cost = "90000"
		}
		out = append(out, fmt.Sprintf("p%d,%d,%s,%s,%s", i, 30+i%50, dose, score, cost))
	}
	return out
}

// An ask is a study as a researcher would write its end, and who contributes.
type ask struct {
	cohort, privacy, analysis string
	without                   []string
	before                    func(*desk)
}

func (d *desk) plan(a ask) *plan.Plan {
	d.t.Helper()
	text := "hmsp: study/v1\nname: asked\nquestion: What?\npurpose: research\nlegal_basis: GDPR Art. 9(2)(j)\ndataset: people\nparticipation: {minimum: 4}\n"
	if a.cohort != "" {
		text += "cohort: '" + a.cohort + "'\n"
	}
	if a.privacy != "" {
		text += "privacy: " + a.privacy + "\n"
	}
	s, err := study.Parse("study.yaml", []byte(text+"analyses:\n  - {name: a, "+a.analysis+"}\n"))
	if err != nil {
		d.t.Fatal(err)
	}
	signed, err := study.Submit(s, d.Charter.Digest(), d.Member(d.t, "ruth").Identity, d.now, rand.Reader)
	if err != nil {
		d.t.Fatal(err)
	}
	p, problems := plan.New(d.Charter, signed, standard.Catalog())
	if len(problems) > 0 {
		d.t.Fatal(problems)
	}
	return p
}

// ask puts a study to the door: its first vector, and the consent to its set.
func (d *desk) ask(a ask) ([]uint64, error) {
	d.t.Helper()
	if a.before != nil {
		a.before(d)
	}
	x := &run{site: d.site, plan: d.plan(a)}
	x.door = &door{run: x}
	var seats []engine.Seat
	for _, s := range six {
		if !slices.Contains(a.without, s) {
			seats = append(seats, engine.Seat{Site: s, Data: []byte("the data of " + s)})
		}
	}
	tag, err := d.site.tag("people")
	if err != nil {
		d.t.Fatal(err)
	}
	seats[0].Data = tag
	b, err := engine.NewBundle(x.plan)
	if err != nil {
		d.t.Fatal(err)
	}
	x.record.Study = &study.Signed{}
	words, err := x.door.Compute(d.t.Context(), engine.Question{Study: x.plan.Digest, Seats: seats, Tasks: b.Tasks()})
	if err != nil {
		return nil, err
	}
	var contributors []string
	for _, s := range seats {
		contributors = append(contributors, s.Site)
	}
	if _, err := x.door.Agree(d.t.Context(), x.plan.Digest, 0, contributors); err != nil {
		return nil, err
	}
	return words, x.settle()
}

const (
	describeAge  = "analysis: describe, variables: [age]"
	describeDose = "analysis: describe, variables: [dose]"
	linearScore  = "analysis: linear, formula: age ~ score"
	linearDose   = "analysis: linear, formula: age ~ dose"
	linearBoth   = "analysis: linear, formula: age ~ dose + score"
)

func append60(line string) func(*desk) {
	return func(d *desk) { d.write(append(people(60), line)) }
}

// The attacks that are on record against systems that answer exact questions, and
// those that differ by one patient or one site: the last question is refused, and
// nothing of it leaves the site.
func TestAttacksByExactQuestionsLearnNothing(t *testing.T) {
	corrected := func(d *desk) {
		p := people(60)
		p[9] = strings.Replace(p[9], "p9,39,", "p9,40,", 1)
		d.write(p)
	}
	for name, c := range map[string]struct {
		asks []ask
		kind string
	}{
		"leave one patient out by a filter":      {[]ask{{analysis: describeAge}, {cohort: "age != 30 || dose > 0", analysis: describeAge}}, engine.ReasonDifference},
		"one patient more by a filter":           {[]ask{{cohort: "dose > 0", analysis: describeAge}, {analysis: describeAge}}, engine.ReasonDifference},
		"leave one out by a missing value":       {[]ask{{analysis: describeAge}, {analysis: linearScore}}, engine.ReasonDifference},
		"leave one out by a filter on a gap":     {[]ask{{analysis: describeAge}, {cohort: "!missing(score)", analysis: describeAge}}, engine.ReasonDifference},
		"leave one out by a formula":             {[]ask{{analysis: linearDose}, {analysis: linearBoth}}, engine.ReasonDifference},
		"one row twice":                          {[]ask{{analysis: describeAge}, {before: append60("p5,35,15,5,21"), analysis: describeAge}}, engine.ReasonDifference},
		"a patient who came overnight":           {[]ask{{analysis: describeAge}, {before: append60("new,51,15,5,21"), analysis: describeAge}}, engine.ReasonDifference},
		"a value that was corrected overnight":   {[]ask{{analysis: describeAge}, {before: corrected, analysis: describeAge}}, engine.ReasonDifference},
		"after a restart":                        {[]ask{{analysis: describeAge}, {before: (*desk).restart, cohort: "dose > 0", analysis: describeAge}}, engine.ReasonDifference},
		"a whole, and its parts but for one":     {[]ask{{analysis: describeAge}, {cohort: "age < 45", analysis: describeAge}, {cohort: "age >= 45 && age < 60", analysis: describeAge}, {cohort: "age >= 60 && dose != 49", analysis: describeAge}}, engine.ReasonDifference},
		"leave one out, and ask about another":   {[]ask{{analysis: describeAge}, {cohort: "age != 30 || dose > 0", analysis: describeDose}}, engine.ReasonDifference},
		"leave one out, and count":               {[]ask{{analysis: describeDose}, {analysis: "analysis: kaplan-meier, formula: \"Surv((age == 30 & score == 0) * 100, age, score > 3) ~ 1\""}}, engine.ReasonDifference},
		"a site withdraws, and another question": {[]ask{{analysis: describeAge}, {without: []string{"west"}, analysis: describeDose}}, engine.ReasonDifference},
		"a site withdraws":                       {[]ask{{analysis: describeAge}, {without: []string{"west"}, analysis: describeAge}}, engine.ReasonDifference},
		"a site withdraws from another analysis": {[]ask{{analysis: describeAge}, {without: []string{"west"}, analysis: linearDose}}, engine.ReasonDifference},
		"a term that is one patient's":           {[]ask{{analysis: "analysis: linear, formula: score ~ I(1 / ((dose - 49)^2 + (age - 69)^2 + 1e-6))"}}, engine.ReasonDisclosure},
		"a response that is one patient's":       {[]ask{{analysis: "analysis: linear, formula: I(dose * (age == 69 & score == 4)) ~ 1"}}, engine.ReasonDisclosure},
		"a response without one patient's":       {[]ask{{analysis: "analysis: linear, formula: dose ~ 1"}, {analysis: "analysis: linear, formula: I(dose * (age != 69 | score != 4)) ~ 1"}}, engine.ReasonDifference},
		"a response that is another for a few":   {[]ask{{analysis: "analysis: linear, formula: I(dose + (age > 75) * score) ~ 1"}}, engine.ReasonDifference},
		"a term without a few patients":          {[]ask{{analysis: "analysis: linear, formula: score ~ I(dose * (age < 76))"}}, engine.ReasonDifference},
		"a mean that is one patient's":           {[]ask{{analysis: "analysis: describe, variables: [cost]"}}, engine.ReasonDisclosure},
		"a cohort of few":                        {[]ask{{cohort: "age < 32", analysis: describeAge}}, engine.ReasonCohort},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			for i, a := range c.asks {
				words, err := d.ask(a)
				if i < len(c.asks)-1 {
					if err != nil {
						t.Fatalf("question %d: %v", i+1, err)
					}
					continue
				}
				if r := (engine.Reason{}); !errors.As(err, &r) || r.Kind != c.kind || words != nil {
					t.Errorf("answered: %v", err)
				}
			}
		})
	}
}

func TestHonestQuestionsPassTheDoor(t *testing.T) {
	d := newDesk(t)
	for i, a := range []ask{
		{analysis: describeAge},
		{analysis: describeAge}, // again
		{analysis: linearDose},
		{cohort: "age < 50", analysis: describeAge},
		{cohort: "age >= 50", analysis: describeAge},
		{analysis: describeAge, without: []string{"lakes", "west"}, before: func(d *desk) { d.site.guard = nil; d.site.openGuard(1) }},
	} {
		if _, err := d.ask(a); err != nil {
			t.Errorf("question %d: %v", i+1, err)
		}
	}
}

const (
	paid    = "{epsilon: 0.3, delta: 1e-6}"
	curve   = "analysis: kaplan-meier, formula: 'Surv(age, score >= 3) ~ 1'"
	another = "analysis: kaplan-meier, formula: 'Surv(age, score >= 4) ~ 1'"
)

// Asking again must not average the noise away: the same question of the same data
// gets the same noise and costs nothing; anything else draws anew and is paid for.
func TestRepeatedNoisyQuestionsLearnNothing(t *testing.T) {
	d := newDesk(t)
	left := func() float64 {
		b, err := d.site.ledger.Balance("people", d.now)
		if err != nil {
			t.Fatal(err)
		}
		return b.Left
	}
	first, err := d.ask(ask{privacy: paid, analysis: curve})
	if err != nil {
		t.Fatal(err)
	}
	price := 0.5 - left()
	if !(price > 0) {
		t.Fatalf("it cost %v", price)
	}
	for i := range 20 {
		before := func(*desk) {}
		if i%7 == 6 {
			before = (*desk).restart
		}
		again, err := d.ask(ask{privacy: paid, analysis: curve, before: before})
		if err != nil || !slices.Equal(first, again) {
			t.Fatalf("asked again, it draws anew (%v)", err)
		}
	}
	if got := 0.5 - left(); got != price {
		t.Errorf("asking again cost %v, after %v", got, price)
	}
	for name, a := range map[string]ask{
		"another question":   {privacy: paid, analysis: another},
		"another budget":     {privacy: "{epsilon: 0.2, delta: 1e-6}", analysis: curve},
		"another cohort":     {privacy: paid, analysis: curve, cohort: "age >= 31"},
		"another site fewer": {privacy: paid, analysis: curve, without: []string{"west"}},
		"other data":         {privacy: paid, analysis: curve, before: append60("new,51,15,5,21")},
	} {
		before := left()
		words, err := d.ask(a)
		if err != nil || slices.Equal(words, first) {
			t.Errorf("%s: the same noise (%v)", name, err)
		}
		if !(left() < before) {
			t.Errorf("%s: cost nothing", name)
		}
	}
}

// A budget that is gone is gone, also after a restart and for another name.
func TestNothingLeavesUnpaid(t *testing.T) {
	d := newDesk(t)
	refused := 0
	for i := range 12 {
		if i%4 == 3 {
			d.restart()
		}
		_, err := d.ask(ask{privacy: paid, analysis: fmt.Sprintf("analysis: kaplan-meier, formula: 'Surv(age, score >= 3) ~ 1', tau: %d", 50+i), cohort: fmt.Sprintf("age >= %d", i)})
		if r := (engine.Reason{}); errors.As(err, &r) && r.Kind == engine.ReasonBudget {
			refused++
			if !strings.Contains(r.Text, "left") {
				t.Errorf("the refusal does not say what is left: %s", r.Text)
			}
		} else if err != nil {
			t.Fatal(err)
		}
		if b, err := d.site.ledger.Balance("people", d.now); err != nil || b.Left < 0 {
			t.Fatalf("balance %v, %v", b.Left, err)
		}
	}
	if refused == 0 {
		t.Error("twelve studies were paid from a budget of ten")
	}
}

// Over other contributors the same noise would show the part of who is missing.
func TestTheSameNoiseIsForOneSetOfSites(t *testing.T) {
	d := newDesk(t)
	if _, err := d.ask(ask{privacy: paid, analysis: curve}); err != nil {
		t.Fatal(err)
	}
	x := &run{site: d.site, plan: d.plan(ask{privacy: paid, analysis: curve})}
	x.door = &door{run: x}
	b, err := engine.NewBundle(x.plan)
	if err != nil {
		t.Fatal(err)
	}
	var seats []engine.Seat
	for _, s := range six {
		seats = append(seats, engine.Seat{Site: s, Data: []byte("the data of " + s)})
	}
	if seats[0].Data, err = d.site.tag("people"); err != nil {
		t.Fatal(err)
	}
	if _, err := x.door.Compute(context.Background(), engine.Question{Study: x.plan.Digest, Seats: seats, Tasks: b.Tasks()}); err != nil {
		t.Fatal(err)
	}
	_, err = x.door.Agree(context.Background(), x.plan.Digest, 0, six[:5])
	if r := (engine.Reason{}); !errors.As(err, &r) || r.Kind != engine.ReasonDifference {
		t.Errorf("helped to open the same noise over five of six: %v", err)
	}
}
