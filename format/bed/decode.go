package bed

import (
	"encoding/binary"
	"math/bits"

	"hmsp.center/hmsp/genotype"
)

// decode turns the codes of n samples, four in a byte from the lowest bits on, into
// planes. The codes are 00 for two of A1, 01 missing, 10 one of each, 11 two of A2. A
// step takes 64 of them: low and high bits of the codes are brought together, and the
// planes are then three operations on words.
func decode(c *genotype.Calls, codes []byte, n int) {
	words := (n + 63) / 64
	c.Samples, c.Dosages = n, nil
	c.Lo, c.Hi, c.Missing = sized(c.Lo, words), sized(c.Hi, words), sized(c.Missing, words)
	lo, hi, missing := c.Lo, c.Hi[:len(c.Lo)], c.Missing[:len(c.Lo)]
	whole := min(n/64, len(codes)/16)
	for i := range whole {
		b := codes[i*16 : i*16+16]
		x, y := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		low := even(x) | even(y)<<32
		high := even(x>>1) | even(y>>1)<<32
		lo[i], missing[i], hi[i] = high&^low, low&^high, ^(low | high)
	}
	if whole == words {
		return
	}
	var rest [16]byte
	copy(rest[:], codes[whole*16:])
	x, y := binary.LittleEndian.Uint64(rest[:]), binary.LittleEndian.Uint64(rest[8:])
	low, high := even(x)|even(y)<<32, even(x>>1)|even(y>>1)<<32
	mask := uint64(1)<<uint(n-whole*64) - 1
	lo[whole], missing[whole], hi[whole] = high&^low&mask, low&^high&mask, ^(low|high)&mask
}

// count counts the codes of n samples; padding is 0 and no sample.
func count(codes []byte, n int) genotype.Counts {
	low, high, both := 0, 0, 0
	add := func(x uint64) {
		l, h := x&0x5555555555555555, x>>1&0x5555555555555555
		low, high, both = low+bits.OnesCount64(l), high+bits.OnesCount64(h), both+bits.OnesCount64(l&h)
	}
	for ; len(codes) >= 8; codes = codes[8:] {
		add(binary.LittleEndian.Uint64(codes))
	}
	var rest [8]byte
	copy(rest[:], codes)
	add(binary.LittleEndian.Uint64(rest[:]))
	return genotype.Counts{HomRef: both, Het: high - both, Missing: low - both, HomAlt: n - low - high + both}
}

func sized(s []uint64, n int) []uint64 {
	if cap(s) < n {
		return make([]uint64, n)
	}
	return s[:n]
}

// even brings the bits at even places of x together (Warren, Hacker's Delight, 7-4).
func even(x uint64) uint64 {
	x &= 0x5555555555555555
	x = (x | x>>1) & 0x3333333333333333
	x = (x | x>>2) & 0x0f0f0f0f0f0f0f0f
	x = (x | x>>4) & 0x00ff00ff00ff00ff
	x = (x | x>>8) & 0x0000ffff0000ffff
	return (x | x>>16) & 0x00000000ffffffff
}

// spread is the other way: 32 bits to the even places.
func spread(x uint64) uint64 {
	x &= 0x00000000ffffffff
	x = (x | x<<16) & 0x0000ffff0000ffff
	x = (x | x<<8) & 0x00ff00ff00ff00ff
	x = (x | x<<4) & 0x0f0f0f0f0f0f0f0f
	x = (x | x<<2) & 0x3333333333333333
	return (x | x<<1) & 0x5555555555555555
}

// encode appends the codes of a variant, which decode reads.
func encode(codes []byte, c *genotype.Calls) []byte {
	start := len(codes)
	for i := range c.Lo {
		none := ^(c.Lo[i] | c.Hi[i] | c.Missing[i])
		if rest := c.Samples - i*64; rest < 64 {
			none &= 1<<uint(rest) - 1 // what is over is 0
		}
		low, high := c.Missing[i]|none, c.Lo[i]|none
		hi := c.Hi[i] // its code is 00
		low, high = low&^hi, high&^hi
		codes = binary.LittleEndian.AppendUint64(codes, spread(low)|spread(high)<<1)
		codes = binary.LittleEndian.AppendUint64(codes, spread(low>>32)|spread(high>>32)<<1)
	}
	return codes[:start+(c.Samples+3)/4]
}
