package timeline

import (
	"math"
	"slices"
	"strconv"
	"testing"

	"hmsp.center/hmsp/table"
)

func scan(s string, x *float64) (int, error) {
	var err error
	*x, err = strconv.ParseFloat(s, 64)
	return 1, err
}

func onDate(t *testing.T, s string) *Date {
	t.Helper()
	if s == "" {
		return nil
	}
	var d Date
	if err := d.UnmarshalText([]byte(s)); err != nil {
		t.Fatal(err)
	}
	return &d
}

// The age at the index day, of one born on 1 January 1900, says which day it is.
func TestIndex(t *testing.T) {
	events := []string{"mi 1950-06-01 0", "mi 1960-01-01 1", "mi 1970-01-01 1", "mi 1980-12-31 23:59 1", "mi 1990-06-01 0", "mi - 1", "visit 1999-01-01 0", "stage 2001-01-01 a"}
	for _, c := range []struct {
		event, take, from, to, date string
		want                        float64 // -1: not in the study
	}{
		{"mi", "first", "", "", "", 60},
		{"mi", "", "", "", "", 60},
		{"mi", "last", "", "", "", 80},
		{"mi", "first", "1960-01-01", "", "", 60},
		{"mi", "first", "1960-01-02", "", "", 70},
		{"mi", "last", "", "1980-12-31", "", 80},
		{"mi", "last", "", "1980-12-30", "", 70},
		{"mi", "first", "1985-01-01", "1999-01-01", "", -1},
		{"visit", "first", "", "", "", 99},
		{"stage", "last", "", "", "", 101},
		{"hba1c", "last", "", "", "", -1},
		{"death", "first", "", "", "", 102},
		{"death", "first", "2003-01-01", "", "", -1},
		{"", "", "", "", "1950-01-01", 50},
		{"", "", "", "", "1949-12-31", 49},
		{"", "", "", "", "1899-12-31", math.NaN()},
	} {
		x := &Index{Event: c.event, Take: Take(c.take), From: onDate(t, c.from), To: onDate(t, c.to), Date: onDate(t, c.date)}
		p, err := Compile(Spec{Index: x, Variables: map[string]Derived{"age": {Take: Age}}}, dictionary(), nil)
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		got, err := p.Eval(one(t, [3]string{"1900-01-01", "2002-05-05", "-"}, events...))
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		if c.want == -1 {
			if got.Rows() != 0 {
				t.Errorf("%+v: in the study", c)
			}
			continue
		}
		if got.Rows() != 1 || got.Columns[0].Numbers[0] != c.want && !math.IsNaN(c.want) {
			t.Errorf("%+v: %v", c, got.Columns[0].Numbers)
		}
	}
}

// Used plainly, a variable is its last value ever, and a flag whether it ever was.
func TestPlain(t *testing.T) {
	p, err := Compile(Spec{}, dictionary(), []string{"stage", "hba1c", "mi", "dm", "visit", "hba1c"})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Schema().Names(); !slices.Equal(got, []string{"stage", "hba1c", "mi", "dm", "visit"}) {
		t.Fatal(got)
	}
	got, err := p.Eval(one(t, [3]string{"-", "-", "-"}, "stage - m", "stage - a", "hba1c 2001-01-01 5", "hba1c - 9", "mi 2001-01-01 1", "mi 2002-01-01 0"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Patients, []int32{0}) || !slices.Equal(got.Pseudonyms, []uint64{42}) {
		t.Error("rows are not the people")
	}
	for i, want := range []float64{2, 5, 1, 0} {
		if x := cell(got, i); x != want {
			t.Errorf("%s is %v, want %v", got.Schema[i].Name, x, want)
		}
	}
	if x := cell(got, 4); !math.IsNaN(x) {
		t.Errorf("visit is %v, want missing", x)
	}
}

// People are rows in the order of their numbers, whole or in pieces; those without
// an index day are not there.
func TestEvalPeople(t *testing.T) {
	h := table.History{}
	e := table.Events{Variable: dictionary()[3]}
	for p := range 100 {
		h.Pseudonyms = append(h.Pseudonyms, uint64(1000+p))
		for _, at := range []*[]int64{&h.Birth, &h.Death, &h.From, &h.To} {
			*at = append(*at, table.NoTime)
		}
		for k := range p % 3 {
			e.Patients, e.Times, e.Values.Numbers = append(e.Patients, int32(p)), append(e.Times, int64(p*k)*table.Day), append(e.Values.Numbers, 1)
		}
	}
	h.Events = []table.Events{e}
	p, err := Compile(Spec{Index: &Index{Event: "dm", Take: Last}, Variables: map[string]Derived{"n": {Of: "dm", Take: Count, Max: 5}}}, dictionary(), nil)
	if err != nil {
		t.Fatal(err)
	}
	all, err := p.Eval(h)
	if err != nil || all.Rows() != 66 {
		t.Fatal(all.Rows(), err)
	}
	var people []int32
	var counts []float64
	for from := 0; from < 100; from += 7 {
		piece, err := p.EvalPeople(h, from, min(from+7, 100))
		if err != nil {
			t.Fatal(err)
		}
		people, counts = append(people, piece.Patients...), append(counts, piece.Numbers("n")...)
	}
	if !slices.Equal(people, all.Patients) || !slices.Equal(counts, all.Numbers("n")) {
		t.Error("the pieces are not the whole")
	}
	for i, p := range all.Patients {
		if counts[i] != float64(p%3) || all.Pseudonyms[i] != uint64(1000+p) {
			t.Errorf("person %d", p)
		}
	}
}

// A history that does not fit is refused in words without a value.
func TestHistoryRefused(t *testing.T) {
	p, err := Compile(Spec{}, dictionary(), []string{"hba1c", "stage"})
	if err != nil {
		t.Fatal(err)
	}
	good := func() table.History {
		return one(t, [3]string{"1900-01-01", "-", "-"}, "hba1c 2001-01-01 5", "stage - a")
	}
	for what, spoil := range map[string]func(*table.History){
		"lacks":           func(h *table.History) { h.Events = h.Events[1:] },
		"another type":    func(h *table.History) { h.Events[0].Variable.Kind = table.Flag },
		"other levels":    func(h *table.History) { h.Events[5].Variable.Levels = h.Events[5].Variable.Levels[1:] },
		"a time outside":  func(h *table.History) { h.Events[0].Times[0] = math.MaxInt64 },
		"outside the":     func(h *table.History) { h.Birth[0] = math.MinInt64 + 1 },
		"end of observat": func(h *table.History) { h.To[0] = lastTime + 1 },
	} {
		h := good()
		spoil(&h)
		if _, err := p.Eval(h); err == nil || !contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := p.Eval(good()); err != nil {
		t.Error(err)
	}
}
