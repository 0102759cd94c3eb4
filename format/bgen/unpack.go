package bgen

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// Genotypes are those of one variant, unpacked.
type genotypes struct {
	header  header
	packed  []byte // as in the file
	memory  []byte // for plain
	plain   []byte
	alleles int
	two     layout2
	eight   *eightBits
	end     [1]byte
	zlib    io.ReadCloser
	zstd    *zstd.Decoder
}

var (
	errPacked = errors.New("the genotypes of a variant cannot be unpacked")
	errLength = errors.New("the genotypes of a variant have another length than is told")
)

// unpack makes plain of packed, for a variant with that many alleles ("Genotype data block").
func (g *genotypes) unpack(alleles int) error {
	g.alleles = alleles
	packed, want := g.packed, bytesLayout1*int64(g.header.samples)
	if g.header.layout == 2 && g.header.compression != plain {
		if len(packed) < 4 {
			return errLength
		}
		want, packed = int64(binary.LittleEndian.Uint32(packed)), packed[4:]
		if float64(want) > mostBytes(g.header.samples, alleles) {
			return errLength
		}
	}
	var err error
	switch g.header.compression {
	case plain:
		g.plain = packed
	case zlibs:
		err = g.inflate(packed, int(want))
	case zstds:
		err = g.zstandard(packed, int(want))
	}
	if err != nil {
		return err
	}
	if g.header.layout == 2 {
		return g.two.read(g.plain, g.header.samples, alleles)
	}
	if int64(len(g.plain)) != want {
		return errLength
	}
	return nil
}

// mostBytes is what genotypes take at most: unphased, diploid, at 32 bits. The number of
// samples is true: their names have been read.
func mostBytes(samples, alleles int) float64 {
	n, k := float64(samples), float64(alleles)
	return 10 + n + n*4*k*(k+1)/2
}

const (
	firstBytes = 1 << 20   // of memory before it is seen that there is so much to unpack
	maxWindow  = 128 << 20 // of zstd; zstd --long=27 is the most that is read without asking
)

// inflate unpacks what zlib packed, and checks its checksum.
func (g *genotypes) inflate(packed []byte, want int) error {
	var err error
	if g.zlib == nil {
		g.zlib, err = zlib.NewReader(bytes.NewReader(packed))
	} else {
		err = g.zlib.(zlib.Resetter).Reset(bytes.NewReader(packed), nil)
	}
	if err != nil {
		return errPacked
	}
	return g.fill(g.zlib, want)
}

// zstandard unpacks what zstd packed.
func (g *genotypes) zstandard(packed []byte, want int) error {
	var frame zstd.Header
	if frame.Decode(packed) != nil || frame.HasFCS && frame.FrameContentSize != uint64(want) {
		return errPacked
	}
	var err error
	if g.zstd == nil {
		g.zstd, err = zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	} else {
		err = g.zstd.Reset(bytes.NewReader(packed))
	}
	if err != nil {
		return errPacked
	}
	return g.fill(g.zstd, want)
}

// fill reads all of what is unpacked, which must be as long as told. Memory is taken as
// there is something to put in it: a small file may tell of gigabytes.
func (g *genotypes) fill(r io.Reader, want int) error {
	b := g.memory[:0]
	for len(b) < want {
		if len(b) == cap(b) {
			b = append(make([]byte, 0, min(want, max(firstBytes, 2*len(b)))), b...)
		}
		n, err := io.ReadFull(r, b[len(b):min(cap(b), want)])
		b = b[:len(b)+n]
		if err != nil {
			return errPacked
		}
	}
	g.memory, g.plain = b, b
	if n, err := r.Read(g.end[:]); n != 0 || err != io.EOF {
		return errPacked
	}
	return nil
}

func (g *genotypes) close() {
	if g.zstd != nil {
		g.zstd.Close()
		g.zstd = nil
	}
}
