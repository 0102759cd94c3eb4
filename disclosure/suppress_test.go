package disclosure

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize/convex/lp"
	"pgregory.net/rapid"
)

// A reader knows what is shown, and that hidden counts are at least 1. The two
// readers here work out what that leaves of a hidden count, by algorithms that
// have nothing in common with how counts are hidden: one writes down every table
// there could be, the other solves linear programs.

// entries lists all indices of the table, margins as Total.
func (f *Frequency) entries() (out [][]int) {
	at := make([]int, len(f.shape))
	var walk func(d int)
	walk = func(d int) {
		if d == len(at) {
			out = append(out, append([]int(nil), at...))
			return
		}
		for i := range f.shape[d] + 1 {
			at[d] = i
			if i == f.shape[d] {
				at[d] = Total
			}
			walk(d + 1)
		}
	}
	walk(0)
	return out
}

// parts are the cells that an entry is the sum of, as numbers of cells in order.
func (f *Frequency) parts(at []int) (out []int) {
	cell := make([]int, len(at))
	var walk func(d int)
	walk = func(d int) {
		if d == len(at) {
			k := 0
			for e, i := range cell {
				k = k*f.shape[e] + i
			}
			out = append(out, k)
			return
		}
		for i := range f.shape[d] {
			if at[d] == Total || at[d] == i {
				cell[d] = i
				walk(d + 1)
			}
		}
	}
	walk(0)
	return out
}

// enumerate finds the smallest and largest value of every entry over all tables
// of whole numbers that agree with what is shown. ok is false where there are
// too many.
func enumerate(f *Frequency) (lo, hi map[string]float64, ok bool) {
	entries := f.entries()
	var cells [][]int // inner
	type sum struct {
		at     []int
		parts  []int
		want   float64
		hidden bool
	}
	var sums []sum
	for _, at := range entries {
		inner := true
		for _, i := range at {
			inner = inner && i != Total
		}
		if inner {
			cells = append(cells, at)
		} else {
			sums = append(sums, sum{at, f.parts(at), f.At(at...), f.Hidden(at...)})
		}
	}
	covering := make([][]int, len(cells)) // sums that a cell is part of
	last := make([]int, len(sums))
	for s, x := range sums {
		for _, k := range x.parts {
			covering[k] = append(covering[k], s)
			last[s] = max(last[s], k)
		}
	}
	lo, hi = map[string]float64{}, map[string]float64{}
	value, used := make([]float64, len(cells)), make([]float64, len(sums))
	total, steps := f.At(entries[len(entries)-1]...), 0
	var fill func(k int)
	note := func(at []int, x float64) {
		key := fmt.Sprint(at)
		if old, seen := lo[key]; !seen || x < old {
			lo[key] = x
		}
		hi[key] = max(hi[key], x)
	}
	fill = func(k int) {
		if steps++; steps > 300_000 {
			return
		}
		if k == len(cells) {
			for i, at := range cells {
				note(at, value[i])
			}
			for s, x := range sums {
				note(x.at, used[s])
			}
			return
		}
		from, to := f.At(cells[k]...), f.At(cells[k]...)
		if f.Hidden(cells[k]...) {
			from, to = 1, total
		}
		for x := from; x <= to; x++ {
			fits := true
			for _, s := range covering[k] {
				used[s] += x
				if !sums[s].hidden && (used[s] > sums[s].want || last[s] == k && used[s] != sums[s].want) {
					fits = false
				}
				if sums[s].hidden && last[s] == k && used[s] < 1 {
					fits = false
				}
			}
			value[k] = x
			if fits {
				fill(k + 1)
			}
			for _, s := range covering[k] {
				used[s] -= x
			}
		}
	}
	fill(0)
	return lo, hi, steps <= 300_000
}

// program finds the bounds of one entry by two linear programs over the hidden
// cells, each 1 plus a variable.
func program(t interface{ Fatalf(string, ...any) }, f *Frequency, of []int) (lo, hi float64) {
	column := map[int]int{}
	for _, at := range f.entries() {
		if p := f.parts(at); len(p) == 1 && inner(at) && f.Hidden(at...) {
			column[p[0]] = len(column)
		}
	}
	var rows [][]float64 // with the right side last
	for _, at := range f.entries() {
		if inner(at) || f.Hidden(at...) {
			continue
		}
		row, rest := make([]float64, len(column)+1), f.At(at...)
		any := false
		for _, cell := range f.entries() {
			if !inner(cell) || !within(cell, at) {
				continue
			}
			if c, hidden := column[f.parts(cell)[0]]; hidden {
				row[c] = 1
				rest--
				any = true
			} else {
				rest -= f.At(cell...)
			}
		}
		if row[len(column)] = rest; any {
			rows = append(rows, row)
		}
	}
	objective, base := make([]float64, len(column)), 0.0
	for _, cell := range f.entries() {
		if !inner(cell) || !within(cell, of) {
			continue
		}
		if c, hidden := column[f.parts(cell)[0]]; hidden {
			objective[c]++
			base++
		} else {
			base += f.At(cell...)
		}
	}
	rows = independent(rows)
	solve := func(sign float64) float64 {
		c := make([]float64, len(objective))
		for i, x := range objective {
			c[i] = sign * x
		}
		if len(rows) == 0 { // nothing binds the hidden cells from above
			if sign > 0 {
				return base
			}
			return math.Inf(1)
		}
		a, b := mat.NewDense(len(rows), len(column), nil), make([]float64, len(rows))
		for i, r := range rows {
			a.SetRow(i, r[:len(column)])
			b[i] = r[len(column)]
		}
		if len(rows) == len(column) {
			var x mat.VecDense
			if err := x.SolveVec(a, mat.NewVecDense(len(b), b)); err != nil {
				t.Fatalf("solve: %v", err)
			}
			v := 0.0
			for i, o := range objective {
				v += o * x.AtVec(i)
			}
			return base + v
		}
		v, _, err := lp.Simplex(c, a, b, 1e-10, nil)
		if err == lp.ErrUnbounded {
			return math.Inf(1)
		}
		if err != nil {
			t.Fatalf("linear program: %v", err)
		}
		return base + sign*v
	}
	return solve(1), solve(-1)
}

func inner(at []int) bool {
	for _, i := range at {
		if i == Total {
			return false
		}
	}
	return true
}

func within(cell, at []int) bool {
	for d, i := range at {
		if i != Total && i != cell[d] {
			return false
		}
	}
	return true
}

// independent brings rows to echelon form and drops those that follow from others.
func independent(rows [][]float64) (out [][]float64) {
	if len(rows) == 0 {
		return nil
	}
	n := len(rows[0]) - 1
	for c := 0; c < n; c++ {
		at := -1
		for i, r := range rows {
			if math.Abs(r[c]) > 1e-9 {
				at = i
				break
			}
		}
		if at < 0 {
			continue
		}
		pivot := rows[at]
		rows = append(append([][]float64{}, rows[:at]...), rows[at+1:]...)
		for _, set := range [][][]float64{rows, out} {
			for _, r := range set {
				if q := r[c] / pivot[c]; q != 0 {
					for k := range r {
						r[k] -= q * pivot[k]
					}
				}
			}
		}
		out = append(out, pivot)
	}
	return out
}

func small(f *Frequency, m float64) (out [][]int) {
	for _, at := range f.entries() {
		if x := f.At(at...); x > 0 && x < m {
			out = append(out, at)
		}
	}
	return out
}

func drawTable(t *rapid.T, shapes [][]int, counts *rapid.Generator[int]) *Frequency {
	shape := rapid.SampledFrom(shapes).Draw(t, "shape")
	n := 1
	for _, s := range shape {
		n *= s
	}
	cells := make([]float64, n)
	for i := range cells {
		cells[i] = float64(counts.Draw(t, "count"))
	}
	return NewFrequency(Rules{MinimumCell: rapid.IntRange(2, 5).Draw(t, "m")}, cells, shape...)
}

// thousands checks as many tables: some for each of rapid's draws.
func thousands(t *testing.T, property func(*rapid.T)) {
	rapid.Check(t, func(t *rapid.T) {
		for range 15 {
			property(t)
		}
	})
}

// enough is how many tables and counts a test must have tried to tell anything;
// rapid draws fewer in short tests.
func enough() int {
	if testing.Short() {
		return 100
	}
	return 500
}

// TestNoCellCanBeWorkedOutByEnumeration: over every table that agrees with what is
// shown, a hidden small count can be 1 and MinimumCell.
func TestNoCellCanBeWorkedOutByEnumeration(t *testing.T) {
	hidden, tried := 0, 0
	thousands(t, func(t *rapid.T) {
		f := drawTable(t, [][]int{{4}, {6}, {2, 2}, {2, 3}, {3, 3}, {2, 2, 2}}, rapid.SampledFrom([]int{0, 0, 1, 2, 3, 5, 7, 9}))
		if f.Protect() != nil {
			return
		}
		lo, hi, ok := enumerate(f)
		if !ok {
			return
		}
		tried++
		for _, at := range small(f, f.least) {
			hidden++
			if key := fmt.Sprint(at); lo[key] > 1 || hi[key] < f.least {
				t.Fatalf("shape %v, least %v: %v of %v can only be %v to %v; hidden %v", f.shape, f.least, f.value, at, lo[key], hi[key], f.hidden)
			}
		}
	})
	if least := enough(); !t.Failed() && (hidden < least || tried < least) {
		t.Fatalf("%d counts of %d tables only", hidden, tried)
	}
}

// TestNoCellCanBeWorkedOutByLinearPrograms does the same for larger tables, and for
// those of three dimensions.
func TestNoCellCanBeWorkedOutByLinearPrograms(t *testing.T) {
	hidden := 0
	thousands(t, func(t *rapid.T) {
		f := drawTable(t, [][]int{{4, 5}, {2, 7}, {6, 6}, {2, 3, 3}, {3, 3, 4}, {2, 2, 6}}, rapid.SampledFrom([]int{0, 1, 2, 4, 6, 8, 12, 20, 35, 60}))
		if f.Protect() != nil {
			return
		}
		for _, at := range small(f, f.least) {
			hidden++
			lo, hi := program(t, f, at)
			if lo > 1+1e-6 || hi < f.least-1e-6 {
				t.Fatalf("shape %v, least %v: %v of %v can only be %v to %v", f.shape, f.least, f.value, at, lo, hi)
			}
		}
	})
	if !t.Failed() && hidden < enough() {
		t.Fatalf("%d hidden counts only", hidden)
	}
}

// TestTheReadersFindWhatIsHiddenBadly: both readers give back a count that only it
// is hidden.
func TestTheReadersFindWhatIsHiddenBadly(t *testing.T) {
	f := NewFrequency(Rules{MinimumCell: 5}, []float64{1, 20, 30, 40}, 2, 2)
	f.Hide(0, 0)
	lo, hi, ok := enumerate(f)
	if !ok || lo["[0 0]"] != 1 || hi["[0 0]"] != 1 {
		t.Errorf("enumeration finds %v to %v", lo["[0 0]"], hi["[0 0]"])
	}
	f.Hide(0, 1) // the margins still give it back
	if lo, hi := program(t, f, []int{0, 0}); lo != 1 || hi != 1 {
		t.Errorf("linear program finds %v to %v", lo, hi)
	}
}

func TestFillingsAgreeWithWhatIsShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawTable(t, [][]int{{5}, {3, 4}, {2, 3, 3}}, rapid.SampledFrom([]int{0, 1, 3, 6, 9, 20}))
		if f.Protect() != nil {
			return
		}
		for _, x := range f.Fillings() {
			for _, at := range f.entries() {
				got := x.At(at...)
				if !f.Hidden(at...) && got != f.At(at...) || f.Hidden(at...) && got < 1 {
					t.Fatalf("%v is %v, %v is shown", at, got, f.At(at...))
				}
				if !inner(at) { // it is a table: margins are sums
					sum := 0.0
					for _, cell := range f.entries() {
						if inner(cell) && within(cell, at) {
							sum += x.At(cell...)
						}
					}
					if sum != got {
						t.Fatalf("margin %v is %v, its cells add to %v", at, got, sum)
					}
				}
			}
		}
	})
}

func TestProtectKeepsWhatItCan(t *testing.T) {
	for name, c := range map[string]struct {
		cells  []float64
		shape  []int
		hidden [][]int
		fails  bool
	}{
		"nothing small":                   {[]float64{10, 20, 30, 40}, []int{2, 2}, nil, false},
		"zeros are shown":                 {[]float64{0, 20, 30, 40}, []int{2, 2}, nil, false},
		"one cell of one":                 {[]float64{1, 20, 30, 40}, []int{2, 2}, [][]int{{0, 0}, {0, 1}, {1, 0}, {1, 1}}, false},
		"levels take the cheapest":        {[]float64{63, 113, 50, 1}, []int{4}, [][]int{{2}, {3}}, false},
		"a partner must have room":        {[]float64{1, 2, 4, 50}, []int{4}, [][]int{{0}, {1}, {2}, {3}}, false},
		"a margin of one, sex by score":   {[]float64{36, 71, 29, 1, 27, 42, 21, 0}, []int{2, 4}, [][]int{{0, 2}, {0, 3}, {Total, 2}, {Total, 3}}, false},
		"too few in all":                  {[]float64{1, 2, 0, 0}, []int{2, 2}, nil, true},
		"everybody is small":              {[]float64{3, 3, 2}, []int{3}, [][]int{{0}, {1}, {2}}, false},
		"a count that nothing can shield": {[]float64{3, 0, 0, 20}, []int{2, 2}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := NewFrequency(Rules{MinimumCell: 5}, c.cells, c.shape...)
			if err := f.Protect(); (err != nil) != c.fails {
				t.Fatalf("error %v", err)
			}
			if c.fails {
				return
			}
			want := map[string]bool{}
			for _, at := range c.hidden {
				want[fmt.Sprint(at)] = true
			}
			for _, at := range f.entries() {
				if f.Hidden(at...) != want[fmt.Sprint(at)] {
					t.Errorf("%v hidden: %v", at, f.Hidden(at...))
				}
			}
		})
	}
}
