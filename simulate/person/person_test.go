package person

import (
	"math"
	"testing"
	"time"

	"hmsp.center/hmsp/table"
)

func day(y int, m time.Month, d int) int64 { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() }

func traits() Traits { return Traits{Age: 55, Ancestry: [3]float64{2, 1, 1}} }

// cohort makes n people.
func cohort(t testing.TB, n int) (*Population, []*Person) {
	t.Helper()
	f := New(11, 600, day(2014, 12, 31), day(2024, 12, 31))
	s := f.Scratch()
	var out []*Person
	for i := range n {
		out = append(out, f.Person("north", traits(), i, s))
	}
	return f, out
}

func size() int {
	if testing.Short() {
		return 5000
	}
	return 20_000
}

// Every coefficient of every equation comes back, by maximum likelihood, within five
// standard errors. There are about a hundred of them, at 5.7e-7 each: a false alarm
// for 6 seeds in a hundred thousand.
func TestEffectsComeBack(t *testing.T) {
	_, people := cohort(t, size())
	for _, e := range Equations() {
		var x [][]float64
		var y, offset []float64
		use := func(p *Person, v *values, outcome, off float64) {
			row := []float64{1}
			for _, c := range e.Terms {
				row = append(row, v[c.Cause]-c.Centre)
			}
			x, y, offset = append(x, row), append(y, outcome), append(offset, off)
		}
		for _, p := range people {
			v := p.X
			switch {
			case e.Kind == Weibull:
				spells(p, e, func(from, to float64, event float64, chd float64) {
					if e.Outcome == Death {
						v[CHD] = chd
					}
					use(p, &v, event, math.Log(math.Pow(to, e.Shape)-math.Pow(from, e.Shape)))
				})
			case !eligible(p, e.Outcome):
			case e.Kind == Linear:
				use(p, &v, p.X[e.Outcome], 0)
			default:
				outcome := p.X[e.Outcome]
				switch e.Outcome {
				case Metformin, Antihypertensive, Aspirin:
					outcome = flag(p.Onset[e.Outcome] != table.NoTime)
				case Lesion:
					v[Hypertension] = flag(p.At(Hypertension, p.Head))
				}
				use(p, &v, outcome, 0)
			}
		}
		beta, se := fit(t, e.Kind, x, y, offset)
		want := []float64{e.Intercept}
		for _, c := range e.Terms {
			want = append(want, c.Coefficient)
		}
		for i := range want {
			name := "intercept"
			if i > 0 {
				name = e.Terms[i-1].Cause.String()
			}
			if z := (beta[i] - want[i]) / se[i]; math.Abs(z) > 5 || math.IsNaN(z) {
				t.Errorf("%s %s, %s: %.4f (standard error %.4f), planted %.4f", e.Kind, e.Outcome, name, beta[i], se[i], want[i])
			}
		}
	}
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// eligible says of whom an equation is.
func eligible(p *Person, v Variable) bool {
	switch v {
	case Smoker:
		return p.X[EverSmoker] == 1
	case Metformin:
		return p.At(Diabetes, p.Exit)
	case Antihypertensive:
		return p.At(Hypertension, p.Exit)
	case Aspirin:
		return p.At(CHD, p.Exit)
	case Lesion:
		return p.Head != table.NoTime
	}
	return true
}

// spells are somebody's times at risk, cut where coronary heart disease begins.
func spells(p *Person, e Equation, use func(from, to, event, chd float64)) {
	if e.Outcome < Death && p.Prevalent(e.Outcome) {
		return
	}
	end, event := Years(p.Entry, p.Exit), 0.0
	switch e.Outcome {
	case Death:
		event = flag(p.Why == Died)
	case DropOut:
		event = flag(p.Why == Dropped)
	default:
		if p.At(e.Outcome, p.Exit) {
			end, event = Years(p.Entry, p.Onset[e.Outcome]), 1
		}
	}
	// Events are moved to the next midnight; half a day back removes the bias.
	if event == 1 {
		end -= 0.5 * table.Day / Year
	}
	if e.Outcome == Death && p.At(CHD, p.Exit) && !p.Prevalent(CHD) {
		if c := Years(p.Entry, p.Onset[CHD]); c < end {
			use(0, c, 0, 0)
			use(c, end, event, 1)
			return
		}
	}
	use(0, end, event, p.X[CHD])
}

func TestPeopleAreConsistent(t *testing.T) {
	f, people := cohort(t, 3000)
	for _, p := range people {
		if p.Entry < f.Start || p.Exit > f.End || p.Exit <= p.Entry || p.Birth >= p.Entry {
			t.Fatalf("%s: times out of order", p.ID)
		}
		if p.Why == Died && p.Exit != p.Onset[Death] || p.Why == Ended && p.Exit != f.End {
			t.Fatalf("%s: the end is not what it says", p.ID)
		}
		if s := p.Ancestry[0] + p.Ancestry[1] + p.Ancestry[2]; math.Abs(s-1) > 1e-9 {
			t.Fatalf("%s: shares sum to %v", p.ID, s)
		}
		if p.X[Smoker] > p.X[EverSmoker] || p.X[Age] < 18 || p.X[BMI] < 10 {
			t.Fatalf("%s: impossible values", p.ID)
		}
		if p.At(Statin, p.Exit) && f.Value(p, LDL, p.Exit) > p.X[LDL] {
			t.Fatalf("%s: a statin does not lower LDL", p.ID)
		}
		if p.At(Metformin, p.Exit) && !p.At(Diabetes, p.Exit) {
			t.Fatalf("%s: metformin without diabetes", p.ID)
		}
	}
}

// The causes of an equation stand before its outcome, so that the graph has no cycle.
func TestGraphHasNoCycle(t *testing.T) {
	done := map[Variable]bool{Age: true, Male: true, AncestryB: true, AncestryC: true, GenesLDL: true, GenesBMI: true, GenesT2D: true}
	for _, e := range Equations() {
		for _, c := range e.Terms {
			if !done[c.Cause] {
				t.Errorf("%s has the cause %s, which comes later", e.Outcome, c.Cause)
			}
		}
		done[e.Outcome] = true
	}
	for v := range Variables {
		if !done[v] {
			t.Errorf("nothing says how %s comes about", v)
		}
	}
}

// CKD-EPI 2021 against values computed separately from its formula, rounded.
func TestEGFR(t *testing.T) {
	for _, c := range []struct {
		male          bool
		age, cr, want float64
	}{{true, 50, 1, 92}, {false, 60, 0.8, 84}, {true, 70, 2, 35}, {false, 40, 0.6, 116}} {
		p := &Person{}
		p.X[Male] = flag(c.male)
		if got := p.EGFR(c.cr, int64(c.age*Year)); math.Abs(got-c.want) > 1 {
			t.Errorf("eGFR of %+v is %.1f", c, got)
		}
	}
}

func BenchmarkPerson(b *testing.B) {
	f := New(1, 2000, day(2014, 12, 31), day(2024, 12, 31))
	s, tr, i := f.Scratch(), traits(), 0
	for b.Loop() {
		i++
		f.Person("north", tr, i, s)
	}
}
