package warehouse

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/cohort"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/timeline"
)

// clinical is a dictionary of one variable of each kind.
func clinical() table.Schema {
	return table.Schema{
		{Name: "hba1c", Kind: table.Number, Unit: "%", Min: -1, Max: 20},
		{Name: "visit", Kind: table.Integer, Min: 0, Max: 9},
		{Name: "diabetes", Kind: table.Flag},
		{Name: "stage", Kind: table.Category, Levels: []table.Level{{Code: "IV"}, {Code: "I"}, {Code: "o'Neill"}, {Code: "é"}}},
	}
}

// past makes a history of people; pick chooses a number between two.
func past(people, events int, pick func(lo, hi int) int) table.History {
	h := table.History{Pseudonyms: make([]uint64, people)}
	when := func() int64 {
		switch pick(0, 9) {
		case 0:
			return table.NoTime
		case 1:
			return int64(pick(-1000, 1000)) * 40000 // around 1970
		default:
			return int64(pick(18250, 18300))*table.Day + int64(pick(0, 3))*28799 // around the end of February 2020
		}
	}
	for p := range people {
		h.Pseudonyms[p] = uint64(p) * 7
		birth := when()
		if birth != table.NoTime && pick(0, 3) > 0 {
			birth -= 20000 * table.Day
		}
		h.Birth = append(h.Birth, birth)
		h.Death = append(h.Death, when())
		h.From = append(h.From, when())
		h.To = append(h.To, when())
	}
	for _, v := range clinical() {
		e := table.Events{Variable: v}
		type one struct {
			p int32
			t int64
			x float64
		}
		var all []one
		for range pick(0, events) {
			x := float64(pick(0, 3))
			if v.Kind == table.Number {
				x = x/3 - 0.25
			} else if v.Kind == table.Flag {
				x = float64(int(x) % 2)
			}
			all = append(all, one{int32(pick(0, people-1)), when(), x})
		}
		sort.Slice(all, func(i, j int) bool {
			a, b := all[i], all[j]
			return a.p < b.p || a.p == b.p && (a.t < b.t || a.t == b.t && a.x < b.x)
		})
		for _, o := range all {
			e.Patients, e.Times = append(e.Patients, o.p), append(e.Times, o.t)
			if v.Numeric() {
				e.Values.Numbers = append(e.Values.Numbers, o.x)
			} else {
				e.Values.Codes = append(e.Values.Codes, int32(o.x))
			}
		}
		h.Events = append(h.Events, e)
	}
	return h
}

// dice gives numbers between two that follow from a seed: rapid's own are mostly the
// lower end, so that most takes and windows would not be seen.
func dice(seed uint64) func(lo, hi int) int {
	r := rand.New(rand.NewPCG(seed, 0))
	return func(lo, hi int) int { return lo + r.IntN(hi-lo+1) }
}

// drawSpec writes any spec that the dictionary allows.
func drawSpec(pick func(lo, hi int) int) timeline.Spec {
	var spec timeline.Spec
	date := func() *timeline.Date {
		if pick(0, 2) > 0 {
			return nil
		}
		d := timeline.Date(pick(18255, 18295))
		return &d
	}
	names := append(clinical().Names(), timeline.Death)
	switch pick(0, 5) {
	case 0:
	case 1:
		d := timeline.Date(pick(18255, 18295))
		spec.Index = &timeline.Index{Date: &d}
	default:
		spec.Index = &timeline.Index{Event: names[pick(0, 4)], Take: []timeline.Take{"", timeline.First, timeline.Last}[pick(0, 2)], From: date(), To: date()}
	}
	duration := func() *timeline.Duration {
		if spec.Index == nil || pick(0, 3) == 0 {
			return nil
		}
		d := timeline.Days(pick(-30, 30))
		if pick(0, 2) == 0 {
			d = timeline.Months(pick(-14, 14))
		}
		return &d
	}
	spec.Variables = map[string]timeline.Derived{}
	for k := range 8 {
		d := timeline.Derived{Of: names[pick(0, 4)], Take: timeline.Takes()[pick(0, len(timeline.Takes())-1)], From: duration(), To: duration()}
		switch d.Take {
		case timeline.TimeTo, timeline.EventSeen:
			from, to := timeline.Days(pick(0, 3)), []timeline.Duration{timeline.Days(pick(1, 40)), timeline.Months(pick(1, 14))}[pick(0, 1)]
			if d.From, d.To = nil, &to; pick(0, 1) == 0 {
				d.From = &from
			}
		case timeline.Count:
			d.Max = float64(pick(1, 3))
		case timeline.Sum:
			d.Of, d.Max = "visit", float64(pick(1, 5))
		case timeline.Age:
			if spec.Index != nil && pick(0, 1) == 0 {
				d.Of, d.From, d.To = "", nil, nil
			}
		}
		spec.Variables[fmt.Sprint("v", k)] = d
	}
	for name := range spec.Variables { // what the language refuses goes
		one := timeline.Spec{Index: spec.Index, Variables: map[string]timeline.Derived{name: spec.Variables[name]}}
		if _, err := timeline.Compile(one, clinical(), nil); err != nil {
			delete(spec.Variables, name)
		}
	}
	if spec.Index != nil && spec.Index.From != nil && spec.Index.To != nil && *spec.Index.From > *spec.Index.To {
		spec.Index.To = nil
	}
	return spec
}

// condition writes any cohort of a plan's variables.
func condition(t *rapid.T, s table.Schema) string {
	out := "true"
	for range rapid.IntRange(0, 3).Draw(t, "terms") {
		v := s[rapid.IntRange(0, len(s)-1).Draw(t, "variable")]
		term := map[table.Kind]string{
			table.Number: v.Name + " > 0.1", table.Integer: v.Name + " * 2 <= 30", table.Flag: v.Name,
			table.Category: v.Name + " in ['I', 'é']",
		}[v.Kind]
		if rapid.Bool().Draw(t, "missing") {
			term = "!missing(" + v.Name + ")"
		}
		out = fmt.Sprintf("(%s) %s (%s)", out, rapid.SampledFrom([]string{"&&", "||", "!="}).Draw(t, "operator"), term)
	}
	return out
}

// byHand is the answer by the definitions: Plan.Eval, cohort.Bind and a choice of
// columns.
func byHand(t interface{ Fatal(...any) }, h table.History, q Question) table.Table {
	all, err := q.Timeline.Eval(h)
	if err != nil {
		t.Fatal(err)
	}
	holds, err := q.Cohort.Bind(all)
	if err != nil {
		t.Fatal(err)
	}
	rows := []int{}
	for r := range all.Rows() {
		if holds(r) == cohort.True {
			rows = append(rows, r)
		}
	}
	all = all.Take(rows)
	columns := []table.Column{}
	for _, v := range q.Variables {
		columns = append(columns, all.Columns[all.Schema.Index(v.Name)])
	}
	out, err := table.New(q.Variables, columns, all.Patients)
	if err != nil {
		t.Fatal(err)
	}
	out.Pseudonyms = all.Pseudonyms
	return out
}

func sameTable(t interface{ Fatalf(string, ...any) }, got, want table.Table) {
	if !slices.Equal(got.Patients, want.Patients) || !slices.Equal(got.Pseudonyms, want.Pseudonyms) {
		t.Fatalf("people %v, want %v", got.Patients, want.Patients)
	}
	for i, v := range want.Schema {
		for r := range want.Rows() {
			if v.Numeric() {
				if a, b := got.Columns[i].Numbers[r], want.Columns[i].Numbers[r]; a != b && !(math.IsNaN(a) && math.IsNaN(b)) {
					t.Fatalf("%s (%s) of person %d is %v, want %v", v.Name, v.Label, want.Patients[r], a, b)
				}
			} else if a, b := got.Columns[i].Codes[r], want.Columns[i].Codes[r]; a != b {
				t.Fatalf("%s (%s) of person %d is level %d, want %d", v.Name, v.Label, want.Patients[r], a, b)
			}
		}
	}
}

// The database's answer is what Plan.Eval and cohort.Bind define, for any history,
// spec and cohort, in one part or many, in memory or in a pool.
func TestAskAgreesWithEval(t *testing.T) {
	folder := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		pick := dice(rapid.Uint64().Draw(rt, "seed"))
		h := past(pick(1, 12), 40, pick)
		plan, err := timeline.Compile(drawSpec(pick), clinical(), clinical().Names()[:pick(0, 4)])
		if err != nil {
			rt.Fatal(err)
		}
		s := plan.Schema()
		q := Question{Timeline: plan, Cohort: &cohort.Expr{}}
		if len(s) > 0 {
			e, err := cohort.Parse(condition(rt, s), s)
			if err != nil {
				rt.Fatal(err)
			}
			q.Cohort, q.Variables = &e, rapid.Permutation(s).Draw(rt, "order")[:pick(0, len(s))]
		}
		o := Options{Memory: DefaultMemory}
		if pick(0, 3) == 0 {
			o.Pool = filepath.Join(folder, "answer")
		}
		got, c, err := ask(rt.Context(), h, q, o, pick(1, 60))
		if err != nil {
			query, args := plan.SQL(timeline.DuckDB)
			rt.Fatalf("%v\n%s\n%v", err, query, args)
		}
		want := byHand(rt, h, q)
		sameTable(rt, got, want)
		if err := c.Close(); err != nil {
			rt.Fatal(err)
		}
		if got, c, err = Evaluate(rt.Context(), h, q, o); err != nil {
			rt.Fatal(err)
		}
		sameTable(rt, got, want)
		if err := c.Close(); err != nil {
			rt.Fatal(err)
		}
		if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
			rt.Fatalf("left behind: %v, %v", left, err)
		}
	})
}
