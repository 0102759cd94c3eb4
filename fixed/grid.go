package fixed

import (
	"fmt"
	"math"
)

// A Range says what one row can contribute to one coordinate: |value| <= Max,
// and, where Integer, whole numbers only. Ranges come from the dictionary and
// the public state, never from the data.
type Range struct {
	Max     float64
	Integer bool
}

// A Grid is the fixed-point format of a vector: its ring and, per coordinate,
// the fraction bits and the largest magnitude that one site may reach.
type Grid struct {
	Bits  int
	Frac  []int     // fraction bits f: a value x is stored as round(x * 2^f)
	Limit []float64 // largest |sum| at one site, in the value's unit
	cells []cell
}

// A cell is what Add reads of one coordinate, side by side in memory.
type cell struct {
	most  float64 // largest |value| of one row, with slack
	shift int     // f - 1075: a float64 with exponent field e is a 53-bit integer times 2^(e-1075)
}

// slack forgives rounding in the caller's arithmetic, not data.
const slack = 1 + 0x1p-40

// NewGrid chooses the grid for ranges when a site has at most rows rows and at
// most parties sites are summed. Integer-only vectors that fit travel in the
// ring of 64 bits with no fraction; everything else in 128 bits with as many
// fraction bits as the bound leaves, so that parties*rows*Max*2^f < 2^126.
func NewGrid(ranges []Range, rows, parties int) (Grid, error) {
	if rows < 1 || parties < 1 {
		return Grid{}, fmt.Errorf("grid for %d rows at %d sites: want at least 1 of each", rows, parties)
	}
	g := Grid{Bits: 64, Frac: make([]int, len(ranges)), Limit: make([]float64, len(ranges)), cells: make([]cell, len(ranges))}
	head := float64(rows) * float64(parties)
	for i, r := range ranges {
		if !(r.Max >= 0) || math.IsInf(r.Max, 0) {
			return Grid{}, fmt.Errorf("coordinate %d has no finite bound (%v): declare the range of its variables", i, r.Max)
		}
		g.cells[i] = cell{most: r.Max * slack, shift: -1075}
		g.Limit[i] = r.Max * float64(rows)
		if !r.Integer || head*math.Max(r.Max, 1) >= 1<<62 {
			g.Bits = 128
		}
	}
	if g.Bits == 64 {
		return g, nil
	}
	for i, r := range ranges {
		bound := head * math.Max(r.Max, math.SmallestNonzeroFloat64)
		f := 125 - math.Ilogb(math.Max(bound, 0x1p-60)) // bound < 2^(Ilogb+1)
		if r.Integer {
			f = 0
		}
		if f < 0 {
			return Grid{}, fmt.Errorf("coordinate %d can reach %.3g in all, beyond the ring of 128 bits: narrow the range of its variables", i, bound)
		}
		g.Frac[i] = f
		g.cells[i].shift = f - 1075
	}
	return g, nil
}

// NewCoarseGrid is a grid of few steps to which noise is added (methods B2): frac
// fraction bits for each coordinate (negative for steps above 1), in the ring of
// 64 bits. margin is the room, in steps, that each party's noise may take of each
// coordinate. The sum of all parties, noise included, stays below 2^62.
func NewCoarseGrid(ranges []Range, frac []int, margin []float64, rows, parties int) (Grid, error) {
	if rows < 1 || parties < 1 || len(frac) != len(ranges) || len(margin) != len(ranges) {
		return Grid{}, fmt.Errorf("coarse grid for %d rows at %d sites, %d ranges, %d steps and %d margins: want at least 1 row and site, and as many of each", rows, parties, len(ranges), len(frac), len(margin))
	}
	g := Grid{Bits: 64, Frac: append([]int(nil), frac...), Limit: make([]float64, len(ranges)), cells: make([]cell, len(ranges))}
	for i, r := range ranges {
		if !(r.Max >= 0) || math.IsInf(r.Max, 0) || !(margin[i] >= 0) || frac[i] < -1000 || frac[i] > 1000 {
			return Grid{}, fmt.Errorf("coordinate %d has no finite bound (%v with %d fraction bits and a margin of %v)", i, r.Max, frac[i], margin[i])
		}
		// A row's value is rounded to whole steps, which may be up to half a step more.
		steps := math.RoundToEven(math.Ldexp(r.Max*slack, frac[i]))*float64(rows) + margin[i]
		if !(steps*float64(parties) < 1<<62) {
			return Grid{}, fmt.Errorf("coordinate %d can reach %.3g steps in all, beyond the ring of 64 bits: narrow the range of its variables", i, steps*float64(parties))
		}
		g.cells[i] = cell{most: r.Max * slack, shift: frac[i] - 1075}
		g.Limit[i] = math.Ldexp(steps, -frac[i])
	}
	return g, nil
}

// Layout is the wire shape of a vector on this grid.
func (g Grid) Layout() Layout { return Layout{{Bits: g.Bits, Len: len(g.Frac)}} }
