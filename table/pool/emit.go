package pool

import (
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// emit writes the file of a table, the one with that index, from its chunks.
func (a *Appender) emit(index int) (tableEntry, error) {
	entry := tableEntry{Name: a.name, File: fileName(index, a.name), Rows: a.total}
	frame, err := newFrame(a.name, a.fields, a.total, a.missing)
	if err != nil {
		return entry, err
	}
	f, err := newFile(filepath.Join(a.w.work.path, entry.File))
	if err != nil {
		return entry, err
	}
	defer f.Close()
	entry.Body, entry.Frame = frame.body, checksum(checksum(0, frame.head), frame.tail)
	entry.Bytes = frame.body.Offset + frame.body.Length + int64(len(frame.tail))
	for _, b := range a.by {
		entry.Sorted = append(entry.Sorted, a.fields[b].Name)
	}
	if err := f.Truncate(entry.Bytes); err != nil { // what nobody writes is padding
		return entry, err
	}
	columns := a.columns(f, frame.body.Offset)
	if err := a.give(columns); err != nil {
		return entry, err
	}
	for i, c := range columns {
		if err := c.flush(); err != nil {
			return entry, err
		}
		entry.Fields = append(entry.Fields, c.entry(a.fields[i]))
	}
	if _, err := f.WriteAt(frame.head, 0); err != nil {
		return entry, err
	}
	if _, err := f.WriteAt(frame.tail, frame.body.Offset+frame.body.Length); err != nil {
		return entry, err
	}
	if entry.SHA256, err = hashFile(f, entry.Bytes, a.w.blocks); err != nil {
		return entry, err
	}
	return entry, f.Sync()
}

// columns lays the columns of the table out from an offset on.
func (a *Appender) columns(f *os.File, at int64) []*column {
	out := make([]*column, len(a.fields))
	size := blockSize(a.w.o.Memory / 4 / int64(len(a.fields)))
	if len(a.w.blocks) < size*len(a.fields) {
		a.w.blocks = aligned(size * len(a.fields))
	}
	for i, field := range a.fields {
		c := &column{w: a.w, f: f, kind: field.Kind, block: a.w.blocks[i*size:][:0:size]}
		if a.missing[i] > 0 {
			c.bits = &buffer{span: span{at, (a.total + 7) / 8}}
			at += padded(c.bits.Length)
		}
		c.values = buffer{span: span{at, a.total * int64(field.Kind.width())}}
		at += padded(c.values.Length)
		out[i] = c
	}
	return out
}

// give hands the rows of all chunks to the columns, in the order of the table.
func (a *Appender) give(to []*column) error {
	if len(a.by) == 0 {
		for _, k := range a.chunks {
			for i, b := range a.w.spool.columns(k, a.fields) {
				if err := to[i].write(b); err != nil {
					return err
				}
			}
		}
		return nil
	}
	runs := make([]*run, len(a.chunks))
	for n, k := range a.chunks {
		columns := a.w.spool.columns(k, a.fields)
		runs[n] = &run{number: n, columns: columns, keys: a.keys(columns), end: k.rows}
	}
	return merge(runs, func(r *run, from, upTo int) error {
		for i, c := range to {
			width := c.kind.width()
			if err := c.write(r.columns[i][from*width : upTo*width]); err != nil {
				return err
			}
		}
		return nil
	})
}

// A column writes one column of a table to its place in the file, and keeps count.
type column struct {
	w      *Writer
	f      *os.File
	kind   Kind
	values buffer
	bits   *buffer // of the validity bitmap; nil where nothing is missing
	tally  tally

	block []byte // waits to be written
	done  int64  // bytes of values before it
	spare []byte // for bits
}

// blockSize is a size of blocks near n: whole values, and whole bytes of validity.
func blockSize(n int64) int { return int(min(max(n, 4<<10), 256<<10)) &^ (alignment*8 - 1) }

func (c *column) write(b []byte) error {
	for len(b) > 0 {
		if len(c.block) == 0 && len(b) >= cap(c.block) {
			if err := c.put(b[:cap(c.block)]); err != nil {
				return err
			}
			b = b[cap(c.block):]
			continue
		}
		n := min(len(b), cap(c.block)-len(c.block))
		c.block = append(c.block, b[:n]...)
		b = b[n:]
		if len(c.block) == cap(c.block) {
			if err := c.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *column) flush() error {
	err := c.put(c.block)
	c.block = c.block[:0]
	return err
}

// put writes a block; each but the last is of the same size.
func (c *column) put(b []byte) error {
	if c.w.aborted.Load() {
		return errDone
	}
	c.tally.add(c.kind, b)
	c.values.CRC = checksum(c.values.CRC, b)
	if _, err := c.f.WriteAt(b, c.values.Offset+c.done); err != nil {
		return err
	}
	if c.bits != nil {
		c.spare = validity(c.kind, b, c.spare[:0])
		c.bits.CRC = checksum(c.bits.CRC, c.spare)
		if _, err := c.f.WriteAt(c.spare, c.bits.Offset+c.done/int64(8*c.kind.width())); err != nil {
			return err
		}
	}
	c.done += int64(len(b))
	return nil
}

func (c *column) entry(f Field) fieldEntry {
	return fieldEntry{Name: f.Name, Kind: f.Kind.String(), Values: c.values, Validity: c.bits, Stats: c.tally.stats()}
}

// checksum goes on with a CRC32C.
func checksum(sum uint32, b []byte) uint32 {
	return crc32.Update(sum, crc32.MakeTable(crc32.Castagnoli), b)
}

func hashFile(f *os.File, size int64, buffer []byte) (string, error) {
	h := sha256.New()
	in := struct{ io.Reader }{io.NewSectionReader(f, 0, size)} // so that the buffer is used
	if _, err := io.CopyBuffer(h, in, buffer); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
