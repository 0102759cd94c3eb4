package formula

import (
	"fmt"
	"math"

	"hmsp.center/hmsp/table"
)

// A Frame holds the complete rows of a table, evaluated on a design. It is read
// only after Design.Frame and safe for concurrent reading.
type Frame struct {
	N        int
	columns  []kernel
	response [][]float64
	eventOne float64
	offset   []float64
	strata   []int32
}

// A kernel computes one column: the cheap forms first.
type kernel struct {
	constant      float64
	numbers       [][]float64
	levels        [][]int32
	values        [][]float64
	centre, scale float64
}

// Frame evaluates a table. It refuses a row whose value is outside the range
// that the dictionary declares, naming the column and no value.
func (d *Design) Frame(t table.Table) (*Frame, error) {
	f, _, err := d.evaluate(t)
	if err != nil {
		return nil, err
	}
	return f, d.check(f)
}

// evaluate is Frame without the check of ranges; rows are the table's complete
// rows, in the order of the frame's.
func (d *Design) evaluate(t table.Table) (*Frame, []int, error) {
	r, err := d.read(t)
	if err != nil {
		return nil, nil, err
	}
	var rows []int
	for i, ok := range r.complete {
		if ok {
			rows = append(rows, i)
		}
	}
	f := &Frame{N: len(rows), eventOne: d.Response.EventOne}
	numbers, levels := make([][]float64, len(d.Variables)), make([][]int32, len(d.Variables))
	for i, v := range d.Variables {
		if !v.Factor {
			numbers[i] = take(r.numbers[i], rows)
			continue
		}
		if levels[i], err = v.observed(take(r.levels[i], rows)); err != nil {
			return nil, nil, err
		}
	}
	for _, xs := range r.response {
		f.response = append(f.response, take(xs, rows))
	}
	if r.offset != nil {
		f.offset = take(r.offset, rows)
	}
	if r.cells != nil {
		if f.strata, err = d.observedStrata(take(r.cells, rows)); err != nil {
			return nil, nil, err
		}
	}
	for _, c := range d.Columns {
		k := kernel{constant: 1, centre: c.Centre, scale: 1 / c.Scale}
		for _, p := range c.Parts {
			if p.Values == nil {
				k.numbers = append(k.numbers, numbers[p.Var])
			} else {
				k.levels, k.values = append(k.levels, levels[p.Var]), append(k.values, p.Values)
			}
		}
		f.columns = append(f.columns, k)
	}
	return f, rows, nil
}

func take[T any](xs []T, rows []int) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = xs[r]
	}
	return out
}

// observed turns declared level indexes into observed ones.
func (v Variable) observed(codes []int32) ([]int32, error) {
	place := make([]int32, len(v.Levels))
	for i := range place {
		place[i] = -1
	}
	for i, k := range v.Keep {
		place[k] = int32(i)
	}
	for i, c := range codes {
		if codes[i] = place[c]; codes[i] < 0 {
			return nil, fmt.Errorf("%s: a level appeared that the discovery round had not seen: the data changed during the study", v.Name)
		}
	}
	return codes, nil
}

func (d *Design) observedStrata(cells []int32) ([]int32, error) {
	place := make(map[int32]int32, len(d.Cells))
	for i, c := range d.Cells {
		place[int32(c)] = int32(i)
	}
	for i, c := range cells {
		s, ok := place[c]
		if !ok {
			return nil, fmt.Errorf("a stratum appeared that the discovery round had not seen: the data changed during the study")
		}
		cells[i] = s
	}
	return cells, nil
}

// check refuses rows outside the declared ranges: the bounds of every later sum
// rest on |x| <= 1.
func (d *Design) check(f *Frame) error {
	row := make([]float64, len(d.Columns))
	for i := range f.N {
		if what := d.outside(f, i, row); what != "" {
			return fmt.Errorf("%s: a value is outside the range that the dictionary declares", what)
		}
	}
	return nil
}

// outside names what is outside its declared range in row i, "" if nothing is;
// row is room for a row of the design.
func (d *Design) outside(f *Frame, i int, row []float64) string {
	const slack = 1 + 0x1p-40 // rounding, not data
	f.Row(i, row)
	for j, x := range row {
		if !(math.Abs(x) <= slack) {
			return d.Columns[j].Name
		}
	}
	if d.Response.Kind == Number || d.Response.Kind == Survival {
		b := d.Response.Interval
		for _, xs := range f.response[:max(1, len(f.response)-1)] {
			if x := xs[i]; x < b.Lo || x > b.Hi {
				return d.Response.Name
			}
		}
	}
	if f.offset != nil && (f.offset[i] < d.OffsetLo || f.offset[i] > d.OffsetHi) {
		return "offset"
	}
	return ""
}

// Row writes the scaled design row i to dst, which has one place per column.
func (f *Frame) Row(i int, dst []float64) {
	for j := range f.columns {
		k := &f.columns[j]
		x := k.constant
		for _, xs := range k.numbers {
			x *= xs[i]
		}
		for l, levels := range k.levels {
			x *= k.values[l][levels[i]]
		}
		dst[j] = (x - k.centre) * k.scale
	}
}

// Response is the numeric response of row i (a category's level index).
func (f *Frame) Response(i int) float64 { return f.response[0][i] }

// Surv is the survival response of row i; start is -Inf where the formula has
// no start times, and event is 0 or 1.
func (f *Frame) Surv(i int) (start, stop, event float64) {
	last := len(f.response) - 1
	start = math.Inf(-1)
	if last == 2 {
		start = f.response[0][i]
	}
	if f.response[last][i] == f.eventOne {
		event = 1
	}
	return start, f.response[last-1][i], event
}

// Offset is the sum of the offsets of row i, 0 where there are none.
func (f *Frame) Offset(i int) float64 {
	if f.offset == nil {
		return 0
	}
	return f.offset[i]
}

// Stratum is the index of row i's stratum in Design.StrataNames, 0 where the
// formula has no strata.
func (f *Frame) Stratum(i int) int {
	if f.strata == nil {
		return 0
	}
	return int(f.strata[i])
}
