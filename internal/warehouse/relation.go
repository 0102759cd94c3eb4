package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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
// a chunk.
type field struct {
	name string
	kind duckdb.Type
	none string // the missing value in SQL; "" where there is none
	fill func(chunk duckdb.DataChunk, column, from, n int) error
}

// values is a field of a slice; missing is as package table has it.
func values[T int32 | int64 | float64 | string](name string, xs []T) field {
	f := field{name: name, kind: duckdb.TYPE_VARCHAR}
	switch any(xs).(type) {
	case []int32:
		f.kind = duckdb.TYPE_INTEGER
	case []int64:
		f.kind, f.none = duckdb.TYPE_BIGINT, fmt.Sprintf("CAST('%d' AS BIGINT)", int64(table.NoTime))
	case []float64:
		f.kind, f.none = duckdb.TYPE_DOUBLE, "CAST('NaN' AS DOUBLE)"
	}
	f.fill = func(chunk duckdb.DataChunk, column, from, n int) error {
		for i, x := range xs[from : from+n] {
			if err := duckdb.SetChunkValue(chunk, column, i, x); err != nil {
				return err
			}
		}
		return nil
	}
	return f
}

// count is a field of the numbers of the rows, from first on.
func count(name string, first int) field {
	return field{name: name, kind: duckdb.TYPE_BIGINT, fill: func(chunk duckdb.DataChunk, column, from, n int) error {
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

// A look is a SELECT of a relation in which missing is NULL.
type look struct {
	fields          []field
	columns, joined string
}

func (l *look) add(f field) {
	l.fields = append(l.fields, f)
	l.put(f.name, l.plain(f))
}

func (l *look) put(name, expression string) {
	if l.columns != "" {
		l.columns += ", "
	}
	l.columns += expression + " AS " + name
}

func (l *look) plain(f field) string {
	if f.none == "" {
		return "t." + f.name
	}
	return "NULLIF(t." + f.name + ", " + f.none + ")"
}

// variable adds the values of a variable: numbers, and the codes of a category.
func (l *look) variable(c *catalog, name string, v table.Variable, of table.Column) {
	if v.Numeric() {
		l.add(values(name, of.Numbers))
		return
	}
	codes := make([]string, len(v.Levels))
	for k, level := range v.Levels {
		codes[k] = level.Code
	}
	k := c.add(relation{[]field{count("level", 0), values("code", codes)}, len(codes)})
	l.fields = append(l.fields, values(name, of.Codes))
	l.put(name, fmt.Sprintf("l%d.code", k))
	l.joined += fmt.Sprintf(" LEFT JOIN relation(%d) l%[1]d ON l%[1]d.level = t.%s", k, name)
}

// condition adds the values of a flag as BOOLEAN.
func (l *look) condition(name string, xs []float64) {
	f := values(name, xs)
	l.fields = append(l.fields, f)
	l.put(name, "("+l.plain(f)+" <> 0)")
}

// at is the SELECT, of a relation with so many rows.
func (l *look) at(c *catalog, rows int) string {
	return fmt.Sprintf("(SELECT %s FROM relation(%d) t%s)", l.columns, c.add(relation{l.fields, rows}), l.joined)
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
