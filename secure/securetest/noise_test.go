package securetest

import (
	"fmt"
	"testing"

	"hmsp.center/hmsp/fixed"
)

// A recorder counts the failures that a check reports.
type recorder struct {
	testing.TB
	failures int
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failures++ }

// The check for uniformity passes noise and can fail: on plain counts, on one
// constant bit, and on vectors that are too even.
func TestUniformityCanFail(t *testing.T) {
	layout := fixed.Layout{{Bits: 64, Len: 8192}}
	for name, c := range map[string]struct {
		change func(i int, w uint64) uint64
		pass   bool
	}{
		"noise":        {func(_ int, w uint64) uint64 { return w }, true},
		"counts":       {func(_ int, w uint64) uint64 { return w % 1000 }, false},
		"one bit":      {func(_ int, w uint64) uint64 { return w | 1<<40 }, false},
		"too even":     {func(i int, _ uint64) uint64 { return uint64(i%256) * 0x0101010101010101 }, false},
		"one in eight": {func(i int, w uint64) uint64 { return w * uint64(min(1, i%8)) }, false},
	} {
		var samples [][]uint64
		for n := range 20 {
			x := Random(layout, Rand(fmt.Sprint(name, n)))
			for i := range x {
				x[i] = c.change(i, x[i])
			}
			samples = append(samples, x)
		}
		r := &recorder{TB: t}
		Uniformity(r, samples)
		if (r.failures == 0) != c.pass {
			t.Errorf("%s: %d failures", name, r.failures)
		}
	}
}
