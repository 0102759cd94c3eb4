// Package plan turns a study and the law of the consortium into what will be
// run, or into the reasons why not. It is pure: the researcher's check, the
// site's decision and the engine all read the same plan, so that what was
// promised before submission is what happens.
package plan

import (
	"slices"
	"time"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/cohort"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/dp"
	"hmsp.center/hmsp/dp/mechanism"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/timeline"
)

// A Plan is a study that can be run.
type Plan struct {
	Digest     string // of the signed study, hex: its name everywhere
	Study      study.Study
	Researcher string
	Charter    string   // digest of the charter, hex
	Sites      []string // asked to take part, in the order of names
	Lead       string   // coordinates: by rotation from the study's digest
	Minimum    int      // fewest sites, by the study's participation rule
	Patience   time.Duration
	Colluders  int // sites that may side with a lying hub
	Honest     int // fewest contributors besides them
	MaxRows    int // most rows that a site may have
	Verify     bool
	OpenSites  bool // the charter permits studies that tell sites apart
	Trial      bool // all parties in one process over local files: no floor, no privacy between them
	Schema     table.Schema
	Timeline   timeline.Plan // what is made of a dataset whose people have events over time
	OverTime   bool          // the study needs such a dataset
	Cohort     *cohort.Expr  // nil: everybody
	Columns    []string      // variables read by cohort and analyses
	Entries    []Entry
	Disclosure *disclosure.Rules // applied to exact results; nil in a trial, whose data are its own
	Budget     *Budget           // of a private study; nil: exact results

	keys map[string]identity.Public
}

// An Entry is one analysis of the study, started.
type Entry struct {
	Name    string // in the study: "by-sex"
	About   analysis.About
	Params  analysis.Params
	Run     analysis.Run
	Start   analysis.State
	Numbers int                    // coordinates of the first vector
	Opens   string                 // what the first opened sum tells
	Private *mechanism.Program     // Run, in a private study
	Expect  []analysis.Expectation // how far off a private result will be
}

// A Budget is what a private study spends at each site: the law, and the price.
type Budget struct {
	Epsilon, Delta float64      // the study's bound
	Patients       int          // for which Entry.Expect holds
	Honest         int          // contributors whose noise alone gives the bound
	Rounds         [][]dp.Event // what each round does, over all analyses
	Rho            float64      // of all rounds, in zero-concentrated differential privacy: what a ledger books
	Gaussian       *Frugal      // nil where it would not book much less

	memo
}

// Frugal is what Gaussian noise throughout would make of a study that has Laplace
// noise because that is smaller.
type Frugal struct {
	Rho   float64 // that it would book
	Times float64 // its noise, at most, in times of the study's
}

// Events are those of all rounds.
func (b *Budget) Events() []dp.Event { return slices.Concat(b.Rounds...) }

// A Problem is one reason why a study cannot run, at its place in the file.
type Problem struct {
	Entry string // name of the analysis, "" for the study itself
	Param string // key at fault: "cohort", "formula"
	Key   []any  // path to the key in the file, where it is deeper than Param says
	Text  string // what is wrong, what was expected, how to mend it
}

func (p Problem) Error() string {
	at := p.Param
	if p.Entry != "" {
		at = p.Entry + "." + p.Param
	}
	if at == "" {
		return p.Text
	}
	return at + ": " + p.Text
}
