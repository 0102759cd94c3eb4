package pgen

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"hmsp.center/hmsp/genotype"
)

// A site is a line of the file of variants: a variant for each ALT allele.
type site struct {
	genotype.Variant          // without Alt
	alts             []string // at least one
}

// variant is that of an ALT allele, from 1.
func (s *site) variant(alt int) genotype.Variant {
	v := s.Variant
	v.Alt = s.alts[alt-1]
	return v
}

// Sites reads a .pvar or .bim file, line after line (section 4).
type sites struct {
	lines
	at      siteColumns
	columns bool // the header names them: no .bim
	build   genotype.Build
	marks   bool   // INFO may have PR, which marks provisional reference alleles
	first   []byte // the first line behind the header
	fields  [][]byte
	chrom   string // as the line before had it, and its name
	name    string
}

// SiteColumns are the places of columns.
type siteColumns struct {
	chrom, pos, id, ref, alt int // id may be -1
	fields                   int // that a line has at least
}

// openSites reads the header.
func openSites(path string) (*sites, error) {
	l, err := openLines(path)
	if err != nil {
		return nil, err
	}
	s := &sites{lines: *l}
	if err := s.header(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *sites) header() error {
	var build buildFinder
	for {
		line, err := s.lines.next()
		if err != nil {
			return err
		}
		switch {
		case line == nil:
			s.build = build.found()
			return nil
		case bytes.HasPrefix(line, []byte("##")):
			build.meta(string(line))
			s.marks = s.marks || bytes.HasPrefix(line, []byte("##INFO=<ID=PR,"))
			continue
		case bytes.HasPrefix(line, []byte("#CHROM")):
			if s.columns {
				return s.broken("there are two lines with the names of the columns", "write the file again")
			}
			if err := s.named(string(line[1:])); err != nil {
				return err
			}
			continue
		case line[0] == '#':
			continue
		}
		s.first, s.build = slices.Clone(line), build.found()
		if !s.columns {
			return s.unnamed(line)
		}
		return nil
	}
}

// named finds the columns by their names.
func (s *sites) named(line string) error {
	names := strings.Fields(line)
	if k := slices.Index(names, "FORMAT"); k >= 0 { // a VCF: samples follow
		names = names[:k]
	}
	s.columns = true
	s.at = siteColumns{slices.Index(names, "CHROM"), slices.Index(names, "POS"), slices.Index(names, "ID"),
		slices.Index(names, "REF"), slices.Index(names, "ALT"), 0}
	if min(s.at.pos, s.at.ref, s.at.alt) < 0 {
		return s.broken("a column POS, REF or ALT is lacking", "write the file again")
	}
	s.at.fields = 1 + max(s.at.pos, s.at.id, s.at.ref, s.at.alt)
	return nil
}

// unnamed: without names the columns are those of a .bim, whose centimorgans may lack.
func (s *sites) unnamed(line []byte) error {
	switch n := len(split(nil, line, 7)); {
	case n >= 6:
		s.at = siteColumns{chrom: 0, id: 1, pos: 3, alt: 4, ref: 5, fields: 6}
	case n == 5:
		s.at = siteColumns{chrom: 0, id: 1, pos: 2, alt: 3, ref: 4, fields: 5}
	default:
		return s.broken("there are too few columns", "write the chromosome, the name, the position and the alleles, or name the columns in a line that begins with #CHROM")
	}
	return nil
}

// next reads the next line into v, whose memory is used again; false after the last.
func (s *sites) next(v *site) (bool, error) {
	line := s.first
	s.first = nil
	if line == nil {
		var err error
		if line, err = s.lines.next(); line == nil || err != nil {
			return false, err
		}
	}
	return true, s.parse(line, v)
}

func (s *sites) parse(line []byte, v *site) error {
	s.fields = split(s.fields[:0], line, s.at.fields)
	if len(s.fields) < s.at.fields {
		return s.broken("there are too few columns", "copy the file again from where it was made")
	}
	pos, err := strconv.Atoi(string(s.fields[s.at.pos]))
	if err != nil || pos > 1<<31-1 {
		return s.broken("the position is no number up to 2147483647", "correct it, or write the file again")
	}
	v.Position = max(pos, 0) // a negative one is PLINK's way to say that it is not known
	if chrom := s.fields[s.at.chrom]; string(chrom) != s.chrom || s.name == "" {
		s.chrom = string(chrom)
		s.name = genotype.Chromosome(s.chrom)
	}
	v.Chromosome, v.ID = s.name, ""
	if s.at.id >= 0 {
		if v.ID = string(s.fields[s.at.id]); v.ID == "." {
			v.ID = ""
		}
	}
	v.Ref = string(s.fields[s.at.ref])
	v.alts = v.alts[:0]
	for rest, more := s.fields[s.at.alt], true; more; {
		var alt []byte
		alt, rest, more = bytes.Cut(rest, []byte(","))
		if len(alt) == 0 {
			return s.broken("an ALT allele has no letter", "correct it, or write the file again")
		}
		v.alts = append(v.alts, string(alt))
	}
	return nil
}
