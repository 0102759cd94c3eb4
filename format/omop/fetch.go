package omop

import (
	"context"
	"encoding/binary"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"

	"hmsp.center/hmsp/format"
)

// read asks for the columns; the server sends rows as fast as they are taken.
func (d *database) read(ctx context.Context, t rawTable, columns []string, f filter) (stream, error) {
	if d.conn == nil {
		return nil, os.ErrClosed
	}
	s := &fetch{ctx: ctx, database: d, from: t.from, texts: map[string]string{}}
	exprs := make([]string, len(columns))
	for i, c := range columns {
		k := t.at(c)
		exprs[i] = d.exprs[t.name][k]
		s.names = append(s.names, c)
		s.kinds = append(s.kinds, sent(exprs[i]))
	}
	sql := "SELECT " + strings.Join(exprs, ", ") + " FROM " + d.place[t.name]
	var args [][]byte
	if k := t.at(f.column); f.column != "" && k >= 0 && sent(d.exprs[t.name][k]) == format.Int {
		list := make([]string, len(f.ids))
		for i, id := range f.ids {
			list[i] = strconv.FormatInt(id, 10)
		}
		sql += " WHERE " + Quote(t.written[k]) + " = ANY($1::int8[])"
		args = [][]byte{[]byte("{" + strings.Join(list, ",") + "}")}
	}
	s.result = d.conn.ExecParams(ctx, sql, args, nil, nil, []int16{1})
	return s, nil
}

// sent is the kind in which an expression of selected comes over the wire.
func sent(expr string) format.Kind {
	switch {
	case strings.HasSuffix(expr, "::int8"):
		return format.Int
	case strings.HasSuffix(expr, "::float8"):
		return format.Float
	case strings.HasSuffix(expr, "::text"):
		return format.Text
	}
	return format.Bool
}

// A fetch reads the rows of one statement.
type fetch struct {
	ctx      context.Context
	database *database
	from     string
	names    []string
	kinds    []format.Kind
	result   *pgconn.ResultReader
	texts    map[string]string // met, so that a repeated one is held once
	row      int
	done     error
}

func (s *fetch) next() (piece, error) {
	if s.done != nil {
		return piece{}, s.done
	}
	o := s.database.limits
	p := piece{Batch: format.Batch{First: s.row + 1, Columns: make([]format.Values, len(s.kinds))}, kinds: slices.Clone(s.kinds), from: s.from}
	clear(s.texts)
	bytes := 0
	for p.Rows < o.BatchRows && bytes < o.MaxBytes/2 {
		if !s.result.NextRow() {
			if _, err := s.result.Close(); err != nil {
				s.done = Plain(s.ctx, s.from, err)
				return piece{}, s.done
			}
			s.done = io.EOF
			break
		}
		for i, raw := range s.result.Values() {
			n, want := s.keep(&p.Columns[i], i, p.Rows, raw)
			if want != "" {
				s.done = &format.Error{File: s.from, Row: p.First + p.Rows, Column: s.names[i], Text: "expected " + want, Mend: "correct the value, or leave the column out"}
				s.close()
				return piece{}, s.done
			}
			bytes += n + 16
		}
		p.Rows++
	}
	if p.Rows == 0 {
		return piece{}, s.done
	}
	s.row += p.Rows
	for i := range p.Columns {
		if null := p.Columns[i].Null; null != nil && len(null) < p.Rows {
			p.Columns[i].Null = append(null, make([]bool, p.Rows-len(null))...)
		}
	}
	return p, nil
}

// keep appends a value to its column. Raw is big-endian, as the wire has it.
func (s *fetch) keep(v *format.Values, i, row int, raw []byte) (size int, want string) {
	missing := raw == nil
	switch s.kinds[i] {
	case format.Int:
		x := int64(0)
		if len(raw) == 8 {
			x = int64(binary.BigEndian.Uint64(raw))
		}
		v.Int = append(v.Int, x)
	case format.Float:
		x := 0.0
		if len(raw) == 8 {
			x = math.Float64frombits(binary.BigEndian.Uint64(raw))
		}
		if math.IsInf(x, 0) {
			return 0, "a finite number"
		}
		if math.IsNaN(x) {
			x, missing = 0, true
		}
		v.Float = append(v.Float, x)
	case format.Bool:
		v.Bool = append(v.Bool, len(raw) == 1 && raw[0] == 1)
	default:
		text, ok := s.texts[string(raw)]
		if !ok {
			if !utf8.Valid(raw) {
				return 0, "text in UTF-8"
			}
			text = strings.Trim(string(raw), " \t\r\n")
			s.texts[string(raw)] = text
			size = 2 * len(raw)
		}
		if missing = missing || slices.Contains(s.database.limits.Missing, text); missing {
			text = ""
		}
		v.Text = append(v.Text, text)
	}
	if missing {
		v.Null = append(v.Null, make([]bool, row+1-len(v.Null))...)
		v.Null[row] = true
	}
	return size, ""
}

// close ends the question; what the server still sends is not read, but the
// connection dropped.
func (s *fetch) close() {
	if s.done == nil {
		s.done = io.ErrClosedPipe
		s.database.close()
	}
}

func (s *fetch) progress() (read, of int64) { return 0, 0 }
