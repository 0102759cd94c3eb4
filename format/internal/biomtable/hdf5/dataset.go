package hdf5

import (
	"bytes"
	"encoding/binary"
	"math"
)

// unset is the address of what is not there.
const unset = math.MaxUint64

// A Dataset is a described dataset, or the value of an attribute.
type Dataset struct {
	Dims []int // none of a single value
	Kind Kind

	file     *File
	size     int // of an element in bytes
	elements int
	big      bool // big-endian
	signed   bool
	layout   []byte
	filters  []filter
	data     []byte // of an attribute
}

// A Kind is what the elements are.
type Kind int

// The kinds that are read.
const (
	Other   Kind = iota
	Integer      // of 1, 2, 4 or 8 bytes
	Real         // of 4 or 8 bytes
	Text         // of one length, filled up
	Letters      // of any length
)

type filter struct {
	id     int
	values []uint32
}

// Dataset describes a dataset.
func (f *File) Dataset(o Object) (*Dataset, error) {
	messages, err := f.header(o.address)
	if err != nil {
		return nil, err
	}
	d := &Dataset{file: f}
	for _, m := range messages {
		switch m.kind {
		case dataspaceMessage:
			err = d.dataspace(m.data)
		case datatypeMessage:
			d.datatype(m.data)
		case layoutMessage:
			d.layout = m.data
		case filterMessage:
			err = d.pipeline(m.data)
		}
		if err != nil {
			return nil, err
		}
	}
	// Deflate packs a thousand to one at most.
	if d.elements > 0 && int64(d.size) > (1100*f.size+1<<16)/int64(d.elements) {
		return nil, damaged("a dataset is larger than the file can hold")
	}
	return d, nil
}

// Attributes are those of the root group that stand in its header, by name.
func (f *File) Attributes() (map[string]*Dataset, error) {
	messages, err := f.header(f.root)
	if err != nil {
		return nil, err
	}
	out := map[string]*Dataset{}
	for _, m := range messages {
		if m.kind != attributeMessage {
			continue
		}
		name, d, err := f.attribute(m.data)
		if err != nil {
			return nil, err
		}
		out[name] = d
	}
	return out, nil
}

// attribute takes an attribute message apart (IV.A.2.m).
func (f *File) attribute(data []byte) (string, *Dataset, error) {
	in := decoder{data: data}
	version := in.u8()
	in.u8()
	name, datatype, dataspace := in.u16(), in.u16(), in.u16()
	take := in.take
	switch version {
	case 1:
		take = in.padded
	case 3:
		in.u8() // character set of the name
	}
	d := &Dataset{file: f}
	label := string(bytes.TrimRight(take(name), "\x00"))
	d.datatype(take(datatype))
	err := d.dataspace(take(dataspace))
	if in.failed || err != nil {
		return "", nil, damaged("an attribute is cut off")
	}
	d.data = in.data
	return label, d, nil
}

// dataspace reads the shape (IV.A.2.b), of two dimensions at most.
func (d *Dataset) dataspace(data []byte) error {
	in := decoder{data: data}
	version, rank := in.u8(), in.u8()
	in.u8()
	if version == 1 {
		in.take(5)
	} else if in.u8() == 2 { // no element at all
		d.Dims, d.elements = nil, 0
		return nil
	}
	d.Dims, d.elements = nil, 1
	for range rank {
		n := in.u64()
		if in.failed || n > math.MaxInt32 || n > 0 && d.elements > math.MaxInt32/int(n) {
			return damaged("a shape is too large")
		}
		d.Dims, d.elements = append(d.Dims, int(n)), d.elements*int(n)
	}
	return nil
}

// datatype reads what the elements are (IV.A.2.d).
func (d *Dataset) datatype(data []byte) {
	in := decoder{data: data}
	class := in.u8() & 15
	bits := in.u8()
	in.take(2)
	d.size = int(in.u32() & math.MaxInt32)
	d.big, d.signed = bits&1 != 0, bits&8 != 0
	whole := d.size == 1 || d.size == 2 || d.size == 4 || d.size == 8
	switch {
	case in.failed || d.size == 0:
		d.Kind = Other
	case class == 0 && whole:
		d.Kind = Integer
	case class == 1 && (d.size == 4 || d.size == 8) && bits&64 == 0:
		d.Kind = Real
	case class == 3:
		d.Kind = Text
	case class == 9 && bits&15 == 1 && d.size == 16:
		d.Kind = Letters
	}
}

// pipeline reads the filters (IV.A.2.l).
func (d *Dataset) pipeline(data []byte) error {
	in := decoder{data: data}
	version, n := in.u8(), in.u8()
	if version == 1 {
		in.take(6)
	}
	for range n {
		f := filter{id: in.u16()}
		name := 0
		if version == 1 || f.id >= 256 {
			name = in.u16()
		}
		in.u16() // flags
		values := in.u16()
		if version == 1 {
			in.padded(name)
		} else {
			in.take(name)
		}
		for range values {
			if in.failed {
				break
			}
			f.values = append(f.values, in.u32())
		}
		if version == 1 && values%2 == 1 {
			in.take(4)
		}
		d.filters = append(d.filters, f)
	}
	if in.failed {
		return damaged("a list of filters is cut off")
	}
	return nil
}

// raw reads the bytes of all elements (IV.A.2.i).
func (d *Dataset) raw() ([]byte, error) {
	n := int64(d.elements) * int64(d.size)
	if d.layout == nil {
		if int64(len(d.data)) < n {
			return nil, damaged("an attribute is cut off")
		}
		return d.data[:n], nil
	}
	in := decoder{data: d.layout}
	if in.u8() != 3 {
		return nil, ErrLayout
	}
	switch in.u8() {
	case 0: // compact
		out := in.take(in.u16())
		if in.failed || int64(len(out)) < n {
			return nil, damaged("a dataset is cut off")
		}
		return out[:n], nil
	case 1: // contiguous
		address := in.u64()
		if n == 0 {
			return nil, nil
		}
		return d.file.at(address, n)
	case 2:
		return d.chunked(&in, n)
	}
	return nil, ErrLayout
}

// chunked puts the chunks of a dataset together.
// place copies a chunk, row by row, as far as it lies within the dataset.
// unpack undoes the filters, the last first; a bit of mask says that one was left out.
// unshuffle brings the bytes of each element together again.
// order is that of the bytes of numbers.
func (d *Dataset) order() binary.ByteOrder {
	if d.big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}
