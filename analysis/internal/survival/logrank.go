package survival

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// A RankTest compares the survival of groups: the G-rho family of Harrington
// and Fleming (Biometrika 1982). Rho 0 is the log-rank test, 1 the Peto-Peto
// modification of Wilcoxon's.
type RankTest struct {
	N, Observed, Expected []float64 // per group; weighted by S(t-)^rho
	ChiSq                 float64
	DF                    int
	P                     float64 // NaN with fewer than two groups in which events were expected
}

// CompareGroups tests counts[stratum][group], all on one grid. Observed and
// expected events and the hypergeometric covariance are summed over strata.
func CompareGroups(counts [][]Counts, rho float64) RankTest {
	r, cov := addUp(counts, rho)
	r.decide(cov)
	return r
}

// addUp sums observed and expected events and their covariance over the strata.
func addUp(counts [][]Counts, rho float64) (r RankTest, cov []float64) {
	groups := 0
	if len(counts) > 0 {
		groups = len(counts[0])
	}
	r = RankTest{N: make([]float64, groups), Observed: make([]float64, groups), Expected: make([]float64, groups)}
	cov = make([]float64, groups*groups)
	for _, stratum := range counts {
		r.addStratum(stratum, rho, cov)
	}
	return r, cov
}

// decide makes the statistic of observed less expected and its covariance.
func (r *RankTest) decide(cov []float64) {
	groups := len(r.Expected)
	r.ChiSq, r.DF, r.P = math.NaN(), 0, math.NaN()
	var used []int // groups in which events were expected; the first is the reference
	for g, e := range r.Expected {
		if e > 0 {
			used = append(used, g)
		}
	}
	if len(used) < 2 {
		return
	}
	r.DF = len(used) - 1
	v, u := mat.NewSymDense(r.DF, nil), mat.NewVecDense(r.DF, nil)
	for a, g := range used[1:] {
		u.SetVec(a, r.Observed[g]-r.Expected[g])
		for b, h := range used[1:] {
			v.SetSym(a, b, cov[g*groups+h])
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(v) {
		return
	}
	var w mat.VecDense
	if err := chol.SolveVecTo(&w, u); err != nil {
		return
	}
	r.ChiSq = mat.Dot(u, &w)
	r.P = ChiSquaredTail(r.ChiSq, r.DF)
}

// addStratum adds one stratum's observed and expected events and covariance.
func (r *RankTest) addStratum(groups []Counts, rho float64, cov []float64) {
	m := len(groups)
	risk := make([][]float64, m)
	for g, c := range groups {
		risk[g] = c.AtRisk()
		r.N[g] += c.Records()
	}
	surv := 1.0 // pooled Kaplan-Meier just before the time
	for k := range groups[0].Time {
		var n, d float64
		for g, c := range groups {
			n += risk[g][k]
			d += c.Event[k]
		}
		if d == 0 {
			continue
		}
		w := 1.0
		if rho != 0 {
			w = math.Pow(surv, rho)
		}
		surv *= (n - d) / n
		for g, c := range groups {
			r.Observed[g] += w * c.Event[k]
			r.Expected[g] += w * d * risk[g][k] / n
		}
		if n <= 1 {
			continue
		}
		f := w * w * d * (n - d) / (n - 1)
		for g := range groups {
			pg := risk[g][k] / n
			cov[g*m+g] += f * pg
			for h := range groups {
				cov[g*m+h] -= f * pg * risk[h][k] / n
			}
		}
	}
}
