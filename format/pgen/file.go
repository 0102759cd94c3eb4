package pgen

import (
	"bytes"
	"fmt"
	"sort"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

// A File goes to any variant of a pgen at once. It holds the variants in memory, about
// as much as the first five columns of the .pvar, and reads genotypes from disk as they
// are asked for. It is for one goroutine; others open it again.
type File struct {
	records *records
	info    genotype.Info
	sites   *sites // parses the lines of text
	text    []byte // a line of each record: CHROM POS ID REF ALT
	starts  []int  // of every lineStep-th line
	several []several
	size    int
	site    site
	record  int // of site; -1 for none
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
	f := &File{records: r, record: -1}
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
	for ; ; n++ {
		ok, err := s.next(&f.site)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if n == f.records.index.variants {
			return f.records.mismatch(n + 1)
		}
		f.add(n)
	}
	if n < f.records.index.variants {
		return f.records.mismatch(n)
	}
	f.info.Variants = int64(f.size)
	f.sites = &sites{lines: lines{path: s.path}, at: siteColumns{0, 1, 2, 3, 4, 5}}
	return nil
}

// add keeps the site as a line.
func (f *File) add(record int) {
	if record%lineStep == 0 {
		f.starts = append(f.starts, len(f.text))
	}
	id := f.site.ID
	if id == "" {
		id = "."
	}
	f.text = fmt.Appendf(f.text, "%s\t%d\t%s\t%s\t", f.site.Chromosome, f.site.Position, id, f.site.Ref)
	for i, alt := range f.site.alts {
		if i > 0 {
			f.text = append(f.text, ',')
		}
		f.text = append(f.text, alt...)
	}
	f.text = append(f.text, '\n')
	if n := len(f.site.alts); n > 1 {
		f.several = append(f.several, several{record: record, first: f.size, alts: n})
	}
	f.size += len(f.site.alts)
}

// Info is what the files say of themselves; Variants is exact.
func (f *File) Info() genotype.Info { return f.info }

// Len is the number of variants, one for each ALT allele.
func (f *File) Len() int { return f.size }

// Variant is the i-th variant, from 0. It panics if there is none, as a slice does.
func (f *File) Variant(i int) (genotype.Variant, error) {
	record, alt := f.place(i)
	if err := f.load(record); err != nil {
		return genotype.Variant{}, err
	}
	return f.site.variant(alt), nil
}

// Calls reads the genotypes of the i-th variant, from 0, into c, whose memory is used
// again. It panics if there is no such variant, as a slice does.
func (f *File) Calls(i int, c *genotype.Calls) error {
	record, alt := f.place(i)
	alts := 1
	if k := sort.Search(len(f.several), func(k int) bool { return f.several[k].record >= record }); k < len(f.several) && f.several[k].record == record {
		alts = f.several[k].alts
	}
	if err := f.records.load(record, alts); err != nil {
		return err
	}
	f.records.decoder.give(alt, c)
	return nil
}

// Close closes the files; a second one does nothing.
func (f *File) Close() error { return f.records.Close() }

// place is the record and the ALT allele, from 1, of a variant.
func (f *File) place(i int) (record, alt int) {
	if i < 0 || i >= f.size {
		panic(fmt.Sprintf("pgen: variant %d of %d", i, f.size))
	}
	k := sort.Search(len(f.several), func(k int) bool { return f.several[k].first > i }) - 1
	if k < 0 {
		return i, 1
	}
	s := f.several[k]
	if i < s.first+s.alts {
		return s.record, i - s.first + 1
	}
	return s.record + 1 + i - (s.first + s.alts), 1
}

// load makes the site of a record the one at hand.
func (f *File) load(record int) error {
	if f.record == record {
		return nil
	}
	f.record = -1
	text := f.text[f.starts[record/lineStep]:]
	for range record % lineStep {
		text = text[bytes.IndexByte(text, '\n')+1:]
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	if err := f.sites.parse(line, &f.site); err != nil {
		return &format.Error{File: f.sites.path, Text: err.Error()}
	}
	f.record = record
	return nil
}
