package vcf

import (
	"bufio"
	"fmt"
	"io"

	"hmsp.center/hmsp/format"
)

// feeder reads blocks and makes tasks of them.
type feeder struct {
	*blocks
	f *io.SectionReader
	r *bufio.Reader
	t *task
}

func (d *feeder) run(spans []span) {
	all := spans == nil
	if all {
		spans = []span{{0, 1<<64 - 1}}
	}
	for _, s := range spans {
		err := d.span(s, all)
		if !d.flush(err) || err != nil {
			return
		}
	}
}

// span reads the blocks of a span.
func (d *feeder) span(s span, all bool) error {
	at := int64(s.from >> 16)
	if _, err := d.f.Seek(at, io.SeekStart); err != nil {
		return astray()
	}
	d.r.Reset(d.f)
	for end := int64(s.to >> 16); at < end || at == end && s.to&0xffff != 0; {
		p := part{at: at, to: maxBlock}
		if at == int64(s.from>>16) {
			p.from = int(s.from & 0xffff)
		}
		if at == end {
			p.to = int(s.to & 0xffff)
		}
		if d.ctx.Err() != nil || !d.room() {
			return d.ctx.Err()
		}
		n, err := d.block(p)
		switch {
		case err == io.EOF && all:
			return nil
		case err == io.EOF:
			return astray()
		case err != nil:
			return err
		}
		at += int64(n)
	}
	return nil
}

func astray() error {
	return &format.Error{Text: "the index does not fit the file", Mend: "make it anew with `tabix -f -p vcf FILE` or `bcftools index -f FILE`, or remove it"}
}

// block reads a block into the task; io.EOF if there is none.
func (d *feeder) block(p part) (int, error) {
	head, err := d.r.Peek(blockHeader)
	switch {
	case len(head) == 0 && err == io.EOF:
		return 0, io.EOF
	case err == io.EOF:
		return 0, early()
	case err != nil:
		return 0, &format.Error{Text: "the file cannot be read", Mend: "check the disk", Cause: err}
	}
	size, data, ok := blockSize(head)
	if !ok {
		if more, _ := d.r.Peek(maxBlock); len(more) > 0 { // fields before BC
			size, data, ok = blockSize(more)
		}
	}
	if !ok {
		return 0, &format.Error{Text: fmt.Sprintf("no block begins at byte %d, where one should", p.at), Mend: "copy or export the file again"}
	}
	t := d.t
	p.start = len(t.in)
	p.data, p.end = p.start+data, p.start+size
	t.in = append(t.in, make([]byte, size)...)
	if _, err := io.ReadFull(d.r, t.in[p.start:]); err != nil {
		return 0, early()
	}
	t.parts = append(t.parts, p)
	return size, nil
}

// room sees to it that there is a task with room for a block.
func (d *feeder) room() bool {
	if d.t != nil && len(d.t.parts) == blocksInTask && !d.flush(nil) {
		return false
	}
	if d.t == nil {
		select {
		case d.t = <-d.free:
			d.t.in, d.t.parts, d.t.err = d.t.in[:0], d.t.parts[:0], nil
		case <-d.ctx.Done():
			return false
		}
	}
	return true
}

// flush hands the task to the workers; an error of reading comes after its blocks.
func (d *feeder) flush(err error) bool {
	if d.t == nil {
		if err == nil || d.ctx.Err() != nil {
			return true
		}
		if !d.room() {
			return false
		}
	}
	t := d.t
	d.t = nil
	if err != nil && len(t.parts) > 0 {
		// The blocks before are good: the error goes behind them.
		d.order <- t
		d.work <- t
		return d.flush(err)
	}
	t.err = err
	d.order <- t // has room: there are no more tasks than it holds
	d.work <- t
	return true
}
