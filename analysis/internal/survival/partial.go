package survival

import "math"

// An Evaluation is the log partial likelihood at some coefficients, with its
// gradient and its negative second derivatives: the information, packed row by
// row in its lower triangle (entry i,j at i(i+1)/2+j).
type Evaluation struct {
	LogLik float64   `json:"logLik"`
	Score  []float64 `json:"score"`
	Info   []float64 `json:"info"`
}

// NewEvaluation is zero for p coefficients.
func NewEvaluation(p int) Evaluation {
	return Evaluation{Score: make([]float64, p), Info: make([]float64, p*(p+1)/2)}
}

// Moments are sums over people at risk of r, r*x and r*x*x' (packed lower
// triangle), r being the relative hazard exp(x'beta).
type Moments struct {
	S0 float64
	S1 []float64
	S2 []float64
}

// NewMoments is zero for p covariates.
func NewMoments(p int) Moments {
	return Moments{S1: make([]float64, p), S2: make([]float64, p*(p+1)/2)}
}

// Add adds a person with relative hazard r and covariates x; a negative r
// takes one away.
func (m *Moments) Add(r float64, x []float64) {
	m.S0 += r
	k := 0
	for i, xi := range x {
		m.S1[i] += r * xi
		for _, xj := range x[:i+1] {
			m.S2[k] += r * xi * xj
			k++
		}
	}
}

// Clear makes the moments zero.
func (m *Moments) Clear() {
	m.S0 = 0
	clear(m.S1)
	clear(m.S2)
}

// AddEventTime adds one time with d tied events to the evaluation. risk are
// the moments of everybody at risk, dead those of the people with the event,
// eta and x the sums of their linear predictors and covariates.
//
// With Efron's approximation (JASA 1977) the l-th of d tied events, l=0..d-1,
// faces phi_l = S - (l/d)D; with Breslow's (Biometrics 1974) all face S. The
// sums over l are taken on 1/phi_l alone, so that the moments are combined
// once for a time and not d times.
func (e *Evaluation) AddEventTime(d int, eta float64, x []float64, risk, dead Moments, efron bool) {
	var logs, a, aa, af, aaf, aaff float64 // sums of log phi, 1/phi, 1/phi^2, f/phi, f/phi^2, f^2/phi^2
	for l := range d {
		f := 0.0
		if efron {
			f = float64(l) / float64(d)
		}
		phi := risk.S0 - f*dead.S0
		inv := 1 / phi
		logs += math.Log(phi)
		a += inv
		af += f * inv
		aa += inv * inv
		aaf += f * inv * inv
		aaff += f * f * inv * inv
	}
	e.LogLik += eta - logs
	k := 0
	for i := range x {
		si, di := risk.S1[i], dead.S1[i]
		e.Score[i] += x[i] - (a*si - af*di)
		for j := range i + 1 {
			sj, dj := risk.S1[j], dead.S1[j]
			e.Info[k] += a*risk.S2[k] - af*dead.S2[k] - (aa*si*sj - aaf*(si*dj+di*sj) + aaff*di*dj)
			k++
		}
	}
}

// Evaluate is the partial likelihood of the stratum at beta.
func (s *Stratum) Evaluate(beta []float64, efron bool) Evaluation {
	p := len(beta)
	out := NewEvaluation(p)
	if len(s.people) == 0 {
		return out
	}
	eta := s.predictor(beta)
	centred := make([][]float64, len(s.people))
	for i, person := range s.people {
		c := make([]float64, p)
		for j := range c {
			c[j] = person.X[j] - s.mean[j]
		}
		centred[i] = c
	}
	risk, dead, xs := NewMoments(p), NewMoments(p), make([]float64, p)
	atRisk := 0
	s.deathTimes(
		func(i int) { risk.Add(math.Exp(eta[i]), centred[i]); atRisk++ },
		func(i int) {
			risk.Add(-math.Exp(eta[i]), centred[i])
			if atRisk--; atRisk == 0 {
				risk.Clear() // no rounding is carried over an empty risk set
			}
		},
		func(from, to int) {
			dead.Clear()
			clear(xs)
			var sum float64
			for i := from; i < to; i++ {
				dead.Add(math.Exp(eta[i]), centred[i])
				sum += eta[i]
				for j, x := range centred[i] {
					xs[j] += x
				}
			}
			out.AddEventTime(to-from, sum, xs, risk, dead, efron)
		})
	return out
}
