package fhir

import "hmsp.center/hmsp/format"

// A sink is how resources of one type become rows of one table.
type sink struct {
	table   int // its place in the plan
	mapping mapping
	fill    []filling
}

// A filling fills one column of a row, by one of its functions.
type filling struct {
	text   cell
	number func(*row) (float64, bool)
	set    bool // an empty text is a value
}

// A builder gathers the rows of a table. The texts of its rows lie one behind the
// other, so that a batch is one piece of memory.
type builder struct {
	columns []format.Column
	maxRows int
	maxSize int
	lined   bool
	rows    int
	letters []byte
	places  []place // row by row, one a column
	numbers []float64
	lines   []int
}

// A place is where a text lies in the letters; to is -1 if it is missing.
type place struct{ from, to int }

func (b *builder) full() bool {
	return b.rows >= b.maxRows || len(b.letters)+len(b.places)*16 >= b.maxSize
}

// add makes a row.
func (b *builder) add(x *row, fill []filling) {
	for _, f := range fill {
		p, n := place{len(b.letters), -1}, 0.0
		switch {
		case f.number != nil:
			var ok bool
			if n, ok = f.number(x); ok {
				p.to = p.from
			}
		case f.text != nil:
			if b.letters = f.text(x, b.letters); len(b.letters) > p.from || f.set {
				p.to = len(b.letters)
			}
		}
		b.places, b.numbers = append(b.places, p), append(b.numbers, n)
	}
	if b.lined {
		b.lines = append(b.lines, x.line)
	}
	b.rows++
}

// take is the rows so far as a batch, and begins anew.
func (b *builder) take() format.Batch {
	all, n := string(b.letters), len(b.columns)
	out := format.Batch{Rows: b.rows, Columns: make([]format.Values, n), Lines: b.lines}
	for c := range out.Columns {
		v := &out.Columns[c]
		float := b.columns[c].Kind == format.Float
		if float {
			v.Float = make([]float64, b.rows)
		} else {
			v.Text = make([]string, b.rows)
		}
		for i := range b.rows {
			p := b.places[i*n+c]
			switch {
			case p.to < 0:
				if v.Null == nil {
					v.Null = make([]bool, b.rows)
				}
				v.Null[i] = true
			case float:
				v.Float[i] = b.numbers[i*n+c]
			default:
				v.Text[i] = all[p.from:p.to]
			}
		}
	}
	b.rows, b.letters, b.places, b.numbers, b.lines = 0, b.letters[:0], b.places[:0], b.numbers[:0], nil
	return out
}
