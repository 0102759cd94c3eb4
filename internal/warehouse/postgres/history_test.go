//go:build unix

package postgres

import (
	"cmp"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/omop"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/timeline"
	"hmsp.center/hmsp/vocabulary"
)

// asked is a variable, and the codes of its events.
type asked struct {
	omop.Event
	codes  []string
	levels [][]string // codes of each level
}

// resolved has the concepts of the codes.
func (a asked) resolved(t testing.TB, f omop.Format, path string) omop.Event {
	t.Helper()
	concepts, err := f.Concepts(t.Context(), path, format.Options{}, a.codes...)
	if err != nil {
		t.Fatal(err)
	}
	e := a.Event
	e.Concepts = slices.Concat(concepts...)
	for _, codes := range a.levels {
		ids, err := f.Concepts(t.Context(), path, format.Options{}, codes...)
		if err != nil {
			t.Fatal(err)
		}
		e.Levels = append(e.Levels, slices.Concat(ids...))
	}
	return e
}

func number(name, unit string, lo, hi float64) table.Variable {
	return table.Variable{Name: name, Kind: table.Number, Unit: unit, Min: lo, Max: hi}
}

func flag(name string) table.Variable { return table.Variable{Name: name, Kind: table.Flag} }

// history is what the folder's clinical tables say of the variables: a second
// reading of what an event is, by codes and not by concepts.
func history(t testing.TB, f omop.Format, path string, variables []asked) (table.History, []int64) {
	t.Helper()
	want := map[string][]string{format.PersonTable: {"patient", "birth", "death", "sex"}, format.PeriodTable: {"patient", "time", "end"}}
	for _, v := range variables {
		for _, name := range v.Tables {
			want[name] = []string{"patient", "time", "code"}
			if name == format.MeasurementTable {
				want[name] = append(want[name], "unit", "value_code", "value_text", "value")
			}
		}
	}
	people := map[string]*[4]int64{}
	sexes := map[string]string{}
	type event struct {
		who string
		at  int64
		x   float64
	}
	found := make([][]event, len(variables))
	match := make([]*vocabulary.Matcher, len(variables))
	for i, v := range variables {
		var err error
		if match[i], err = vocabulary.Compile(v.codes...); err != nil {
			t.Fatal(err)
		}
	}
	r, err := f.OpenTables(t.Context(), path, format.Options{}, want)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	at := func(v format.Values, i int) int64 {
		if s, ok := format.ParseTime(v.Text[i], format.ISODate); ok && !v.Missing(i) {
			return s
		}
		return table.NoTime
	}
	for {
		name, b, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Rows {
			who := b.Columns[0].Text[i]
			switch name {
			case format.PersonTable:
				people[who] = &[4]int64{at(b.Columns[1], i), at(b.Columns[2], i), table.NoTime, table.NoTime}
				sexes[who] = b.Columns[3].Text[i]
				continue
			case format.PeriodTable:
				if p := people[who]; p != nil {
					from, to := at(b.Columns[1], i), at(b.Columns[2], i)
					if p[2] == table.NoTime || from < p[2] {
						p[2] = from
					}
					p[3] = max(p[3], to)
				}
				continue
			}
			for k, v := range variables {
				if !slices.Contains(v.Tables, name) || b.Columns[2].Missing(i) || !match[k].Match(b.Columns[2].Text[i]) || people[who] == nil {
					continue
				}
				if x, ok := v.worth(b, i, b.Columns[2].Text[i]); ok {
					found[k] = append(found[k], event{who, at(b.Columns[1], i), x})
				}
			}
		}
	}
	var ids []int64
	for who := range people {
		id, err := strconv.ParseInt(who, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var h table.History
	place := map[string]int32{}
	for k, id := range ids {
		who := strconv.FormatInt(id, 10)
		p := people[who]
		place[who] = int32(k)
		h.Pseudonyms = append(h.Pseudonyms, uint64(id))
		h.Birth, h.Death, h.From, h.To = append(h.Birth, p[0]), append(h.Death, p[1]), append(h.From, p[2]), append(h.To, p[3])
	}
	for k, v := range variables {
		if v.Variable.Name == "sex" {
			for who := range people {
				found[k] = append(found[k], event{who, table.NoTime, float64(v.Variable.Level(sexes[who]))})
			}
		}
		slices.SortFunc(found[k], func(a, b event) int {
			return cmp.Or(cmp.Compare(place[a.who], place[b.who]), cmp.Compare(a.at, b.at), cmp.Compare(a.x, b.x))
		})
		e := table.Events{Variable: v.Variable}
		for _, x := range found[k] {
			e.Patients, e.Times = append(e.Patients, place[x.who]), append(e.Times, x.at)
			if v.Variable.Numeric() {
				e.Values.Numbers = append(e.Values.Numbers, x.x)
			} else {
				e.Values.Codes = append(e.Values.Codes, int32(x.x))
			}
		}
		h.Events = append(h.Events, e)
	}
	return h, ids
}

// worth is the value of a row.
func (a asked) worth(b format.Batch, i int, codes string) (float64, bool) {
	switch a.Variable.Kind {
	case table.Flag:
		return 1, true
	case table.Category:
		for k, of := range a.levels {
			for _, c := range of {
				if slices.Contains(strings.Fields(codes), c) {
					return float64(k), true
				}
			}
		}
		return 0, false
	}
	if b.Columns[6].Missing(i) {
		return 0, false
	}
	x, ok := b.Columns[6].Float[i], len(a.Units) == 0
	for _, u := range a.Units {
		if b.Columns[3].Text[i] == u.Code {
			x, ok = float64(x*u.Scale)+u.Offset, true
		}
	}
	if a.Variable.Kind == table.Integer {
		x = math.Round(x)
	}
	return x, ok && x >= a.Variable.Min && x <= a.Variable.Max
}

// variables are of the two data sets.
func variables() map[string][]asked {
	sex := asked{Event: omop.Event{Variable: table.Variable{Name: "sex", Kind: table.Category, Levels: []table.Level{{Code: "female"}, {Code: "male"}}}, Levels: [][]int64{{8532}, {8507}}}}
	conditions, drugs, measured := []string{format.ConditionTable}, []string{format.DrugTable}, []string{format.MeasurementTable}
	class := table.Variable{Name: "class", Kind: table.Category, Levels: []table.Level{{Code: "celecoxib"}, {Code: "diclofenac"}}}
	return map[string][]asked{
		"gibleed": {
			{Event: omop.Event{Variable: flag("bleed"), Tables: conditions}, codes: []string{"icd10cm:K92"}},
			{Event: omop.Event{Variable: class, Tables: drugs}, codes: []string{"omop:1118084", "omop:1124300"}, levels: [][]string{{"omop:1118084"}, {"omop:1124300"}}},
			{Event: omop.Event{Variable: flag("sinusitis"), Tables: []string{format.ConditionTable, format.ProcedureTable}}, codes: []string{"snomed:444814009"}},
			sex,
		},
		"synthea27nj": {
			{Event: omop.Event{Variable: flag("sinusitis"), Tables: conditions}, codes: []string{"snomed:444814009"}},
			{Event: omop.Event{Variable: number("hba1c", "mmol/mol", 20, 200), Tables: measured, Units: []omop.Unit{{Code: "mmol/mol", Scale: 1}, {Code: "%", Scale: 10.93, Offset: -23.5}}}, codes: []string{"loinc:4548-4"}},
			{Event: omop.Event{Variable: number("height", "m", 0.3, 2.5), Tables: measured, Units: []omop.Unit{{Code: "cm", Scale: 0.01}}}, codes: []string{"loinc:8302-2"}},
			{Event: omop.Event{Variable: table.Variable{Name: "pulse", Kind: table.Integer, Min: 30, Max: 80}, Tables: measured}, codes: []string{"loinc:8867-4"}},
			{Event: omop.Event{Variable: flag("visit"), Tables: []string{format.VisitTable}}, codes: []string{"omop:9202", "omop:9201"}},
			sex,
		},
	}
}

func spec(t testing.TB, index string) timeline.Spec {
	days := func(s string) *timeline.Duration {
		var d timeline.Duration
		if err := d.UnmarshalText([]byte(s)); err != nil {
			t.Fatal(err)
		}
		return &d
	}
	return timeline.Spec{Index: &timeline.Index{Event: index, Take: timeline.First}, Variables: map[string]timeline.Derived{
		"age_at":   {Take: timeline.Age},
		"dead":     {Of: timeline.Death, Take: timeline.EventSeen, To: days("20y")},
		"watched":  {Of: timeline.Death, Take: timeline.TimeTo, To: days("20y")},
		"again":    {Of: index, Take: timeline.Any, From: days("1d")},
		"how_many": {Of: index, Take: timeline.Count, To: days("5y"), Max: 50},
	}}
}
