// Package cohort says which rows of a dataset a study may see.
//
// A cohort is an expression in the Common Expression Language (CEL, grammar of
// https://github.com/google/cel-spec) over the variables of a schema:
//
//	age >= 40 && sex == "f" && !missing(ph.ecog)
//	weight / (height * height) > 30 || diabetes
//	stage in ["II", "III"] && icd10.startsWith("C34")
//
// It is checked against the schema before anything is sent, and it compiles to
// SQL in which nothing of the expression or of the schema is spliced: constants
// are positional parameters, columns have internal names c0, c1 and so on.
//
// # Types
//
// Numbers and integers are one type, so age >= 40 and age >= 40.0 mean the same;
// + - * / are those of real numbers (7 / 2 is 3.5). A flag is a condition; it may
// also be compared with true, false, 1 and 0. A category is compared with its
// codes, and a code that is not a level is refused: it would silently select
// nobody. A category whose codes are numbers may be compared with a number.
// Available are == != < <= > >= in && || ! ?: + - * /, missing(x), and
// startsWith, endsWith and contains on categories. variable("any name") stands
// for a variable whose name is not a CEL identifier. Loops (all, exists, map),
// regular expressions, indexing, time and text operations are not part of it.
//
// # Missing values
//
// Logic is three-valued, as in SQL: comparing or calculating with a missing value
// is unknown, false && unknown is false, true || unknown is true, and a row whose
// condition is unknown is left out. missing(x) is always true or false. A result
// that is not a finite number (division by zero, overflow) is unknown too.
package cohort

import (
	"fmt"
	"slices"

	"hmsp.center/hmsp/table"
)

// Limits of an expression: with them, checking and running one is cheap.
const (
	MaxLength = 4096 // bytes of text
	MaxNodes  = 1024 // nodes of the parsed expression
	MaxDepth  = 64   // nesting
)

// An Expr is a checked cohort expression. The zero Expr selects everyone.
type Expr struct {
	root   condition
	schema table.Schema // the variables read, in order of first appearance
}

// An Error says what is wrong with an expression and where; lines and columns
// count from 1, columns in characters.
type Error struct {
	Line, Column int
	Text         string
}

func (e *Error) Error() string {
	return fmt.Sprintf("cohort, line %d, column %d: %s", e.Line, e.Column, e.Text)
}

// Columns lists the variables that the expression reads.
func (e Expr) Columns() []string { return e.schema.Names() }

// String is the canonical text of the expression: it parses to the same
// expression, and two texts that differ in spacing, quoting, needless brackets or
// the spelling of numbers have the same canonical text. Everyone is "".
func (e Expr) String() string {
	if e.root == nil {
		return ""
	}
	return text(e.root, 0)
}

// A Truth is a value of three-valued logic.
type Truth int8

// The three values; the zero Truth is Unknown.
const (
	False   Truth = -1
	Unknown Truth = 0
	True    Truth = 1
)

func truth(b bool) Truth {
	if b {
		return True
	}
	return False
}

func (t Truth) String() string { return [...]string{"false", "unknown", "true"}[t+1] }

// Bind prepares the expression for rows of t: the returned function says whether
// row i belongs to the cohort. This is the definition of what an expression
// means; the SQL must agree with it, which package warehouse tests. It fails if t
// lacks a variable or holds it with another type or other levels.
func (e Expr) Bind(t table.Table) (func(row int) Truth, error) {
	r := &rows{columns: make([]table.Column, len(e.schema)), levels: make([][]table.Level, len(e.schema))}
	for i, v := range e.schema {
		at, err := e.column(t, v)
		if err != nil {
			return nil, err
		}
		r.columns[i], r.levels[i] = t.Columns[at], v.Levels
	}
	return func(row int) Truth {
		if e.root == nil {
			return True
		}
		return e.root.holds(r, row)
	}, nil
}

func (e Expr) column(t table.Table, want table.Variable) (int, error) {
	at := t.Schema.Index(want.Name)
	if at < 0 {
		return 0, fmt.Errorf("the cohort reads %q, which the table lacks", want.Name)
	}
	sameCode := func(a, b table.Level) bool { return a.Code == b.Code }
	if have := t.Schema[at]; have.Kind != want.Kind || !slices.EqualFunc(have.Levels, want.Levels, sameCode) {
		return 0, fmt.Errorf("variable %q has another type or other levels than the cohort was checked with", want.Name)
	}
	return at, nil
}

// Check says whether rows of t can be asked: t has the variables that the
// expression reads, with the types and levels it was checked with.
func (e Expr) Check(t table.Table) error {
	_, err := e.Bind(t)
	return err
}

// rows are the columns an expression reads, in the expression's own order.
type rows struct {
	columns []table.Column
	levels  [][]table.Level
}
