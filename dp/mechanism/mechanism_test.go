package mechanism

import (
	"crypto/aes"
	"crypto/cipher"
	"io"
	"math"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/dp"
	"hmsp.center/hmsp/dp/account"
	"hmsp.center/hmsp/dp/noise"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// fake is a private run whose queries and contributions a test chooses.
type fake struct {
	queries []analysis.Query
	person  func(row int, add func(int, float64))
	next    func(sum, sd []float64) (*analysis.Result, error)
}

func (f fake) Queries() []analysis.Query { return f.queries }

func (f fake) Person(table.Table, analysis.State) (func(int, func(int, float64)), error) {
	return f.person, nil
}

func (f fake) Next(sum, sd []float64, s analysis.State) (analysis.State, *analysis.Result, error) {
	if f.next == nil {
		return s, nil, nil
	}
	r, err := f.next(sum, sd)
	return nil, r, err
}

func (f fake) Expect(sd [][]float64, people int) []analysis.Expectation { return nil }

func counts(n int) analysis.Block {
	return analysis.Block{Len: n, L1: 1, L2: 1, Support: 1, Integer: true, Share: 1}
}

func sums(n int, share float64) analysis.Block {
	return analysis.Block{Len: n, L1: math.Sqrt(float64(n)), L2: 1, Share: share}
}

func run(blocks ...[]analysis.Block) fake {
	var f fake
	for _, b := range blocks {
		f.queries = append(f.queries, analysis.Query{Columns: []string{"x"}, Blocks: b, Opens: "sums"})
	}
	return f
}

// source is a deterministic source of random bits.
func source(seed byte) *noise.Source {
	block, err := aes.NewCipher(append(make([]byte, 15), seed))
	if err != nil {
		panic(err)
	}
	return noise.NewSource(cipher.StreamReader{S: cipher.NewCTR(block, make([]byte, 16)), R: zeros{}})
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

var _ io.Reader = zeros{}

func rowsOf(t testing.TB, n int) table.Table {
	x, err := table.New(table.Schema{{Name: "x", Kind: table.Number, Max: 1}}, []table.Column{{Numbers: make([]float64, n)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// What the accountants make of all events is never more than the study asked for.
func TestTheBudgetOfAStudyIsNeverExceeded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := Budget{Epsilon: rapid.Float64Range(0.05, 12).Draw(t, "epsilon"), Delta: rapid.SampledFrom([]float64{0, 1e-9, 1e-6, 1e-4}).Draw(t, "delta")}
		honest := rapid.IntRange(1, 12).Draw(t, "honest")
		menu := []fake{
			run([]analysis.Block{counts(20)}),
			run([]analysis.Block{sums(5, 0.5), {Len: 64, L1: 1, L2: 1, Support: 1, Integer: true, Share: 0.5}}),
			run([]analysis.Block{sums(9, 0.25)}, []analysis.Block{sums(9, 0.25)}, []analysis.Block{sums(9, 0.5)}),
		}
		var runs []analysis.PrivateRun
		for range rapid.IntRange(1, 4).Draw(t, "runs") {
			runs = append(runs, rapid.SampledFrom(menu).Draw(t, "run"))
		}
		programs, err := Divide(b, honest, honest+2, runs...)
		if err != nil {
			t.Fatal(err)
		}
		var events []dp.Event
		for _, p := range programs {
			for _, es := range p.Events() {
				events = append(events, es...)
			}
		}
		if b.Delta == 0 {
			pure := 0.0
			for _, e := range events {
				if e.Kind != dp.DiscreteLaplace {
					t.Fatalf("%s in a study of pure privacy", e.Kind)
				}
				pure += 1 / e.Noise
			}
			if pure > b.Epsilon*(1+1e-9) {
				t.Fatalf("pure epsilon %v of %v", pure, b.Epsilon)
			}
			return
		}
		best := math.Inf(1) // each is an upper bound
		for _, a := range account.All() {
			got, err := a.Epsilon(events, b.Delta)
			if err != nil {
				t.Fatal(err)
			}
			best = min(best, got)
		}
		if best > b.Epsilon*(1+1e-6) {
			t.Fatalf("epsilon(%v) = %v: asked for %v with %v", b.Delta, best, b.Epsilon, events)
		}
	})
}

// Any h contributors' noise has the variance that the event claims, in units of
// the sensitivity on the grid.
func TestNoiseOfTheHonestIsWhatTheEventSays(t *testing.T) {
	for _, b := range []Budget{{Epsilon: 1, Delta: 1e-6}, {Epsilon: 8, Delta: 1e-6}, {Epsilon: 0.1}, {Epsilon: 1}, {Epsilon: 20}, {1, 1e-6, dp.Gaussian}, {1, 1e-6, dp.Laplace}} {
		for _, honest := range []int{1, 5} {
			if _, err := Divide(b, honest, honest+1, run([]analysis.Block{counts(4), {Len: 3, L1: 2, L2: 1.5, Share: 0.001}})); err == nil {
				t.Fatal("shares above 1 were taken")
			}
			c := counts(4)
			c.Share = 0.6
			ps, err := Divide(b, honest, honest+1, run([]analysis.Block{c, sums(3, 0.4)}))
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range ps[0].rounds[0].parts {
				norm := sensitivity(k.L2, math.Sqrt(float64(k.Touches()))/2, k.Block, k.frac)
				if k.event.Kind == dp.DiscreteLaplace {
					norm = sensitivity(k.L1, float64(k.Touches())/2, k.Block, k.frac)
				}
				sd := math.Sqrt(k.noise.Variance() * float64(honest))
				want := k.event.Noise * norm * allowance // of a Gaussian
				if k.event.Kind == dp.DiscreteLaplace {
					q := math.Exp(-1 / (k.event.Noise * norm))
					want = math.Sqrt(2*q) / (1 - q)
				}
				if k.event.Kind == dp.Gaussian && sd < leastDeviation {
					t.Errorf("budget %v, %d honest: noise of %v steps", b, honest, sd)
				}
				if math.Abs(sd/want-1) > 1e-6 {
					t.Errorf("budget %v, %d honest: %s has sd %v, the event says %v", b, honest, k.event.Kind, sd, want)
				}
			}
		}
	}
}

// The clipper keeps every patient within the declared norms, whatever it adds.
func TestClippingBoundsEveryPatient(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "coordinates")
		b := analysis.Block{Len: n, L1: rapid.Float64Range(0.5, 3).Draw(t, "L1"), Integer: rapid.Bool().Draw(t, "integer"), Share: 1}
		b.L2 = b.L1 * rapid.Float64Range(0.3, 1).Draw(t, "L2/L1")
		if b.Integer {
			b.L1, b.L2 = math.Ceil(b.L1), math.Ceil(b.L1)
		}
		f := run([]analysis.Block{b})
		x := make([]float64, n)
		for i := range x {
			x[i] = rapid.Float64Range(-50, 50).Draw(t, "x")
			if b.Integer {
				x[i] = math.Trunc(x[i])
			}
		}
		f.person = func(_ int, add func(int, float64)) {
			for i, y := range x {
				add(i, y/2)
				add(i, y/2)
			}
		}
		ps, err := Divide(Budget{Epsilon: 1, Delta: 1e-6}, 2, 3, f)
		if err != nil {
			t.Fatal(err)
		}
		k := ps[0].rounds[0].parts[0]
		state, _ := ps[0].Start(analysis.State("{}"))
		bounds, _ := ps[0].Bounds(state)
		grid, err := bounds.Grid(1000, 3)
		if err != nil {
			t.Fatal(err)
		}
		v := fixed.NewVector(grid)
		one, _ := table.New(table.Schema{{Name: "x", Kind: table.Number, Max: 1}}, []table.Column{{Numbers: []float64{0}}}, nil)
		if err := ps[0].Local(one, state, v); err != nil || v.Err() != nil {
			t.Fatal(err, v.Err())
		}
		l1, l2 := 0.0, 0.0
		for _, w := range v.Words {
			y := float64(int64(w))
			l1, l2 = l1+math.Abs(y), l2+y*y
		}
		if most := sensitivity(b.L1, float64(b.Touches())/2, b, k.frac); l1 > most*(1+1e-12) {
			t.Fatalf("a patient adds %v steps, at most %v", l1, most)
		}
		if most := sensitivity(b.L2, math.Sqrt(float64(b.Touches()))/2, b, k.frac); math.Sqrt(l2) > most*(1+1e-12) {
			t.Fatalf("a patient adds a vector of length %v steps, at most %v", math.Sqrt(l2), most)
		}
	})
}

func TestAPrivateRunThatBreaksItsDeclarationIsStopped(t *testing.T) {
	for name, person := range map[string]func(int, func(int, float64)){
		"beyond the vector": func(_ int, add func(int, float64)) { add(9, 1) },
		"before the vector": func(_ int, add func(int, float64)) { add(-1, 1) },
		"no number":         func(_ int, add func(int, float64)) { add(0, math.NaN()) },
		"two cells":         func(_ int, add func(int, float64)) { add(0, 1); add(1, 1) },
		"a part of a count": func(_ int, add func(int, float64)) { add(0, 0.5) },
	} {
		f := run([]analysis.Block{counts(4)})
		f.person = person
		ps, err := Divide(Budget{Epsilon: 1, Delta: 0}, 2, 3, f)
		if err != nil {
			t.Fatal(err)
		}
		state, _ := ps[0].Start(analysis.State("{}"))
		bounds, _ := ps[0].Bounds(state)
		grid, _ := bounds.Grid(10, 3)
		if err := ps[0].Local(rowsOf(t, 1), state, fixed.NewVector(grid)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// Noise is named by its source: the same stream gives the same words, another
// stream others; and a study has no more rounds than it paid for.
func TestNoiseFollowsItsSourceAndRoundsEnd(t *testing.T) {
	f := run([]analysis.Block{sums(50, 1)})
	ps, err := Divide(Budget{Epsilon: 1, Delta: 1e-6}, 5, 6, f)
	if err != nil {
		t.Fatal(err)
	}
	state, _ := ps[0].Start(analysis.State("{}"))
	draw := func(seed byte) []uint64 {
		w := make([]uint64, 50)
		if err := ps[0].Noise(state, w, source(seed)); err != nil {
			t.Fatal(err)
		}
		return w
	}
	a, b, c := draw(1), draw(1), draw(2)
	same := 0
	for i := range a {
		if a[i] != b[i] {
			t.Fatal("one stream, two draws")
		}
		if a[i] == c[i] {
			same++
		}
	}
	if same > 25 {
		t.Errorf("%d of 50 draws of two streams agree", same)
	}
	if err := ps[0].Noise(state, make([]uint64, 49), source(1)); err == nil {
		t.Error("noise for a vector of another length")
	}
	next, _, err := ps[0].Next(make([]float64, 50), state)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ps[0].Bounds(next); err == nil {
		t.Error("a second round of a run that paid for one")
	}
}

func TestDivideRefuses(t *testing.T) {
	good := run([]analysis.Block{counts(3)})
	for name, c := range map[string]struct {
		b      Budget
		honest int
		run    fake
	}{
		"no epsilon":       {Budget{Epsilon: 0, Delta: 1e-6}, 3, good},
		"epsilon not real": {Budget{Epsilon: math.NaN(), Delta: 1e-6}, 3, good},
		"delta too large":  {Budget{Epsilon: 1, Delta: 0.5}, 3, good},
		"nobody honest":    {Budget{Epsilon: 1, Delta: 1e-6}, 0, good},
		"unknown noise":    {Budget{1, 1e-6, "pink"}, 3, good},
		"pure Gaussian":    {Budget{1, 0, dp.Gaussian}, 3, good},
		"no round":         {Budget{Epsilon: 1, Delta: 1e-6}, 3, run()},
		"no block":         {Budget{Epsilon: 1, Delta: 1e-6}, 3, run(nil)},
		"unbounded":        {Budget{Epsilon: 1, Delta: 1e-6}, 3, run([]analysis.Block{{Len: 2, L1: math.Inf(1), L2: 1, Share: 1}})},
		"spends twice":     {Budget{Epsilon: 1, Delta: 1e-6}, 3, run([]analysis.Block{sums(2, 0.7), sums(2, 0.7)})},
		"norms that clash": {Budget{Epsilon: 1, Delta: 1e-6}, 3, run([]analysis.Block{{Len: 2, L1: 1, L2: 2, Share: 1}})},
	} {
		if _, err := Divide(c.b, c.honest, 6, c.run); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
