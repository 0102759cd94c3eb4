package person

import (
	"math"

	"hmsp.center/hmsp/simulate/chance"
	"hmsp.center/hmsp/table"
)

// Within is the standard deviation of a measurement about somebody's own value at
// the time; on the logarithm for triglycerides and CRP, on BMI for the weight.
func Within(v Variable) float64 {
	switch v {
	case SBP:
		return 5
	case DBP:
		return 3.5
	case LDL:
		return 7
	case HDL:
		return 2.5
	case LogTriglycerides:
		return 0.12
	case HbA1c:
		return 0.08
	case Glucose:
		return 4
	case Creatinine:
		return 0.04
	case LogCRP:
		return 0.3
	case BMI:
		return 0.3
	}
	return 0
}

// drift is the change of a value in a year of age: the coefficient of age in its
// equation.
func (f *Population) drift(v Variable) float64 {
	for _, t := range f.model.at[0][v].Terms {
		if t.Cause == Age {
			return t.Coefficient
		}
	}
	return 0
}

// Value is somebody's own value at a time, without the variation from day to day:
// the value at entry, changed by age, disease and treatment.
func (f *Population) Value(p *Person, v Variable, t int64) float64 {
	x := p.X[v] + f.drift(v)*float64(t-p.Entry)/Year
	add := func(cause Variable, size float64) {
		if p.At(cause, t) {
			x += size
		}
	}
	switch v {
	case LDL:
		if p.At(Statin, t) {
			x *= statinLDL
		}
	case HbA1c:
		add(Diabetes, diabetesHbA1c)
		add(Metformin, metforminHbA1c)
	case Glucose:
		add(Diabetes, diabetesGlucose)
		add(Metformin, metforminGlucose)
	case SBP:
		add(Antihypertensive, treatedSBP)
	case DBP:
		add(Antihypertensive, treatedDBP)
	case LogCRP:
		add(CHD, chdLogCRP)
	}
	return x
}

// Measured is a measurement: Value, and the variation from day to day. Logarithms
// are taken back, and the floor of what can be measured is 1 (0.1 for creatinine
// and CRP).
func (f *Population) Measured(p *Person, v Variable, t int64, s *chance.Stream) float64 {
	x := f.Value(p, v, t) + s.Residual(Within(v))
	if v == LogTriglycerides || v == LogCRP {
		x = math.Exp(x)
	}
	if v == Creatinine || v == LogCRP {
		return max(x, 0.1)
	}
	return max(x, 1)
}

// EGFR is the glomerular filtration rate in mL/min/1.73 m2 by CKD-EPI 2021 (Inker
// and others 2021) from creatinine in mg/dL.
func (p *Person) EGFR(creatinine float64, t int64) float64 {
	k, a, sex := 0.7, -0.241, 1.012
	if p.IsMale() {
		k, a, sex = 0.9, -0.302, 1
	}
	r := creatinine / k
	age := float64(t-p.Birth) / Year
	return 142 * math.Pow(min(r, 1), a) * math.Pow(max(r, 1), -1.2) * math.Pow(0.9938, age) * sex
}

// Years is a span of time in years.
func Years(from, to int64) float64 {
	if from == table.NoTime || to == table.NoTime {
		return math.NaN()
	}
	return float64(to-from) / Year
}
