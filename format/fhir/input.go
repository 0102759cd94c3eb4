package fhir

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"sync/atomic"

	"hmsp.center/hmsp/format"
)

// An input is the text of an open file.
type input struct {
	io.Reader
	file    *os.File
	counted *atomic.Int64
}

func (in *input) Close() error { return in.file.Close() }

// plain reads the file as it is.
func (in *input) plain(p []byte) (int, error) {
	n, err := in.file.Read(p)
	if in.counted != nil {
		in.counted.Add(int64(n))
	}
	return n, err
}

// fill reads until b is full or the text ends.
func fill(in io.Reader, b []byte) (n int, end bool, err error) {
	for n < len(b) {
		k, err := in.Read(b[n:])
		n += k
		if err == io.EOF {
			return n, true, nil
		}
		if err != nil {
			return n, false, err
		}
	}
	return n, false, nil
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// marked drops the byte order mark that UTF-8 text may begin with, and refuses that
// of UTF-16. Head is the first bytes of the text, which are still to be read.
func marked(path string, in *input, head []byte) error {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		in.Close()
		return &format.Error{File: path, Line: 1, Text: "the file is UTF-16", Mend: "save it as UTF-8"}
	case string(head) == "\xef\xbb\xbf":
		_, err := io.ReadFull(in, make([]byte, 3))
		return err
	}
	return nil
}

// broken is the error of a file that stops being readable at a line.
func broken(path string, line int, err error) error {
	mend := "copy it again, or check the disk"
	if err == io.ErrUnexpectedEOF {
		return &format.Error{File: path, Line: line, Text: "the compressed file is cut off", Mend: mend, Cause: err}
	}
	return &format.Error{File: path, Line: line, Text: "reading stopped: the file is damaged or the disk fails", Mend: mend, Cause: err}
}

// unpacked is the head of a text whose packed head this may be.
func unpacked(head []byte) []byte {
	if len(head) < 2 || head[0] != 0x1f || head[1] != 0x8b {
		return bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	}
	in, err := gzip.NewReader(bytes.NewReader(head))
	if err != nil {
		return nil
	}
	out := make([]byte, headBytes)
	n, _, _ := fill(in, out) // the head is cut off, so an error is expected
	return bytes.TrimPrefix(out[:n], []byte("\xef\xbb\xbf"))
}
