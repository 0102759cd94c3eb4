package quality

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/plot"
	"hmsp.center/hmsp/table"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const year2020 = 18262 * table.Day

// A ward is a made-up history: people of 50, measured ten times over 2020 to 2023.
type ward struct {
	h table.History
	r *rand.Rand
}

func newWard(seed uint64, people int) *ward {
	w := &ward{r: rand.New(rand.NewPCG(seed, 7))}
	e := table.Events{Variable: table.Variable{Name: "sbp", Kind: table.Number, Unit: "mm[Hg]", Min: 0, Max: 300}}
	for p := range people {
		w.h.Pseudonyms = append(w.h.Pseudonyms, uint64(p+1))
		w.h.Birth = append(w.h.Birth, year2020-50*365*table.Day)
		w.h.Death = append(w.h.Death, table.NoTime)
		w.h.From = append(w.h.From, year2020)
		w.h.To = append(w.h.To, year2020+4*365*table.Day)
		for v := range 10 {
			e.Patients = append(e.Patients, int32(p))
			e.Times = append(e.Times, year2020+int64(v)*146*table.Day+w.r.Int64N(100*table.Day))
			e.Values.Numbers = append(e.Values.Numbers, math.Round(math.Max(60, 130+18*w.r.NormFloat64())))
		}
	}
	w.h.Events = []table.Events{e}
	return w
}

func (w *ward) events() *table.Events { return &w.h.Events[0] }

// each calls plant for about a share of the events.
func (w *ward) each(share float64, plant func(e *table.Events, i int)) {
	e := w.events()
	for i := range e.Len() {
		if w.r.Float64() < share {
			plant(e, i)
		}
	}
}

func (w *ward) measure(t testing.TB) Profile {
	t.Helper()
	p, err := OfHistory(context.Background(), w.h, Options{Dataset: "ward", Now: year2020 + 5*365*table.Day})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func kinds(p Profile) (out []string) {
	for _, f := range p.Findings {
		out = append(out, f.Kind)
	}
	return out
}

// Planted faults are found, each alone, and clean data have none: of 20 datasets of 500
// people each. The faults are so large that a miss is far below 1 in 1e5 (a share of 2%
// of 5000 values is 100 +- 10 of them, and from 50 on they are told).
func TestPlantedFaults(t *testing.T) {
	faults := map[string]func(*ward){
		"zeros":    func(w *ward) { w.each(0.02, func(e *table.Events, i int) { e.Values.Numbers[i] = 0 }) },
		"sentinel": func(w *ward) { w.each(0.02, func(e *table.Events, i int) { e.Values.Numbers[i] = 299 }) },
		"far-out":  func(w *ward) { w.each(0.03, func(e *table.Events, i int) { e.Values.Numbers[i] /= 7.50062 }) }, // kPa
		"outside":  func(w *ward) { w.each(0.02, func(e *table.Events, i int) { e.Values.Numbers[i] *= -1 }) },
		"digits": func(w *ward) {
			w.each(0.4, func(e *table.Events, i int) { e.Values.Numbers[i] = 10 * math.Round(e.Values.Numbers[i]/10) })
		},
		"time":     func(w *ward) { w.each(0.02, func(e *table.Events, i int) { e.Times[i] += 9 * 365 * table.Day }) },
		"missing":  func(w *ward) { w.keep(func(p int32) bool { return p%3 == 0 }) },
		"constant": func(w *ward) { w.each(1, func(e *table.Events, i int) { e.Values.Numbers[i] = 120 }) },
		"duplicates": func(w *ward) {
			w.each(0.02, func(e *table.Events, i int) {
				if i > 0 {
					e.Patients[i], e.Times[i], e.Values.Numbers[i] = e.Patients[i-1], e.Times[i-1], e.Values.Numbers[i-1]
				}
			})
		},
		"drift": func(w *ward) {
			w.each(1, func(e *table.Events, i int) {
				if e.Times[i] >= year2020+3*366*table.Day {
					e.Values.Numbers[i] += 15
				}
			})
		},
	}
	for kind, plant := range faults {
		for seed := range uint64(20) {
			if testing.Short() && seed > 1 {
				break
			}
			w := newWard(seed, 500)
			plant(w)
			p := w.measure(t)
			if !slices.Contains(kinds(p), kind) {
				t.Errorf("%s, dataset %d: found %v", kind, seed, kinds(p))
			}
			clean := newWard(seed, 500).measure(t)
			if kind != "digits" && kind != "constant" && p.Variables[0].Score >= clean.Variables[0].Score {
				t.Errorf("%s: the score %v is not below that of clean data, %v", kind, p.Variables[0].Score, clean.Variables[0].Score)
			}
		}
	}
	for seed := range uint64(20) {
		if testing.Short() && seed > 1 {
			break
		}
		if p := newWard(seed, 500).measure(t); len(p.Findings) > 0 || p.Score < 0.99 {
			t.Errorf("clean dataset %d: %v, score %v", seed, kinds(p), p.Score)
		}
	}
}

// keep keeps the events of some people.
func (w *ward) keep(who func(int32) bool) {
	e, out := w.events(), table.Events{Variable: w.events().Variable}
	for i, p := range e.Patients {
		if who(p) {
			out.Patients = append(out.Patients, p)
			out.Times = append(out.Times, e.Times[i])
			out.Values.Numbers = append(out.Values.Numbers, e.Values.Numbers[i])
		}
	}
	*e = out
}

// The counts are what was planted, to the value.
func TestCounts(t *testing.T) {
	day := int64(table.Day)
	h := table.History{
		Pseudonyms: []uint64{1, 2, 3}, Birth: []int64{year2020 - 100*day, year2020, table.NoTime}, Death: []int64{table.NoTime, year2020 + 10*day, table.NoTime},
		From: []int64{year2020, table.NoTime, year2020}, To: []int64{year2020 + 365*day, table.NoTime, year2020 - 5*day},
		Events: []table.Events{
			{Variable: table.Variable{Name: "x", Kind: table.Number, Min: 1, Max: 10}, Patients: []int32{0, 0, 0, 0, 1, 1, 1},
				Times:  []int64{year2020 - day, year2020 + 5, year2020 + 5, year2020 + 800*day, year2020 - 1, year2020 + 20*day, year2020 + 90*day},
				Values: table.Column{Numbers: []float64{1, 2, 2, 11, 3, 0, 4}}},
			{Variable: table.Variable{Name: "sex", Kind: table.Category, Levels: []table.Level{{Code: "f"}, {Code: "m"}}}, Patients: []int32{0, 0, 1},
				Times: []int64{table.NoTime, table.NoTime, table.NoTime}, Values: table.Column{Codes: []int32{1, 1, 0}}},
		},
	}
	p, err := OfHistory(t.Context(), h, Options{Now: year2020 + 700*day, Counts: map[string]Counts{"x": {Good: 7, Missing: 4, Wrong: 1, Unknown: 1, Outside: 1, Excluded: 5}}})
	if err != nil {
		t.Fatal(err)
	}
	x := p.Variables[0]
	if x.Values != 7 || x.People != 2 || x.Completeness != 2.0/3 || x.Duplicates != 1 || x.Atemporal.Outside != 3 || x.Atemporal.Zeros != 1 {
		t.Errorf("%+v", x)
	}
	if want := (Temporal{Dated: 7, Future: 1, BeforeBirth: 1, AfterDeath: 1, Unobserved: 2, Impossible: 4}); x.Temporal != want {
		t.Errorf("%+v, want %+v", x.Temporal, want)
	}
	if x.Conformance != 1-2.0/10 {
		t.Errorf("conformance %v", x.Conformance)
	}
	if sex := p.Variables[1]; sex.Duplicates != 0 || sex.People != 2 || sex.Temporal.Dated != 0 {
		t.Errorf("%+v", sex)
	}
	if p.Linked != 2 || p.Reversed != 1 || p.Lifespan != 0 || p.First != "2020-01-01" || p.Last != "2020-01-21" {
		t.Errorf("%+v", p)
	}
	// In 2019 and 2021 and 2022 one person has a value; the first is under observation in 2020.
	if len(p.Batches) != 3 || p.Batches[1] != (Batch{"2020", 2}) {
		t.Errorf("batches %v", p.Batches)
	}
}

// A flat table: rows of one patient that repeat, batches by label.
func TestOfTable(t *testing.T) {
	s := table.Schema{{Name: "x", Kind: table.Number, Min: 0, Max: 10}, {Name: "f", Kind: table.Flag}}
	n := 400
	x, f, batch, patients := make([]float64, n), make([]float64, n), make([]int32, n), make([]int32, n)
	for i := range n {
		x[i], f[i], batch[i], patients[i] = float64(i%10), float64(i%2), int32(i%2), int32(1000+7*i)
		if i%2 == 1 {
			x[i] = 9
		}
	}
	x[5], patients[3] = math.NaN(), patients[1]
	tab, err := table.New(s, []table.Column{{Numbers: x}, {Numbers: f}}, patients)
	if err != nil {
		t.Fatal(err)
	}
	p, err := OfTable(t.Context(), tab, Options{Batches: batch, Labels: []string{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	v := p.Variables[0]
	if p.People != n-1 || v.People != n-2 || p.SameRows != 1 || v.Drift == nil || !v.Drift.Confirmed || v.Drift.PSI < 1 || v.Drift.KS < 0.7 {
		t.Errorf("%+v %+v", p, v.Drift)
	}
	if len(v.OverTime) != 2 || v.OverTime[0].People != 200 || v.OverTime[1].Share != 198.0/199 {
		t.Errorf("%+v", v.OverTime)
	}
	for _, o := range []Options{{Batches: batch[1:], Labels: []string{"a", "b"}}, {Batches: batch, Labels: []string{"a"}}} {
		if _, err := OfTable(t.Context(), tab, o); err == nil {
			t.Error("wrong batches are taken")
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := OfTable(ctx, tab, Options{}); err == nil {
		t.Error("a context that is over is not heeded")
	}
	if p, err := OfTable(t.Context(), table.Table{}, Options{}); err != nil || p.Score != 0 {
		t.Error("an empty table", err)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not as recorded (%v); run with -update and look at the difference:\n%s", name, err, got)
	}
}

func example(t *testing.T) Profile {
	w := newWard(1, 300)
	w.each(0.1, func(e *table.Events, i int) { e.Values.Numbers[i] = 0 })
	e := table.Events{Variable: table.Variable{Name: "sex", Kind: table.Category, Levels: []table.Level{{Code: "f"}, {Code: "m"}}}}
	for p := range int32(280) {
		e.Patients, e.Times, e.Values.Codes = append(e.Patients, p), append(e.Times, table.NoTime), append(e.Values.Codes, p%2)
	}
	w.h.Events = append(w.h.Events, e)
	p, err := OfHistory(t.Context(), w.h, Options{Dataset: "ward", Now: year2020 + 5*365*table.Day, Counts: map[string]Counts{"sbp": {Good: 3000, Missing: 10, Wrong: 40, UnitUnknown: 3}},
		Checks: []Check{{Name: "wear time", Unit: "min", Low: 600, High: 1440, Values: 1400, People: 300, Outside: 100, PerPerson: 0.93}, {Name: "slice gap", Low: 1, High: 1.05, Values: 3, People: 3, PerPerson: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestGolden(t *testing.T) {
	p := example(t)
	data, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "profile.json", data)
	golden(t, "profile.txt", []byte(p.String()))
	pub := Published(p, disclosure.DefaultRules())
	pubData, err := pub.Encode()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "public.json", pubData)
	golden(t, "public.txt", []byte(pub.String()))
	golden(t, "completeness.svg", plot.SVG(p.Figure(), plot.Options{}))
	back, err := Decode(data)
	if again, _ := back.Encode(); err != nil || !bytes.Equal(again, data) {
		t.Errorf("the profile does not come back: %v", err)
	}
	backPub, err := DecodePublic(pubData)
	if again, _ := backPub.Encode(); err != nil || !bytes.Equal(again, pubData) {
		t.Errorf("the public profile does not come back: %v", err)
	}
	for _, bad := range []string{"", "{", `{"hmsp":"quality/v1"}`, `[]`} {
		if _, err := Decode([]byte(bad)); err == nil {
			t.Errorf("%q is a profile", bad)
		}
		if _, err := DecodePublic([]byte(bad)); err == nil {
			t.Errorf("%q is a public profile", bad)
		}
	}
	for _, bad := range []string{`{"hmsp":"quality/v2-public","checks":[{"name":"wear time","plausible":-1}]}`, `{"hmsp":"quality/v2-public","variables":[{"name":"x","score":7}]}`, `{"hmsp":"quality/v2-public","variables":[{"name":"x"},{"name":"x"}]}`} {
		if _, err := DecodePublic([]byte(bad)); err == nil {
			t.Errorf("%q is a public profile", bad)
		}
	}
}

func TestMeets(t *testing.T) {
	at := func(x float64) *float64 { return &x }
	p := Published(example(t), disclosure.DefaultRules())
	if s := Meets(p, Thresholds{Limits: Limits{Completeness: at(0.9), Drift: at(0.25), Score: at(0.8)}, People: 100}, []string{"sbp", "sex"}); len(s) != 0 {
		t.Errorf("falls short: %v", s)
	}
	th := Thresholds{Limits: Limits{Completeness: at(0.99), Plausibility: at(1)}, People: 100000, Variables: map[string]Limits{"sex": {Completeness: at(0.5)}}}
	s := Meets(p, th, []string{"sbp", "sex", "height"})
	var texts []string
	for _, x := range s {
		texts = append(texts, x.Text)
	}
	got := strings.Join(texts, "\n")
	for _, want := range []string{"at least 100000 people", "does not have height", "sbp does not have the plausibility of at least 100% that"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
	if len(s) != 4 {
		t.Errorf("%d shortfalls:\n%s", len(s), got)
	}
	tiny := Published(newWard(1, 12).measure(t), disclosure.DefaultRules())
	if s := Meets(tiny, th, []string{"sbp"}); len(s) != 3 || !strings.Contains(s[1].Text, "too few people") {
		t.Errorf("%v", s)
	}
	for _, bad := range []Thresholds{{People: -1}, {Limits: Limits{Score: at(2)}}, {Limits: Limits{Score: at(math.NaN())}}, {Variables: map[string]Limits{"sx": {}}}, {Variables: map[string]Limits{"sex": {Drift: at(-1)}}}} {
		if bad.Valid([]string{"sbp", "sex"}) == nil {
			t.Errorf("%+v is valid", bad)
		}
	}
	if err := th.Valid([]string{"sbp", "sex"}); err != nil {
		t.Error(err)
	}
}

func ExampleMeets() {
	half := 0.5
	p := Public{Hmsp: PublicVersion, Variables: []PublicVariable{{Name: "hba1c", Completeness: new(float64)}}}
	for _, s := range Meets(p, Thresholds{Limits: Limits{Completeness: &half}}, []string{"hba1c", "bmi"}) {
		fmt.Println(s.Text)
	}
	// Output:
	// hba1c does not have the completeness of at least 50% that the study demands
	// the dataset does not have bmi, of which the study demands a completeness of at least 50%
}
