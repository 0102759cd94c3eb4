package features

import (
	"math"

	"hmsp.center/hmsp/format"
)

// Zeros in log-ratios, see the package comment.
const (
	pseudocount = 0.5
	delta       = 1e-6
)

// A tally sums a sample over the parts of its composition: all features but sums.
type tally struct {
	parts, missing, zeros int
	total                 float64
	logs                  float64 // of counts with their pseudocount; of other parts that are not 0
}

// add counts a part; logs says whether its logarithm is wanted.
func (t *tally) add(x float64, v Values, logs bool) {
	t.parts++
	switch {
	case x != x:
		t.missing++
		if v.additive() {
			t.total, t.logs = math.NaN(), math.NaN()
		}
	case x == 0:
		t.zeros++
		if logs && v == Counts {
			t.logs -= math.Ln2 // ln 0.5
		}
	default:
		t.total += x
		if logs && v == Counts {
			t.logs += math.Log(x + pseudocount)
		} else if logs {
			t.logs += math.Log(x)
		}
	}
}

// replaced is ln of a part without its zero; t is the sample's.
func (t *tally) replaced(x float64, v Values) float64 {
	switch {
	case v == Counts:
		return math.Log(x + pseudocount)
	case x == 0:
		return math.Log(delta)
	}
	return math.Log(x) + t.shrunk()
}

// shrunk is ln of what parts that are not 0 are multiplied with.
func (t *tally) shrunk() float64 {
	return math.Log((1 - float64(t.zeros)*delta) / t.total)
}

// sum is the sum of replaced over some of the parts, which first is the tally of.
func (t *tally) sum(first tally, v Values) float64 {
	if v == Counts {
		return first.logs
	}
	return first.logs + float64(first.parts-first.zeros)*t.shrunk() + float64(first.zeros)*math.Log(delta)
}

// plausible refuses a value that its kind cannot have.
func plausible(path string, r *Row, place int, x float64, v Values) error {
	var text, mend string
	switch {
	case x != x:
		return nil
	case math.IsInf(x, 0):
		text, mend = "a value is infinite", "write it as missing"
	case v.additive() && x < 0:
		text, mend = "a value is negative among "+string(v), "correct it, or say what the values are: table: signal"
	case v == Counts && (x != math.Trunc(x) || x > 1<<53):
		text, mend = "a value is no whole number among counts", "correct it, or say what the values are: table: relative or signal"
	case v == Betas && (x < 0 || x > 1):
		text, mend = "a beta value is not between 0 and 1", "correct it, or say what the values are: table: mvalue"
	default:
		return nil
	}
	e := &format.Error{File: path, Line: r.Line, Text: text, Mend: mend}
	if r.Line == 0 {
		e.Row = place + 1
	}
	return e
}
