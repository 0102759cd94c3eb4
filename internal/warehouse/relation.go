package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/duckdb/duckdb-go/v2"

	"hmsp.center/hmsp/table"
)

// A relation is slices that the database reads where they are: rows are copied a
// chunk at a time, and only the columns that the question wants.
type relation struct {
	fields []field
	rows   int
}

// A field is a column of a relation: fill writes rows from..from+n-1 to a column of
// a chunk. Missing values are as table.Column has them; dress makes NULL of them.
type field struct {
	name string
	kind duckdb.Type
	fill func(chunk duckdb.DataChunk, column, from, n int) error
}

func newField[T int32 | int64 | float64 | string](name string, xs []T) field {
	kind := duckdb.TYPE_VARCHAR
	switch any(xs).(type) {
	case []int32:
		kind = duckdb.TYPE_INTEGER
	case []int64:
		kind = duckdb.TYPE_BIGINT
	case []float64:
		kind = duckdb.TYPE_DOUBLE
	}
	return field{name, kind, func(chunk duckdb.DataChunk, column, from, n int) error {
		for i, x := range xs[from : from+n] {
			if err := duckdb.SetChunkValue(chunk, column, i, x); err != nil {
				return err
			}
		}
		return nil
	}}
}

// count is a field of the numbers of the rows, from first on.
func count(name string, first int) field {
	return field{name, duckdb.TYPE_BIGINT, func(chunk duckdb.DataChunk, column, from, n int) error {
		for i := range n {
			if err := duckdb.SetChunkValue(chunk, column, i, int64(first+from+i)); err != nil {
				return err
			}
		}
		return nil
	}}
}

// A catalog is the relations that a question reads: the k-th as relation(k).
type catalog struct {
	relations []relation
}

func (c *catalog) add(r relation) (k int) {
	c.relations = append(c.relations, r)
	return len(c.relations) - 1
}

// dressed is a SELECT of plain fields of a relation and of columns of variables as
// packages cohort and timeline want them: missing is NULL, flags are BOOLEAN where
// booleans, and categories are codes.
func (c *catalog) dressed(rows int, plain []field, vs table.Schema, columns []table.Column, booleans bool, names ...string) string {
	r := relation{fields: plain, rows: rows}
	selected, joined := []string{}, ""
	for _, f := range plain {
		if f.kind == duckdb.TYPE_BIGINT {
			selected = append(selected, fmt.Sprintf("NULLIF(t.%s, CAST('%d' AS BIGINT)) AS %[1]s", f.name, int64(table.NoTime)))
		} else {
			selected = append(selected, "t."+f.name)
		}
	}
	for i, v := range vs {
		switch {
		case v.Kind == table.Category:
			r.fields = append(r.fields, newField(names[i], columns[i].Codes))
			texts := make([]string, len(v.Levels))
			for k, l := range v.Levels {
				texts[k] = l.Code
			}
			k := c.add(relation{fields: []field{count("k", 0), newField("code", texts)}, rows: len(texts)})
			joined += fmt.Sprintf(" LEFT JOIN relation(%d) l%[2]d ON l%[2]d.k = t.%[3]s", k, i, names[i])
			selected = append(selected, fmt.Sprintf("l%d.code AS %s", i, names[i]))
		default:
			r.fields = append(r.fields, newField(names[i], columns[i].Numbers))
			x := fmt.Sprintf("NULLIF(t.%s, CAST('NaN' AS DOUBLE))", names[i])
			if booleans && v.Kind == table.Flag {
				x = "(" + x + " <> 0)"
			}
			selected = append(selected, x+" AS "+names[i])
		}
	}
	return fmt.Sprintf("SELECT %s FROM relation(%d) t%s", strings.Join(selected, ", "), c.add(r), joined)
}

// serve makes the relations known to the database.
func (c *catalog) serve(conn *sql.Conn) error {
	number, err := duckdb.NewTypeInfo(duckdb.TYPE_BIGINT)
	if err != nil {
		return err
	}
	return duckdb.RegisterTableUDF(conn, "relation", duckdb.ParallelChunkTableFunction{
		Config: duckdb.TableFunctionConfig{Arguments: []duckdb.TypeInfo{number}},
		BindArgumentsContext: func(ctx context.Context, _ map[string]any, args ...any) (duckdb.ParallelChunkTableSource, error) {
			k, ok := args[0].(int64)
			if !ok || k < 0 || k >= int64(len(c.relations)) {
				return nil, errors.New("no such relation")
			}
			return newScan(ctx, c.relations[k])
		},
	})
}

// A scan is one reading of a relation by the database's threads.
type scan struct {
	relation
	ctx   context.Context
	infos []duckdb.ColumnInfo
	next  atomic.Int64
}

func newScan(ctx context.Context, r relation) (*scan, error) {
	s := &scan{relation: r, ctx: ctx}
	for _, f := range r.fields {
		kind, err := duckdb.NewTypeInfo(f.kind)
		if err != nil {
			return nil, err
		}
		s.infos = append(s.infos, duckdb.ColumnInfo{Name: f.name, T: kind})
	}
	return s, nil
}

func (s *scan) ColumnInfos() []duckdb.ColumnInfo { return s.infos }

func (s *scan) Cardinality() *duckdb.CardinalityInfo {
	return &duckdb.CardinalityInfo{Cardinality: uint(s.rows), Exact: true}
}

func (s *scan) Init() duckdb.ParallelTableSourceInfo {
	s.next.Store(0)
	return duckdb.ParallelTableSourceInfo{}
}

func (s *scan) NewLocalState() any { return s }

func (s *scan) FillChunk(_ any, chunk duckdb.DataChunk) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	size := duckdb.GetDataChunkCapacity()
	from := int(s.next.Add(int64(size))) - size
	n := max(0, min(size, s.rows-from))
	for i, f := range s.fields {
		if _, err := chunk.GetVector(i); err != nil || n == 0 {
			continue // the question does not read it, or there is no more
		}
		if err := f.fill(chunk, i, from, n); err != nil {
			return err
		}
	}
	return chunk.SetSize(n)
}
