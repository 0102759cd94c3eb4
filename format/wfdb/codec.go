package wfdb

import (
	"bufio"
	"encoding/binary"
	"io"
)

// A codec reads the samples of one format of signal(5), one after the other.
type codec interface {
	// next is the next sample, and whether it stands for none; io.EOF at the end of a
	// file, io.ErrUnexpectedEOF within a sample.
	next(in *bufio.Reader) (value int64, missing bool, err error)
}

// codecOf returns a new codec; nil of a format that is not read.
func codecOf(format int) codec {
	switch format {
	case 16:
		return &words{size: 2, order: binary.LittleEndian}
	case 61:
		return &words{size: 2, order: binary.BigEndian}
	case 24:
		return &words{size: 3, order: binary.LittleEndian}
	case 32:
		return &words{size: 4, order: binary.LittleEndian}
	case 80:
		return &words{size: 1, order: binary.LittleEndian, bias: 1 << 7}
	case 160:
		return &words{size: 2, order: binary.LittleEndian, bias: 1 << 15}
	case 212:
		return &packed212{}
	case 310:
		return &packed31{split: split310}
	case 311:
		return &packed31{split: split311}
	}
	return nil
}

// words are whole bytes: two's complement, or offset binary with a bias.
type words struct {
	size   int
	order  binary.ByteOrder
	bias   int64
	buffer [4]byte
}

func (w *words) next(in *bufio.Reader) (int64, bool, error) {
	b := w.buffer[:w.size]
	if _, err := io.ReadFull(in, b); err != nil {
		return 0, false, err
	}
	var u uint32
	switch w.size {
	case 1:
		u = uint32(b[0])
	case 2:
		u = uint32(w.order.Uint16(b))
	case 3:
		u = uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
	default:
		u = w.order.Uint32(b)
	}
	lowest := int64(-1) << (8*w.size - 1)
	if w.bias != 0 {
		v := int64(u) - w.bias
		return v, v == lowest, nil
	}
	v := signed(u, 8*w.size)
	return v, v == lowest, nil
}

// signed is a number of that many bits in two's complement.
func signed(u uint32, bits int) int64 { return int64(int32(u<<(32-bits)) >> (32 - bits)) }

// packed212 are two samples of 12 bits in three bytes.
type packed212 struct {
	second int64
	have   bool
}

func (p *packed212) next(in *bufio.Reader) (int64, bool, error) {
	const lowest = -1 << 11
	if p.have {
		p.have = false
		return p.second, p.second == lowest, nil
	}
	b, err := in.Peek(3)
	if len(b) < 2 {
		if len(b) == 1 && err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return 0, false, err
	}
	first := signed(uint32(b[0])|uint32(b[1]&0x0f)<<8, 12)
	if len(b) == 3 {
		p.second, p.have = signed(uint32(b[2])|uint32(b[1]&0xf0)<<4, 12), true
	}
	in.Discard(len(b))
	return first, first == lowest, nil
}

// packed31 are three samples of 10 bits in four bytes.
type packed31 struct {
	split func(b [4]byte) [3]uint32
	left  []int64
}

func (p *packed31) next(in *bufio.Reader) (int64, bool, error) {
	const lowest = -1 << 9
	if len(p.left) == 0 {
		var b [4]byte
		n, err := io.ReadFull(in, b[:])
		if err != nil && !(err == io.ErrUnexpectedEOF && n >= 2) { // the last word may be cut
			return 0, false, err
		}
		p.left = p.left[:0]
		for _, u := range p.split(b) {
			p.left = append(p.left, signed(u, 10))
		}
		if err != nil {
			p.left = p.left[:n/2]
		}
	}
	v := p.left[0]
	p.left = p.left[1:]
	return v, v == lowest, nil
}

// split310 takes two samples above the lowest bits of the halves, and the third from the
// five highest bits of both.
func split310(b [4]byte) [3]uint32 {
	low, high := uint32(b[0])|uint32(b[1])<<8, uint32(b[2])|uint32(b[3])<<8
	return [3]uint32{low >> 1 & 0x3ff, high >> 1 & 0x3ff, low>>11 | high>>11<<5}
}

// split311 takes them one behind the other.
func split311(b [4]byte) [3]uint32 {
	u := binary.LittleEndian.Uint32(b[:])
	return [3]uint32{u & 0x3ff, u >> 10 & 0x3ff, u >> 20 & 0x3ff}
}
