package formula

import (
	"math"
	"slices"
	"testing"

	"hmsp.center/hmsp/table"
)

// cohort is five people: times 5, 6, 7, 8, 9; one missing status, one missing
// centre.
func cohort(t *testing.T) table.Table {
	t.Helper()
	s := table.Schema{
		{Name: "start", Kind: table.Number, Min: 0, Max: 50}, {Name: "time", Kind: table.Number, Min: 0, Max: 100},
		{Name: "status", Kind: table.Integer, Min: 1, Max: 2}, {Name: "dead", Kind: table.Flag}, {Name: "why", Kind: table.Category, Levels: []table.Level{{Code: "alive"}, {Code: "dead"}}},
		{Name: "inst", Kind: table.Integer, Min: 1, Max: 4}, {Name: "sex", Kind: table.Category, Levels: []table.Level{{Code: "m"}, {Code: "f"}}},
		{Name: "age", Kind: table.Number, Min: 0, Max: 100},
	}
	x, err := table.New(s, []table.Column{
		{Numbers: []float64{0, 1, 2, 8, 3}}, {Numbers: []float64{5, 6, 7, 8, 9}}, {Numbers: []float64{1, 2, 2, 1, math.NaN()}},
		{Numbers: []float64{0, 1, 1, 0, 1}}, {Codes: []int32{0, 1, 1, 0, 1}}, {Numbers: []float64{1, 3, 1, 3, 1}}, {Codes: []int32{0, 1, 0, 0, 1}},
		{Numbers: []float64{50, 60, 70, 80, 90}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestSurv(t *testing.T) {
	x := cohort(t)
	for _, c := range []struct {
		text   string
		start  []float64 // nil: no start
		stop   []float64
		event  []float64
		reason string
	}{
		{"Surv(time, status) ~ age", nil, []float64{5, 6, 7, 8}, []float64{0, 1, 1, 0}, "a status declared 1..2 means 2, as in R"},
		{"Surv(time, status == 2) ~ age", nil, []float64{5, 6, 7, 8}, []float64{0, 1, 1, 0}, "comparison; a missing status leaves the row out"},
		{"Surv(time, dead) ~ age", nil, []float64{5, 6, 7, 8, 9}, []float64{0, 1, 1, 0, 1}, "flag"},
		{`Surv(event = why == "dead", time = time / 2) ~ age`, nil, []float64{2.5, 3, 3.5, 4, 4.5}, []float64{0, 1, 1, 0, 1}, "names, and a category's code"},
		{"Surv(start, time, dead) ~ age", []float64{0, 1, 2, 3}, []float64{5, 6, 7, 9}, []float64{0, 1, 1, 1}, "an interval of no length is left out, as in R"},
	} {
		m, err := Read(c.text, x.Schema, Options{Implicit: true})
		if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		f, err := settle(t, m, x).Frame(x)
		if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		if f.N != len(c.stop) {
			t.Errorf("%s: %d rows, want %d (%s)", c.text, f.N, len(c.stop), c.reason)
			continue
		}
		for i := range f.N {
			start, stop, event := f.Surv(i)
			want := math.Inf(-1)
			if c.start != nil {
				want = c.start[i]
			}
			if start != want || stop != c.stop[i] || event != c.event[i] {
				t.Errorf("%s row %d: %v %v %v, want %v %v %v (%s)", c.text, i, start, stop, event, want, c.stop[i], c.event[i], c.reason)
			}
		}
	}
}

func TestStrataAndGroups(t *testing.T) {
	x := cohort(t)
	for _, c := range []struct {
		text    string
		groups  bool
		names   []string
		rows    []int
		stratum []int
		columns []string
	}{
		{"Surv(time, dead) ~ age + strata(inst)", false, []string{"inst=1", "inst=3"}, []int{3, 2}, []int{0, 1, 0, 1, 0}, []string{"age"}},
		{"Surv(time, dead) ~ strata(inst, sex) - 1 + age", false, []string{"inst=1, sex=m", "inst=1, sex=f", "inst=3, sex=m", "inst=3, sex=f"}, []int{2, 1, 1, 1}, []int{0, 3, 0, 2, 1}, []string{"age"}},
		{"Surv(time, dead) ~ sex", true, []string{"sex=m", "sex=f"}, []int{3, 2}, []int{0, 1, 0, 0, 1}, []string{}},
		{"Surv(time, dead) ~ inst + I(age > 65)", true, []string{"inst=1, I(age > 65)=FALSE", "inst=1, I(age > 65)=TRUE", "inst=3, I(age > 65)=FALSE", "inst=3, I(age > 65)=TRUE"},
			[]int{1, 2, 1, 1}, []int{0, 2, 1, 3, 1}, []string{}},
		{"Surv(time, dead) ~ 1", true, nil, nil, []int{0, 0, 0, 0, 0}, []string{}},
		{"Surv(time, dead) ~ sex * age", false, nil, nil, []int{0, 0, 0, 0, 0}, []string{"sexf", "age", "sexf:age"}},
	} {
		m, err := Read(c.text, x.Schema, Options{Implicit: true, Groups: c.groups})
		if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		d := roundTrip(t, settle(t, m, x))
		f, err := d.Frame(x)
		if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		if !slices.Equal(d.StrataNames, c.names) || !slices.Equal(d.StrataRows, c.rows) || !slices.Equal(d.Names(), c.columns) {
			t.Errorf("%s: strata %q of %v rows and columns %q, want %q, %v, %q", c.text, d.StrataNames, d.StrataRows, d.Names(), c.names, c.rows, c.columns)
		}
		for i, want := range c.stratum {
			if f.Stratum(i) != want {
				t.Errorf("%s row %d: stratum %d, want %d", c.text, i, f.Stratum(i), want)
			}
		}
	}
}

// A row outside the declared range stops the site: every later bound rests on it.
func TestRowsOutsideTheRangeAreRefused(t *testing.T) {
	x := cohort(t)
	for _, text := range []string{"time ~ age", "age ~ time", "Surv(age, dead) ~ time", "time ~ sex + offset(age)", "time ~ factor(inst)"} {
		m, err := Read(text, x.Schema, Options{})
		if err != nil {
			t.Fatal(err)
		}
		d := settle(t, m, x)
		bad := x.Take([]int{0, 1, 2})
		bad.Numbers("age")[1] = 101
		bad.Numbers("inst")[1] = 5
		if _, err := d.Frame(bad); err == nil {
			t.Errorf("%s: a row outside the declared range passed", text)
		}
	}
}

// Only the variables of the formula are read.
func TestColumns(t *testing.T) {
	x := cohort(t)
	for text, want := range map[string][]string{
		"Surv(time, status == 2) ~ age*sex + strata(inst)": {"time", "status", "inst", "sex", "age"},
		"age ~ . - time": {"start", "time", "status", "dead", "why", "inst", "sex", "age"},
		"~ 1":            nil,
	} {
		m, err := Read(text, x.Schema, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(m.Columns(), want) {
			t.Errorf("%s reads %q, want %q", text, m.Columns(), want)
		}
	}
}
