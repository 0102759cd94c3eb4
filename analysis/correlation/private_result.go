package correlation

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/mat"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/noisy"
	"hmsp.center/hmsp/analysis/internal/stat"
)

// noisyMoments are those of one set, per person: what its variables' noisy sums say
// once they are brought to the nearest matrix that could be one.
type noisyMoments struct {
	n, sd float64 // people, and the noise of each sum
	mean  []float64
	cov   *mat.SymDense // about the mean, divisor n
	raw   []float64     // variances before
}

// readMoments reads a set. The second moments of (1, z) have no negative eigenvalue,
// whoever the people are; what noise has made negative is taken to be 0.
func readMoments(sum []float64, sd float64, p int) noisyMoments {
	m := noisyMoments{n: math.Max(sum[0], 1), sd: sd}
	b := mat.NewSymDense(p+1, nil)
	b.SetSym(0, 0, m.n)
	for i := range p {
		b.SetSym(0, i+1, sum[1+2*i])
		b.SetSym(i+1, i+1, m.n-sum[2+2*i])
	}
	at := 1 + 2*p
	for i := range p {
		for j := i + 1; j < p; j++ {
			b.SetSym(i+1, j+1, sum[at])
			at++
		}
		mean := b.At(0, i+1) / m.n
		m.raw = append(m.raw, b.At(i+1, i+1)/m.n-mean*mean)
	}
	b = noisy.Positive(b)
	n := math.Max(b.At(0, 0), math.SmallestNonzeroFloat64)
	m.cov = mat.NewSymDense(p, nil)
	for i := range p {
		m.mean = append(m.mean, b.At(0, i+1)/n)
	}
	for i := range p {
		for j := i; j < p; j++ {
			m.cov.SetSym(i, j, b.At(i+1, j+1)/n-m.mean[i]*m.mean[j])
		}
	}
	return m
}

// varies says that a variance stands out from its noise. That is of 1 - D/n - m^2 for
// the sums D of 1-z^2 and n m of z.
func (m noisyMoments) varies(i int) bool {
	mean, variance := m.mean[i], m.raw[i]
	noise := m.sd / m.n * math.Sqrt(1+4*mean*mean+(1-variance+mean*mean)*(1-variance+mean*mean))
	return variance > 2*noise && variance > 0x1p-40 && m.cov.At(i, i) > 0
}

// correlate is the correlation of two variables and the standard deviation of its
// noise, by the delta method over the sums of z_i z_j, of 1-z^2, of z, and of people.
func (m noisyMoments) correlate(i, j int) (r, noise float64) {
	vi, vj, mi, mj := m.cov.At(i, i), m.cov.At(j, j), m.mean[i], m.mean[j]
	s := math.Sqrt(vi * vj)
	r = math.Min(math.Max(m.cov.At(i, j)/s, -1), 1)
	squares := 0.0
	for _, d := range []float64{
		1 / s,
		r / (2 * vi), r / (2 * vj),
		r*mi/vi - mj/s, r*mj/vj - mi/s,
		mi*mj/s - r - r/2*((1-vi+mi*mi)/vi+(1-vj+mj*mj)/vj),
	} {
		squares += d * d
	}
	return r, m.sd / m.n * math.Sqrt(squares)
}

// noisyTest is test with the noise beside sampling: on Fisher's scale the variance is
// 1/(n-3) and that of the noise divided by (1-r^2)^2; near -1 and 1, where noise can
// reach beyond, 1-r^2 is not taken to be below the noise.
func (r run) noisyTest(p pair, noise float64) pair {
	p.statistic, p.p, p.low, p.high = math.NaN(), math.NaN(), math.NaN(), math.NaN()
	if !(p.n > 3) || math.IsNaN(p.r) {
		return p
	}
	slope := math.Max(1-p.r*p.r, math.Min(noise, 1))
	if slope == 0 {
		slope = math.SmallestNonzeroFloat64
	}
	sampling, total := 1/math.Sqrt(p.n-3), math.Hypot(1/math.Sqrt(p.n-3), noise/slope)
	p.statistic = math.Sqrt(p.n-2) * p.r / math.Sqrt(math.Max((1-p.r)*(1+p.r), slope)) * sampling / total
	p.p = stat.TTwoSided(p.statistic, p.n-2)
	z, at := stat.NormalQuantile((1+r.level)/2), math.Atanh(math.Min(math.Max(p.r, slope/2-1), 1-slope/2))
	p.low, p.high = math.Tanh(at-z*total), math.Tanh(at+z*total)
	return p
}

// noisyResult writes the table of the exact form, with the noise of the coefficient
// and of the number of people.
func (v private) noisyResult(st spread, sum []float64, sd float64) *analysis.Result {
	res := &analysis.Result{Notes: []string{
		"This is a private result: the second moments carry noise. noise.estimate and noise.n are standard deviations of the noise in the correlation and in the number of people; intervals and tests include it.",
	}}
	var pairs []pair
	var noises, noiseN []float64
	var lost []string
	at := 0
	for _, set := range v.sets {
		p := len(set)
		m := readMoments(sum[at:at+momentLen(p)], sd, p)
		people := noisy.Count{N: sum[at], SD: sd}
		at += momentLen(p)
		for i := range set {
			for j := i + 1; j < p; j++ {
				c, noise := math.NaN(), math.NaN()
				x, y := v.variables[set[i]].Name, v.variables[set[j]].Name
				if people.Visible() && m.varies(i) && m.varies(j) {
					c, noise = m.correlate(i, j)
				} else {
					lost = append(lost, x+" and "+y)
				}
				pairs = append(pairs, v.noisyTest(pair{x: set[i], y: set[j], n: people.N, r: c}, noise))
				noises, noiseN = append(noises, noise), append(noiseN, sd)
			}
		}
	}
	t := v.table(pairs)
	t.Title += ", under noise"
	t.Columns = append(t.Columns, analysis.Nums("noise.estimate", noises...), analysis.Nums("noise.n", noiseN...))
	res.Tables = []analysis.Table{t}
	if lost != nil {
		res.Notes = append(res.Notes, "Not given, because one of the two does not vary enough for the noise, or too few people have both: "+strings.Join(lost, ", ")+". Ask for more patients, fewer variables or a larger epsilon.")
	}
	if cut := v.cuts(st); cut != nil {
		res.Notes = append(res.Notes, "Values are cut to where the noise shows people: "+strings.Join(cut, ", ")+".")
	}
	if f, ok := v.figure(pairs); ok {
		f.Caption += " The numbers carry noise."
		res.Figures = append(res.Figures, f)
	}
	return res
}

func (v private) cuts(st spread) (out []string) {
	for i, w := range v.wides {
		if st.Low[i] > w.lo || st.High[i] < w.hi {
			out = append(out, fmt.Sprintf("%s to %.4g..%.4g", w.Name, st.Low[i], st.High[i]))
		}
	}
	return out
}

// Expect implements analysis.PrivateRun, for coefficients near 0 of variables that are
// normal, with a fifth of half the declared range as standard deviation, and cut where
// Reach cuts those.
func (v private) Expect(sd [][]float64, people int) []analysis.Expectation {
	n := math.Max(1, float64(people))
	reach := 1.0 // half of the range after the cut, in standard deviations; 1 of a flag
	for _, w := range v.wides {
		if w.hidden {
			reach = math.Max(reach, w.reach(sd[0], n))
		}
	}
	within := math.Min(1, noisy.Z95*sd[len(sd)-1][0]/n*reach*reach)
	if len(v.variables) == 2 {
		return []analysis.Expectation{{What: fmt.Sprintf("correlation of %s and %s", v.variables[0].Name, v.variables[1].Name), Within: within}}
	}
	names := v.Queries()[len(sd)-1].Columns
	return []analysis.Expectation{{What: "correlation of any two of " + strings.Join(names, ", "), Within: within}}
}

// reach is twice the quantile beyond which the noise of round 0 hides people (see
// noisy.Tree.Reach), at most the declared range.
func (w wide) reach(sd []float64, n float64) float64 {
	var empty [][]float64
	var noise []float64
	at := w.at
	for _, k := range w.shape.Levels() {
		empty, noise = append(empty, make([]float64, k)), append(noise, sd[at])
		at += k
	}
	const declared = 5
	hidden := 2 * w.shape.Settle(noisy.Unknown(), empty, noise).Range(0, w.shape.Leaves/2).SD / n
	if hidden >= 0.5 {
		return declared
	}
	return math.Min(declared, math.Max(1, 2*stat.NormalQuantile(1-hidden)))
}
