// Package postgres asks a database that holds an OMOP common data model where it
// is: what a timeline makes of its people, and whether its data are still the same.
//
// The statements are those of packages timeline and omop: a fixed vocabulary, names
// from the database's own catalogue, in quotes, and parameters for all else. They
// run in one read-only transaction that sees the database as it is at one moment.
// An error names a kind of failure and never repeats what the database said,
// because that may quote data.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"hmsp.center/hmsp/format/omop"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/timeline"
)

// A Snapshot is a database as it is at the moment of Open. It is asked one thing at
// a time, and no more once the database has answered with an error.
type Snapshot struct {
	path  string
	conn  *pgconn.PgConn
	model omop.Model
	rows  *Rows // being read
}

// Open connects to the database at a path that package omop can read, and finds its
// tables. Errors are *format.Error, or ctx.Err().
func Open(ctx context.Context, path string) (*Snapshot, error) {
	a, err := omop.Parse(path)
	if err != nil {
		return nil, err
	}
	conn, err := a.Connect(ctx, path)
	if err != nil {
		return nil, err
	}
	m, err := omop.Survey(ctx, a, path, conn)
	if err != nil {
		omop.Disconnect(conn)
		return nil, err
	}
	return &Snapshot{path: path, conn: conn, model: m}, nil
}

// Model is what relations are made with.
func (s *Snapshot) Model() omop.Model { return s.model }

// Close ends the transaction; a second Close does nothing.
func (s *Snapshot) Close() error {
	if s.conn != nil {
		omop.Disconnect(s.conn)
		s.conn = nil
	}
	return nil
}

// A Relation is one that a question reads, by its name there.
type Relation struct {
	Name string // lower-case letters, digits and _
	omop.Relation
}

// A Question is a SELECT over relations. It gives p, a whole number, and the
// Columns: a number or an integer as DOUBLE PRECISION, a flag as BOOLEAN, a category
// as the text of a level's code; missing is NULL.
type Question struct {
	Relations []Relation
	Query     string
	Args      []any // for $1, $2, ... of Query: int64, float64, string, []int64
	Columns   table.Schema
	Names     []string // of Columns in the query
}

// Of asks what a plan makes of people and of the events of plan.Reads(), in order.
func Of(plan timeline.Plan, people omop.Relation, events []omop.Relation) (Question, error) {
	if len(events) != len(plan.Reads()) {
		return Question{}, fmt.Errorf("the timeline reads the events of %d variables, not of %d", len(plan.Reads()), len(events))
	}
	q := Question{Relations: []Relation{{"people", people}}, Columns: plan.Schema()}
	for i, e := range events {
		q.Relations = append(q.Relations, Relation{"e" + strconv.Itoa(i), e})
	}
	for i := range q.Columns {
		q.Names = append(q.Names, "c"+strconv.Itoa(i))
	}
	q.Query, q.Args = plan.SQL(timeline.PostgreSQL)
	return q, nil
}

// Ask begins to answer. The rows come in no order; they are read to their end, or
// closed, before the next question.
func (s *Snapshot) Ask(ctx context.Context, q Question) (*Rows, error) {
	if len(q.Names) != len(q.Columns) {
		return nil, errors.New("a question names each of its columns")
	}
	sql, args, err := q.sql()
	if err != nil {
		return nil, err
	}
	result, err := s.begin(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	s.rows = &Rows{ctx: ctx, snapshot: s, columns: q.Columns, result: result, levels: levels(q.Columns)}
	return s.rows, nil
}

// begin sends a statement, of which the results come in binary.
func (s *Snapshot) begin(ctx context.Context, sql string, args []any) (*pgconn.ResultReader, error) {
	switch {
	case s.conn == nil:
		return nil, errors.New("the snapshot is closed")
	case s.rows != nil && s.rows.done == nil:
		return nil, errors.New("the rows of the question before have not been read to their end")
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	raw := make([][]byte, len(args))
	for i, x := range args {
		text, err := parameter(x)
		if err != nil {
			return nil, err
		}
		raw[i] = []byte(text)
	}
	return s.conn.ExecParams(ctx, sql, raw, nil, nil, []int16{1}), nil
}

// parameter is a value as PostgreSQL reads it.
func parameter(x any) (string, error) {
	switch x := x.(type) {
	case int64:
		return strconv.FormatInt(x, 10), nil
	case float64:
		return strconv.FormatFloat(x, 'g', -1, 64), nil
	case string:
		if strings.ContainsRune(x, 0) {
			return "", errors.New("a parameter holds a zero byte, which PostgreSQL has no text for")
		}
		return x, nil
	case []int64:
		list := make([]string, len(x))
		for i, n := range x {
			list[i] = strconv.FormatInt(n, 10)
		}
		return "{" + strings.Join(list, ",") + "}", nil
	}
	return "", fmt.Errorf("a parameter is of the type %T", x)
}

// nameForm is the form of the names of relations and columns.
var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// sql puts the relations before the query.
func (q Question) sql() (string, []any, error) {
	var with strings.Builder
	args := append([]any{}, q.Args...)
	for _, r := range q.Relations {
		if !nameForm.MatchString(r.Name) {
			return "", nil, fmt.Errorf("%q cannot be the name of a relation", r.Name)
		}
		fmt.Fprintf(&with, "%s AS (%s), ", r.Name, shift(r.SQL, len(args)))
		args = append(args, r.Args...)
	}
	columns := "CAST(p AS BIGINT)"
	for _, n := range q.Names {
		if !nameForm.MatchString(n) {
			return "", nil, fmt.Errorf("%q cannot be the name of a column", n)
		}
		columns += ", " + n
	}
	return "WITH " + with.String() + "answer AS (" + q.Query + ") SELECT " + columns + " FROM answer", args, nil
}

// shift numbers the parameters of a statement anew, from by + 1 on. Names in quotes
// and texts are left as they are.
func shift(sql string, by int) string {
	var out strings.Builder
	quote := byte(0)
	for i := 0; i < len(sql); i++ {
		c := sql[i]
		out.WriteByte(c)
		switch {
		case quote != 0:
			if c == quote {
				quote = 0 // a doubled one opens again
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '$':
			n := 0
			for i+1 < len(sql) && sql[i+1] >= '0' && sql[i+1] <= '9' {
				i++
				n = n*10 + int(sql[i]-'0')
			}
			out.WriteString(strconv.Itoa(n + by))
		}
	}
	return out.String()
}
