package pgen

import (
	"encoding/binary"
	"math/bits"
)

// Planes are the categories of the samples at a variant, a bit of each sample in low and
// one in high: 0 is REF twice, 1 REF and an ALT, 2 two ALT, 3 missing (section 2.3.2).
// Bits behind the last sample are 0.
type planes struct {
	samples   int
	low, high []uint64
}

func newPlanes(samples int) planes {
	words := (samples + 63) / 64
	memory := make([]uint64, 2*words)
	return planes{samples: samples, low: memory[:words:words], high: memory[words:]}
}

func (p planes) copy(from planes) {
	copy(p.low, from.low)
	copy(p.high, from.high)
}

// fill puts every sample into a category.
func (p planes) fill(category byte) {
	for i := range p.low {
		p.low[i], p.high[i] = -uint64(category&1), -uint64(category>>1)
	}
	p.trim()
}

// trim clears the bits behind the last sample.
func (p planes) trim() {
	if rest := uint(p.samples % 64); rest != 0 {
		last := len(p.low) - 1
		p.low[last] &= 1<<rest - 1
		p.high[last] &= 1<<rest - 1
	}
}

func (p planes) set(sample uint32, category byte) {
	w, bit := sample/64, sample%64
	p.low[w] = p.low[w]&^(1<<bit) | uint64(category&1)<<bit
	p.high[w] = p.high[w]&^(1<<bit) | uint64(category>>1)<<bit
}

// patch sets the samples of a difflist to its categories.
func (p planes) patch(d *difflist) {
	for k, id := range d.ids {
		p.set(id, d.value(k))
	}
}

// invert swaps categories 0 and 2.
func (p planes) invert() {
	for i, low := range p.low {
		p.high[i] ^= ^low
	}
	p.trim()
}

// pairs reads two bits of each sample.
func (p planes) pairs(b []byte) {
	for i := range p.low {
		var x, y uint64
		if len(b) >= 16 {
			x, y = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
			b = b[16:]
		} else {
			var rest [16]byte
			copy(rest[:], b)
			x, y = binary.LittleEndian.Uint64(rest[:]), binary.LittleEndian.Uint64(rest[8:])
			b = nil
		}
		p.low[i] = even(x) | even(y)<<32
		p.high[i] = even(x>>1) | even(y>>1)<<32
	}
	p.trim()
}

// bed turns the codes of a bed file into categories: 0 is ALT twice, 1 missing, 2 REF and
// ALT, 3 REF twice.
func (p planes) bed() {
	for i, low := range p.low {
		p.low[i], p.high[i] = low^p.high[i], ^p.high[i]
	}
	p.trim()
}

// choose reads one bit of each sample: set is the category high, clear is low.
func (p planes) choose(b []byte, clear, set byte) {
	for i := range p.low {
		var x uint64
		if len(b) >= 8 {
			x, b = binary.LittleEndian.Uint64(b), b[8:]
		} else {
			var rest [8]byte
			copy(rest[:], b)
			x = binary.LittleEndian.Uint64(rest[:])
		}
		p.low[i] = ^x&-uint64(clear&1) | x&-uint64(set&1)
		p.high[i] = ^x&-uint64(clear>>1) | x&-uint64(set>>1)
	}
	p.trim()
}

// category gives the samples of category 1 or 2, 64 at a time.
func (p planes) category(c byte, word int) uint64 {
	if c == 1 {
		return p.low[word] &^ p.high[word]
	}
	return p.high[word] &^ p.low[word]
}

func (p planes) count(c byte) int {
	n := 0
	for i := range p.low {
		n += bits.OnesCount64(p.category(c, i))
	}
	return n
}

// even packs the bits of even places into the lower half.
func even(x uint64) uint64 {
	x &= 0x5555555555555555
	x = (x | x>>1) & 0x3333333333333333
	x = (x | x>>2) & 0x0f0f0f0f0f0f0f0f
	x = (x | x>>4) & 0x00ff00ff00ff00ff
	x = (x | x>>8) & 0x0000ffff0000ffff
	return (x | x>>16) & 0x00000000ffffffff
}
