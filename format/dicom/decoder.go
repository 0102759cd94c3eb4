package dicom

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"hmsp.center/hmsp/format/internal/images"
)

// A tag is the group and the element of an attribute.
type tag uint32

// An element is the head of a data element (PS3.5 section 7.1).
type element struct {
	tag    tag
	vr     string // "" in implicit VR
	length uint32 // undefined where it ends with a delimiter
}

const (
	undefined = 0xffffffff // PS3.5 section 7.1.1

	item      tag = 0xfffee000 // PS3.5 section 7.5
	itemEnd   tag = 0xfffee00d
	seriesEnd tag = 0xfffee0dd
)

// maxDepth bounds sequences in sequences.
const maxDepth = 32

// maxValue bounds a value that is kept, other than pixels.
const maxValue = 1 << 20

// maxItems bounds the items of sequences that are kept: a few for each frame.
const maxItems = 1 << 20

// What is wrong with the structure of a file.
var (
	errCut   = errors.New("the file ends within an element")
	errItem  = errors.New("a sequence holds something that is no item")
	errDepth = errors.New("sequences are nested deeper than 32")
	errLong  = errors.New("an element goes beyond the sequence that holds it")
	errLarge = errors.New("a value is longer than 1 MiB")
	errItems = errors.New("sequences hold more than a million items")
)

// A decoder reads data elements one after the other.
type decoder struct {
	in       *bufio.Reader
	at, size int64 // bytes read, and of the input; size is -1 where that is not known
	order    binary.ByteOrder
	implicit bool
	syntax   string // UID of the transfer syntax; "" where the file names none
	kept     int    // items of sequences
	buffer   [12]byte
}

// full reads all of b.
func (d *decoder) full(b []byte) error {
	n, err := io.ReadFull(d.in, b)
	d.at += int64(n)
	return cut(err)
}

func cut(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errCut
	}
	return err
}

// skip passes over n bytes.
func (d *decoder) skip(n int64) error {
	for n > 0 {
		k, err := d.in.Discard(int(min(n, 1<<30)))
		d.at += int64(k)
		n -= int64(k)
		if err != nil {
			return cut(err)
		}
	}
	return nil
}

// value reads n bytes, which the file has or not.
func (d *decoder) value(n int64) ([]byte, error) {
	if d.size >= 0 && n > d.size-d.at {
		return nil, errCut
	}
	b, err := images.ReadAtMost(d.in, n)
	d.at += int64(len(b))
	return b, cut(err)
}

// next reads the head of an element; io.EOF where the input ends before it.
func (d *decoder) next() (element, error) {
	b := d.buffer[:8]
	if n, err := io.ReadFull(d.in, b); err != nil {
		d.at += int64(n)
		if n == 0 && err == io.EOF {
			return element{}, io.EOF
		}
		return element{}, cut(err)
	}
	d.at += 8
	e := element{tag: tag(d.order.Uint16(b))<<16 | tag(d.order.Uint16(b[2:]))}
	if d.implicit || e.tag>>16 == 0xfffe { // items and delimiters have no VR
		e.length = d.order.Uint32(b[4:])
		return e, nil
	}
	e.vr = vrOf(b[4:6])
	if !long(e.vr) {
		e.length = uint32(d.order.Uint16(b[6:]))
		return e, nil
	}
	if err := d.full(d.buffer[8:12]); err != nil {
		return element{}, err
	}
	e.length = d.order.Uint32(d.buffer[8:12])
	return e, nil
}

// vrOf is a value representation without a copy for the usual ones.
func vrOf(b []byte) string {
	switch string(b) {
	case "UI":
		return "UI"
	case "LO":
		return "LO"
	case "CS":
		return "CS"
	case "DS":
		return "DS"
	case "US":
		return "US"
	case "SQ":
		return "SQ"
	case "UN":
		return "UN"
	}
	return string(b)
}

// long says which value representations have a length of 32 bits (PS3.5 table 7.1-1).
func long(vr string) bool {
	switch vr {
	case "OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV":
		return true
	}
	return false
}

// walk reads the elements up to an end: a place in the input, or -1 for the delimiter of
// an item, or of the input at depth 0. It keeps in set what keep asks for, everything
// else is passed over; set is nil if nothing of it is. It stops before the first element
// that stop names, and gives it.
func (d *decoder) walk(set *dataSet, end int64, depth int, stop func(tag) bool) (*element, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	for end < 0 || d.at < end {
		e, err := d.next()
		switch {
		case err == io.EOF && depth == 0:
			return nil, nil
		case err == io.EOF:
			return nil, errCut
		case err != nil:
			return nil, err
		case e.tag == itemEnd && depth > 0:
			return nil, nil
		case depth == 0 && stop(e.tag):
			return &e, nil
		case e.length != undefined && end >= 0 && int64(e.length) > end-d.at:
			return nil, errLong
		}
		if err := d.content(set, e, depth, stop); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// content keeps the value of an element or passes over it.
func (d *decoder) content(set *dataSet, e element, depth int, stop func(tag) bool) error {
	switch {
	case set != nil && inside(e.tag) && (e.length == undefined || e.vr == "SQ" || e.vr == ""):
		v := value{tag: e.tag}
		err := d.items(&v, e, depth, stop)
		set.values = append(set.values, v)
		return err
	case e.length == undefined:
		return d.items(nil, e, depth, stop)
	case set == nil || !keep(e.tag):
		if d.size >= 0 && int64(e.length) > d.size-d.at {
			return errCut
		}
		return d.skip(int64(e.length))
	case e.length > maxValue:
		return errLarge
	}
	b, err := d.value(int64(e.length))
	if err != nil {
		return err
	}
	set.values = append(set.values, value{tag: e.tag, data: b})
	return nil
}

// items reads the items of a sequence into v, or past them if v is nil.
func (d *decoder) items(v *value, e element, depth int, stop func(tag) bool) error {
	if e.vr == "UN" { // PS3.5 section 6.2.2: what is in it is implicit little endian
		order, implicit := d.order, d.implicit
		d.order, d.implicit = binary.LittleEndian, true
		defer func() { d.order, d.implicit = order, implicit }()
	}
	end := int64(-1)
	if e.length != undefined {
		if end = d.at + int64(e.length); d.size >= 0 && end > d.size {
			return errCut
		}
	}
	for end < 0 || d.at < end {
		i, err := d.next()
		switch {
		case err == io.EOF:
			return errCut
		case err != nil:
			return err
		case i.tag == seriesEnd && end < 0:
			return nil
		case i.tag != item:
			return errItem
		}
		if v == nil && i.length != undefined {
			if err := d.skip(int64(i.length)); err != nil {
				return err
			}
			continue
		}
		var set *dataSet
		if v != nil {
			if d.kept++; d.kept > maxItems {
				return errItems
			}
			set = &dataSet{order: d.order}
			v.items = append(v.items, set)
		}
		itemEnd := int64(-1)
		if i.length != undefined {
			if itemEnd = d.at + int64(i.length); end >= 0 && itemEnd > end {
				return errLong
			}
		}
		if _, err := d.walk(set, itemEnd, depth+1, stop); err != nil {
			return err
		}
	}
	return nil
}
