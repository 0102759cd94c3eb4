package account

import (
	"math"
	"testing"

	"hmsp.center/hmsp/dp"
)

// near allows a thousandth, absolutely or of the golden value where that is larger.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-3*max(1, math.Abs(want))) {
		t.Errorf("%s: %.10g, golden %.10g", what, got, want)
	}
}

// tight is for figures of closed forms, whose golden values have about ten digits.
func tight(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 2e-9*max(1e-3, math.Abs(want))) {
		t.Errorf("%s: %.14g, golden %.14g", what, got, want)
	}
}

func epsilon(t failer, a Accountant, delta float64, events ...dp.Event) float64 {
	t.Helper()
	e, err := a.Epsilon(events, delta)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func deltaOf(t failer, a Accountant, epsilon float64, events ...dp.Event) float64 {
	t.Helper()
	d, err := a.Delta(events, epsilon)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func gaussian(noise float64, count int) dp.Event {
	return dp.Event{Kind: dp.Gaussian, Noise: noise, Count: count}
}

// The golden table of methods B4, in its order: closed forms.
func TestGoldenGaussian(t *testing.T) {
	tight(t, "sigma 1, delta(1)", deltaOf(t, PLD(), 1, gaussian(1, 1)), 0.12693673750664)
	tight(t, "sigma 1, delta(0)", deltaOf(t, PLD(), 0, gaussian(1, 1)), 0.38292492254803)
	for _, c := range []struct {
		noise, delta, epsilon float64
		count                 int
	}{
		{1, 1e-5, 4.377178096, 1}, {2, 1e-6, 2.254084650, 1}, {5, 1e-5, 0.725521751, 1}, {10, 1e-5, 0.340669365, 1},
		{1, 1e-5, 17.85658685, 10},
	} {
		tight(t, "epsilon of Gaussian noise", epsilon(t, PLD(), c.delta, gaussian(c.noise, c.count)), c.epsilon)
	}
	for _, c := range [][3]float64{{1, 1e-5, 3.730631635}, {1, 1e-6, 4.224678889}, {0.5, 1e-6, 8.057618481}, {3, 1e-6, 1.543861418}, {10, 1e-6, 0.541086832}} {
		sigma, err := GaussianNoise(c[0], c[1])
		if err != nil {
			t.Fatal(err)
		}
		tight(t, "analytic sigma", sigma, c[2])
		if d := deltaOf(t, PLD(), c[0], gaussian(sigma, 1)); d > c[1] {
			t.Errorf("noise %v for (%v, %v) is too little: delta %v", sigma, c[0], c[1], d)
		}
	}
}

func TestGoldenZCDP(t *testing.T) {
	for _, c := range [][3]float64{{0.5, 1e-6, 5.221534445}, {0.1, 1e-6, 2.141938928}, {1, 1e-5, 7.077196696}, {0.005, 1e-9, 0.564893284}} {
		tight(t, "epsilon of rho", EpsilonOfRho(c[0], c[1]), c[2])
	}
	for _, c := range [][3]float64{{1, 1e-9, 0.0149730577}, {1, 1e-6, 0.0243559704}, {10, 1e-9, 1.0907857044}} {
		tight(t, "rho for epsilon", RhoFor(c[0], c[1]), c[2])
	}
}

func TestGoldenLaplace(t *testing.T) {
	many := dp.Event{Kind: dp.Laplace, Noise: 3, Count: 40}
	if d := deltaOf(t, PLD(), 10, many); !(d >= 1.785402e-6*(1-1e-6) && d <= 1.785402e-6*1.001) {
		t.Errorf("40 x Laplace: delta(10) %v, golden 1.785402e-6", d)
	}
	if d := deltaOf(t, PLD(), 10, many, gaussian(5, 1)); !(d >= 2.239664e-6*(1-1e-6) && d <= 2.239664e-6*1.001) {
		t.Errorf("40 x Laplace and Gaussian: delta(10) %v, golden 2.239664e-6", d)
	}
	goldenPLD(t, 10.19136885, 1e-6, many)
	goldenPLD(t, 9.98679787, 1e-6, dp.Event{Kind: dp.DiscreteLaplace, Noise: 2, Count: 20})
	goldenPLD(t, 2.27579315, 1e-6, dp.Event{Kind: dp.DiscreteGaussian, Noise: 2})
}

// goldenPLD wants at most a thousandth more than the golden value, and at most 1e-6
// less.
func goldenPLD(t *testing.T, want, delta float64, events ...dp.Event) {
	t.Helper()
	got := epsilon(t, PLD(), delta, events...)
	near(t, "PLD", got, want)
	if got < want-1e-6 {
		t.Errorf("%v: PLD %.10g is below the golden %.10g", events, got, want)
	}
}

// sgd are the rows of DP-SGD. RDP may come out a little lower than the golden values,
// never below PLD's: at fractional orders the reference computes the divergence
// with an excess of up to 1%, against quadrature.
func TestGoldenSampledGaussian(t *testing.T) {
	for _, c := range []struct {
		noise, rate     float64
		count           int
		delta, rdp, pld float64
	}{
		{1.1, 256.0 / 60000, 14062, 1e-5, 2.59655587, 2.38168600},
		{1.0, 256.0 / 60000, 4680, 1e-5, 1.75802564, 1.56713335},
		{1.3, 250.0 / 60000, 3600, 1e-5, 0.94220022, 0.85303002},
		{0.7, 250.0 / 60000, 10800, 1e-5, 6.23425049, 5.56217826},
		{4, 0.01, 10000, 1e-5, 1.03549007, 0.94699930},
		{1, 0.01, 1000, 1e-6, 2.43669380, 2.12452253},
		{0.8, 0.01, 1000, 1e-6, 4.29345675, 3.70618968},
		{1, 0.1, 100, 1e-5, 7.90385022, 7.04660288},
	} {
		e := dp.Event{Kind: dp.SampledGaussian, Noise: c.noise, Rate: c.rate, Count: c.count}
		near(t, "RDP", epsilon(t, RDP(), c.delta, e), c.rdp)
		goldenPLD(t, c.pld, c.delta, e)
	}
}

func TestGoldenTree(t *testing.T) {
	for _, c := range []struct {
		noise   float64
		steps   int
		epsilon float64
	}{{10, 1024, 1.54939715}, {20, 2000, 0.73680921}} {
		e := dp.Event{Kind: dp.Tree, Noise: c.noise, Steps: c.steps}
		near(t, "RDP of a tree", epsilon(t, RDP(), 1e-6, e), c.epsilon)
		if pld := epsilon(t, PLD(), 1e-6, e); pld > c.epsilon {
			t.Errorf("PLD of a tree %v is more than RDP", pld)
		}
	}
	if rho, err := Rho(dp.Event{Kind: dp.Tree, Noise: 10, Steps: 1024}); err != nil || math.Abs(rho-0.055) > 1e-12 {
		t.Errorf("rho of the tree %v, %v: methods B7 has 0.055", rho, err)
	}
}

// Canonne, Kamath and Steinke 2020, Theorem 7, of discrete Gaussian noise (methods B1),
// and summed here.
func TestDiscreteGaussianDeltaIsThatOfTheorem7(t *testing.T) {
	for _, c := range [][3]float64{{2, 1, 0.007248776846}, {1, 1, 0.14135134}, {5, 0.5, 4.97763e-4}} {
		got := deltaOf(t, PLD(), c[1], dp.Event{Kind: dp.DiscreteGaussian, Noise: c[0]})
		if got < c[2]*(1-3e-7) || got > c[2]*(1+5e-4) {
			t.Errorf("sigma %v: delta(%v) = %v, want %v", c[0], c[1], got, c[2])
		}
	}
	for _, sigma := range []float64{0.3, 0.7, 1.5, 3, 10, 40, 250} {
		for _, eps := range []float64{0, 0.01 / sigma, 0.3 / sigma, 1 / sigma, 3 / sigma, 6 / sigma} {
			want := theorem7(sigma, eps)
			if got := deltaOf(t, PLD(), eps, dp.Event{Kind: dp.DiscreteGaussian, Noise: sigma}); got < want*(1-1e-9) || got > want*1.002+1e-15 {
				t.Errorf("sigma %v: delta(%v) = %v, want %v", sigma, eps, got, want)
			}
		}
	}
}

// How far discrete noise that is told as Gaussian can cost more: what dp.Gaussian's
// documentation says.
func TestDiscreteNoiseToldAsGaussian(t *testing.T) {
	for steps, most := range map[float64]float64{2: 0.011, 4.224678889: 3e-3, 20: 2e-4, 64: 2e-5, 256: 2e-5} {
		for _, delta := range []float64{1e-3, 1e-6, 1e-9, 1e-12} {
			told := epsilon(t, PLD(), delta, gaussian(steps, 1))
			e := dp.Event{Kind: dp.DiscreteGaussian, Noise: steps}
			if is := epsilon(t, PLD(), delta, e); is > told*(1+most)+1e-4/steps { // the grid adds some of the spread
				t.Errorf("%v steps at delta %v: epsilon %v, told as %v", steps, delta, is, told)
			}
			if bound := epsilon(t, ZCDP(), delta, e); bound < epsilon(t, PLD(), delta, e) {
				t.Errorf("%v steps at delta %v: zCDP %v is no bound", steps, delta, bound)
			}
		}
	}
}

// theorem7 is P[Y > eps sigma^2 - 1/2] - e^eps P[Y > eps sigma^2 + 1/2], summed over
// the losses above eps.
func theorem7(sigma, eps float64) float64 {
	total, sum := 0.0, 0.0
	for k := -40 * math.Ceil(sigma); k <= 40*math.Ceil(sigma); k++ {
		w := math.Exp(-k * k / (2 * sigma * sigma))
		total += w
		if loss := (1 + 2*k) / (2 * sigma * sigma); loss > eps {
			sum += w * -math.Expm1(eps-loss)
		}
	}
	return sum / total
}

// A failer is a test, by table or by property.
type failer interface {
	Helper()
	Fatal(...any)
}
