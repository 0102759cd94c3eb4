package csv

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"sync/atomic"

	"hmsp.center/hmsp/format"
)

// An input is the text of a file: unpacked if it is gzip, UTF-8 if it is UTF-16,
// and without a byte order mark.
type input struct {
	file   *os.File
	size   int64 // of the file
	read   atomic.Int64
	text   *bufio.Reader
	packed bool
	mark   string // the encoding that a byte order mark names, or ""
}

const (
	headBytes  = 1 << 20  // of the text, which detection sees of every file
	sniffBytes = 64 << 10 // of these, which the delimiter is told from
)

// A counter counts what is read of the file.
type counter struct {
	in   io.Reader
	read *atomic.Int64
}

func (c counter) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// open starts reading a file; encoding is what the options name.
func open(path, encoding string) (*input, error) {
	f, err := format.OpenFile(path)
	if err != nil {
		return nil, err
	}
	in := &input{file: f}
	if err := in.start(path, encoding); err != nil {
		f.Close()
		return nil, err
	}
	return in, nil
}

func (in *input) start(path, encoding string) error {
	info, err := in.file.Stat()
	if err != nil {
		return &format.Error{File: path, Text: "the file cannot be read", Mend: "check the disk", Cause: err}
	}
	in.size = info.Size()
	raw := bufio.NewReaderSize(counter{in.file, &in.read}, int(min(headBytes, in.size+512)))
	head, _ := raw.Peek(3)
	if in.packed = bytes.HasPrefix(head, gzipMagic); in.packed {
		unpacked, err := gzip.NewReader(raw)
		if err != nil {
			return &format.Error{File: path, Text: "the file begins like gzip and is none", Mend: "copy or compress it again", Cause: err}
		}
		raw = bufio.NewReaderSize(unpacked, headBytes)
		head, _ = raw.Peek(3)
	}
	in.text, in.mark = raw, markOf(head)
	switch {
	case in.mark == "utf-16" && encoding != "" && encoding != "utf-16":
		return &format.Error{File: path, Line: 1, Text: "the file is UTF-16", Mend: "set encoding: utf-16, or save it as UTF-8"}
	case in.mark != "utf-16" && encoding == "utf-16":
		return &format.Error{File: path, Line: 1, Text: "the file does not begin with the byte order mark of UTF-16", Mend: "leave out encoding, or save it as UTF-8"}
	case in.mark == "utf-16":
		in.text = bufio.NewReaderSize(&utf16Reader{in: raw, big: head[0] == 0xfe}, headBytes)
	}
	if in.mark != "" {
		_, err = in.text.Discard(len(byteOrderMark))
	}
	if err != nil {
		return explain(path, stopped(1, err))
	}
	return nil
}

// markOf is the encoding that a byte order mark names.
func markOf(head []byte) string {
	switch {
	case bytes.HasPrefix(head, byteOrderMark):
		return "utf-8"
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return "utf-16"
	}
	return ""
}

// head is the beginning of the text, which stays to be read.
func (in *input) head() ([]byte, error) {
	head, err := in.text.Peek(in.text.Size())
	if err == io.EOF || err == bufio.ErrBufferFull {
		err = nil
	}
	if err != nil && len(head) > 0 {
		err = nil // the records before the damage are read, and then it is told with its line
	}
	return head, err
}

// plain says that the file's bytes are its text.
func (in *input) plain() bool { return !in.packed && in.mark != "utf-16" }

// samples reads some parts of a plain file, as long as more gives nil, and tells
// where each begins. They lie evenly over the file; of a small file they are all.
func (in *input) samples(size int64, most int64, more func(from int64, part []byte) error) error {
	part := make([]byte, min(size, in.size))
	n := (in.size + size - 1) / size
	for i := range min(n, most) {
		from := i * size
		if n > most {
			from = i * (in.size - size) / (most - 1)
		}
		got, err := in.file.ReadAt(part, from)
		if err != nil && err != io.EOF {
			return err
		}
		if err := more(from, part[:got]); err != nil {
			return err
		}
	}
	return nil
}

// gzipMagic and byteOrderMark are the first bytes of a gzip file, and of a UTF-8
// file from a spreadsheet.
var (
	gzipMagic     = []byte{0x1f, 0x8b}
	byteOrderMark = []byte{0xef, 0xbb, 0xbf}
)
