package hdf5

import (
	"bytes"
	"compress/zlib"
	"io"
)

func (d *Dataset) chunked(in *decoder, n int64) ([]byte, error) {
	rank := in.u8() - 1 // the last is the size of an element
	tree := in.u64()
	if rank != len(d.Dims) || rank < 1 || rank > 2 {
		return nil, damaged("a dataset has chunks of another shape")
	}
	chunk, bytes := make([]int, rank), int64(d.size)
	for i := range chunk {
		chunk[i] = int(in.u32())
		if chunk[i] == 0 || bytes > (1100*d.file.size+1<<16)/int64(chunk[i]) {
			return nil, damaged("a chunk is larger than the file can hold")
		}
		bytes *= int64(chunk[i])
	}
	if in.failed {
		return nil, damaged("a layout is cut off")
	}
	if n == 0 || tree == unset {
		if n > 0 {
			return nil, damaged("a dataset was never written")
		}
		return nil, nil
	}
	var out []byte
	covered := 0
	err := d.file.tree(tree, 1, -1, 8+8*(rank+1), func(key []byte, address uint64) error {
		k := decoder{data: key}
		packed, mask := k.u32(), k.u32()
		from := make([]int, rank)
		for i := range from {
			at := k.u64()
			if at >= uint64(d.Dims[i]) || at%uint64(chunk[i]) != 0 {
				return damaged("a chunk lies outside of its dataset")
			}
			from[i] = int(at)
		}
		data, err := d.file.at(address, int64(packed))
		if err != nil {
			return err
		}
		if data, err = d.unpack(data, mask, bytes); err != nil {
			return err
		}
		if out == nil { // only now: one chunk was what it says
			out = make([]byte, n)
		}
		covered += d.place(out, data, from, chunk)
		return nil
	})
	if err == nil && covered != d.elements {
		err = damaged("a dataset is not whole")
	}
	return out, err
}

func (d *Dataset) place(out, data []byte, from, chunk []int) int {
	rows, width, left, columns := 1, chunk[0], from[0], d.Dims[0]
	top := 0
	if len(chunk) == 2 {
		rows, width, left, columns, top = min(chunk[0], d.Dims[0]-from[0]), chunk[1], from[1], d.Dims[1], from[0]
	}
	take := min(width, columns-left)
	for r := range rows {
		copy(out[((top+r)*columns+left)*d.size:], data[r*width*d.size:(r*width+take)*d.size])
	}
	return rows * take
}

func (d *Dataset) unpack(data []byte, mask uint32, want int64) ([]byte, error) {
	for i := len(d.filters) - 1; i >= 0; i-- {
		if i < 32 && mask>>i&1 != 0 {
			continue
		}
		switch d.filters[i].id {
		case 1: // deflate
			in, err := zlib.NewReader(bytes.NewReader(data))
			if err != nil {
				return nil, damaged("a chunk cannot be unpacked")
			}
			if data, err = io.ReadAll(io.LimitReader(in, want+1)); err != nil {
				return nil, damaged("a chunk cannot be unpacked")
			}
		case 2: // shuffle
			data = unshuffle(data, d.size)
		default:
			return nil, ErrLayout
		}
	}
	if int64(len(data)) != want {
		return nil, damaged("a chunk has another size")
	}
	return data, nil
}

func unshuffle(data []byte, size int) []byte {
	n := len(data) / size
	out := bytes.Clone(data)
	for b := range size {
		for i := range n {
			out[i*size+b] = data[b*n+i]
		}
	}
	return out
}
