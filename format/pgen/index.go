package pgen

import (
	"encoding/binary"
	"errors"
	"io"
	"os"

	"hmsp.center/hmsp/format"
)

const magic = "\x6c\x1b"

// A mode is how a file stores its records (section 2.2.2).
type mode byte

const (
	bedMode             mode = 0x01
	hardMode            mode = 0x02
	dosageMode          mode = 0x03
	phasedMode          mode = 0x04
	variableMode        mode = 0x10
	extendedMode        mode = 0x11
	outsideMode         mode = 0x20 // variableMode with the index in another file
	extendedOutsideMode mode = 0x21
)

// fixed says that all records are of one type and length.
func (m mode) fixed() bool { return m <= phasedMode }

const (
	headerBytes   = 12
	blockVariants = 1 << 16
	maxVariants   = 1<<31 - 3 // limits of plink2
	maxSamples    = 1<<31 - 2
)

// An index says where the records of a file are and of what type. It holds one block of
// 2^16 variants at a time (section 2.2.3), and is for one goroutine.
type index struct {
	path     string      // of the pgen
	head     io.ReaderAt // where the header is: the pgen or its index file
	headName string
	headSize int64
	size     int64 // of the pgen
	mode     mode
	samples  int
	variants int

	typeBits    int // of a record type: 4 or 8
	lengthBytes int // of a record length
	alleleBytes int // of an allele count; 0 where there are none
	reference   int // 0 to 3: how provisional reference alleles are told (bits 6-7)

	starts []int64 // of blocks, variable width
	start  int64   // of the first record, fixed width
	kinds  byte    // all bits of all record types
	block  block
}

// A block is the types and places of the records of 2^16 variants.
type block struct {
	number int // -1 before the first
	types  []byte
	ends   []int64 // from the block's start
	alts   []byte  // little-endian counts of ALT alleles, if the file has them
	buf    []byte
}

// readIndex reads and checks the whole header. Samples are those of the sample file,
// which the file must agree with.
func readIndex(path string, f *os.File, size int64, head *os.File, samples int) (*index, error) {
	x := &index{path: path, head: f, headName: path, headSize: size, size: size, samples: samples, block: block{number: -1}}
	var h [headerBytes]byte
	n, err := f.ReadAt(h[:], 0)
	if n < 3 || string(h[:2]) != magic {
		return nil, x.broken(0, "this is no pgen file: it does not begin with 0x6c 0x1b")
	}
	x.mode = mode(h[2])
	switch x.mode {
	case bedMode:
		return x, x.bed()
	case outsideMode, extendedOutsideMode:
		info, err := head.Stat()
		if err != nil {
			return nil, &format.Error{File: indexFile(path), Text: "the file cannot be read", Mend: "check the disk", Cause: err}
		}
		x.head, x.headName, x.headSize = head, indexFile(path), info.Size()
		n, err = head.ReadAt(h[:], 0)
		if n >= 3 && (string(h[:2]) != magic || mode(h[2]) != x.mode+0x10) {
			return nil, x.damaged("this is no index of a pgen file of storage mode " + hex(byte(x.mode)))
		}
		if n < headerBytes {
			return nil, x.failed(err)
		}
	case hardMode, dosageMode, phasedMode, variableMode, extendedMode:
		if n < headerBytes {
			return nil, x.failed(err)
		}
	case 0:
		return nil, &format.Error{File: path, Text: "this is a bed file with the samples one after the other", Mend: "write it again with plink2 --make-pgen"}
	default:
		return nil, &format.Error{File: path, Text: "the storage mode " + hex(h[2]) + " is unknown; 0x01 to 0x04, 0x10, 0x11, 0x20 and 0x21 are read",
			Mend: "write it again with plink2 --make-pgen"}
	}
	if err := x.dimensions(h); err != nil {
		return nil, err
	}
	if x.mode.fixed() {
		return x, x.width()
	}
	return x, x.blocks()
}

// dimensions reads counts and the format of the header (section 2.2.2).
func (x *index) dimensions(h [headerBytes]byte) error {
	variants, samples := binary.LittleEndian.Uint32(h[3:]), binary.LittleEndian.Uint32(h[7:])
	if variants > maxVariants || samples > maxSamples {
		return x.damaged("the counts of variants and samples cannot be")
	}
	if int(samples) != x.samples {
		return &format.Error{File: x.path, Text: count(int(samples), "sample") + " in this file, " + count(x.samples, "sample") + " in the sample file beside it",
			Mend: "put the .psam file beside it that was written with it"}
	}
	x.variants = int(variants)
	control := int(h[11])
	x.reference = control >> 6
	if x.mode.fixed() {
		if control&0x3f != 0 {
			return x.damaged("the twelfth byte cannot be")
		}
		return nil
	}
	if control&8 != 0 {
		return x.damaged("the sizes of records are stored in a way that the specification reserves")
	}
	x.typeBits, x.lengthBytes, x.alleleBytes = 4+control&4, control&3+1, control>>4&3
	return nil
}

// bed: no counts are stored, so the size tells how many variants there are.
func (x *index) bed() error {
	x.start, x.reference = 3, 2
	if x.samples == 0 {
		return x.damaged("a bed file without samples")
	}
	n := x.length()
	if (x.size-3)%n != 0 {
		return x.damaged("the size is not that of a bed file with " + count(x.samples, "sample"))
	}
	x.variants = int((x.size - 3) / n)
	return nil
}

// width checks the size of a file of fixed width.
func (x *index) width() error {
	x.start, x.kinds = headerBytes, x.kind()
	if x.reference == 3 {
		x.start += int64(x.variants+7) / 8
	}
	if want := x.start + int64(x.variants)*x.length(); x.size != want {
		return x.sized(want)
	}
	return nil
}

// length of a record of fixed width.
func (x *index) length() int64 {
	n := int64(x.samples)
	switch x.mode {
	case dosageMode:
		return (n+3)/4 + 2*n
	case phasedMode:
		return (n+3)/4 + 4*n
	}
	return (n + 3) / 4
}

// kind is the type of a record of fixed width.
func (x *index) kind() byte {
	switch x.mode {
	case dosageMode:
		return 0x40
	case phasedMode:
		return 0xc0
	}
	return 0
}

// record is the type and the place of a record.
func (x *index) record(i int) (kind byte, at int64, length int, err error) {
	if x.mode.fixed() {
		return x.kind(), x.start + int64(i)*x.length(), int(x.length()), nil
	}
	if err := x.load(i / blockVariants); err != nil {
		return 0, 0, 0, err
	}
	k := i % blockVariants
	var from int64
	if k > 0 {
		from = x.block.ends[k-1]
	}
	return x.block.types[k], x.starts[x.block.number] + from, int(x.block.ends[k] - from), nil
}

// alts is the number of ALT alleles of a variant, 0 where the file does not say.
func (x *index) alts(i int) (int, error) {
	if x.alleleBytes == 0 {
		return 0, nil
	}
	if err := x.load(i / blockVariants); err != nil {
		return 0, err
	}
	return little(x.block.alts[i%blockVariants*x.alleleBytes:], x.alleleBytes), nil
}

// compressed says that a record tells differences from an earlier one.
func compressed(kind byte) bool { return kind&6 == 2 }

// base is the record that a compressed one differs from (section 2.3.2).
func (x *index) base(i int) (int, error) {
	if err := x.load(i / blockVariants); err != nil {
		return 0, err
	}
	k := i % blockVariants
	for compressed(x.block.types[k]) { // the first of a block is not: load
		k--
	}
	return i - i%blockVariants + k, nil
}

// based says whether the record after i differs from an earlier one.
func (x *index) based(i int) bool {
	k := i%blockVariants + 1
	return !x.mode.fixed() && x.block.number == i/blockVariants && k < len(x.block.types) && compressed(x.block.types[k])
}

// little is a little-endian number of 1 to 4 bytes.
func little(b []byte, n int) int {
	v := 0
	for i := range n {
		v |= int(b[i]) << (8 * i)
	}
	return v
}

func (x *index) failed(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return x.damaged("the file ends within its header")
	}
	return &format.Error{File: x.headName, Text: "the file cannot be read", Mend: "check the disk", Cause: err}
}

// damaged is an error of the header.
func (x *index) damaged(text string) error {
	return &format.Error{File: x.headName, Text: text, Mend: "copy the file again from where it was made"}
}

// broken is an error of a record; variants count from 1.
func (x *index) broken(variant int, text string) error {
	return &format.Error{File: x.path, Row: variant, Text: text, Mend: "copy the file again from where it was made"}
}
