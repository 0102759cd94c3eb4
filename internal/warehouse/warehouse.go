// Package warehouse asks an embedded database which rows of a table belong to a
// cohort. It is the only package that knows DuckDB.
//
// A database lives in memory for one question. Before it holds a single row it is
// locked: no file, no network, no extension, no temporary file, and no way to
// change that again. The question is the fixed-vocabulary SQL of package cohort;
// every constant is a bound parameter. An error names a kind of failure and never
// repeats what the database said, because that may quote data.
package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"

	"github.com/duckdb/duckdb-go/v2"

	"hmsp.center/hmsp/cohort"
	"hmsp.center/hmsp/table"
)

// locks are run in this order on a new database; the last makes them final.
var locks = [...]string{
	"SET memory_limit = '2GB'",
	"SET threads = 2",
	"SET temp_directory = ''",
	"SET max_temp_directory_size = '0KB'",
	"SET autoinstall_known_extensions = false",
	"SET autoload_known_extensions = false",
	"SET allow_community_extensions = false",
	"SET allow_unsigned_extensions = false",
	"SET ieee_floating_point_ops = true", // division by zero as package cohort defines it
	"SET disabled_filesystems = 'LocalFileSystem'",
	"SET enable_external_access = false",
	"SET lock_configuration = true",
}

// batch is how many rows are loaded between two looks at the context.
const batch = 8192

// Select returns the rows of t that belong to the cohort, in t's order; rows whose
// condition is unknown are left out. It fails if t does not fit the expression, or
// when ctx ends.
func Select(ctx context.Context, t table.Table, e cohort.Expr) (table.Table, error) {
	if err := e.Check(t); err != nil {
		return table.Table{}, err
	}
	if err := ctx.Err(); err != nil {
		return table.Table{}, fmt.Errorf("select cohort: %w", err)
	}
	rows, err := ask(ctx, t, e)
	if err != nil {
		return table.Table{}, fmt.Errorf("select cohort: %w", plain(ctx, err))
	}
	return t.Take(rows), nil
}

func ask(ctx context.Context, t table.Table, e cohort.Expr) ([]int, error) {
	where, args, columns := e.SQL()
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := lock(ctx, conn); err != nil {
		return nil, err
	}
	if err := load(ctx, conn, t, columns); err != nil {
		return nil, err
	}
	found, err := conn.QueryContext(ctx, "SELECT r FROM people WHERE "+where+" ORDER BY r", args...)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	rows := []int{}
	for found.Next() {
		var r int
		if err := found.Scan(&r); err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, found.Err()
}

func lock(ctx context.Context, conn *sql.Conn) error {
	for _, s := range locks {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// load makes the table people: r is the row's number, c0, c1, ... are the columns
// of those names. Missing is NULL.
func load(ctx context.Context, conn *sql.Conn, t table.Table, columns []string) error {
	create, cells := "CREATE TABLE people (r BIGINT", make([]func(row int) driver.Value, len(columns))
	for i, name := range columns {
		at := t.Schema.Index(name)
		kind, cell := column(t.Schema[at], t.Columns[at])
		create += fmt.Sprintf(", c%d %s", i, kind)
		cells[i] = cell
	}
	if _, err := conn.ExecContext(ctx, create+")"); err != nil {
		return err
	}
	return conn.Raw(func(raw any) error {
		to, err := duckdb.NewAppenderFromConn(raw.(driver.Conn), "", "people")
		if err != nil {
			return err
		}
		err = fill(ctx, to, t.Rows(), cells)
		return errors.Join(err, to.Close())
	})
}

func fill(ctx context.Context, to *duckdb.Appender, rows int, cells []func(row int) driver.Value) error {
	values := make([]driver.Value, len(cells)+1)
	for row := range rows {
		if row%batch == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		values[0] = int64(row)
		for i, cell := range cells {
			values[i+1] = cell(row)
		}
		if err := to.AppendRow(values...); err != nil {
			return err
		}
	}
	return nil
}

// column gives the SQL type of a variable and its value in a row.
func column(v table.Variable, c table.Column) (string, func(row int) driver.Value) {
	switch v.Kind {
	case table.Category:
		return "VARCHAR", func(row int) driver.Value {
			if c.Codes[row] < 0 {
				return nil
			}
			return v.Levels[c.Codes[row]].Code
		}
	case table.Flag:
		return "BOOLEAN", func(row int) driver.Value {
			if math.IsNaN(c.Numbers[row]) {
				return nil
			}
			return c.Numbers[row] != 0
		}
	default:
		return "DOUBLE", func(row int) driver.Value {
			if math.IsNaN(c.Numbers[row]) {
				return nil
			}
			return c.Numbers[row]
		}
	}
}

// plain is an error without the database's own words.
func plain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var e *duckdb.Error
	if errors.As(err, &e) && e.Type == duckdb.ErrorTypeOutOfMemory {
		return errors.New("the database ran out of its memory limit of 2 GB; ask over fewer columns or rows")
	}
	return errors.New("the embedded database refused the question; this is a fault of the program, please report the expression")
}
