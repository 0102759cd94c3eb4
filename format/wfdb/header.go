package wfdb

import (
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/table"
)

// maxHeader bounds a header in bytes, and maxSignals the signals that it may name.
const (
	maxHeader  = 1 << 20
	maxSignals = 1024
)

// A header is a .hea file.
type header struct {
	frequency float64 // frames a second
	frames    int64   // of each signal; 0 where not said
	begin     int64   // wall-clock time; table.NoTime where there is no base date
	count     int     // of signals
	signals   []signal
}

// A signal is one line of a header.
type signal struct {
	file        string
	format      int
	perFrame    int64
	skew        int64
	offset      int64
	units       string
	checksum    int64
	description string
}

func readHeader(path string) ([]byte, error) {
	f, err := format.OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxHeader+1))
	if err != nil {
		return nil, &format.Error{File: path, Text: "the file cannot be read", Mend: "check the disk", Cause: err}
	}
	if len(text) > maxHeader {
		return nil, bad(path, 0, "the header is longer than 1 MB", "name the .hea file of a record")
	}
	return text, nil
}

func bad(path string, line int, text, mend string) error {
	return &format.Error{File: path, Line: line, Text: text, Mend: mend}
}

// parseHeader reads a header. Lines of comments and empty ones are passed over; Sniff may
// give it the beginning alone.
func parseHeader(path string, text []byte) (*header, error) {
	var h *header
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if h == nil {
			var err error
			if h, err = recordLine(path, line); err != nil {
				return nil, err
			}
			continue
		}
		if len(h.signals) == h.count {
			break // info strings of old records
		}
		s, err := signalLine(path, i+1, line)
		if err != nil {
			return nil, err
		}
		h.signals = append(h.signals, s)
	}
	if h == nil {
		return nil, bad(path, 0, "there is no record line", "export the record again")
	}
	if len(h.signals) != h.count {
		return nil, bad(path, 0, fmt.Sprintf("the record line counts %d signals, and %d follow", h.count, len(h.signals)), "the header is cut; copy it again")
	}
	return h, nil
}

func firstLine(head []byte) string {
	for line := range strings.SplitSeq(string(head), "\n") {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return line
		}
	}
	return ""
}

// recordLine reads "name[/segments] signals [frequency[/counter[(base)]] [samples [time [date]]]]".
func recordLine(path, line string) (*header, error) {
	const mend = "it is name, number of signals, frequency, number of samples, time, date, as header(5) has it"
	f := strings.Fields(line)
	h := &header{frequency: 250, begin: table.NoTime}
	wrong := func(what string) (*header, error) {
		return nil, bad(path, 0, "the record line's "+what+" is not what header(5) allows", mend)
	}
	if len(f) < 2 || len(f) > 6 || !regexp.MustCompile(`^[A-Za-z0-9_\-]+(/[0-9]+)?$`).MatchString(f[0]) {
		return wrong("name")
	}
	if strings.Contains(f[0], "/") {
		return nil, bad(path, 0, "this is a record of several segments", "name the header of a segment, or join them to one record")
	}
	var err error
	if h.count, err = strconv.Atoi(f[1]); err != nil || h.count < 0 || h.count > maxSignals {
		return wrong("number of signals")
	}
	if len(f) > 2 {
		rate, _, _ := strings.Cut(f[2], "/")
		if h.frequency, err = strconv.ParseFloat(rate, 64); err != nil || !(h.frequency > 0 && h.frequency <= 1e6) {
			return wrong("frequency")
		}
	}
	if len(f) > 3 {
		if h.frames, err = strconv.ParseInt(f[3], 10, 64); err != nil || h.frames < 0 || h.frames > 1<<40 {
			return wrong("number of samples")
		}
	}
	if len(f) > 5 {
		day := strings.Split(f[5], "/")
		if len(day) != 3 {
			return wrong("date")
		}
		t, ok := format.ParseTime(fmt.Sprintf("%s-%s-%sT%s", day[2], pad(day[1]), pad(day[0]), clock(f[4])), format.ISODate)
		if !ok {
			return wrong("time or date")
		}
		h.begin = t
	}
	return h, nil
}

func pad(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}

// clock is a time of day, of which hours and minutes may be left out.
func clock(s string) string {
	parts := strings.Split(s, ":")
	for len(parts) < 3 {
		parts = append([]string{"0"}, parts...)
	}
	for i := range parts {
		parts[i] = pad(parts[i])
	}
	return strings.Join(parts, ":")
}

// signalLine reads "file format[xN][:skew][+offset] [gain[(baseline)][/units] [resolution
// [zero [initial [checksum [block [description]]]]]]]".
func signalLine(path string, line int, text string) (signal, error) {
	const mend = "it is file, format, gain, resolution, zero, initial value, checksum, block size, description, as header(5) has it"
	f := strings.Fields(text)
	if len(f) < 2 {
		return signal{}, bad(path, line, "the line of a signal is cut", mend)
	}
	s := signal{file: f[0], perFrame: 1, units: "mV"}
	if s.file != filepath.Base(s.file) || strings.ContainsAny(s.file, `/\:`) || s.file == ".." || s.file == "." || s.file == "-" {
		return signal{}, bad(path, line, "a signal's file is not beside the header", "keep the files of a record in one folder, and name them without it")
	}
	m := regexp.MustCompile(`^([0-9]{1,4})(?:x([0-9]{1,5}))?(?::([0-9]{1,9}))?(?:\+([0-9]{1,15}))?$`).FindStringSubmatch(f[1])
	if m == nil {
		return signal{}, bad(path, line, "a signal's format is not what header(5) allows", mend)
	}
	s.format, _ = strconv.Atoi(m[1])
	if m[2] != "" {
		s.perFrame, _ = strconv.ParseInt(m[2], 10, 64)
	}
	s.skew, _ = strconv.ParseInt(m[3], 10, 64)
	s.offset, _ = strconv.ParseInt(m[4], 10, 64)
	if codecOf(s.format) == nil || s.perFrame == 0 {
		return signal{}, bad(path, line, fmt.Sprintf("signals in format %d are not read", s.format), "convert the record to format 16 or 212, as the program xform of WFDB does")
	}
	if len(f) > 2 {
		if _, units, ok := strings.Cut(f[2], "/"); ok {
			s.units = units
		}
	}
	if len(f) > 6 {
		sum, err := strconv.ParseInt(f[6], 10, 32)
		if err != nil {
			return signal{}, bad(path, line, "a signal's checksum is no whole number", mend)
		}
		s.checksum = sum
	}
	if len(f) > 8 {
		s.description = strings.Join(f[8:], " ")
	}
	return s, nil
}
