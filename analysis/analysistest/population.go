package analysistest

import (
	"math"
	"math/rand/v2"

	"hmsp.center/hmsp/table"
)

// Schema is the dictionary of the suite's people: every kind of variable, the
// names of a lung cancer study. The examples of the analyses are written for it.
func Schema() table.Schema {
	levels := func(codes ...string) (out []table.Level) {
		for _, c := range codes {
			out = append(out, table.Level{Code: c})
		}
		return out
	}
	return table.Schema{
		{Name: "site", Kind: table.Category, Levels: levels("a", "b", "c", "d", "e", "f", "g")},
		{Name: "time", Label: "time to death or censoring", Kind: table.Integer, Unit: "d", Min: 0, Max: 1100},
		{Name: "start", Label: "start of observation", Kind: table.Integer, Unit: "d", Min: 0, Max: 1100},
		{Name: "status", Label: "1 censored, 2 dead", Kind: table.Integer, Min: 1, Max: 2},
		{Name: "age", Kind: table.Integer, Unit: "a", Min: 18, Max: 100},
		{Name: "sex", Kind: table.Category, Levels: levels("male", "female")},
		{Name: "stage", Kind: table.Category, Levels: levels("I", "II", "III")},
		{Name: "ph.ecog", Label: "ECOG performance", Kind: table.Integer, Min: 0, Max: 4},
		{Name: "ph.karno", Label: "Karnofsky performance", Kind: table.Integer, Min: 0, Max: 100},
		{Name: "wt.loss", Label: "weight loss", Kind: table.Number, Unit: "[lb_av]", Min: -50, Max: 100},
		{Name: "bmi", Kind: table.Number, Unit: "kg/m2", Min: 10, Max: 70},
		{Name: "crp", Label: "C-reactive protein", Kind: table.Number, Unit: "mg/L", Min: 0.01, Max: 500},
		{Name: "smoker", Kind: table.Flag},
		{Name: "response", Label: "tumour response", Kind: table.Flag},
		{Name: "visits", Label: "hospital visits", Kind: table.Integer, Min: 0, Max: 60},
		{Name: "years", Label: "years observed", Kind: table.Number, Unit: "a", Min: 0.1, Max: 5},
	}
}

// People makes n people over Schema: survival depends on sex, age and ECOG,
// response on stage and CRP, visits on smoking; about one value in twenty is
// missing where a clinic would miss it. Nobody of them exists. The same seed
// gives the same people.
func People(n int, seed uint64) table.Table {
	r := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
	s := Schema()
	cols := make([]table.Column, len(s))
	for i, v := range s {
		if v.Numeric() {
			cols[i].Numbers = make([]float64, n)
		} else {
			cols[i].Codes = make([]int32, n)
		}
	}
	number := func(name string, i int, x, missing float64) {
		j := s.Index(name)
		lo, hi := s[j].Range()
		if s[j].Kind != table.Number {
			x = math.Round(x)
		}
		x = min(max(x, lo), hi)
		if r.Float64() < missing {
			x = math.NaN()
		}
		cols[j].Numbers[i] = x
	}
	code := func(name string, i int, c int, missing float64) {
		if r.Float64() < missing {
			c = -1
		}
		cols[s.Index(name)].Codes[i] = int32(c)
	}
	chance := func(logit float64) float64 {
		if r.Float64() < 1/(1+math.Exp(-logit)) {
			return 1
		}
		return 0
	}
	for i := range n {
		site := i % len(s[0].Levels)
		female, stage := r.IntN(2), r.IntN(3)
		ecog := float64(min(r.IntN(3)+r.IntN(2), 3))
		age := 63 + 9*r.NormFloat64()
		crp := math.Exp(1 + 0.5*float64(stage) + 0.8*r.NormFloat64())
		smoker := chance(-0.4)
		hazard := 0.002 * math.Exp(0.02*(age-63)-0.5*float64(female)+0.45*ecog+0.1*float64(site%3))
		death, censored := r.ExpFloat64()/hazard, 200+900*r.Float64()
		time := math.Max(1, math.Round(math.Min(death, censored)))
		start := math.Floor(time * r.Float64() * 0.3)
		years := 0.5 + 4*r.Float64()
		status := 1.0
		if death <= censored {
			status = 2
		}
		code("site", i, site, 0)
		number("time", i, time, 0)
		number("start", i, start, 0)
		number("status", i, status, 0)
		number("age", i, age, 0)
		code("sex", i, female, 0.01)
		code("stage", i, stage, 0.05)
		number("ph.ecog", i, ecog, 0.03)
		number("ph.karno", i, 10*math.Round(9-1.3*ecog+0.7*r.NormFloat64()), 0.03)
		number("wt.loss", i, 8+6*ecog+9*r.NormFloat64(), 0.06)
		number("bmi", i, 26+4*r.NormFloat64()-ecog, 0.05)
		number("crp", i, crp, 0.05)
		number("smoker", i, smoker, 0.04)
		number("response", i, chance(0.3-0.5*float64(stage)+0.4*math.Log(crp)), 0.02)
		number("visits", i, years*math.Exp(0.3+0.5*smoker+0.4*r.NormFloat64()), 0.02)
		number("years", i, years, 0)
	}
	t, err := table.New(s, cols, nil)
	if err != nil {
		panic(err) // the columns are made above, one per variable
	}
	return t
}
