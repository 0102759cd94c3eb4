package survival

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"
)

// A Search is Newton's method for the maximum of a log partial likelihood, as
// public state: it says at which coefficients the next evaluation is wanted.
// All fields are finite, so that it can travel as JSON.
type Search struct {
	Beta    []float64  `json:"beta"`    // where to evaluate next; at the end, the estimate
	Aliased []bool     `json:"aliased"` // columns that follow from earlier ones: coefficient held at 0
	Steps   int        `json:"steps"`   // evaluations taken in
	Halved  int        `json:"halved"`  // step-halvings since the last accepted point
	Null    float64    `json:"null"`    // log-likelihood at zero coefficients
	Test    float64    `json:"test"`    // score test at zero coefficients
	At      Evaluation `json:"at"`      // at the last accepted point
	Point   []float64  `json:"point"`   // the last accepted point
	Step    []float64  `json:"step"`    // Newton's step from there
	Endless []bool     `json:"endless"` // coefficients that grow without end (monotone likelihood)
}

// aliasTolerance is the share of a column's information that must be left
// after the earlier columns are accounted for.
const aliasTolerance = 1e-11

// stepTolerance ends the search when Newton's next step, in standard errors
// (squared), is below it. The estimate is then exact to rounding.
const stepTolerance = 1e-22

// maxHalvings bounds the halvings of one step.
const maxHalvings = 40

// NewSearch starts at zero coefficients.
func NewSearch(p int) Search {
	return Search{Beta: make([]float64, p), Aliased: make([]bool, p), Point: make([]float64, p), Step: make([]float64, p), Endless: make([]bool, p), At: NewEvaluation(p)}
}

// ErrNotFinite says that a log-likelihood or its derivatives overflowed.
var ErrNotFinite = errors.New("the log-likelihood is not finite: a coefficient runs to infinity or a covariate's declared range is far too wide")

// ErrSingular says that the information matrix lost rank on the way.
var ErrSingular = errors.New("the information matrix is singular: a covariate is a combination of others among the people at risk, or it separates the events perfectly")

// ErrNoProgress says that halving a step did not raise the log-likelihood.
var ErrNoProgress = errors.New("the log-likelihood cannot be raised along Newton's direction")

// Take takes in the evaluation at s.Beta and says whether the search is over.
// tolerance is the relative change of the log-likelihood that counts as none,
// as eps of R's coxph.control.
func (s *Search) Take(e Evaluation, tolerance float64) (done bool, err error) {
	first := s.Steps == 0
	s.Steps++
	ok := finite(e)
	if !first && (!ok || e.LogLik < s.At.LogLik-1e-13*math.Max(1, math.Abs(s.At.LogLik))) {
		if s.Halved++; s.Halved > maxHalvings {
			if !ok {
				return false, ErrNotFinite
			}
			return false, ErrNoProgress
		}
		for j := range s.Beta {
			s.Beta[j] = (s.Beta[j] + s.Point[j]) / 2
		}
		return false, nil
	}
	if !ok {
		return false, ErrNotFinite
	}
	if first {
		s.Null = e.LogLik
		s.Aliased = aliased(e.Info, len(s.Beta))
	}
	cov, err := invert(e.Info, s.Aliased)
	if err != nil {
		return false, err
	}
	step, decrement := newton(cov, e.Score)
	if first {
		s.Test = decrement
	}
	level := !first && s.Halved == 0 && math.Abs(e.LogLik-s.At.LogLik) <= tolerance*math.Max(1, math.Abs(e.LogLik))
	ended := false
	for j := range step {
		// Where the likelihood is already level but the step does not shrink, the
		// maximum lies at infinity (Bryson and Johnson, Technometrics 1981).
		s.Endless[j] = level && math.Abs(step[j]) > 1e-6 && math.Abs(step[j]) > 0.1*math.Abs(s.Step[j])
		ended = ended || s.Endless[j]
	}
	s.At, s.Step, s.Halved = e, step, 0
	copy(s.Point, s.Beta)
	if ended || decrement <= stepTolerance || level && decrement <= 1e-12 && s.Steps > 12 {
		return true, nil
	}
	for j := range s.Beta {
		s.Beta[j] += step[j]
	}
	return false, nil
}

// Covariance is the inverse information at the last accepted point; rows and
// columns of aliased coefficients are zero.
func (s *Search) Covariance() (*mat.SymDense, error) { return invert(s.At.Info, s.Aliased) }

// Wald is the Wald test of all coefficients: beta' I beta.
func (s *Search) Wald() float64 {
	var w float64
	for i := range s.Point {
		for j := range s.Point {
			w += s.Point[i] * s.Point[j] * s.At.Info[Packed(i, j)]
		}
	}
	return w
}

// Free is the number of coefficients that were estimated.
func (s *Search) Free() int {
	n := 0
	for _, a := range s.Aliased {
		if !a {
			n++
		}
	}
	return n
}

// Packed is the place of entry i,j of a symmetric matrix in its packed lower
// triangle.
func Packed(i, j int) int {
	if i < j {
		i, j = j, i
	}
	return i*(i+1)/2 + j
}

// aliased finds the columns that follow from earlier ones, in order, by
// Cholesky's pivots: R's coxph drops the same columns.
func aliased(info []float64, p int) []bool {
	out, l := make([]bool, p), make([]float64, len(info))
	for i := range p {
		for j := range i + 1 {
			v := info[Packed(i, j)]
			for k := range j {
				v -= l[Packed(i, k)] * l[Packed(j, k)]
			}
			switch {
			case out[j]:
				l[Packed(i, j)] = 0
			case j < i:
				l[Packed(i, j)] = v / l[Packed(j, j)]
			case !(v > aliasTolerance*info[Packed(i, i)]) || !(info[Packed(i, i)] > 0):
				out[i] = true
			default:
				l[Packed(i, i)] = math.Sqrt(v)
			}
		}
	}
	return out
}

// invert is the inverse of the information over the columns that are not
// aliased, zero elsewhere.
func invert(info []float64, aliased []bool) (*mat.SymDense, error) {
	var free []int
	for j, a := range aliased {
		if !a {
			free = append(free, j)
		}
	}
	out := mat.NewSymDense(max(len(aliased), 1), nil)
	if len(free) == 0 {
		return out, nil
	}
	m := mat.NewSymDense(len(free), nil)
	for a, i := range free {
		for b, j := range free[:a+1] {
			m.SetSym(a, b, info[Packed(i, j)])
		}
	}
	var chol mat.Cholesky
	var inv mat.SymDense
	if !chol.Factorize(m) {
		return nil, ErrSingular
	}
	if err := chol.InverseTo(&inv); err != nil {
		var cond mat.Condition
		if !errors.As(err, &cond) || math.IsInf(float64(cond), 1) {
			return nil, ErrSingular
		}
	}
	for a, i := range free {
		for b, j := range free[:a+1] {
			out.SetSym(i, j, inv.At(a, b))
		}
	}
	return out, nil
}

// newton is the step cov*score and its squared length in standard errors.
func newton(cov *mat.SymDense, score []float64) (step []float64, decrement float64) {
	step = make([]float64, len(score))
	for i := range score {
		for j, u := range score {
			step[i] += cov.At(i, j) * u
		}
		decrement += step[i] * score[i]
	}
	return step, math.Max(0, decrement)
}

func finite(e Evaluation) bool {
	sum := e.LogLik
	for _, x := range e.Score {
		sum += math.Abs(x)
	}
	for _, x := range e.Info {
		sum += math.Abs(x)
	}
	return !math.IsNaN(sum) && !math.IsInf(sum, 0)
}
