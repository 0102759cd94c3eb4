package survival

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func near(t *testing.T, what string, got, want, rel float64) {
	t.Helper()
	if math.IsNaN(want) && math.IsNaN(got) {
		return
	}
	if !(math.Abs(got-want) <= rel*math.Max(math.Abs(want), 1e-12)) {
		t.Errorf("%s = %.15g, want %.15g", what, got, want)
	}
}

// aml is the maintained arm of Miller's leukaemia data (Miller 1997, page 49):
// 9, 13, 13+, 18, 23, 28+, 31, 34, 45+, 48, 161+.
func aml() Counts {
	return Counts{
		Time:   []float64{9, 13, 18, 23, 28, 31, 34, 45, 48, 161},
		Event:  []float64{1, 1, 1, 1, 0, 1, 1, 0, 1, 0},
		Censor: []float64{0, 1, 0, 0, 1, 0, 0, 1, 0, 1},
	}
}

func TestCurveOfTheTextbook(t *testing.T) {
	c := KaplanMeier(aml(), "log", 0.95)
	for k, want := range []float64{10. / 11, 9. / 11, 9. / 11 * 7 / 8, 9. / 11 * 6 / 8, 9. / 11 * 6 / 8, 9. / 11 * 6 / 8 * 4 / 5, 9. / 11 * 6 / 8 * 3 / 5, 9. / 11 * 6 / 8 * 3 / 5, 9. / 11 * 6 / 8 * 3 / 10, 9. / 11 * 6 / 8 * 3 / 10} {
		near(t, "S", c.Surv[k], want, 1e-14)
	}
	q, lo, hi := c.Quantile(0.5)
	if q != 31 || lo != 18 || !math.IsNaN(hi) {
		t.Errorf("median %v (%v to %v), want 31 (18 to none), as R's survfit", q, lo, hi)
	}
	if got := aml().AtRisk(); !slices.Equal(got, []float64{11, 10, 8, 7, 6, 5, 4, 3, 2, 1}) {
		t.Errorf("at risk %v", got)
	}
}

func TestQuantileInTheMiddleOfALevelStretch(t *testing.T) {
	c := Curve{Time: []float64{1, 2, 3, 5}, Surv: []float64{0.75, 0.5, 0.5, 0.25}, Lo: []float64{0.4, 0.2, 0.2, 0.1}, Hi: []float64{1, 0.9, 0.9, math.NaN()}}
	q, lo, hi := c.Quantile(0.5)
	if q != 3.5 || lo != 1 || !math.IsNaN(hi) {
		t.Errorf("median %v (%v to %v), want 3.5 (1 to none)", q, lo, hi)
	}
}

func TestCurveWithoutPeople(t *testing.T) {
	c := KaplanMeier(Counts{Time: []float64{0, 1}, Event: []float64{0, 0}, Censor: []float64{0, 0}}, "log", 0.95)
	if len(c.Time) != 0 {
		t.Errorf("curve of nobody has %d points", len(c.Time))
	}
	if q, _, _ := c.Quantile(0.5); !math.IsNaN(q) {
		t.Errorf("median of nobody is %v", q)
	}
	if mean, se := c.RestrictedMean(10); mean != 10 || se != 0 {
		t.Errorf("restricted mean of nobody %v (%v), want the whole time", mean, se)
	}
}

func TestLastPersonHasTheEvent(t *testing.T) {
	c := KaplanMeier(Counts{Time: []float64{1, 2}, Event: []float64{1, 1}, Censor: []float64{0, 0}}, "log-log", 0.95)
	if c.Surv[1] != 0 || !math.IsNaN(c.SE[1]) || !math.IsNaN(c.Lo[1]) {
		t.Errorf("last point S %v, SE %v, lower limit %v; want 0, NaN, NaN", c.Surv[1], c.SE[1], c.Lo[1])
	}
	if _, se := c.RestrictedMean(2); math.IsNaN(se) || math.IsInf(se, 0) {
		t.Errorf("standard error of the restricted mean is %v", se)
	}
}

// With one group the restricted mean up to the last event time is the mean of
// the event times when nobody is censored, and its variance is the
// maximum-likelihood variance over n.
func TestRestrictedMeanWithoutCensoring(t *testing.T) {
	c := KaplanMeier(Counts{Time: []float64{1, 4, 6, 9}, Event: []float64{1, 1, 1, 1}, Censor: make([]float64, 4)}, "log", 0.95)
	mean, se := c.RestrictedMean(9)
	near(t, "mean", mean, 5, 1e-14)
	near(t, "standard error", se, math.Sqrt((16.+1+1+16)/4/4), 1e-14)
}

func TestRankTestDoesNotDependOnGroupOrder(t *testing.T) {
	a, b := aml(), Counts{Time: aml().Time, Event: []float64{2, 1, 1, 2, 0, 1, 0, 0, 0, 0}, Censor: []float64{0, 1, 0, 0, 1, 0, 0, 0, 0, 0}}
	c := Counts{Time: aml().Time, Event: []float64{0, 1, 0, 0, 0, 3, 0, 1, 0, 0}, Censor: []float64{1, 0, 0, 0, 1, 0, 2, 0, 0, 3}}
	for _, rho := range []float64{0, 1, 0.5} {
		one := CompareGroups([][]Counts{{a, b, c}}, rho)
		two := CompareGroups([][]Counts{{c, a, b}}, rho)
		near(t, "chi-squared", one.ChiSq, two.ChiSq, 1e-12)
		near(t, "observed less expected", total(one.Observed)-total(one.Expected), 0, 1)
		if d := total(one.Observed) - total(one.Expected); math.Abs(d) > 1e-12 {
			t.Errorf("observed and expected differ by %g in all", d)
		}
	}
	if r := CompareGroups([][]Counts{{a}}, 0); !math.IsNaN(r.P) || r.DF != 0 {
		t.Errorf("test of one group has p %v on %d df", r.P, r.DF)
	}
}

func people(r *rand.Rand, n, p int, late bool) []Person {
	out := make([]Person, n)
	for i := range out {
		x := make([]float64, p)
		for j := range x {
			x[j] = math.Round((2*r.Float64()-1)*8) / 8
		}
		stop := float64(1 + r.IntN(12))
		start := math.Inf(-1)
		if late && r.IntN(2) == 0 {
			start = float64(r.IntN(int(stop)))
		}
		out[i] = Person{Start: start, Stop: stop, Event: r.IntN(3) > 0, X: x, Offset: float64(r.IntN(3)) / 4}
	}
	return out
}

// The textbook definition of the partial likelihood, written as it is printed:
// for each event time, the risk set afresh.
func definition(ps []Person, beta []float64, efron bool) float64 {
	eta := func(p Person) float64 {
		e := p.Offset
		for j, b := range beta {
			e += b * p.X[j]
		}
		return e
	}
	times := map[float64]bool{}
	for _, p := range ps {
		if p.Event {
			times[p.Stop] = true
		}
	}
	var ll float64
	for u := range times {
		var risk, dead, d float64
		for _, p := range ps {
			if p.Start < u && u <= p.Stop {
				risk += math.Exp(eta(p))
			}
			if p.Event && p.Stop == u {
				dead += math.Exp(eta(p))
				ll += eta(p)
				d++
			}
		}
		for l := range int(d) {
			f := 0.0
			if efron {
				f = float64(l) / d
			}
			ll -= math.Log(risk - f*dead)
		}
	}
	return ll
}

func TestPartialLikelihoodIsItsDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for trial := range 40 {
		ps := people(r, 3+r.IntN(30), 2, trial%2 == 0)
		s, beta := NewStratum(ps), []float64{r.Float64() - 0.5, r.Float64()}
		for _, efron := range []bool{true, false} {
			e := s.Evaluate(beta, efron)
			near(t, "log-likelihood", e.LogLik, definition(ps, beta, efron), 1e-11)
			for j := range beta { // central differences
				const h = 1e-5
				up, down := slices.Clone(beta), slices.Clone(beta)
				up[j] += h
				down[j] -= h
				eu, ed := s.Evaluate(up, efron), s.Evaluate(down, efron)
				if d := (eu.LogLik - ed.LogLik) / (2 * h); math.Abs(d-e.Score[j]) > 1e-6 {
					t.Errorf("score %d = %g, difference quotient %g", j, e.Score[j], d)
				}
				for k := range beta {
					if d := -(eu.Score[k] - ed.Score[k]) / (2 * h); math.Abs(d-e.Info[Packed(j, k)]) > 1e-6 {
						t.Errorf("information %d,%d = %g, difference quotient %g", j, k, e.Info[Packed(j, k)], d)
					}
				}
			}
		}
	}
}

// The order of the rows must not change a single bit.
func TestRowOrderChangesNoBit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 7))
		ps := people(r, 1+r.IntN(40), 3, true)
		beta := []float64{0.3, -0.7, 0.1}
		one := NewStratum(ps)
		r.Shuffle(len(ps), func(i, j int) { ps[i], ps[j] = ps[j], ps[i] })
		two := NewStratum(ps)
		a, b := one.Evaluate(beta, true), two.Evaluate(beta, true)
		if a.LogLik != b.LogLik || !slices.Equal(a.Score, b.Score) || !slices.Equal(a.Info, b.Info) {
			t.Fatalf("evaluation depends on the order of the rows")
		}
		if one.Pairs(beta) != two.Pairs(beta) {
			t.Fatalf("pairs depend on the order of the rows")
		}
	})
}

func TestPairsAreTheirDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for trial := range 40 {
		ps := people(r, 2+r.IntN(30), 1, trial%2 == 0)
		beta := []float64{0.5}
		var want Pairs
		for _, p := range ps {
			for _, q := range ps {
				if !p.Event || q.Start >= p.Stop || q.Stop < p.Stop || q.Stop == p.Stop && q.Event {
					continue
				}
				ep, eq := p.Offset+0.5*p.X[0], q.Offset+0.5*q.X[0]
				switch { // values are multiples of 1/16: exact up to centring
				case math.Abs(ep-eq) < 1e-9:
					want.Tied++
				case ep > eq:
					want.Concordant++
				default:
					want.Discordant++
				}
			}
		}
		got := NewStratum(ps).Pairs(beta)
		if math.Abs(got.Index()-want.Index()) > 1e-12 && !(math.IsNaN(got.Index()) && math.IsNaN(want.Index())) {
			t.Errorf("pairs %+v, want %+v", got, want)
		}
	}
}

// On a grid of single points, the bins' likelihood is the exact one.
func TestBinsOfOnePointAreExact(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for trial := range 20 {
		ps := people(r, 5+r.IntN(30), 2, trial%2 == 0)
		beta := []float64{0.4, -0.2}
		clock := Clock{Width: 1, Max: 12}
		b := MergeBins(clock, slices.Repeat([]float64{9}, clock.Points()), 1)
		sums := make([]BinSum, b.Len())
		for k := range sums {
			sums[k] = BinSum{X: make([]float64, 2), Net: NewMoments(2), Dead: NewMoments(2)}
		}
		for _, p := range ps {
			eta := p.Offset + beta[0]*p.X[0] + beta[1]*p.X[1]
			enter, exit := b.Span(p.Start, p.Stop)
			if enter == exit {
				continue
			}
			sums[exit].Net.Add(math.Exp(eta), p.X)
			if enter >= 0 {
				sums[enter].Net.Add(-math.Exp(eta), p.X)
			}
			if p.Event {
				sums[exit].Events++
				sums[exit].Eta += eta
				sums[exit].Dead.Add(math.Exp(eta), p.X)
				for j, x := range p.X {
					sums[exit].X[j] += x
				}
			}
		}
		for _, efron := range []bool{true, false} {
			got, want := EvaluateBins(2, sums, efron), NewStratum(ps).Evaluate(beta, efron)
			near(t, "log-likelihood", got.LogLik, want.LogLik, 1e-10)
			for i := range want.Info {
				if math.Abs(got.Info[i]-want.Info[i]) > 1e-9 {
					t.Errorf("information %d = %g, want %g", i, got.Info[i], want.Info[i])
				}
			}
		}
	}
}

func TestMergeBins(t *testing.T) {
	c := Clock{Width: 7, Max: 40}
	for _, tt := range []struct {
		events      []float64
		least       float64
		first, last []int
	}{
		{[]float64{0, 3, 3, 1, 0, 1, 1}, 3, []int{1, 2, 3}, []int{1, 2, 6}},
		{[]float64{0, 3, 3, 1, 0, 1, 0}, 5, []int{1}, []int{5}},
		{[]float64{0, 3, 0, 1, 0, 0, 0}, 5, []int{1}, []int{3}},
		{[]float64{0, 0, 0, 0, 0, 0, 0}, 5, nil, nil},
		{[]float64{5, 5, 0, 5, 0, 0, 4}, 5, []int{0, 1, 3}, []int{0, 1, 6}},
		{[]float64{2, 0, 2, 0, 0, 2, 0}, 1, []int{0, 2, 5}, []int{0, 2, 5}},
	} {
		if got := MergeBins(c, tt.events, tt.least); !slices.Equal(got.First, tt.first) || !slices.Equal(got.Last, tt.last) {
			t.Errorf("merge %v by %v: %v to %v, want %v to %v", tt.events, tt.least, got.First, got.Last, tt.first, tt.last)
		}
	}
}

func TestSpan(t *testing.T) {
	b := Bins{Clock: Clock{Width: 1, Max: 20}, First: []int{3, 8, 12}, Last: []int{5, 8, 15}}
	for _, tt := range []struct {
		start, stop float64
		enter, exit int
	}{
		{math.Inf(-1), 2, -1, -1},
		{math.Inf(-1), 3, -1, 0},
		{0, 7, -1, 0},
		{4, 8, -1, 1},
		{5, 8, 0, 1},
		{5, 7, 0, 0}, // between two bins: at risk at no event
		{9, 11, 1, 1},
		{11, 13, 1, 2},
		{15, 20, 2, 2},
	} {
		if enter, exit := b.Span(tt.start, tt.stop); enter != tt.enter || exit != tt.exit {
			t.Errorf("(%v, %v] enters %d and leaves %d, want %d and %d", tt.start, tt.stop, enter, exit, tt.enter, tt.exit)
		}
	}
}

func TestClock(t *testing.T) {
	c := Clock{Width: 0.1, Max: 2}
	for k := range c.Points() {
		x := float64(k) / 10
		if c.Exit(x) != k || c.Entry(x) != k {
			t.Errorf("time %v is point %d (exit), %d (entry), want %d", x, c.Exit(x), c.Entry(x), k)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		c := Clock{Width: rapid.Float64Range(0.01, 30).Draw(t, "width"), Max: 1000}
		start := rapid.Float64Range(0, 900).Draw(t, "start")
		stop := start + rapid.Float64Range(0.001, 90).Draw(t, "length")
		if c.Entry(start) >= c.Exit(stop) {
			t.Fatalf("someone at risk over (%v, %v] is never at risk on a grid of %v", start, stop, c.Width)
		}
	})
}

func search(t *testing.T, ps []Person, p int) (Search, error) {
	t.Helper()
	s, st := NewSearch(p), NewStratum(ps)
	for range 200 {
		done, err := s.Take(st.Evaluate(s.Beta, true), 1e-11)
		if done || err != nil {
			return s, err
		}
	}
	t.Fatal("the search has not ended after 200 evaluations")
	return s, nil
}

func TestSearchFindsTheMaximum(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	for range 10 {
		s, err := search(t, people(r, 200, 3, true), 3)
		if err != nil {
			t.Fatal(err)
		}
		for j, u := range s.At.Score {
			if math.Abs(u) > 1e-8 {
				t.Errorf("score %d at the maximum is %g", j, u)
			}
		}
		if slices.Contains(s.Endless, true) || slices.Contains(s.Aliased, true) {
			t.Errorf("endless %v, aliased %v on ordinary data", s.Endless, s.Aliased)
		}
	}
}

func TestSearchSeesMonotoneLikelihood(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 11))
	ps := people(r, 100, 2, false)
	for i := range ps { // all events in one group
		ps[i].X[1] = float64(i % 2)
		ps[i].Event = ps[i].Event && i%2 == 1
	}
	s, err := search(t, ps, 2)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.Endless, []bool{false, true}) || s.Beta[1] < 5 {
		t.Errorf("endless %v at %v, want the second coefficient to grow without end", s.Endless, s.Beta)
	}
}

func TestSearchLeavesOutAliasedColumns(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 13))
	ps := people(r, 100, 4, false)
	for i := range ps {
		ps[i].X[1] = 0.25 // constant
		ps[i].X[3] = ps[i].X[0]/2 + ps[i].X[2]/4
	}
	s, err := search(t, ps, 4)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.Aliased, []bool{false, true, false, true}) || s.Free() != 2 {
		t.Errorf("aliased %v, want columns 2 and 4", s.Aliased)
	}
}
