package correlation

import (
	"math"

	"hmsp.center/hmsp/analysis/internal/stat"
	"hmsp.center/hmsp/fixed"
)

// Round 0, per set: the number of people with a value of all its variables, and
// per variable the sum of x - centre; or, ranked, the number with each value.

func (r run) firstLen(set []int) int {
	n := 1
	for _, v := range set {
		n += r.width(v)
	}
	return n
}

// width is the number of coordinates of a variable in round 0.
func (r run) width(v int) int {
	if r.ranked {
		return r.variables[v].values()
	}
	return 1
}

func (r run) firstRanges() []fixed.Range {
	one := fixed.Range{Max: 1, Integer: true}
	var out []fixed.Range
	for _, set := range r.sets {
		out = append(out, one)
		for _, v := range set {
			n := r.variables[v]
			if !r.ranked {
				out = append(out, fixed.Range{Max: math.Max(n.hi-n.centre(), n.centre()-n.lo)})
				continue
			}
			for range n.values() {
				out = append(out, one)
			}
		}
	}
	return out
}

func (r run) first(columns [][]float64, rows int, sum *fixed.Vector) {
	base := 0
	for _, set := range r.sets {
		for i := range rows {
			if !complete(columns, set, i) {
				continue
			}
			sum.Add(base, 1)
			at := base + 1
			for _, v := range set {
				n, x := r.variables[v], columns[v][i]
				if r.ranked {
					sum.Add(at+int(x-n.lo), 1)
				} else {
					sum.Add(at, x-n.centre())
				}
				at += r.width(v)
			}
		}
		base += r.firstLen(set)
	}
}

func complete(columns [][]float64, set []int, row int) bool {
	for _, v := range set {
		if math.IsNaN(columns[v][row]) {
			return false
		}
	}
	return true
}

// A score is a variable's public means to measure distances from the mean with.
type score struct {
	mean  float64
	ranks []float64 // of each value, less the mean rank; nil where not ranked
	most  float64   // the largest distance
	lo    float64
}

// scores reads the first round: for each set the number of people, and for each
// of its variables a score.
func (r run) scores(st state) (ns []float64, all [][]score) {
	at := 0
	for _, set := range r.sets {
		n := st.First[at]
		at++
		var out []score
		for _, v := range set {
			out = append(out, r.score(r.variables[v], n, st.First[at:at+r.width(v)]))
			at += r.width(v)
		}
		ns, all = append(ns, n), append(all, out)
	}
	return ns, all
}

func (r run) score(v number, n float64, opened []float64) score {
	if !r.ranked {
		mean := v.centre()
		if n > 0 {
			mean = min(max(mean+opened[0]/n, v.lo), v.hi)
		}
		return score{mean: mean, most: math.Max(v.hi-mean, mean-v.lo), lo: v.lo}
	}
	s := score{lo: v.lo, most: n / 2}
	below := 0.0
	for _, c := range opened {
		s.ranks = append(s.ranks, below+(c+1)/2-(n+1)/2) // midrank, as R ranks ties
		below += c
	}
	return s
}

func (s score) distance(x float64) float64 {
	if s.ranks != nil {
		return s.ranks[int(x-s.lo)]
	}
	return x - s.mean
}

// Round 1, per set: the sums of the distances, and the upper triangle of the
// sums of their products.

func (r run) productRanges(st state) []fixed.Range {
	_, all := r.scores(st)
	var out []fixed.Range
	for _, scores := range all {
		for _, s := range scores {
			out = append(out, fixed.Range{Max: s.most})
		}
		for i, s := range scores {
			for _, o := range scores[i:] {
				out = append(out, fixed.Range{Max: s.most * o.most})
			}
		}
	}
	return out
}

func (r run) products(columns [][]float64, rows int, st state, sum *fixed.Vector) {
	_, all := r.scores(st)
	base := 0
	for k, set := range r.sets {
		d := make([]float64, len(set))
		for i := range rows {
			if !complete(columns, set, i) {
				continue
			}
			for j, v := range set {
				d[j] = all[k][j].distance(columns[v][i])
			}
			sum.AddScaled(base, 1, d)
			sum.AddOuter(base+len(set), 1, d)
		}
		base += len(set) + stat.Triangle(len(set))
	}
}
