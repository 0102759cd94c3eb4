package pool

import (
	"encoding/json"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"hmsp.center/hmsp/table"
)

func schemaOf() table.Schema {
	return table.Schema{
		{Name: "LDL cholesterol", Kind: table.Number, Unit: "mmol/L", Code: "loinc:22748-8", Min: 0, Max: 30},
		{Name: "sex", Kind: table.Category, Levels: []table.Level{{Code: "f"}, {Code: "m"}}},
		{Name: "statin", Kind: table.Flag},
	}
}

func rowsOf(t testing.TB) table.Table {
	x, err := table.New(schemaOf(), []table.Column{{Numbers: []float64{3.1, math.NaN(), 2}}, {Codes: []int32{0, -1, 1}}, {Numbers: []float64{1, 0, math.NaN()}}}, []int32{0, 1, 0})
	if err != nil {
		t.Fatal(err)
	}
	x.Pseudonyms = []uint64{7, 9, 7}
	return x
}

// same compares tables as the bytes of their columns, because NaN is not itself.
func same(a, b table.Table) bool {
	for i, v := range a.Schema {
		if !bytesEqual(KindOf(v), values(a.Columns[i]), values(b.Columns[i])) {
			return false
		}
	}
	return reflect.DeepEqual(a.Schema, b.Schema) && reflect.DeepEqual(a.Patients, b.Patients) && reflect.DeepEqual(a.Pseudonyms, b.Pseudonyms) && a.Rows() == b.Rows()
}

func TestTableThroughAPool(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p")
	want := rowsOf(t)
	if _, err := WriteTable(path, want, Options{}); err != nil {
		t.Fatal(err)
	}
	p := mustOpen(t, path)
	variables, err := p.Variables()
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := p.Table(Rows)
	got, err := rows.TableOf(variables)
	if err != nil || !same(got, want) {
		t.Fatalf("got %v, %v", got, err)
	}
	if &got.Columns[0].Numbers[0] != &rows.Float64("LDL cholesterol")[0] {
		t.Error("a column was copied")
	}
	if one := got.Slice(1, 3); one.Rows() != 2 || one.Codes("sex")[1] != 1 {
		t.Error("a view of a view differs")
	}
	for name, s := range map[string]table.Schema{
		"a phantom":      {{Name: "HDL", Kind: table.Number}},
		"another kind":   {{Name: "LDL cholesterol", Kind: table.Category}},
		"too few levels": {{Name: "sex", Kind: table.Category, Levels: []table.Level{{Code: "f"}}}},
	} {
		if _, err := rows.TableOf(s); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	taken, err := table.New(table.Schema{{Name: "patient", Kind: table.Flag}}, []table.Column{{Numbers: []float64{1}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := WriteTable(filepath.Join(t.TempDir(), "p"), taken, Options{}); err == nil {
		t.Error("a variable called patient is taken")
	}
	p.Close()
	if _, err := rows.TableOf(variables); err == nil {
		t.Error("a closed pool has a table")
	}
}

func historyOf() table.History {
	s, none := schemaOf(), int64(table.NoTime)
	return table.History{
		Pseudonyms: []uint64{5, 3, 1 << 60}, Birth: []int64{-86400, none, 0}, Death: []int64{none, none, 9}, From: []int64{1, 2, 3}, To: []int64{4, none, 6},
		Events: []table.Events{
			{Variable: s[0], Patients: []int32{0, 0, 2}, Times: []int64{1, 1, 3}, Values: table.Column{Numbers: []float64{2, 3, 4}}},
			{Variable: s[1], Patients: []int32{1}, Times: []int64{none}, Values: table.Column{Codes: []int32{1}}},
			{Variable: s[2], Patients: []int32{}, Times: []int64{}, Values: table.Column{Numbers: []float64{}}},
		},
	}
}

func TestHistoryThroughAPool(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p")
	want := historyOf()
	if _, err := WriteHistory(path, want, Options{}); err != nil {
		t.Fatal(err)
	}
	p := mustOpen(t, path)
	got, err := History(p)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, %v\nwant %+v", got, err, want)
	}
	if from, to := got.Events[0].Of(0); from != 0 || to != 2 {
		t.Errorf("events of the first are %d to %d", from, to)
	}
}

func TestEventsAreSorted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p")
	h := historyOf()
	h.Events = h.Events[:1]
	h.Events[0].Patients, h.Events[0].Times = []int32{2, 0, 0}, []int64{3, 1, 1}
	h.Events[0].Values.Numbers = []float64{4, 3, 2}
	if _, err := WriteHistory(path, h, Options{}); err != nil {
		t.Fatal(err)
	}
	got, err := History(mustOpen(t, path))
	want := historyOf()
	want.Events = want.Events[:1]
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, %v", got, err)
	}
}

func TestHistoryRefuses(t *testing.T) {
	v := schemaOf()[1]
	events := func(patients, codes []int32) func(w *Writer) error {
		return func(w *Writer) error {
			a, err := w.Table(People, PeopleFields())
			if err != nil {
				return err
			}
			one := Values{Int64: []int64{1, 1}}
			if err := a.Append(Values{Uint64: []uint64{1, 2}}, one, one, one, one); err != nil {
				return err
			}
			e, err := w.Sorted(EventTable(v.Name), EventFields(v), EventOrder()...)
			if err != nil {
				return err
			}
			return e.Append(Values{Int32: patients}, Values{Int64: make([]int64, len(patients))}, Values{Int32: codes})
		}
	}
	for name, c := range map[string]struct {
		fill func(w *Writer) error
		says string
	}{
		"nothing":             {func(*Writer) error { return nil }, "no table"},
		"a patient too many":  {events([]int32{2}, []int32{0}), "none of the 2 people"},
		"an unknown patient":  {events([]int32{-1}, []int32{0}), "none of the 2 people"},
		"a missing value":     {events([]int32{0}, []int32{-1}), "no value"},
		"an unknown level":    {events([]int32{0}, []int32{2}), "other codes"},
		"a code below levels": {events([]int32{0}, []int32{-2}), "other codes"},
		"events out of order": {func(w *Writer) error {
			if err := events(nil, nil)(w); err != nil {
				return err
			}
			w.tables = w.tables[:1]
			_, err := w.Table(EventTable(v.Name), EventFields(v))
			return err
		}, "not sorted"},
		"other columns": {func(w *Writer) error { _, err := w.Table(People, PeopleFields()[1:]); return err }, "its columns"},
	} {
		path := filepath.Join(t.TempDir(), "p")
		if _, err := with(path, Options{}, table.Schema{v}, c.fill); err != nil {
			t.Fatal(err)
		}
		if _, err := History(mustOpen(t, path)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	path := filepath.Join(t.TempDir(), "p")
	w, err := Create(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(json.RawMessage(`[1]`)); err != nil {
		t.Fatal(err)
	}
	if _, err := History(mustOpen(t, path)); err == nil {
		t.Error("meta without variables is taken")
	}
}
