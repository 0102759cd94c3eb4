package bed

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"hmsp.center/hmsp/genotype"
)

// A Writer writes variants of the same samples as .bed, .bim and .fam. Hard calls alone
// are written.
type Writer struct {
	bed, bim *bufio.Writer
	samples  int
	codes    []byte
}

// NewWriter writes the samples and gets ready for variants. It is flushed, not closed.
func NewWriter(bed, bim, fam io.Writer, samples []genotype.Sample) (*Writer, error) {
	if len(samples) == 0 {
		return nil, errors.New("a bed file has at least one sample")
	}
	out := bufio.NewWriter(fam)
	for i, s := range samples {
		if s.Family == "" {
			s.Family = "0" // none, as plink2 reads and writes it
		}
		if !word(s.ID) || !word(s.Family) {
			return nil, fmt.Errorf("sample %d: name and family must be of letters without blanks", i+1)
		}
		fmt.Fprintf(out, "%s\t%s\t0\t0\t%d\t-9\n", s.Family, s.ID, s.Sex) // parents and phenotype are not known
	}
	if err := out.Flush(); err != nil {
		return nil, fmt.Errorf("write samples: %w", err)
	}
	w := &Writer{bed: bufio.NewWriter(bed), bim: bufio.NewWriter(bim), samples: len(samples)}
	w.bed.WriteString(magic) // an error stays until Flush
	return w, nil
}

// Write writes a variant.
func (w *Writer) Write(v *genotype.Variant, c *genotype.Calls) error {
	if c.Samples != w.samples {
		return fmt.Errorf("variant with %d calls in a file of %d samples", c.Samples, w.samples)
	}
	id, ref, alt := or(v.ID, "."), or(v.Ref, "0"), or(v.Alt, "0")
	if !word(v.Chromosome) || !word(id) || !word(ref) || !word(alt) {
		return errors.New("variant with a blank in its name, its alleles or its chromosome")
	}
	w.codes = encode(w.codes[:0], c)
	w.bed.Write(w.codes)
	_, err := fmt.Fprintf(w.bim, "%s\t%s\t0\t%d\t%s\t%s\n", v.Chromosome, id, v.Position, alt, ref)
	return err
}

func or(s, empty string) string {
	if s == "" || s == "." {
		return empty
	}
	return s
}

// word says whether a text can be a field.
func word(s string) bool { return s != "" && !strings.ContainsAny(s, " \t\r\n") }

// Flush writes what is held back, and says what went wrong since the beginning.
func (w *Writer) Flush() error {
	return errors.Join(w.bed.Flush(), w.bim.Flush())
}

// Copy writes all variants that a reader gives, and flushes.
func Copy(w *Writer, r genotype.Reader) error {
	var v genotype.Variant
	var c genotype.Calls
	for {
		err := r.Next(&v, &c)
		if err == io.EOF {
			return w.Flush()
		}
		if err == nil {
			err = w.Write(&v, &c)
		}
		if err != nil {
			return err
		}
	}
}
