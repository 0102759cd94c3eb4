package securetest

import (
	"fmt"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/secure"
)

// Uniformity is a χ² test of whether masked vectors are uniform (methods A1,
// target 3): for each sample (one per seed) and each of the eight byte
// positions of a word, the 256 byte values are counted and give a p value.
//
// Its chance of a false alarm is below 3e-5 in all: no p value may leave
// (a, 1-a) with a = 1e-5/(2·samples·8), which happens by chance with 1e-5; and
// the number outside (0.001, 0.999), Binomial(8·samples, 0.002), and inside the
// middle half, Binomial(8·samples, 0.5), may not leave their 1e-5 ranges.
func Uniformity(t testing.TB, samples [][]uint64) {
	t.Helper()
	tests := 8 * len(samples)
	a := 1e-5 / float64(2*tests)
	outside, middle := 0, 0
	for i, words := range samples {
		for position := range 8 {
			p := byteChiSquare(words, position)
			if p < a || p > 1-a {
				t.Errorf("sample %d, byte %d: p = %.3g", i, position, p)
			}
			if p < 0.001 || p > 0.999 {
				outside++
			}
			if p > 0.25 && p < 0.75 {
				middle++
			}
		}
	}
	tail := distuv.Binomial{N: float64(tests), P: 0.002}
	if 1-tail.CDF(float64(outside-1)) < 1e-5 {
		t.Errorf("%d of %d p values outside (0.001, 0.999)", outside, tests)
	}
	half := distuv.Binomial{N: float64(tests), P: 0.5}
	if q := half.CDF(float64(middle)); q < 5e-6 || q > 1-5e-6 {
		t.Errorf("%d of %d p values in the middle half", middle, tests)
	}
}

// byteChiSquare returns the p value of the χ² statistic of one byte position.
func byteChiSquare(words []uint64, position int) float64 {
	var count [256]float64
	for _, w := range words {
		count[byte(w>>(8*position))]++
	}
	expected, chi := float64(len(words))/256, 0.0
	for _, c := range count {
		chi += (c - expected) * (c - expected) / expected
	}
	return distuv.ChiSquared{K: 255}.Survival(chi)
}

// noise checks that a site's vector on the wire is uniform when x is constant.
func noise(t *testing.T, scheme secure.Scheme) {
	terms, _ := Terms(4, 1)
	layout := fixed.Layout{{Bits: 64, Len: 4096}, {Bits: 128, Len: 2048}}
	f := found(t, scheme, terms, layout, "noise")
	var samples [][]uint64
	for n := range 20 {
		x := make([]uint64, layout.Words())
		for i := range x {
			x[i] = uint64(n)
		}
		p, err := f.sites[n%4].Send(round(n), layout, x, Rand(fmt.Sprint("noise", n)))
		if err != nil {
			t.Fatal(err)
		}
		samples = append(samples, p.Vector)
	}
	Uniformity(t, samples)
}
