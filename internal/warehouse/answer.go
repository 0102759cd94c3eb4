package warehouse

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"hmsp.center/hmsp/cohort"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/table/pool"
)

// An answer collects rows, in memory or in a pool.
type answer struct {
	schema     table.Schema
	levels     []map[string]int32
	all        []uint64 // pseudonyms of everyone
	columns    []table.Column
	patients   []int32
	pseudonyms []uint64
	failed     error // to take a row, as it may be told

	path   string
	writer *pool.Writer // nil: in memory
	rows   *pool.Appender
}

func newAnswer(h table.History, vs table.Schema, o Options) (*answer, error) {
	a := &answer{schema: vs, all: h.Pseudonyms, levels: make([]map[string]int32, len(vs)), columns: make([]table.Column, len(vs)), path: o.Pool}
	for i, v := range vs {
		a.levels[i] = map[string]int32{}
		for k, l := range v.Levels {
			a.levels[i][l.Code] = int32(k)
		}
	}
	if o.Pool == "" {
		return a, nil
	}
	fields := []pool.Field{{Name: "patient", Kind: pool.Int32}, {Name: "pseudonym", Kind: pool.Uint64}}
	for _, v := range kept(vs) {
		fields = append(fields, pool.Field{Name: v.Name, Kind: pool.KindOf(v)})
	}
	var err error
	if a.writer, err = pool.Create(o.Pool, poolOptions(o)); err != nil {
		return nil, err
	}
	if a.rows, err = a.writer.Table(pool.Rows, fields); err != nil {
		a.drop()
		return nil, err
	}
	return a, nil
}

// poolOptions leave most of the memory to the database.
func poolOptions(o Options) pool.Options { return pool.Options{Memory: min(o.Memory/4, 64<<20)} }

// empty begins a batch of rows, in the memory of the last.
func (a *answer) empty() {
	a.patients, a.pseudonyms = a.patients[:0], a.pseudonyms[:0]
	for i, c := range a.columns {
		a.columns[i] = table.Column{Numbers: c.Numbers[:0], Codes: c.Codes[:0]}
	}
}

// batch is how many rows are given to a pool at once.
const batch = 8192

// row adds a person's number and values, as the database gives them.
func (a *answer) row(values []driver.Value) error {
	p, ok := values[0].(int64)
	if !ok {
		return errWrong
	}
	a.patients = append(a.patients, int32(p))
	a.pseudonyms = append(a.pseudonyms, a.all[p])
	for i, x := range values[1:] {
		c := &a.columns[i]
		switch x := x.(type) {
		case nil:
			if a.schema[i].Numeric() {
				c.Numbers = append(c.Numbers, math.NaN())
			} else {
				c.Codes = append(c.Codes, -1)
			}
		case float64:
			c.Numbers = append(c.Numbers, x)
		case bool:
			c.Numbers = append(c.Numbers, map[bool]float64{true: 1}[x])
		case string:
			c.Codes = append(c.Codes, a.levels[i][x])
		default:
			return errWrong
		}
	}
	if a.writer != nil && len(a.patients) == batch {
		return a.flush()
	}
	return nil
}

// members adds the rows of a table that belong to a cohort.
func (a *answer) members(t table.Table, e cohort.Expr) error {
	holds, err := e.Bind(t)
	if err != nil {
		return err
	}
	from := make([]int, len(a.schema))
	for i, v := range a.schema {
		from[i] = t.Schema.Index(v.Name)
	}
	for row := range t.Rows() {
		if holds(row) != cohort.True {
			continue
		}
		a.patients, a.pseudonyms = append(a.patients, t.Patients[row]), append(a.pseudonyms, t.Pseudonyms[row])
		for i, v := range a.schema {
			c := &a.columns[i]
			if v.Numeric() {
				c.Numbers = append(c.Numbers, t.Columns[from[i]].Numbers[row])
			} else {
				c.Codes = append(c.Codes, t.Columns[from[i]].Codes[row])
			}
		}
	}
	return a.flush()
}

var errWrong = errors.New("the database's answer is not of the types that were asked for")

// flush gives a batch to the pool.
func (a *answer) flush() error {
	if a.writer == nil {
		return nil
	}
	columns := []pool.Values{{Int32: a.patients}, {Uint64: a.pseudonyms}}
	for _, c := range a.columns {
		columns = append(columns, pool.Values{Float64: c.Numbers, Int32: c.Codes})
	}
	defer a.empty()
	return a.rows.Append(columns...)
}

// table is the answer. Closing takes it away: a pool is unmapped and removed.
func (a *answer) table() (table.Table, io.Closer, error) {
	if a.writer == nil {
		t, err := table.New(a.schema, a.columns, a.patients)
		t.Pseudonyms = a.pseudonyms
		return t, nothing{}, err
	}
	if _, err := a.writer.Commit(nil); err != nil {
		return table.Table{}, nil, err
	}
	a.writer = nil
	return opened(a.path, a.schema)
}

// opened is the table that a pool was made for.
func opened(path string, schema table.Schema) (table.Table, io.Closer, error) {
	p, err := pool.Open(path)
	if err != nil {
		return table.Table{}, nil, errors.Join(err, os.RemoveAll(path))
	}
	c := keptPool{p, path}
	rows, ok := p.Table(pool.Rows)
	if !ok {
		return table.Table{}, nil, errors.Join(pool.ErrDamaged, c.Close())
	}
	t, err := rows.TableOf(kept(schema))
	if err != nil {
		return table.Table{}, nil, errors.Join(err, c.Close())
	}
	t.Schema = schema
	return t, c, nil
}

// kept are variables under the names of their columns in a pool: c0, c1, ..., so that
// any name will do.
func kept(vs table.Schema) table.Schema {
	out := slices.Clone(vs)
	for i := range out {
		out[i].Name = fmt.Sprint("c", i)
	}
	return out
}

// drop gives up what is not finished.
func (a *answer) drop() {
	if a.writer != nil {
		a.writer.Abort()
	}
}

// keptPool is a pool that is there for as long as its table.
type keptPool struct {
	*pool.Pool
	path string
}

func (k keptPool) Close() error { return errors.Join(k.Pool.Close(), os.RemoveAll(k.path)) }

type nothing struct{}

func (nothing) Close() error { return nil }
