package mechanism

import (
	"fmt"
	"math"
	"math/bits"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/dp"
	"hmsp.center/hmsp/dp/noise"
)

// fine is how many steps of the grid the norm of a block has at least for each
// square root of the coordinates that one patient touches: rounding each of them
// to the grid then raises the sensitivity by less than 1/128.
const fine = 64

// leastVariance is the least variance of one site's discrete Gaussian noise, in
// steps: from 4 on the sum of several is a discrete Gaussian to all purposes
// (methods B3: the gap is below 1e-16). leastDeviation is that of the sum of the
// honest: from 64 steps on the epsilon of a discrete Gaussian exceeds that of the
// continuous one, by which it is told and calibrated, by less than 2e-5 of it
// (dp/account, TestDiscreteNoiseToldAsGaussian); allowance covers this, once in the
// noise and once in what is told of it.
const (
	leastVariance  = 4
	leastDeviation = 64
	allowance      = 1 + 1e-4
)

// slackNorm covers the rounding of floating point in scaling a patient's
// contribution down to its norm.
const slackNorm = 1 + 0x1p-40

// sensitivity is the largest norm, in steps of the grid, of what one patient adds:
// rounding moves each coordinate by half a step at most.
func sensitivity(norm, rounding float64, b analysis.Block, frac int) float64 {
	s := math.Ldexp(norm, frac)
	if b.Integer && frac >= 0 {
		return s
	}
	return s*slackNorm + rounding
}

// gaussianPart gives a block noise of standard deviation multiplier*L2 from any h
// contributors.
func gaussianPart(b analysis.Block, multiplier float64, honest int) (part, error) {
	touched := math.Sqrt(float64(b.Touches()))
	frac := 0
	if !b.Integer {
		frac = steps(fine * touched / b.L2)
	}
	frac = max(frac, steps(max(leastDeviation, math.Sqrt(leastVariance*float64(honest)))/(multiplier*b.L2)))
	norm := sensitivity(b.L2, touched/2, b, frac)
	// The variance of one contributor, in sixteenths of a step squared, rounded up.
	told := multiplier * allowance * norm
	sixteenths := math.Ceil(16 * told * told / float64(honest))
	if !(sixteenths < 1<<52) {
		return part{}, fmt.Errorf("noise of %v times a norm of %v is beyond the sampler: ask for a larger epsilon", multiplier, b.L2)
	}
	g := noise.Gaussian{Num: uint64(max(sixteenths, 16*leastVariance)), Den: 16}
	sigma := math.Sqrt(float64(g.Num) / 16 * float64(honest))
	return part{Block: b, frac: frac, noise: g, event: dp.Event{Kind: dp.Gaussian, Noise: sigma / norm / allowance * (1 - 0x1p-40)}}, nil
}

// laplacePart gives a block discrete Laplace noise of scale multiplier*L1 from any
// h contributors. The event is that of sensitivity 1, which is randomised
// response: no mechanism of that epsilon reveals more.
func laplacePart(b analysis.Block, multiplier float64, honest int) (part, error) {
	frac := 0
	if !b.Integer {
		frac = steps(fine * float64(b.Touches()) / b.L1)
	}
	norm := sensitivity(b.L1, float64(b.Touches())/2, b, frac)
	const parts = 64
	t := math.Ceil(multiplier * norm * parts * (1 - 0x1p-45))
	if !(t < 1<<40) {
		return part{}, fmt.Errorf("noise of %v times a norm of %v is beyond the sampler: ask for a larger epsilon", multiplier, b.L1)
	}
	n, d := uint64(t), uint64(parts)
	if shift := min(bits.TrailingZeros64(n), bits.TrailingZeros64(d)); shift > 0 {
		n, d = n>>shift, d>>shift
	}
	scale := float64(n) / float64(d)
	return part{Block: b, frac: frac, noise: noise.LaplaceShare{Laplace: noise.Laplace{T: n, S: d}, Honest: honest},
		event: dp.Event{Kind: dp.DiscreteLaplace, Noise: scale / norm}}, nil
}

// steps is the fraction bits of a grid that has at least n steps in 1.
func steps(n float64) int { return int(math.Ceil(math.Log2(n) - 1e-9)) }
