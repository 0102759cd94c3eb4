package bgen

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"

	"hmsp.center/hmsp/format"
)

// A stream reads a file from its begin to its end, and knows how much is left, so that
// no length in the file is believed that is more.
type stream struct {
	path    string
	f       *os.File
	r       *bufio.Reader
	left    int64
	variant int // the one that is being read, from 1; 0 in the header
}

func openStream(path string) (*stream, error) {
	f, err := format.OpenFile(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, &format.Error{File: path, Text: "the file cannot be read", Mend: "check the disk", Cause: err}
	}
	return &stream{path: path, f: f, r: bufio.NewReaderSize(f, 256<<10), left: info.Size()}, nil
}

func (s *stream) close() error { return s.f.Close() }

// broken is an error at the variant at hand.
func (s *stream) broken(text string) error {
	return &format.Error{File: s.path, Row: s.variant, Text: text, Mend: "copy the file again from where it was made"}
}

func (s *stream) failed(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return s.broken("the file is cut short")
	}
	return &format.Error{File: s.path, Row: s.variant, Text: "the file cannot be read", Mend: "check the disk", Cause: err}
}

// read reads n bytes into memory that is used again if there is room.
func (s *stream) read(memory []byte, n int64) ([]byte, error) {
	if n > s.left {
		return nil, s.failed(io.EOF)
	}
	memory = resized(memory, int(n))
	k, err := io.ReadFull(s.r, memory)
	s.left -= int64(k)
	if err != nil {
		return nil, s.failed(err)
	}
	return memory, nil
}

// skip passes over n bytes, which are not read from disk if they are many.
func (s *stream) skip(n int64) error {
	if n > s.left {
		return s.failed(io.EOF)
	}
	s.left -= n
	if n <= int64(s.r.Buffered()) {
		_, err := s.r.Discard(int(n))
		return err
	}
	if _, err := s.f.Seek(n-int64(s.r.Buffered()), io.SeekCurrent); err != nil {
		return s.failed(err)
	}
	s.r.Reset(s.f)
	return nil
}

func (s *stream) uint16() (uint16, error) {
	var b [2]byte
	_, err := s.read(b[:], 2)
	return binary.LittleEndian.Uint16(b[:]), err
}

func (s *stream) uint32() (uint32, error) {
	var b [4]byte
	_, err := s.read(b[:], 4)
	return binary.LittleEndian.Uint32(b[:]), err
}

// text reads a text behind its length of 2 bytes.
func (s *stream) text() (string, error) {
	n, err := s.uint16()
	if err != nil {
		return "", err
	}
	b, err := s.read(nil, int64(n))
	return string(b), err
}

// resized is a slice of n elements, in the same memory if there is room.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
