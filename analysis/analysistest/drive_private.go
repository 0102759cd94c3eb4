package analysistest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/table"
)

// privateStep is the grid on which a driven private run adds rows, so that the
// order of the rows and their split over sites do not matter.
const privateStep = 0x1p-32

// A PrivateRound is what one round of a driven private run opened.
type PrivateRound struct {
	State analysis.State
	Query analysis.Query
	Sum   []float64 // without noise
	SD    []float64 // standard deviation of each coordinate's noise
}

// Gaussian draws normal noise from a fixed seed.
func Gaussian(seed uint64) func(sd float64) float64 {
	r := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
	return func(sd float64) float64 { return sd * r.NormFloat64() }
}

// Quiet adds no noise.
func Quiet(float64) float64 { return 0 }

// DrivePrivate runs the private form of the analysis over the sites as the
// mechanism would: per block the standard deviation of the noise is that of a
// Gaussian mechanism with the block's share of rho (zCDP), L2/sqrt(2 rho share);
// noise draws it, coordinate by coordinate. It fails the test on any error, on a
// patient beyond the declared norms, whom the mechanism would scale down, and on
// a run that does not end with its last query.
func DrivePrivate(t testing.TB, a analysis.PrivateAnalysis, p analysis.Params, s table.Schema, rho float64, noise func(sd float64) float64, sites ...table.Table) *analysis.Result {
	t.Helper()
	r, _ := PrivateRounds(t, a, p, s, rho, noise, sites...)
	return r
}

// PrivateRounds is DrivePrivate that also returns what each round opened.
func PrivateRounds(t testing.TB, a analysis.PrivateAnalysis, p analysis.Params, s table.Schema, rho float64, noise func(sd float64) float64, sites ...table.Table) (*analysis.Result, []PrivateRound) {
	t.Helper()
	run, state, err := a.StartPrivate(p, s)
	if err != nil {
		t.Fatalf("%s: start private: %v", a.About().Name, err)
	}
	var out []PrivateRound
	for i, q := range run.Queries() {
		r := PrivateRound{State: state, Query: q, SD: deviations(q, rho)}
		r.Sum = openPrivate(t, run, q, state, sites...)
		out = append(out, r)
		noisy := make([]float64, len(r.Sum))
		for k := range noisy {
			noisy[k] = r.Sum[k] + noise(r.SD[k])
		}
		next, res, err := run.Next(noisy, r.SD, state)
		switch {
		case err != nil:
			t.Fatalf("%s: private round %d: next: %v", a.About().Name, i, err)
		case (next == nil) == (res == nil):
			t.Fatalf("%s: private round %d: next gave both or neither of a state and a result", a.About().Name, i)
		case res != nil && i+1 < len(run.Queries()):
			t.Fatalf("%s: a result after %d of %d declared rounds", a.About().Name, i+1, len(run.Queries()))
		case res != nil:
			return res, out
		}
		state = next
	}
	t.Fatalf("%s: no result after the %d declared rounds", a.About().Name, len(out))
	return nil, nil
}

// deviations are those of the noise of each coordinate.
func deviations(q analysis.Query, rho float64) (sd []float64) {
	for _, b := range q.Blocks {
		for range b.Len {
			sd = append(sd, b.L2/math.Sqrt(2*rho*b.Share))
		}
	}
	return sd
}

// openPrivate sums what all rows of the sites add to one round.
func openPrivate(t testing.TB, run analysis.PrivateRun, q analysis.Query, s analysis.State, sites ...table.Table) []float64 {
	t.Helper()
	g := newGauge(q)
	steps := make([]int64, len(g.block))
	for k, site := range sites {
		person, err := run.Person(site, s)
		if err != nil {
			t.Fatalf("site %d: person: %v", k, err)
		}
		for row := range site.Rows() {
			g.measure(row, person)
			if err := g.fault(); err != nil {
				t.Fatalf("site %d, row %d: %v", k, row, err)
			}
			for _, i := range g.touched {
				steps[i] += int64(math.Round(g.value[i] / privateStep))
			}
		}
	}
	out := make([]float64, len(steps))
	for i, n := range steps {
		out[i] = float64(n) * privateStep
	}
	return out
}

// A gauge measures what one patient adds against what the query declares.
type gauge struct {
	query   analysis.Query
	block   []int // of each coordinate
	value   []float64
	seen    []bool
	touched []int
	bad     error
}

func newGauge(q analysis.Query) *gauge {
	g := &gauge{query: q}
	for k, b := range q.Blocks {
		for range b.Len {
			g.block = append(g.block, k)
		}
	}
	g.value, g.seen = make([]float64, len(g.block)), make([]bool, len(g.block))
	return g
}

func (g *gauge) measure(row int, person func(int, func(int, float64))) {
	for _, i := range g.touched {
		g.value[i], g.seen[i] = 0, false
	}
	g.touched, g.bad = g.touched[:0], nil
	person(row, func(i int, x float64) {
		switch {
		case i < 0 || i >= len(g.value):
			g.bad = fmt.Errorf("adds to coordinate %d of %d", i, len(g.value))
			return
		case math.IsNaN(x) || math.IsInf(x, 0):
			g.bad = fmt.Errorf("adds %v to coordinate %d", x, i)
			return
		case !g.seen[i] && x != 0:
			g.seen[i], g.touched = true, append(g.touched, i)
		}
		g.value[i] += x
	})
}

// fault says where the patient measured last goes beyond the declaration.
func (g *gauge) fault() error {
	if g.bad != nil {
		return g.bad
	}
	type size struct {
		l1, l2 float64
		n      int
	}
	sizes := make([]size, len(g.query.Blocks))
	for _, i := range g.touched {
		x, z := g.value[i], &sizes[g.block[i]]
		z.l1, z.l2, z.n = z.l1+math.Abs(x), z.l2+x*x, z.n+1
		if g.query.Blocks[g.block[i]].Integer && x != math.Trunc(x) {
			return fmt.Errorf("adds a fraction to block %d, declared a count", g.block[i])
		}
	}
	const slack = 1 + 1e-9
	for k, b := range g.query.Blocks {
		switch z := sizes[k]; {
		case z.n > b.Touches():
			return fmt.Errorf("touches %d coordinates of block %d, declared at most %d", z.n, k, b.Touches())
		case z.l1 > b.L1*slack:
			return fmt.Errorf("adds an L1 norm of %v to block %d, declared at most %v: it would be scaled down, and the sum biased", z.l1, k, b.L1)
		case math.Sqrt(z.l2) > b.L2*slack:
			return fmt.Errorf("adds an L2 norm of %v to block %d, declared at most %v: it would be scaled down, and the sum biased", math.Sqrt(z.l2), k, b.L2)
		}
	}
	return nil
}
