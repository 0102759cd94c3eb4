package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/duckdb/duckdb-go/v2"
	"pgregory.net/rapid"

	"hmsp.center/hmsp/cohort"
	"hmsp.center/hmsp/table"
)

func schema() table.Schema {
	return table.Schema{
		{Name: "age", Kind: table.Integer, Min: 0, Max: 120},
		{Name: "x; DROP TABLE people; --", Kind: table.Number, Min: -10, Max: 10},
		{Name: "y", Kind: table.Number, Min: -10, Max: 10},
		{Name: "flag", Kind: table.Flag},
		{Name: "f\"g", Kind: table.Flag},
		{Name: "sex", Kind: table.Category, Levels: []table.Level{{Code: "m"}, {Code: "f"}}},
		{Name: "place", Kind: table.Category, Levels: []table.Level{
			{Code: "m"}, {Code: "o'Neill'; COPY people TO '/tmp/x'; --"}, {Code: "read_csv('/etc/passwd')"},
			{Code: "?"}, {Code: "$1"}, {Code: "c0"}, {Code: "e\u0301"}, {Code: "é"}, {Code: "\u202e'"}, {Code: "NULL"}, {Code: "ʼ OR 1=1"},
		}},
	}
}

func people(t interface{ Fatal(...any) }, rows int, pick func(lo, hi int) int) table.Table {
	s := schema()
	cols := make([]table.Column, len(s))
	for i, v := range s {
		if v.Kind == table.Category {
			cols[i].Codes = make([]int32, rows)
			for r := range rows {
				cols[i].Codes[r] = int32(pick(-1, len(v.Levels)-1))
			}
			continue
		}
		lo, hi := v.Range()
		cols[i].Numbers = make([]float64, rows)
		for r := range rows {
			x := float64(pick(int(lo)-1, int(hi)))
			if x < lo {
				x = math.NaN()
			} else if v.Kind == table.Number && x < hi {
				x += float64(pick(0, 3)) / 4
			}
			cols[i].Numbers[r] = x
		}
	}
	tab, err := table.New(s, cols, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

// A generator of expressions: whatever it writes is well typed.
type author struct{ t *rapid.T }

func (a author) of(options ...string) string { return rapid.SampledFrom(options).Draw(a.t, "word") }

func (a author) number(depth int) string {
	names := []string{"age", "y", `variable("x; DROP TABLE people; --")`, "0", "1", "-2.5", "40", "1e300", "0.1"}
	if depth == 0 {
		return a.of(names...)
	}
	switch rapid.IntRange(0, 6).Draw(a.t, "number") {
	case 0, 1, 2:
		return a.of(names...)
	case 3:
		return "-(" + a.number(depth-1) + ")"
	case 4:
		return fmt.Sprintf("(%s ? %s : %s)", a.plain(), a.number(depth-1), a.number(depth-1))
	default:
		return fmt.Sprintf("(%s %s %s)", a.number(depth-1), a.of("+", "-", "*", "/"), a.number(depth-1))
	}
}

// plain is a condition without ?:, for the condition of one.
func (a author) plain() string {
	return a.of("flag", `!variable("f\"g")`, "sex == 'm'", "missing(y)", "age > 40", "true", "(flag || age * 2 < 50)")
}

func (a author) condition(depth int) string {
	if depth == 0 {
		return a.plain()
	}
	code := func() string {
		return fmt.Sprintf("%q", rapid.SampledFrom(schema()[6].Levels).Draw(a.t, "level").Code)
	}
	switch rapid.IntRange(0, 11).Draw(a.t, "condition") {
	case 0, 1:
		return fmt.Sprintf("%s %s %s", a.number(depth-1), a.of("==", "!=", "<", "<=", ">", ">="), a.number(depth-1))
	case 2:
		return fmt.Sprintf("%s in [1, 2.25, -3, 40, 1e300]", a.number(depth-1))
	case 3:
		return fmt.Sprintf("place %s %s", a.of("==", "!="), code())
	case 4:
		return fmt.Sprintf("place in [%s, %s]", code(), code())
	case 5:
		return "place." + a.of(`contains("'")`, `startsWith("?")`, `endsWith("--")`, `contains("\u0301")`, `startsWith("\u00e9")`, `contains("")`)
	case 6:
		return "sex " + a.of("==", "!=") + " place"
	case 7:
		return fmt.Sprintf("(%s) %s (%s)", a.condition(depth-1), a.of("==", "!="), a.condition(depth-1))
	case 8:
		return fmt.Sprintf("%s ? (%s) : (%s)", a.plain(), a.condition(depth-1), a.condition(depth-1))
	case 9:
		return fmt.Sprintf("!(%s)", a.condition(depth-1))
	default:
		return fmt.Sprintf("(%s) %s (%s)", a.condition(depth-1), a.of("&&", "||"), a.condition(depth-1))
	}
}

// DuckDB's answer is the meaning that package cohort defines, on any rows and for
// any expression, injection attempts in names and codes among them.
func TestSelectAgreesWithCohort(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		pick := func(lo, hi int) int { return rapid.IntRange(lo, hi).Draw(rt, "cell") }
		tab := people(rt, pick(0, 24), pick)
		for range 3 {
			text := author{rt}.condition(3)
			e, err := cohort.Parse(text, schema())
			if err != nil {
				rt.Fatalf("%s: %v", text, err)
			}
			got, err := Select(context.Background(), tab, e)
			if err != nil {
				where, args, _ := e.SQL()
				rt.Fatalf("%s: %v\n%s %v", e, err, where, args)
			}
			same(rt, e, tab, got)
		}
	})
}

func same(t interface{ Fatalf(string, ...any) }, e cohort.Expr, tab, got table.Table) {
	holds, err := e.Bind(tab)
	if err != nil {
		t.Fatalf("%s: %v", e, err)
	}
	var rows []int
	for r := range tab.Rows() {
		if holds(r) == cohort.True {
			rows = append(rows, r)
		}
	}
	want := tab.Take(rows)
	if got.Rows() != want.Rows() {
		t.Fatalf("%s: %d rows, want %d", e, got.Rows(), want.Rows())
	}
	for i := range want.Columns {
		if !slices.Equal(got.Columns[i].Codes, want.Columns[i].Codes) ||
			!slices.EqualFunc(got.Columns[i].Numbers, want.Columns[i].Numbers, func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }) {
			t.Fatalf("%s: other rows in column %s", e, want.Schema[i].Name)
		}
	}
}

// Each rule of the meaning where the database's own would differ: results that are
// not finite, unknown conditions of ?:, codes beside missing ones.
func TestSelectAgreesWhereSQLDiffers(t *testing.T) {
	n := 0
	tab := people(t, 400, func(lo, hi int) int { n++; return lo + n*7919%(hi-lo+1) })
	for text, different := range map[string]string{
		"y / 0 > 1":                         "infinite",
		"0 / 0 >= y":                        "NaN sorts above all numbers",
		"0 / (y - y) == 0 / (y - y)":        "NaN equals NaN",
		"!(y / 0 > 1)":                      "infinite",
		"y * 1e300 * 1e300 > 1":             "overflow",
		"y / (y * 0) in [1, 2]":             "NaN in a list",
		"-(y / 0) < 1 || missing(y)":        "infinite below",
		"1 / (1 / (y * 0)) == 0":            "an infinite step on the way is none of the result's",
		"!(flag ? y > 0 : y < 0)":           "ELSE would take the unknown",
		"(flag ? 1 : 2) != 1":               "ELSE would take the unknown",
		"!(sex in ['m', 'f'])":              "missing is in no list",
		"sex != place":                      "missing is not different",
		"flag != (y > 0)":                   "unknown",
		"0.1 + 0.2 == 0.3 || 0.5 - y == -y": "decimals",
		"age / 2 == 20.5":                   "no integer division",
		"y * 0.1 - 0.1 * y == 0":            "no fused multiply-add",
		"-0.0 == y && 0 / -1 == 0":          "signed zero",
	} {
		e, err := cohort.Parse(text, schema())
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := Select(t.Context(), tab, e)
		if err != nil {
			t.Errorf("%s (%s): %v", text, different, err)
			continue
		}
		same(t, e, tab, got)
	}
}

// Everyone, nobody, an empty table, patients kept beside their rows.
func TestSelectEdges(t *testing.T) {
	n := 0
	tab := people(t, 50, func(lo, hi int) int { n++; return lo + n*7919%(hi-lo+1) })
	tab.Patients = make([]int32, 50)
	for i := range tab.Patients {
		tab.Patients[i] = int32(i / 2)
	}
	for text, want := range map[string]int{"": 50, "true": 50, "false": 0, "1 > 2": 0, "missing(age) || !missing(age)": 50} {
		e, err := cohort.Parse(text, schema())
		if err != nil {
			t.Fatal(err)
		}
		got, err := Select(t.Context(), tab, e)
		if err != nil || got.Rows() != want || len(got.Patients) != want {
			t.Errorf("%q: %d rows, %v; want %d", text, got.Rows(), err, want)
		}
		if none, err := Select(t.Context(), tab.Slice(0, 0), e); err != nil || none.Rows() != 0 {
			t.Errorf("%q on an empty table: %d rows, %v", text, none.Rows(), err)
		}
	}
}

// The limits of an expression are within what the database can bind.
func TestSelectLargestExpressions(t *testing.T) {
	n := 0
	tab := people(t, 20, func(lo, hi int) int { n++; return lo + n*7919%(hi-lo+1) })
	deep := "y"
	for range 14 {
		deep = "(1+" + deep + ")"
	}
	for name, text := range map[string]string{
		"long":     strings.Repeat("flag||", 500) + "flag",
		"sum":      "y" + strings.Repeat("+1", 60) + " > 0",
		"deep":     deep + " > 0",
		"ternary":  strings.Repeat("flag ? age > 1 : ", 14) + "true",
		"ternary2": "(" + strings.Repeat("flag ? age : ", 14) + "1) / y > 2",
		"in":       "age in [" + strings.Repeat("1,", 900) + "2]",
	} {
		e, err := cohort.Parse(text, schema())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := Select(t.Context(), tab, e)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		same(t, e, tab, got)
	}
}

// Whoever could reach the database beside the cohort's SQL would find it closed
// (issue 2: external access disabled and configuration locked).
func TestLockedDatabase(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret.csv")
	if err := os.WriteFile(secret, []byte("a,b\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	attempts := []string{
		"SELECT * FROM read_csv('" + secret + "')",
		"SELECT * FROM '" + secret + "'",
		"SELECT * FROM read_text('/etc/passwd')",
		"SELECT * FROM read_blob('/etc/passwd')",
		"SELECT * FROM glob('/etc/*')",
		"COPY (SELECT 1) TO '" + filepath.Join(dir, "out.csv") + "'",
		"EXPORT DATABASE '" + filepath.Join(dir, "export") + "'",
		"ATTACH '" + filepath.Join(dir, "other.db") + "'",
		"INSTALL httpfs",
		"LOAD httpfs",
		"SET enable_external_access = true",
		"RESET enable_external_access",
		"PRAGMA enable_external_access = true",
		"SET memory_limit = '100GB'",
		"SET temp_directory = '" + dir + "'",
		"SET lock_configuration = false",
		"SET allowed_directories = ['/']",
		"SET disabled_filesystems = ''",
	}
	open := 0
	for _, s := range attempts[:6] { // the attempts are real: before the lock they work
		if _, err := conn.ExecContext(t.Context(), s); err == nil {
			open++
		}
	}
	if open < 5 {
		t.Errorf("only %d of 6 attempts work on an open database; the test checks nothing", open)
	}
	if err := os.RemoveAll(filepath.Join(dir, "out.csv")); err != nil {
		t.Fatal(err)
	}
	if err := lock(t.Context(), conn, DefaultMemory); err != nil {
		t.Fatal(err)
	}
	for _, s := range attempts {
		if _, err := conn.ExecContext(t.Context(), s); err == nil {
			t.Errorf("a locked database did: %s", s)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("files appeared: %v, %v", left, err)
	}
	second, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if _, err := second.ExecContext(t.Context(), attempts[0]); err == nil {
		t.Error("a second connection to a locked database reads files")
	}
}

// What an attacker writes into a study either does not parse or is only text.
func TestInjection(t *testing.T) {
	n := 0
	tab := people(t, 40, func(lo, hi int) int { n++; return lo + n*7919%(hi-lo+1) })
	for _, text := range []string{
		"age > 1; DROP TABLE people",
		"age > 1 -- ",
		"age > 1 /* */",
		"age > 1 UNION SELECT 1",
		"read_csv('/etc/passwd') == 'x'",
		"read_csv('/etc/passwd')",
		"place == 'x'' OR 1=1 --'",
		"place == 'x\\' OR 1=1 --'",
		"place == read_csv('/etc/passwd')",
		"COPY people TO '/tmp/x'",
		"ATTACH 'x'",
		"PRAGMA database_list",
		"age > 1 OR 1=1",
		"sex.startsWith('m\\') OR (1=1')",
		"variable('age\" > 1; --') > 1",
		"c0 > 1",
		"r > 1",
		"people.age > 1",
		"$1 > 1",
		"? > 1",
		"age \u037e 1",
		"age \uff1e 1",
		"getenv('HOME') == 'x'",
	} {
		if e, err := cohort.Parse(text, schema()); err == nil {
			t.Errorf("%q parses, to %s", text, e)
		}
	}
	for _, l := range schema()[6].Levels {
		for _, form := range []string{"place == %q", "place != %q", "place in [%q]", "place.contains(%q)", "place.startsWith(%q)"} {
			e, err := cohort.Parse(fmt.Sprintf(form, l.Code), schema())
			if err != nil {
				t.Errorf(form+": %v", l.Code, err)
				continue
			}
			if where, _, _ := e.SQL(); strings.Contains(where, l.Code) && len(l.Code) > 2 && l.Code != "NULL" {
				t.Errorf(form+" is in the SQL: %s", l.Code, where)
			}
			got, err := Select(t.Context(), tab, e)
			if err != nil {
				t.Errorf(form+": %v", l.Code, err)
				continue
			}
			same(t, e, tab, got)
		}
	}
}

// A study that is cancelled stops; what comes back is the context's error.
func TestSelectCancelled(t *testing.T) {
	n := 0
	tab := people(t, 20000, func(lo, hi int) int { n++; return lo + n*7919%(hi-lo+1) })
	e, err := cohort.Parse("age > 40 && y / age > 0.1", schema())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Select(ctx, tab, e); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	late, cancel := context.WithTimeout(t.Context(), 1)
	defer cancel()
	if _, err := Select(late, tab, e); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want context.DeadlineExceeded", err)
	}
}

// The database's own words, which may quote a value, never come out.
func TestErrorsHoldNoData(t *testing.T) {
	said := &duckdb.Error{Type: duckdb.ErrorTypeConversion, Msg: "Conversion Error: Could not convert string 'Erika Mustermann' to DOUBLE"}
	for _, err := range []error{said, fmt.Errorf("wrapped: %w", said), errors.New("value 'Erika'")} {
		if got := plain(context.Background(), DefaultMemory, err); strings.Contains(got.Error(), "Erika") || errors.Is(got, said) {
			t.Errorf("error repeats data: %v", got)
		}
	}
}

func BenchmarkSelect(b *testing.B) {
	n := 0
	tab := people(b, 1000000, func(lo, hi int) int { n++; return lo + n*7919%(hi-lo+1) })
	e, err := cohort.Parse("age >= 40 && sex == 'f' && !missing(place) && (flag || y > 2)", schema())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("database", func(b *testing.B) {
		for b.Loop() {
			if _, err := Select(context.Background(), tab, e); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("definition", func(b *testing.B) {
		for b.Loop() {
			holds, err := e.Bind(tab)
			if err != nil {
				b.Fatal(err)
			}
			var rows []int
			for r := range tab.Rows() {
				if holds(r) == cohort.True {
					rows = append(rows, r)
				}
			}
			tab.Take(rows)
		}
	})
}
