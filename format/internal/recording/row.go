package recording

import (
	"time"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/table"
)

// A builder gathers the rows of one table into batches.
type builder struct {
	table   string
	columns []format.Column
	batch   format.Batch
	rows    int               // given before this batch
	size    int               // bytes of the batch
	units   map[string]string // of codes
	times   map[int64]string  // as text: an hour, a day and a recording have many summaries
}

func newBuilder(table string, all []format.Column, at []int) *builder {
	b := &builder{table: table, units: map[string]string{}, times: map[int64]string{}}
	for _, i := range at {
		b.columns = append(b.columns, all[i])
	}
	for _, c := range activity.Codes() {
		b.units[c.Code] = c.Unit
	}
	b.take()
	return b
}

// full says whether the batch is as large as it may be.
func (b *builder) full(o format.Options) bool {
	return b.batch.Rows >= o.BatchRows || b.size >= o.MaxBytes/2
}

// take gives the batch and begins the next.
func (b *builder) take() format.Batch {
	out := b.batch
	b.rows += out.Rows
	b.batch = format.Batch{First: b.rows + 1, Columns: make([]format.Values, len(b.columns))}
	b.size = 0
	return out
}

func (b *builder) person(p *person) {
	b.add(func(column string) string {
		switch column {
		case format.Patient:
			return p.patient
		case format.Birth:
			return p.about.Birth
		case format.Sex:
			return p.about.Sex
		}
		return ""
	}, 0)
}

func (b *builder) measurement(patient string, s activity.Summary) {
	b.add(func(column string) string {
		switch column {
		case format.Patient:
			return patient
		case format.Time:
			return b.time(s.Time)
		case format.End:
			return b.time(s.End)
		case format.Code:
			return s.Code
		case format.Unit:
			return b.units[s.Code]
		}
		return ""
	}, s.Value)
}

func (b *builder) add(text func(column string) string, number float64) {
	i := b.batch.Rows
	b.batch.Rows++
	for k, c := range b.columns {
		v := &b.batch.Columns[k]
		there := true
		if c.Kind == format.Float {
			v.Float = append(v.Float, number)
		} else {
			s := text(c.Name)
			v.Text = append(v.Text, s)
			there = s != ""
		}
		if !there && v.Null == nil {
			v.Null = make([]bool, i, i+1)
		}
		if v.Null != nil {
			v.Null = append(v.Null, !there)
		}
	}
	b.size += 40 * len(b.columns)
}

// time is wall-clock time in ISO 8601; "" if there is none.
func (b *builder) time(seconds int64) string {
	if seconds == table.NoTime {
		return ""
	}
	const most = 1 << 12
	s, ok := b.times[seconds]
	if !ok {
		if len(b.times) == most {
			clear(b.times)
		}
		s = time.Unix(seconds, 0).UTC().Format("2006-01-02T15:04:05")
		b.times[seconds] = s
	}
	return s
}
