package csv

import (
	"bytes"
	"context"
	"io"
	"strings"

	"hmsp.center/hmsp/format"
)

// describeRows is how many rows a description looks at from the file's beginning.
const describeRows = 2000

// Describe guesses the columns' types from the first rows, and the decimal mark and
// the layouts of dates from these and from rows over the whole file; of a packed
// file and of UTF-16, from the first rows alone. The number of rows is exact if the
// first are all; else it is estimated from the file's size, and -1 for a packed file.
func (Format) Describe(ctx context.Context, path string, o format.Options) (format.Description, error) {
	o.BatchRows = describeRows
	r, err := begin(ctx, path, o)
	if err != nil {
		return format.Description{}, err
	}
	defer r.Close()
	header := r.scan.read
	d := format.Description{Columns: r.columns, Exact: true,
		Detected: format.Options{Delimiter: r.options.Delimiter, Encoding: r.options.Encoding, Decimal: r.options.Decimal}}
	seen := make([]evidence, len(d.Columns))
	b, err := r.Next()
	if err != nil && err != io.EOF {
		return format.Description{}, err
	}
	for c, v := range b.Columns {
		for i, s := range v.Text {
			if !v.Missing(i) {
				seen[c].add(s)
			}
		}
	}
	d.Rows = int64(b.Rows)
	if err == nil {
		if _, err := r.Next(); err != io.EOF {
			d.Exact = false
			d.Rows = r.estimate(r.scan.read - header)
			if err := r.survey(seen, r.scan.read); err != nil {
				return format.Description{}, err
			}
		}
	}
	conclude(&d, seen)
	for i := range b.Columns {
		d.Columns[i].Kind = guess(b.Columns[i], d.Detected.Decimal)
	}
	date(&d, seen)
	return d, nil
}

// estimate is the file's size over the mean length of the rows read.
func (r *reader) estimate(bytes int64) int64 {
	if bytes <= 0 || r.in.packed {
		return -1
	}
	if r.in.mark == "utf-16" {
		bytes *= 2
	}
	return r.in.size * int64(r.row) / bytes
}

// survey looks at rows over the file, from a place on. Where it begins inside a
// quoted value, records come out ragged, and the part is left out.
func (r *reader) survey(seen []evidence, from int64) error {
	if !r.in.plain() {
		return nil
	}
	return r.in.samples(64<<10, 32, func(at int64, part []byte) error {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		begin := bytes.IndexByte(part, '\n') + 1
		if at < from || begin == 0 {
			return nil
		}
		s := newScanner(bytes.NewReader(part[begin:]), r.scan.delimiter, false, len(part)+1)
		s.unquoted = r.scan.unquoted
		var values []string
		for range 100 {
			if s.record() != nil || s.pos == len(s.buf) && s.end {
				break // the last record may be cut off
			}
			if len(s.fields) != len(r.all) {
				return nil
			}
			for _, k := range r.at {
				values = append(values, string(r.text(s, s.fields[k])))
			}
		}
		for i, v := range values {
			if !r.missing([]byte(v)) {
				seen[i%len(r.at)].add(v)
			}
		}
		return nil
	})
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
