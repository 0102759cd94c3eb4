package dataset

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/table"
)

// A verdict says what a cell is for its variable.
type verdict int

const (
	good     verdict = iota
	missing          // empty, or a value that means missing
	wrong            // not of the variable's type
	unknown          // a code that is no level
	excluded         // outside the declared range, and the mapping says that is missing
	outside          // outside the declared range
	verdicts
)

// A converter turns raw cells into one variable's values: numbers (1 and 0 of a
// flag), or the index of a level.
type converter struct {
	variable table.Variable
	source   Source
	decimal  string
	scale    float64
	absent   []float64         // numeric values that mean missing
	levels   map[string]int    // text of the file -> level; for a flag 1 or 0
	numbers  map[float64]int   // the same for texts that are numbers: "1.0" is "1"
	seen     map[string]answer // texts met, so that each is judged once
}

type answer struct {
	value float64
	is    verdict
}

// maxSeen bounds the memory of texts met.
const maxSeen = 10_000

func newConverter(v table.Variable, s Source, decimal string) *converter {
	c := &converter{variable: v, source: s, decimal: decimal, scale: 1, levels: map[string]int{}, numbers: map[float64]int{}, seen: map[string]answer{}}
	if s.Scale != nil {
		c.scale = *s.Scale
	}
	for _, m := range s.Missing {
		if x, ok := format.ParseNumber(m, decimal); ok {
			c.absent = append(c.absent, x)
		}
	}
	for raw, code := range s.Codes {
		if at := c.level(code); at >= 0 {
			c.name(raw, at)
		}
	}
	if s.Codes == nil {
		for i, l := range v.Levels {
			c.name(l.Code, i)
			for token := range strings.FieldsSeq(l.Concept) {
				c.levels[token] = i
			}
		}
	}
	return c
}

// level is the value that a code of the dictionary stands for, or -1.
func (c *converter) level(code string) int {
	if c.variable.Kind != table.Flag {
		return c.variable.Level(code)
	}
	if yes, ok := format.Truth(code); ok {
		return map[bool]int{true: 1, false: 0}[yes]
	}
	return -1
}

func (c *converter) name(text string, at int) {
	c.levels[text] = at
	if x, ok := format.ParseNumber(text, c.decimal); ok {
		if _, twice := c.numbers[x]; !twice {
			c.numbers[x] = at
		}
	}
}

// text judges a text cell.
func (c *converter) text(s string) (float64, verdict) {
	if c.variable.Kind == table.Number || c.variable.Kind == table.Integer {
		return c.numeral(s)
	}
	if a, ok := c.seen[s]; ok {
		return a.value, a.is
	}
	x, is := c.word(s)
	if len(c.seen) < maxSeen {
		c.seen[strings.Clone(s)] = answer{x, is} // s may be a part of a batch
	}
	return x, is
}

func (c *converter) numeral(s string) (float64, verdict) {
	x, ok := format.ParseNumber(s, c.decimal)
	if ok {
		return c.number(x)
	}
	if slices.Contains(c.source.Missing, s) || s == "NaN" || s == "nan" {
		return 0, missing
	}
	return 0, wrong
}

// number judges a number of a variable that is one.
func (c *converter) number(raw float64) (float64, verdict) {
	if math.IsNaN(raw) || slices.Contains(c.absent, raw) {
		return 0, missing
	}
	x := float64(raw*c.scale) + c.source.Offset
	lo, hi := c.variable.Range()
	switch {
	case c.variable.Kind == table.Integer && x != math.Trunc(x):
		return 0, wrong
	case x >= lo && x <= hi:
		return x, good
	case c.source.OutOfRange == "missing":
		return 0, excluded
	}
	return 0, outside
}

// word judges a text of a flag or category.
func (c *converter) word(s string) (float64, verdict) {
	if slices.Contains(c.source.Missing, s) {
		return 0, missing
	}
	if at, ok := c.levels[s]; ok {
		return float64(at), good
	}
	if x, ok := format.ParseNumber(s, c.decimal); ok {
		return c.code(x)
	}
	return c.truth(s)
}

// code judges a number of a flag or category.
func (c *converter) code(x float64) (float64, verdict) {
	if slices.Contains(c.absent, x) {
		return 0, missing
	}
	if at, ok := c.numbers[x]; ok {
		return float64(at), good
	}
	if c.variable.Kind == table.Flag && c.source.Codes == nil && (x == 0 || x == 1) {
		return x, good
	}
	return 0, c.neither()
}

func (c *converter) truth(s string) (float64, verdict) {
	if c.variable.Kind == table.Flag && c.source.Codes == nil {
		if yes, ok := format.Truth(s); ok {
			return map[bool]float64{true: 1, false: 0}[yes], good
		}
	}
	return 0, c.neither()
}

func (c *converter) neither() verdict {
	if c.variable.Kind == table.Flag && c.source.Codes == nil {
		return wrong
	}
	return unknown
}

// float judges a number of a typed file.
func (c *converter) float(x float64) (float64, verdict) {
	if c.variable.Kind == table.Number || c.variable.Kind == table.Integer {
		return c.number(x)
	}
	if math.IsNaN(x) {
		return 0, missing
	}
	return c.code(x)
}

// truthValue judges a boolean of a typed file.
func (c *converter) truthValue(b bool) (float64, verdict) {
	if c.variable.Kind == table.Number || c.variable.Kind == table.Integer {
		return c.number(map[bool]float64{true: 1, false: 0}[b])
	}
	return c.text(strconv.FormatBool(b))
}

// column judges a column of a batch, cell by cell.
func (c *converter) column(kind format.Kind, v format.Values, rows int, each func(row int, x float64, is verdict)) {
	for i := range rows {
		if v.Missing(i) {
			each(i, 0, missing)
			continue
		}
		var x float64
		var is verdict
		switch kind {
		case format.Text:
			x, is = c.text(v.Text[i])
		case format.Float:
			x, is = c.float(v.Float[i])
		case format.Int:
			x, is = c.float(float64(v.Int[i]))
		default:
			x, is = c.truthValue(v.Bool[i])
		}
		each(i, x, is)
	}
}
