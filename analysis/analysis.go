// Package analysis is the contract of an analysis: arithmetic with a name.
//
// An analysis is a sum, repeated (DESIGN section 4). It declares what it reads
// and how large one row's contribution can be; each site computes one bounded
// vector per round; only the sum over the sites is opened; from the sum follows
// the next public state or the result. An analysis sees no network, key, noise,
// clock or file.
package analysis

import (
	"encoding/json"
	"fmt"

	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// An Analysis declares what it is; Start gives a Run and its first public state.
type Analysis interface {
	About() About
	// Start checks the parameters against the schema: everything that can be
	// refused before data is touched is refused here, with a text for the
	// researcher that names the parameter and the mend.
	Start(p Params, s table.Schema) (Run, State, error)
}

// A Run is one use of an analysis on one schema. It is immutable, and its
// methods are pure and deterministic: the same arguments give the same bytes.
type Run interface {
	// Bounds says, for this state, which columns are read and what one row can
	// contribute to each coordinate of the vector.
	Bounds(State) (Bounds, error)
	// Local adds a site's contribution to sum, one row at a time, on the grid
	// made from Bounds. It is additive over any split of the rows into blocks
	// (or of the sites, where Bounds says OverSites). An empty table adds
	// nothing and is no error.
	Local(t table.Table, s State, sum *fixed.Vector) error
	// Next turns the opened sum into the next public state, or the result: one
	// of the two is non-nil when err is nil.
	Next(sum []float64, s State) (State, *Result, error)
}

// Bounds is what one round of a run declares. Four parties read it: secure
// needs the ranges, dp the ranges as sensitivity, law the columns, plan both.
type Bounds struct {
	Columns   []string      // variables read
	Ranges    []fixed.Range // one per coordinate: what one row can contribute
	OverSites bool          // additive over sites (strata), not over any split of people
	// Together says of a round that reads the variable `site` that no coordinate
	// of it is one site's own number. Without it (or OverSites) such a round opens
	// sums of one contributor, and a charter must allow that.
	Together bool
	Opens    string // one sentence for the receipt: what the opened sum tells
	// Frac and Margin ask for a coarse grid on which noise is added: the fraction
	// bits of each coordinate, and the room in steps for each site's noise.
	Frac   []int
	Margin []float64
}

// Grid is the fixed-point format of the round's vector for sites of at most rows
// rows, of which at most parties are summed.
func (b Bounds) Grid(rows, parties int) (fixed.Grid, error) {
	if b.Frac != nil {
		return fixed.NewCoarseGrid(b.Ranges, b.Frac, b.Margin, rows, parties)
	}
	return fixed.NewGrid(b.Ranges, rows, parties)
}

// A State is the public state of a run: canonical JSON. Every site sees it.
type State []byte

// Encode makes a state of v, which must be a plain struct of exported fields.
func Encode(v any) (State, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode state: %w", err)
	}
	return b, nil
}

// Decode reads a state into a T.
func Decode[T any](s State) (T, error) {
	var v T
	if err := json.Unmarshal(s, &v); err != nil {
		return v, fmt.Errorf("decode state: %w", err)
	}
	return v, nil
}

// About describes an analysis to people and to the planner.
type About struct {
	Name       string // as written in a study file: "kaplan-meier"
	Version    string // changes when results or the wire vector change
	Title      string // "Kaplan-Meier survival curves"
	Doc        string // a paragraph for `hmsp study new` and the documentation
	Source     string // the paper or textbook of the method
	Parameters []Parameter
	Example    string // YAML lines of a working entry under `analyses:`
}

// A Parameter is one setting of an analysis.
type Parameter struct {
	Name     string
	Type     string // "string", "number", "integer", "boolean", "strings", "numbers", "formula", "variable", "variables", "map"
	Required bool
	Default  any
	Min, Max *float64 // numbers: inclusive
	Options  []string // strings: one of
	Doc      string
}

// A Refusal is an error that an analysis gives to the researcher: the study as
// written cannot be run. Param names the parameter to mend, if one is at fault.
type Refusal struct {
	Param string
	Text  string
}

func (r *Refusal) Error() string {
	if r.Param == "" {
		return r.Text
	}
	return r.Param + ": " + r.Text
}

// Refuse makes a Refusal.
func Refuse(param, format string, args ...any) error {
	return &Refusal{Param: param, Text: fmt.Sprintf(format, args...)}
}
