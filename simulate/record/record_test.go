package record

import (
	"math"
	"slices"
	"testing"

	"hmsp.center/hmsp/simulate/person"
	"hmsp.center/hmsp/table"
)

func population() *person.Population {
	return person.New(21, 600, Day(2014, 12, 31), Day(2024, 12, 31))
}

// each makes n records of a site.
func each(t testing.TB, s Site, n int, use func(r *Record)) {
	t.Helper()
	m := NewMaker(population(), NewCodes(), &s)
	for i := range n {
		use(m.Record(i))
	}
}

func sites6() []string { return []string{"east", "lakes", "north", "plains", "south", "west"} }

func TestCatalogue(t *testing.T) {
	concepts, codes := map[int64]bool{}, map[[2]string]bool{}
	c := NewCodes()
	for _, x := range c.All {
		key := [2]string{x.System.URI(), x.Code}
		if x.Concept == 0 || concepts[x.Concept] || codes[key] {
			t.Errorf("%s %s has no concept of its own", x.System.Vocabulary(), x.Code)
		}
		concepts[x.Concept], codes[key] = true, true
	}
	for a, x := range c.Analytes {
		if x.Name == "" || x.Forms[0].Scale == 0 || x.Forms[1].Unit.Code == "" {
			t.Errorf("analyte %d is not described", a)
		}
	}
}

// Every row lies within its person's time and refers to a visit of theirs; without
// faults there is none in the future.
func TestRecordsAreConsistent(t *testing.T) {
	for _, name := range append(sites6(), "elsewhere") {
		each(t, NewSite(name, 300, true), 300, func(r *Record) {
			p := r.Person
			check := func(what string, at int64, visit int) {
				if at < p.Entry || at >= p.Exit+table.Day {
					t.Fatalf("%s: %s out of time", p.ID, what)
				}
				if visit < 0 || visit >= len(r.Visits) || at < r.Visits[visit].Start || at > r.Visits[visit].Start+table.Day {
					t.Fatalf("%s: %s without its visit", p.ID, what)
				}
			}
			for _, x := range r.Measurements {
				check("measurement", x.Time, x.Visit)
				if x.Value <= 0 || x.Copy {
					t.Fatalf("%s: a value of a clean site is bad", p.ID)
				}
			}
			for _, x := range r.Diagnoses {
				check("diagnosis", x.Time, x.Visit)
			}
			for _, x := range r.Procedures {
				check("procedure", x.Time, x.Visit)
			}
			for _, x := range r.Images {
				check("image", x.Time, x.Visit)
			}
			if len(r.Visits) == 0 || len(r.Errors) > 0 {
				t.Fatalf("%s: no visit, or a fault at a clean site", p.ID)
			}
			if !slices.IsSortedFunc(r.Visits, func(a, b Visit) int { return int(midnight(a.Start) - midnight(b.Start)) }) {
				t.Fatalf("%s: visits out of order", p.ID)
			}
			for i, c := range r.Consents {
				if i > 0 && (c.Answer != Withdrawn || c.Time < r.Consents[0].Time) {
					t.Fatalf("%s: a second consent that is no withdrawal", p.ID)
				}
			}
		})
	}
}

func midnight(t int64) int64 { return t - t%table.Day }

// A statin multiplies LDL by 0.68 and metformin takes 0.9 from HbA1c, in what is
// measured: the mean of people's changes between the visits about the beginning, within five
// standard errors (a false alarm for 1 seed in a million).
func TestTreatmentsShow(t *testing.T) {
	n := 4000
	if testing.Short() {
		n = 1500
	}
	type sum struct{ n, x, xx float64 }
	f := population()
	var ldl, hba1c sum
	add := func(s *sum, x float64) { s.n, s.x, s.xx = s.n+1, s.x+x, s.xx+x*x }
	each(t, NewSite("north", n, true), n, func(r *Record) {
		for _, m := range r.Measurements {
			p := r.Person
			if m.Analyte == LDL && p.At(person.Statin, m.Time) {
				add(&ldl, m.Value/1.05-f.Value(p, person.LDL, m.Time)) // north's laboratory reads 5 % high
			}
			if m.Analyte == HbA1c && p.At(person.Metformin, m.Time) {
				add(&hba1c, m.Value-(p.X[person.HbA1c]+0.006*person.Years(p.Entry, m.Time)+1.5-0.9))
			}
		}
	})
	for name, s := range map[string]sum{"ldl": ldl, "hba1c": hba1c} {
		mean := s.x / s.n
		if z := mean / math.Sqrt((s.xx/s.n-mean*mean)/s.n); math.Abs(z) > 5 || s.n < 100 {
			t.Errorf("%s: off by %.3f, %.1f standard errors, of %v values", name, mean, z, s.n)
		}
	}
}

// Faults and missing values do not change what else is written: the clean record of
// somebody has every row of the faulty one's that has no fault.
func TestFaultsAreWhereTheyAre(t *testing.T) {
	for _, name := range sites6() {
		clean, faulty := NewSite(name, 200, true), NewSite(name, 200, false)
		a, b := NewMaker(population(), NewCodes(), &clean), NewMaker(population(), NewCodes(), &faulty)
		kinds := map[FaultKind]int{}
		for i := range 200 {
			x, y := a.Record(i), b.Record(i)
			bad := map[int]FaultKind{}
			for _, e := range y.Errors {
				k := faulty.Faults[e.Fault].Kind
				kinds[k]++
				if e.Table == "measurement" {
					bad[e.Row] = k
				}
			}
			type place struct {
				analyte, visit int
			}
			good := map[place]Measurement{}
			for _, m := range x.Measurements {
				good[place{m.Analyte, m.Visit}] = m
			}
			for row, m := range y.Measurements {
				g := good[place{m.Analyte, m.Visit}]
				if want := bad[row] == ""; want != (m == g) && bad[row] != Digits && bad[row] != Drift && bad[row] != Duplicate {
					t.Fatalf("%s: row %d of somebody differs from the clean one (%s)", name, row, bad[row])
				}
				if (bad[row] == Zero) != (m.Value == 0) || (bad[row] == Duplicate) != m.Copy {
					t.Fatalf("%s: a value is 0 or a copy and no fault, or the other way", name)
				}
			}
		}
		for _, f := range faulty.Faults {
			if kinds[f.Kind] == 0 {
				t.Errorf("%s: nobody of 200 has the fault %s", name, f.Kind)
			}
		}
	}
}

// Values are missing as often as the mechanism says, within five standard errors.
func TestMissing(t *testing.T) {
	for _, name := range sites6() {
		clean, faulty := NewSite(name, 1500, true), NewSite(name, 1500, false)
		faulty.Faults = nil
		expect, variance, got := map[string]float64{}, map[string]float64{}, map[string]float64{}
		all := map[string]float64{}
		each(t, faulty, 1500, func(r *Record) {
			for _, m := range r.Measurements {
				got[r.Codes.Analytes[m.Analyte].Name]++
			}
		})
		each(t, clean, 1500, func(r *Record) {
			for _, m := range r.Measurements {
				n := r.Codes.Analytes[m.Analyte].Name
				all[n]++
				for _, w := range faulty.Missing {
					if w.Variable != n {
						continue
					}
					lp := w.Intercept
					switch w.Mechanism {
					case MAR:
						lp += w.Slope * (r.Person.X[person.Age] - w.Centre)
					case MNAR:
						x := m.Value // in its form; clean sites with MNAR report mass units
						for _, b := range clean.Calibration {
							if b.Analyte == n {
								x = (x - b.Offset) / b.Factor
							}
						}
						lp += w.Slope * (x - w.Centre)
					}
					p := 1 / (1 + math.Exp(-lp))
					expect[n] += p
					variance[n] += p * (1 - p)
				}
			}
		})
		for n, e := range expect {
			if z := (all[n] - got[n] - e) / math.Sqrt(variance[n]); math.Abs(z) > 5 {
				t.Errorf("%s: %s is missing %.0f times, %.0f expected, %.1f standard errors", name, n, all[n]-got[n], e, z)
			}
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	s := NewSite("north", 1, false)
	m := NewMaker(population(), NewCodes(), &s)
	i := 0
	for b.Loop() {
		i++
		m.Record(i)
	}
}
