//go:build unix

package postgres

import (
	"io"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/csv"
	"hmsp.center/hmsp/format/omop"
	"hmsp.center/hmsp/format/omop/omoptest"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/timeline"
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
		return s
	}
	once := func() string { // with no transaction left open, which would keep the table
		s := open()
		defer s.Close()
		return take(s)
	}
	old := open()
	first := take(old)
	omoptest.Exec(t, address, "UPDATE cdm.measurement SET value_as_number = value_as_number + 1")
	if take(old) != first || once() == first {
		t.Error("a fingerprint is not of one moment")
	}
	omoptest.Exec(t, address, "UPDATE cdm.measurement SET value_as_number = value_as_number - 1")
	old.Close()
	omoptest.Exec(t, address, "CREATE TABLE cdm.again AS SELECT * FROM cdm.measurement ORDER BY measurement_id DESC; DROP TABLE cdm.measurement; ALTER TABLE cdm.again RENAME TO measurement")
	if again := once(); again != first || len(first) != 64 {
		t.Error("another order of rows has another fingerprint")
	}
	omoptest.Exec(t, address, "UPDATE cdm.measurement SET value_as_number = value_as_number + 1e-9 WHERE measurement_id = (SELECT MIN(measurement_id) FROM cdm.measurement WHERE measurement_concept_id = 3004410)")
	second := once()
	omoptest.Exec(t, address, "DELETE FROM cdm.person WHERE person_id = (SELECT MIN(person_id) FROM cdm.person)")
	if third := once(); first == second || second == third || first == third {
		t.Error("other data have the same fingerprint")
	}
}
