package vcf

import (
	"bytes"
	"fmt"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

// maxAlternates is how many alternate alleles a BCF can hold (section 6.3.1).
const maxAlternates = 1<<16 - 2

// text reads the records of a VCF (section 1.6).
type text struct {
	w       *window
	samples int
	counted bool // lines are numbered from the file's beginning
	plain   bool // neither gzip nor BGZF says where the file ends
	line    []byte
	rest    []byte // behind FORMAT: the samples
	name    string // of the chromosome, as written
	known   string // and as genotype.Chromosome names it
	layout  layout
	decoder decoder
}

func newText(w *window, h *header, counted, plain bool) *text {
	return &text{w: w, samples: len(h.samples), counted: counted, plain: plain}
}

func (t *text) where() (line, row int) {
	if !t.counted {
		return 0, 0
	}
	return t.w.lines, 0
}

func (t *text) halves() int { return t.decoder.halves }

// next reads the columns before the samples.
func (t *text) next(s *site, in *regions) (bool, error) {
	s.alts = s.alts[:0]
	line, err := t.w.line()
	if err != nil {
		return false, err
	}
	if t.plain && t.w.open {
		return false, &format.Error{Text: "the file ends early: its last line has no end", Mend: "copy or export it again; if it is whole, add a line end"}
	}
	t.line = line
	chromosome, at := field(line, 0)
	if at > len(line) || len(chromosome) == 0 {
		return false, few()
	}
	if string(chromosome) != t.name {
		t.name = string(chromosome)
		t.known = genotype.Chromosome(t.name)
	}
	digits, from := field(line, at)
	position, ok := number(digits)
	if !ok {
		return false, &format.Error{Column: "POS", Text: "this is not a position: a whole number up to 2147483647", Mend: "export the file again"}
	}
	if !in.holds(t.known, position) {
		return false, nil
	}
	s.chromosome, s.position = t.known, position
	return true, t.names(s, from)
}

// names reads ID, REF, ALT and FORMAT, from a place in the line.
func (t *text) names(s *site, from int) error {
	line := t.line
	id, at := field(line, from)
	ref, at := field(line, at)
	alt, at := field(line, at)
	if at > len(line) || len(ref) == 0 || len(alt) == 0 {
		return few()
	}
	all := string(line[from : at-1]) // one allocation for the three
	s.id, s.ref = all[:len(id)], all[len(id)+1:len(id)+1+len(ref)]
	if s.id == "." {
		s.id = ""
	}
	alts := all[len(all)-len(alt):]
	for {
		one, more, again := strings.Cut(alts, ",")
		if one == "" {
			return &format.Error{Column: "ALT", Text: "an alternate allele is empty", Mend: "export the file again"}
		}
		if len(s.alts) == maxAlternates {
			return &format.Error{Column: "ALT", Text: fmt.Sprintf("the record has more than %d alternate alleles", maxAlternates), Mend: "leave the record out with `bcftools view`"}
		}
		s.alts = append(s.alts, one)
		if !again {
			break
		}
		alts = more
	}
	t.decoder.alleles = len(s.alts)
	if string(alt) == "." {
		t.decoder.alleles = 0
	}
	for range 3 { // QUAL, FILTER, INFO
		if at > len(line) {
			return few()
		}
		_, at = field(line, at)
	}
	t.rest = nil
	if t.samples == 0 {
		return nil
	}
	if at > len(line) {
		return &format.Error{Column: "FORMAT", Text: fmt.Sprintf("the line has no genotypes, but the header names %d samples", t.samples), Mend: "export the file again"}
	}
	layout, at := field(line, at)
	if at > len(line) {
		return t.count(0)
	}
	t.rest = line[at:]
	t.layout.set(layout)
	return nil
}

func few() error {
	return &format.Error{Text: "the line has fewer than the eight columns of VCF, CHROM to INFO, between tabs", Mend: "export the file again; an editor may have changed tabs to spaces, or the file was cut"}
}

// count says that a line has another number of samples.
func (t *text) count(got int) error {
	return &format.Error{Text: fmt.Sprintf("the line has genotypes of %d samples, but the header names %d", got, t.samples), Mend: "export or copy the file again"}
}

// field is what stands in the line from at on to the next tab, and where the next field
// begins: behind the end of the line if there is none.
func field(line []byte, at int) ([]byte, int) {
	if at > len(line) {
		return nil, at
	}
	if i := bytes.IndexByte(line[at:], '\t'); i >= 0 {
		return line[at : at+i], at + i + 1
	}
	return line[at:], len(line) + 1
}

// number reads a position, 0 to the greatest of 32 bits (section 1.6.1).
func number(digits []byte) (int, bool) {
	n := 0
	for _, d := range digits {
		if d < '0' || d > '9' || n > 1<<31 {
			return 0, false
		}
		n = 10*n + int(d-'0')
	}
	return n, len(digits) > 0 && n < 1<<31
}

// calls decodes the samples.
func (t *text) calls(alt int, c *genotype.Calls) error {
	t.decoder.target = alt
	l := t.layout
	dosages := c.Dosages
	c.Dosages = nil
	if t.samples == 0 {
		return nil
	}
	if l.gt == 0 && l.ds < 0 {
		return t.counts(t.decoder.hard(t.rest, t.samples, l.fields == 1, c))
	}
	if l.ds >= 0 || l.gp >= 0 && l.gt < 0 {
		c.Dosages = sized(dosages, t.samples)
	}
	return t.counts(t.decoder.soft(t.rest, t.samples, l, c))
}

// counts checks how many samples were decoded; one too many is as many as there are.
func (t *text) counts(got int, err error) error {
	if err == nil && got != t.samples {
		got = bytes.Count(t.rest, []byte{'\t'}) + 1
		return t.count(got)
	}
	return err
}

func sized(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n)
	}
	return s[:n]
}
