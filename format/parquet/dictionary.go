package parquet

import (
	"errors"

	"github.com/parquet-go/parquet-go"

	"hmsp.center/hmsp/format"
)

// A dictionary holds the different values of a column in a row group: each is read
// when it is met first, and then is only looked up.
type dictionary struct {
	of     parquet.Dictionary
	state  []state
	values format.Values
}

type state uint8

const (
	unread state = iota
	known
	absent // a value that means missing
)

var errIndex = errors.New("a value is not in its dictionary")

// decode begins a page of places in a dictionary.
func (c *cursor) decode(d parquet.Dictionary) error {
	if c.words == nil || c.words.of != d {
		c.words = &dictionary{of: d, state: make([]state, d.Len()), values: room(c.leaf.column.Kind, d.Len())}
	}
	data := c.page.Data()
	c.indexes, c.levels, c.rows = data.Int32(), c.page.DefinitionLevels(), int(c.page.NumValues())
	if c.levels != nil && len(c.levels) < c.rows || c.levels == nil && len(c.indexes) < c.rows {
		return &decodeError{errShort}
	}
	return nil
}

// coded takes values of a page of places in a dictionary; more says whether it holds
// others.
func (c *cursor) coded(out *format.Values, n int, budget *int) (more bool, err error) {
	d := c.words
	for ; c.rows > 0 && c.taken < n; c.taken++ {
		c.rows--
		if c.levels != nil {
			level := c.levels[0]
			if c.levels = c.levels[1:]; level == 0 {
				void(out, c.taken, n)
				continue
			}
		}
		if len(c.indexes) == 0 || uint(c.indexes[0]) >= uint(len(d.state)) {
			return false, &decodeError{errIndex}
		}
		k := c.indexes[0]
		c.indexes = c.indexes[1:]
		if d.state[k] == unread {
			if d.state[k], err = c.word(int(k), budget); err != nil {
				return false, err
			}
		}
		if d.state[k] == absent {
			void(out, c.taken, n)
			continue
		}
		switch {
		case out.Text != nil:
			out.Text[c.taken] = d.values.Text[k]
		case out.Float != nil:
			out.Float[c.taken] = d.values.Float[k]
		case out.Int != nil:
			out.Int[c.taken] = d.values.Int[k]
		default:
			out.Bool[c.taken] = d.values.Bool[k]
		}
	}
	return c.rows > 0, nil
}

// word reads value k of the dictionary.
func (c *cursor) word(k int, budget *int) (state, error) {
	switch err := c.value(&c.words.values, k, c.words.of.Index(int32(k)), budget); err {
	case nil:
		return known, nil
	case errNull:
		return absent, nil
	default:
		return unread, err
	}
}
