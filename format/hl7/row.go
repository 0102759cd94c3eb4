package hl7

import (
	"strconv"
	"strings"

	"hmsp.center/hmsp/format"
)

// A row is a row of any table: the columns that a segment fills, by name.
type row struct {
	table  string
	text   map[string]string
	number float64 // of the column Value or Amount
	known  bool    // it is there
}

// A builder gathers the rows of one table into batches.
type builder struct {
	table   string
	columns []format.Column
	places  []place // of the columns that are places in the message
	batch   format.Batch
	rows    int // given before this batch
	size    int // bytes of the batch's texts
}

// A place in a message: "PV1-36", "PID-11.5", "OBX-5.1.2". The zero place is none.
type place struct {
	segment               string
	field, component, sub int
}

func newBuilder(path, table string, names []string) (*builder, error) {
	b := &builder{table: table}
	known := standard(table)
	for _, n := range names {
		p, ok := placeOf(n)
		if ok {
			b.columns, b.places = append(b.columns, format.Column{Name: n, Kind: format.Text}), append(b.places, p)
			continue
		}
		at, err := format.Pick(path, known, []string{n})
		if err != nil {
			err.(*format.Error).Mend = `use a column of the table, or a place in the message such as "PV1-36" or "PID-11.5"`
			return nil, err
		}
		b.columns, b.places = append(b.columns, known[at[0]]), append(b.places, place{})
	}
	b.take()
	return b, nil
}

func placeOf(name string) (p place, ok bool) {
	segment, rest, ok := strings.Cut(name, "-")
	if !ok || !segmentName(segment) {
		return p, false
	}
	p = place{segment, 0, 0, 0}
	parts := strings.Split(rest, ".")
	if len(parts) > 3 {
		return p, false
	}
	for i, s := range parts {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 999 {
			return p, false
		}
		*[3]*int{&p.field, &p.component, &p.sub}[i] = n
	}
	return p, true
}

// segmentName says whether a text names a segment: three letters or digits, the first
// a letter (2.5.2).
func segmentName[T string | []byte](s T) bool {
	if len(s) != 3 || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	for i := 1; i < 3; i++ {
		if (s[i] < 'A' || s[i] > 'Z') && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return true
}

// take gives the batch and begins the next.
func (b *builder) take() format.Batch {
	out := b.batch
	b.rows += out.Rows
	b.batch = format.Batch{First: b.rows + 1, Columns: make([]format.Values, len(b.columns))}
	b.size = 0
	return out
}

// add puts a row into the batch; at reads a place in the message.
func (b *builder) add(r *row, line int, at func(place) string) {
	i := b.batch.Rows
	b.batch.Rows++
	if line > 0 {
		b.batch.Lines = append(b.batch.Lines, line)
	}
	for k, c := range b.columns {
		v := &b.batch.Columns[k]
		there := false
		if c.Kind == format.Float {
			v.Float = append(v.Float, 0)
			if there = r.known; there {
				v.Float[i] = r.number
			}
		} else {
			s := r.text[c.Name]
			if b.places[k].segment != "" {
				s = at(b.places[k])
			}
			v.Text = append(v.Text, s)
			b.size += len(s)
			there = s != ""
		}
		if !there && v.Null == nil {
			v.Null = make([]bool, i, i+1)
		}
		if v.Null != nil {
			v.Null = append(v.Null, !there)
		}
	}
	b.size += 24 * len(b.columns)
}
