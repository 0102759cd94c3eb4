package hdf5

import (
	"bytes"
	"math"
	"unicode/utf8"
)

// Numbers reads a dataset of whole or real numbers, row by row. A whole number of more
// than 53 bits is rounded.
func (d *Dataset) Numbers() ([]float64, error) {
	if d.Kind != Integer && d.Kind != Real {
		return nil, damaged("a dataset holds no numbers")
	}
	data, err := d.raw()
	if err != nil {
		return nil, err
	}
	out := make([]float64, d.elements)
	for i := range out {
		out[i] = d.number(data[i*d.size : (i+1)*d.size])
	}
	return out, nil
}

func (d *Dataset) number(b []byte) float64 {
	order := d.order()
	var bits uint64
	switch d.size {
	case 1:
		bits = uint64(b[0])
	case 2:
		bits = uint64(order.Uint16(b))
	case 4:
		bits = uint64(order.Uint32(b))
	default:
		bits = order.Uint64(b)
	}
	switch {
	case d.Kind == Real && d.size == 4:
		return float64(math.Float32frombits(uint32(bits)))
	case d.Kind == Real:
		return math.Float64frombits(bits)
	case d.signed:
		shift := 64 - 8*d.size
		return float64(int64(bits<<shift) >> shift)
	}
	return float64(bits)
}

// Strings reads a dataset of texts, which are in UTF-8.
func (d *Dataset) Strings() ([]string, error) {
	if d.Kind != Text && d.Kind != Letters {
		return nil, damaged("a dataset holds no texts")
	}
	data, err := d.raw()
	if err != nil {
		return nil, err
	}
	out := make([]string, d.elements)
	for i := range out {
		text := data[i*d.size : (i+1)*d.size]
		if d.Kind == Letters {
			if text, err = d.file.letters(text); err != nil {
				return nil, err
			}
		}
		text, _, _ = bytes.Cut(text, []byte{0})
		if d.Kind == Text {
			text = bytes.TrimRight(text, " ") // which fill up what FORTRAN writes
		}
		if !utf8.Valid(text) {
			return nil, damaged("a text is not in UTF-8")
		}
		out[i] = string(text)
	}
	return out, nil
}

// letters follows an element of any length to its global heap (IV.A.2.d, class 9).
func (f *File) letters(element []byte) ([]byte, error) {
	d := decoder{data: element}
	n, address, index := d.u32(), d.u64(), d.u32()
	if n == 0 {
		return nil, nil
	}
	heap, ok := f.heaps[address]
	if !ok {
		var err error
		if heap, err = f.globalHeap(address); err != nil {
			return nil, err
		}
		f.heaps[address] = heap
	}
	object, ok := heap[uint16(index)]
	if !ok || index > math.MaxUint16 || uint64(n) > uint64(len(object)) {
		return nil, damaged("a text is not in its heap")
	}
	return object[:n], nil
}

// globalHeap reads a collection of texts (III.E).
func (f *File) globalHeap(address uint64) (map[uint16][]byte, error) {
	head, err := f.marked(address, 16, "GCOL")
	if err != nil {
		return nil, err
	}
	size := decoder{data: head[8:]}
	body, err := f.at(address, int64(size.u64()&(1<<62-1)))
	if err != nil || len(body) < 16 {
		return nil, damaged("a heap is cut off")
	}
	out := map[uint16][]byte{}
	for d := (decoder{data: body[16:]}); len(d.data) >= 16; {
		index := d.u16()
		d.take(6)
		n := d.u64()
		if index == 0 { // the rest is free
			break
		}
		if n > uint64(len(d.data)) {
			return nil, damaged("a heap is cut off")
		}
		out[uint16(index)] = d.padded(int(n))
	}
	return out, nil
}
