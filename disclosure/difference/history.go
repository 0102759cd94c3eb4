package difference

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// historyMagic is the version of a history's bytes, contributorsVersion that of a
// list of contributors.
const (
	historyMagic        = "hmsp-cohorts2\n"
	contributorsVersion = "contributors/v1"
)

// A history is the partition of the values of one variable, numbered in the order
// in which they were first seen.
type history struct {
	Partition
	hashes []uint64
	number map[uint64]uint32
}

// members numbers values; new ones get the next numbers.
func (h *history) members(hashes []uint64) *roaring.Bitmap {
	numbers := make([]uint32, 0, len(hashes))
	for _, x := range hashes {
		n, ok := h.number[x]
		if !ok {
			n = uint32(len(h.hashes))
			h.number[x] = n
			h.hashes = append(h.hashes, x)
		}
		numbers = append(numbers, n)
	}
	return roaringOf(numbers)
}

// digest names a set of values by their hashes, whatever their numbers.
func (h *history) digest(set *roaring.Bitmap) []byte {
	var hashes []uint64
	for it := set.Iterator(); it.HasNext(); {
		hashes = append(hashes, h.hashes[it.Next()])
	}
	slices.Sort(hashes)
	d := sha256.New()
	d.Write([]byte(historyMagic))
	for _, x := range hashes {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], x)
		d.Write(b[:])
	}
	return d.Sum(nil)[:16]
}

// encode gives the magic line, the number of values, their hashes, the number of
// atoms, and each atom's length and bytes in the Roaring format.
func (h *history) encode() ([]byte, error) {
	b := []byte(historyMagic)
	b = binary.AppendUvarint(b, uint64(len(h.hashes)))
	for _, x := range h.hashes {
		b = binary.LittleEndian.AppendUint64(b, x)
	}
	b = binary.AppendUvarint(b, uint64(len(h.atoms)))
	for _, a := range h.atoms {
		bits, err := a.ToBytes()
		if err != nil {
			return nil, fmt.Errorf("encode the history of cohorts: %w", err)
		}
		b = binary.AppendUvarint(b, uint64(len(bits)))
		b = append(b, bits...)
	}
	return b, nil
}

func decodeHistory(b []byte) (*history, error) {
	h := &history{number: map[uint64]uint32{}}
	if b == nil {
		return h, nil
	}
	rest, ok := bytes.CutPrefix(b, []byte(historyMagic))
	if !ok {
		return nil, errors.New("not a history of this version")
	}
	r := bytes.NewReader(rest)
	n, err := binary.ReadUvarint(r)
	if err != nil || n > uint64(r.Len())/8 {
		return nil, errors.New("cut short")
	}
	var word [8]byte
	for i := range n {
		io.ReadFull(r, word[:])
		x := binary.LittleEndian.Uint64(word[:])
		if _, twice := h.number[x]; twice {
			return nil, errors.New("a value is named twice")
		}
		h.hashes, h.number[x] = append(h.hashes, x), uint32(i)
	}
	if h.atoms, err = decodeAtoms(r); err != nil {
		return nil, err
	}
	return h, h.valid(n)
}

func decodeAtoms(r *bytes.Reader) ([]*roaring.Bitmap, error) {
	n, err := binary.ReadUvarint(r)
	if err != nil || n > uint64(r.Len()) {
		return nil, errors.New("cut short")
	}
	var out []*roaring.Bitmap
	for range n {
		size, err := binary.ReadUvarint(r)
		if err != nil || size > uint64(r.Len()) {
			return nil, errors.New("cut short")
		}
		bits := make([]byte, size)
		io.ReadFull(r, bits)
		a := roaring.New()
		if err := a.UnmarshalBinary(bits); err != nil {
			return nil, errors.New("an atom cannot be read")
		}
		if err := a.Validate(); err != nil {
			return nil, errors.New("an atom is not in order")
		}
		out = append(out, a)
	}
	if r.Len() > 0 {
		return nil, errors.New("bytes after the end")
	}
	return out, nil
}

// contributors is the partition of the sites whose sums were opened over one set
// of this site's patients.
type contributors struct {
	Partition
	names []string
}

// named numbers sites; new ones get the next numbers.
func (c *contributors) named(sites []string) *roaring.Bitmap {
	var numbers []uint32
	for _, s := range sites {
		i := slices.Index(c.names, s)
		if i < 0 {
			i = len(c.names)
			c.names = append(c.names, s)
		}
		numbers = append(numbers, uint32(i))
	}
	return roaringOf(numbers)
}

type contributorsJSON struct {
	Hmsp  string     `json:"hmsp"`
	Atoms [][]string `json:"atoms"`
}

func (c *contributors) encode() ([]byte, error) {
	v := contributorsJSON{Hmsp: contributorsVersion}
	for _, a := range c.atoms {
		var names []string
		for it := a.Iterator(); it.HasNext(); {
			names = append(names, c.names[it.Next()])
		}
		v.Atoms = append(v.Atoms, names)
	}
	return json.Marshal(v)
}

func decodeContributors(b []byte) (*contributors, error) {
	c := &contributors{}
	if b == nil {
		return c, nil
	}
	var v contributorsJSON
	if err := json.Unmarshal(b, &v); err != nil || v.Hmsp != contributorsVersion {
		return nil, errors.New("not a list of contributors of this version")
	}
	for _, names := range v.Atoms {
		c.atoms = append(c.atoms, c.named(names))
	}
	return c, c.valid(uint64(len(c.names)))
}
