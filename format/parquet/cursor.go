package parquet

import (
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"hmsp.center/hmsp/format"
)

// A cursor reads one column over its row groups and pages.
type cursor struct {
	leaf    leaf
	missing []string
	chunks  []parquet.ColumnChunk // still to open
	pages   parquet.Pages
	page    parquet.Page

	// Of a page of values; a column can have such behind pages of places:
	values  parquet.ValueReader
	buffer  [256]parquet.Value
	pending []parquet.Value // of buffer, still to take

	// Of a page of places in a dictionary:
	words   *dictionary
	levels  []byte  // of the rows still to take: 0 where the value is missing; nil if none is
	indexes []int32 // of the values still to take
	rows    int     // still to take

	texts map[string]string // texts met, so that a repeated one is held once
	taken int               // in this batch
}

// maxTexts bounds the memory of texts met.
const maxTexts = 10_000

var errShort = errors.New("a column ends before the file's last row")

// take reads n values. budget is the memory that texts may still use.
func (c *cursor) take(n int, budget *int) (format.Values, error) {
	out := room(c.leaf.column.Kind, n)
	for c.taken = 0; c.taken < n; {
		if c.page == nil {
			if err := c.open(); err != nil {
				return out, err
			}
		}
		take := c.plain
		if c.values == nil {
			take = c.coded
		}
		if more, err := take(&out, n, budget); err != nil {
			return out, err
		} else if !more {
			c.release()
		}
	}
	return out, nil
}

// room is place for n values of a kind.
func room(k format.Kind, n int) (v format.Values) {
	switch k {
	case format.Text:
		v.Text = make([]string, n)
	case format.Float:
		v.Float = make([]float64, n)
	case format.Int:
		v.Int = make([]int64, n)
	case format.Bool:
		v.Bool = make([]bool, n)
	}
	return v
}

// void marks value i of n as missing.
func void(v *format.Values, i, n int) {
	if v.Null == nil {
		v.Null = make([]bool, n)
	}
	v.Null[i] = true
}

// plain takes values of a page that holds them; more says whether it may hold others.
func (c *cursor) plain(out *format.Values, n int, budget *int) (more bool, err error) {
	for ; c.taken < n; c.taken++ {
		if len(c.pending) == 0 {
			k, err := c.values.ReadValues(c.buffer[:])
			if c.pending = c.buffer[:k]; k == 0 && (err == nil || err == io.EOF) {
				return false, nil
			} else if k == 0 {
				return false, &decodeError{err}
			}
		}
		v := c.pending[0]
		c.pending = c.pending[1:]
		switch err := c.value(out, c.taken, v, budget); err {
		case nil:
		case errNull:
			void(out, c.taken, n)
		default:
			return false, err
		}
	}
	return true, nil
}

// value reads one value into place i; errNull if it is missing.
func (c *cursor) value(out *format.Values, i int, v parquet.Value, budget *int) error {
	if v.IsNull() {
		return errNull
	}
	if err := c.leaf.read(out, i, v); err != errText {
		return err
	}
	return c.text(out, i, v.ByteArray(), budget)
}

func (c *cursor) text(dst *format.Values, i int, raw []byte, budget *int) error {
	s, ok := c.texts[string(raw)]
	if !ok {
		if !utf8.Valid(raw) {
			return errValue{"text in UTF-8"}
		}
		if *budget -= len(raw); *budget < 0 {
			return errValue{"shorter texts: those of one batch do not fit into the memory limit"}
		}
		s = strings.Trim(string(raw), " \t\r\n")
		if len(c.texts) < maxTexts {
			c.texts[string(raw)] = s
		}
	}
	for _, m := range c.missing {
		if s == m {
			return errNull
		}
	}
	dst.Text[i] = s
	return nil
}

// open goes to the next page, over the ends of row groups.
func (c *cursor) open() error {
	for {
		if c.pages == nil {
			if len(c.chunks) == 0 {
				return &decodeError{errShort}
			}
			c.pages, c.chunks = c.chunks[0].Pages(), c.chunks[1:]
		}
		page, err := c.pages.ReadPage()
		if err == nil {
			c.page = page
			if d := page.Dictionary(); d != nil {
				return c.decode(d)
			}
			c.values = page.Values()
			return nil
		}
		c.close()
		if err != io.EOF {
			return &decodeError{err}
		}
	}
}

// release gives the page's memory back; its values have been copied.
func (c *cursor) release() {
	if c.page != nil {
		parquet.Release(c.page)
	}
	c.page, c.values, c.pending = nil, nil, nil
	c.levels, c.indexes, c.rows = nil, nil, 0
}

func (c *cursor) close() {
	c.release()
	c.words = nil
	if c.pages != nil {
		_ = c.pages.Close() // nothing is written, and the file is closed after it
		c.pages = nil
	}
}
