package quality

import (
	"fmt"
	"math"
)

// conformance is the share of the source's values that have the variable's form: its
// type, a code and a unit that the mapping knows, and a patient whom the source has.
// What was never a value, or was excluded on purpose, does not count. Without the
// mapping's counts all values have been read, and it is 1.
func (v Variable) conformance() float64 {
	if v.Source == nil {
		return 1
	}
	c := *v.Source
	bad := c.Wrong + c.Unknown + c.UnitUnknown + c.Orphan
	return 1 - share(bad, c.Good+c.Outside+bad)
}

// usualFarOut is the share of values far out that laboratory values have anyway: real
// extremes, which are not held against a dataset.
const usualFarOut = 0.01

// plausibility is the share of values that can be true: in range, no zeros that stand
// for missing values, no repeated value far out, not more values far out than usual,
// and not at an impossible time. The shares are multiplied as if independent. Digit
// preference costs nothing: such values are coarse, not wrong.
func (v Variable) plausibility() float64 {
	a := v.Atemporal
	outside := a.Outside
	n := v.Values
	if v.Source != nil {
		n += v.Source.Outside // these did not become values
	}
	zeros := 0
	if a.Spike {
		zeros = a.Zeros
	}
	bad := share(zeros, v.Values)
	// Sentinels are far out themselves, and all of these may be outside too: the largest
	// counts, not the sum.
	bad = max(bad, share(a.Sentinel, v.Values), share(a.FarOut, v.Values)-usualFarOut, share(outside, n))
	return (1 - bad) * (1 - share(v.Temporal.Impossible, max(v.Values, v.Temporal.Dated)))
}

// score is the product of completeness, conformance, plausibility, uniqueness and, if
// batches differ by more than chance, exp(-PSI). Each is a share of what a study can
// use of what is left by the one before, so the product is a share too: of the people,
// those whose value is there, readable, plausible, counted once and alike over time.
// A mean would let a variable that nobody has, or that is wholly implausible, look half
// good. Of a flag that is recorded where it was so, completeness is how many have it,
// and does not count. It weights datasets against each other; it is no probability.
func (v Variable) score() float64 {
	s := v.Conformance * v.Plausibility * v.Uniqueness
	if !v.Recorded || v.People == 0 {
		s *= v.Completeness
	}
	if v.Drift != nil && v.Drift.Confirmed {
		s *= math.Exp(-v.Drift.PSI)
	}
	return min(max(s, 0), 1)
}

// The shares from which on something is told to the steward.
const (
	fewHave     = 0.5  // complete in fewer
	manyWrong   = 0.01 // of values
	someMissing = 0.05
	digitsFrom  = 0.2 // SMART methodology (2006): above 20 of 100 is problematic
	driftFrom   = 0.25
)

// judge makes the findings and the dataset's score.
func (p *Profile) judge() {
	add := func(v, kind string, affected int, text string, args ...any) {
		p.Findings = append(p.Findings, Finding{v, kind, fmt.Sprintf(text, args...), affected})
	}
	for _, v := range p.Variables {
		a, t := v.Atemporal, v.Temporal
		many := func(n, of int) bool { return share(n, of) >= manyWrong }
		switch {
		case v.People == 0:
			add(v.Name, "empty", p.People, "nobody has a value")
		case v.Completeness < fewHave && !v.Recorded:
			add(v.Name, "missing", p.People-v.People, "more people have no value than have one")
		}
		if 1-v.Conformance >= manyWrong {
			add(v.Name, "form", v.Source.Wrong+v.Source.Unknown+v.Source.UnitUnknown+v.Source.Orphan, "values do not have the form that the dictionary says; see what the mapping counted")
		}
		switch {
		case a.Constant && a.Zeros == v.Values && a.Zeros > 0:
			add(v.Name, "zeros", a.Zeros, "all values are 0; they are most likely missing: say so in the mapping")
		case a.Constant:
			add(v.Name, "constant", v.Values, "all values are the same")
		case a.Spike:
			add(v.Name, "zeros", a.Zeros, "0 is recorded far from all other values; it most likely means missing: say so in the mapping")
		}
		if a.Sentinel > 0 {
			add(v.Name, "sentinel", a.Sentinel, "one value far from all others stands again and again; it most likely means missing: say so in the mapping")
		} else if many(a.FarOut, v.Values) {
			add(v.Name, "far-out", a.FarOut, "more values than usual are far from all others; check their unit")
		}
		if many(a.Outside, v.Values+a.Outside) {
			add(v.Name, "outside", a.Outside, "values are outside the plausible range; check their unit")
		}
		if a.Digits != nil && *a.Digits >= digitsFrom {
			add(v.Name, "digits", v.Values, "some last digits are preferred: values were rounded when they were recorded")
		}
		if many(t.Impossible, t.Dated) {
			add(v.Name, "time", t.Impossible, "values are in the future, before birth, after death or outside the observation")
		}
		if many(v.Duplicates, v.Values) {
			add(v.Name, "duplicates", v.Duplicates, "values are recorded again with the same patient and time")
		}
		if v.Drift != nil && v.Drift.Confirmed && v.Drift.PSI >= driftFrom {
			add(v.Name, "drift", v.Values, "the values of %s differ from the others; check whether unit, method or patients changed", v.Drift.Batch)
		}
		p.Score += v.Score
	}
	p.Score /= float64(max(len(p.Variables), 1))
	if p.People > 0 && share(p.People-p.Linked, p.People) >= someMissing {
		add("", "unlinked", p.People-p.Linked, "people have no value of any variable")
	}
	if p.Lifespan > 0 {
		add("", "lifespan", p.Lifespan, "people die before they are born")
	}
	if p.Reversed > 0 {
		add("", "period", p.Reversed, "people's observation ends before it starts")
	}
	if p.SameRows > 0 {
		add("", "same-rows", p.SameRows, "rows repeat another row of the same patient in every column")
	}
	p.Findings = append(p.Findings, findings(p.Checks)...)
}
