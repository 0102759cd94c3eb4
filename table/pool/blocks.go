package pool

import "math/bits"

// Rows wait in blocks whose lengths are powers of two. A block that is no longer
// needed is lent again: little is left to the collector, which is slow to come.

// leastBlock is the least length of a block.
const leastBlock = 4 << 10

// limit is how much the blocks may have together: a third of the writer's memory.
// Sorting takes as much again at most, and some waits for the collector.
func (w *Writer) limit() int64 { return w.o.Memory / 3 }

// blockFor is the length of a block that holds n bytes, or of the largest block
// there is if that is less; it holds row bytes in any case.
func (w *Writer) blockFor(n, row int64) int {
	largest := 1 << (bits.Len64(uint64(w.limit())) - 1)
	return max(min(powerOfTwo(n), largest), leastBlock, powerOfTwo(row))
}

func powerOfTwo(n int64) int { return 1 << bits.Len64(uint64(n-1)) }

// lend is a block of that length; nil where the limit is reached.
func (w *Writer) lend(n int) []byte {
	if s := w.spare[n]; len(s) > 0 {
		w.spare[n] = s[:len(s)-1]
		return s[len(s)-1]
	}
	for size := range w.spare {
		for len(w.spare[size]) > 0 && w.held+int64(n) > w.limit() {
			w.spare[size] = w.spare[size][1:]
			w.held -= int64(size)
		}
	}
	if w.held+int64(n) > w.limit() {
		return nil
	}
	w.held += int64(n)
	return aligned(n)
}

func (w *Writer) giveBack(block []byte) {
	if block != nil {
		w.spare[len(block)] = append(w.spare[len(block)], block)
	}
}
