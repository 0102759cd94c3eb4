package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"

	"github.com/jackc/pgx/v5/pgconn"

	"hmsp.center/hmsp/format/omop"
	"hmsp.center/hmsp/table"
)

// A Batch is some rows of an answer: p, and the columns as package table has them.
type Batch struct {
	People  []int64
	Columns []table.Column
}

// batchRows is how many rows a batch has at most.
const batchRows = 8192

// Rows are an answer on its way.
type Rows struct {
	ctx      context.Context
	snapshot *Snapshot
	columns  table.Schema
	levels   []map[string]int32
	result   *pgconn.ResultReader
	checked  bool
	done     error
}

// levels finds the codes of categories.
func levels(columns table.Schema) []map[string]int32 {
	out := make([]map[string]int32, len(columns))
	for i, v := range columns {
		out[i] = map[string]int32{}
		for k, l := range v.Levels {
			out[i][l.Code] = int32(k)
		}
	}
	return out
}

var errWrong = errors.New("the database's answer is not of the types that were asked for")

// Next gives the next rows, at least one; io.EOF after the last. A batch is the
// caller's to keep.
func (r *Rows) Next() (Batch, error) {
	if r.done != nil {
		return Batch{}, r.done
	}
	b := Batch{Columns: make([]table.Column, len(r.columns))}
	for len(b.People) < batchRows && r.result.NextRow() {
		if err := r.take(&b, r.result.Values()); err != nil {
			r.Close()
			r.done = err
			return Batch{}, err
		}
	}
	if len(b.People) == batchRows {
		return b, nil
	}
	r.done = io.EOF
	if _, err := r.result.Close(); err != nil {
		r.done = omop.Plain(r.ctx, r.snapshot.path, err)
	}
	if len(b.People) == 0 || r.done != io.EOF {
		return Batch{}, r.done
	}
	return b, nil
}

// Close gives up the rest. The snapshot is closed with it unless all has been read:
// what the server still sends is for nobody.
func (r *Rows) Close() error {
	if r.done != nil {
		return nil
	}
	r.done = io.ErrClosedPipe
	return r.snapshot.Close()
}

// The types of PostgreSQL by their numbers (src/include/catalog/pg_type.dat).
const (
	boolOID, int8OID, float8OID, textOID, varcharOID = 16, 20, 701, 25, 1043
)

// check holds the types of the answer against what was asked.
func (r *Rows) check() error {
	fields := r.result.FieldDescriptions()
	if len(fields) != 1+len(r.columns) || fields[0].DataTypeOID != int8OID {
		return errWrong
	}
	for i, v := range r.columns {
		is := fields[1+i].DataTypeOID
		ok := is == float8OID
		switch v.Kind {
		case table.Flag:
			ok = is == boolOID
		case table.Category:
			ok = is == textOID || is == varcharOID
		}
		if !ok {
			return errWrong
		}
	}
	r.checked = true
	return nil
}

// take adds a row to a batch; numbers are big-endian on the wire.
func (r *Rows) take(b *Batch, values [][]byte) error {
	if !r.checked {
		if err := r.check(); err != nil {
			return err
		}
	}
	if len(values[0]) != 8 {
		return errWrong
	}
	b.People = append(b.People, int64(binary.BigEndian.Uint64(values[0])))
	for i, raw := range values[1:] {
		c := &b.Columns[i]
		switch kind := r.columns[i].Kind; {
		case kind == table.Category:
			code, ok := int32(-1), true
			if raw != nil {
				code, ok = r.levels[i][string(raw)]
			}
			if !ok {
				return errWrong
			}
			c.Codes = append(c.Codes, code)
		case raw == nil:
			c.Numbers = append(c.Numbers, math.NaN())
		case kind == table.Flag && len(raw) == 1:
			c.Numbers = append(c.Numbers, float64(raw[0]))
		case len(raw) == 8:
			c.Numbers = append(c.Numbers, math.Float64frombits(binary.BigEndian.Uint64(raw)))
		default:
			return errWrong
		}
	}
	return nil
}
