package record

import (
	"cmp"
	"slices"

	"hmsp.center/hmsp/simulate/chance"
	"hmsp.center/hmsp/simulate/person"
	"hmsp.center/hmsp/table"
)

// A Maker makes the records of a site, one person after the other. It is for one
// goroutine.
type Maker struct {
	population *person.Population
	site       *Site
	scratch    *person.Scratch
	plan       []event
	r          Record

	missing map[string]Missing
	bias    map[string]Bias
	faults  map[string][]int // by variable; "" for those of no variable
	// streams of the person at hand
	lack, fail *chance.Stream
}

// NewMaker makes records of a site from a population.
func NewMaker(f *person.Population, c *Codes, s *Site) *Maker {
	m := &Maker{population: f, site: s, scratch: f.Scratch(), r: Record{Codes: c, Site: s},
		missing: map[string]Missing{}, bias: map[string]Bias{}, faults: map[string][]int{}}
	for _, x := range s.Missing {
		m.missing[x.Variable] = x
	}
	for _, b := range s.Calibration {
		m.bias[b.Analyte] = b
	}
	for i, x := range s.Faults {
		m.faults[x.Variable] = append(m.faults[x.Variable], i)
	}
	return m
}

// an event makes a visit.
type event struct {
	kind eventKind
	at   int64 // midnight
	arg  int   // disease
}

type eventKind int

const (
	checkUp eventKind = iota
	onset
	passing // an infection, a back pain
	headImage
	chestImage
)

// Record makes the record of person i, from 0.
func (m *Maker) Record(i int) *Record {
	p := m.population.Person(m.site.Name, m.site.Traits, i, m.scratch)
	r := &m.r
	*r = Record{Codes: r.Codes, Site: m.site, Person: p, Visits: r.Visits[:0], Diagnoses: r.Diagnoses[:0], Measurements: r.Measurements[:0],
		Drugs: r.Drugs[:0], Procedures: r.Procedures[:0], Specimens: r.Specimens[:0], Images: r.Images[:0], Consents: r.Consents[:0], Errors: r.Errors[:0]}
	m.lack, m.fail = p.Key.Stream("missing"), p.Key.Stream("faults")
	s := p.Key.Stream("record")
	m.smoking()
	m.schedule(s)
	for _, e := range m.plan {
		m.visit(e, s)
	}
	m.drugs()
	m.consent(p.Key.Stream("consent"))
	m.misdate()
	m.repeat()
	return r
}

func (m *Maker) smoking() {
	x := &m.r.Person.X
	m.r.Smoker = int(x[person.EverSmoker] + x[person.Smoker])
	if m.absent("smoking", 0) {
		m.r.Smoker = -1
	}
}

// schedule plans the visits, in order.
func (m *Maker) schedule(s *chance.Stream) {
	p := m.r.Person
	m.plan = m.plan[:0]
	plan := func(k eventKind, at int64, arg int) {
		if at != table.NoTime && at >= p.Entry && at < p.Exit {
			m.plan = append(m.plan, event{k, at, arg})
		}
	}
	for at := p.Entry; at < p.Exit; {
		plan(checkUp, at, 0)
		gap := int64(365 + s.Below(91) - 45)
		if p.At(person.Diabetes, at) {
			gap /= 2
		}
		at += gap * table.Day
	}
	for i, v := range [...]person.Variable{person.Diabetes, person.Hypertension, person.CHD} {
		if !p.Prevalent(v) {
			plan(onset, p.Onset[v], i)
		}
	}
	days := int((p.Exit - p.Entry) / table.Day)
	for range s.Poisson(0.4 * float64(days) / 365.25) {
		disease := Infection
		if s.Chance(0.3) {
			disease = BackPain
		}
		plan(passing, p.Entry+int64(s.Below(days))*table.Day, disease)
	}
	plan(headImage, p.Head, 0)
	plan(chestImage, p.Chest, 0)
	slices.SortStableFunc(m.plan, func(a, b event) int { return cmp.Compare(a.at, b.at) })
}

func (m *Maker) visit(e event, s *chance.Stream) {
	r := &m.r
	start := e.at + 8*3600 + 60*int64(s.Below(480))
	v := Visit{Start: start, End: start + 60*int64(15+s.Below(60))}
	n := len(r.Visits)
	later := func(minutes int) int64 { return start + 60*int64(minutes) }
	switch e.kind {
	case checkUp:
		m.checkUp(n, start, s)
	case onset:
		if e.arg == CHD {
			v.Inpatient = true
			v.End = min(start+int64(3+s.Below(6))*table.Day, r.Person.Exit+table.Day-60)
			m.infarction(n, start, s)
		}
		m.diagnose(e.arg, start, n)
	case passing:
		m.diagnose(e.arg, start, n)
	case headImage:
		r.Procedures = append(r.Procedures, Procedure{r.Codes.HeadScan, later(10), n})
		r.Images = append(r.Images, Image{r.Codes.MR, true, later(10), n, uid(s)})
	case chestImage:
		r.Images = append(r.Images, Image{r.Codes.CR, false, later(10), n, uid(s)})
	}
	r.Visits = append(r.Visits, v)
}

func (m *Maker) diagnose(disease int, at int64, visit int) {
	m.r.Diagnoses = append(m.r.Diagnoses, Diagnosis{disease, at, visit})
}

// infarction is how coronary heart disease shows: a catheter always, an infarction
// in four of ten, a balloon in half.
func (m *Maker) infarction(visit int, start int64, s *chance.Stream) {
	r := &m.r
	r.Procedures = append(r.Procedures, Procedure{r.Codes.Angiogram, start + 2*3600, visit})
	if s.Chance(0.4) {
		m.diagnose(Infarction, start, visit)
	}
	if s.Chance(0.5) {
		r.Procedures = append(r.Procedures, Procedure{r.Codes.Angioplast, start + 3*3600, visit})
	}
}

// drugs are prescribed by the site, but for the statins of those who came with one.
func (m *Maker) drugs() {
	p := m.r.Person
	for i, d := range m.r.Codes.Drugs {
		if at := p.Onset[d.From]; at != table.NoTime && at < p.Exit {
			before := d.From == person.Statin && p.Prevalent(person.Statin)
			m.r.Drugs = append(m.r.Drugs, DrugUse{i, at + 9*3600, p.Exit, before})
		}
	}
}

// The chances of answers to being asked for consent.
const (
	NotAsked       = 0.06
	Refusing       = 0.08
	WithoutBio     = 0.15 // of those who consent
	Withdrawing    = 0.05 // of those who consent
	consentMinutes = 11 * 60
)

func (m *Maker) consent(s *chance.Stream) {
	r, p := &m.r, m.r.Person
	u, day, bio, leaves, when := s.Uniform(), int64(s.Below(30)), !s.Chance(WithoutBio), s.Chance(Withdrawing), s.Uniform()
	day = min(day, (p.Exit-p.Entry)/table.Day-1)
	at := p.Entry + day*table.Day
	answer := Given
	switch {
	case u < NotAsked:
		return
	case u < NotAsked+Refusing:
		answer, bio = Refused, true
	}
	c := Consent{Answer: answer, Time: at + consentMinutes*60}
	for i, q := range r.Codes.Purposes {
		if bio || !q.Bio {
			c.Provisions = append(c.Provisions, Provision{i, at, AddYears(at, q.Years)})
		}
	}
	r.Consents = append(r.Consents, c)
	if answer == Given && leaves {
		out := at + table.Day*int64(1+when*float64(p.Exit-at)/table.Day)
		w := Consent{Answer: Withdrawn, Time: out + consentMinutes*60}
		for _, q := range c.Provisions {
			if q.End > out {
				w.Provisions = append(w.Provisions, Provision{q.Purpose, out, q.End})
			}
		}
		r.Consents = append(r.Consents, w)
	}
}
