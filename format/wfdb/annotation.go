package wfdb

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"strconv"
	"strings"

	"hmsp.center/hmsp/format/internal/recording"
)

// An annotation is one mark in a record.
type annotation struct {
	at   float64 // s since the record's begin
	kind int     // annotation code (ecgcodes.h)
}

// beat says whether an annotation marks a QRS complex (isqrs of ecgmap.h).
func (a annotation) beat() bool {
	switch a.kind {
	case 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 25, 30, 34, 35, 38, 41:
		return true
	}
	return false
}

// normal says whether a beat begins in the sinus node, as the intervals between normal
// beats need it: N, and bundle branch blocks L, R, B.
func (a annotation) normal() bool { return a.kind == 1 || a.kind == 2 || a.kind == 3 || a.kind == 25 }

// The codes of annot(5) that are no marks of their own.
const (
	codeNote = 22
	codeSkip = 59
	codeNum  = 60
	codeSub  = 61
	codeChan = 62
	codeAux  = 63
)

// readAnnotations reads a file in MIT format. Frequency is the record's; a note at the
// begin of the file may name another one.
func readAnnotations(ctx context.Context, path string, frequency float64, give func(annotation) error) error {
	const mend = "the annotations are damaged, or in another format than MIT; copy the record again"
	f, err := recording.Open(ctx, path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<16)
	cut := func(err error) error {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return bad(path, 0, "the annotations have no end", mend)
		}
		return err
	}
	var word [4]byte
	at, before := int64(0), int64(0)
	var pending *annotation // whose further words may follow
	tell := func() error {
		if pending == nil {
			return nil
		}
		a := *pending
		pending = nil
		return give(a)
	}
	for {
		if _, err := io.ReadFull(in, word[:2]); err != nil {
			return cut(err)
		}
		u := binary.LittleEndian.Uint16(word[:2])
		code, low := int(u>>10), int64(u&0x3ff)
		switch {
		case u == 0:
			if _, err := in.ReadByte(); err != io.EOF {
				if err == nil {
					return bad(path, 0, "something follows the end of the annotations", mend)
				}
				return err
			}
			return tell()
		case code == codeSkip:
			if _, err := io.ReadFull(in, word[:4]); err != nil {
				return cut(err)
			}
			// the high word stands first, as on a PDP-11
			at += int64(int32(uint32(binary.LittleEndian.Uint16(word[:2]))<<16 | uint32(binary.LittleEndian.Uint16(word[2:4]))))
		case code == codeNum, code == codeSub, code == codeChan:
		case code == codeAux:
			aux := make([]byte, low+low%2)
			if _, err := io.ReadFull(in, aux); err != nil {
				return cut(err)
			}
			if text, ok := strings.CutPrefix(string(aux[:low]), "## time resolution: "); ok && pending != nil && pending.kind == codeNote && at == 0 {
				x, err := strconv.ParseFloat(strings.TrimRight(text, "\x00 "), 64)
				if err != nil || !(x > 0 && x <= 1e6) {
					return bad(path, 0, "the time resolution of the annotations is no number", mend)
				}
				frequency = x
			}
		case code > 49:
			return bad(path, 0, "an annotation has a code that annot(5) does not know", mend)
		default:
			if err := tell(); err != nil {
				return err
			}
			if at += low; at < before || at > 1<<48 {
				return bad(path, 0, "the annotations are not in the order of their time", mend)
			}
			before = at
			pending = &annotation{at: float64(at) / frequency, kind: code}
		}
	}
}
