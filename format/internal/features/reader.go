package features

import (
	"context"
	"io"
	"os"

	"hmsp.center/hmsp/format"
)

// reader gives what was read in batches.
type reader struct {
	ctx     context.Context
	columns []format.Column
	values  []format.Values
	rows    int
	at      int
	most    int // rows in a batch
	closed  bool
}

func (r *reader) Columns() []format.Column { return r.columns }

func (r *reader) Next() (format.Batch, error) {
	if r.closed {
		return format.Batch{}, os.ErrClosed
	}
	if err := r.ctx.Err(); err != nil {
		return format.Batch{}, err
	}
	if r.at == r.rows {
		return format.Batch{}, io.EOF
	}
	from, to := r.at, min(r.at+r.most, r.rows)
	b := format.Batch{Rows: to - from, First: from + 1, Columns: make([]format.Values, len(r.values))}
	for i, v := range r.values {
		b.Columns[i] = format.Values{Text: part(v.Text, from, to), Float: part(v.Float, from, to), Int: part(v.Int, from, to), Null: part(v.Null, from, to)}
	}
	r.at = to
	return b, nil
}

func (r *reader) Close() error {
	r.closed, r.values = true, nil
	return nil
}

// part is a stretch of a column, which is the caller's: nothing is appended behind it.
func part[T any](x []T, from, to int) []T {
	if x == nil {
		return nil
	}
	return x[from:to:to]
}
