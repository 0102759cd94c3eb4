package account

import (
	"maps"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/dp"
)

// The kinds that there are, one event of each.
func kinds() []dp.Event {
	return []dp.Event{
		{Kind: dp.Gaussian, Noise: 3},
		{Kind: dp.Laplace, Noise: 3},
		{Kind: dp.DiscreteLaplace, Noise: 3},
		{Kind: dp.DiscreteGaussian, Noise: 3},
		{Kind: dp.SampledGaussian, Noise: 1, Rate: 0.1},
		{Kind: dp.SampledLaplace, Noise: 1, Rate: 0.1},
		{Kind: dp.Tree, Noise: 8, Steps: 100},
	}
}

func TestUnknownAndMalformedEventsAreRefused(t *testing.T) {
	bad := []dp.Event{
		{Kind: "skellam", Noise: 1}, {Noise: 1}, {Kind: dp.Laplace}, {Kind: dp.Laplace, Noise: -1}, {Kind: dp.Gaussian, Noise: math.NaN()},
		{Kind: dp.Gaussian, Noise: math.Inf(1)}, {Kind: dp.Gaussian, Noise: 1, Count: -1}, {Kind: dp.Gaussian, Noise: 1, Rate: 0.5},
		{Kind: dp.SampledGaussian, Noise: 1}, {Kind: dp.SampledGaussian, Noise: 1, Rate: 1.5}, {Kind: dp.Tree, Noise: 1}, {Kind: dp.Tree, Noise: 1, Steps: -3},
	}
	for _, e := range bad {
		events := []dp.Event{{Kind: dp.Laplace, Noise: 5}, e}
		for _, a := range All() {
			if _, err := a.Epsilon(events, 1e-6); err == nil {
				t.Errorf("%s: took %+v", a.Name(), e)
			}
			if _, err := a.Delta(events, 1); err == nil {
				t.Errorf("%s: took %+v", a.Name(), e)
			}
		}
		if _, err := RhoOf(events); err == nil {
			t.Errorf("rho: took %+v", e)
		}
	}
	for _, a := range All() {
		for _, x := range []float64{-1, 1, math.NaN()} {
			if _, err := a.Epsilon(nil, x); err == nil {
				t.Errorf("%s: took delta %v", a.Name(), x)
			}
		}
		for _, x := range []float64{-1, math.NaN(), math.Inf(1)} {
			if _, err := a.Delta(nil, x); err == nil {
				t.Errorf("%s: took epsilon %v", a.Name(), x)
			}
		}
	}
}

func TestNothingCostsNothing(t *testing.T) {
	for _, a := range All() {
		if e, d := epsilon(t, a, 1e-6), deltaOf(t, a, 0); e != 0 || d != 0 {
			t.Errorf("%s: no events cost (%v, %v)", a.Name(), e, d)
		}
	}
}

// PLD is the tightest, and at delta 0 only pure mechanisms are finite.
func TestAccountantsInOrder(t *testing.T) {
	for _, e := range kinds() {
		e.Count = 10
		tight := epsilon(t, PLD(), 1e-6, e)
		for _, a := range All() {
			if got := epsilon(t, a, 1e-6, e); !(tight > 0) || tight > got*(1+1e-9) {
				t.Errorf("%s: %s says %v, pld %v", e.Kind, a.Name(), got, tight)
			}
		}
		pureKind := e.Kind == dp.Laplace || e.Kind == dp.DiscreteLaplace || e.Kind == dp.SampledLaplace
		for _, a := range []Accountant{Basic(), RDP(), PLD()} {
			if got := epsilon(t, a, 0, e); math.IsInf(got, 1) == pureKind {
				t.Errorf("%s: epsilon at delta 0 of %s: %v", a.Name(), e.Kind, got)
			}
		}
	}
}

// The numerical composition against closed forms: Gaussian noise as sampled with
// rate 1, and randomised response by the binomial distribution.
func TestPLDAgainstClosedForms(t *testing.T) {
	ordinary(t)
	for _, noise := range []float64{0.5, 1e4} {
		for _, n := range []int{1, 7, 300} {
			rough := 1e-4 * math.Sqrt(float64(n)) / noise // of the spread of the loss
			e := dp.Event{Kind: dp.SampledGaussian, Noise: noise, Rate: 1, Count: n}
			for _, delta := range []float64{0.1, 1e-6, 1e-12, 1e-40} {
				want := epsilon(t, PLD(), delta, gaussian(noise, n))
				got := epsilon(t, PLD(), delta, e)
				if got < want*(1-1e-9) || got > want*1.0005+rough {
					t.Errorf("%d x sigma %v: epsilon(%v) = %v, closed form %v", n, noise, delta, got, want)
				}
				if want == 0 {
					continue
				}
				exact := deltaOf(t, PLD(), want, gaussian(noise, n))
				if d := deltaOf(t, PLD(), want, e); d < exact*(1-1e-9) || d > exact*1.1 {
					t.Errorf("%d x sigma %v: delta(%v) = %v, closed form %v", n, noise, want, d, exact)
				}
			}
		}
	}
	for _, eps := range []float64{0.01, 0.5, 20} {
		for _, n := range []int{1, 3, 200} {
			e := dp.Event{Kind: dp.DiscreteLaplace, Noise: 1 / eps, Count: n}
			for _, part := range []float64{0, 0.1, 0.5, 0.9, 0.99} {
				at := part * eps * float64(n)
				want := responses(eps, n, at)
				if d := deltaOf(t, PLD(), at, e); d < want*(1-1e-9) || d > want*1.02+1e-15 {
					t.Errorf("%d x response %v: delta(%v) = %v, binomial %v", n, eps, at, d, want)
				}
			}
		}
	}
}

// responses is the delta at epsilon of n randomised responses (Kairouz, Oh and
// Viswanath 2015, Theorem 3.3).
func responses(eps float64, n int, epsilon float64) float64 {
	sum := 0.0
	p, q := -math.Log1p(math.Exp(-eps)), -eps-math.Log1p(math.Exp(-eps))
	for k := 0; k <= n; k++ { // k of n with the loss eps
		if loss := eps * float64(2*k-n); loss > epsilon {
			sum += math.Exp(logChoose(float64(n), float64(k))+float64(k)*p+float64(n-k)*q) * -math.Expm1(epsilon-loss)
		}
	}
	return sum
}

// One use of a sampled mechanism: the hockey-stick divergence by integration.
func TestPLDAgainstQuadrature(t *testing.T) {
	for _, q := range []float64{0.001, 0.1, 0.9} {
		for _, noise := range []float64{0.5, 1, 4} {
			base := map[dp.Kind]func(x float64) float64{
				dp.SampledGaussian: func(x float64) float64 { return density(x/noise) / noise },
				dp.SampledLaplace:  func(x float64) float64 { return math.Exp(-math.Abs(x)/noise) / (2 * noise) },
			}
			for kind, f := range base {
				for _, eps := range []float64{0, 0.01, 0.1, 0.5} {
					removed, added := 0.0, 0.0
					const h = 1.0 / 1024 // the kinks at 0 and 1 are ends of cells
					for x := -math.Ceil(30 * noise); x < 30*noise+1; x += h {
						without := f(x + h/2)
						with := (1-q)*without + q*f(x+h/2-1)
						removed += h * max(0, with-math.Exp(eps)*without)
						added += h * max(0, without-math.Exp(eps)*with)
					}
					want := max(removed, added)
					got := deltaOf(t, PLD(), eps, dp.Event{Kind: kind, Noise: noise, Rate: q})
					if got < want*(1-1e-4)-1e-12 || got > want*(1+5e-3)+1e-9 {
						t.Errorf("%s %v rate %v: delta(%v) = %v, by integration %v", kind, noise, q, eps, got, want)
					}
				}
			}
		}
	}
}

// Divergences by integration of the definition, against the formulas.
func TestRenyiAgainstQuadrature(t *testing.T) {
	ordinary(t)
	for _, q := range []float64{0.001, 0.1, 0.9} {
		for _, noise := range []float64{0.6, 4} {
			for _, alpha := range []float64{1.1, 1.5, 2, 3.2, 20} {
				gauss := func(x float64) float64 { return density(x/noise) / noise }
				laplace := func(x float64) float64 { return math.Exp(-math.Abs(x)/noise) / (2 * noise) }
				for kind, f := range map[dp.Kind]func(float64) float64{dp.SampledGaussian: gauss, dp.SampledLaplace: laplace} {
					if kind == dp.SampledGaussian && alpha*(alpha-1)/(2*noise*noise) > 300 {
						continue // beyond the sum's numbers
					}
					sum, total := 0.0, 0.0
					const h = 1.0 / 1024
					for x := -math.Ceil(40 * noise); x < 40*noise+alpha; x += h {
						if a := f(x + h/2); a > 0 {
							total += a
							if l := alpha * math.Log1p(q*(f(x+h/2-1)/a-1)); l < 600 {
								sum += a * math.Expm1(l)
							} else {
								sum += math.Exp(math.Log(a) + l)
							}
						}
					}
					want := math.Log1p(sum/total) / (alpha - 1)
					got := renyiOnce(dp.Event{Kind: kind, Noise: noise, Rate: q}, alpha)
					exact := kind == dp.SampledGaussian || alpha == math.Floor(alpha)
					if got < want*(1-1e-5)-1e-9 || exact && got > want*(1+1e-5)+1e-9 {
						t.Errorf("%s %v rate %v: D_%v = %v, by integration %v", kind, noise, q, alpha, got, want)
					}
				}
			}
		}
	}
}

// Rho is never below the largest D_alpha/alpha, and for Laplace kinds just above.
func TestRhoIsTheSteepestDivergence(t *testing.T) {
	for _, noise := range []float64{0.02, 0.1, 0.5, 1, 3, 20, 300} {
		for _, e := range kinds() {
			e.Noise = noise
			rho, err := Rho(e)
			if err != nil {
				t.Fatal(err)
			}
			largest := 0.0
			for u := -8.0; u < 8; u += 0.1 {
				alpha := 1 + math.Exp(u)
				if e.Rate > 0 {
					if alpha = math.Ceil(alpha); alpha > 500 {
						break
					}
				}
				largest = max(largest, renyiOnce(e, alpha)/alpha)
			}
			if rho < largest*(1-1e-9) {
				t.Errorf("%s %v: rho %v is below D_alpha/alpha %v", e.Kind, noise, rho, largest)
			}
			if tight := e.Kind == dp.Laplace || e.Kind == dp.DiscreteLaplace; tight && rho > largest*1.001 {
				t.Errorf("%s %v: rho %v is well above D_alpha/alpha %v", e.Kind, noise, rho, largest)
			}
		}
	}
}

func TestRhoConvertsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rho := math.Exp(rapid.Float64Range(-12, 4).Draw(t, "log rho"))
		delta := math.Exp(rapid.Float64Range(-60, -0.1).Draw(t, "log delta"))
		e := EpsilonOfRho(rho, delta)
		if sigma := math.Sqrt(1 / (2 * rho)); e < gaussianEpsilon(sigma, delta)*(1-1e-9) {
			t.Fatalf("epsilon %v of rho %v at %v is below that of the Gaussian", e, rho, delta)
		}
		if e == 0 {
			return
		}
		if back := RhoFor(e, delta); math.Abs(back/rho-1) > 1e-6 || EpsilonOfRho(back, delta) > e {
			t.Fatalf("rho %v costs %v at %v, which affords %v", rho, e, delta, back)
		}
		if d := DeltaOfRho(rho, e); math.Abs(d/delta-1) > 1e-4 {
			t.Fatalf("delta of rho %v at %v: %v, not %v", rho, e, d, delta)
		}
	})
}

// An event of a random kind; costs of the usual size.
func drawEvent(t *rapid.T, label string) dp.Event {
	e := rapid.SampledFrom(kinds()).Draw(t, label)
	e.Noise = math.Exp(rapid.Float64Range(-1, 5).Draw(t, "log noise"))
	e.Count = rapid.IntRange(0, 30).Draw(t, "count")
	if e.Rate > 0 {
		e.Rate = math.Exp(rapid.Float64Range(-7, 0).Draw(t, "log rate"))
	}
	return e
}

// More noise costs less, more uses cost more, a larger delta less; order and
// grouping do not matter; delta inverts epsilon.
func TestCostsAreMonotone(t *testing.T) {
	ordinary(t)
	const ease, bit = 1 + 2e-3, 1e-6 // the grid changes with what it composes
	properties := map[string]func(t *rapid.T, a Accountant, events []dp.Event, delta, e float64) bool{
		"order": func(t *rapid.T, a Accountant, events []dp.Event, delta, e float64) bool {
			slices.Reverse(events)
			return epsilon(t, a, delta, events...) == e
		},
		"one by one": func(t *rapid.T, a Accountant, events []dp.Event, delta, e float64) bool {
			return math.Abs(epsilon(t, a, delta, apart(events)...)-e) <= 1e-9*e
		},
		"more noise": func(t *rapid.T, a Accountant, events []dp.Event, delta, e float64) bool {
			events[0].Noise *= 1.1
			return epsilon(t, a, delta, events...) <= e*ease+bit
		},
		"one more use": func(t *rapid.T, a Accountant, events []dp.Event, delta, e float64) bool {
			events[0].Count = events[0].Times() + 1
			return epsilon(t, a, delta, events...)*ease+bit >= e
		},
		"larger delta": func(t *rapid.T, a Accountant, events []dp.Event, delta, e float64) bool {
			return epsilon(t, a, 2*delta, events...) <= e*ease+bit
		},
		"back to delta": func(t *rapid.T, a Accountant, events []dp.Event, delta, e float64) bool {
			return e == 0 || deltaOf(t, a, e, events...) <= delta*1.02
		},
	}
	names := slices.Sorted(maps.Keys(properties))
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) dp.Event { return drawEvent(t, "event") }), 1, 4).Draw(t, "events")
		delta := math.Exp(rapid.Float64Range(-30, -7).Draw(t, "log delta")) // above, windows can be loose, never short
		a, name := rapid.SampledFrom(All()).Draw(t, "accountant"), rapid.SampledFrom(names).Draw(t, "property")
		e := epsilon(t, a, delta, events...)
		if !properties[name](t, a, events, delta, e) {
			t.Fatalf("%s, epsilon(%v) = %v: %s fails, of %+v", a.Name(), delta, e, name, events)
		}
	})
}

// apart has no counts.
func apart(events []dp.Event) []dp.Event {
	var out []dp.Event
	for _, e := range events {
		n := e.Times()
		e.Count = 1
		out = append(out, slices.Repeat([]dp.Event{e}, n)...)
	}
	return out
}

// A composition costs at least what its parts do, and at most their sum.
func TestPLDOfMixtures(t *testing.T) {
	ordinary(t)
	rapid.Check(t, func(t *rapid.T) {
		x, y := drawEvent(t, "one"), drawEvent(t, "other")
		both := epsilon(t, PLD(), 2e-6, x, y)
		ex, ey := epsilon(t, PLD(), 1e-6, x), epsilon(t, PLD(), 1e-6, y)
		if both > (ex+ey)*1.002+1e-9 {
			t.Fatalf("%+v and %+v: %v together at 2e-6, %v and %v alone at 1e-6", x, y, both, ex, ey)
		}
		if alone := epsilon(t, PLD(), 2e-6, x); both*1.002+1e-9 < alone {
			t.Fatalf("%+v and %+v: %v together, one alone %v", x, y, both, alone)
		}
	})
}

// Extreme parameters: an answer, which is no less than that of one use, and of what
// is known to cost less. Nothing here may hang.
func TestExtremes(t *testing.T) {
	ordinary(t)
	for _, e := range kinds() {
		for noise, count := range map[float64]int{1e-6: 10, 1e-3: 1e6, 1: 1000, 1e6: 1e6, 1e12: 10} {
			for _, delta := range []float64{1e-12, 0.1} {
				e.Noise, e.Count = noise, count
				one := e
				one.Count = 1
				got := epsilon(t, PLD(), delta, e)
				if less := epsilon(t, PLD(), delta, one); math.IsNaN(got) || got < less*0.999-1e-12 {
					t.Errorf("%+v: epsilon(%v) = %v, of one use %v", e, delta, got, less)
				}
				if e.Kind == dp.DiscreteGaussian && noise >= 1e3 {
					if want := epsilon(t, PLD(), delta, gaussian(noise, count)); got < want*(1-1e-4) {
						t.Errorf("%+v: epsilon(%v) = %v, of a Gaussian %v", e, delta, got, want)
					}
				}
				if e.Kind == dp.Laplace && noise >= 1e3 {
					// Many small losses are nearly normal: those of scale b have the
					// variance 1/b^2 that Gaussian noise of deviation b has.
					if want := epsilon(t, PLD(), delta, gaussian(noise*math.Sqrt2, count)); got < want*(1-1e-4) {
						t.Errorf("%+v: epsilon(%v) = %v, of more noise %v", e, delta, got, want)
					}
				}
			}
		}
	}
}

func TestCalibrate(t *testing.T) {
	ordinary(t)
	sgd := func(noise float64) []dp.Event {
		return []dp.Event{{Kind: dp.SampledGaussian, Noise: noise, Rate: 0.01, Count: 1000}, gaussian(4*noise, 1)}
	}
	for _, a := range All() {
		noise, err := Calibrate(a, 2, 1e-6, sgd)
		if err != nil {
			t.Fatal(err)
		}
		if e := epsilon(t, a, 1e-6, sgd(noise)...); e > 2 {
			t.Errorf("%s: noise %v costs %v, more than 2", a.Name(), noise, e)
		}
		if e := epsilon(t, a, 1e-6, sgd(noise*0.999)...); e <= 2 {
			t.Errorf("%s: noise %v is more than is needed", a.Name(), noise)
		}
	}
	for eps, delta := range map[float64]float64{0.01: 1e-9, 1: 1e-6, 30: 1e-5} {
		got, err := Calibrate(PLD(), eps, delta, func(n float64) []dp.Event { return []dp.Event{gaussian(n, 1)} })
		want, _ := GaussianNoise(eps, delta)
		if err != nil || got < want*(1-1e-9) || got > want*(1+2e-6) {
			t.Errorf("noise for (%v, %v): %v, %v; analytic %v", eps, delta, got, err, want)
		}
	}
	if n, err := Calibrate(Basic(), 0.5, 0, func(n float64) []dp.Event { return []dp.Event{{Kind: dp.Laplace, Noise: n, Count: 3}} }); err != nil || math.Abs(n-6) > 1e-5 {
		t.Errorf("three Laplace uses with epsilon 0.5: noise %v, %v; want 6", n, err)
	}
	for _, c := range []struct{ eps, delta float64 }{{0, 1e-6}, {-1, 1e-6}, {math.Inf(1), 1e-6}, {1, 1}, {1, -1}, {1, 0}} {
		if _, err := Calibrate(PLD(), c.eps, c.delta, func(n float64) []dp.Event { return []dp.Event{gaussian(n, 1)} }); err == nil {
			t.Errorf("calibrated Gaussian noise for (%v, %v)", c.eps, c.delta)
		}
	}
}

func TestCeil(t *testing.T) {
	for x, want := range map[float64]float64{0: 0, 1: 1, 1.5: 1.5, 0.1234561: 0.123457, 123456.2: 123457, 9.9999991: 10, 3e-310: 3e-310} {
		if got := Ceil(x); got != want && !(got >= x*(1-1e-9) && got < want*1.0001) {
			t.Errorf("Ceil(%v) = %v, want %v", x, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		x := math.Exp(rapid.Float64Range(-600, 600).Draw(t, "log"))
		if y := Ceil(x); y < x*(1-1e-9) || y > x*(1+1.01e-5) || Ceil(y) != y {
			t.Fatalf("Ceil(%v) = %v", x, y)
		}
	})
}

// ordinary skips a test of numbers alone in short tests, which look for races.
func ordinary(t *testing.T) {
	if testing.Short() {
		t.Skip("numbers only: left to the ordinary tests")
	}
}
