package recording

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync/atomic"

	"hmsp.center/hmsp/format"
)

// A pass is one reading of a source: what Decoders tell of it on their way. It travels
// in the context, so that a Decoder need not know who counts.
type pass struct {
	read  atomic.Int64 // bytes
	notes map[string]int
}

type passKey struct{}

func passOf(ctx context.Context) *pass {
	p, _ := ctx.Value(passKey{}).(*pass)
	return p
}

// Note says what a Decoder decided or left out: "records of kinds that are not read are
// left out". The same text counts up. It names no patient and no value.
func Note(ctx context.Context, what string) { NoteMany(ctx, what, 1) }

// NoteMany is Note for n of the same.
func NoteMany(ctx context.Context, what string, n int) {
	if p := passOf(ctx); p != nil && n > 0 {
		p.notes[what] += n
	}
}

func (p *pass) told() []string {
	var out []string
	for _, what := range slices.Sorted(maps.Keys(p.notes)) {
		out = append(out, fmt.Sprintf("%s: %d", what, p.notes[what]))
	}
	return out
}

// Counted is r, with the bytes read of it counted as progress, until the context ends.
func Counted(ctx context.Context, r io.Reader) io.Reader { return &counted{ctx, passOf(ctx), r} }

type counted struct {
	ctx context.Context
	*pass
	in io.Reader
}

func (c *counted) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.in.Read(b)
	if c.pass != nil {
		c.read.Add(int64(n))
	}
	return n, err
}

// CountedAt is Counted for a file that is read here and there.
func CountedAt(ctx context.Context, r io.ReaderAt) io.ReaderAt {
	return &countedAt{ctx, passOf(ctx), r}
}

type countedAt struct {
	ctx context.Context
	*pass
	in io.ReaderAt
}

func (c *countedAt) ReadAt(b []byte, at int64) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.in.ReadAt(b, at)
	if c.pass != nil {
		c.read.Add(int64(n))
	}
	return n, err
}

// Open opens a recording to read it from its beginning; what is packed with gzip is
// unpacked. Its bytes count as progress. An error of reading is a *format.Error, as that
// of the context is the context's.
func Open(ctx context.Context, path string) (io.ReadCloser, error) {
	f, err := format.OpenFile(path)
	if err != nil {
		return nil, err
	}
	in := bufio.NewReaderSize(Counted(ctx, f), 64<<10)
	out := &opened{ctx: ctx, path: path, Reader: in, Closer: f}
	if magic, _ := in.Peek(2); string(magic) == gzipMagic {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			f.Close()
			return nil, out.failed(err)
		}
		out.Reader = unpacked
	}
	return out, nil
}

const gzipMagic = "\x1f\x8b"

type opened struct {
	ctx  context.Context
	path string
	io.Reader
	io.Closer
}

func (o *opened) Read(b []byte) (int, error) {
	n, err := o.Reader.Read(b)
	if err != nil && err != io.EOF {
		err = o.failed(err)
	}
	return n, err
}

func (o *opened) failed(err error) error {
	if ended := o.ctx.Err(); ended != nil {
		return ended
	}
	var corrupt flate.CorruptInputError
	if err == io.ErrUnexpectedEOF || err == gzip.ErrHeader || err == gzip.ErrChecksum || errors.As(err, &corrupt) {
		return &format.Error{File: o.path, Text: "the file is packed with gzip and cut off or damaged", Mend: "copy or export it again", Cause: err}
	}
	return unreadable(o.path, err)
}

// Unpacked is the head of a file as Sniff gets it, unpacked where it is packed with gzip.
func Unpacked(head []byte) []byte {
	if !bytes.HasPrefix(head, []byte(gzipMagic)) {
		return head
	}
	r, err := gzip.NewReader(bytes.NewReader(head))
	if err != nil {
		return nil
	}
	out := make([]byte, headBytes)
	n, _ := io.ReadFull(r, out) // the head is cut off, and so is what it unpacks to
	return out[:n]
}
