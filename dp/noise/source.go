package noise

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

// A Source gives uniform random bits from a reader of random bytes. The first
// error stays: every draw after it fails. Which draws it gives depends on the
// bytes alone, not on the pieces in which the reader hands them out. It is not for
// use by several goroutines at once.
type Source struct {
	r        io.Reader
	buffer   [512]byte
	at, have int    // of the buffer: what is unread is buffer[at:have]
	pool     uint64 // the lowest left bits of it are unused
	left     int
	err      error
}

// NewSource makes a source of r, which must be unpredictable to those from whom the
// noise is to hide: crypto/rand, or a stream under a secret key. It reads ahead.
func NewSource(r io.Reader) *Source { return &Source{r: r} }

// Err is the first error of the reader.
func (s *Source) Err() error { return s.err }

// word is 64 random bits; 0 after an error. The last words before a reader's end
// are used, a rest of fewer than 8 bytes is not.
func (s *Source) word() uint64 {
	if s.at == s.have && s.err == nil {
		n, err := io.ReadFull(s.r, s.buffer[:])
		if s.at, s.have = 0, n&^7; s.have == 0 {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				err = io.EOF
			}
			s.err = fmt.Errorf("read random bytes: %w", err)
		}
	}
	if s.err != nil {
		return 0
	}
	s.at += 8
	return binary.LittleEndian.Uint64(s.buffer[s.at-8:])
}

// take is k random bits, k at most 64.
func (s *Source) take(k int) uint64 {
	if s.left < k {
		s.pool, s.left = s.word(), 64 // what was left is dropped
	}
	x := s.pool & (1<<k - 1)
	s.pool, s.left = s.pool>>k, s.left-k
	return x
}

// bit is one random bit.
func (s *Source) bit() bool { return s.take(1) == 1 }

// below is uniform on 0..n-1, by rejection; n is at least 1.
func (s *Source) below(n uint64) uint64 {
	k := bits.Len64(n - 1)
	for s.err == nil {
		if x := s.take(k); x < n {
			return x
		}
	}
	return 0
}
