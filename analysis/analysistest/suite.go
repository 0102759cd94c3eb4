package analysistest

import (
	"slices"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/table"
)

// A Case is one use of the analysis under test.
type Case struct {
	Name   string
	Params analysis.Params // nil: those of the example in About

	// Absent lists the result columns, as "table.column", whose cells may be
	// NaN on complete data because R gives NA there too. In the adversarial
	// tables a NaN is always allowed.
	Absent []string

	// Strata is the category whose levels move between sites as a whole, for
	// analyses that are additive over sites only. Default "site".
	Strata string

	// Rounds, where positive, is the most rounds that the case may take.
	Rounds int

	// People replaces the suite's people, for an analysis that needs others.
	// Its schema must have the Strata variable if the analysis is OverSites.
	People *table.Table
}

// Suite holds the analysis against the contract: one test per promise, for
// every case and for the example in its About; and its private form, where it has
// one. An analysis whose tests do not call it is not in the catalogue's standard.
func Suite(t *testing.T, a analysis.Analysis, cases ...Case) {
	t.Run("about", func(t *testing.T) { checkAbout(t, a) })
	cases = slices.Clone(cases)
	example, err := exampleParams(a.About())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(cases, func(c Case) bool { return c.Params == nil }) {
		cases = append([]Case{{Name: "example"}}, cases...)
	}
	for i := range cases {
		if cases[i].Params == nil {
			cases[i].Params = example
		}
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			for _, p := range promises() {
				t.Run(p.name, func(t *testing.T) { p.check(t, a, c) })
			}
		})
	}
	if p, ok := a.(analysis.PrivateAnalysis); ok {
		t.Run("private", func(t *testing.T) { PrivateSuite(t, p, cases...) })
	}
}

// A promise is one thing that the contract of package analysis asks for.
type promise struct {
	name  string
	check func(testing.TB, analysis.Analysis, Case)
}

func promises() []promise {
	return []promise{
		{"result", checkResult},
		{"partition", checkPartition},
		{"bounds", checkBounds},
		{"pure", checkPure},
		{"state", checkState},
		{"adversarial", checkAdversarial},
	}
}

func (c Case) strata() string {
	if c.Strata == "" {
		return "site"
	}
	return c.Strata
}

func (c Case) people() table.Table {
	if c.People != nil {
		return *c.People
	}
	return People(210, 20261124)
}
