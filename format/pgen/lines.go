package pgen

import (
	"bufio"
	"bytes"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"

	"hmsp.center/hmsp/format"
)

// Lines reads a text file line after line; one compressed by zstd too.
type lines struct {
	path string
	line int // from 1
	f    *os.File
	z    *zstd.Decoder
	r    *bufio.Reader
	long []byte
}

// Limits of what a damaged or hostile file may ask for. plink2's own lines are at most
// 2^31 bytes; INFO of a real file is some kB.
const (
	maxLine   = 64 << 20
	maxWindow = 128 << 20 // zstd --long=27, the most that is read without asking
)

func openLines(path string) (*lines, error) {
	f, err := format.OpenFile(path)
	if err != nil {
		return nil, err
	}
	l := &lines{path: path, f: f, r: bufio.NewReaderSize(f, 64<<10)}
	if head, _ := l.r.Peek(4); string(head) == "\x28\xb5\x2f\xfd" {
		l.z, err = zstd.NewReader(l.r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			f.Close()
			return nil, &format.Error{File: path, Text: "the file cannot be unpacked", Mend: "copy it again from where it was made", Cause: err}
		}
		l.r = bufio.NewReaderSize(l.z, 64<<10)
	}
	return l, nil
}

func (l *lines) close() error {
	if l.z != nil {
		l.z.Close()
		l.z = nil
	}
	return l.f.Close()
}

// next is the next line that is not empty, without its end, until the next call; nil
// after the last.
func (l *lines) next() ([]byte, error) {
	for {
		line, err := l.read()
		if err != nil && err != io.EOF {
			return nil, err
		}
		end := err == io.EOF
		l.line++
		line = bytes.TrimRight(line, "\r\n\t ")
		switch {
		case len(line) > 0 && bytes.IndexByte(line, 0) >= 0:
			return nil, l.broken("this is no text", "copy the file again from where it was made")
		case len(line) > 0:
			return line, nil
		case end:
			return nil, nil
		}
	}
}

// read reads to the end of the line, of whatever length up to a limit.
func (l *lines) read() ([]byte, error) {
	line, err := l.r.ReadSlice('\n')
	if err != bufio.ErrBufferFull {
		return line, l.failed(err)
	}
	l.long = append(l.long[:0], line...)
	for err == bufio.ErrBufferFull {
		if len(l.long) > maxLine {
			return nil, l.broken("the line is longer than 64 MiB", "copy the file again from where it was made")
		}
		line, err = l.r.ReadSlice('\n')
		l.long = append(l.long, line...)
	}
	return l.long, l.failed(err)
}

func (l *lines) failed(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if l.z != nil {
		return &format.Error{File: l.path, Text: "the file cannot be unpacked", Mend: "copy it again from where it was made", Cause: err}
	}
	return &format.Error{File: l.path, Text: "the file cannot be read", Mend: "check the disk", Cause: err}
}

func (l *lines) broken(text, mend string) error {
	return &format.Error{File: l.path, Line: l.line, Text: text, Mend: mend}
}

// split appends the fields of a line, which tabs or spaces separate, at most n of them;
// -1 is all.
func split(out [][]byte, line []byte, n int) [][]byte {
	for i := 0; i < len(line) && len(out) != n; {
		k := i
		for k < len(line) && line[k] != '\t' && line[k] != ' ' {
			k++
		}
		if k > i {
			out = append(out, line[i:k])
		}
		i = k + 1
	}
	return out
}
