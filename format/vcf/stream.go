package vcf

import (
	"bufio"
	"context"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"

	"hmsp.center/hmsp/format"
)

// A stream gives the bytes of a file, decompressed, in pieces. A piece is good until the
// next one is asked for; io.EOF comes after the last.
type stream interface {
	next() ([]byte, error)
	close()
}

// A span is a stretch of a BGZF file that holds whole records, as an index tells it:
// virtual offsets, the last one not included (SAM section 4.1.1).
type span struct{ from, to uint64 }

const pieceBytes = 256 << 10

// A packing is how the bytes of a file are compressed.
type packing int

const (
	plain packing = iota
	gzipped
	blocked // BGZF
)

func packingOf(head []byte) packing {
	switch {
	case isBlock(head):
		return blocked
	case isGzip(head):
		return gzipped
	}
	return plain
}

func isGzip(head []byte) bool {
	return len(head) >= 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == 8
}

// newStream reads a file, or spans of a blocked one.
func newStream(ctx context.Context, f io.ReaderAt, size int64, p packing, spans []span) stream {
	section := io.NewSectionReader(f, 0, size)
	switch p {
	case blocked:
		return newBlocks(ctx, section, spans)
	case gzipped:
		return newAhead(ctx, func() (io.Reader, error) { return gzip.NewReader(bufio.NewReaderSize(section, pieceBytes)) })
	}
	return newAhead(ctx, func() (io.Reader, error) { return section, nil })
}

// A piece of a file on its way; err stands behind its data.
type piece struct {
	data []byte
	err  error
}

// ahead reads a plain or gzip file in a goroutine of its own, so that inflating and
// parsing take a core each.
type ahead struct {
	ctx    context.Context
	cancel context.CancelFunc
	full   chan piece
	free   chan []byte
	held   []byte
	err    error
	done   sync.WaitGroup
}

func newAhead(ctx context.Context, open func() (io.Reader, error)) *ahead {
	a := &ahead{full: make(chan piece, 2), free: make(chan []byte, 4)}
	a.ctx, a.cancel = context.WithCancel(ctx)
	for range 4 {
		a.free <- nil // made when it is needed
	}
	a.done.Go(func() {
		defer close(a.full)
		a.run(open)
	})
	return a
}

func (a *ahead) run(open func() (io.Reader, error)) {
	r, err := open()
	for {
		var b []byte
		select {
		case b = <-a.free:
		case <-a.ctx.Done():
			return
		}
		if b == nil && err == nil {
			b = make([]byte, pieceBytes)
		}
		n := 0
		if err == nil {
			n, err = fill(r, b)
		}
		select {
		case a.full <- piece{b[:n], packed(err)}:
		case <-a.ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// fill reads until b is full. Unlike io.ReadFull it leaves the reader's error as it is,
// which tells a file that ends from one that is cut.
func fill(r io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var k int
		k, err = r.Read(b[n:])
		n += k
	}
	return n, err
}

// packed puts what gzip says into words.
func packed(err error) error {
	switch err {
	case nil, io.EOF:
		return err
	case io.ErrUnexpectedEOF:
		return early()
	}
	return &format.Error{Text: "the compressed data is damaged", Mend: "copy or export the file again", Cause: err}
}

func early() *format.Error {
	return &format.Error{Text: "the file ends early", Mend: "copy or export it again"}
}

func (a *ahead) next() ([]byte, error) {
	if a.held != nil {
		a.free <- a.held[:cap(a.held)]
		a.held = nil
	}
	if a.err != nil {
		return nil, a.err
	}
	select {
	case p, ok := <-a.full:
		if !ok {
			a.err = a.ctx.Err()
			if a.err == nil {
				a.err = io.EOF
			}
			return nil, a.err
		}
		a.held, a.err = p.data, p.err
		if len(p.data) == 0 {
			return a.next()
		}
		return p.data, nil
	case <-a.ctx.Done():
		return nil, a.ctx.Err()
	}
}

func (a *ahead) close() {
	a.cancel()
	a.done.Wait()
}
