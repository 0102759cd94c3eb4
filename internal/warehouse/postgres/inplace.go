package postgres

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"

	"hmsp.center/hmsp/cohort"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/format/omop"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/timeline"
)

// peopleRelation is the name of the relation of everyone.
const peopleRelation = "people"

// relations are those of some selections, by the variables' names.
func (s *Snapshot) relations(ctx context.Context, selections []dataset.Selection) (map[string]omop.Relation, error) {
	var patterns []string
	for _, sel := range selections {
		patterns = append(patterns, sel.Codes...)
		patterns = append(patterns, sel.No...)
		for _, l := range sel.Levels {
			patterns = append(patterns, l...)
		}
	}
	concepts, err := s.model.Concepts(ctx, patterns...)
	if err != nil {
		return nil, err
	}
	next := func(codes []string) []int64 {
		var ids []int64
		for range codes {
			ids = append(ids, concepts[0]...)
			concepts = concepts[1:]
		}
		slices.Sort(ids)
		return slices.Compact(ids)
	}
	out := map[string]omop.Relation{}
	for _, sel := range selections {
		e := omop.Event{Variable: sel.Variable, Tables: sel.Tables, Concepts: next(sel.Codes), No: next(sel.No)}
		for _, l := range sel.Levels {
			e.Levels = append(e.Levels, next(l))
		}
		for _, u := range sel.Units {
			e.Units = append(e.Units, omop.Unit{Code: u.Unit, Scale: u.Scale, Offset: u.Offset})
		}
		r := s.model.Sex(e)
		if !sel.Sex {
			if r, err = s.model.Events(e); err != nil {
				return nil, err
			}
		}
		out[sel.Variable.Name] = r
	}
	return out, nil
}

// people is everyone, followed at least until death, as a registered dataset has them.
func (s *Snapshot) people() omop.Relation {
	r := s.model.People()
	r.SQL = "SELECT p, birth, death, from_, GREATEST(to_, death) AS to_ FROM (" + r.SQL + ") everyone"
	return r
}

// Fingerprints are those of everyone and of each variable, as they are now.
func (s *Snapshot) Fingerprints(ctx context.Context, selections []dataset.Selection) (map[string]string, error) {
	events, err := s.relations(ctx, selections)
	if err != nil {
		return nil, err
	}
	return s.fingerprints(ctx, selections, events)
}

// fingerprints are those of everyone and of the relations of some selections.
func (s *Snapshot) fingerprints(ctx context.Context, selections []dataset.Selection, events map[string]omop.Relation) (out map[string]string, err error) {
	out = map[string]string{}
	if out[peopleRelation], err = s.Fingerprint(ctx, Relation{peopleRelation, s.people()}); err != nil {
		return nil, err
	}
	for _, sel := range selections {
		// The relation's name is part of it, and is the same for all: names of variables are
		// any text.
		if out["event/"+sel.Variable.Name], err = s.Fingerprint(ctx, Relation{"event", events[sel.Variable.Name]}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Changed says that a database is not any more what was registered.
type Changed struct{ What string }

func (c *Changed) Error() string {
	return fmt.Sprintf("the database changed since it was registered (%s)", c.What)
}

// Evaluate gives the people of a plan who belong to a cohort, with the columns of
// variables: the timeline is evaluated in the database, which sees one moment, and
// whose data must be those of the fingerprints. Pseudonym names a person by the
// identifier. It is warehouse.Evaluate of a dataset that is in a database.
func (s *Snapshot) Evaluate(ctx context.Context, k dataset.Meta, plan timeline.Plan, c *cohort.Expr, variables table.Schema, pseudonym func(string) uint64) (table.Table, error) {
	var needed []dataset.Selection
	for _, name := range plan.Reads() {
		at := slices.IndexFunc(k.InPlace, func(s dataset.Selection) bool { return s.Variable.Name == name })
		if at < 0 {
			return table.Table{}, fmt.Errorf("the database has no variable %q", name)
		}
		needed = append(needed, k.InPlace[at])
	}
	relations, err := s.relations(ctx, needed)
	if err != nil {
		return table.Table{}, err
	}
	now, err := s.fingerprints(ctx, needed, relations)
	if err != nil {
		return table.Table{}, err
	}
	for name, f := range now {
		if k.Fingerprints[name] != f {
			return table.Table{}, &Changed{name}
		}
	}
	var events []omop.Relation
	for _, name := range plan.Reads() {
		events = append(events, relations[name])
	}
	q, err := Of(plan, s.people(), events)
	if err != nil {
		return table.Table{}, err
	}
	rows, err := s.Ask(ctx, q)
	if err != nil {
		return table.Table{}, err
	}
	defer rows.Close()
	var people []int64
	columns := make([]table.Column, len(plan.Schema()))
	for {
		b, err := rows.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return table.Table{}, err
		}
		kept, err := belong(b, plan.Schema(), c)
		if err != nil {
			return table.Table{}, err
		}
		for _, r := range kept {
			people = append(people, b.People[r])
			for i, col := range b.Columns {
				if plan.Schema()[i].Kind == table.Category {
					columns[i].Codes = append(columns[i].Codes, col.Codes[r])
				} else {
					columns[i].Numbers = append(columns[i].Numbers, col.Numbers[r])
				}
			}
		}
	}
	return finish(plan.Schema(), variables, people, columns, pseudonym)
}

// belong lists the rows of a batch that are in the cohort.
func belong(b Batch, schema table.Schema, c *cohort.Expr) ([]int, error) {
	rows := make([]int, 0, len(b.People))
	in := func(int) cohort.Truth { return cohort.True }
	if c != nil {
		t, err := table.New(schema, b.Columns, make([]int32, len(b.People)))
		if err == nil {
			in, err = c.Bind(t)
		}
		if err != nil {
			return nil, err
		}
	}
	for r := range b.People {
		if in(r) == cohort.True {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// finish puts the people in the order of their numbers and chooses the columns.
func finish(schema, variables table.Schema, people []int64, columns []table.Column, pseudonym func(string) uint64) (table.Table, error) {
	order := make([]int, len(people))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(people[a], people[b]) })
	numbers := make([]int32, len(people))
	for i := range numbers {
		numbers[i] = int32(i)
	}
	chosen := make([]table.Column, len(variables))
	for i, v := range variables {
		at := schema.Index(v.Name)
		if at < 0 {
			return table.Table{}, fmt.Errorf("the plan does not make %q", v.Name)
		}
		chosen[i] = columns[at]
	}
	t, err := table.New(variables, chosen, numbers)
	if err != nil {
		return t, err
	}
	if pseudonym != nil {
		t.Pseudonyms = make([]uint64, len(people))
		for i, p := range people {
			t.Pseudonyms[i] = pseudonym(strconv.FormatInt(p, 10))
		}
	}
	t = t.Take(order)
	t.Patients = numbers
	return t, nil
}
