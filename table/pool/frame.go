package pool

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// A frame is an Arrow IPC file without the body of its one record batch: what comes
// before and after the columns. The body is buffer after buffer, validity (where a
// value is missing) before values, column after column, each padded to alignment.
type frame struct {
	head, tail []byte
	body       span
}

// newFrame has arrow-go write a file whose columns have the right lengths and lie in
// memory that nobody may read, and keeps what is not of the columns.
func newFrame(name string, fields []Field, rows int64, missing []int64) (frame, error) {
	blank, err := reserve(padded(max(1, rows) * 8))
	if err != nil {
		return frame{}, err
	}
	defer unmapFile(blank)
	alloc := memory.Allocator(blankAllocator{memory.NewGoAllocator(), blank})
	for pad := 0; pad < alignment; pad += 4 {
		batch := record(schema(name, fields, pad), rows, missing, func(_ int, n int64) []byte { return blank[:padded(n)] })
		at, err := bodyOffset(batch, alloc)
		if err == nil && at%alignment == 0 {
			var f frame
			f, err = write(batch, at, alloc)
			batch.Release()
			return f, err
		}
		batch.Release()
		if err != nil {
			return frame{}, err
		}
	}
	return frame{}, fmt.Errorf("table %q: its columns cannot be aligned", name)
}

// schema describes a table to readers of Arrow. Messages of Arrow files start at
// multiples of 8; pad spaces move the columns on to one of 64.
func schema(name string, fields []Field, pad int) *arrow.Schema {
	out := make([]arrow.Field, len(fields))
	for i, f := range fields {
		out[i] = arrow.Field{Name: f.Name, Type: f.Kind.arrow(), Nullable: f.Kind != Uint64}
	}
	about := arrow.NewMetadata([]string{"hmsp", "table", "pad"}, []string{Version, name, strings.Repeat(" ", pad)})
	return arrow.NewSchema(out, &about)
}

func (k Kind) arrow() arrow.DataType {
	switch k {
	case Float64:
		return arrow.PrimitiveTypes.Float64
	case Int64:
		return arrow.PrimitiveTypes.Int64
	case Int32:
		return arrow.PrimitiveTypes.Int32
	}
	return arrow.PrimitiveTypes.Uint64
}

// record makes a record batch of buffers: number 2i is the validity of column i, 2i+1
// its values; each of n bytes at least.
func record(s *arrow.Schema, rows int64, missing []int64, bytes func(number int, n int64) []byte) arrow.RecordBatch {
	columns := make([]arrow.Array, s.NumFields())
	for i, f := range s.Fields() {
		buffers := []*memory.Buffer{nil, nil}
		if missing[i] > 0 {
			buffers[0] = memory.NewBufferBytes(bytes(2*i, (rows+7)/8))
		}
		width := int64(f.Type.(arrow.FixedWidthDataType).BitWidth() / 8)
		buffers[1] = memory.NewBufferBytes(bytes(2*i+1, rows*width))
		data := array.NewData(f.Type, int(rows), buffers, nil, int(missing[i]), 0)
		columns[i] = array.MakeFromData(data)
		data.Release()
		defer columns[i].Release()
	}
	return array.NewRecordBatch(s, columns, rows)
}

// bodyOffset is where the body of the only record batch of a file starts: after the
// magic and two messages, each with a length before it and padded.
func bodyOffset(batch arrow.RecordBatch, alloc memory.Allocator) (int64, error) {
	s := ipc.GetSchemaPayload(batch.Schema(), alloc)
	defer s.Release()
	b, err := ipc.GetRecordBatchPayload(batch, ipc.WithAllocator(alloc))
	if err != nil {
		return 0, err
	}
	defer b.Release()
	at := int64(8)
	for _, p := range []*ipc.Payload{&s, &b} {
		meta := p.Meta()
		at += (8 + int64(meta.Len()) + 7) &^ 7
		meta.Release()
	}
	return at, nil
}

func write(batch arrow.RecordBatch, at int64, alloc memory.Allocator) (frame, error) {
	body := span{Offset: at}
	for _, c := range batch.Columns() {
		for _, b := range c.Data().Buffers() {
			if b != nil {
				body.Length += padded(int64(b.Len()))
			}
		}
	}
	out := &outside{body: body}
	w, err := ipc.NewFileWriter(out, ipc.WithSchema(batch.Schema()), ipc.WithAllocator(alloc))
	if err != nil {
		return frame{}, err
	}
	if err := w.Write(batch); err != nil {
		return frame{}, err
	}
	if err := w.Close(); err != nil {
		return frame{}, err
	}
	return frame{out.head, out.tail, body}, nil
}

// outside keeps what is written before and after a span, and does not look at what is
// written into it.
type outside struct {
	body       span
	at         int64
	head, tail []byte
}

func (o *outside) Write(p []byte) (int, error) {
	end := o.body.Offset + o.body.Length
	switch next := o.at + int64(len(p)); {
	case next <= o.body.Offset:
		o.head = append(o.head, p...)
	case o.at >= end:
		o.tail = append(o.tail, p...)
	case o.at < o.body.Offset || next > end:
		return 0, fmt.Errorf("the columns of an Arrow file do not lie at %d to %d", o.body.Offset, end)
	}
	o.at += int64(len(p))
	return len(p), nil
}

// blankAllocator lends memory that nobody may read for the bitmap that arrow-go makes
// of a column without values, and the heap's for messages.
type blankAllocator struct {
	memory.Allocator
	blank []byte
}

func (a blankAllocator) Allocate(n int) []byte {
	if n >= 64<<10 && n <= len(a.blank) {
		return a.blank[:n:n]
	}
	return a.Allocator.Allocate(n)
}
