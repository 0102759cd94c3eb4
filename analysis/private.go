package analysis

import (
	"fmt"
	"math"
	"strconv"

	"hmsp.center/hmsp/table"
)

// A PrivateAnalysis has a differentially private form: what it opens is a sum
// of what each patient adds, and what one patient can add is bounded. It is an
// ability of an Analysis, found by assertion.
type PrivateAnalysis interface {
	Analysis
	// StartPrivate is Start for a study with a privacy budget. It refuses what has
	// no private form, with what to use instead.
	StartPrivate(p Params, s table.Schema) (PrivateRun, State, error)
}

// A PrivateRun is one use of a private analysis on one schema. It is immutable,
// and its methods are pure and deterministic. Noise is none of its business: it
// says what one patient can add, and is told how much noise the sums carry.
type PrivateRun interface {
	// Queries declares the vectors of all rounds, in order. They depend on public
	// things only, never on a state: what the run costs is known before it starts.
	Queries() []Query
	// Person returns the function that emits what one row adds to the vector of
	// the round: one patient has one row. Contributions beyond a block's norms are
	// scaled down by the caller, which is what makes the bound hold.
	Person(t table.Table, s State) (func(row int, add func(coordinate int, value float64)), error)
	// Next turns the opened noisy sum into the next public state, or the result.
	// sd holds the standard deviation of the noise of each coordinate. Everything
	// it does is post-processing.
	Next(sum, sd []float64, s State) (State, *Result, error)
	// Expect says how far off the results will be for so many patients, given the
	// standard deviations of the noise in each round, before anything is computed.
	Expect(sd [][]float64, people int) []Expectation
}

// A Query is the vector of one round of a private run.
type Query struct {
	Columns []string // variables read
	Blocks  []Block  // one after the other, they make up the vector
	Opens   string   // one sentence for the receipt: what the opened sum tells
}

// A Block is consecutive coordinates that share one mechanism.
type Block struct {
	Len     int
	L1, L2  float64 // largest sum of magnitudes, and largest Euclidean length, of what one patient adds
	Support int     // most coordinates that one patient touches; 0 means Len
	Integer bool    // whole numbers only, as counts
	Share   float64 // of the run's budget; those of all blocks of all rounds sum to at most 1
}

// Most is the largest magnitude that one patient can add to one coordinate.
func (b Block) Most() float64 { return math.Min(b.L1, b.L2) }

// Touches is the most coordinates that one patient adds to.
func (b Block) Touches() int {
	if b.Support == 0 {
		return b.Len
	}
	return b.Support
}

// An Expectation is how far one figure will be from the one without noise: in 95
// of 100 studies it is within that many units.
type Expectation struct {
	What   string  `json:"what"`   // "median of age"
	Within float64 `json:"within"` // in Unit
	Unit   string  `json:"unit,omitempty"`
}

// twoDigits writes x with two significant digits and without an exponent.
func twoDigits(x float64) string {
	if !(x > 0) || math.IsInf(x, 0) {
		return FormatNumber(x)
	}
	unit := math.Pow(10, math.Floor(math.Log10(x))-1)
	return strconv.FormatFloat(math.Round(x/unit)*unit, 'f', max(0, -int(math.Round(math.Log10(unit)))), 64)
}

func (e Expectation) String() string {
	s := fmt.Sprintf("the %s will be within about %s", e.What, twoDigits(e.Within))
	if e.Unit != "" {
		s += " " + e.Unit
	}
	return s
}
