package vcf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"slices"

	"hmsp.center/hmsp/genotype"
)

// tabix collects where the records of a file lie ("The Tabix index file format").
type tabix struct {
	at    map[string]int // contigs by name, in the order of contigs
	names []string
	refs  []tabixRef
	why   error // why there can be no index
}

type tabixRef struct {
	bins    map[uint32][]span
	linear  []uint64
	all     span
	records uint64
	last    int // position
}

// add adds a record. What stands in an index must be sorted.
func (t *tabix) add(v genotype.Variant, s span) {
	k, ok := t.at[v.Chromosome]
	if !ok {
		k = len(t.refs)
		t.at[v.Chromosome] = k
		t.names = append(t.names, v.Chromosome)
		t.refs = append(t.refs, tabixRef{bins: map[uint32][]span{}, all: span{s.from, s.to}})
	}
	r := &t.refs[k]
	from := max(v.Position-1, 0)
	to := from + len(v.Ref)
	switch {
	case k != len(t.refs)-1 || from < r.last:
		t.why = errors.New("write an index: the variants are not sorted by chromosome and position")
	case to > 1<<29:
		t.why = errors.New("write an index: tabix indexes no positions over 536870912")
	}
	if t.why != nil {
		return
	}
	b := binOf(from, to)
	if list := r.bins[b]; len(list) > 0 && list[len(list)-1].to>>16 >= s.from>>16 {
		list[len(list)-1].to = s.to
	} else {
		r.bins[b] = append(list, s)
	}
	for len(r.linear) <= (to-1)>>14 {
		r.linear = append(r.linear, s.from)
	}
	r.all.to, r.last = s.to, from
	r.records++
}

// binOf is the least bin that holds [from, to) (SAM section 5.3, reg2bin).
func binOf(from, to int) uint32 {
	first := 4681
	for shift := 14; shift < 29; shift += 3 {
		if from>>shift == (to-1)>>shift {
			return uint32(first + from>>shift)
		}
		first = (first - 1) / 8
	}
	return 0
}

// Index writes the tabix index of what was written, after Close. It belongs into a file of
// the same name with .tbi behind it, which is to be written after the other. Variants
// that are not sorted by chromosome and position cannot be indexed.
func (w *Writer) Index(out io.Writer) error {
	if w.index.why != nil {
		return w.index.why
	}
	z, err := newBlockWriter(out)
	if err != nil {
		return err
	}
	if _, err := z.Write(w.index.bytes()); err != nil {
		return err
	}
	return z.close()
}

func (t *tabix) bytes() []byte {
	var names bytes.Buffer
	for _, n := range t.names {
		names.WriteString(n + "\x00")
	}
	b := []byte("TBI\x01")
	number := func(n int) { b = binary.LittleEndian.AppendUint32(b, uint32(n)) }
	for _, n := range []int{len(t.refs), 2, 1, 2, 0, '#', 0, names.Len()} { // of a VCF
		number(n)
	}
	b = append(b, names.Bytes()...)
	spans := func(bin uint32, list []span) {
		number(int(bin))
		number(len(list))
		for _, s := range list {
			b = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b, s.from), s.to)
		}
	}
	for _, r := range t.refs {
		number(len(r.bins) + 1)
		for _, k := range slices.Sorted(maps.Keys(r.bins)) {
			spans(k, r.bins[k])
		}
		spans(37450, []span{r.all, {r.records, 0}}) // not a bin: counts, as samtools keeps them
		number(len(r.linear))
		for _, at := range r.linear {
			b = binary.LittleEndian.AppendUint64(b, at)
		}
	}
	return b
}
