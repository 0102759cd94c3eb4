//go:build unix

package warehouse

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"hmsp.center/hmsp/format/omop/omoptest"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/timeline"
)

// PostgreSQL's answer to Plan.SQL is what Plan.Eval defines.
func TestPostgreSQLAgreesWithEval(t *testing.T) {
	config, err := pgx.ParseConfig(omoptest.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	delete(config.RuntimeParams, "schema") // it is the reader's, not the server's
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	exec := func(sql string) {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE TEMP TABLE people (p INTEGER, birth BIGINT, death BIGINT, from_ BIGINT, to_ BIGINT)")
	for _, v := range clinical() {
		kind := "DOUBLE PRECISION"
		if !v.Numeric() {
			kind = "TEXT"
		}
		exec(fmt.Sprintf("CREATE TEMP TABLE %s (p INTEGER, t BIGINT, x %s)", v.Name, kind))
	}
	histories, specs := 20, 20
	if testing.Short() {
		histories = 3
	}
	seen := map[timeline.Take]int{} // values that are not missing
	for seed := range histories {
		pick := dice(uint64(seed))
		h := past(pick(1, 20), 60, pick)
		fillPostgres(t, conn, h)
		for range specs {
			plan, err := timeline.Compile(drawSpec(pick), clinical(), clinical().Names()[:pick(0, 4)])
			if err != nil {
				t.Fatal(err)
			}
			want, err := plan.Eval(h)
			if err != nil {
				t.Fatal(err)
			}
			sameTable(t, askPostgres(t, conn, h, plan), want)
			for i, v := range want.Schema {
				take, _, _ := strings.Cut(v.Label, " ")
				for r := range want.Rows() {
					if v.Kind == table.Category && want.Columns[i].Codes[r] >= 0 || v.Numeric() && want.Columns[i].Numbers[r] > 0 {
						seen[timeline.Take(take)]++
					}
				}
			}
		}
	}
	for _, take := range timeline.Takes() {
		if seen[take] < 10 {
			t.Errorf("%s was seen %d times only: the test compares too little", take, seen[take])
		}
	}
}

// fillPostgres makes the tables the history.
func fillPostgres(t *testing.T, conn *pgx.Conn, h table.History) {
	t.Helper()
	time := func(s int64) any {
		if s == table.NoTime {
			return nil
		}
		return s
	}
	fill := func(name string, columns []string, rows int, row func(i int) []any) {
		if _, err := conn.Exec(t.Context(), "TRUNCATE "+name); err != nil {
			t.Fatal(err)
		}
		from := pgx.CopyFromSlice(rows, func(i int) ([]any, error) { return row(i), nil })
		if _, err := conn.CopyFrom(t.Context(), pgx.Identifier{name}, columns, from); err != nil {
			t.Fatal(err)
		}
	}
	fill("people", []string{"p", "birth", "death", "from_", "to_"}, h.People(), func(i int) []any {
		return []any{i, time(h.Birth[i]), time(h.Death[i]), time(h.From[i]), time(h.To[i])}
	})
	for _, e := range h.Events {
		fill(e.Variable.Name, []string{"p", "t", "x"}, e.Len(), func(i int) []any {
			if e.Variable.Numeric() {
				return []any{e.Patients[i], time(e.Times[i]), e.Values.Numbers[i]}
			}
			return []any{e.Patients[i], time(e.Times[i]), e.Variable.Levels[e.Values.Codes[i]].Code}
		})
	}
}

func askPostgres(t *testing.T, conn *pgx.Conn, h table.History, plan timeline.Plan) table.Table {
	t.Helper()
	query, args := plan.SQL(timeline.PostgreSQL)
	with := ""
	for i, name := range plan.Reads() {
		with += fmt.Sprintf("e%d AS (SELECT * FROM %s), ", i, name)
	}
	rows, err := conn.Query(t.Context(), "WITH "+with+"q AS ("+query+") SELECT * FROM q ORDER BY p", args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	s := plan.Schema()
	out := table.Table{Schema: s, Columns: make([]table.Column, len(s))}
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			t.Fatal(err)
		}
		p := values[0].(int32)
		out.Patients, out.Pseudonyms = append(out.Patients, p), append(out.Pseudonyms, h.Pseudonyms[p])
		for i, x := range values[1:] {
			c := &out.Columns[i]
			switch x := x.(type) {
			case float64:
				c.Numbers = append(c.Numbers, x)
			case bool:
				c.Numbers = append(c.Numbers, map[bool]float64{true: 1}[x])
			case string:
				c.Codes = append(c.Codes, int32(s[i].Level(x)))
			case nil:
				c.Numbers, c.Codes = append(c.Numbers, math.NaN()), append(c.Codes, -1)
			default:
				t.Fatalf("%s came as %T", s[i].Name, x)
			}
			if s[i].Numeric() {
				c.Codes = nil
			} else {
				c.Numbers = nil
			}
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%v\n%s\n%v", err, query, args)
	}
	return out
}
