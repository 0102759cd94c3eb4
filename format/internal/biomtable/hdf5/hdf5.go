// Package hdf5 reads the part of HDF5 that tables of BIOM are written in: groups with
// symbol tables, and datasets of numbers and of texts of any length, in one piece or in
// chunks that are packed with deflate or not. That is what h5py writes by default. The
// sections cited are those of the HDF5 File Format Specification, version 3.0
// (https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html).
//
// It serves package biomtable. No size that a file says is trusted: nothing is read
// behind the file's end, what is unpacked is bounded by the file's size, and a file that
// leads in circles ends with an error. It refuses the newer layouts of HDF5 1.8 and 1.10,
// which h5repack rewrites, and other filters. It writes nothing.
package hdf5

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Signature begins a file (II.A).
const Signature = "\x89HDF\r\n\x1a\n"

// A File is an open file.
type File struct {
	in    io.ReaderAt
	size  int64
	spent int64 // bytes that were read, many of them more than once
	root  uint64
	heaps map[uint64]map[uint16][]byte // global heaps by address: objects by index
}

// ErrLayout says that the file is written in a newer layout than this package reads.
var ErrLayout = errors.New("the HDF5 file has a newer layout than is read here")

// damaged is the error about a structure that is not as the specification has it.
func damaged(what string) error { return fmt.Errorf("the HDF5 file is damaged: %s", what) }

// Open reads the superblock (II.A).
func Open(in io.ReaderAt, size int64) (*File, error) {
	f := &File{in: in, size: size, heaps: map[uint64]map[uint16][]byte{}}
	head, err := f.at(0, 96)
	if err != nil || string(head[:8]) != Signature {
		return nil, damaged("it does not begin with a superblock")
	}
	skip := 0
	switch head[8] {
	case 0:
	case 1:
		skip = 4
	default:
		return nil, ErrLayout
	}
	if head[13] != 8 || head[14] != 8 {
		return nil, ErrLayout
	}
	fields := decoder{data: head[24+skip:]}
	base := fields.u64()
	fields.u64() // free space
	end := fields.u64()
	fields.u64() // driver
	fields.u64() // of the root's entry the name
	f.root = fields.u64()
	if fields.failed || base != 0 {
		return nil, damaged("the superblock cannot be used")
	}
	if end > uint64(size) {
		return nil, damaged("it ends too early")
	}
	return f, nil
}

// at reads n bytes. A file is read no more than some times over, so that rings of
// addresses end.
func (f *File) at(address uint64, n int64) ([]byte, error) {
	if n < 0 || address > uint64(f.size) || n > f.size-int64(address) {
		return nil, damaged("an address lies behind its end")
	}
	if f.spent += n; f.spent > 16*f.size+1<<20 {
		return nil, damaged("it leads in circles")
	}
	out := make([]byte, n)
	if _, err := f.in.ReadAt(out, int64(address)); err != nil && err != io.EOF {
		return nil, fmt.Errorf("the file cannot be read: %w", err)
	}
	return out, nil
}

// marked is at for a structure that begins with its name.
func (f *File) marked(address uint64, n int64, name string) ([]byte, error) {
	out, err := f.at(address, n)
	if err == nil && !strings.HasPrefix(string(out), name) {
		err = damaged("a " + name + " is not where it should be")
	}
	return out, err
}

// A decoder takes little-endian numbers off bytes; what is not there is 0 and marks it
// failed.
type decoder struct {
	data   []byte
	failed bool
}

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.data) {
		d.failed, d.data = true, nil
		return make([]byte, min(max(n, 0), 8))
	}
	out := d.data[:n]
	d.data = d.data[n:]
	return out
}

func (d *decoder) u8() int     { return int(d.take(1)[0]) }
func (d *decoder) u16() int    { return int(binary.LittleEndian.Uint16(d.take(2))) }
func (d *decoder) u32() uint32 { return binary.LittleEndian.Uint32(d.take(4)) }
func (d *decoder) u64() uint64 { return binary.LittleEndian.Uint64(d.take(8)) }

// padded takes n bytes and what fills them up to a multiple of eight.
func (d *decoder) padded(n int) []byte {
	out := d.take(n)
	if rest := -n & 7; rest <= len(d.data) {
		d.data = d.data[rest:]
	}
	return out
}
