package site

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/dp/ledger"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/quality"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/timeline"
)

// overTime is a desk whose site has labs over time of 400 patients, and a flat file of 300
// of them and 100 others.
func overTime(t *testing.T) *desk {
	d := newDesk(t)
	var labs, genes strings.Builder
	labs.WriteString("pid,day,lab,born\n")
	for i := range 400 {
		for v := range 3 {
			day := 10 + i%9
			if i < 3 {
				day = 25 // they alone, so late
			}
			fmt.Fprintf(&labs, "p%d,2020-0%d-%d,%d,19%d-06-01\n", i, v+1, day, 10*v+i%7, 40+i%50)
		}
	}
	genes.WriteString("id,score\n")
	for i := 100; i < 500; i++ {
		fmt.Fprintf(&genes, "p%d,%d\n", i, i%5)
	}
	home := d.Home("east")
	for name, text := range map[string]string{"labs.csv": labs.String(), "genes.csv": genes.String()} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a := dataset.File("labs", filepath.Join(home, "labs.csv"))
	a.Patient, a.Time, a.Birth = "pid", "day", "born"
	a.Mapping = map[string]dataset.Source{"dose": {Column: "lab"}}
	b := dataset.File("genes", filepath.Join(home, "genes.csv"))
	b.Patient = "id"
	for _, set := range []dataset.Dataset{a, b} {
		if _, err := d.site.registry().Add(t.Context(), set, d.Charter.Dictionary, false, dataset.Build{}); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// planned is the plan of a study as edit leaves it.
func (d *desk) planned(edit func(*study.Study)) *plan.Plan {
	d.t.Helper()
	s := d.plan(ask{analysis: describeAge}).Study
	edit(&s)
	signed, err := study.Submit(&s, d.Charter.Digest(), d.Member(d.t, "ruth").Identity, d.now, rand.Reader)
	if err != nil {
		d.t.Fatal(err)
	}
	p, problems := plan.New(d.Charter, signed, standard.Catalog())
	if len(problems) > 0 {
		d.t.Fatal(problems)
	}
	return p
}

// doorOf is the door for a study.
func (d *desk) doorOf(edit func(*study.Study)) *door {
	d.t.Helper()
	x := &run{site: d.site, plan: d.planned(edit), record: Record{Study: &study.Signed{}}}
	x.door = &door{run: x}
	return x.door
}

// Rows with a time are events: what a study makes of them is what a person computes by
// hand from the file.
func TestStudyOverTime(t *testing.T) {
	d := overTime(t)
	from := timeline.Days(0)
	door := d.doorOf(func(s *study.Study) {
		s.Dataset = "labs"
		s.Index = &timeline.Index{Event: "dose", Take: timeline.First}
		s.Variables = map[string]timeline.Derived{
			"highest": {Of: "dose", Take: timeline.Max}, "later": {Of: "dose", Take: timeline.Count, From: &from, Max: 9}, "years": {Take: timeline.Age},
		}
		s.Analyses = []study.Entry{{Name: "d", Analysis: "describe", Params: map[string]any{"variables": []any{"highest", "later", "years"}}}}
	})
	got, err := door.cohort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer door.release()
	if got.Rows() != 400 || got.People() != 400 || !door.oneRow {
		t.Fatalf("%d rows of %d people", got.Rows(), got.People())
	}
	for i := range 400 {
		// People are numbered as they come in the file, and all are in the study.
		if h, l, y := got.Numbers("highest")[i], got.Numbers("later")[i], got.Numbers("years")[i]; h != float64(20+i%7) || l != 3 || y != float64(2020-1940-i%50-1) {
			t.Errorf("patient %d: highest %v, later %v, years %v", i, h, l, y)
		}
	}
	flat := d.doorOf(func(s *study.Study) {
		s.Index = &timeline.Index{Event: "dose", Take: timeline.First}
		s.Analyses = []study.Entry{{Name: "d", Analysis: "describe", Params: map[string]any{"variables": []any{"age"}}}}
	})
	if _, err := flat.cohort(t.Context()); err == nil {
		t.Error("a flat file without times answered a study over time")
	}
}

// Linked datasets have the patients of the first, and one account.
func TestLinkedDatasets(t *testing.T) {
	d := overTime(t)
	ask := func(first, second string) *door {
		return d.doorOf(func(s *study.Study) {
			s.Dataset, s.Link = first, []string{second}
			s.Analyses = []study.Entry{{Name: "d", Analysis: "describe", Params: map[string]any{"variables": []any{"dose", "score"}}}}
		})
	}
	if _, err := ask("labs", "genes").cohort(t.Context()); err == nil || !strings.Contains(err.Error(), "two budgets") {
		t.Fatalf("datasets with two budgets were linked: %v", err)
	}
	budget := "hmsp: budget/v1\ndatasets:\n  genes: {with: labs}\n"
	if err := os.WriteFile(filepath.Join(d.Home("east"), ledger.File), []byte(budget), 0o600); err != nil {
		t.Fatal(err)
	}
	d.restart()
	for _, c := range []struct{ first, second string }{{"labs", "genes"}, {"genes", "labs"}} {
		door := ask(c.first, c.second)
		got, err := door.cohort(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		both := 0
		byName := map[uint64]int{}
		pseudonym, err := Pseudonyms(d.Home("east"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 500 {
			byName[pseudonym(fmt.Sprintf("p%d", i))] = i
		}
		for r := range got.Rows() {
			i, known := byName[got.Pseudonyms[r]]
			dose, score := got.Numbers("dose")[r], got.Numbers("score")[r]
			wantDose, wantScore := i < 400, i >= 100
			if !known || (dose == dose) != wantDose || (score == score) != wantScore || wantDose && dose != float64(20+i%7) || wantScore && score != float64(i%5) {
				t.Errorf("%s: patient %d (%v): dose %v, score %v", c.first, i, known, dose, score)
			}
			if wantDose && wantScore {
				both++
			}
		}
		if got.Rows() != 400 || both != 300 {
			t.Errorf("%s: %d rows, %d with both", c.first, got.Rows(), both)
		}
		door.release()
	}
	r := d.site.registry()
	var kept []*dataset.Kept
	for _, name := range []string{"labs", "genes"} {
		k, err := r.Open(t.Context(), name, d.Charter.Dictionary)
		if err != nil {
			t.Fatal(err)
		}
		defer k.Close()
		kept = append(kept, k)
	}
	shares, err := dataset.Overlap(t.Context(), kept)
	if err != nil || len(shares) != 3 || shares[0].Patients != 300 || shares[1].Patients != 100 || shares[2].Patients != 100 {
		t.Errorf("overlap %+v, %v", shares, err)
	}
	a, err := d.site.answer(ask("labs", "genes").run.plan)
	if err != nil || len(a.Quality) != 3 || a.Quality[2].Dataset != "labs+genes" || a.Quality[2].People == nil || *a.Quality[2].People != 300 {
		t.Errorf("what is told before the study: %+v, %v", a.Quality, err)
	}
	left, _ := filepath.Glob(filepath.Join(d.Home("east"), poolsDir, ".*"))
	if len(left) > 0 {
		t.Errorf("scratch stays: %v", left)
	}
}

// Two definitions of one variable are compared: a study cannot learn of a patient by
// asking for two windows that differ in that patient alone.
func TestWindowsAreCompared(t *testing.T) {
	d := overTime(t)
	days := func(n int) *timeline.Duration { x := timeline.Days(n); return &x }
	ask := func(name string, to int) error {
		door := d.doorOf(func(s *study.Study) {
			s.Dataset = "labs"
			date := timeline.Date(18262) // 2020-01-01
			s.Index = &timeline.Index{Date: &date}
			s.Variables = map[string]timeline.Derived{name: {Of: "dose", Take: timeline.Last, From: days(0), To: days(to)}}
			s.Analyses = []study.Entry{{Name: "d", Analysis: "describe", Params: map[string]any{"variables": []any{name}}}}
		})
		defer door.release()
		b, err := engine.NewBundle(door.run.plan)
		if err != nil {
			t.Fatal(err)
		}
		_, err = door.Compute(t.Context(), engine.Question{Study: door.run.plan.Digest, Tasks: b.Tasks()})
		return err
	}
	if err := ask("a", 365); err != nil {
		t.Fatal(err)
	}
	// Until 18 March three patients have their value of February: they would show.
	if err := ask("b", 78); err == nil {
		t.Error("a window that differs for few patients was answered")
	}
	if err := ask("c", 366); err != nil {
		t.Errorf("the same values under another name: %v", err)
	}
}

// What a study demands of the data is judged before anything is read.
func TestQualityIsDemanded(t *testing.T) {
	d := overTime(t)
	demand := func(share float64) error {
		p := d.planned(func(s *study.Study) {
			s.Dataset = "labs"
			q := quality.Thresholds{Limits: quality.Limits{Completeness: &share}}
			s.Quality = &q
			s.Analyses = []study.Entry{{Name: "d", Analysis: "describe", Params: map[string]any{"variables": []any{"dose"}}}}
		})
		if j := d.site.judge(p); j.Verdict == "refuse" {
			return fmt.Errorf("%s", j.reasons())
		}
		return nil
	}
	if err := demand(0.9); err != nil {
		t.Errorf("good data were refused: %v", err)
	}
	d.write(people(600)) // of which only some have a score
	var few []string
	for i, line := range people(600) {
		cells := strings.Split(line, ",")
		if i%2 == 0 {
			cells[3] = ""
		}
		few = append(few, strings.Join(cells, ","))
	}
	d.write(few)
	p := d.planned(func(s *study.Study) {
		most := 0.9
		q := quality.Thresholds{Limits: quality.Limits{Completeness: &most}}
		s.Quality = &q
		s.Analyses = []study.Entry{{Name: "d", Analysis: "describe", Params: map[string]any{"variables": []any{"score"}}}}
	})
	j := d.site.judge(p)
	if j.Verdict != "refuse" || !strings.Contains(j.reasons(), "completeness of at least 90%") || !strings.Contains(j.reasons(), "score") {
		t.Errorf("half of the values missing: %s, %s", j.Verdict, j.reasons())
	}
	a, err := d.site.answer(d.planned(func(s *study.Study) {
		s.Analyses = []study.Entry{{Name: "d", Analysis: "describe", Params: map[string]any{"variables": []any{"score"}}}}
	}))
	if err != nil || len(a.Quality) != 1 || len(a.Quality[0].Variables) != 1 || *a.Quality[0].Variables[0].Completeness > 0.6 {
		t.Errorf("answer: %+v, %v", a.Quality, err)
	}
}

// A dataset that allows a study less does so also where another is named first.
func TestLinkingKeepsTheLimitsOfEach(t *testing.T) {
	d := overTime(t)
	for limit, kind := range map[string]string{"per_study: 1e-6": engine.ReasonBudget, "delta: 1e-9": engine.ReasonBudget, "per_study: 1": ""} {
		budget := "hmsp: budget/v1\ndatasets:\n  genes: {with: labs, " + limit + "}\n"
		if err := os.WriteFile(filepath.Join(d.Home("east"), ledger.File), []byte(budget), 0o600); err != nil {
			t.Fatal(err)
		}
		d.restart()
		door := d.doorOf(func(s *study.Study) {
			s.Dataset, s.Link = "labs", []string{"genes"}
			s.Privacy = &study.Privacy{Epsilon: 0.3, Delta: 1e-6, Unit: study.UnitPatient}
			s.Analyses = []study.Entry{{Name: "d", Analysis: "describe", Params: map[string]any{"variables": []any{"dose"}}}}
		})
		tag, err := d.site.tag("labs", "genes")
		if err != nil {
			t.Fatal(err)
		}
		b, err := engine.NewBundle(door.run.plan)
		if err != nil {
			t.Fatal(err)
		}
		_, err = door.Compute(t.Context(), engine.Question{Study: door.run.plan.Digest, Tasks: b.Tasks(), Seats: []engine.Seat{{Site: "east", Data: tag}}})
		door.release()
		if kind == "" && err != nil || kind != "" && (err == nil || reason(t, err, kind).Text == "") {
			t.Errorf("%s: %v", limit, err)
		}
	}
}
