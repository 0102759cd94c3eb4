package csv

import (
	"context"
	"io"
	"strings"

	"hmsp.center/hmsp/format"
)

// describeRows is how many rows a description looks at.
const describeRows = 2000

// Describe guesses the columns' types from the first rows. The number of rows is
// exact if those are all; else it is estimated from the file's size, and -1 for a
// packed file.
func (Format) Describe(ctx context.Context, path string, o format.Options) (format.Description, error) {
	o.BatchRows = describeRows
	r, err := begin(ctx, path, o)
	if err != nil {
		return format.Description{}, err
	}
	defer r.Close()
	header := r.scan.read
	d := format.Description{Columns: r.columns, Exact: true}
	b, err := r.Next()
	if err == io.EOF {
		return d, nil
	}
	if err != nil {
		return format.Description{}, err
	}
	for i := range d.Columns {
		d.Columns[i].Kind = guess(b.Columns[i], r.options.Decimal)
	}
	d.Rows = int64(b.Rows)
	if _, err := r.Next(); err != io.EOF {
		d.Exact = false
		d.Rows = r.estimate(r.scan.read - header)
	}
	return d, nil
}

// estimate is the file's size over the mean length of the rows read.
func (r *reader) estimate(bytes int64) int64 {
	info, err := r.file.Stat()
	if err != nil || bytes <= 0 || strings.HasSuffix(strings.ToLower(r.path), ".gz") {
		return -1
	}
	return info.Size() * int64(r.row) / bytes
}

// guess is the narrowest kind that holds every value.
func guess(v format.Values, decimal string) format.Kind {
	integer, number, truth, any := true, true, true, false
	for i, s := range v.Text {
		if v.Missing(i) {
			continue
		}
		any = true
		x, ok := format.ParseNumber(s, decimal)
		number = number && ok
		integer = integer && ok && x == float64(int64(x)) && !strings.ContainsAny(s, ".,eE")
		_, ok = format.Truth(s)
		truth = truth && ok && len(s) > 1
	}
	switch {
	case !any:
		return format.Text
	case integer:
		return format.Int
	case number:
		return format.Float
	case truth:
		return format.Bool
	}
	return format.Text
}
