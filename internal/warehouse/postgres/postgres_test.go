//go:build unix

package postgres

import (
	"cmp"
	"context"
	"errors"
	"io"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/csv"
	"hmsp.center/hmsp/format/omop"
	"hmsp.center/hmsp/format/omop/omoptest"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/timeline"
	"hmsp.center/hmsp/vocabulary"
)

func reading() omop.Format { return omop.Format{Files: []format.Format{csv.Format{}}} }

func shared(t testing.TB, name string) string {
	path := filepath.Join("../../../../shared/data", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the shared data %s are not here", name)
	}
	return path
}

func schema(t testing.TB, address, name string) string {
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("schema", name)
	u.RawQuery = q.Encode()
	return u.String()
}

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
			{Event: omop.Event{Variable: flag("prediabetes"), Tables: conditions}, codes: []string{"snomed:15777000"}},
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

// What the database makes of its people is what the definition makes of the people
// that the folder holds.
func TestAskEqualsFolder(t *testing.T) {
	address := omoptest.Start(t)
	for name, vs := range variables() {
		t.Run(name, func(t *testing.T) {
			folder, f := shared(t, "omop/"+name), reading()
			path := schema(t, address, name)
			omoptest.Load(t, path, folder)
			h, ids := history(t, f, folder, vs)
			var dictionary table.Schema
			for _, v := range vs {
				dictionary = append(dictionary, v.Variable)
			}
			for _, s := range []timeline.Spec{{}, spec(t, vs[0].Variable.Name)} {
				plan, err := timeline.Compile(s, dictionary, dictionary.Names())
				if err != nil {
					t.Fatal(err)
				}
				want, err := plan.Eval(h)
				if err != nil {
					t.Fatal(err)
				}
				got := ask(t, f, path, plan, vs)
				same(t, got, want, ids)
			}
		})
	}
}

// question makes the relations of a plan.
func question(t testing.TB, f omop.Format, path string, m omop.Model, plan timeline.Plan, vs []asked) Question {
	t.Helper()
	var events []omop.Relation
	for _, name := range plan.Reads() {
		a := vs[slices.IndexFunc(vs, func(a asked) bool { return a.Variable.Name == name })]
		if name == "sex" {
			events = append(events, m.Sex(a.Event))
			continue
		}
		e, err := m.Events(a.resolved(t, f, path))
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	q, err := Of(plan, m.People(), events)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// ask answers, by person.
func ask(t testing.TB, f omop.Format, path string, plan timeline.Plan, vs []asked) map[int64][]float64 {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rows, err := s.Ask(t.Context(), question(t, f, path, s.Model(), plan, vs))
	if err != nil {
		t.Fatal(err)
	}
	out := map[int64][]float64{}
	for {
		b, err := rows.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range b.People {
			if out[p] != nil {
				t.Fatal("a person comes twice")
			}
			out[p] = []float64{}
			for _, c := range b.Columns {
				out[p] = append(out[p], value(c, i))
			}
		}
	}
}

func value(c table.Column, i int) float64 {
	if c.Codes != nil {
		return float64(c.Codes[i])
	}
	return c.Numbers[i]
}

func same(t *testing.T, got map[int64][]float64, want table.Table, ids []int64) {
	t.Helper()
	if len(got) != want.Rows() || len(got) == 0 {
		t.Errorf("%d people, want %d", len(got), want.Rows())
	}
	some := make([]int, len(want.Schema))
	for i, p := range want.Patients {
		row := got[ids[p]]
		if row == nil {
			t.Fatalf("a person is missing")
		}
		for k, v := range want.Schema {
			x := value(want.Columns[k], i)
			if x != row[k] && !(math.IsNaN(x) && math.IsNaN(row[k])) {
				t.Fatalf("%s of a person: %v, want %v", v.Name, row[k], x)
			}
			if !math.IsNaN(x) && x != -1 {
				some[k]++
			}
		}
	}
	t.Log(want.Schema.Names(), some)
}

// A fingerprint is that of the data, not of their order, and of one moment.
func TestFingerprint(t *testing.T) {
	address := omoptest.Start(t)
	omoptest.Load(t, address, shared(t, "omop/synthea27nj"))
	vs := variables()["synthea27nj"]
	take := func(s *Snapshot) string {
		t.Helper()
		e, err := s.Model().Events(vs[1].resolved(t, reading(), address))
		if err != nil {
			t.Fatal(err)
		}
		out, err := s.Fingerprint(t.Context(), Relation{"people", s.Model().People()}, Relation{"e0", e})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	open := func() *Snapshot {
		s, err := Open(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	old := open()
	first := take(old)
	omoptest.Exec(t, address, "CREATE TABLE cdm.again AS SELECT * FROM cdm.measurement ORDER BY measurement_id DESC; DROP TABLE cdm.measurement; ALTER TABLE cdm.again RENAME TO measurement")
	if again := take(open()); again != first || len(first) != 64 {
		t.Error("another order of rows has another fingerprint")
	}
	omoptest.Exec(t, address, "UPDATE cdm.measurement SET value_as_number = value_as_number + 1e-9 WHERE measurement_id = (SELECT MIN(measurement_id) FROM cdm.measurement WHERE measurement_concept_id = 3004410)")
	second := take(open())
	omoptest.Exec(t, address, "DELETE FROM cdm.person WHERE person_id = (SELECT MIN(person_id) FROM cdm.person)")
	if third := take(open()); first == second || second == third || first == third {
		t.Error("other data have the same fingerprint")
	}
}

// Categories and flags of measurements, texts and answers that say no, odd types,
// and units that only the source names.
func TestWorth(t *testing.T) {
	address := omoptest.Start(t)
	omoptest.Exec(t, address, `CREATE SCHEMA cdm;
		CREATE TABLE cdm.person AS SELECT i AS person_id, '8507'::text AS gender_concept_id, 1980 AS year_of_birth, NULLIF(i, 2) AS month_of_birth, 9 AS day_of_birth FROM generate_series(1, 3) i;
		CREATE TABLE cdm."OBSERVATION" ("PERSON_ID" numeric, observation_concept_id int, observation_date text, value_as_number numeric, value_as_string text, value_as_concept_id bigint, unit_source_value text);
		INSERT INTO cdm."OBSERVATION" VALUES (1, 5, '2020-01-01', NULL, NULL, 10, NULL), (1, 5, '2020-01-02', NULL, 'No', 10, NULL), (1, 5, '2020-01-03', 1, NULL, NULL, NULL),
			(1, 5, '2020-01-04', 7, NULL, NULL, 'g'), (2, 5, '1969-12-31', NULL, 'some', 11, NULL), (2, 5, NULL, 'NaN', ' yes ', NULL, NULL), (3, 6, '2020-01-01', NULL, NULL, NULL, NULL), (3, 5, '2020-01-01', -2.5, NULL, NULL, ' NA ')`)
	s, err := Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	category := table.Variable{Name: "c", Kind: table.Category, Levels: []table.Level{{Code: "a"}, {Code: "it's \"b\" $1"}}}
	for name, c := range map[string]struct {
		event omop.Event
		want  string
	}{
		"category": {omop.Event{Variable: category, Levels: [][]int64{{10, 99}, {11}}}, "1 2020-01-01 0; 1 2020-01-02 0; 2 1969-12-31 1"},
		"flag": {omop.Event{Variable: flag("f"), No: []int64{11}},
			"1 2020-01-01 1; 1 2020-01-02 0; 1 2020-01-03 1; 2 ? 1; 2 1969-12-31 0"},
		"number":  {omop.Event{Variable: number("n", "mg", -10, 10000), Units: []omop.Unit{{Code: "g", Scale: 1000, Offset: 0.5}, {Scale: 2}}}, "1 2020-01-03 2; 1 2020-01-04 7000.5; 3 2020-01-01 -5"},
		"integer": {omop.Event{Variable: table.Variable{Name: "i", Kind: table.Integer, Min: -3, Max: 1}}, "1 2020-01-03 1; 3 2020-01-01 -3"},
		"none":    {omop.Event{Variable: category}, ""},
	} {
		e := c.event
		e.Tables, e.Concepts = []string{format.MeasurementTable, format.SpecimenTable}, []int64{5}
		r, err := s.Model().Events(e)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := s.Ask(t.Context(), Question{Relations: []Relation{{"e0", r}}, Query: "SELECT p, CAST(t AS DOUBLE PRECISION) AS t, x FROM e0",
			Columns: table.Schema{number("t", "s", 0, 1), e.Variable}, Names: []string{"t", "x"}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for {
			b, err := rows.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for i, p := range b.People {
				day := "?"
				if at := b.Columns[0].Numbers[i]; !math.IsNaN(at) {
					day = map[float64]string{-86400: "1969-12-31"}[at]
					if at > 0 {
						day = "2020-01-0" + strconv.Itoa(int(at-1577836800)/86400+1)
					}
				}
				got = append(got, strconv.FormatInt(p, 10)+" "+day+" "+strconv.FormatFloat(value(b.Columns[1], i), 'g', -1, 64))
			}
		}
		slices.Sort(got)
		if all := strings.Join(got, "; "); all != c.want {
			t.Errorf("%s: %s\n      want %s", name, all, c.want)
		}
	}
}

// What cannot be asked is refused; no error repeats the database's words.
func TestRefusals(t *testing.T) {
	address := omoptest.Start(t)
	omoptest.Exec(t, address, `CREATE SCHEMA cdm; CREATE TABLE cdm.person AS SELECT i AS person_id, 8507 AS gender_concept_id, 1980 AS year_of_birth FROM generate_series(1, 100000) i;
		CREATE TABLE cdm.specimen AS SELECT 1 AS person_id; CREATE SCHEMA bad; CREATE TABLE bad.person (person_id int)`)
	open := func() *Snapshot {
		s, err := Open(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	var fe *format.Error
	if _, err := Open(t.Context(), schema(t, address, "bad")); !errors.As(err, &fe) || !strings.Contains(err.Error(), "no columns person (gender_concept_id") {
		t.Errorf("no PERSON: %v", err)
	}
	s := open()
	if _, err := s.Model().Events(omop.Event{Tables: []string{format.SpecimenTable}}); !errors.As(err, &fe) || !strings.Contains(err.Error(), "specimen (specimen_concept_id, specimen_date)") {
		t.Errorf("no columns: %v", err)
	}
	if _, err := s.Model().Events(omop.Event{Tables: []string{format.PersonTable}}); !errors.As(err, &fe) {
		t.Errorf("no events: %v", err)
	}
	everyone := Question{Relations: []Relation{{"people", s.Model().People()}}, Query: "SELECT * FROM people"}
	for says, q := range map[string]Question{
		`name of a relation`:      {Relations: []Relation{{"people; DROP", omop.Relation{}}}},
		`name of a column`:        {Query: "SELECT 1 AS p", Names: []string{"a b"}, Columns: table.Schema{flag("x")}},
		"names each":              {Columns: table.Schema{flag("x")}},
		"of the type struct":      {Query: "SELECT 1 AS p", Args: []any{struct{}{}}},
		"zero byte":               {Query: "SELECT 1 AS p", Args: []any{"\x00"}},
		"not of the types":        {Query: "SELECT 1 AS p, 'Erika' AS x", Names: []string{"x"}, Columns: table.Schema{flag("x")}},
		"SQLSTATE 22P02":          {Query: "SELECT 1 AS p, CAST('Erika' AS BIGINT) AS x", Names: []string{"x"}, Columns: table.Schema{flag("x")}},
		"SQLSTATE 25006":          {Query: "SELECT NEXTVAL('cdm.s') AS p"},
		"SQLSTATE 42601":          {Query: "Erika"},
		"answer is not of the ty": {Query: "SELECT 1 AS p, CAST('Erika' AS TEXT) AS x", Names: []string{"x"}, Columns: table.Schema{{Name: "x", Kind: table.Category}}},
	} {
		if says == "SQLSTATE 25006" {
			omoptest.Exec(t, address, "CREATE SEQUENCE cdm.s")
		}
		rows, err := open().Ask(t.Context(), q)
		if err == nil {
			_, err = rows.Next()
		}
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "Erika") {
			t.Errorf("got %v, want %q", err, says)
		}
	}
	rows, err := s.Ask(t.Context(), everyone)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Next(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Ask(t.Context(), everyone); err == nil || !strings.Contains(err.Error(), "not been read to their end") {
		t.Errorf("two questions at once: %v", err)
	}
	for range 2 {
		if err := errors.Join(rows.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Ask(t.Context(), everyone); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("after Close: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	rows, err = open().Ask(ctx, everyone)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	for err == nil {
		_, err = rows.Next()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("after the context ended: %v", err)
	}
}

// Parameters are numbered anew, and nothing in quotes is touched.
func TestShift(t *testing.T) {
	if got := shift(`SELECT "a$1""$2", '$3''$4', $1, $12`, 5); got != `SELECT "a$1""$2", '$3''$4', $6, $17` {
		t.Error(got)
	}
}
