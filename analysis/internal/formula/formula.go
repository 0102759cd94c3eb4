// Package formula reads model formulas as R users write them and turns people
// into rows of a design matrix.
//
// A formula's life has four steps. Parse checks the text alone. Model holds it
// against a schema: variables exist, types fit, and interval arithmetic over
// the declared ranges bounds every expression, so that nothing here ever learns
// a range from data. Count is what a site contributes to the discovery round:
// complete rows and rows per factor level. Settle turns the opened counts into
// a Design, which is plain data that every site sees: the columns as R names
// and codes them, each centred and scaled by its declared bound so that no
// value exceeds 1. Frame evaluates a table on a design.
//
// Supported: + - : * / ^ and parentheses between terms, 0 and 1 for the
// intercept, `.`, I(), log log2 log10 log1p exp expm1 sqrt abs, factor(),
// strata(), offset(), Surv(time, event), Surv(start, stop, event), and
// comparisons. Everything else is refused with its column and a mend.
//
// The rules are those of R's terms.formula and model.matrix: Chambers and
// Hastie, Statistical Models in S (1992), section 2.4.
package formula

import (
	"fmt"
	"unicode/utf8"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/table"
)

// Limits that keep a formula from a stranger harmless.
const (
	maxText    = 10000 // characters of a formula
	maxDepth   = 100   // nested parentheses and operators
	maxVars    = 256   // different variables on the right-hand side
	maxDot     = 50    // variables that `.` may stand for
	maxTerms   = 2000  // terms after expansion
	maxLevels  = 200   // levels of factor(x) on whole numbers
	maxCells   = 10000 // cells of the cross of strata variables
	MaxColumns = 1000  // columns of a design
)

// A SyntaxError says what is wrong with a formula, where, and how to mend it.
// Column counts characters from 1.
type SyntaxError struct {
	Column int
	Text   string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("column %d: %s", e.Column, e.Text) }

// A Formula is a parsed formula: syntactically right, not yet held against a
// schema.
type Formula struct {
	text     string
	response *expr // nil for a one-sided formula
	right    *expr
}

// String returns the formula as written.
func (f *Formula) String() string { return f.text }

// Parse reads a formula. The error is a *SyntaxError.
func Parse(text string) (*Formula, error) {
	if len(text) > maxText {
		return nil, &SyntaxError{Column: maxText, Text: fmt.Sprintf("the formula is longer than %d characters", maxText)}
	}
	if !utf8.ValidString(text) {
		return nil, &SyntaxError{Column: 1, Text: "the formula is not valid UTF-8"}
	}
	left, right, err := parse(text)
	if err != nil {
		return nil, err
	}
	f := &Formula{text: text, response: left, right: right}
	if _, err := expand(f.right, nil); err != nil { // the terms must make sense whatever the schema
		return nil, err
	}
	if f.response != nil {
		if err := checkResponse(f.response); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// Options say what kind of model a formula is read for.
type Options struct {
	// Contrasts gives a factor's coding by variable name as written in the
	// formula: "treatment" (default), "sum" or "helmert".
	Contrasts map[string]string
	// Implicit is for models with an intercept of their own (the baseline
	// hazard of Cox): factors are coded and columns centred as with an
	// intercept, but no column of ones is made. 0 and -1 are ignored, as coxph
	// does.
	Implicit bool
	// Groups reads the right-hand side as grouping variables, as survfit does:
	// every variable, numeric ones included, becomes part of the strata and the
	// design has no columns.
	Groups bool
}

// Read is Parse and Model in one; its errors are refusals of the parameter
// "formula", ready for the researcher.
func Read(text string, s table.Schema, o Options) (*Model, error) {
	f, err := Parse(text)
	if err != nil {
		return nil, analysis.Refuse("formula", "%v", err)
	}
	m, err := f.Model(s, o)
	if err != nil {
		return nil, analysis.Refuse("formula", "%v", err)
	}
	return m, nil
}
