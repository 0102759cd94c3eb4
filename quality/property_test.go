package quality

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/table"
)

// Whoever knows exactly how many people there are cannot tell from what is published
// that few of them have a value, or that few have none: the same is published of a
// number of at least the minimum cell. Tiny datasets tell nothing at all.
func TestPublishedHidesFew(t *testing.T) {
	most := 3000
	if testing.Short() {
		most = 300 // fewer cases
	}
	for _, least := range []int{0, 3, 5, 10, 20} {
		rules := disclosure.Rules{MinimumCell: least}
		for people := 1; people <= most; people += 1 + people/40 {
			large := map[string][2]int{} // by what is published: the most who have a value, and who have none
			said := make([]string, people+1)
			for n := range people + 1 {
				v := Variable{Name: "x", People: n, Values: n, Completeness: share(n, people), Conformance: 1, Plausibility: 1, Uniqueness: 1}
				v.Score = v.score()
				p := Profile{Dataset: "d", People: people, Linked: n, Variables: []Variable{v}}
				p.judge()
				data, err := json.Marshal(Published(p, rules))
				if err != nil {
					t.Fatal(err)
				}
				said[n] = string(data)
				l := large[said[n]]
				large[said[n]] = [2]int{max(l[0], n), max(l[1], people-n)}
			}
			for n, s := range said {
				if l := large[s]; n > 0 && n < least && l[0] < least && people >= least || people-n > 0 && people-n < least && l[1] < least && people >= least {
					t.Fatalf("%d people, cell %d: %d have a value, which %s tells to be few", people, least, n, s)
				}
			}
			if people < 2*least && len(large) > 1 {
				t.Fatalf("%d people, cell %d: what is published depends on who has a value", people, least)
			}
		}
	}
}

// The values of a tiny group change nothing that is published.
func TestPublishedTiny(t *testing.T) {
	for people := range 20 {
		a, b := newWard(1, people), newWard(2, people)
		b.each(0.9, func(e *table.Events, i int) { e.Values.Numbers[i] = 0; e.Times[i] = 0 })
		b.keep(func(p int32) bool { return p > 3 })
		x, _ := Published(a.measure(t), disclosure.DefaultRules()).Encode()
		y, _ := Published(b.measure(t), disclosure.DefaultRules()).Encode()
		if string(x) != string(y) {
			t.Errorf("%d people:\n%s\n%s", people, x, y)
		}
	}
}

// What is published holds no number of the profile but rounded ones: no day, no label
// that a site chose, no count but the people, in tens.
func TestPublishedHasNoCounts(t *testing.T) {
	w := newWard(3, 457)
	w.h.Events[0].Times[17] = year2020 + 17*table.Day
	labels := make([]int32, 457)
	p, err := OfHistory(t.Context(), w.h, Options{Dataset: "d", Batches: labels, Labels: []string{"Dr Schmidt's ward"}})
	if err != nil {
		t.Fatal(err)
	}
	pub := Published(p, disclosure.DefaultRules())
	if *pub.People%10 != 0 && *pub.People%12 != 0 || pub.FirstYear != "" {
		t.Errorf("%+v", pub)
	}
	pub = Published(w.measure(t), disclosure.DefaultRules())
	if pub.FirstYear != "2020" || pub.LastYear != "2023" {
		t.Errorf("years %q to %q", pub.FirstYear, pub.LastYear)
	}
}

func drawWard(t *rapid.T) *ward {
	w := newWard(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 60).Draw(t, "people"))
	faults := rapid.Float64Range(0, 0.5).Draw(t, "faults")
	w.each(faults, func(e *table.Events, i int) {
		switch w.r.IntN(5) {
		case 0:
			e.Values.Numbers[i] = 0
		case 1:
			e.Values.Numbers[i] = math.Inf(1)
		case 2:
			e.Values.Numbers[i] = math.NaN()
		case 3:
			e.Times[i] = table.NoTime
		case 4:
			e.Times[i] = w.r.Int64()
		}
	})
	return w
}

// Whatever the data, shares are from 0 to 1, the profile is the same again, and in
// whatever order the people come.
func TestInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWard(t)
		measure := func() (Profile, []byte) {
			p, err := OfHistory(context.Background(), w.h, Options{Now: year2020})
			if err != nil {
				t.Fatal(err)
			}
			data, err := p.Encode()
			if err != nil {
				t.Fatal(err)
			}
			return p, data
		}
		p, first := measure()
		v := p.Variables[0]
		for _, x := range []float64{v.Completeness, v.Conformance, v.Plausibility, v.Uniqueness, v.Score, p.Score} {
			if !(x >= 0 && x <= 1) {
				t.Fatalf("a share of %v in %+v", x, v)
			}
		}
		if v.People > v.Values || v.People > p.People || v.Duplicates > v.Values || v.Temporal.Impossible > v.Temporal.Dated {
			t.Fatalf("%+v", v)
		}
		// The people in another order.
		order := w.r.Perm(w.h.People())
		w.reorder(order)
		if _, again := measure(); string(again) != string(first) {
			t.Fatalf("another order of people:\n%s\n%s", first, again)
		}
	})
}

// reorder gives person order[i] the number i.
func (w *ward) reorder(order []int) {
	old := w.h
	e := old.Events[0]
	w.h = table.History{Events: []table.Events{{Variable: e.Variable}}}
	n := &w.h.Events[0]
	for i, p := range order {
		w.h.Pseudonyms, w.h.Birth, w.h.Death = append(w.h.Pseudonyms, uint64(i)), append(w.h.Birth, old.Birth[p]), append(w.h.Death, old.Death[p])
		w.h.From, w.h.To = append(w.h.From, old.From[p]), append(w.h.To, old.To[p])
		for k, q := range e.Patients {
			if int(q) == p {
				n.Patients, n.Times, n.Values.Numbers = append(n.Patients, int32(i)), append(n.Times, e.Times[k]), append(n.Values.Numbers, e.Values.Numbers[k])
			}
		}
	}
}

// The sketch's quantiles are within 1/128 of the exact ones.
func TestSketch(t *testing.T) {
	s := newSketch()
	rapid.Check(t, func(t *rapid.T) {
		xs := rapid.SliceOfN(rapid.Float64(), 1, 200).Draw(t, "xs")
		s.reset()
		for _, x := range xs {
			s.add(x)
		}
		slices.Sort(xs)
		for _, p := range []float64{0.01, 0.25, 0.5, 0.9, 1} {
			want := xs[max(int(math.Ceil(p*float64(len(xs))))-1, 0)]
			got := s.quantiles(false, p)[0]
			if math.Abs(got-want) > math.Abs(want)/128+1e-300 {
				t.Fatalf("quantile %v is %v, want %v", p, got, want)
			}
		}
		part := make([]uint8, keys)
		n := s.cut(10, part)
		for i, x := range xs {
			if k := int(part[key(x)]); k >= n || i > 0 && k < int(part[key(xs[i-1])]) {
				t.Fatalf("value %v is in part %d of %d", x, k, n)
			}
		}
	})
}

// Without a difference, drift is confirmed by chance in about 1 of 1000 comparisons;
// with 4 batches each, 200 datasets have more than 8 by chance with a probability below
// 1e-5 (Poisson of 0.8 or less).
func TestDriftFalseAlarms(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	alarms := 0
	for seed := range uint64(200) {
		if d := newWard(1000+seed, 120).measure(t).Variables[0].Drift; d != nil && d.Confirmed {
			alarms++
		}
	}
	if alarms > 8 {
		t.Errorf("%d false alarms of 200", alarms)
	}
}

// KS and PSI against values that were computed by hand.
func TestDistances(t *testing.T) {
	if d := ks([]int{10, 0, 0}, []int{0, 5, 5}); d != 1 {
		t.Errorf("KS %v", d)
	}
	if d := ks([]int{5, 5}, []int{2, 8}); math.Abs(d-0.3) > 1e-12 {
		t.Errorf("KS %v", d)
	}
	// p = 1/4, 3/4 and q = 3/4, 1/4: 2 * 0.5 * ln 3.
	if d := psi([]int{2500000, 7500000}, []int{7500000, 2500000}); math.Abs(d-math.Log(3)) > 1e-6 {
		t.Errorf("PSI %v", d)
	}
	if x := chiSquared(9, 3.0902); math.Abs(x-27.877) > 0.2 { // qchisq(0.999, 9); the approximation is on the safe side
		t.Errorf("chi-squared %v", x)
	}
	if y, m, d := table.DateOf(year2020 + 59*table.Day); y != 2020 || m != 2 || d != 29 {
		t.Errorf("%d-%d-%d", y, m, d)
	}
	for _, c := range []calendar{{}, {quarters: true}} {
		for d := int64(-800 * 365); d < 800*365; d++ {
			s := c.span(d * table.Day)
			if !s.has(d*table.Day) || s.number != c.number(d*table.Day) || c.number(s.from) != s.number || c.number(s.from-1) == s.number || c.number(s.to) == s.number || c.number(s.to-1) != s.number {
				t.Fatalf("%s is not in its span", day(d*table.Day))
			}
		}
	}
	if day(-1) != "1969-12-31" {
		t.Error(day(-1))
	}
}

// BenchmarkTenMillion measures ten million dated values of a hundred thousand people;
// copy is reading them once, the least that it could take.
func BenchmarkTenMillion(b *testing.B) {
	const people, each = 100_000, 100
	r := rand.New(rand.NewPCG(1, 2))
	h := table.History{Pseudonyms: make([]uint64, people), Birth: make([]int64, people), Death: make([]int64, people), From: make([]int64, people), To: make([]int64, people)}
	e := table.Events{Variable: table.Variable{Name: "x", Kind: table.Number, Max: 300}}
	for p := range people {
		h.Birth[p], h.Death[p], h.From[p], h.To[p] = 0, table.NoTime, year2020, year2020+1000*table.Day
		for k := range each {
			e.Patients = append(e.Patients, int32(p))
			e.Times = append(e.Times, year2020+int64(k)*10*table.Day+r.Int64N(table.Day))
			e.Values.Numbers = append(e.Values.Numbers, 100+20*r.NormFloat64())
		}
	}
	h.Events = []table.Events{e}
	b.Run("profile", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if _, err := OfHistory(context.Background(), h, Options{Now: year2020 + 2000*table.Day}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)*people*each/b.Elapsed().Seconds()/1e6, "Mvalues/s")
	})
	b.Run("copy", func(b *testing.B) {
		for range b.N {
			sum := 0.0
			for i, x := range e.Values.Numbers {
				sum += x + float64(e.Times[i])
			}
			if sum == 0 {
				b.Fatal("no sum")
			}
		}
		b.ReportMetric(float64(b.N)*people*each/b.Elapsed().Seconds()/1e6, "Mvalues/s")
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"hmsp":"quality/v2","variables":[{"name":"x"}]}`))
	f.Add([]byte(`{"hmsp":"quality/v2-public","people":10,"variables":[{"name":"x","score":0.5}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := Decode(data); err == nil {
			_ = p.String()
			Published(p, disclosure.DefaultRules())
		}
		if p, err := DecodePublic(data); err == nil {
			_ = p.String()
			Meets(p, Thresholds{}, []string{"x"})
		}
	})
}
