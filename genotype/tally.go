package genotype

// SampleStats counts for each sample of a file at how many variants it has a call, and
// at how many of the autosomes it is heterozygous. Variants of Y are left out: that a
// woman has none is no fault of her sample.
type SampleStats struct {
	autosomal, others int
	missing, het      *tally // at autosomal variants
	missingOthers     *tally
}

// NewSampleStats starts to count for n samples.
func NewSampleStats(n int) *SampleStats {
	return &SampleStats{missing: newTally(n), het: newTally(n), missingOthers: newTally(n)}
}

// Add counts a variant in.
func (s *SampleStats) Add(v *Variant, c *Calls) {
	switch {
	case autosome(v.Chromosome):
		s.autosomal++
		s.missing.add(c.Missing)
		s.het.add(c.Lo)
	case v.Chromosome != "Y":
		s.others++
		s.missingOthers.add(c.Missing)
	}
}

// autosome says whether a chromosome is one of 1 to 22.
func autosome(name string) bool {
	switch len(name) {
	case 1:
		return name[0] >= '1' && name[0] <= '9'
	case 2:
		return name[0] == '1' && name[1] >= '0' && name[1] <= '9' || name[0] == '2' && name[1] >= '0' && name[1] <= '2'
	}
	return false
}

// Variants is the number of variants that were counted.
func (s *SampleStats) Variants() int { return s.autosomal + s.others }

// Called is at how many of Variants sample i has a call.
func (s *SampleStats) Called(i int) int {
	return s.Variants() - s.missing.of(i) - s.missingOthers.of(i)
}

// CallRate is the share of Variants at which sample i has a call; NaN of none.
func (s *SampleStats) CallRate(i int) float64 { return float64(s.Called(i)) / float64(s.Variants()) }

// Heterozygosity is the share of heterozygous calls among those of sample i at autosomal
// variants; NaN of none.
func (s *SampleStats) Heterozygosity(i int) float64 {
	return float64(s.het.of(i)) / float64(s.autosomal-s.missing.of(i))
}

// A tally counts for each sample at how many variants its bit is set. The counters stand
// on their side: plane k holds bit k of the counters of all samples, so that a variant
// takes about two operations for 64 of them.
type tally struct {
	planes [tallyBits][]uint64
	added  int   // since the planes were last emptied
	sums   []int // of each sample, without what is in the planes
}

const tallyBits = 8

func newTally(samples int) *tally {
	t := &tally{sums: make([]int, samples)}
	for k := range t.planes {
		t.planes[k] = make([]uint64, words(samples))
	}
	return t
}

func (t *tally) add(plane []uint64) {
	if t.added == 1<<tallyBits-1 { // a counter may be full
		t.flush()
	}
	t.added++
	for i, carry := range plane {
		for k := 0; carry != 0; k++ {
			p := &t.planes[k][i]
			*p, carry = *p^carry, *p&carry
		}
	}
}

func (t *tally) flush() {
	for k := range t.planes {
		for i := range t.sums {
			t.sums[i] += int(t.planes[k][i>>6]>>uint(i&63)&1) << k
		}
		clear(t.planes[k])
	}
	t.added = 0
}

// of is the count of sample i.
func (t *tally) of(i int) int {
	if t.added > 0 {
		t.flush()
	}
	return t.sums[i]
}
