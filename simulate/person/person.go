package person

import (
	"fmt"
	"math"

	"hmsp.center/hmsp/simulate/chance"
	"hmsp.center/hmsp/simulate/genome"
	"hmsp.center/hmsp/table"
)

// Year is a year in the seconds of times: 365.25 days.
const Year = 365.25 * table.Day

// Traits are how the people of a site differ from those of others.
type Traits struct {
	Age      float64                     `json:"age_mean"`           // mean age at entry, in years
	Ancestry [genome.Populations]float64 `json:"ancestry_dirichlet"` // parameters of the shares
	Shifts   map[Variable]float64        `json:"intercept_shifts"`   // added to intercepts of linear and logistic equations
}

func (t Traits) shift(v Variable) float64 { return t.Shifts[v] }

// AgeSD is the standard deviation of the age at entry, which is a normal number cut
// off at three of them.
const AgeSD = 12

// A Why says how somebody's records end.
type Why string

// The ends.
const (
	Died    Why = "death"
	Dropped Why = "drop-out"
	Ended   Why = "end" // of the study: administrative censoring
)

// A Person is the truth about somebody. Times are seconds of wall-clock time since
// 1970, at midnight where they are days; table.NoTime is never.
type Person struct {
	Key      chance.Key
	Site     string
	Number   int    // from 1, within the site
	ID       string // "north-000012"
	Complete bool   // they have images and a watch
	Given    string
	Family   string
	Postal   int // from 0, of the site's
	Birth    int64
	Entry    int64 // from here on everything is recorded
	Exit     int64
	Why      Why
	Ancestry [genome.Populations]float64
	Group    int // the ancestral population that they say is theirs

	X values // by Variable: at entry, and 1 for diseases and drugs at entry

	Onset [Variables]int64 // of diseases and drugs, whether at entry or later; Death
	Head  int64            // when an image of the head was taken
	Chest int64            // and of the chest
}

// At says whether a disease or drug is there at a time.
func (p *Person) At(v Variable, t int64) bool { return p.Onset[v] != table.NoTime && p.Onset[v] <= t }

// Prevalent says whether it was there at entry.
func (p *Person) Prevalent(v Variable) bool { return p.X[v] == 1 }

// IsMale says whether the sex is male.
func (p *Person) IsMale() bool { return p.X[Male] == 1 }

// A Population makes people. It is read only, and serves any number of goroutines.
type Population struct {
	Panel      *genome.Panel
	Start, End int64 // of the records
	Complete   bool  // everybody has images and a watch
	seed       uint64
	model      *model
}

// New makes a population over the days from start to end.
func New(seed uint64, variants int, start, end int64) *Population {
	return &Population{Panel: genome.New(seed, variants), Start: start, End: end, seed: seed, model: newModel()}
}

// Scratch is what one goroutine needs to make people.
type Scratch struct{ calls []int8 }

// Scratch is for one goroutine.
func (f *Population) Scratch() *Scratch { return &Scratch{make([]int8, len(f.Panel.Variants))} }

// ID is how a site calls its person i, from 0.
func ID(site string, i int) string { return fmt.Sprintf("%s-%06d", site, i+1) }

// Person makes person i, from 0, of a site.
func (f *Population) Person(site string, t Traits, i int, scratch *Scratch) *Person {
	p := &Person{Complete: f.Complete, Key: chance.NewKey(f.seed, "site", site).Item(uint64(i)), Site: site, Number: i + 1, ID: ID(site, i)}
	for v := range p.Onset {
		p.Onset[v] = table.NoTime
	}
	p.Head, p.Chest = table.NoTime, table.NoTime
	f.identity(p, t, scratch)
	s := p.Key.Stream("baseline")
	f.baseline(p, t, s)
	f.course(p, p.Key.Stream("course"))
	f.images(p, p.Key.Stream("images"))
	return p
}

func (f *Population) identity(p *Person, t Traits, scratch *Scratch) {
	s := p.Key.Stream("identity")
	x := &p.X
	if s.Chance(0.5) {
		x[Male] = 1
	}
	p.Given, p.Family = names(s, p.IsMale())
	p.Postal = s.Below(PostalCodes)
	p.Entry = midnight(f.Start + int64(s.Uniform()*0.4*float64(f.End-f.Start)))
	x[Age] = t.Age + s.Residual(AgeSD)
	p.Birth = midnight(p.Entry - int64(x[Age]*Year))
	x[Age] = float64(p.Entry-p.Birth) / Year
	s.Dirichlet(p.Ancestry[:], t.Ancestry[:])
	p.Group = s.Pick(p.Ancestry[:])
	x[AncestryB], x[AncestryC] = p.Ancestry[1], p.Ancestry[2]
	scores := f.Panel.Scores(scratch.calls, p.Key, p.IsMale(), p.Ancestry)
	x[GenesLDL], x[GenesBMI], x[GenesT2D] = scores[0], scores[1], scores[2]
}

// baseline draws what is there at entry, causes before what they cause.
func (f *Population) baseline(p *Person, t Traits, s *chance.Stream) {
	x := &p.X
	flag := func(v Variable) {
		if f.model.logistic(s, v, x, t) {
			x[v] = 1
		}
	}
	flag(EverSmoker)
	if x[EverSmoker] == 1 {
		flag(Smoker)
	}
	for v := Activity; v <= LogCRP; v++ {
		x[v] = f.model.linear(s, v, x, t)
	}
	for _, v := range []Variable{Diabetes, Hypertension, CHD, Statin} {
		flag(v)
		if x[v] == 1 {
			p.Onset[v] = p.Entry
		}
	}
}

// course draws what happens later: diseases, then drugs, then the end.
func (f *Population) course(p *Person, s *chance.Stream) {
	after := func(years float64) int64 {
		if years > 200 {
			return table.NoTime
		}
		return p.Entry + table.Day*int64(1+math.Floor(years*365.25))
	}
	for _, v := range []Variable{Diabetes, Hypertension, CHD} {
		if years := f.model.weibull(s, v, &p.X); !p.Prevalent(v) {
			p.Onset[v] = after(years)
		}
	}
	p.Onset[Death] = after(f.death(p, s))
	drop := after(f.model.weibull(s, DropOut, &p.X))
	p.Exit, p.Why = f.End, Ended
	if drop != table.NoTime && drop <= p.Exit {
		p.Exit, p.Why = drop, Dropped
	}
	if p.At(Death, p.Exit) {
		p.Exit, p.Why = p.Onset[Death], Died
	}
	f.drugs(p, s)
}

// death inverts the cumulative hazard, whose rate changes when coronary heart
// disease begins.
func (f *Population) death(p *Person, s *chance.Stream) float64 {
	e := &f.model.at[2][Death]
	x := p.X
	x[CHD] = 0
	before := math.Exp(e.predictor(&x, 0))
	x[CHD] = 1
	later := math.Exp(e.predictor(&x, 0))
	h := s.Exponential()
	if p.Onset[CHD] == table.NoTime {
		return math.Pow(h/before, 1/e.Shape)
	}
	at := math.Pow(float64(p.Onset[CHD]-p.Entry)/Year, e.Shape)
	if h <= before*at {
		return math.Pow(h/before, 1/e.Shape)
	}
	return math.Pow(at+(h-before*at)/later, 1/e.Shape)
}

// drugs begin soon after what they are for.
func (f *Population) drugs(p *Person, s *chance.Stream) {
	begin := func(drug, disease Variable, within int) {
		takes, day := f.model.logistic(s, drug, &p.X, Traits{}), int64(s.Below(within)+1)
		if takes && p.At(disease, p.Exit) {
			p.Onset[drug] = p.Onset[disease] + day*table.Day
		}
	}
	begin(Metformin, Diabetes, 90)
	begin(Antihypertensive, Hypertension, 60)
	begin(Aspirin, CHD, 10)
	day := int64(s.Below(60) + 1)
	if p.Prevalent(Statin) {
		p.Onset[Statin] = p.Entry + day*table.Day
	} else if s.Chance(StatinAfterCHD) && p.At(CHD, p.Exit) && !p.Prevalent(CHD) {
		p.Onset[Statin] = p.Onset[CHD] + day*table.Day
	}
}

// StatinAfterCHD is the chance of a statin, within 60 days, for those who get
// coronary heart disease after entry and have none.
const StatinAfterCHD = 0.8

func (f *Population) images(p *Person, s *chance.Stream) {
	within := func(chance float64) int64 {
		at, taken := s.Uniform(), s.Chance(chance)
		if !taken && !f.Complete {
			return table.NoTime
		}
		return midnight(p.Entry + int64(at*float64(p.Exit-p.Entry)))
	}
	p.Head, p.Chest = within(HeadImage), within(ChestImage)
	x := p.X
	if p.Head != table.NoTime && p.At(Hypertension, p.Head) {
		x[Hypertension] = 1
	} else {
		x[Hypertension] = 0
	}
	if f.model.logistic(s, Lesion, &x, Traits{}) && p.Head != table.NoTime {
		p.X[Lesion] = 1
		p.Onset[Lesion] = p.Head
	}
}

// The chances of images, of anybody.
const (
	HeadImage  = 0.2
	ChestImage = 0.3
)

func midnight(t int64) int64 {
	d := t / table.Day
	if t%table.Day < 0 {
		d--
	}
	return d * table.Day
}
