package vcf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
)

// blockWriter writes BGZF (SAM section 4.1).
type blockWriter struct {
	w     io.Writer
	z     *flate.Writer
	in    []byte
	out   bytes.Buffer
	start uint64 // in the file, of the block that is filled
}

// blockInput is how much goes into a block: as in htslib, so that one that does not
// shrink still fits.
const blockInput = 0xff00

func newBlockWriter(w io.Writer) (*blockWriter, error) {
	z, err := flate.NewWriter(nil, flate.DefaultCompression)
	return &blockWriter{w: w, z: z, in: make([]byte, 0, blockInput)}, err
}

// offset is the virtual offset of what is written next.
func (b *blockWriter) offset() uint64 { return b.start<<16 | uint64(len(b.in)) }

func (b *blockWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		k := min(len(p), blockInput-len(b.in))
		b.in = append(b.in, p[:k]...)
		if p = p[k:]; len(b.in) == blockInput {
			if err := b.flush(); err != nil {
				return n - len(p), err
			}
		}
	}
	return n, nil
}

// flush writes a block.
func (b *blockWriter) flush() error {
	b.out.Reset()
	b.out.WriteString(endOfFile[:blockHeader])
	b.z.Reset(&b.out)
	if _, err := b.z.Write(b.in); err != nil {
		return fmt.Errorf("write a block: %w", err)
	}
	if err := b.z.Close(); err != nil {
		return fmt.Errorf("write a block: %w", err)
	}
	var foot [blockFooter]byte
	binary.LittleEndian.PutUint32(foot[:], crc32.ChecksumIEEE(b.in))
	binary.LittleEndian.PutUint32(foot[4:], uint32(len(b.in)))
	b.out.Write(foot[:])
	block := b.out.Bytes()
	binary.LittleEndian.PutUint16(block[blockHeader-2:], uint16(len(block)-1))
	if _, err := b.w.Write(block); err != nil {
		return fmt.Errorf("write a block: %w", err)
	}
	b.start += uint64(len(block))
	b.in = b.in[:0]
	return nil
}

func (b *blockWriter) close() error {
	if len(b.in) > 0 {
		if err := b.flush(); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(b.w, endOfFile); err != nil {
		return fmt.Errorf("write the last block: %w", err)
	}
	return nil
}
