package vcf

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

const (
	fileFormat = "##fileformat=VCF"
	columns    = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO" // section 1.5
	maxHeader  = 64 << 20                                        // without the line of the samples
)

// A header is what stands before the records (section 1.2 to 1.5).
type header struct {
	samples []genotype.Sample
	dosages bool // DS or GP is described
	build   genotype.Build
	notes   []string
	// provisional: some REF may not be the reference's, as PR marks (PLINK writes it where
	// alleles came from a bed file), so that strands are not known either.
	provisional bool
	contigs     map[int]string // by their numbers in a BCF (section 6.2.1)
	keys        map[string]int // FILTER, INFO and FORMAT by name, likewise
	contigID    map[string]int

	evidence evidence
	bytes    int
}

func newHeader() *header {
	return &header{contigs: map[int]string{}, contigID: map[string]int{}, keys: map[string]int{"PASS": 0}}
}

// line reads a line of the header, and says whether it was the last.
func (h *header) line(line []byte, number int) (last bool, err error) {
	switch {
	case number == 1 && !bytes.HasPrefix(line, []byte(fileFormat+"v4.")):
		return false, noHeader(line)
	case bytes.HasPrefix(line, []byte("##")):
		if h.bytes += len(line); h.bytes > maxHeader {
			return false, tooLong()
		}
		h.meta(string(line))
		return false, nil
	case bytes.HasPrefix(line, []byte("#")):
		if err := h.columns(string(line)); err != nil {
			return false, err
		}
		h.build = h.evidence.build(&h.notes)
		return true, nil
	}
	return false, &format.Error{Column: "#CHROM", Text: "the header has no line of column names before the first record", Mend: "export the file with its header, or add it with `bcftools reheader`"}
}

func noHeader(line []byte) error {
	if bytes.HasPrefix(line, []byte(fileFormat)) {
		return &format.Error{Text: "this is a version of VCF before 4, which is not read", Mend: "convert the file to VCF 4.2 or later, for instance with `bcftools view`"}
	}
	return &format.Error{Text: "the header of a VCF is missing: the first line is not ##fileformat=VCFv4...", Mend: "export the file with its header"}
}

// meta reads a line of meta-information (section 1.4).
func (h *header) meta(line string) {
	key, value, _ := strings.Cut(line[2:], "=")
	if !strings.HasPrefix(value, "<") {
		h.evidence.text(key, value)
		return
	}
	var id, length, assembly string
	index := -1
	attributes(value, func(key, value string) {
		switch key {
		case "ID":
			id = value
		case "length":
			length = value
		case "assembly":
			assembly = value
		case "IDX":
			if n, err := strconv.Atoi(value); err == nil && n >= 0 {
				index = n
			}
		}
	})
	switch key {
	case "contig":
		h.contig(id, index)
		h.evidence.contig(id, length)
		h.evidence.text("assembly", assembly)
	case "FORMAT":
		h.dosages = h.dosages || id == "DS" || id == "GP"
		h.key(id, index)
	case "FILTER", "INFO":
		h.provisional = h.provisional || key == "INFO" && id == "PR"
		h.key(id, index)
	}
}

// contig and key number what records of a BCF refer to: in order of first appearance,
// unless IDX says otherwise (section 6.2.1).
func (h *header) contig(id string, index int) {
	if _, ok := h.contigID[id]; ok {
		return
	}
	if index < 0 {
		index = len(h.contigID)
	}
	h.contigID[id], h.contigs[index] = index, id
}

func (h *header) key(id string, index int) {
	if _, ok := h.keys[id]; ok {
		return
	}
	if index < 0 {
		index = len(h.keys)
	}
	h.keys[id] = index
}

// attributes calls each for key=value of <key=value,key="a, \"b\"">.
func attributes(s string, each func(key, value string)) {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">")
	for s != "" {
		key, rest, ok := strings.Cut(s, "=")
		if !ok {
			return
		}
		end := 0
		for quoted := false; end < len(rest) && (quoted || rest[end] != ','); end++ {
			switch {
			case rest[end] == '"':
				quoted = !quoted
			case rest[end] == '\\' && quoted:
				end++
			}
		}
		end = min(end, len(rest))
		each(key, strings.Trim(rest[:end], `"`))
		s = strings.TrimPrefix(rest[end:], ",")
	}
}

// columns reads the line of the column names (section 1.5).
func (h *header) columns(line string) error {
	if !strings.HasPrefix(line, columns) {
		return &format.Error{Column: "#CHROM", Text: "the line of column names does not begin with the eight columns of VCF, CHROM to INFO, between tabs",
			Mend: "export the file again; an editor may have changed tabs to spaces"}
	}
	rest := line[len(columns):]
	if rest == "" || rest == "\tFORMAT" {
		return nil
	}
	names, ok := strings.CutPrefix(rest, "\tFORMAT\t")
	if !ok {
		return &format.Error{Column: "FORMAT", Text: "the ninth column is not FORMAT", Mend: "export the file again"}
	}
	seen := make(map[string]int)
	for i, name := range strings.Split(names, "\t") {
		if name == "" {
			return &format.Error{Column: "#CHROM", Text: fmt.Sprintf("sample %d has no name", i+1), Mend: "name it with `bcftools reheader`"}
		}
		if k, ok := seen[name]; ok {
			return &format.Error{Column: "#CHROM", Text: fmt.Sprintf("samples %d and %d have the same name", k+1, i+1), Mend: "rename one of them with `bcftools reheader`"}
		}
		seen[name] = i
		h.samples = append(h.samples, genotype.Sample{ID: name})
	}
	return nil
}
