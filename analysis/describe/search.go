package describe

import (
	"math"
	"slices"

	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// ways is how many parts an interval is cut into per round (methods C2).
const ways = 16

// A bracket is an interval of ranks that holds order statistics that are looked
// for. It is resolved when one value is left.
type bracket struct {
	Cell  int     `json:"cell"` // group and number
	Lo    uint64  `json:"lo,string"`
	Hi    uint64  `json:"hi,string"`
	Below float64 `json:"below"` // people with a smaller value than all of it
	In    float64 `json:"in"`    // people inside it
}

func (b bracket) resolved() bool { return b.Lo == b.Hi }

// step is the width of a part; the last part may be narrower.
func (b bracket) step() uint64 { return (b.Hi-b.Lo)/ways + 1 }

// part is the rank interval of part i; ok is false where the bracket is too
// narrow to have it.
func (b bracket) part(i int) (lo, hi uint64, ok bool) {
	off := uint64(i) * b.step()
	if off > b.Hi-b.Lo {
		return 0, 0, false
	}
	lo = b.Lo + off
	return lo, lo + min(b.step()-1, b.Hi-lo), true
}

func unresolved(bs []bracket) []bracket {
	var out []bracket
	for _, b := range bs {
		if !b.resolved() {
			out = append(out, b)
		}
	}
	return out
}

// An index is where R's type 7 finds a quantile of n values: order statistics
// lo and hi, counted from 1, and the weight h of the upper one.
type index struct{ lo, hi, h float64 }

func type7(n, prob float64) index {
	at := 1 + math.Max(n-1, 0)*prob
	return index{math.Floor(at), math.Ceil(at), at - math.Floor(at)}
}

// open says whether the order statistics may be looked for: the first and the
// last are one person's extreme values.
func (x index) open(n float64) bool { return x.lo > 1 && x.hi < n }

// targets are the order statistics that are looked for in a cell, in order.
func (r run) targets(counts []float64, cell int) []float64 {
	g, j := r.cell(cell)
	if r.numbers[j].listed {
		return nil // the histogram has them all
	}
	n := r.tally(counts, g, j).n
	var out []float64
	for _, p := range r.probs {
		if x := type7(n, p); x.open(n) {
			out = append(out, x.lo, x.hi)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// brackets are the histogram bars in which the search begins.
func (r run) brackets(counts []float64) []bracket {
	var out []bracket
	for cell := range r.cells() {
		g, j := r.cell(cell)
		v, below := r.numbers[j], 0.0
		want := r.targets(counts, cell)
		for i, in := range r.tally(counts, g, j).bars {
			b := bracket{Cell: cell, Lo: v.rank(v.starts[i]), Hi: v.rank(v.upper(i)), Below: below, In: in}
			if !v.whole && i+1 < len(v.starts) {
				b.Hi-- // the next bar's start is not in this one
			}
			if holds(b, want) {
				out = append(out, b)
			}
			below += in
		}
	}
	return out
}

func holds(b bracket, targets []float64) bool {
	return slices.ContainsFunc(targets, func(k float64) bool { return b.Below < k && k <= b.Below+b.In })
}

// probe counts the people in each part but the last of each open bracket; what
// is left over is the last part's.
func (r run) probe(t table.Table, group []int, open []bracket, at int, sum *fixed.Vector) {
	byCell := make([][]int, r.cells())
	for i, b := range open {
		byCell[b.Cell] = append(byCell[b.Cell], i)
	}
	for j, v := range r.numbers {
		for i, x := range t.Numbers(v.Name) {
			if group[i] < 0 || math.IsNaN(x) {
				continue
			}
			u := v.rank(x)
			for _, k := range byCell[group[i]*len(r.numbers)+j] {
				if b := open[k]; b.Lo <= u && u <= b.Hi {
					if part := int((u - b.Lo) / b.step()); part < ways-1 {
						sum.Add(at+(ways-1)*k+part, 1)
					}
					break // brackets of a cell do not overlap
				}
			}
		}
	}
}

// narrow replaces each open bracket by those of its parts that hold a target.
func (r run) narrow(st state, sum []float64) []bracket {
	var out []bracket
	k := 0
	for _, b := range st.Search {
		if b.resolved() {
			out = append(out, b)
			continue
		}
		want := r.targets(st.Counts, b.Cell)
		below, left := b.Below, b.In
		for i := range ways {
			in := left
			if i < ways-1 {
				in = sum[(ways-1)*k+i]
			}
			lo, hi, ok := b.part(i)
			p := bracket{Cell: b.Cell, Lo: lo, Hi: hi, Below: below, In: in}
			if ok && holds(p, want) {
				out = append(out, p)
			}
			below, left = below+in, left-in
		}
		k++
	}
	return out
}
