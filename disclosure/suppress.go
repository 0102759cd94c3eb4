package disclosure

import (
	"fmt"
	"math"
	"slices"
)

// Total stands for all levels of a dimension: At(2, Total) is the margin of row 2.
const Total = -1

// A Frequency is a table of counts in one to three dimensions together with all
// its margins, for each of which it is decided whether it is shown.
//
// What is promised: for every hidden small count there are two tables of whole
// numbers that agree with everything shown, and in which every hidden count is
// at least 1 (zeros are shown, and a reader knows that); in one the count is 1, in
// the other at least MinimumCell. So nobody can tell from what is shown that the
// count is small, nor which it is. Both tables are built when it is decided (the
// fillings that Fillings returns), so the promise does not rest on a solver.
//
// The fillings are made of moves around hypercubes: in every dimension people go
// from one level to another, or from outside into a level and its total. Their
// corners have alternating signs, so all other sums stay (Giessing and Repsilber,
// Tools and strategies to protect multiple tables with the GHQUAR cell
// suppression engine, in: Inference Control in Statistical Databases, 2002). They
// hide a little more than an optimum would, at a cost that is bounded.
//
// Zeros are shown: that nobody has a property is what most tables are read for,
// and usual practice (tau-Argus' default for tables of counts). Levels of the
// dictionary that nobody has are zeros as well. That all of a group have one
// property is not hidden.
type Frequency struct {
	shape, stride []int
	value         []float64 // with margins: index shape[d] is the total of dimension d
	now           []float64 // the filling that is being made
	hidden, fixed []bool
	least         float64 // MinimumCell
	also          func(Filling) bool
	fillings      []Filling
	work          int
}

// mostWork is how many corners are looked at before a table is given up.
const mostWork = 100_000_000

// A Filling is counts that agree with everything that is shown of a table.
type Filling struct {
	f     *Frequency
	moved []corner // what it has more or less than the table
}

// At is one count or margin.
func (x Filling) At(at ...int) float64 {
	k := x.f.index(at)
	n := x.f.value[k]
	for _, c := range x.moved {
		if c.at == k {
			n += c.people
		}
	}
	return n
}

// NewFrequency makes a table of the cells, the last dimension fastest.
func NewFrequency(rules Rules, cells []float64, shape ...int) *Frequency {
	f := &Frequency{shape: shape, stride: make([]int, len(shape)), least: float64(rules.MinimumCell)}
	size := 1
	for d := len(shape) - 1; d >= 0; d-- {
		f.stride[d] = size
		size *= shape[d] + 1
	}
	f.value, f.hidden, f.fixed = make([]float64, size), make([]bool, size), make([]bool, size)
	at := make([]int, len(shape))
	for _, x := range cells {
		f.addTo(at, x)
		for d := len(at) - 1; d >= 0; d-- {
			if at[d]++; at[d] < shape[d] {
				break
			}
			at[d] = 0
		}
	}
	return f
}

// addTo adds x to a cell and to all margins that it is part of.
func (f *Frequency) addTo(at []int, x float64) {
	for mask := range 1 << len(at) {
		k := 0
		for d, i := range at {
			if mask>>d&1 == 1 {
				i = f.shape[d]
			}
			k += i * f.stride[d]
		}
		f.value[k] += x
	}
}

func (f *Frequency) index(at []int) int {
	k := 0
	for d, i := range at {
		if i == Total {
			i = f.shape[d]
		}
		k += i * f.stride[d]
	}
	return k
}

// At is a count or margin.
func (f *Frequency) At(at ...int) float64 { return f.value[f.index(at)] }

// Hidden says whether a count or margin is not shown.
func (f *Frequency) Hidden(at ...int) bool { return f.hidden[f.index(at)] }

// Hide hides a count or margin beforehand. A zero stays.
func (f *Frequency) Hide(at ...int) {
	if k := f.index(at); f.value[k] > 0 {
		f.hidden[k] = true
	}
}

// Show says that a margin is public, from wherever: it is not hidden to protect
// another.
func (f *Frequency) Show(at ...int) { f.fixed[f.index(at)] = true }

// Also names further figures that are shown: agree says whether a filling agrees
// with them.
func (f *Frequency) Also(agree func(Filling) bool) { f.also = agree }

// Fillings are the tables that prove the protection, two for each small count.
func (f *Frequency) Fillings() []Filling { return f.fillings }

// Suppressed is the number of counts and margins that are not shown.
func (f *Frequency) Suppressed() (n int) {
	for _, h := range f.hidden {
		if h {
			n++
		}
	}
	return n
}

// Protect hides all small counts and margins, and others so that no small one
// can be worked out. An error says that it cannot be done by hiding: nothing of
// the table may be shown.
func (f *Frequency) Protect() error {
	if f.least < 2 {
		return nil
	}
	f.now = slices.Clone(f.value)
	var small []int
	for k, x := range f.value {
		if x > 0 && x < f.least {
			f.hidden[k] = true
			small = append(small, k)
		}
	}
	if n := len(f.value) - 1; f.hidden[n] {
		return fmt.Errorf("the table is of fewer than %v people", f.least)
	}
	// Margins first: what is decided for them is the same in every table that has
	// them. Then the smallest counts, which need most.
	slices.SortStableFunc(small, func(a, b int) int {
		if d := f.totals(b) - f.totals(a); d != 0 {
			return d
		}
		return int(f.value[a] - f.value[b])
	})
	for _, k := range small {
		if err := f.protect(k); err != nil {
			return err
		}
	}
	return nil
}

// totals is the number of dimensions in which the entry is a total.
func (f *Frequency) totals(k int) (n int) {
	for d := range f.shape {
		if f.level(k, d) == f.shape[d] {
			n++
		}
	}
	return n
}

// level is the index of entry k in dimension d.
func (f *Frequency) level(k, d int) int { return k / f.stride[d] % (f.shape[d] + 1) }

// protect hides what is needed for entry k to be able to be 1, or MinimumCell.
func (f *Frequency) protect(k int) error {
	for _, up := range []bool{true, false} {
		x := Filling{f: f}
		for {
			need := f.least - f.now[k]
			if !up {
				need = f.now[k] - 1
			}
			if need <= 0 {
				break
			}
			c, ok := f.cheapest(x, k, need, up)
			if !ok {
				return fmt.Errorf("a count of fewer than %v people could be worked out from the others", f.least)
			}
			for _, m := range c.corners {
				f.hidden[m.at] = true
				f.now[m.at] += m.people * c.step
			}
			x.moved = append(x.moved, c.moves()...)
		}
		for _, m := range x.moved {
			f.now[m.at] = f.value[m.at]
		}
		f.fillings = append(f.fillings, x)
	}
	return nil
}

// A cube is a move around its corners, which win or lose step people each.
type cube struct {
	corners []corner // of one person
	step    float64
	cost    float64 // people newly hidden
}

// A corner has so many people more, or less.
type corner struct {
	at     int
	people float64
}

// moves are what the cube moves at its corners.
func (c cube) moves() []corner {
	out := slices.Clone(c.corners)
	for i := range out {
		out[i].people *= c.step
	}
	return out
}

// cheapest is the cube around entry k that needs the fewest newly hidden people
// and lets k go up or down, by need if it can; else the one that goes farthest.
func (f *Frequency) cheapest(x Filling, k int, need float64, up bool) (best cube, ok bool) {
	direction := 1.0
	if !up {
		direction = -1
	}
	others := make([][]edge, len(f.shape))
	for d := range f.shape {
		own := f.level(k, d)
		for i := range f.shape[d] + 1 {
			if i == own || f.value[k+(i-own)*f.stride[d]] == 0 {
				continue
			}
			// From level to level, what one wins the other loses; a level and its total go
			// together.
			sign := 1.0
			if i != f.shape[d] && own != f.shape[d] {
				sign = -1
			}
			others[d] = append(others[d], edge{(i - own) * f.stride[d], sign})
		}
	}
	corners := make([]corner, 0, 1<<len(f.shape))
	side := make([]edge, len(f.shape))
	var try func(d int) bool
	try = func(d int) bool {
		if d < len(f.shape) {
			for _, e := range others[d] {
				side[d] = e
				if !try(d + 1) {
					return false
				}
			}
			return true
		}
		f.work += 1 << len(f.shape)
		if f.work > mostWork {
			return false
		}
		limit := math.Inf(1)
		if ok && best.step >= need {
			limit = best.cost
		}
		c, valid := f.cube(k, side, need, limit, direction, corners[:0])
		if valid && (!ok || better(c, best, need)) && f.agrees(x, c) {
			c.corners = slices.Clone(c.corners)
			best, ok = c, true
		}
		return true
	}
	return best, try(0) && ok
}

// better prefers what reaches the need, then what is cheap; short of the need,
// what goes far.
func better(a, b cube, need float64) bool {
	if (a.step >= need) != (b.step >= need) {
		return a.step >= need
	}
	if a.step < need && a.step != b.step {
		return a.step > b.step
	}
	return a.cost < b.cost
}

// An edge of a cube goes from an entry to another in one dimension.
type edge struct {
	step int // of indices
	sign float64
}

// cube is the move around entry k along the edges; valid is false if a corner is a
// zero, or public, or has nobody to spare, or if the move costs limit or more.
func (f *Frequency) cube(k int, side []edge, need, limit, direction float64, corners []corner) (c cube, valid bool) {
	c = cube{corners: corners, step: need}
	for mask := range 1 << len(side) {
		at, sign := k, direction
		for d, e := range side {
			if mask>>d&1 == 1 {
				at += e.step
				sign *= e.sign
			}
		}
		switch {
		case f.value[at] == 0, f.fixed[at] && !f.hidden[at], at == len(f.value)-1:
			return c, false
		case !f.hidden[at]:
			if c.cost += f.value[at]; c.cost >= limit {
				return c, false
			}
		}
		if sign < 0 {
			c.step = math.Min(c.step, f.now[at]-1)
		}
		c.corners = append(c.corners, corner{at, sign})
	}
	return c, c.step > 0
}

func (f *Frequency) agrees(x Filling, c cube) bool {
	return f.also == nil || f.also(Filling{f, append(slices.Clone(x.moved), c.moves()...)})
}
