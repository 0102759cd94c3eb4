package warehouse

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"hmsp.center/hmsp/cohort"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/table/pool"
)

// Select returns the rows of t that belong to the cohort, in t's order; rows whose
// condition is unknown are left out. It fails if t does not fit the expression, or
// when ctx ends. If all rows belong to it, the table is t itself.
func Select(ctx context.Context, t table.Table, e cohort.Expr) (table.Table, error) {
	t, _, err := SelectInto(ctx, t, e, Options{})
	return t, err
}

// SelectInto is Select with the rows kept as the options say: of many million, a pool
// takes no memory. Closing what comes with them takes them away.
func SelectInto(ctx context.Context, t table.Table, e cohort.Expr, o Options) (table.Table, io.Closer, error) {
	o.Memory = cmp.Or(o.Memory, DefaultMemory)
	if err := e.Check(t); err != nil {
		return table.Table{}, nil, err
	}
	rows, all, err := members(ctx, t, e, o.Memory, selectRows)
	if err != nil {
		return table.Table{}, nil, fmt.Errorf("select cohort: %w", plain(ctx, o.Memory, err))
	}
	if all {
		return t, nothing{}, nil
	}
	return Keep(ctx, t, rows, o)
}

// Keep copies rows of a table, as SelectInto does.
func Keep(ctx context.Context, t table.Table, rows table.Subset, o Options) (table.Table, io.Closer, error) {
	o.Memory = cmp.Or(o.Memory, DefaultMemory)
	if o.Pool == "" {
		return t.Only(rows), nothing{}, nil
	}
	out, c, err := keep(ctx, t, rows, o)
	if err != nil {
		return table.Table{}, nil, fmt.Errorf("keep cohort: %w", err)
	}
	return out, c, nil
}

// selectRows is of how many rows the database is asked at once. It keeps its answer
// until that was read.
const selectRows = 1 << 20

// members are the rows that belong to a cohort, asked for in parts of so many.
func members(ctx context.Context, t table.Table, e cohort.Expr, memory int64, part int) (rows table.Subset, all bool, err error) {
	if err := ctx.Err(); err != nil {
		return rows, false, err
	}
	where, args, columns := e.SQL()
	if where == "TRUE" {
		return rows, true, nil
	}
	var c catalog
	conn, done, err := c.open(ctx, memory)
	if err != nil {
		return rows, false, err
	}
	defer done()
	for from := 0; from < t.Rows(); from += part {
		people := c.rows(t.Slice(from, min(from+part, t.Rows())), columns, from)
		if err := mark(ctx, conn, "SELECT r FROM "+people+" WHERE "+where, args, &rows); err != nil {
			return rows, false, err
		}
	}
	return rows, rows.Len() == t.Rows(), nil
}

// rows are the columns of a table, and r, the numbers of its rows from first on.
func (c *catalog) rows(t table.Table, columns []string, first int) string {
	c.relations = c.relations[:0]
	var people look
	people.add(count("r", first))
	for i, name := range columns {
		at, c0 := t.Schema.Index(name), fmt.Sprint("c", i)
		if v := t.Schema[at]; v.Kind == table.Flag {
			people.condition(c0, t.Columns[at].Numbers)
		} else {
			people.variable(c, c0, v, t.Columns[at])
		}
	}
	return people.at(c, t.Rows())
}

// mark takes in the rows that a query gives, in whatever order.
func mark(ctx context.Context, conn *sql.Conn, query string, args []any, rows *table.Subset) error {
	return conn.Raw(func(raw any) (err error) {
		found, err := raw.(driver.QueryerContext).QueryContext(ctx, query, ordinals(args))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, found.Close()) }()
		value := make([]driver.Value, 1)
		for {
			if err := found.Next(value); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			row, ok := value[0].(int64)
			if !ok {
				return errWrong
			}
			rows.Add(int(row))
		}
	})
}

// ordinals are the values of a query's parameters.
func ordinals(args []any) []driver.NamedValue {
	out := make([]driver.NamedValue, len(args))
	for i, x := range args {
		out[i] = driver.NamedValue{Ordinal: i + 1, Value: x}
	}
	return out
}

// keep writes the rows of a subset into a pool.
func keep(ctx context.Context, t table.Table, rows table.Subset, o Options) (table.Table, io.Closer, error) {
	w, err := pool.Create(o.Pool, poolOptions(o))
	if err != nil {
		return table.Table{}, nil, err
	}
	defer w.Abort()
	var fields []pool.Field
	if t.Patients != nil {
		fields = append(fields, pool.Field{Name: "patient", Kind: pool.Int32})
	}
	if t.Pseudonyms != nil {
		fields = append(fields, pool.Field{Name: "pseudonym", Kind: pool.Uint64})
	}
	for _, v := range kept(t.Schema) {
		fields = append(fields, pool.Field{Name: v.Name, Kind: pool.KindOf(v)})
	}
	a, err := w.Table(pool.Rows, fields)
	if err != nil {
		return table.Table{}, nil, err
	}
	some := make([]int, 0, batch)
	put := func() error {
		defer func() { some = some[:0] }()
		if err := ctx.Err(); err != nil {
			return err
		}
		return a.Append(columns(t.Take(some))...)
	}
	for r := range rows.All() {
		if some = append(some, r); len(some) == batch {
			if err := put(); err != nil {
				return table.Table{}, nil, err
			}
		}
	}
	if len(some) > 0 {
		if err := put(); err != nil {
			return table.Table{}, nil, err
		}
	}
	if _, err := w.Commit(nil); err != nil {
		return table.Table{}, nil, err
	}
	return opened(o.Pool, t.Schema)
}

// columns are those of a table, in the order of keep's fields.
func columns(t table.Table) (out []pool.Values) {
	if t.Patients != nil {
		out = append(out, pool.Values{Int32: t.Patients})
	}
	if t.Pseudonyms != nil {
		out = append(out, pool.Values{Uint64: t.Pseudonyms})
	}
	for _, c := range t.Columns {
		out = append(out, pool.Values{Float64: c.Numbers, Int32: c.Codes})
	}
	return out
}
