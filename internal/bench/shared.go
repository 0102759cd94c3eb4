package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"

	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/table/pool"
)

// A SharedReport is the memory of processes that read all of one pool, beside as many
// that copied it: proportional set sizes, in which a page counts in each process by its
// share.
type SharedReport struct {
	Bytes, Processes int
	Pool, Copies     int64
}

const sharers = 4

// wideTable writes a pool of one table of so many bytes in columns x0, x1, ... of
// numbers, and returns its rows.
func wideTable(path string, size int64, columns int, meta []byte) (rows int, err error) {
	w, err := pool.Create(path, pool.Options{})
	if err != nil {
		return 0, err
	}
	defer w.Abort()
	var fields []pool.Field
	for _, v := range wideSchema(columns) {
		fields = append(fields, pool.Field{Name: v.Name, Kind: pool.Float64})
	}
	a, err := w.Table(pool.Rows, fields)
	if err != nil {
		return 0, err
	}
	rows = max(1, int(size)/8/columns)
	d := draws(11)
	batch := make([]pool.Values, columns)
	for j := range batch {
		batch[j].Float64 = make([]float64, 1<<14)
		for i := range batch[j].Float64 {
			batch[j].Float64[i] = d.normal()
		}
	}
	for left := rows; left > 0; left -= 1 << 14 {
		if left < 1<<14 {
			for j := range batch {
				batch[j].Float64 = batch[j].Float64[:left]
			}
		}
		if err := a.Append(batch...); err != nil {
			return 0, err
		}
	}
	_, err = w.Commit(meta)
	return rows, err
}

func wideSchema(columns int) table.Schema {
	var s table.Schema
	for j := range columns {
		s = append(s, table.Variable{Name: fmt.Sprint("x", j), Kind: table.Number, Min: -6, Max: 6})
	}
	return s
}

func sharedPool(ctx context.Context, c Config, folder string) (report, error) {
	r := SharedReport{Bytes: int(c.Data.Shared), Processes: sharers}
	path := filepath.Join(folder, "pool")
	if _, err := wideTable(path, c.Data.Shared, 8, nil); err != nil {
		return nil, err
	}
	var err error
	if r.Pool, err = c.together(ctx, "hold", path); err == nil {
		r.Copies, err = c.together(ctx, "copy", path)
	}
	return r, err
}

// together is what children that read a pool in the same way hold at the same time.
func (c Config) together(ctx context.Context, how, path string) (sum int64, err error) {
	var all []*child
	defer func() {
		for _, ch := range all {
			err = errors.Join(err, ch.end())
		}
	}()
	for range sharers {
		ch, err := c.start(ctx, how, path)
		if err != nil {
			return 0, err
		}
		all = append(all, ch)
	}
	for _, ch := range all {
		var read float64
		if err := ch.ready(&read); err != nil {
			return 0, err
		}
	}
	for _, ch := range all {
		n, ok := proportional(ch.cmd.Process.Pid)
		if !ok {
			return 0, nil
		}
		sum += n
	}
	return sum, nil
}

func holding(_ context.Context, told *orders) (any, error) { return nil, readAll(told, false) }
func copying(_ context.Context, told *orders) (any, error) { return nil, readAll(told, true) }

// readAll sums all columns of a pool where they are, or of a copy, and stays.
func readAll(told *orders, copied bool) error {
	var path string
	if err := told.into(&path); err != nil {
		return err
	}
	p, err := pool.Open(path)
	if err != nil {
		return err
	}
	t, ok := p.Table(pool.Rows)
	if !ok {
		return pool.ErrDamaged
	}
	var all [][]float64
	for _, f := range t.Fields() {
		xs := t.Float64(f.Name)
		if copied {
			xs = slices.Clone(xs)
		}
		all = append(all, xs)
	}
	if copied {
		if err := p.Close(); err != nil {
			return err
		}
	}
	sum := 0.0
	for _, xs := range all {
		for _, x := range xs {
			sum += x
		}
	}
	err = told.ready(sum)
	runtime.KeepAlive(all)
	return err
}

func (r SharedReport) write(w io.Writer) error {
	g := newGrid(w, fmt.Sprintf("Memory of %d processes that read one pool of %d MiB", r.Processes, r.Bytes>>20))
	if r.Pool == 0 || r.Copies == 0 {
		g.row("not measured: this system does not tell what processes share")
		return g.Flush()
	}
	ratio := float64(r.Pool) / float64(r.Copies)
	g.row("mapped, together", mebibytes(r.Pool))
	g.row("copied, together", mebibytes(r.Copies))
	cells := []any{"ratio", fmt.Sprintf("%.2f", ratio)}
	if int64(r.Bytes) >= targetSharedSize { // of a small pool, the program's own memory is most of it
		cells = append(cells, fmt.Sprintf("at most %.1f, %s", targetShared, met(ratio, targetShared)))
	}
	g.row(cells...)
	return g.Flush()
}
