package describe

import (
	"fmt"
	"math"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/noisy"
)

// A noisyState is what the result needs of round 0: for each variate and group a cell.
type noisyState struct {
	Round int         `json:"round"`
	Lost  noisy.Count `json:"lost"` // people in no group
	Cells []noisyCell `json:"cells,omitempty"`
}

// A noisyCell is one variable in one group.
type noisyCell struct {
	Missing   noisy.Count   `json:"missing"`
	N         noisy.Count   `json:"n"`                   // with a value
	Counts    []noisy.Count `json:"counts,omitempty"`    // of each level, value or bar
	Quantiles [][3]float64  `json:"quantiles,omitempty"` // with interval; none where N is lost in the noise
	Low       float64       `json:"low"`                 // values are cut to Low..High in round 1
	High      float64       `json:"high"`
	Moments   []float64     `json:"moments,omitempty"` // mean, variance with divisor n, and their noise
}

func (st noisyState) cell(v private, part, group int) noisyCell {
	return st.Cells[part*len(v.groups)+group]
}

// standard brings a value to -1..1.
func (c noisyCell) standard(x float64) float64 {
	x = math.Min(math.Max(x, c.Low), c.High)
	return math.Min(math.Max((x/2-c.Low/2)/(c.High/2-c.Low/2)*2-1, -1), 1)
}

// read decodes a state, refusing one that does not fit this run.
func (v private) read(s analysis.State) (noisyState, error) {
	st, err := analysis.Decode[noisyState](s)
	if err != nil {
		return st, err
	}
	if st.Round != 0 && (st.Round != 1 || len(st.Cells) != len(v.parts)*len(v.groups)) {
		return st, fmt.Errorf("state of round %d does not fit the study", st.Round)
	}
	for i, c := range st.Cells {
		if p := v.parts[i/len(v.groups)]; p.values == 0 && !(c.Low < c.High && c.Low >= p.scale.lo && c.High <= p.scale.hi) {
			return st, fmt.Errorf("state of round %d has a range that does not fit the study", st.Round)
		}
	}
	return st, nil
}

// Next implements analysis.PrivateRun.
func (v private) Next(sum, sd []float64, s analysis.State) (analysis.State, *analysis.Result, error) {
	st, err := v.read(s)
	if err != nil {
		return nil, nil, err
	}
	queries, want := v.Queries(), 0
	if st.Round >= len(queries) {
		return nil, nil, fmt.Errorf("round %d of %d", st.Round, len(queries))
	}
	for _, b := range queries[st.Round].Blocks {
		want += b.Len
	}
	if len(sum) != want || len(sd) != want {
		return nil, nil, fmt.Errorf("round %d: %d sums with %d deviations, want %d", st.Round, len(sum), len(sd), want)
	}
	if st.Round == 0 {
		v.counted(&st, sum, sd)
	} else {
		v.summed(&st, sum, sd)
	}
	st.Round++
	if st.Round == len(queries) {
		return nil, v.noisyResult(st), nil
	}
	next, err := analysis.Encode(st)
	return next, nil, err
}

// counted reads round 0.
func (v private) counted(st *noisyState, sum, sd []float64) {
	if v.by != nil {
		st.Lost = noisy.Count{N: sum[v.lostAt()], SD: sd[v.lostAt()]}
	}
	for _, p := range v.parts {
		for g := range v.groups {
			at := v.coordinate(p, 0, g)
			c := noisyCell{Missing: noisy.Count{N: sum[at], SD: sd[at]}}
			if p.number < 0 {
				c.levels(sum[at+1:at+1+p.values], sd[at])
			} else {
				v.numbered(&c, p, g, sum, sd)
			}
			st.Cells = append(st.Cells, c)
		}
	}
}

func (c *noisyCell) levels(counts []float64, sd float64) {
	for _, n := range counts {
		c.N.N += n
		c.Counts = append(c.Counts, noisy.Count{N: n, SD: sd})
	}
	c.N.SD = sd * math.Sqrt(float64(len(counts)))
}

// numbered reads a number off its tree.
func (v private) numbered(c *noisyCell, p variate, group int, sum, sd []float64) {
	at := v.coordinate(p, 0, group)
	root, first := noisy.Count{N: sum[at+1], SD: sd[at+1]}, 1
	if p.values > 0 { // the values stand where the root is
		root, first = noisy.Unknown(), 0
	}
	var counts [][]float64
	var noise []float64
	for l, n := range p.scale.shape.Levels() {
		at := v.coordinate(p, first+l, group)
		if p.values > 0 {
			at++
		}
		counts, noise = append(counts, sum[at:at+n]), append(noise, sd[at])
	}
	t := p.scale.shape.Settle(root, counts, noise)
	c.N = t.Total()
	for i := range p.scale.bars {
		c.Counts = append(c.Counts, t.Range(i*p.scale.per, (i+1)*p.scale.per))
	}
	c.Low, c.High = p.scale.lo, p.scale.hi
	if !c.N.Visible() {
		return
	}
	for _, q := range v.probs {
		c.Quantiles = append(c.Quantiles, p.scale.quantile(t, q))
	}
	if p.values > 0 {
		c.Moments = p.scale.moments(c.Counts)
	} else if low, high := p.scale.limits(t.Reach()); low < high {
		c.Low, c.High = math.Max(low, p.scale.lo), math.Min(high, p.scale.hi)
	}
}

// quantile is the value at the rank of R's type 7, counted in the middle of each
// person, with the ends of the leaves that noise may have made the rank fall in.
func (s scale) quantile(t *noisy.Tree, prob float64) [3]float64 {
	n := t.Total().N
	rank := math.Max(0, (n-1)*prob+0.5)
	leaf, within := t.Place(rank)
	off := noisy.Z95 * t.RankNoise(leaf, prob)
	out := [3]float64{s.value(leaf, within), s.lo, s.hi}
	if rank > off {
		l, _ := t.Place(rank - off)
		out[1] = s.value(l, 0)
	}
	if rank+off < n {
		l, _ := t.Place(rank + off)
		out[2] = s.value(l, 1)
	}
	return out
}

// moments of values that are counted one by one: mean, variance with divisor n, and
// the standard deviations of their noise by the delta method.
func (s scale) moments(counts []noisy.Count) []float64 {
	n, mean := 0.0, 0.0
	for i, c := range counts {
		n, mean = n+c.N, mean+c.N*float64(i)
	}
	mean = math.Min(math.Max(mean/n, 0), float64(len(counts)-1))
	variance, noise, noise2 := 0.0, 0.0, 0.0
	for i, c := range counts {
		variance += c.N * (float64(i) - mean) * (float64(i) - mean) / n
	}
	variance = math.Max(0, variance)
	for i, c := range counts {
		d := float64(i) - mean
		noise += d * d * c.SD * c.SD / (n * n)
		noise2 += (d*d - variance) * (d*d - variance) * c.SD * c.SD / (n * n)
	}
	return []float64{s.lo + mean, variance, math.Sqrt(noise), math.Sqrt(noise2)}
}

// summed reads round 1: the sums of z and of 1-z^2, with n from round 0.
func (v private) summed(st *noisyState, sum, sd []float64) {
	for i, p := range v.parts {
		for g := range v.groups {
			c := &st.Cells[i*len(v.groups)+g]
			if p.values > 0 || !c.N.Visible() {
				continue
			}
			at, n, half := p.sums+2*g, c.N.N, c.High/2-c.Low/2
			m := math.Min(math.Max(sum[at]/n, -1), 1)
			left := math.Min(math.Max(sum[at+1]/n, 0), 1)
			variance := math.Max(0, 1-left-m*m)
			var1 := sd[at]*sd[at] + m*m*c.N.SD*c.N.SD
			var2 := sd[at+1]*sd[at+1] + 4*m*m*sd[at]*sd[at] + (left+2*m*m)*(left+2*m*m)*c.N.SD*c.N.SD
			c.Moments = []float64{c.Low + half + half*m, half * half * variance, half * math.Sqrt(var1) / n, half * half * math.Sqrt(var2) / n}
		}
	}
}
