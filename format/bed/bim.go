package bed

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

// bim is the list of variants, mapped. Lines are found by marks and parsed when they are
// asked for: of a million variants nobody needs a million strings.
type bim struct {
	path  string
	data  []byte
	marks []int // where every linesPerMark-th line starts
	lines int
}

const linesPerMark = 256

// openBim maps the list and counts its lines.
func openBim(path string) (*bim, error) {
	data, err := mapped(path)
	if err != nil {
		return nil, err
	}
	b := &bim{path: path, data: data}
	if err := guard(path, b.count); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bim) count() error {
	whole := bytes.TrimRight(b.data, "\r\n\t ")
	if len(whole) == 0 {
		return &format.Error{File: b.path, Text: "the file lists no variants", Mend: "copy it again"}
	}
	for at := 0; at < len(whole); b.lines++ {
		if b.lines%linesPerMark == 0 {
			b.marks = append(b.marks, at)
		}
		n := bytes.IndexByte(whole[at:], '\n')
		if n < 0 {
			at = len(whole)
		} else {
			at += n + 1
		}
	}
	b.marks = append(b.marks, len(whole))
	return nil
}

// block is a copy of the lines from a mark to the next.
func (b *bim) block(mark int) (string, error) {
	var s string
	err := guard(b.path, func() error {
		if b.data == nil {
			return &format.Error{File: b.path, Text: "the file is closed"}
		}
		s = string(b.data[b.marks[mark]:b.marks[mark+1]])
		return nil
	})
	return s, err
}

// line is a copy of line i.
func (b *bim) line(i int) (string, error) {
	s, err := b.block(i / linesPerMark)
	for range i % linesPerMark {
		_, s, _ = strings.Cut(s, "\n")
	}
	line, _, _ := strings.Cut(s, "\n")
	return strings.Clone(line), err
}

func (b *bim) wrong(i int, err error) error {
	return &format.Error{File: b.path, Line: i + 1, Text: err.Error(), Mend: "a line is chromosome, name, centimorgans, position, A1 and A2; copy " + filepath.Base(b.path) + " again, or write it with PLINK"}
}

func (b *bim) close() error {
	data := b.data
	b.data = nil
	if data == nil {
		return nil
	}
	return unmap(data)
}

// parseVariant reads a line. The variant's strings are parts of it.
func parseVariant(line string) (genotype.Variant, error) {
	var field [6]string
	n := 0
	for i := 0; i < len(line); {
		if blank(line[i]) {
			i++
			continue
		}
		from := i
		for i < len(line) && !blank(line[i]) {
			i++
		}
		if n < len(field) {
			field[n] = line[from:i]
		}
		n++
	}
	if n != len(field) {
		return genotype.Variant{}, fmt.Errorf("the line has %d fields, where 6 are", n)
	}
	at, err := strconv.Atoi(field[3])
	if err != nil {
		return genotype.Variant{}, errors.New("the position is no whole number")
	}
	v := genotype.Variant{Chromosome: genotype.Chromosome(field[0]), Position: at, ID: field[1], Ref: field[5], Alt: field[4]}
	if v.ID == "." {
		v.ID = ""
	}
	return v, nil
}

func blank(c byte) bool { return c == '\t' || c == ' ' || c == '\r' }
