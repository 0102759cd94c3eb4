package hl7

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"

	"hmsp.center/hmsp/format"
)

// A source is a file or a folder of messages.
type source struct {
	path  string
	files []string
	size  int64
	notes []string
}

// headBytes is how much of a file tells what it is.
const headBytes = 4 << 10

// begins says whether text begins with the header of a message, a batch or a file.
func begins(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), "\v\r\n \t")
	if len(head) < 8 {
		return false
	}
	switch string(head[:3]) {
	case "MSH", "BHS", "FHS":
		_, ok := delimitersOf(head)
		return ok
	}
	return false
}

// find lists the files of a source and looks at the head of each. In a folder, .hl7
// files must be HL7, and others may.
func find(ctx context.Context, path string) (*source, error) {
	s := &source{path: path}
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return s, s.add(path, true)
	}
	names, err := format.Files(path)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !named(name) {
			continue
		}
		if err := s.add(filepath.Join(path, name), strings.EqualFold(filepath.Ext(name), ".hl7")); err != nil {
			return nil, err
		}
	}
	if len(s.files) == 0 {
		return nil, &format.Error{File: path, Text: "this is a directory without HL7 version 2 files", Mend: "name one with files of messages, .hl7 or .txt"}
	}
	return s, nil
}

// named says whether a file's name may be one of messages.
func named(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".hl7", ".txt", ".dat", ".msg", ".adt", ".oru":
		return true
	}
	return false
}

func (s *source) add(path string, must bool) error {
	head, size, err := headOf(path)
	if err != nil {
		return err
	}
	if begins(head) {
		s.files, s.size = append(s.files, path), s.size+size
		return nil
	}
	if must {
		return refuse(path, head)
	}
	s.notes = append(s.notes, filepath.Base(path)+" does not begin like HL7 and is left out")
	return nil
}

func headOf(path string) (head []byte, size int64, err error) {
	f, err := format.OpenFile(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil {
		head = make([]byte, headBytes)
		var n int
		if n, err = io.ReadFull(f, head); err == io.ErrUnexpectedEOF {
			err = nil
		}
		head = head[:n]
	}
	if err != nil {
		return nil, 0, &format.Error{File: path, Text: "the file cannot be read", Mend: "check the disk", Cause: err}
	}
	return head, info.Size(), nil
}

// refuse says what a file is that is no HL7, as far as its head tells.
func refuse(path string, head []byte) error {
	e := &format.Error{File: path, Line: 1, Text: "this does not begin like an HL7 version 2 file, which has MSH, BHS or FHS first", Mend: "export the messages with delimiters, or set format to what it is"}
	start := bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n")
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		e.Text, e.Mend = "the file is UTF-16", "save it as UTF-8"
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		e.Text, e.Mend = "the file is packed with gzip", "unpack it"
	case bytes.HasPrefix(start, []byte("<")):
		e.Text, e.Mend = "the file is XML", "export the messages with delimiters (\"ER7\", \"vertical bar\")"
	}
	return e
}

// sniffFolder goes by the first files that may be messages.
func sniffFolder(path string, names []string) int {
	opened := 0
	for _, n := range names {
		if !named(n) || opened == 20 {
			continue
		}
		opened++
		if head, _, err := headOf(filepath.Join(path, filepath.FromSlash(n))); err == nil && begins(head) {
			return 90
		}
	}
	return 0
}
