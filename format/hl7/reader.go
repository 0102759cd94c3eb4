package hl7

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync/atomic"
	"unicode/utf8"

	"hmsp.center/hmsp/format"
)

// A reader gives the rows of the messages in a source, file after file.
type reader struct {
	ctx      context.Context
	source   *source
	options  format.Options
	files    []string // still to read
	in       *scanner
	message  *message // nil between messages
	parts    message  // reused
	messages int      // since BHS
	batches  int      // since FHS
	builders map[string]*builder
	full     []batch
	lined    bool
	failed   error // of the text of a segment
	read     atomic.Int64
	notes    map[string]int
	done     error
}

func newReader(ctx context.Context, s *source, builders map[string]*builder, o format.Options) *reader {
	r := &reader{ctx: ctx, source: s, options: o, files: s.files, builders: builders, lined: len(s.files) == 1, notes: map[string]int{}}
	r.parts.shared = &shared{met: map[codeKey]string{}, one: row{text: map[string]string{}}, give: r.give, text: r.text,
		wants: func(table string) bool { return builders[table] != nil }, note: func(what string) { r.notes[what]++ }}
	for _, b := range builders {
		for _, p := range b.places {
			if p.segment != "" && r.parts.last == nil {
				r.parts.last = map[string]segment{}
			}
		}
	}
	return r
}

// Columns describes the columns of a table.
func (r *reader) Columns(table string) []format.Column {
	if b := r.builders[table]; b != nil {
		return b.columns
	}
	return nil
}

// Next reads messages until a table has a batch.
func (r *reader) Next() (string, format.Batch, error) {
	for r.done == nil && len(r.full) == 0 {
		if err := r.ctx.Err(); err != nil {
			r.done = err
		} else if err := r.step(); err == io.EOF {
			r.last()
			r.done = io.EOF
		} else if err != nil {
			r.done = err
		}
	}
	if len(r.full) == 0 || r.done != nil && r.done != io.EOF {
		return "", format.Batch{}, r.done
	}
	b := r.full[0]
	r.full = r.full[1:]
	return b.table, b.Batch, nil
}

// A batch is a batch of a table.
type batch struct {
	format.Batch
	table string
}

// last makes batches of what is left.
func (r *reader) last() {
	for _, name := range slices.Sorted(maps.Keys(r.builders)) {
		if b := r.builders[name]; b.batch.Rows > 0 {
			r.full = append(r.full, batch{b.take(), name})
		}
	}
}

// step reads a segment; io.EOF after the last of the last file.
func (r *reader) step() error {
	if r.in == nil {
		if len(r.files) == 0 {
			return io.EOF
		}
		in, err := openScanner(r.files[0], r.options.MaxBytes, &r.read)
		if err != nil {
			return err
		}
		r.in, r.files = in, r.files[1:]
		r.messages, r.batches = 0, 0
	}
	raw, err := r.in.segment()
	if err == io.EOF {
		r.finish()
		in := r.in
		r.in = nil
		return in.close()
	}
	if err != nil {
		return err
	}
	return r.segment(raw)
}

// finish ends a message.
func (r *reader) finish() {
	if r.message != nil {
		r.message.flush()
	}
	r.message = nil
}

// segment reads one of the envelope, or of the message at hand.
func (r *reader) segment(raw []byte) error {
	if len(raw) < 3 || !segmentName(raw[:3]) || len(raw) > 3 && !mark(raw[3]) {
		return r.in.fail("this line does not begin like a segment, with its name of three letters and a delimiter", `line ends inside a text must be written \.br\; export the messages again`)
	}
	m := &r.parts
	switch name := string(raw[:3]); name {
	case "FHS", "BHS", "BTS", "FTS":
		r.finish()
		return r.envelope(name, raw)
	case "MSH":
		r.finish()
		if err := m.begin(raw, r.in.fail); err != nil {
			return err
		}
		r.message = m
		r.messages++
	case "ADD", "DSC":
		if name == "ADD" {
			return r.in.fail("the segment goes on with one of another message (ADD), which is not read", "have the sender not split messages")
		}
	default:
		if r.message == nil {
			return r.in.fail("the segment stands before any message", "a message begins with MSH; export the messages again")
		}
		if len(raw) > 3 && raw[3] != m.delimiters.field {
			return r.in.fail("the segment's fields are not parted by the delimiter that MSH-1 names", "export the messages again")
		}
		m.cut(raw)
	}
	if m.line = r.in.line; m.last != nil {
		s := m.segment
		s.fields = make([][]byte, len(m.fields))
		for i, f := range m.fields {
			s.fields[i] = slices.Clone(f)
		}
		m.last[m.name()] = s
	}
	m.read()
	return r.failed
}

// envelope reads the header or trailer of a batch or of a file (2.10.3). A trailer
// that counts what is not there tells of a file that is cut or put together wrongly.
func (r *reader) envelope(name string, raw []byte) error {
	s := segment{delimiters: delimiters{field: '|'}}
	if len(raw) > 3 {
		s.field = raw[3]
	}
	s.cut(raw)
	have, what := 0, ""
	switch name {
	case "FHS":
		r.batches, r.messages = 0, 0
	case "BHS":
		r.messages = 0
	case "BTS":
		have, what = r.messages, "messages"
		r.messages = 0
		r.batches++
	case "FTS":
		if have, what = r.batches, "batches"; r.messages > 0 {
			have++ // a batch may come without BHS and BTS
		}
		r.batches = 0
	}
	if n := count(string(s.get(1))); what != "" && n >= 0 && n != have {
		return r.in.fail("%s counts %d %s and there are %d", "the file is cut off or put together from parts; export it again", name, n, what, have)
	}
	return nil
}

// text is the text of a part of a segment, without escapes, in UTF-8; "" where the
// part says that there is none.
func (r *reader) text(raw []byte) string {
	if len(raw) == 0 || null(raw) {
		return ""
	}
	m := &r.parts
	if bytes.IndexByte(raw, m.escape) >= 0 {
		raw = m.unescape(nil, raw)
	}
	s, ok := m.charset.text(raw)
	if m.charset == unnamed && !utf8.Valid(raw) {
		r.notes["values of messages that name no character set are not UTF-8 and are read as windows-1252"]++
	}
	if !ok && r.failed == nil {
		if m.charset == notOffered {
			r.failed = r.in.fail("the message is in a character set that is not read", "convert it to UTF-8 and set MSH-18 to UNICODE UTF-8")
		} else {
			r.failed = r.in.fail("the segment is not UTF-8, as MSH-18 says", "set MSH-18 to what it is, such as 8859/1")
		}
	}
	return trim(s)
}

// give puts a row where it is wanted.
func (r *reader) give(one *row, line int) {
	b := r.builders[one.table]
	if b == nil {
		return
	}
	if !r.lined {
		line = 0
	}
	b.add(one, line, r.parts.place)
	if b.batch.Rows >= r.options.BatchRows || b.size >= r.options.MaxBytes/2 {
		r.full = append(r.full, batch{b.take(), b.table})
	}
}

// Notes says what was left out, when everything has been read.
func (r *reader) Notes() []string {
	out := slices.Clone(r.source.notes)
	for _, what := range slices.Sorted(maps.Keys(r.notes)) {
		out = append(out, fmt.Sprintf("%d %s", r.notes[what], what))
	}
	return out
}

// Progress is how many bytes of the files have been read.
func (r *reader) Progress() (read, of int64) { return min(r.read.Load(), r.source.size), r.source.size }

func (r *reader) Close() error {
	r.done = os.ErrClosed
	if r.in == nil {
		return nil
	}
	in := r.in
	r.in = nil
	return in.close()
}
