package vcf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"hmsp.center/hmsp/genotype"
)

// A Header is what a Writer says before the variants.
type Header struct {
	Samples []genotype.Sample // their IDs are written
	Build   genotype.Build    // its chromosomes are listed with their lengths; "" lists none
	Contigs []string          // other chromosomes to be listed, whose lengths are not known
	Source  string            // "" for none: the program that makes the data
	Dosages bool              // whether variants may have dosages, which are written as DS
}

// A Writer writes VCF 4.3, compressed as BGZF, and can index what it wrote.
type Writer struct {
	w       *blockWriter
	samples int
	dosages bool
	line    []byte
	index   tabix
	err     error
}

// NewWriter writes the header.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	text, err := h.text()
	if err != nil {
		return nil, err
	}
	z, err := newBlockWriter(w)
	if err != nil {
		return nil, err
	}
	out := &Writer{w: z, samples: len(h.Samples), dosages: h.Dosages}
	out.index.at = map[string]int{}
	_, out.err = z.Write(text)
	return out, out.err
}

// text is the header of a file (section 1.4, 1.5).
func (h Header) text() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("##fileformat=VCFv4.3\n##FILTER=<ID=PASS,Description=\"All filters passed\">\n")
	if h.Source != "" {
		fmt.Fprintf(&b, "##source=%s\n", strings.Join(strings.Fields(h.Source), " "))
	}
	if h.Build != "" {
		fmt.Fprintf(&b, "##reference=%s\n", h.Build)
		for _, name := range chromosomeNames() {
			fmt.Fprintf(&b, "##contig=<ID=%s,length=%d,assembly=%s>\n", name, chromosomeLength(h.Build, name), h.Build)
		}
		fmt.Fprintf(&b, "##contig=<ID=MT,length=16569,assembly=%s>\n", h.Build)
	}
	for _, name := range h.Contigs {
		if !word(name) || strings.ContainsAny(name, ",<>=") {
			return nil, errors.New("write VCF: the name of a contig is empty or has a space, a comma, = or a bracket in it")
		}
		fmt.Fprintf(&b, "##contig=<ID=%s>\n", name)
	}
	b.WriteString("##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n")
	if h.Dosages {
		b.WriteString("##FORMAT=<ID=DS,Number=A,Type=Float,Description=\"Expected count of the alternate allele\">\n")
	}
	b.WriteString(columns)
	seen := map[string]bool{}
	for i, s := range h.Samples {
		if i == 0 {
			b.WriteString("\tFORMAT")
		}
		if s.ID == "" || strings.ContainsAny(s.ID, "\t\r\n") || seen[s.ID] {
			return nil, fmt.Errorf("write VCF: sample %d has no name, one with a tab or line end in it, or that of another", i+1)
		}
		seen[s.ID] = true
		b.WriteString("\t" + s.ID)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// word says whether a text can stand in a column of names.
func word(s string) bool { return s != "" && !strings.ContainsAny(s, " \t\r\n") }

// Write writes a variant. Calls with dosages, of a Header that says so, are written with
// both; DS has six digits.
func (w *Writer) Write(v genotype.Variant, c *genotype.Calls) error {
	switch {
	case w.err != nil:
		return w.err
	case c.Samples != w.samples:
		return fmt.Errorf("write VCF: calls of %d samples, but the header names %d", c.Samples, w.samples)
	case !word(v.Chromosome) || v.Position < 0 || v.Position >= 1<<31-1 || !word(v.Ref) || !word(v.Alt) || strings.Contains(v.Alt, ","):
		return errors.New("write VCF: a variant needs chromosome, position, REF and one ALT without spaces")
	case v.ID != "" && !word(v.ID):
		return errors.New("write VCF: the ID of a variant has a space in it")
	}
	id := v.ID
	if id == "" {
		id = "."
	}
	b := append(w.line[:0], v.Chromosome...)
	b = strconv.AppendInt(append(b, '\t'), int64(v.Position), 10)
	for _, s := range [4]string{id, v.Ref, v.Alt, ".\t.\t."} {
		b = append(append(b, '\t'), s...)
	}
	if w.samples > 0 {
		b = w.calls(b, c)
	}
	w.line = append(b, '\n')
	from := w.w.offset()
	if _, w.err = w.w.Write(w.line); w.err == nil {
		w.index.add(v, span{from, w.w.offset()})
	}
	return w.err
}

// calls appends FORMAT and the samples.
func (w *Writer) calls(b []byte, c *genotype.Calls) []byte {
	soft := w.dosages && c.Dosages != nil
	if b = append(b, "\tGT"...); soft {
		b = append(b, ":DS"...)
	}
	const texts = "\t0/0\t0/1\t1/1\t./." // of a count, and 3 for missing
	for i := range c.Samples {
		word, bit := i>>6, uint(i&63)
		k := c.Lo[word]>>bit&1 | c.Hi[word]>>bit&1<<1 | c.Missing[word]>>bit&1*3
		b = append(b, texts[4*k:4*k+4]...)
		if soft {
			if d := c.Dosages[i]; d == d {
				b = strconv.AppendFloat(append(b, ':'), float64(d), 'g', 6, 32)
			} else {
				b = append(b, ":."...)
			}
		}
	}
	return b
}

// Close writes what is left and the block that ends the file; it does not close what lies
// below.
func (w *Writer) Close() error {
	if w.err == nil {
		w.err = w.w.close()
		err := w.err
		if err == nil {
			w.err = errors.New("write VCF: the writer is closed")
		}
		return err
	}
	return w.err
}
