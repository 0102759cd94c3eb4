package site

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/timeline"
)

// visits registers rows over time of 100 patients: line gives those of patient i, each
// as day,dose,score.
func visits(t *testing.T, line func(i int) []string) *desk {
	d := newDesk(t)
	var text strings.Builder
	text.WriteString("id,day,dose,score,born,died\n")
	for i := range 100 {
		for _, l := range line(i) {
			fmt.Fprintf(&text, "p%d,%s,19%d-06-01,2028-0%d-11\n", i, l, 40+i%50, 1+i%9)
		}
	}
	path := filepath.Join(d.Home("east"), "visits.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	set := dataset.File("visits", path)
	set.Patient, set.Time, set.Birth, set.Death = "id", "day", "born", "died"
	if _, err := d.site.registry().Add(t.Context(), set, d.Charter.Dictionary, false, dataset.Build{}); err != nil {
		t.Fatal(err)
	}
	return d
}

// answers puts an exact study over the visits, described by one of its variables, to the
// door.
func (d *desk) answers(index timeline.Index, v timeline.Derived) error {
	d.t.Helper()
	door := d.doorOf(func(s *study.Study) {
		s.Dataset, s.Index = "visits", &index
		s.Variables = map[string]timeline.Derived{"v": v}
		s.Analyses = []study.Entry{{Name: "d", Analysis: "describe", Params: map[string]any{"variables": []any{"v"}}}}
	})
	defer door.release()
	b, err := engine.NewBundle(door.run.plan)
	if err != nil {
		d.t.Fatal(err)
	}
	_, err = door.Compute(d.t.Context(), engine.Question{Study: door.run.plan.Digest, Tasks: b.Tasks()})
	return err
}

// Two takes of the same events are equal for all patients but one: their difference
// would be about that patient, whatever the takes are called.
func TestTakesOfTheSameEventsAreCompared(t *testing.T) {
	year := func(n int) *timeline.Duration { x := timeline.Months(12 * n); return &x }
	day := func(n int) *timeline.Duration { x := timeline.Days(n); return &x }
	date := timeline.Date(18262) // 2020-01-01
	from2020, first, since2020 := timeline.Index{Date: &date}, timeline.Index{Event: "dose"}, timeline.Index{Event: "dose", From: &date}
	// Patient 7 alone has one more line.
	but := func(line string) func(t *testing.T) *desk {
		return func(t *testing.T) *desk {
			return visits(t, func(i int) []string {
				lines := []string{fmt.Sprintf("2020-01-10,%d,", 10+i%30), fmt.Sprintf("2024-0%d-10,,", 1+i%9)}
				if i == 7 {
					lines = append(lines, line)
				}
				return lines
			})
		}
	}
	twice, scored, earlier := but("2020-06-10,400,"), but("2020-06-10,,5"), but("2001-06-10,12,")
	for name, c := range map[string]struct {
		data  func(t *testing.T) *desk
		index timeline.Index
		a, b  timeline.Derived
	}{
		"sum and mean":    {twice, from2020, timeline.Derived{Of: "dose", Take: timeline.Sum, Max: 1000}, timeline.Derived{Of: "dose", Take: timeline.Mean}},
		"count and any":   {twice, from2020, timeline.Derived{Of: "dose", Take: timeline.Count, Max: 9}, timeline.Derived{Of: "dose", Take: timeline.Any}},
		"event and count": {twice, first, timeline.Derived{Of: "dose", Take: timeline.EventSeen, To: day(1)}, timeline.Derived{Of: "dose", Take: timeline.Count, Max: 9}},
		"two outcomes":    {scored, from2020, timeline.Derived{Of: "score", Take: timeline.TimeTo, To: year(9)}, timeline.Derived{Of: "death", Take: timeline.TimeTo, To: year(9)}},
		"two ages":        {earlier, since2020, timeline.Derived{Take: timeline.Age}, timeline.Derived{Of: "dose", Take: timeline.Age}},
	} {
		t.Run(name, func(t *testing.T) {
			d := c.data(t)
			if err := d.answers(c.index, c.a); err != nil {
				t.Fatal(err)
			}
			if err := d.answers(c.index, c.b); err == nil {
				t.Error("the difference of two takes is one patient's")
			}
		})
	}
}

// Several takes of the same events in one study pass where they differ for many.
func TestHonestTakesPassTheDoor(t *testing.T) {
	d := visits(t, func(i int) []string {
		lines := []string{fmt.Sprintf("2020-01-10,%d,", 10+i%30)}
		if i%3 == 0 {
			lines = append(lines, fmt.Sprintf("2021-01-10,%d,3", 50+i%7))
		}
		return lines
	})
	five := timeline.Months(60)
	door := d.doorOf(func(s *study.Study) {
		s.Dataset, s.Index = "visits", &timeline.Index{Event: "dose"}
		s.Variables = map[string]timeline.Derived{
			"first": {Of: "dose", Take: timeline.First}, "last": {Of: "dose", Take: timeline.Last}, "mean": {Of: "dose", Take: timeline.Mean},
			"sum": {Of: "dose", Take: timeline.Sum, Max: 1000}, "count": {Of: "dose", Take: timeline.Count, Max: 9}, "scored": {Of: "score", Take: timeline.Any},
			"years": {Take: timeline.Age}, "days": {Of: "score", Take: timeline.TimeTo, To: &five}, "seen": {Of: "score", Take: timeline.EventSeen, To: &five},
			"lived": {Of: "death", Take: timeline.TimeTo, To: &five},
		}
		s.Analyses = []study.Entry{{Name: "d", Analysis: "describe", Params: map[string]any{"variables": []any{"first", "last", "mean", "sum", "count", "scored", "years", "days", "seen", "lived", "dose"}}}}
	})
	defer door.release()
	b, err := engine.NewBundle(door.run.plan)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := door.Compute(t.Context(), engine.Question{Study: door.run.plan.Digest, Tasks: b.Tasks()}); err != nil {
		t.Error(err)
	}
}

// A study that cuts a sum at 1 does not make it a count of people: the sum of one
// patient's doses is that patient's.
func TestDominanceOfAVariableThatTheStudyCuts(t *testing.T) {
	d := visits(t, func(i int) []string {
		dose := "0"
		if i == 7 {
			dose = "0.37"
		}
		return []string{"2020-01-10," + dose + ","}
	})
	date := timeline.Date(18262)
	for _, most := range []float64{1000, 1, 0.5} {
		err := d.answers(timeline.Index{Date: &date}, timeline.Derived{Of: "dose", Take: timeline.Sum, Max: most})
		if r := (engine.Reason{}); !errors.As(err, &r) || r.Kind != engine.ReasonDisclosure {
			t.Errorf("cut at %v: %v", most, err)
		}
	}
}

// A study's own variable is not taken for another: for a word of the language of cohorts,
// the site, or a variable whose name differs in the case of letters alone.
func TestNamesOfAStudysVariables(t *testing.T) {
	d := newDesk(t)
	for _, names := range [][]string{{"site"}, {"Site"}, {"in"}, {"true"}, {"NaN"}, {"null"}, {"Age"}, {"DOSE"}, {"mine", "Mine"}} {
		s := d.plan(ask{analysis: describeAge}).Study
		date := timeline.Date(18262)
		s.Index, s.Variables = &timeline.Index{Date: &date}, map[string]timeline.Derived{}
		var listed []any
		for _, name := range names {
			s.Variables[name] = timeline.Derived{Of: "dose", Take: timeline.Last}
			listed = append(listed, name)
		}
		s.Analyses = []study.Entry{{Name: "d", Analysis: "describe", Params: map[string]any{"variables": listed}}}
		signed, err := study.Submit(&s, d.Charter.Digest(), d.Member(t, "ruth").Identity, d.now, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if p, problems := plan.New(d.Charter, signed, standard.Catalog()); len(problems) == 0 {
			t.Errorf("%q was taken: %v", names, p.Schema.Names())
		} else if len(problems[0].Key) < 2 || problems[0].Key[0] != "variables" {
			t.Errorf("%q: %+v", names, problems)
		}
	}
}

// A rule about a variable is not evaded by what a study makes of it: the policy is told
// of everything that is read, also of dates that are no variables.
func TestThePolicyIsToldOfWhatIsReadInside(t *testing.T) {
	d := newDesk(t)
	five := timeline.Months(60)
	date := timeline.Date(18262)
	for what, c := range map[string]struct {
		index timeline.Index
		v     timeline.Derived
		want  []string
	}{
		"an index":     {timeline.Index{Event: "score"}, timeline.Derived{Of: "dose", Take: timeline.Last}, []string{"dose", "score"}},
		"an age":       {timeline.Index{Event: "score"}, timeline.Derived{Take: timeline.Age}, []string{"birth", "score"}},
		"a death":      {timeline.Index{Date: &date}, timeline.Derived{Of: "death", Take: timeline.Any}, []string{"death"}},
		"an outcome":   {timeline.Index{Date: &date}, timeline.Derived{Of: "score", Take: timeline.TimeTo, To: &five}, []string{"death", "score"}},
		"at the death": {timeline.Index{Event: "death"}, timeline.Derived{Of: "dose", Take: timeline.Last}, []string{"death", "dose"}},
	} {
		p := d.planned(func(s *study.Study) {
			s.Index, s.Variables = &c.index, map[string]timeline.Derived{"v": c.v}
			s.Analyses = []study.Entry{{Name: "d", Analysis: "describe", Params: map[string]any{"variables": []any{"v"}}}}
		})
		got := Request(p, "researcher", "ask").Variables
		for _, name := range c.want {
			if !slices.Contains(got, name) {
				t.Errorf("%s: the policy is told of %v, want %v among them", what, got, c.want)
			}
		}
	}
}

// Whether a private cohort is too large for the charter must not be told: asked of cohorts
// that differ by one patient, it would be an answer without noise.
func TestPrivateCohortsAreNotCounted(t *testing.T) {
	d := visits(t, func(i int) []string { return []string{fmt.Sprintf("2020-01-10,%d,", i)} })
	ask := func(cohort string, private bool) error {
		door := d.doorOf(func(s *study.Study) {
			s.Dataset, s.Cohort = "visits", cohort
			s.Analyses = []study.Entry{{Name: "d", Analysis: "describe", Params: map[string]any{"variables": []any{"dose"}}}}
			if private {
				s.Privacy = &study.Privacy{Epsilon: 1, Delta: 1e-6, Unit: study.UnitPatient}
			}
		})
		door.run.plan.MaxRows = 70
		defer door.release()
		_, err := door.cohort(t.Context())
		return err
	}
	if err := ask("dose < 70", false); err != nil {
		t.Errorf("as many as are allowed: %v", err)
	}
	if err := ask("dose < 71", false); err == nil {
		t.Error("more than are allowed are in a cohort")
	}
	a, b := ask("dose < 70", true), ask("dose < 71", true)
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("one patient more makes %v of %v", b, a)
	}
}
