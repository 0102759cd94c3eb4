package simnet_test

import (
	"context"
	"crypto/rand"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"hmsp.center/hmsp/catalog"
	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/engine/local"
	"hmsp.center/hmsp/internal/simnet"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

// consortium is six sites with the lung trial, in memory.
type consortium struct {
	charter    *charter.Charter
	researcher *identity.Identity
	signers    map[string]engine.Signer
	tables     local.Tables
	works      simnet.Works
}

var lungSites = []string{"east", "lakes", "north", "plains", "south", "west"}

func lungDictionary() table.Schema {
	inst := table.Variable{Name: "inst", Kind: table.Category}
	for _, c := range []int{1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 15, 16, 21, 22, 26, 32, 33} {
		inst.Levels = append(inst.Levels, table.Level{Code: strconv.Itoa(c)})
	}
	return table.Schema{inst,
		{Name: "time", Kind: table.Integer, Min: 0, Max: 1100, Unit: "d"},
		{Name: "status", Kind: table.Integer, Min: 1, Max: 2},
		{Name: "age", Kind: table.Integer, Min: 18, Max: 100, Unit: "a"},
		{Name: "sex", Kind: table.Category, Levels: []table.Level{{Code: "1"}, {Code: "2"}}},
		{Name: "ph.ecog", Kind: table.Integer, Min: 0, Max: 5},
	}
}

func newConsortium(t testing.TB) *consortium {
	t.Helper()
	c := &consortium{charter: charter.New("ncctg"), signers: map[string]engine.Signer{}, tables: local.Tables{}}
	c.charter.Rules.Disclosure = &charter.Disclosure{} // some analyses of these tests are made up
	c.charter.Dictionary = lungDictionary()
	add := func(name string, role identity.Role) *identity.Identity {
		id, err := identity.Generate(name, role, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c.charter.Members = append(c.charter.Members, id.Public())
		return id
	}
	for _, s := range lungSites {
		c.signers[s] = add(s, identity.Site)
		c.tables[s] = readLung(t, s)
	}
	c.researcher = add("ruth", identity.Researcher)
	return c
}

func readLung(t testing.TB, site string) table.Table {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "demo", "lung", site+".csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	schema := (&charter.Charter{Dictionary: lungDictionary()}).Dictionary
	cols := make([]table.Column, len(schema))
	for i, v := range schema {
		at := slices.Index(rows[0], v.Name)
		for _, r := range rows[1:] {
			if v.Kind == table.Category {
				cols[i].Codes = append(cols[i].Codes, int32(v.Level(r[at])))
				continue
			}
			x, err := strconv.ParseFloat(r[at], 64)
			if err != nil {
				x = math.NaN()
			}
			cols[i].Numbers = append(cols[i].Numbers, x)
		}
	}
	siteVar := table.Variable{Name: "site", Kind: table.Category}
	var codes []int32
	for i, s := range lungSites {
		siteVar.Levels = append(siteVar.Levels, table.Level{Code: s})
		if s == site {
			for range rows[1:] {
				codes = append(codes, int32(i))
			}
		}
	}
	tab, err := table.New(append(schema, siteVar), append(cols, table.Column{Codes: codes}), nil)
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func (c *consortium) plan(t testing.TB, cat catalog.Catalog, s study.Study) *plan.Plan {
	t.Helper()
	s.Hmsp, s.Dataset, s.Purpose, s.LegalBasis, s.Question = study.Version, "lung", "research", "GDPR Art. 9(2)(j)", "Does survival differ?"
	if s.Name == "" {
		s.Name = "lung"
	}
	if s.Participation.Patience == 0 {
		s.Participation.Patience = study.Duration(10 * time.Minute)
	}
	signed, err := study.Submit(&s, c.charter.Digest(), c.researcher, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p, problems := plan.New(c.charter, signed, cat)
	for _, pr := range problems {
		t.Error(pr)
	}
	if p == nil {
		t.FailNow()
	}
	return p
}

func (c *consortium) network(p *plan.Plan) *simnet.Network {
	data := map[string]engine.Computer{}
	for s, tab := range c.tables {
		data[s] = local.Site(tab)
	}
	return simnet.New(p, c.signers, data)
}

func twoAnalyses() []study.Entry {
	return []study.Entry{
		{Name: "by-sex", Analysis: "kaplan-meier", Params: map[string]any{"formula": "Surv(time, status == 2) ~ sex"}},
		{Name: "ecog", Analysis: "linear", Params: map[string]any{"formula": "ph.ecog ~ age + sex"}},
	}
}

func TestFederatedEqualsPooled(t *testing.T) {
	c := newConsortium(t)
	for _, verify := range []bool{false, true} {
		p := c.plan(t, standard.Catalog(), study.Study{Analyses: twoAnalyses(), Verify: verify})
		net := c.network(p)
		o, err := net.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if o == nil || o.Status != "released" {
			t.Fatalf("verify %v: outcome %+v\n%v", verify, o, net.Log)
		}
		if err := o.Check(); err != nil {
			t.Fatal(err)
		}
		var all []table.Table
		for _, s := range lungSites {
			all = append(all, c.tables[s])
		}
		pooled, err := local.Pooled(context.Background(), p, concat(t, all...))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprintf("%+v", o.Analyses[0].Result.Tables), fmt.Sprintf("%+v", pooled[0].Result.Tables); got != want {
			t.Errorf("federated %s\npooled %s", got, want)
		}
		t.Log(len(net.Log), "messages", o.Receipt.Rounds)
	}
}

func concat(t testing.TB, ts ...table.Table) table.Table {
	out := make([]table.Column, len(ts[0].Columns))
	for _, x := range ts {
		for i, c := range x.Columns {
			out[i].Numbers = append(out[i].Numbers, c.Numbers...)
			out[i].Codes = append(out[i].Codes, c.Codes...)
		}
	}
	tab, err := table.New(ts[0].Schema, out, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tab
}
