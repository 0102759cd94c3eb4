package vcf

import (
	"context"
	"errors"
	"fmt"
	"io"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

// A site is what a record says before its genotypes. Its strings are not written again.
type site struct {
	chromosome string // as genotype.Chromosome names it
	position   int
	id, ref    string
	alts       []string
}

// records are those of one kind of file.
type records interface {
	// next moves to the next record; io.EOF after the last. It reads no further in one
	// that lies outside the regions, and gives false.
	next(s *site, in *regions) (bool, error)
	// calls decodes the genotypes of the record for the alternate allele number alt, from
	// 1, into c, which has been made ready.
	calls(alt int, c *genotype.Calls) error
	// where is the line or the number of the record, for an error; 0 if it is not known.
	where() (line, row int)
	// halves is how many genotypes with one missing allele have been read as missing.
	halves() int
}

// reader is a genotype.Reader over the records of a VCF or BCF.
type reader struct {
	ctx     context.Context
	path    string
	file    io.ReaderAt
	stream  stream
	info    genotype.Info
	keep    func(genotype.Variant) bool
	regions *regions
	records records
	site    site
	alt     int // of site.alts, the next
	err     error
}

// open reads the header of a file and makes its reader.
func open(ctx context.Context, path string, f io.ReaderAt, o genotype.Options) (*reader, error) {
	r := &reader{ctx: ctx, path: path, file: f, keep: o.Keep, regions: newRegions(o.Regions)}
	if err := r.start(); err != nil {
		if r.stream != nil {
			r.stream.close()
		}
		return nil, r.place(err, 0, 0)
	}
	return r, nil
}

func (r *reader) start() error {
	size, err := fileSize(r.file)
	if err != nil {
		return unreadable(err)
	}
	head := make([]byte, 4096)
	n, err := r.file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return unreadable(err)
	}
	p := packingOf(head[:n])
	if p == blocked {
		if err := whole(r.file, size); err != nil {
			return err
		}
	}
	r.stream = newStream(r.ctx, r.file, size, p, nil)
	w := &window{s: r.stream}
	h, binary, err := readHeader(w)
	if err != nil {
		return r.place(err, w.lines, 0)
	}
	r.info = genotype.Info{Samples: h.samples, Variants: -1, Build: h.build, ReferenceKnown: !h.provisional, Dosages: h.dosages, Notes: h.notes}
	counted := true
	if p == blocked && r.regions != nil {
		spans, notes := indexed(r.ctx, r.path, size, r.regions, h, binary)
		r.info.Notes = append(r.info.Notes, notes...)
		if spans != nil {
			r.stream.close()
			r.stream = newStream(r.ctx, r.file, size, p, spans)
			w.s, w.rest, counted = r.stream, nil, false
		}
	}
	if binary {
		r.records = newBCF(w, h, counted)
	} else {
		r.records = newText(w, h, counted, p == plain)
	}
	return nil
}

// readHeader reads the header of a text or of a BCF (section 6.2).
func readHeader(w *window) (h *header, binary bool, err error) {
	first, err := w.take(1)
	if err != nil {
		return nil, false, orMissing(err)
	}
	if binary = first[0] == bcfMagic[0]; binary {
		h, err = readBCFHeader(w)
		return h, true, err
	}
	// The byte is given back: the piece it came from is still there.
	w.s, w.rest = &given{stream: w.s, first: append([]byte{first[0]}, w.rest...)}, nil
	h = newHeader()
	for last := false; !last; {
		line, err := w.line()
		if err != nil {
			return nil, false, orMissing(err)
		}
		if last, err = h.line(line, w.lines); err != nil {
			return nil, false, err
		}
	}
	return h, false, nil
}

// given is a stream with a piece before it.
type given struct {
	stream
	first []byte
}

func (g *given) next() ([]byte, error) {
	if b := g.first; b != nil {
		g.first = nil
		return b, nil
	}
	return g.stream.next()
}

func orMissing(err error) error {
	if err == io.EOF {
		return &format.Error{Text: "the file ends before its header does", Mend: "export the file again with its header"}
	}
	return err
}

func unreadable(err error) error {
	return &format.Error{Text: "the file cannot be read", Mend: "check the disk", Cause: err}
}

// place says in an error which file and record it is of.
func (r *reader) place(err error, line, row int) error {
	var e *format.Error
	if errors.As(err, &e) && e.File == "" {
		e.File, e.Line, e.Row = r.path, line, row
	}
	return err
}

// Info says what the header does, and in its notes what has been met so far.
func (r *reader) Info() genotype.Info {
	info := r.info
	info.Notes = append([]string(nil), info.Notes...)
	if r.records == nil {
		return info
	}
	if n := r.records.halves(); n > 0 {
		info.Notes = append(info.Notes, fmt.Sprintf("%d genotypes of which one allele is missing were taken as missing", n))
	}
	return info
}

// Next reads the next variant that is wanted.
func (r *reader) Next(v *genotype.Variant, c *genotype.Calls) error {
	for r.err == nil {
		if r.alt < len(r.site.alts) {
			s := &r.site
			r.alt++
			*v = genotype.Variant{Chromosome: s.chromosome, Position: s.position, ID: s.id, Ref: s.ref, Alt: s.alts[r.alt-1]}
			if r.keep != nil && !r.keep(*v) {
				continue
			}
			dosages := c.Dosages
			c.Reset(len(r.info.Samples))
			c.Dosages = dosages[:0]
			if r.err = r.records.calls(r.alt, c); r.err != nil {
				break
			}
			return nil
		}
		if r.err = r.ctx.Err(); r.err != nil {
			return r.err
		}
		var in bool
		in, r.err = r.records.next(&r.site, r.regions)
		if r.alt = 0; !in {
			r.alt = len(r.site.alts)
		}
	}
	if r.err != io.EOF {
		line, row := 0, 0
		if r.records != nil {
			line, row = r.records.where()
		}
		r.err = r.place(r.err, line, row)
	}
	return r.err
}

// Close lets go of the file.
func (r *reader) Close() error {
	if r.file == nil {
		return nil
	}
	r.stream.close()
	err := error(nil)
	if f, ok := r.file.(io.Closer); ok {
		err = f.Close()
	}
	r.file, r.err = nil, errClosed
	return err
}

var errClosed = errors.New("the reader is closed")
