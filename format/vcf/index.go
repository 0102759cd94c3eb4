package vcf

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"strings"

	"hmsp.center/hmsp/genotype"
)

// An index tells where the records of a place lie: tabix's, or CSI, which is the same with
// bins of any size ("The Tabix index file format"; "Coordinate Sorted Index").
type index struct {
	shift, depth int
	names        []string // of a text; a BCF's are the numbers of its contigs
	refs         []contigIndex
	last         uint64 // the greatest offset
}

// contigIndex is what an index says of one contig.
type contigIndex struct {
	bins   map[uint32]bin
	linear []uint64 // tabix: where the records of each 16 kb begin
}

type bin struct {
	first uint64 // CSI: where the records begin that overlap the bin
	spans []span
}

var errNoIndex = errors.New("this is no index of a VCF")

// indexed are the spans of a file in which the regions lie, by the index beside it; nil
// without one. An index that does not belong to the file is not used, and a note says why.
func indexed(ctx context.Context, path string, size int64, in *regions, h *header, isBCF bool) (spans []span, notes []string) {
	data, err := os.Stat(path)
	if err != nil {
		return nil, nil
	}
	for _, suffix := range []string{".csi", ".tbi"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			continue
		}
		if info.ModTime().Before(data.ModTime()) {
			notes = append(notes, "the index "+suffix+" is older than the file and not used; make it anew with `bcftools index -f`")
			continue
		}
		x, err := readIndex(ctx, path+suffix)
		if err != nil || !x.fits(size) || !isBCF && x.names == nil {
			notes = append(notes, "the index "+suffix+" is damaged or of another file, and not used; make it anew with `bcftools index -f`")
			continue
		}
		return x.spans(in, h, isBCF), notes
	}
	return nil, notes
}

// fits says whether the last record of the index ends where the file does, give or take a
// block.
func (x *index) fits(size int64) bool {
	end := int64(x.last >> 16)
	return end <= size-int64(len(endOfFile)) && end >= size-int64(len(endOfFile))-2*maxBlock
}

// spans are those of the regions, in the file's order.
func (x *index) spans(in *regions, h *header, isBCF bool) []span {
	all := []span{}
	for i := range x.refs {
		name := ""
		if isBCF {
			name = h.contigs[i]
		} else if i < len(x.names) {
			name = x.names[i]
		}
		for _, region := range in.of[genotype.Chromosome(name)] {
			all = x.refs[i].add(all, x, max(region.From-1, 0), region.To)
		}
	}
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	merged := all[:0]
	for _, s := range all {
		if n := len(merged); n > 0 && s.from>>16 <= merged[n-1].to>>16 {
			merged[n-1].to = max(merged[n-1].to, s.to)
		} else if s.from < s.to {
			merged = append(merged, s)
		}
	}
	return merged
}

// add appends the spans of the bins that overlap [from, to), counted from 0 (SAM section
// 5.3, reg2bins).
func (r *contigIndex) add(all []span, x *index, from, to int) []span {
	to = min(to, 1<<(x.shift+3*x.depth))
	if from >= to {
		return all
	}
	least := r.least(x, from)
	first, shift := 0, x.shift+3*x.depth
	for range x.depth + 1 {
		low, high := uint32(first+from>>shift), uint32(first+(to-1)>>shift)
		if int(high-low) > len(r.bins) { // a wide region: there are fewer bins than numbers
			for k, b := range r.bins {
				if k >= low && k <= high {
					all = b.add(all, least)
				}
			}
		} else {
			for k := low; k <= high; k++ {
				all = r.bins[k].add(all, least)
			}
		}
		first, shift = 8*first+1, shift-3
	}
	return all
}

func (b bin) add(all []span, least uint64) []span {
	for _, s := range b.spans {
		if s.to > least {
			all = append(all, span{max(s.from, least), s.to})
		}
	}
	return all
}

// least is where the first record lies that reaches a place, or before it.
func (r *contigIndex) least(x *index, from int) uint64 {
	if len(r.linear) > 0 {
		return r.linear[min(from>>14, len(r.linear)-1)]
	}
	first := (1<<(3*x.depth) - 1) / 7 // number of the first of the least bins
	for k := first + from>>x.shift; ; k = (k - 1) / 8 {
		if b, ok := r.bins[uint32(k)]; ok || k == 0 {
			return b.first
		}
	}
}

// readIndex reads an index of either kind.
func readIndex(ctx context.Context, path string) (x *index, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := fileSize(f)
	if err != nil {
		return nil, err
	}
	head := make([]byte, 512)
	n, _ := f.ReadAt(head, 0) // what is missing is told below
	s := newStream(ctx, f, size, packingOf(head[:n]), nil)
	defer s.close()
	d := &indexReader{w: &window{s: s}}
	magic := d.take(4)
	x = &index{shift: 14, depth: 5}
	switch string(magic) {
	case "TBI\x01":
		n := d.int()
		about := slices.Clone(d.take(28))
		x.names = d.names(append(about, d.take(nameBytes(about))...))
		d.refs(x, n, false)
	case "CSI\x01":
		x.shift, x.depth = d.int(), d.int()
		if x.shift < 1 || x.depth < 0 || x.shift+3*x.depth > 60 || x.depth > 10 {
			return nil, errNoIndex
		}
		if aux := d.take(d.int()); len(aux) > 0 { // a BCF's has none
			x.names = d.names(aux)
		}
		d.refs(x, d.int(), true)
	default:
		return nil, errNoIndex
	}
	return x, d.err
}

// indexReader reads the numbers of an index; after an error all are 0.
type indexReader struct {
	w   *window
	err error
}

func (d *indexReader) take(n int) []byte {
	if d.err == nil && n >= 0 {
		var b []byte
		if b, d.err = d.w.take(n); d.err == nil {
			return b
		}
	} else if d.err == nil {
		d.err = errNoIndex
	}
	return nil
}

func (d *indexReader) int() int {
	if b := d.take(4); b != nil {
		return int(int32(binary.LittleEndian.Uint32(b)))
	}
	return 0
}

func (d *indexReader) offset() uint64 {
	if b := d.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// names reads the names of contigs behind the seven numbers that say which columns are
// indexed; those must be a VCF's.
func (d *indexReader) names(b []byte) []string {
	n := nameBytes(b)
	of := func(i int) uint32 { return binary.LittleEndian.Uint32(b[4*i:]) }
	if n < 0 || len(b) < 28+n || of(0) != 2 || of(1) != 1 || of(2) != 2 { // VCF, contig, position
		d.err = cmp.Or(d.err, errNoIndex)
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(b[28:28+n]), "\x00"), "\x00")
}

// nameBytes is the last of the seven numbers, the length of the names.
func nameBytes(b []byte) int {
	if len(b) < 28 {
		return -1
	}
	return int(int32(binary.LittleEndian.Uint32(b[24:])))
}

// refs reads the bins of contigs.
func (d *indexReader) refs(x *index, n int, csi bool) {
	summary := uint32((1<<(3*(x.depth+1))-1)/7 + 1) // no bin, but counts
	for i := 0; i < n && d.err == nil; i++ {
		r := contigIndex{bins: map[uint32]bin{}}
		for bins := d.int(); bins > 0 && d.err == nil; bins-- {
			k, b := uint32(d.int()), bin{}
			if csi {
				b.first = d.offset()
			}
			for chunks := d.int(); chunks > 0 && d.err == nil; chunks-- {
				b.spans = append(b.spans, span{d.offset(), d.offset()})
			}
			if k == summary {
				continue
			}
			for _, s := range b.spans {
				x.last = max(x.last, s.to)
			}
			r.bins[k] = b
		}
		if !csi {
			for intervals := d.int(); intervals > 0 && d.err == nil; intervals-- {
				r.linear = append(r.linear, d.offset())
			}
		}
		x.refs = append(x.refs, r)
	}
}
