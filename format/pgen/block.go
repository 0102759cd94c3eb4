package pgen

import (
	"encoding/binary"
	"fmt"
	"math"

	"hmsp.center/hmsp/format"
)

// blocks reads where the blocks begin and checks each of them (sections 2.2.3, 2.2.4).
func (x *index) blocks() error {
	n := (x.variants + blockVariants - 1) / blockVariants
	if want := x.header(n); want > x.headSize {
		return x.failed(nil)
	}
	buf := make([]byte, 8*n)
	if _, err := x.head.ReadAt(buf, headerBytes); err != nil && n > 0 {
		return x.failed(err)
	}
	x.starts = make([]int64, n)
	for b := range x.starts {
		at := binary.LittleEndian.Uint64(buf[8*b:])
		if at > math.MaxInt64 {
			return x.damaged("a block of variants begins behind the end of the file")
		}
		x.starts[b] = int64(at)
	}
	end := int64(3)
	if x.headName == x.path {
		end = x.header(n)
	}
	for b := range x.starts {
		if x.starts[b] < end {
			return x.damaged("blocks of variants overlap")
		}
		if err := x.load(b); err != nil {
			return err
		}
		for _, t := range x.block.types {
			x.kinds |= t
		}
		end = x.starts[b] + x.block.ends[len(x.block.ends)-1]
		if end > x.size {
			return x.sized(end)
		}
	}
	if x.size != end && (x.mode == variableMode || x.mode == outsideMode) { // others may have a footer
		return x.sized(end)
	}
	return nil
}

// header is the size of a header with n blocks, without extensions.
func (x *index) header(n int) int64 {
	if n == 0 {
		return headerBytes
	}
	return x.place(n-1) + x.blockSize(x.variants-(n-1)*blockVariants)
}

// place is where the header of block b begins.
func (x *index) place(b int) int64 {
	n := (x.variants + blockVariants - 1) / blockVariants
	return headerBytes + 8*int64(n) + int64(b)*x.blockSize(blockVariants)
}

// blockSize is the size of the header of a block with that many variants: types, lengths,
// allele counts, flags of provisional reference alleles.
func (x *index) blockSize(variants int) int64 {
	n := int64(variants)
	size := (n*int64(x.typeBits)+7)/8 + n*int64(x.lengthBytes+x.alleleBytes)
	if x.reference == 3 {
		size += (n + 7) / 8
	}
	return size
}

// load makes b the block at hand.
func (x *index) load(b int) error {
	if x.block.number == b {
		return nil
	}
	x.block.number = -1
	n := min(blockVariants, x.variants-b*blockVariants)
	x.block.buf = resized(x.block.buf, int(x.blockSize(n)))
	if _, err := x.head.ReadAt(x.block.buf, x.place(b)); err != nil {
		return x.failed(err)
	}
	x.block.types, x.block.ends = resized(x.block.types, n), resized(x.block.ends, n)
	types := (n*x.typeBits + 7) / 8
	lengths := x.block.buf[types:]
	var end int64
	for i := range n {
		if x.typeBits == 8 {
			x.block.types[i] = x.block.buf[i]
		} else {
			x.block.types[i] = x.block.buf[i/2] >> (4 * (i % 2)) & 15
		}
		end += int64(little(lengths[i*x.lengthBytes:], x.lengthBytes))
		x.block.ends[i] = end
	}
	if compressed(x.block.types[0]) {
		return x.damaged("the first variant of a block is told by an earlier one")
	}
	x.block.alts = lengths[n*x.lengthBytes:]
	x.block.number = b
	return nil
}

func (x *index) sized(want int64) error {
	text := fmt.Sprintf("the file has %d bytes and its header says %d", x.size, want)
	return &format.Error{File: x.path, Text: text, Mend: "copy the file again from where it was made"}
}

// resized is a slice of n elements, in the same memory if there is room.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

func hex(b byte) string { return fmt.Sprintf("0x%02x", b) }

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
