package mask

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"math/bits"

	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/secure"
)

// A Pad is one mask of a vector: PRG(Key), added or subtracted.
type Pad struct {
	Key   secure.Key
	Minus bool
}

// chunk is the number of words expanded at a time: 32 KiB of keystream, which
// stay in the core's first cache. It is even, so that no coordinate of 128 bits
// is cut.
const chunk = 4096

// Apply adds the pads to words in the ring of each coordinate, in place.
// PRG(k) is the keystream of AES-128 in counter mode from counter 0, read as
// little-endian words; a key is used for one vector only. All pads go over a
// chunk before the next one is touched, so that memory beside the vector is one
// chunk and time is that of AES.
func Apply(layout fixed.Layout, words []uint64, pads []Pad) {
	streams := make([]cipher.Stream, len(pads))
	for i, p := range pads {
		block, err := aes.NewCipher(p.Key[:])
		if err != nil {
			panic(err) // 16 bytes are a valid key
		}
		streams[i] = cipher.NewCTR(block, make([]byte, aes.BlockSize))
	}
	buf := make([]byte, 8*chunk)
	at := 0
	for _, segment := range layout {
		end := at + segment.Len*segment.Bits/64
		for at < end {
			part := words[at:min(at+chunk, end)]
			key := buf[:8*len(part)]
			for i, s := range streams {
				clear(key)
				s.XORKeyStream(key, key)
				add(segment.Bits, part, key, pads[i].Minus)
			}
			at += len(part)
		}
	}
}

func add(bits int, words []uint64, key []byte, minus bool) {
	switch {
	case bits == 64 && minus:
		sub64(words, key)
	case bits == 64:
		add64(words, key)
	case minus:
		sub128(words, key)
	default:
		add128(words, key)
	}
}

func add64(words []uint64, key []byte) {
	for i := range words {
		words[i] += binary.LittleEndian.Uint64(key[8*i:])
	}
}

func sub64(words []uint64, key []byte) {
	for i := range words {
		words[i] -= binary.LittleEndian.Uint64(key[8*i:])
	}
}

func add128(words []uint64, key []byte) {
	for i := 0; i+1 < len(words); i += 2 {
		var c uint64
		words[i], c = bits.Add64(words[i], binary.LittleEndian.Uint64(key[8*i:]), 0)
		words[i+1], _ = bits.Add64(words[i+1], binary.LittleEndian.Uint64(key[8*i+8:]), c)
	}
}

func sub128(words []uint64, key []byte) {
	for i := 0; i+1 < len(words); i += 2 {
		var b uint64
		words[i], b = bits.Sub64(words[i], binary.LittleEndian.Uint64(key[8*i:]), 0)
		words[i+1], _ = bits.Sub64(words[i+1], binary.LittleEndian.Uint64(key[8*i+8:]), b)
	}
}
