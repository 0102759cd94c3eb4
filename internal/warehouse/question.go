package warehouse

import (
	"context"
	"fmt"
	"io"

	"hmsp.center/hmsp/cohort"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/timeline"
)

// A Question is what is asked of people over time.
type Question struct {
	Timeline  timeline.Plan
	Cohort    *cohort.Expr // over Timeline.Schema(); nil is everyone
	Variables table.Schema // of Timeline.Schema(): the columns of the answer, in order
}

// Options say what a question may cost.
type Options struct {
	Memory int64  // bytes that the database may use; 0 means DefaultMemory
	Pool   string // path at which the answer is kept as a pool, until it is closed; "" keeps it in memory
}

// checked is the question with its defaults, if it fits the history.
func (q Question) checked(h table.History) (Question, error) {
	if err := q.Timeline.Check(h, 0, 0); err != nil {
		return q, err
	}
	schema := q.Timeline.Schema()
	for _, v := range q.Variables {
		if at := schema.Index(v.Name); at < 0 || schema[at].Kind != v.Kind || len(schema[at].Levels) != len(v.Levels) {
			return q, fmt.Errorf("the timeline has no variable %q of type %s", v.Name, v.Kind)
		}
	}
	if q.Cohort == nil {
		q.Cohort = &cohort.Expr{}
	}
	nobody, err := table.New(schema, make([]table.Column, len(schema)), []int32{})
	if err != nil {
		return q, err
	}
	return q, q.Cohort.Check(nobody)
}

// answered is what fill answers.
func answered(h table.History, q Question, o Options, fill func(to *answer) error) (t table.Table, c io.Closer, err error) {
	to, err := newAnswer(h, q.Variables, o)
	if err == nil {
		defer to.drop()
		if err = fill(to); err == nil {
			t, c, err = to.table()
		}
	}
	if err != nil {
		return table.Table{}, nil, fmt.Errorf("ask timeline: %w", err)
	}
	return t, c, nil
}

// Evaluate gives the same answer as Ask, by the definitions themselves: it goes once
// through the events, which a history has in order, and asks no database.
func Evaluate(ctx context.Context, h table.History, q Question, o Options) (table.Table, io.Closer, error) {
	q, err := q.checked(h)
	if err != nil {
		return table.Table{}, nil, fmt.Errorf("ask timeline: %w", err)
	}
	return answered(h, q, o, func(to *answer) error {
		for from := 0; from < h.People(); from += batch {
			if err := ctx.Err(); err != nil {
				return err
			}
			t, err := q.Timeline.EvalPeople(h, from, min(from+batch, h.People()))
			if err != nil {
				return err
			}
			if err := to.members(t, *q.Cohort); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
}
