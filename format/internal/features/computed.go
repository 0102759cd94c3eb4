package features

import (
	"math"
	"slices"

	"hmsp.center/hmsp/composition"
	"hmsp.center/hmsp/format"
)

// The columns that are computed of each sample.
const (
	librarySize    = "library_size"
	observed       = "observed"
	chao1          = "chao1"
	ace            = "ace"
	shannon        = "shannon"
	simpson        = "simpson"
	inverseSimpson = "inverse_simpson"
	pielou         = "pielou"
	fisher         = "fisher"
	detected       = "detected"
	median         = "median"
	betaMedian     = "beta_median"
	mvalueMedian   = "mvalue_median"
)

// computed lists the computed columns of a kind of values.
func computed(v Values) []string {
	switch v {
	case Counts:
		return []string{librarySize, observed, chao1, ace, shannon, simpson, inverseSimpson, pielou, fisher}
	case Relative:
		return []string{observed, shannon, simpson, inverseSimpson, pielou}
	case Betas:
		return []string{detected, betaMedian}
	case MValues:
		return []string{detected, mvalueMedian}
	}
	return []string{detected, median}
}

// compute gives a computed column of a sample: parts are its values that are not 0 of
// additive values, all that are not missing of others.
func compute(name string, t tally, parts []float64) float64 {
	if t.missing > 0 && name != detected && name != median && name != betaMedian && name != mvalueMedian {
		return math.NaN()
	}
	switch name {
	case librarySize:
		return t.total
	case observed:
		return float64(t.parts - t.zeros)
	case detected:
		return float64(t.parts-t.missing) / float64(t.parts)
	case chao1:
		return composition.Chao1(parts)
	case ace:
		return composition.ACE(parts)
	case shannon:
		return composition.Shannon(parts)
	case simpson:
		return composition.Simpson(parts)
	case inverseSimpson:
		return composition.InverseSimpson(parts)
	case pielou:
		return composition.Pielou(parts)
	case fisher:
		return composition.Fisher(parts)
	}
	return middle(parts)
}

// streams says that a computed column needs no more than the tally.
func streams(name string) bool { return name == librarySize || name == observed || name == detected }

// middle is the median, which sorts x.
func middle(x []float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	slices.Sort(x)
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

// Checks are what is plausible of samples: at least 1000 reads, 95 of 100 features with a
// value, and of methylation a median where arrays have it.
func (Format) Checks() []format.Check {
	return []format.Check{
		{Column: librarySize, Label: "library size", Unit: "{reads}", Low: 1000, High: 1e12},
		{Column: detected, Label: "features with a value", Unit: "1", Low: 0.95, High: 1},
		{Column: betaMedian, Label: "median of beta", Unit: "1", Low: 0.05, High: 0.95},
		{Column: mvalueMedian, Label: "median of M", Unit: "1", Low: -5, High: 5},
	}
}
