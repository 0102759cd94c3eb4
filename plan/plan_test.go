package plan_test

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

// consortium is a charter of the given sites with one researcher.
func consortium(t *testing.T, sites ...string) (*charter.Charter, *identity.Identity) {
	t.Helper()
	c := charter.New("test")
	c.Dictionary = table.Schema{
		{Name: "age", Kind: table.Number, Min: 0, Max: 120},
		{Name: "time", Kind: table.Integer, Min: 0, Max: 1000},
		{Name: "status", Kind: table.Integer, Min: 1, Max: 2},
		{Name: "sex", Kind: table.Category, Levels: []table.Level{{Code: "m"}, {Code: "f"}}},
	}
	for _, s := range sites {
		id, err := identity.Generate(s, identity.Site, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c.Members = append(c.Members, id.Public())
	}
	r, err := identity.Generate("ruth", identity.Researcher, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.Members = append(c.Members, r.Public())
	return c, r
}

func submit(t *testing.T, c *charter.Charter, r *identity.Identity, change func(*study.Study)) *study.Signed {
	t.Helper()
	s := study.Study{Hmsp: study.Version, Name: "ages", Question: "How old?", Purpose: "research", LegalBasis: "GDPR Art. 9(2)(j)", Dataset: "d",
		Participation: study.Participation{Patience: study.DefaultPatience},
		Analyses:      []study.Entry{{Name: "age", Analysis: "describe", Params: map[string]any{"variables": []any{"age"}}}}}
	change(&s)
	signed, err := study.Submit(&s, c.Digest(), r, time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

var five = []string{"a", "b", "c", "d", "e"}

func TestPlanSaysWhatIsRun(t *testing.T) {
	c, r := consortium(t, five...)
	p, problems := plan.New(c, submit(t, c, r, func(s *study.Study) {
		s.Cohort = `sex == "f"`
		s.Analyses = append(s.Analyses, study.Entry{Name: "km", Analysis: "kaplan-meier", Params: map[string]any{"formula": "Surv(time, status == 2) ~ 1"}})
	}), standard.Catalog())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if want := []string{"age", "sex", "status", "time"}; !slices.Equal(p.Columns, want) || len(p.Schema) != 4 {
		t.Errorf("reads %v, want %v", p.Columns, want)
	}
	if !slices.Equal(p.Sites, five) || p.Minimum != 5 || p.Threshold(5) != 4 || p.Colluders != 1 {
		t.Errorf("sites %v minimum %d threshold %d", p.Sites, p.Minimum, p.Threshold(5))
	}
	if len(p.Entries) != 2 || p.Entries[1].Opens == "" || p.Entries[1].Numbers == 0 {
		t.Errorf("entries %+v", p.Entries)
	}
	if !slices.Contains(p.Sites, p.Lead) {
		t.Errorf("lead %q", p.Lead)
	}
}

// Every reason why not is named at its place, all at once.
func TestPlanSaysEverythingThatIsWrong(t *testing.T) {
	c, r := consortium(t, five...)
	for name, tc := range map[string]struct {
		change func(*study.Study)
		where  string
		says   string
	}{
		"analysis":      {func(s *study.Study) { s.Analyses[0].Analysis = "discribe" }, "age.analysis", `did you mean "describe"`},
		"parameter":     {func(s *study.Study) { s.Analyses[0].Params["varables"] = []any{"age"} }, "age.varables", `did you mean "variables"`},
		"variable":      {func(s *study.Study) { s.Analyses[0].Params["variables"] = []any{"agee"} }, "age.variables", "agee"},
		"cohort":        {func(s *study.Study) { s.Cohort = "agee > 3" }, "cohort", `did you mean "age"`},
		"cohort type":   {func(s *study.Study) { s.Cohort = "age + 1" }, "cohort", "cohort"},
		"unknown site":  {func(s *study.Study) { s.Sites = []string{"a", "b", "c", "z"} }, "sites", `"z" is not a site`},
		"too few":       {func(s *study.Study) { s.Sites = []string{"a", "b", "c"} }, "sites", "too few"},
		"minimum":       {func(s *study.Study) { s.Participation.Minimum = 6 }, "participation.minimum", "only 5"},
		"minimum floor": {func(s *study.Study) { s.Participation.Minimum = 3 }, "participation.minimum", "too few"},
	} {
		t.Run(name, func(t *testing.T) {
			p, problems := plan.New(c, submit(t, c, r, tc.change), standard.Catalog())
			if p != nil || len(problems) == 0 {
				t.Fatalf("planned %v, problems %v", p, problems)
			}
			if !strings.HasPrefix(problems[0].Error(), tc.where) || !strings.Contains(problems[0].Error(), tc.says) {
				t.Errorf("problem %q, want it at %q and saying %q", problems[0].Error(), tc.where, tc.says)
			}
		})
	}
	_, problems := plan.New(c, submit(t, c, r, func(s *study.Study) {
		s.Cohort, s.Analyses[0].Analysis = "agee > 3", "nope"
	}), standard.Catalog())
	if len(problems) != 2 {
		t.Errorf("problems %v, want both", problems)
	}
}

// Of seven sites four would be above the floor, but a sum opens only when five
// agree (t = floor((7+1)/2)+1): such a rule is refused before anything is sent.
func TestMinimumBelowTheQuorumIsRefused(t *testing.T) {
	c, r := consortium(t, append(slices.Clone(five), "f", "g")...)
	for minimum, ok := range map[int]bool{4: false, 5: true} {
		_, problems := plan.New(c, submit(t, c, r, func(s *study.Study) { s.Participation.Minimum = minimum }), standard.Catalog())
		if (len(problems) == 0) != ok {
			t.Errorf("minimum %d: problems %v", minimum, problems)
		}
	}
}

func TestAnotherCharterIsRefused(t *testing.T) {
	c, r := consortium(t, five...)
	signed := submit(t, c, r, func(*study.Study) {})
	c.Dictionary[0].Max = 130
	if _, problems := plan.New(c, signed, standard.Catalog()); len(problems) == 0 || problems[0].Param != "charter" {
		t.Errorf("problems %v", problems)
	}
}

// Three sites give no exact release while one may collude: the floor is the
// charter's, and a trial in one process is exempt from it.
func TestTrialIsExemptFromTheFloor(t *testing.T) {
	c, r := consortium(t, "a", "b")
	signed := submit(t, c, r, func(*study.Study) {})
	if _, problems := plan.New(c, signed, standard.Catalog()); len(problems) == 0 {
		t.Error("two sites were planned for an exact release")
	}
	if p, problems := plan.Trial(c, signed, standard.Catalog()); len(problems) > 0 || !p.Trial {
		t.Errorf("trial: %v", problems)
	}
}

// No site's own numbers leave it: an analysis or a cohort that tells sites apart
// is refused unless the charter permits it; strata over sites are not concerned.
func TestSitesAreNotToldApart(t *testing.T) {
	c, r := consortium(t, five...)
	byZ := map[string]any{"variables": []any{"age"}, "by": "site"}
	for name, change := range map[string]func(*study.Study){
		"describe by site": func(s *study.Study) { s.Analyses[0].Params = byZ },
		"an effect of site": func(s *study.Study) {
			s.Analyses[0] = study.Entry{Name: "m", Analysis: "linear", Params: map[string]any{"formula": "age ~ site"}}
		},
		"curves of each site": func(s *study.Study) {
			s.Analyses[0] = study.Entry{Name: "m", Analysis: "kaplan-meier", Params: map[string]any{"formula": "Surv(time, status == 2) ~ site"}}
		},
		"a cohort of one site": func(s *study.Study) { s.Cohort = `site == "a"` },
	} {
		if _, problems := plan.New(c, submit(t, c, r, change), standard.Catalog()); len(problems) == 0 {
			t.Errorf("%s was planned", name)
		}
	}
	within := func(s *study.Study) {
		s.Analyses = []study.Entry{{Name: "t", Analysis: "table", Params: map[string]any{"rows": "sex", "columns": "status", "strata": "site"}},
			{Name: "c", Analysis: "cox", Params: map[string]any{"formula": "Surv(time, status == 2) ~ age"}}}
	}
	if _, problems := plan.New(c, submit(t, c, r, within), standard.Catalog()); len(problems) > 0 {
		t.Errorf("strata over sites: %v", problems)
	}
	c.Rules.OpenSites = true
	if _, problems := plan.New(c, submit(t, c, r, func(s *study.Study) { s.Analyses[0].Params = byZ }), standard.Catalog()); len(problems) > 0 {
		t.Errorf("permitted by the charter, but %v", problems)
	}
}

// The lead rotates: over many studies every site leads its share. With 400
// studies over 5 sites each count is Binomial(400, 1/5), sd 8; a bound of 6 sd
// raises a false alarm in fewer than 1e-8 of runs.
func TestTheLeadRotates(t *testing.T) {
	c, r := consortium(t, five...)
	led := map[string]int{}
	for range 400 {
		p, problems := plan.New(c, submit(t, c, r, func(*study.Study) {}), standard.Catalog())
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		led[p.Lead]++
	}
	for _, s := range five {
		if led[s] < 32 || led[s] > 128 {
			t.Errorf("%s led %d of 400 studies", s, led[s])
		}
	}
}
