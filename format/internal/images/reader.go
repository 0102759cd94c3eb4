package images

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync/atomic"

	"hmsp.center/hmsp/format"
)

// A reader gives the rows of the images of a list, image after image.
type reader struct {
	ctx      context.Context
	images   []Image // still to read
	builders map[string]*builder
	options  format.Options
	notes    []string
	full     []batch
	read     atomic.Int64
	size     int64
	done     error
}

// A batch is a batch of a table.
type batch struct {
	format.Batch
	table string
}

func newReader(ctx context.Context, list List, builders map[string]*builder, o format.Options) *reader {
	r := &reader{ctx: ctx, images: list.Images, builders: builders, options: o, notes: slices.Clone(list.Notes)}
	why := map[string]int{}
	people := map[string]Image{}
	var order []string
	differ := 0
	for _, m := range list.Images {
		r.size += m.Bytes
		if m.Why != "" {
			why[m.Why]++
		}
		p, met := people[m.Patient]
		if !met {
			p = Image{Patient: m.Patient}
			order = append(order, m.Patient)
		}
		if p.Birth != "" && m.Birth != "" && p.Birth != m.Birth || p.Sex != "" && m.Sex != "" && p.Sex != m.Sex {
			differ++
		}
		p.Birth, p.Sex = first(p.Birth, m.Birth), first(p.Sex, m.Sex)
		people[m.Patient] = p
	}
	for _, what := range slices.Sorted(maps.Keys(why)) {
		r.notes = append(r.notes, fmt.Sprintf("%d images have no features of intensities: %s", why[what], what))
	}
	if differ > 0 {
		r.notes = append(r.notes, fmt.Sprintf("%d images give another birth date or sex than the first of the same patient, which is kept", differ))
	}
	for _, id := range order {
		p := people[id]
		r.give(format.PersonTable, row{format.Patient: id, format.Birth: p.Birth, format.Sex: p.Sex})
	}
	return r
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (r *reader) give(table string, one row) {
	b := r.builders[table]
	if b == nil {
		return
	}
	b.add(one)
	if b.batch.Rows >= r.options.BatchRows || b.size >= r.options.MaxBytes/2 {
		r.full = append(r.full, batch{b.take(), table})
	}
}

// Columns describes the columns of a table.
func (r *reader) Columns(table string) []format.Column {
	if b := r.builders[table]; b != nil {
		return b.columns
	}
	return nil
}

// Next reads images until a table has a batch.
func (r *reader) Next() (string, format.Batch, error) {
	for r.done == nil && len(r.full) == 0 {
		if err := r.ctx.Err(); err != nil {
			r.done = err
		} else if err := r.step(); err != nil {
			r.done = err
		}
	}
	if r.ctx.Err() != nil && (r.done == nil || r.done == io.EOF) {
		r.done = r.ctx.Err()
	}
	if len(r.full) == 0 || r.done != nil && r.done != io.EOF {
		return "", format.Batch{}, r.done
	}
	b := r.full[0]
	r.full = r.full[1:]
	return b.table, b.Batch, nil
}

// step reads an image; io.EOF after the last.
func (r *reader) step() error {
	if len(r.images) == 0 {
		for _, name := range slices.Sorted(maps.Keys(r.builders)) {
			if b := r.builders[name]; b.batch.Rows > 0 {
				r.full = append(r.full, batch{b.take(), name})
			}
		}
		return io.EOF
	}
	m := r.images[0]
	r.images = r.images[1:]
	r.give(format.ImagingTable, m.imaging())
	if r.builders[format.MeasurementTable] != nil {
		rows, err := m.measurements(r.ctx)
		if err != nil {
			return err
		}
		for _, one := range rows {
			r.give(format.MeasurementTable, one)
		}
	}
	r.read.Add(m.Bytes)
	return nil
}

// Notes says what was left out.
func (r *reader) Notes() []string { return slices.Clone(r.notes) }

// Progress is how many bytes of the images have been read.
func (r *reader) Progress() (read, of int64) { return r.read.Load(), r.size }

func (r *reader) Close() error {
	r.done, r.full, r.images = os.ErrClosed, nil, nil
	return nil
}
