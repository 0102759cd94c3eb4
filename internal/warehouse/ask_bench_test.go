package warehouse

import (
	"path/filepath"
	"testing"

	"hmsp.center/hmsp/cohort"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/timeline"
)

// hospital is a history of so many measurements, ten a person, diagnoses of a third
// of the people, and visits.
func hospital(measurements int) table.History {
	pick := dice(1)
	people := measurements / 10
	h := table.History{Pseudonyms: make([]uint64, people)}
	vs := clinical()
	hba1c, visit, diabetes := table.Events{Variable: vs[0]}, table.Events{Variable: vs[1]}, table.Events{Variable: vs[2]}
	add := func(e *table.Events, p int, day int64, x float64) {
		e.Patients, e.Times, e.Values.Numbers = append(e.Patients, int32(p)), append(e.Times, day*table.Day), append(e.Values.Numbers, x)
	}
	for p := range people {
		h.Pseudonyms[p] = uint64(p)
		h.Birth = append(h.Birth, int64(pick(-20000, 10000))*table.Day)
		h.From, h.To = append(h.From, 14000*table.Day), append(h.To, 19000*table.Day)
		h.Death = append(h.Death, table.NoTime)
		if pick(0, 9) == 0 {
			h.Death[p] = int64(pick(15000, 19000)) * table.Day
		}
		day := int64(pick(14000, 15000))
		for range 10 {
			add(&hba1c, p, day, float64(pick(40, 120))/10)
			day += int64(pick(1, 400))
		}
		if pick(0, 2) == 0 {
			add(&diabetes, p, int64(pick(15000, 17000)), 1)
		}
		add(&visit, p, int64(pick(14000, 19000)), 1)
	}
	h.Events = []table.Events{hba1c, visit, diabetes}
	return h
}

// windowed is a cohort with three windowed features.
func windowed(t interface{ Fatal(...any) }) Question {
	back, zero, after := timeline.Days(-365), timeline.Days(0), timeline.Months(60)
	plan, err := timeline.Compile(timeline.Spec{
		Index: &timeline.Index{Event: "diabetes"},
		Variables: map[string]timeline.Derived{
			"before": {Of: "hba1c", Take: timeline.Last, From: &back, To: &zero},
			"tests":  {Of: "hba1c", Take: timeline.Count, From: &back, To: &zero, Max: 50},
			"mean":   {Of: "hba1c", Take: timeline.Mean, From: &zero, To: &after},
			"age":    {Take: timeline.Age},
		},
	}, clinical(), nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := cohort.Parse("age >= 18 && tests >= 1 && !missing(mean)", plan.Schema())
	if err != nil {
		t.Fatal(err)
	}
	return Question{Timeline: plan, Cohort: &e, Variables: plan.Schema()}
}

// BenchmarkAsk holds the database against the definitions, over ten million
// measurements; "pool" is with a bound on memory.
func BenchmarkAsk(b *testing.B) {
	h, q := hospital(1e7), windowed(b)
	b.Run("database", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := Ask(b.Context(), h, q, Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("pool", func(b *testing.B) {
		for b.Loop() {
			_, c, err := Ask(b.Context(), h, q, Options{Memory: 256 << 20, Pool: filepath.Join(b.TempDir(), "answer")})
			if err != nil || c.Close() != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("evaluated", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := Evaluate(b.Context(), h, q, Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("evaluated-pool", func(b *testing.B) {
		for b.Loop() {
			_, c, err := Evaluate(b.Context(), h, q, Options{Memory: 256 << 20, Pool: filepath.Join(b.TempDir(), "answer")})
			if err != nil || c.Close() != nil {
				b.Fatal(err)
			}
		}
	})
}
