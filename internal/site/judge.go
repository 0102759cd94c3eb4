package site

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"hmsp.center/hmsp/dp/account"
	"hmsp.center/hmsp/dp/ledger"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/law"
	"hmsp.center/hmsp/law/policy"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/quality"
)

// A judgement is what the site's policy says to a study, and what it was told.
type judgement struct {
	law.Decision
	policy string // digest of the policy
	funds
}

// judge puts a study to the policy as it stands in the home now. Without a policy
// that can be read, every study is refused: what is wrong goes to the site's own log.
func (s *Site) judge(p *plan.Plan) judgement {
	rules, err := member.ReadPolicy(s.cfg.Home)
	if err != nil {
		s.log.Error("policy", "study", p.Digest, "error", err.Error())
		reason := law.Reason{Rule: policy.BadPolicy, Text: "the policy of this site cannot be read"}
		if errors.Is(err, fs.ErrNotExist) {
			reason = law.Reason{Rule: policy.NoPolicy, Text: "this site has no policy"}
		}
		return judgement{Decision: law.Decision{Verdict: law.Refuse, Reasons: []law.Reason{reason}}}
	}
	f, err := s.funds(p)
	if err != nil {
		s.log.Error("ledger", "study", p.Digest, "error", err.Error())
		return judgement{Decision: law.Decision{Verdict: law.Refuse, Reasons: []law.Reason{{Rule: policy.BadAsk, Text: "the site's books could not be read"}}}}
	}
	r := s.request(p)
	if f.certain {
		r.Left = f.left
	}
	j := judgement{Decision: rules.Study(r), policy: rules.Digest(), funds: f}
	for _, linked := range p.Study.Link { // each of its datasets must be permitted
		q := r
		q.Dataset = linked
		j.Decision = stricter(j.Decision, rules.Study(q))
	}
	if short := s.falls(p); len(short) > 0 {
		j.Decision = stricter(j.Decision, law.Decision{Verdict: law.Refuse, Reasons: short})
	}
	if r.Left != nil && j.Verdict == law.Refuse {
		r.Left = nil
		j.broke = rules.Study(r).Verdict != law.Refuse
	}
	return j
}

// stricter is the decision of two that permits less; of equals, the first.
func stricter(a, b law.Decision) law.Decision {
	rank := func(v law.Verdict) int { return slices.Index([]law.Verdict{law.Permit, law.Ask, law.Refuse}, v) }
	if rank(b.Verdict) > rank(a.Verdict) {
		return b
	}
	return a
}

// ruleQuality is the rule of refusals for what a study demands of the data.
const ruleQuality = "quality"

// falls lists where the data fall short of what the study demands, by what the site
// publishes of their quality.
func (s *Site) falls(p *plan.Plan) []law.Reason {
	if p.Study.Quality == nil {
		return nil
	}
	var out []law.Reason
	rest := p.Reads()
	for _, name := range p.Study.Datasets() {
		public, ok := s.published(name)
		if !ok {
			continue // that it is not there is said elsewhere
		}
		var mine []string
		for _, v := range public.Variables {
			if i := slices.Index(rest, v.Name); i >= 0 {
				mine, rest = append(mine, v.Name), slices.Delete(rest, i, i+1)
			}
		}
		for _, f := range quality.Meets(public, *p.Study.Quality, mine) {
			out = append(out, law.Reason{Rule: ruleQuality, Text: name + ": " + f.Text})
		}
	}
	return out
}

// published is what others may know of a dataset's quality.
func (s *Site) published(name string) (quality.Public, bool) {
	q, err := s.registry().Quality(name)
	if err != nil {
		return quality.Public{}, false
	}
	return quality.Published(q, s.member.Charter.Rules.DisclosureRules()), true
}

// request is what the policy is told of a study.
func (s *Site) request(p *plan.Plan) policy.Request {
	role := ""
	if m, ok := s.member.Charter.Member(p.Researcher); ok {
		role = string(m.Role)
	}
	return Request(p, role, s.member.Config.Decide)
}

// Request is a plan as a policy is told of it: of a researcher with a role in the
// charter, at a site with this setting of `decide`. What is left of the site's budget
// is not in it.
func Request(p *plan.Plan, role, decide string) policy.Request {
	r := policy.Request{
		Researcher: p.Researcher, Role: role, Dataset: p.Study.Dataset, Purpose: p.Study.Purpose, LegalBasis: p.Study.LegalBasis, Question: p.Study.Question,
		Cohort: p.Predicate(), Variables: slices.Compact(slices.Sorted(slices.Values(slices.Concat(p.Columns, p.Reads(), p.Timeline.Dates())))), Sites: len(p.Sites), Decide: decide,
	}
	for _, e := range p.Entries {
		if !slices.Contains(r.Analyses, e.About.Name) {
			r.Analyses = append(r.Analyses, e.About.Name)
		}
	}
	if b := p.Budget; b != nil {
		r.Private, r.Epsilon, r.Delta, r.Rho = true, b.Epsilon, b.Delta, b.Rho
	}
	return r
}

// funds is what the ledger could tell of a study's price before it is reserved.
type funds struct {
	rho     float64        // the price
	balance ledger.Balance // of the dataset
	left    *float64       // rho left in it; nil for an exact study
	repeat  bool           // the question was paid for before
	certain bool           // it is sure that the price is due in full
	broke   bool           // the policy refuses for what is left, and for nothing else
}

// funds looks a private study up in the ledger. Whether a question costs nothing, or
// shares its price with questions about other patients, is known only when it is
// reserved: then the policy is not told what is left, and the ledger decides.
func (s *Site) funds(p *plan.Plan) (f funds, err error) {
	if p.Budget == nil {
		return f, nil
	}
	b, err := s.ledger.Balance(p.Study.Dataset, s.cfg.Now())
	if err != nil {
		return f, fmt.Errorf("balance of %s: %w", p.Study.Dataset, err)
	}
	entries, err := s.ledger.Entries(p.Study.Dataset)
	if err != nil {
		return f, fmt.Errorf("studies over %s: %w", p.Study.Dataset, err)
	}
	asked := beginning(p.Question())
	for _, e := range entries {
		f.repeat = f.repeat || !e.Burnt && strings.HasPrefix(e.Question, asked)
	}
	f.rho, f.balance, f.left = p.Budget.Rho, b, &b.Left
	f.certain = p.Budget.Rho <= b.Left || !f.repeat && p.Predicate() == ""
	return f, nil
}

// word is a judgement as a decision that no person made.
func (j judgement) word(now time.Time) Decision {
	d := Decision{Approve: j.Verdict == law.Permit, By: byRule + j.Rule(), At: now, policy: j.policy}
	if !d.Approve {
		d.Reason = j.reasons()
	}
	if j.broke {
		d.kind = engine.ReasonBudget
		d.Reason += "; " + j.short()
	}
	return d
}

// short says what the study asks for, and what is left of it.
func (f funds) short() string {
	b := f.balance
	text := fmt.Sprintf("the study asks for rho %.4g, left is %.4g of %.4g in 365 days (epsilon %.3g at delta %.3g)", f.rho, b.Left, b.Limit, account.EpsilonOfRho(b.Left, b.Delta), b.Delta)
	if b.Renews != nil {
		text += "; the oldest of what was spent is free again on " + b.Renews.UTC().Format("2 January 2006")
	}
	return text
}

// reasons are the rules' texts and names, for people.
func (j judgement) reasons() string {
	var parts []string
	for _, r := range j.Reasons {
		parts = append(parts, r.String())
	}
	return strings.Join(parts, "; ")
}
