// Package mechanism makes a private run of an analysis out of what the analysis
// declares: it divides a study's budget, chooses noise and grid for every block,
// clips what one patient adds, and says as events what it does. A [Program] is an
// analysis.Run like any other, so the engine needs to know nothing of privacy;
// the one door of a site adds the noise that [Program.Noise] names.
//
// It refuses a budget that cannot be met and a declaration that does not bound
// one patient.
package mechanism

import (
	"fmt"
	"math"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/dp"
	"hmsp.center/hmsp/dp/account"
	"hmsp.center/hmsp/dp/noise"
)

// A Budget is what all programs of a study may spend together: (Epsilon, Delta)
// for adding or removing one patient. Delta 0 asks for pure privacy.
type Budget struct {
	Epsilon, Delta float64
	Noise          dp.Kind // dp.Gaussian or dp.Laplace; "": whichever is smaller
}

// Valid says what is wrong with a budget.
func (b Budget) Valid() error {
	if !(b.Epsilon > 0 && b.Epsilon <= 100) {
		return fmt.Errorf("epsilon %v: want a number above 0, at most 100", b.Epsilon)
	}
	if !(b.Delta >= 0 && b.Delta < 0.01) {
		return fmt.Errorf("delta %v: want 0 or a number below 0.01, well below one over the number of patients", b.Delta)
	}
	if b.Noise != "" && b.Noise != dp.Laplace && (b.Noise != dp.Gaussian || b.Delta == 0) {
		return fmt.Errorf("noise %q: want laplace, or gaussian with a delta above 0", b.Noise)
	}
	return nil
}

// A Program is a private run with its noise decided. It implements analysis.Run.
type Program struct {
	run    analysis.PrivateRun
	rounds []round
}

// A round is one query with the mechanism of each block.
type round struct {
	query analysis.Query
	parts []part
	sd    []float64 // of the opened sum's noise, by coordinate
}

// A part is the mechanism of one block.
type part struct {
	analysis.Block
	at     int                // first coordinate
	frac   int                // fraction bits of the grid
	noise  noise.Distribution // what each site adds to each coordinate, in steps
	event  dp.Event
	honest int
}

// Divide gives each of a study's private runs an equal part of the budget and
// decides their noise. honest is the number of contributors whose noise is
// certain to be in every opened sum: any that many of them cover the budget, the
// others' noise comes on top (methods B3); parties is the number of contributors,
// for what is said of the noise.
//
// Unless the budget says which, each run takes the mechanism that needs the smaller
// variance: Laplace at its
// part of epsilon, or Gaussian. All Gaussian blocks of the study together are one
// Gaussian mechanism of sensitivity 1, whose noise is the smallest that gives
// (epsilon of their parts, delta) (Balle and Wang 2018); a block gets of it what
// its share says. The Laplace runs and the Gaussian ones compose by addition.
func Divide(b Budget, honest, parties int, runs ...analysis.PrivateRun) ([]*Program, error) {
	if err := b.Valid(); err != nil {
		return nil, err
	}
	if honest < 1 || parties < honest {
		return nil, fmt.Errorf("noise of %d honest contributors among %d: want at least 1, at most all", honest, parties)
	}
	each := Budget{b.Epsilon / float64(len(runs)), b.Delta / float64(len(runs)), b.Noise}
	laplace := make([]bool, len(runs))
	gaussians := 0
	for i, r := range runs {
		if err := check(r); err != nil {
			return nil, err
		}
		var err error
		if laplace[i], err = prefersLaplace(r, each); err != nil {
			return nil, err
		}
		if !laplace[i] {
			gaussians++
		}
	}
	var multiplier float64 // of each Gaussian run's part
	if gaussians > 0 {
		all, err := account.GaussianNoise(each.Epsilon*float64(gaussians), b.Delta)
		if err != nil {
			return nil, fmt.Errorf("noise for epsilon %v, delta %v: %w", b.Epsilon, b.Delta, err)
		}
		multiplier = ceil6(all * math.Sqrt(float64(gaussians)))
	}
	out := make([]*Program, len(runs))
	for i, r := range runs {
		p := &Program{run: r}
		for _, q := range r.Queries() {
			d, err := newRound(q, laplace[i], each.Epsilon, multiplier, honest, parties)
			if err != nil {
				return nil, err
			}
			p.rounds = append(p.rounds, d)
		}
		out[i] = p
	}
	return out, nil
}

// check refuses a declaration that does not bound one patient.
func check(r analysis.PrivateRun) error {
	share := 0.0
	for i, q := range r.Queries() {
		if len(q.Blocks) == 0 {
			return fmt.Errorf("round %d of a private run has no block", i)
		}
		for _, b := range q.Blocks {
			if b.Len < 1 || b.Touches() < 1 || b.Touches() > b.Len || !(b.L1 > 0) || !(b.L2 > 0) || math.IsInf(b.L1, 0) || math.IsInf(b.L2, 0) || b.L2 > b.L1*(1+1e-9) || !(b.Share > 0) {
				return fmt.Errorf("round %d of a private run: a block of %d coordinates with norms %v and %v, support %d and share %v does not bound what one patient adds", i, b.Len, b.L1, b.L2, b.Support, b.Share)
			}
			share += b.Share
		}
	}
	if share == 0 || share > 1+1e-9 {
		return fmt.Errorf("the blocks of a private run take %v of its budget: want at most 1", share)
	}
	return nil
}

// prefersLaplace compares the variances that the two mechanisms would need, by
// the mean over the blocks of the logarithm of their ratio.
func prefersLaplace(r analysis.PrivateRun, b Budget) (bool, error) {
	if b.Delta == 0 || b.Noise != "" {
		return b.Noise != dp.Gaussian, nil
	}
	multiplier, err := account.GaussianNoise(b.Epsilon, b.Delta)
	if err != nil {
		return false, fmt.Errorf("noise for epsilon %v, delta %v: %w", b.Epsilon, b.Delta, err)
	}
	ratio, blocks := 0.0, 0.0
	for _, q := range r.Queries() {
		for _, k := range q.Blocks {
			l, g := k.L1/(b.Epsilon*k.Share), k.L2*multiplier/math.Sqrt(k.Share)
			ratio += math.Log(2*l*l) - math.Log(g*g)
			blocks++
		}
	}
	return ratio/blocks < 0, nil
}

// ceil6 rounds up to six significant digits, so that machines whose last bits
// differ decide the same noise.
func ceil6(x float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(x))-5)
	return math.Ceil(x/unit) * unit
}

func newRound(q analysis.Query, laplace bool, epsilon, multiplier float64, honest, parties int) (round, error) {
	d := round{query: q}
	at := 0
	for _, b := range q.Blocks {
		var p part
		var err error
		if laplace {
			p, err = laplacePart(b, ceil6(1/(epsilon*b.Share)), honest)
		} else {
			p, err = gaussianPart(b, ceil6(multiplier/math.Sqrt(b.Share)), honest)
		}
		if err != nil {
			return d, err
		}
		p.at, p.honest = at, honest
		sd := math.Ldexp(math.Sqrt(p.noise.Variance()*float64(parties)), -p.frac)
		for range b.Len {
			d.sd = append(d.sd, sd)
		}
		d.parts = append(d.parts, p)
		at += b.Len
	}
	return d, nil
}

// Events says what the program does, by round. It is what h honest contributors'
// noise gives; more of them make it only less.
func (p *Program) Events() [][]dp.Event {
	var out [][]dp.Event
	for _, d := range p.rounds {
		var es []dp.Event
		for _, k := range d.parts {
			es = append(es, k.event)
		}
		out = append(out, es)
	}
	return out
}

// RoundEvents are the events of the state's round.
func (p *Program) RoundEvents(s analysis.State) []dp.Event {
	st, _, err := p.round(s)
	if err != nil {
		return nil
	}
	return p.Events()[st.Round]
}

// Expect says how far off the results will be for so many patients.
func (p *Program) Expect(people int) []analysis.Expectation {
	var sd [][]float64
	for _, d := range p.rounds {
		sd = append(sd, d.sd)
	}
	return p.run.Expect(sd, people)
}

// Deviation is the geometric mean of the noise's standard deviations over the
// blocks, in units of each block's grid of values.
func (p *Program) Deviation() float64 {
	sum, n := 0.0, 0.0
	for _, d := range p.rounds {
		for _, k := range d.parts {
			sum += math.Log(d.sd[k.at])
			n++
		}
	}
	return math.Exp(sum / n)
}

// Coordinates is the number of coordinates over all rounds.
func (p *Program) Coordinates() int {
	n := 0
	for _, d := range p.rounds {
		n += len(d.sd)
	}
	return n
}
