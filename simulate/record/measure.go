package record

import (
	"math"
	"strconv"

	"hmsp.center/hmsp/simulate/chance"
	"hmsp.center/hmsp/simulate/person"
	"hmsp.center/hmsp/table"
)

// checkUp measures, takes blood, and writes down the diseases that are there.
func (m *Maker) checkUp(visit int, start int64, s *chance.Stream) {
	r, p := &m.r, m.r.Person
	vitals, lab := start+5*60, start+int64(10+s.Below(20))*60
	var x [analytes]float64
	for a, an := range r.Codes.Analytes {
		if an.From >= 0 {
			x[a] = m.population.Measured(p, an.From, start, s)
		}
	}
	x[DBP] = min(x[DBP], x[SBP]-10)
	x[EGFR] = p.EGFR(x[Creatinine], start)
	height := p.X[person.Height]
	index := m.population.Value(p, person.BMI, start) + s.Residual(person.Within(person.BMI))
	x[Height] = math.Round(height)
	x[Weight] = round(index*height*height/1e4, 1)
	x[BMI] = x[Weight] / (x[Height] * x[Height]) * 1e4
	for a := range x {
		at := lab
		if r.Codes.Analytes[a].Vital {
			at = vitals
		}
		m.report(a, x[a], at, visit)
	}
	r.Specimens = append(r.Specimens, Specimen{r.Codes.Blood, lab, visit})
	if s.Chance(0.15) {
		r.Specimens = append(r.Specimens, Specimen{r.Codes.Stool, lab, visit})
	}
	if visit == 0 {
		for d, v := range [...]person.Variable{person.Diabetes, person.Hypertension, person.CHD} {
			if p.Prevalent(v) {
				m.diagnose(d, start, visit)
			}
		}
		if p.X[person.LDL] > 160 {
			m.diagnose(Hyperlipidaemia, start, visit)
		}
		if p.X[person.BMI] >= 30 {
			m.diagnose(Obesity, start, visit)
		}
	}
}

// report writes down a value as the site does. X is in the analyte's own unit.
func (m *Maker) report(a int, x float64, at int64, visit int) {
	r := &m.r
	an := &r.Codes.Analytes[a]
	lost := m.absent(an.Name, x)
	truth := x
	if b, ok := m.bias[an.Name]; ok {
		x = b.Factor*x + b.Offset
	}
	form := 0
	if m.site.Molar {
		form = 1
	}
	f := &an.Forms[form]
	convert := f
	row := len(r.Measurements)
	fault := -1
	scale, step := 1.0, 0.0
	for _, i := range m.faults[an.Name] {
		w := &m.site.Faults[i]
		if !m.acts(w, at) || lost != (w.Kind == Zero) {
			continue
		}
		fault = i
		switch w.Kind {
		case WrongUnit:
			convert = &an.Forms[1-form]
		case Outlier:
			scale = w.Size
		case Drift:
			scale = 1 + w.Size*float64(at-m.instant(w.From))/person.Year
		case Digits:
			step = w.Size
		case Zero:
			scale = 0
		}
	}
	if lost && fault < 0 {
		return
	}
	y := 0.0
	if scale != 0 {
		y = round((convert.Scale*x+convert.Offset)*scale, convert.Decimals)
	}
	if step > 0 {
		y = math.Round(y/step) * step
	}
	r.Measurements = append(r.Measurements, Measurement{a, form, round(y, f.Decimals), at, visit, false})
	if fault >= 0 {
		r.Errors = append(r.Errors, Error{fault, "measurement", row, at, truth})
	}
}

// absent says whether the site lacks a value of a variable.
func (m *Maker) absent(variable string, x float64) bool {
	w, ok := m.missing[variable]
	if !ok {
		return false
	}
	lp := w.Intercept
	switch w.Mechanism {
	case MAR:
		lp += w.Slope * (m.r.Person.X[person.Age] - w.Centre)
	case MNAR:
		lp += w.Slope * (x - w.Centre)
	}
	return m.lack.Chance(chance.Expit(lp))
}

// acts says whether a fault strikes at a time.
func (m *Maker) acts(w *Fault, at int64) bool {
	return at >= m.instant(w.From) && at <= m.instant(w.To) && m.fail.Chance(w.Chance)
}

// instant is a share of the study's time.
func (m *Maker) instant(share float64) int64 { return Instant(m.population, share) }

// Instant is the midnight at a share of the study's time.
func Instant(f *person.Population, share float64) int64 {
	return f.Start + int64(share*float64((f.End-f.Start)/table.Day))*table.Day
}

// misdate plants the faults of dates.
func (m *Maker) misdate() {
	r := &m.r
	for _, i := range m.faults[""] {
		w := &m.site.Faults[i]
		switch w.Kind {
		case Future:
			for row := range r.Measurements {
				if x := &r.Measurements[row]; m.acts(w, x.Time) {
					r.Errors = append(r.Errors, Error{i, "measurement", row, x.Time, math.NaN()})
					x.Time = AddYears(x.Time, int(w.Size))
				}
			}
		case BeforeBirth:
			for row := range r.Diagnoses {
				if x := &r.Diagnoses[row]; m.acts(w, x.Time) {
					r.Errors = append(r.Errors, Error{i, "condition", row, x.Time, math.NaN()})
					x.Time = AddYears(r.Person.Birth, -int(w.Size)) + 9*3600
				}
			}
		}
	}
}

// repeat imports a batch a second time, after everything else.
func (m *Maker) repeat() {
	r := &m.r
	for _, i := range m.faults[""] {
		w := &m.site.Faults[i]
		if w.Kind != Duplicate {
			continue
		}
		for _, x := range r.Measurements[:len(r.Measurements):len(r.Measurements)] {
			if !m.acts(w, x.Time) {
				continue
			}
			x.Copy = true
			r.Errors = append(r.Errors, Error{i, "measurement", len(r.Measurements), x.Time, math.NaN()})
			r.Measurements = append(r.Measurements, x)
		}
	}
}

func round(x float64, decimals int) float64 {
	p := 1.0
	for range decimals {
		p *= 10
	}
	return math.Round(x*p) / p
}

// uid is a DICOM identifier of a kind that needs no registration (ISO/IEC 9834-8).
func uid(s *chance.Stream) string {
	return "2.25." + strconv.FormatUint(1<<30+uint64(s.Uniform()*(1<<50)), 10)
}
