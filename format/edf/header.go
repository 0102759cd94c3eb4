package edf

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/table"
)

// fixedBytes is the size of a header without its signals, and of what it has of each.
const fixedBytes = 256

// What a header may say at most.
const (
	maxSignals     = 4096
	maxRecordBytes = 64 << 20
)

// A header says what is in a file.
type header struct {
	begin         int64   // wall-clock; table.NoTime where there is no date
	records       int64   // -1 where not known
	seconds       float64 // of a record
	discontinuous bool    // EDF+D
	sampleBytes   int     // 2, or 3 in BDF
	recordBytes   int64
	signals       []signal
}

// A signal is a signal of a file: its values are gain*digital+offset in its dimension.
type signal struct {
	label, dimension string
	gain, offset     float64
	samples          int // in a record
}

// sampleBytes tells EDF from BDF by the version; 0 of neither.
func sampleBytes(head []byte) int {
	switch {
	case string(head[:8]) == "0       ":
		return 2
	case string(head[:8]) == "\xffBIOSEMI":
		return 3
	}
	return 0
}

const mendHeader = "export the recording again"

func readHeader(path string, in io.Reader) (*header, error) {
	cut := func(err error) error {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return bad(path, 0, "", "the file ends within its header", "the recording is cut; copy it again")
		}
		return err
	}
	head := make([]byte, fixedBytes)
	if _, err := io.ReadFull(in, head); err != nil {
		return nil, cut(err)
	}
	h := &header{sampleBytes: sampleBytes(head), begin: table.NoTime}
	if h.sampleBytes == 0 {
		return nil, bad(path, 0, "version", "this is no EDF file", "name a file that begins with 0 and seven spaces")
	}
	h.discontinuous = strings.HasPrefix(text(head[192:236]), "EDF+D") || strings.HasPrefix(text(head[192:236]), "BDF+D")
	count, ok := whole(head[252:256])
	if !ok || count < 1 || count > maxSignals {
		return nil, bad(path, 0, "number of signals", fmt.Sprintf("this is not 1 to %d", maxSignals), mendHeader)
	}
	if size, ok := whole(head[184:192]); !ok || size != fixedBytes*(1+count) {
		return nil, bad(path, 0, "number of bytes in header", "this is not 256 for the file and for each signal", mendHeader)
	}
	if h.records, ok = whole(head[236:244]); !ok || h.records < -1 {
		return nil, bad(path, 0, "number of data records", "this is no whole number", mendHeader)
	}
	if h.seconds, ok = number(head[244:252]); !ok || h.seconds < 0 || h.seconds > 1e6 {
		return nil, bad(path, 0, "duration of a data record", "this is no number of seconds", mendHeader)
	}
	if err := h.date(path, head); err != nil {
		return nil, err
	}
	rest := make([]byte, fixedBytes*count) // at most 1 MiB
	if _, err := io.ReadFull(in, rest); err != nil {
		return nil, cut(err)
	}
	return h, h.read(path, rest, int(count))
}

// date reads the begin: two digits of the year in one field, four in another of EDF+.
func (h *header) date(path string, head []byte) error {
	day, clock := text(head[168:176]), text(head[176:184])
	parts := strings.FieldsFunc(day, func(r rune) bool { return r == '.' || r == '-' || r == '/' || r == ':' })
	if len(parts) != 3 {
		return bad(path, 0, "startdate", "this is no date as dd.mm.yy", mendHeader)
	}
	if day == "01.01.85" {
		return nil
	}
	year := "19" + parts[2]
	if parts[2] < "85" { // clipped (Kemp and Olivan 2003)
		year = "20" + parts[2]
	}
	if f := strings.Fields(text(head[88:168])); len(f) > 1 && f[0] == "Startdate" && len(f[1]) == 11 {
		year = f[1][7:]
	}
	t, ok := format.ParseTime(fmt.Sprintf("%s-%s-%sT%s", year, parts[1], parts[0], strings.NewReplacer(".", ":", "-", ":").Replace(clock)), format.ISODate)
	if !ok {
		return bad(path, 0, "startdate", "this is no date as dd.mm.yy, or the starttime behind it no time as hh.mm.ss", mendHeader)
	}
	h.begin = t
	return nil
}

// read reads the fields of the signals, each field of all signals before the next.
func (h *header) read(path string, rest []byte, count int) error {
	at := 0
	field := func(width, i int) []byte { return rest[at+width*i : at+width*(i+1)] }
	type bounds struct{ low, high [2]float64 } // physical, digital
	limits := make([]bounds, count)
	h.signals = make([]signal, count)
	for _, f := range [...]struct {
		name  string
		width int
		set   func(i int, b []byte) bool
	}{
		{"label", 16, func(i int, b []byte) bool { h.signals[i].label = text(b); return true }},
		{"transducer", 80, func(int, []byte) bool { return true }},
		{"physical dimension", 8, func(i int, b []byte) bool { h.signals[i].dimension = text(b); return true }},
		{"physical minimum", 8, func(i int, b []byte) (ok bool) { limits[i].low[0], ok = number(b); return ok }},
		{"physical maximum", 8, func(i int, b []byte) (ok bool) { limits[i].high[0], ok = number(b); return ok }},
		{"digital minimum", 8, func(i int, b []byte) (ok bool) { limits[i].low[1], ok = number(b); return ok }},
		{"digital maximum", 8, func(i int, b []byte) (ok bool) { limits[i].high[1], ok = number(b); return ok }},
		{"prefiltering", 80, func(int, []byte) bool { return true }},
		{"number of samples in a data record", 8, func(i int, b []byte) bool {
			n, ok := whole(b)
			h.signals[i].samples = int(n)
			return ok && n >= 1 && n <= maxRecordBytes
		}},
	} {
		for i := range count {
			if !f.set(i, field(f.width, i)) {
				return bad(path, 0, f.name, fmt.Sprintf("signal %d has no such number that the format allows", i+1), mendHeader)
			}
		}
		at += f.width * count
	}
	for i := range h.signals {
		s, l := &h.signals[i], limits[i]
		if h.recordBytes += int64(s.samples) * int64(h.sampleBytes); h.recordBytes > maxRecordBytes {
			return bad(path, 0, "number of samples in a data record", "a record is larger than 64 MiB", mendHeader)
		}
		if s.annotations() {
			continue
		}
		if l.low[1] >= l.high[1] || l.low[0] == l.high[0] {
			return bad(path, 0, "digital maximum", fmt.Sprintf("signal %d has no range of values", i+1), mendHeader)
		}
		s.gain = (l.high[0] - l.low[0]) / (l.high[1] - l.low[1])
		s.offset = l.low[0] - s.gain*l.low[1]
	}
	return nil
}

func (s *signal) annotations() bool {
	return s.label == "EDF Annotations" || s.label == "BDF Annotations"
}

func text(b []byte) string { return strings.TrimSpace(string(b)) }

func whole(b []byte) (int64, bool) {
	n, err := strconv.ParseInt(text(b), 10, 64)
	return n, err == nil
}

func number(b []byte) (float64, bool) {
	x, err := strconv.ParseFloat(text(b), 64)
	return x, err == nil && !math.IsNaN(x) && !math.IsInf(x, 0)
}
