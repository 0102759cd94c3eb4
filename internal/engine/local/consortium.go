package local

import (
	"fmt"
	"time"

	"hmsp.center/hmsp/catalog"
	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

// A Consortium is a charter together with the keys of all its members, made on
// the spot: what tests and measurements plan and run a study with.
type Consortium struct {
	Charter    *charter.Charter
	Researcher *identity.Identity
	Signers    map[string]engine.Signer // by site
}

// Found makes a consortium of the named sites and one researcher.
func Found(name string, dictionary table.Schema, rules charter.Rules, sites ...string) (*Consortium, error) {
	c := &Consortium{Charter: charter.New(name), Signers: map[string]engine.Signer{}}
	c.Charter.Dictionary, c.Charter.Rules = dictionary, rules
	join := func(name string, role identity.Role) (*identity.Identity, error) {
		id, err := identity.Generate(name, role, nil)
		if err != nil {
			return nil, fmt.Errorf("found consortium: %w", err)
		}
		c.Charter.Members = append(c.Charter.Members, id.Public())
		return id, nil
	}
	for _, s := range sites {
		id, err := join(s, identity.Site)
		if err != nil {
			return nil, err
		}
		c.Signers[s] = id
	}
	var err error
	if c.Researcher, err = join("researcher", identity.Researcher); err != nil {
		return nil, err
	}
	return c, c.Charter.Valid()
}

// Plan signs the study as the researcher and plans it, or says the first thing that
// is wrong with it.
func (c *Consortium) Plan(s study.Study, cat catalog.Catalog, at time.Time) (*plan.Plan, error) {
	signed, err := study.Submit(&s, c.Charter.Digest(), c.Researcher, at, nil)
	if err != nil {
		return nil, err
	}
	p, problems := plan.New(c.Charter, signed, cat)
	if len(problems) > 0 {
		return nil, fmt.Errorf("study %s: %w", s.Name, problems[0])
	}
	return p, nil
}
