package site_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/internal/site"
	"hmsp.center/hmsp/law"
	"hmsp.center/hmsp/law/policy"
	"hmsp.center/hmsp/study"
)

// enforce puts a policy in force at the site under test.
func (g *rig) enforce(text string) {
	g.t.Helper()
	if _, err := policy.Parse("test.cedar", []byte(text)); err != nil {
		g.t.Fatal(err)
	}
	g.overwrite(text)
}

func (g *rig) overwrite(text string) {
	g.t.Helper()
	if err := os.WriteFile(filepath.Join(g.Home(g.self), member.PolicyFile), []byte(text), 0o600); err != nil {
		g.t.Fatal(err)
	}
}

// decision is what the site told the lead.
func (g *rig) decision() (accept bool, why engine.Reason, ok bool) {
	g.t.Helper()
	for _, m := range g.mail(g.plan.Lead) {
		if m.Kind == engine.KindDecision {
			accept, why, err := engine.ReadDecision(m)
			if err != nil {
				g.t.Fatal(err)
			}
			return accept, why, true
		}
	}
	return false, engine.Reason{}, false
}

// entries are the site's audit entries of one kind.
func (g *rig) entries(kind string) (out []audit.Entry) {
	g.t.Helper()
	err := audit.Entries(audit.Source{Dir: site.AuditDir(g.Home(g.self))}, g.self, func(e audit.Entry) error {
		if e.Kind == kind {
			out = append(out, e)
		}
		return nil
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return out
}

const mine = `
@id("no-ages") @text("this site tells no ages")
forbid (principal, action == Action::"run", resource) when { context.variables.contains("age") };
`

// A policy's refusal reaches the lead with the rule's name and text, and stands in
// the record and the audit log with the policy that gave it.
func TestPolicyRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ policy, rule, says string }{
		"a rule":          {string(policy.Default()) + mine, "no-ages", "the site refused: this site tells no ages (rule no-ages)"},
		"nothing permits": {`@id("a") permit (principal in Role::"steward", action in Action::"command", resource);`, policy.NoRule, "no rule permits it"},
		"not readable":    {"permit (", policy.BadPolicy, "the policy of this site cannot be read"},
		"lost":            {"", policy.NoPolicy, "this site has no policy"},
	} {
		t.Run(name, func(t *testing.T) {
			g := asked(t)
			if err := member.SetDecide(g.Home(g.self), "approve"); err != nil {
				t.Fatal(err)
			}
			if g.overwrite(tc.policy); tc.policy == "" {
				os.Remove(filepath.Join(g.Home(g.self), member.PolicyFile))
			}
			g.sendStudy()
			stop := g.serve(standard.Catalog(), nil)
			until(t, "the decision", func() bool { _, _, ok := g.decision(); return ok })
			until(t, "the record", func() bool { return g.record().State != "pending" })
			stop()
			accept, why, _ := g.decision()
			if accept || why.Kind != engine.ReasonRefused || !strings.Contains(why.Text, tc.says) {
				t.Errorf("the lead hears %v %+v", accept, why)
			}
			if r := g.record(); r.By != "rule: "+tc.rule || !strings.Contains(r.Reason, strings.TrimPrefix(tc.says, "the site refused: ")) {
				t.Errorf("record: %+v", r)
			}
			es := g.entries(audit.StudyDecided)
			if len(es) != 1 || es[0].Facts["decision"] != "refuse" || es[0].Facts["rule"] != tc.rule || es[0].Who != "" || (tc.rule == "no-ages" || tc.rule == policy.NoRule) != (es[0].Facts["policy"] != "") {
				t.Errorf("audit log: %+v", es)
			}
		})
	}
}

// A steward is asked with the rule that asks, once, over restarts; and cannot
// approve what the policy has come to forbid.
func TestStewardDecidesWithinThePolicy(t *testing.T) {
	g := asked(t)
	g.sendStudy()
	for range 2 {
		stop := g.serve(standard.Catalog(), nil)
		until(t, "the study", func() bool { return strings.Contains(g.record().Reason, "rule setting-ask") })
		stop()
	}
	if es := g.entries(audit.StudyDecided); len(es) != 1 || es[0].Facts["decision"] != "ask" || es[0].Facts["rule"] != "setting-ask" {
		t.Errorf("audit log: %+v", es)
	}
	stop := g.serve(standard.Catalog(), nil)
	defer stop()
	g.send(engine.Message{Kind: engine.KindAnswer, From: "ruth"})
	until(t, "the start", func() bool { return len(g.Hub.Mail(g.self)) == 0 })
	g.enforce(string(policy.Default()) + mine)
	if _, err := site.Decide(g.Home(g.self), "ages", site.Decision{Approve: true, By: "anna", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	until(t, "the decision", func() bool { _, _, ok := g.decision(); return ok })
	if accept, why, _ := g.decision(); accept || !strings.Contains(why.Text, "no-ages") {
		t.Errorf("the lead hears %v %+v", accept, why)
	}
}

// inquiry makes a study and asks the site under test about it.
func (g *rig) inquire(change func(*study.Study)) string {
	g.t.Helper()
	s := g.signed.Study
	change(&s)
	signed, err := study.Submit(&s, g.Charter.Digest(), g.Member(g.t, "ruth").Identity, time.Now(), rand.Reader)
	if err != nil {
		g.t.Fatal(err)
	}
	b, err := signed.Encode()
	if err != nil {
		g.t.Fatal(err)
	}
	m := engine.Message{Study: signed.Digest(), Kind: engine.KindInquiry, From: "ruth", To: g.self, Blob: b}
	payload, err := m.Encode()
	if err != nil {
		g.t.Fatal(err)
	}
	e, err := g.Member(g.t, "ruth").Seal(g.self, m.ID(), payload, time.Now())
	if err != nil {
		g.t.Fatal(err)
	}
	if err := g.Hub.Of("ruth").Send(g.t.Context(), e); err != nil {
		g.t.Fatal(err)
	}
	return signed.Digest()
}

// answer waits for the site's answer to an inquiry.
func (g *rig) answer(digest string) engine.Answer {
	g.t.Helper()
	var found *engine.Answer
	until(g.t, "an answer", func() bool {
		for _, m := range g.mail("ruth") {
			if m.Study == digest && m.Kind == engine.KindAnswer {
				a, err := engine.ReadAnswer(m)
				if err != nil {
					g.t.Fatal(err)
				}
				found = &a
			}
		}
		return found != nil
	})
	return *found
}

// An inquiry is answered by policy, ledger and list of datasets, stands in the audit
// log, and makes no study.
func TestInquiry(t *testing.T) {
	g := asked(t)
	if err := os.WriteFile(filepath.Join(g.Home(g.self), "budget.yaml"), []byte("hmsp: budget/v1\nper_dataset: 0.05\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	g.enforce(string(policy.Default()) + strings.ReplaceAll(strings.ReplaceAll(mine, "no-ages", "no-girls"), `context.variables.contains("age")`, `context.cohort like "*age < 18*"`))
	stop := g.serve(standard.Catalog(), nil)
	private := func(epsilon float64) func(*study.Study) {
		return func(s *study.Study) {
			s.Privacy = &study.Privacy{Epsilon: epsilon, Delta: 1e-6, Unit: study.UnitPatient}
		}
	}
	cases := []struct {
		change  func(*study.Study)
		verdict law.Verdict
		rules   []string
		private bool
	}{
		{func(*study.Study) {}, law.Ask, []string{"setting-ask", "no-dataset"}, false},
		{func(s *study.Study) { s.Cohort = "age < 18" }, law.Refuse, []string{"no-girls"}, false},
		{func(s *study.Study) { s.Purpose = "education" }, law.Refuse, []string{"purposes"}, false},
		{func(s *study.Study) { s.Analyses[0].Analysis = "nope" }, law.Refuse, []string{"no-plan"}, false},
		{private(0.5), law.Ask, []string{"setting-ask", "no-dataset"}, true},
		{private(3), law.Refuse, []string{"budget-exhausted"}, true},
	}
	for i, tc := range cases {
		a := g.answer(g.inquire(func(s *study.Study) { s.Analyses = slices.Clone(s.Analyses); tc.change(s) }))
		var rules []string
		for _, r := range a.Reasons {
			rules = append(rules, r.Rule)
		}
		if a.Verdict != tc.verdict || !slices.Equal(rules, tc.rules) || a.Dataset || (a.Rho > 0) != tc.private || (a.Left != nil) != tc.private {
			t.Errorf("inquiry %d: %+v", i, a)
		}
		if tc.private && *a.Left != 0.05 {
			t.Errorf("left %v", *a.Left)
		}
	}
	stop()
	es := g.entries(audit.InquiryAnswered)
	if len(es) != len(cases) || es[1].Facts["decision"] != "refuse" || es[1].Facts["rule"] != "no-girls" || es[1].Who != "ruth" {
		t.Errorf("audit log: %+v", es)
	}
	if records, _, err := site.Studies(g.Home(g.self)); err != nil || len(records) != 0 {
		t.Errorf("an inquiry left %d studies (%v)", len(records), err)
	}
}

// Beyond the limit an inquiry is told so, and nothing is looked up.
func TestInquiriesAreLimited(t *testing.T) {
	g := asked(t)
	var all []string
	for range 61 {
		all = append(all, g.inquire(func(*study.Study) {}))
	}
	stop := g.serve(standard.Catalog(), nil)
	refused := 0
	for _, d := range all {
		if a := g.answer(d); len(a.Reasons) == 1 && a.Reasons[0].Rule == "too-many-inquiries" {
			refused++
		}
	}
	stop()
	if es := g.entries(audit.InquiryAnswered); refused != 1 || len(es) != 60 {
		t.Errorf("%d of 61 inquiries were too many, %d stand in the log", refused, len(es))
	}
}

// No message of any kind, from any member, changes a site's policy or roles: they
// are what whoever may write its folder puts there.
func TestNoMessageChangesThePolicy(t *testing.T) {
	g := asked(t)
	stop := g.serve(standard.Catalog(), nil)
	g.sendStudy()
	until(t, "the study", func() bool { return g.record().State == "pending" })
	permit := []byte(`@id("all") permit (principal, action in Action::"study", resource);`)
	kinds := []engine.Kind{engine.KindStudy, engine.KindDecision, engine.KindRoster, engine.KindKeys, engine.KindRound, engine.KindContribution, engine.KindSet, engine.KindConfirm, engine.KindQuorum,
		engine.KindUnmask, engine.KindCheck, engine.KindRelease, engine.KindEndorse, engine.KindOutcome, engine.KindWithdraw, engine.KindProgress, engine.KindInquiry, engine.KindAnswer}
	for i, from := range []string{"ruth", g.plan.Lead} { // the hub cannot seal a message that a site opens as a run's
		for _, k := range kinds {
			g.send(engine.Message{Kind: k, From: from, Round: 100 + i, Body: []byte(`{"policy":"permit (principal, action, resource);"}`), Blob: permit})
		}
	}
	until(t, "all acknowledgements", func() bool { return len(g.Hub.Mail(g.self)) == 0 })
	stop()
	b, err := os.ReadFile(filepath.Join(g.Home(g.self), member.PolicyFile))
	if err != nil || string(b) != string(policy.Default()) {
		t.Errorf("the policy changed (%v)", err)
	}
	if _, err := os.Stat(filepath.Join(g.Home(g.self), member.RolesFile)); err == nil {
		t.Error("roles came by message")
	}
	if r := g.record(); r.State != "pending" {
		t.Errorf("the study is %s", r.State)
	}
}
