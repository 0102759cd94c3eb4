package vcf

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"sync"

	"github.com/klauspost/compress/flate"

	"hmsp.center/hmsp/format"
)

// A BGZF file is a chain of gzip members of at most 64 KiB, each of which says its size in
// an extra field "BC", and the last of which is empty (SAM section 4.1).
const (
	maxBlock     = 64 << 10
	blockHeader  = 18 // without other extra fields
	blockFooter  = 8  // CRC32 and size
	blocksInTask = 4
)

// endOfFile is the last block (SAM section 4.1.2).
const endOfFile = "\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\x06\x00\x42\x43\x02\x00\x1b\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// isBlock says whether a block begins here.
func isBlock(head []byte) bool {
	_, _, ok := blockSize(head)
	return ok
}

// blockSize is the size of a block, and where its compressed data begins. The header may
// have other extra fields beside BC.
func blockSize(head []byte) (size, data int, ok bool) {
	if len(head) < blockHeader || !isGzip(head) || head[3] != 4 {
		return 0, 0, false
	}
	extra := int(binary.LittleEndian.Uint16(head[10:]))
	data = 12 + extra
	for p := 12; p+4 <= min(data, len(head)); {
		n := int(binary.LittleEndian.Uint16(head[p+2:]))
		if head[p] == 'B' && head[p+1] == 'C' && n == 2 && p+6 <= len(head) {
			size = int(binary.LittleEndian.Uint16(head[p+4:])) + 1
			return size, data, size >= data+blockFooter
		}
		p += 4 + n
	}
	return 0, 0, false
}

// whole checks that a BGZF file has its last block, without which it was cut.
func whole(f io.ReaderAt, size int64) error {
	var b [len(endOfFile)]byte
	if size >= int64(len(b)) {
		if _, err := f.ReadAt(b[:], size-int64(len(b))); err != nil {
			return &format.Error{Text: "the file cannot be read", Mend: "check the disk", Cause: err}
		}
	}
	if string(b[:]) != endOfFile {
		return &format.Error{Text: "the file ends early: the block that ends a BGZF file is missing",
			Mend: "copy or export it again; a whole file of a tool that writes no such block is mended by `gunzip -c FILE | bgzip`"}
	}
	return nil
}

// A task is a few blocks to be inflated together.
type task struct {
	in    []byte
	parts []part
	out   []byte
	err   error
	ready chan struct{}
}

// A part is a block of a task: where it lies in task.in and in the file, and which of its
// bytes are wanted.
type part struct {
	start, data, end int
	at               int64
	from, to         int
}

// blocks inflates a BGZF file with several goroutines: one reads blocks and hands tasks to
// workers; the tasks are taken in the file's order.
type blocks struct {
	ctx    context.Context
	cancel context.CancelFunc
	work   chan *task
	order  chan *task
	free   chan *task
	held   *task
	err    error
	done   sync.WaitGroup
}

// newBlocks reads the spans of a file, or all of it if they are nil.
func newBlocks(ctx context.Context, f *io.SectionReader, spans []span) *blocks {
	workers := min(max(2, runtime.GOMAXPROCS(0)), 8)
	tasks := 2*workers + 2
	b := &blocks{work: make(chan *task, tasks), order: make(chan *task, tasks), free: make(chan *task, tasks)}
	b.ctx, b.cancel = context.WithCancel(ctx)
	for range tasks {
		b.free <- &task{ready: make(chan struct{}, 1)}
	}
	b.done.Go(func() {
		defer close(b.work)
		defer close(b.order)
		(&feeder{blocks: b, f: f, r: bufio.NewReaderSize(f, pieceBytes)}).run(spans)
	})
	for range workers {
		b.done.Go(b.inflate)
	}
	return b
}

func (b *blocks) inflate() {
	in := bytes.NewReader(nil)
	z := flate.NewReader(in)
	for t := range b.work {
		t.out = t.out[:0]
		for _, p := range t.parts {
			if t.err == nil {
				t.err = b.ctx.Err()
			}
			if t.err == nil {
				t.err = t.inflate(p, in, z)
			}
		}
		t.ready <- struct{}{}
	}
}

// inflate adds a block's bytes to t.out.
func (t *task) inflate(p part, in *bytes.Reader, z io.ReadCloser) error {
	foot := t.in[p.end-blockFooter : p.end]
	size := int(binary.LittleEndian.Uint32(foot[4:]))
	if uint(size) > maxBlock {
		return damaged(p.at)
	}
	n := len(t.out)
	if cap(t.out) < n+size {
		t.out = append(make([]byte, 0, blocksInTask*maxBlock), t.out...)
	}
	out := t.out[n : n+size]
	in.Reset(t.in[p.data : p.end-blockFooter])
	if err := z.(flate.Resetter).Reset(in, nil); err != nil {
		return damaged(p.at)
	}
	if _, err := io.ReadFull(z, out); err != nil {
		return damaged(p.at)
	}
	var more [1]byte
	if k, err := z.Read(more[:]); k != 0 || err != io.EOF || in.Len() != 0 {
		return damaged(p.at)
	}
	if crc32.ChecksumIEEE(out) != binary.LittleEndian.Uint32(foot) {
		return damaged(p.at)
	}
	to := min(p.to, size)
	from := min(p.from, to)
	t.out = t.out[:n+copy(t.out[n:n+to-from], out[from:to])]
	return nil
}

func damaged(at int64) error {
	return &format.Error{Text: fmt.Sprintf("the block at byte %d is damaged: its check sum or its size is not what it says", at), Mend: "copy or export the file again"}
}

func (b *blocks) next() ([]byte, error) {
	for {
		if b.held != nil {
			b.free <- b.held
			b.held = nil
		}
		if b.err != nil {
			return nil, b.err
		}
		t, ok := <-b.order // closed when the context ends
		if !ok {
			b.err = b.ctx.Err()
			if b.err == nil {
				b.err = io.EOF
			}
			return nil, b.err
		}
		<-t.ready
		b.held, b.err = t, t.err
		if len(t.out) > 0 {
			return t.out, nil
		}
	}
}

func (b *blocks) close() {
	b.cancel()
	b.done.Wait()
}
