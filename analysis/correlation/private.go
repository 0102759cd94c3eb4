package correlation

import (
	"fmt"
	"math"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/cells"
	"hmsp.center/hmsp/analysis/internal/noisy"
	"hmsp.center/hmsp/table"
)

const (
	spreadLeaves = 256 // parts of a declared range, to find where people are
	spreadShare  = 0.2 // of the budget, to find it
	fewValues    = 16  // of a variable whose declared range is taken as it is
)

// StartPrivate implements analysis.PrivateAnalysis for Pearson's coefficient. Round 0
// counts each variable in parts of its declared range, to find where people are; round
// 1 opens the second moments of the variables brought from there to -1..1 (Dwork,
// Talwar, Thakurta and Zhang, STOC 2014, whose noise is on the declared range: it is
// smaller by the square of how much narrower the people are). It refuses Spearman's,
// whose ranks depend on everybody else.
func (c correlation) StartPrivate(p analysis.Params, s table.Schema) (analysis.PrivateRun, analysis.State, error) {
	exact, _, err := c.Start(p, s)
	if err != nil {
		return nil, nil, err
	}
	v := private{run: exact.(run)}
	if v.ranked {
		return nil, nil, analysis.Refuse("method", "Spearman's coefficient has no private form: one patient moves the ranks of all others. "+
			"Use method: pearson, whose reach noise limits to where people are; or use table on coarse variables, whose test needs no order")
	}
	st := spread{}
	for _, n := range v.variables {
		w := wide{number: n}
		if k := cells.Count(n.Variable); k == 0 || k > fewValues {
			leaves := spreadLeaves
			if k > 0 {
				leaves = int(math.Min(k, spreadLeaves))
			}
			if w.shape, err = noisy.NewShape(leaves); err != nil {
				return nil, nil, err
			}
			w.at, w.hidden = v.spreadLen(), true
		}
		v.wides = append(v.wides, w)
		st.Low, st.High = append(st.Low, n.lo), append(st.High, n.hi)
	}
	st.Found = v.spreadLen() == 0
	state, err := analysis.Encode(st)
	return v, state, err
}

// A private run is Pearson's correlations under noise.
type private struct {
	run
	wides []wide // of each variable
}

// A wide is a variable with the parts of its declared range.
type wide struct {
	number
	hidden bool // where its people are is not known from the declaration
	shape  noisy.Shape
	at     int // first coordinate of round 0
}

// leaf is the part of the declared range of a value.
func (w wide) leaf(x float64) int {
	if n := float64(w.shape.Leaves); w.Kind != table.Number {
		return int((x - w.lo) * (n / (w.hi - w.lo + 1)))
	}
	u := (x/2 - w.lo/2) / (w.hi/2 - w.lo/2)
	return min(max(int(u*float64(w.shape.Leaves)), 0), w.shape.Leaves-1)
}

// limits of the leaves from..to-1.
func (w wide) limits(from, to int) (low, high float64) {
	hi := w.hi
	if w.Kind != table.Number {
		hi++ // the last leaf holds its value
	}
	edge := func(k int) float64 {
		u := float64(k) / float64(w.shape.Leaves)
		return math.Min(w.lo+(u*hi-u*w.lo), w.hi)
	}
	return edge(from), edge(to)
}

// spreadLen is the number of coordinates of round 0, and levels how many of them a
// patient touches.
func (v private) spreadLen() (n int) {
	for _, w := range v.wides {
		if w.hidden {
			for _, k := range w.shape.Levels() {
				n += k
			}
		}
	}
	return n
}

func (v private) levels() (n int) {
	for _, w := range v.wides {
		if w.hidden {
			n += len(w.shape.Levels())
		}
	}
	return n
}

// momentLen is the number of coordinates of a set of p variables in round 1: the
// number of people, then per variable z and 1-z^2, then the products of each pair.
func momentLen(p int) int { return 1 + 2*p + p*(p-1)/2 }

// moments of all sets.
func (v private) moments() (n int) {
	for _, set := range v.sets {
		n += momentLen(len(set))
	}
	return n
}

// norm1 bounds what a patient adds to a set, in sum and in squares alike. z^2 +
// (1-z^2)^2 is convex in z^2, and so is the sum with the products' squares, in each
// z^2: the largest are at z = -1, 0 or 1, where each variable adds 1, and all ones add
// all products. The sum of magnitudes is largest there too, from two variables on: for
// any z at a maximum inside, 2|z| = 1 + the sum of all other |z|, which is not below 1.
func norm1(p int) float64 { return 1 + float64(p) + float64(p*(p-1))/2 }

// Queries implements analysis.PrivateRun.
func (v private) Queries() []analysis.Query {
	all, narrow := analysis.Query{Opens: "The pooled second moments of the variables, under noise, within the range where people are."}, analysis.Query{
		Opens: "Pooled numbers of people, under noise, in each part of the declared range of each variable."}
	for _, w := range v.wides {
		all.Columns = append(all.Columns, w.Name)
		if w.hidden {
			narrow.Columns = append(narrow.Columns, w.Name)
		}
	}
	most := 0.0
	for _, set := range v.sets {
		most += norm1(len(set))
	}
	all.Blocks = []analysis.Block{{Len: v.moments(), L1: most, L2: math.Sqrt(most), Share: 1}}
	n := v.levels()
	if n == 0 {
		return []analysis.Query{all}
	}
	all.Blocks[0].Share = 1 - spreadShare
	narrow.Blocks = []analysis.Block{{Len: v.spreadLen(), L1: float64(n), L2: math.Sqrt(float64(n)), Support: n, Integer: true, Share: spreadShare}}
	return []analysis.Query{narrow, all}
}

// Person implements analysis.PrivateRun.
func (v private) Person(t table.Table, s analysis.State) (func(int, func(int, float64)), error) {
	st, err := v.read(s)
	if err != nil {
		return nil, err
	}
	columns := make([][]float64, len(v.wides))
	for i, w := range v.wides {
		if columns[i], err = w.read(t); err != nil {
			return nil, err
		}
	}
	if !st.Found {
		return func(row int, add func(int, float64)) { v.addSpread(columns, row, add) }, nil
	}
	z := make([]float64, len(v.wides))
	return func(row int, add func(int, float64)) {
		at := 0
		for i := range z {
			z[i] = st.standard(i, columns[i][row])
		}
		for _, set := range v.sets {
			if complete(columns, set, row) {
				addMoments(z, set, at, add)
			}
			at += momentLen(len(set))
		}
	}, nil
}

func (v private) addSpread(columns [][]float64, row int, add func(int, float64)) {
	for i, w := range v.wides {
		x := columns[i]
		if !w.hidden || math.IsNaN(x[row]) {
			continue
		}
		at, leaf := w.at, w.leaf(x[row])
		for l, n := range w.shape.Levels() {
			add(at+w.shape.Node(l, leaf), 1)
			at += n
		}
	}
}

func addMoments(z []float64, set []int, at int, add func(int, float64)) {
	add(at, 1)
	at++
	for _, i := range set {
		add(at, z[i])
		add(at+1, (1-z[i])*(1+z[i]))
		at += 2
	}
	for a, i := range set {
		for _, j := range set[a+1:] {
			add(at, z[i]*z[j])
			at++
		}
	}
}

// A spread is the state: to where the values of each variable are cut.
type spread struct {
	Found bool      `json:"found"`
	Low   []float64 `json:"low"`
	High  []float64 `json:"high"`
}

// standard brings a value to -1..1.
func (st spread) standard(i int, x float64) float64 {
	low, high := st.Low[i], st.High[i]
	x = math.Min(math.Max(x, low), high)
	return math.Min(math.Max((x/2-low/2)/(high/2-low/2)*2-1, -1), 1)
}

func (v private) read(s analysis.State) (spread, error) {
	st, err := analysis.Decode[spread](s)
	if err == nil && (len(st.Low) != len(v.wides) || len(st.High) != len(v.wides)) {
		err = fmt.Errorf("the state does not fit the study")
	}
	for i := range v.wides {
		if err == nil && !(v.wides[i].lo <= st.Low[i] && st.Low[i] < st.High[i] && st.High[i] <= v.wides[i].hi) {
			err = fmt.Errorf("the state has a range that does not fit the study")
		}
	}
	return st, err
}

// Next implements analysis.PrivateRun.
func (v private) Next(sum, sd []float64, s analysis.State) (analysis.State, *analysis.Result, error) {
	st, err := v.read(s)
	if err != nil {
		return nil, nil, err
	}
	want := v.moments()
	if !st.Found {
		want = v.spreadLen()
	}
	if len(sum) != want || len(sd) != want {
		return nil, nil, fmt.Errorf("correlation: %d sums with %d deviations, want %d", len(sum), len(sd), want)
	}
	if st.Found {
		return nil, v.noisyResult(st, sum, sd[0]), nil
	}
	for i, w := range v.wides {
		if !w.hidden {
			continue
		}
		var counts [][]float64
		var noise []float64
		at := w.at
		for _, n := range w.shape.Levels() {
			counts, noise = append(counts, sum[at:at+n]), append(noise, sd[at])
			at += n
		}
		if low, high := w.limits(w.shape.Settle(noisy.Unknown(), counts, noise).Reach()); low < high {
			st.Low[i], st.High[i] = low, high
		}
	}
	st.Found = true
	next, err := analysis.Encode(st)
	return next, nil, err
}
