package pgen

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
	"sync"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

// A File goes to any variant of a pgen at once. It holds the variants in memory, about
// as much as the first five columns of the .pvar, and reads genotypes from disk as they
// are asked for: a mapped file that another program cuts short would end this one. It may
// be read by several at once, until it is closed.
type File struct {
	records *records // decodes nothing itself
	info    genotype.Info
	text    []byte // a line of each record: CHROM POS ID REF ALT
	starts  []int  // of every lineStep-th line
	several []several
	size    int

	mutex sync.Mutex
	free  []*records // copies that nobody uses
}

// A several is a record that is more than one variant.
type several struct {
	record int
	first  int // variant
	alts   int
}

// lineStep: between two known places in the text that many lines are looked through.
const lineStep = 16

// Open opens a pgen with the files of variants and samples beside it. What is wrong
// with one of them is a *format.Error.
func Open(path string) (*File, error) {
	r, err := open(path)
	if err != nil {
		return nil, err
	}
	f := &File{records: r}
	if err := f.readSites(); err != nil {
		r.Close()
		return nil, err
	}
	return f, nil
}

func (f *File) readSites() error {
	s, err := openSites(f.records.pvar)
	if err != nil {
		return err
	}
	defer s.close()
	f.info = f.records.describe(s)
	n := 0
	var v site
	for ; ; n++ {
		ok, err := s.next(&v)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if n == f.records.index.variants {
			return f.records.mismatch(n + 1)
		}
		f.add(n, &v)
	}
	if n < f.records.index.variants {
		return f.records.mismatch(n)
	}
	f.info.Variants = int64(f.size)
	return nil
}

// add keeps the site as a line.
func (f *File) add(record int, v *site) {
	if record%lineStep == 0 {
		f.starts = append(f.starts, len(f.text))
	}
	id := v.ID
	if id == "" {
		id = "."
	}
	f.text = fmt.Appendf(f.text, "%s\t%d\t%s\t%s\t%s\n", v.Chromosome, v.Position, id, v.Ref, strings.Join(v.alts, ","))
	if n := len(v.alts); n > 1 {
		f.several = append(f.several, several{record: record, first: f.size, alts: n})
	}
	f.size += len(v.alts)
}

// Info is what the files say of themselves; Variants is exact.
func (f *File) Info() genotype.Info { return f.info }

// Variants is the number of variants, one for each ALT allele.
func (f *File) Variants() int { return f.size }

// Variant is the i-th variant, from 0.
func (f *File) Variant(i int) (genotype.Variant, error) {
	record, alt, _, err := f.place(i)
	if err != nil {
		return genotype.Variant{}, err
	}
	text := f.text[f.starts[record/lineStep]:]
	for range record % lineStep {
		text = text[bytes.IndexByte(text, '\n')+1:]
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	s := sites{at: siteColumns{0, 1, 2, 3, 4, 5}}
	var v site
	if err := s.parse(line, &v); err != nil {
		return genotype.Variant{}, err
	}
	return v.variant(alt), nil
}

// Calls reads the genotypes of the i-th variant, from 0, into c, whose memory is used
// again.
func (f *File) Calls(i int, c *genotype.Calls) error {
	record, alt, alts, err := f.place(i)
	if err != nil {
		return err
	}
	r := f.take()
	defer f.put(r)
	if err := r.load(record, alts); err != nil {
		return err
	}
	r.decoder.give(alt, c)
	return nil
}

// take is a copy of records for one goroutine: the one that was put back last, which is
// likely to be at the variant before.
func (f *File) take() *records {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if n := len(f.free); n > 0 {
		r := f.free[n-1]
		f.free = f.free[:n-1]
		return r
	}
	return f.records.clone()
}

func (f *File) put(r *records) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.free = append(f.free, r)
}

// Close closes the files; a second one does nothing.
func (f *File) Close() error { return f.records.Close() }

// place is the record of a variant, which of its ALT alleles it is, from 1, and of how many.
func (f *File) place(i int) (record, alt, alts int, err error) {
	if i < 0 || i >= f.size {
		return 0, 0, 0, &format.Error{File: f.records.path, Text: fmt.Sprintf("there is no variant %d of %d", i, f.size), Mend: "ask for one from 0 on"}
	}
	k := sort.Search(len(f.several), func(k int) bool { return f.several[k].first > i }) - 1
	if k < 0 {
		return i, 1, 1, nil
	}
	s := f.several[k]
	if i < s.first+s.alts {
		return s.record, i - s.first + 1, s.alts, nil
	}
	return s.record + 1 + i - (s.first + s.alts), 1, 1, nil
}
