package formula

import (
	"fmt"
	"math"

	"hmsp.center/hmsp/table"
)

// A Variable is one variable of the right-hand side (or of strata()): a number,
// or a factor with its declared levels.
type Variable struct {
	Name   string   `json:"name"` // as R deparses it
	Expr   string   `json:"expr"`
	Factor bool     `json:"factor,omitempty"`
	Levels []string `json:"levels,omitempty"` // declared levels, by declared index
	First  float64  `json:"first,omitempty"`  // factor of whole numbers: the value of level 0
	Whole  bool     `json:"whole,omitempty"`  // factor of whole numbers
	Lo     float64  `json:"lo"`               // number: declared bounds
	Hi     float64  `json:"hi"`
	Keep   []int    `json:"keep,omitempty"` // factor in a design: declared indexes observed, in order
}

// Kinds of response.
const (
	NoResponse = "none"
	Number     = "number"
	Category   = "category"
	Survival   = "surv"
)

// A Response is the left-hand side. For a number the interval bounds it; for
// Survival it bounds all times, and Parts are the expressions of time and event
// or of start, stop and event.
type Response struct {
	Kind     string   `json:"kind"`
	Name     string   `json:"name,omitempty"`
	Parts    []string `json:"parts,omitempty"`
	Interval Interval `json:"interval"`
	Levels   []string `json:"levels,omitempty"`   // category
	EventOne float64  `json:"eventOne,omitempty"` // surv: the value of the event variable that means an event
	Event    string   `json:"event,omitempty"`    // surv: the event as written
}

// A Source says what is read from a table: everything in it is public.
type Source struct {
	Variables []Variable `json:"variables,omitempty"`
	Response  Response   `json:"response"`
	Offsets   []string   `json:"offsets,omitempty"`
	OffsetLo  float64    `json:"offsetLo,omitempty"` // bounds of the sum of the offsets
	OffsetHi  float64    `json:"offsetHi,omitempty"`
	Strata    []Variable `json:"strata,omitempty"`
}

// raw holds the evaluated columns of a table, all rows. cells is the declared
// joint index of the strata.
type raw struct {
	n        int
	complete []bool
	numbers  [][]float64 // by variable; nil for a factor
	levels   [][]int32   // by variable: declared index; nil for a number
	response [][]float64
	offset   []float64
	cells    []int32
}

// read evaluates a table. An error means that the table does not fit the
// schema that the model was made for, never that a value is missing.
func (s Source) read(t table.Table) (*raw, error) {
	r := &raw{n: t.Rows(), complete: make([]bool, t.Rows())}
	for i := range r.complete {
		r.complete[i] = true
	}
	r.numbers, r.levels = make([][]float64, len(s.Variables)), make([][]int32, len(s.Variables))
	for i, v := range s.Variables {
		var err error
		if v.Factor {
			r.levels[i], err = v.codes(t)
			r.dropCodes(r.levels[i])
		} else {
			r.numbers[i], err = evalText(v.Expr, t)
			r.dropNumbers(r.numbers[i])
		}
		if err != nil {
			return nil, err
		}
	}
	if err := s.readResponse(t, r); err != nil {
		return nil, err
	}
	for i, text := range s.Offsets {
		xs, err := evalText(text, t)
		if err != nil {
			return nil, err
		}
		r.dropNumbers(xs)
		if i == 0 {
			r.offset = make([]float64, r.n)
		}
		for j, x := range xs {
			r.offset[j] += x
		}
	}
	return r, s.readStrata(t, r)
}

func evalText(text string, t table.Table) ([]float64, error) {
	e, err := parseExpr(text)
	if err != nil {
		return nil, err
	}
	return e.eval(t)
}

func (r *raw) dropNumbers(xs []float64) {
	for i, x := range xs {
		if x-x != 0 { // NaN or infinite
			r.complete[i] = false
		}
	}
}

func (r *raw) dropCodes(cs []int32) {
	for i, c := range cs {
		if c < 0 {
			r.complete[i] = false
		}
	}
}

// codes returns the declared level index of every row, -1 where missing.
func (v Variable) codes(t table.Table) ([]int32, error) {
	e, err := parseExpr(v.Expr)
	if err != nil {
		return nil, err
	}
	if e = e.unparen(); e.op == opName {
		if d, ok := t.Schema.Lookup(e.text); ok && !d.Numeric() {
			codes := t.Codes(e.text)
			for _, c := range codes {
				if int(c) >= len(v.Levels) {
					return nil, fmt.Errorf("%s: a code is beyond the %d levels of the dictionary", v.Name, len(v.Levels))
				}
			}
			return codes, nil
		}
	}
	xs, err := e.eval(t)
	if err != nil {
		return nil, err
	}
	out := make([]int32, len(xs))
	for i, x := range xs {
		k := x - v.First
		switch {
		case x != x:
			out[i] = -1
		case k < 0 || k >= float64(len(v.Levels)) || k != math.Trunc(k):
			return nil, fmt.Errorf("%s: a value is not one of the whole numbers %s to %s that the dictionary declares", v.Name, v.Levels[0], v.Levels[len(v.Levels)-1])
		default:
			out[i] = int32(k)
		}
	}
	return out, nil
}

func (s Source) readResponse(t table.Table, r *raw) error {
	switch s.Response.Kind {
	case NoResponse:
		return nil
	case Category:
		codes := t.Codes(s.Response.Parts[0])
		ys := make([]float64, len(codes))
		for i, c := range codes {
			ys[i] = float64(c)
		}
		r.dropCodes(codes)
		r.response = [][]float64{ys}
		return nil
	}
	for _, text := range s.Response.Parts {
		xs, err := evalText(text, t)
		if err != nil {
			return err
		}
		r.dropNumbers(xs)
		r.response = append(r.response, xs)
	}
	if s.Response.Kind == Survival && len(r.response) == 3 {
		for i, start := range r.response[0] { // as R: an interval must have a length
			if !(start < r.response[1][i]) {
				r.complete[i] = false
			}
		}
	}
	return nil
}

func (s Source) readStrata(t table.Table, r *raw) error {
	if len(s.Strata) == 0 {
		return nil
	}
	r.cells = make([]int32, r.n)
	for _, v := range s.Strata {
		codes, err := v.codes(t)
		if err != nil {
			return err
		}
		r.dropCodes(codes)
		for i, c := range codes {
			r.cells[i] = r.cells[i]*int32(len(v.Levels)) + c
		}
	}
	return nil
}

// cells is the number of cells of the cross of the strata's declared levels, or
// maxCells+1 where it is more.
func (s Source) cells() int {
	if len(s.Strata) == 0 {
		return 0
	}
	n := 1
	for _, v := range s.Strata {
		if n *= len(v.Levels); n > maxCells {
			return maxCells + 1
		}
	}
	return n
}
