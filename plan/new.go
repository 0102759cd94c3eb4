package plan

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/catalog"
	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/cohort"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/secure"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

// disclosureRules are the consortium's; a trial shows a process its own data.
func disclosureRules(c *charter.Charter, trial bool) *disclosure.Rules {
	if trial {
		return nil
	}
	r := c.Rules.DisclosureRules()
	return &r
}

// New plans a signed study under a charter, or says everything that is wrong
// with it. It does not verify signatures: who receives a study does that first.
func New(c *charter.Charter, s *study.Signed, cat catalog.Catalog) (*Plan, []Problem) {
	return build(c, s, cat, false)
}

// Trial plans a study for one process that holds every site's table itself:
// nothing is protected there, so the floor does not apply.
func Trial(c *charter.Charter, s *study.Signed, cat catalog.Catalog) (*Plan, []Problem) {
	return build(c, s, cat, true)
}

func build(c *charter.Charter, s *study.Signed, cat catalog.Catalog, trial bool) (*Plan, []Problem) {
	b := builder{cat: cat, charter: c, Plan: &Plan{
		Digest: s.Digest(), Trial: trial, Study: s.Study, Researcher: s.Researcher, Charter: c.Digest(),
		Colluders: c.Rules.Colluders, Honest: c.Rules.HonestContributors, MaxRows: c.Rules.MaxRows,
		OpenSites: c.Rules.OpenSites || trial, Verify: s.Study.Verify, Patience: time.Duration(s.Study.Participation.Patience),
		Disclosure: disclosureRules(c, trial), keys: map[string]identity.Public{},
	}}
	if s.Charter != c.Digest() {
		b.problem("", "charter", "the study was signed for charter %s, this is %s: sign it again under the consortium's present charter", short(s.Charter), short(c.Digest()))
	}
	b.sites()
	schema := b.derived(c.Schema())
	b.cohort(schema)
	for _, e := range s.Study.Analyses {
		b.entry(e, schema)
	}
	if b.Study.Privacy != nil && len(b.problems) == 0 {
		b.budget()
	}
	b.schema(schema)
	b.plain(c.Schema())
	b.quality(c.Schema())
	if len(b.problems) > 0 {
		return nil, b.problems
	}
	return b.Plan, nil
}

type builder struct {
	*Plan
	charter  *charter.Charter
	cat      catalog.Catalog
	problems []Problem
	private  []started
}

func (b *builder) problem(entry, param, format string, args ...any) {
	b.problems = append(b.problems, Problem{Entry: entry, Param: param, Text: fmt.Sprintf(format, args...)})
}

// sites settles who is asked, who leads, and whether that can give an exact release.
func (b *builder) sites() {
	all := b.charter.SiteNames()
	b.Sites = slices.Clone(b.Study.Sites)
	if len(b.Sites) == 0 {
		b.Sites = slices.Clone(all)
	}
	slices.Sort(b.Sites)
	for i, s := range b.Sites {
		if !slices.Contains(all, s) {
			b.problem("", "sites", "%q is not a site of the charter%s", s, analysis.Suggest(s, all))
		}
		if i > 0 && b.Sites[i-1] == s {
			b.problem("", "sites", "%q is listed twice", s)
		}
		if m, ok := b.charter.Member(s); ok {
			b.keys[s] = m
		}
	}
	if m, ok := b.charter.Member(b.Researcher); ok {
		b.keys[b.Researcher] = m
	}
	b.Minimum = b.Study.Participation.Minimum
	if b.Minimum == 0 {
		b.Minimum = len(b.Sites)
	}
	if b.Minimum > len(b.Sites) {
		b.problem("", "participation.minimum", "asks for %d sites, but only %d are asked to take part", b.Minimum, len(b.Sites))
	}
	if err := b.Floor(len(b.Sites)); err != nil {
		b.problem("", "sites", "%v", err)
	} else if err := b.Floor(b.Minimum); err != nil {
		b.problem("", "participation.minimum", "%v", err)
	} else if b.Minimum < b.Quorum() && !b.Trial {
		b.problem("", "participation.minimum", "asks for %d sites, but a sum of %d sites opens only when %d agree: ask for at least %d", b.Minimum, len(b.Sites), b.Quorum(), b.Quorum())
	}
	b.Lead = lead(b.Digest, b.Sites)
}

// lead picks the coordinating site by rotation from the study's digest: nobody
// chooses it, and it changes from study to study.
func lead(digest string, sites []string) string {
	if len(sites) == 0 {
		return ""
	}
	h := sha256.Sum256([]byte("hmsp lead/v1\n" + digest))
	return sites[binary.BigEndian.Uint64(h[:])%uint64(len(sites))]
}

func (b *builder) cohort(schema table.Schema) {
	if b.Study.Cohort == "" {
		return
	}
	if !b.OpenSites { // a cohort of one site's patients would make a sum of one contributor
		schema = slices.DeleteFunc(slices.Clone(schema), func(v table.Variable) bool { return v.Name == charter.SiteVariable })
	}
	e, err := cohort.Parse(b.Study.Cohort, schema)
	if err != nil {
		b.problem("", "cohort", "%v", err)
		return
	}
	b.Cohort = &e
}

func (b *builder) entry(e study.Entry, schema table.Schema) {
	a, err := b.cat.Analysis(e.Analysis)
	if err != nil {
		b.problem(e.Name, "analysis", "%v", err)
		return
	}
	refuse := func(err error) {
		if r := (*analysis.Refusal)(nil); errors.As(err, &r) {
			b.problem(e.Name, r.Param, "%s", r.Text)
		} else {
			b.problem(e.Name, "", "%v", err)
		}
	}
	about := a.About()
	params, err := analysis.Params(e.Params).Check(about.Parameters)
	if err != nil {
		refuse(err)
		return
	}
	if b.Study.Privacy != nil {
		b.startPrivate(e, a, params, schema, refuse)
		return
	}
	run, state, err := a.Start(params, schema)
	if err != nil {
		refuse(err)
		return
	}
	b.add(Entry{Name: e.Name, About: about, Params: params, Run: run, Start: state}, refuse)
}

// add takes in an entry that was started, if its first vector can be summed.
func (b *builder) add(e Entry, refuse func(error)) {
	bounds, err := e.Run.Bounds(e.Start)
	if err == nil {
		err = b.TellsSites(bounds)
	}
	if err == nil {
		_, err = bounds.Grid(b.MaxRows, len(b.Sites))
	}
	if err != nil {
		refuse(err)
		return
	}
	b.Columns = append(b.Columns, bounds.Columns...)
	e.Numbers, e.Opens = len(bounds.Ranges), bounds.Opens
	b.Entries = append(b.Entries, e)
}

// schema keeps the variables that the study reads, in the dictionary's order.
func (b *builder) schema(schema table.Schema) {
	if b.Cohort != nil {
		b.Columns = append(b.Columns, b.Cohort.Columns()...)
	}
	slices.Sort(b.Columns)
	b.Columns = slices.Compact(b.Columns)
	for _, v := range schema {
		if slices.Contains(b.Columns, v.Name) {
			b.Schema = append(b.Schema, v)
		}
	}
}

// Quorum is the number of confirmations of one set that a site asks for before it
// helps to open it. It counts over all sites of the study, not over those on the
// roster: a lead that shows one half of the sites one roster and the other half
// another could else open two sums.
func (p *Plan) Quorum() int { return p.Threshold(len(p.Sites)) }

// Threshold is the number of n members that must agree before a sum opens.
func (p *Plan) Threshold(n int) int { return secure.Threshold(n, p.Colluders) }

// Floor says whether a sum over n contributors may be opened.
func (p *Plan) Floor(n int) error {
	if p.Trial {
		return nil
	}
	return secure.CheckFloor(n, p.Colluders, p.Honest)
}

// TellsSites refuses a round whose sum would hold one site's own numbers, unless
// the charter permits studies that tell sites apart.
func (p *Plan) TellsSites(b analysis.Bounds) error {
	if p.OpenSites || b.OverSites || b.Together || !slices.Contains(b.Columns, charter.SiteVariable) {
		return nil
	}
	return fmt.Errorf("it reads the variable %q, so its sums would hold each site's own numbers: leave it out (cox has a baseline for each site by itself, table takes `strata: site`), or have the charter permit it with `open_sites: true` under rules", charter.SiteVariable)
}

// Verifies checks a member's signature over a text in a context.
func (p *Plan) Verifies(member string, context identity.Context, message, signature []byte) error {
	k, ok := p.keys[member]
	if !ok {
		return fmt.Errorf("%q has no key in the charter", member)
	}
	return identity.Verify(k, context, message, signature)
}

// Members lists the names whose keys the plan knows: sites and researcher.
func (p *Plan) Members() []string { return slices.Sorted(maps.Keys(p.keys)) }

func short(digest string) string {
	if len(digest) > 12 {
		return digest[:12]
	}
	return digest
}
