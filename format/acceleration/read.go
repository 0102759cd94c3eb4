package acceleration

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/recording"
)

// maxLine bounds a line in bytes, and maxG a value in g: no sensor that is worn measures
// more.
const (
	maxLine = 4096
	maxG    = 100
)

// rows reads the rows of a file.
type rows struct {
	path string
	line int
	give func(time int64, g [3]float64) error

	timed   bool  // each row has its time
	named   bool  // each row has a time that is not read
	begin   int64 // of the first row, where they have none
	rate    float64
	count   int64 // rows so far
	columns int
	millis  bool // times are milliseconds since 1970

	second []byte // the text of the last time, without its fraction
	at     int64  // what it says
}

// read gives the rows of a file.
func read(ctx context.Context, path string, give func(time int64, g [3]float64) error) error {
	f, err := recording.Open(ctx, path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 64<<10)
	head, err := in.Peek(maxLine)
	if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
		return err
	}
	r := &rows{path: path, give: give, timed: true}
	skip := 0
	switch layoutOf(head) {
	case plain:
		skip = 1
	case geneactiv:
		skip = 100
	case actigraph:
		if skip, err = r.actigraph(in); err != nil {
			return err
		}
	case none:
		return r.bad("this is none of the files of raw acceleration that are read", "they begin as ActiGraph, Axivity or GENEActiv write them, or with the line timestamp,x,y,z")
	}
	for range skip {
		if _, err := r.next(in); err == io.EOF {
			return r.bad("the file is cut short: there are no rows", "copy or export it again")
		} else if err != nil {
			return err
		}
	}
	for {
		line, err := r.next(in)
		if err == io.EOF {
			if r.count == 0 {
				return r.bad("the file is cut short: there are no rows", "copy or export it again")
			}
			return nil
		}
		if err != nil {
			return err
		}
		if err := r.row(line); err != nil {
			return err
		}
	}
}

// next reads a line; io.EOF behind the last. A last line without its end is one that was
// cut.
func (r *rows) next(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if len(line) > 0 {
		r.line++
	}
	switch {
	case err == bufio.ErrBufferFull || len(line) > maxLine:
		return nil, r.bad("the line is longer than 4096 characters", "export the file again")
	case err == io.EOF && len(line) > 0:
		return nil, r.bad("the last line does not end: the file is cut short", "copy or export it again")
	case err != nil:
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

func (r *rows) bad(text, mend string) error {
	return &format.Error{File: r.path, Line: r.line, Text: text, Mend: mend}
}

// row reads "x,y,z" or "time,x,y,z" with more behind.
func (r *rows) row(line []byte) error {
	const mend = "rows are time, x, y, z with decimal points, parted by commas; export the file again"
	cells := 1 + bytes.Count(line, []byte{','})
	if r.columns == 0 {
		r.columns = cells
	}
	if cells != r.columns || cells < 3 || (r.timed || r.named) && cells < 4 {
		return r.bad("the row has more or fewer values than the rows before", mend)
	}
	time := r.begin
	if r.timed {
		cell, rest, _ := bytes.Cut(line, []byte{','})
		var ok bool
		if time, ok = r.time(cell); !ok {
			return r.bad("the row does not begin with a time", mend)
		}
		line = rest
	} else {
		if r.named {
			_, line, _ = bytes.Cut(line, []byte{','})
		}
		time += int64(float64(r.count) / r.rate)
	}
	var g [3]float64
	for i := range g {
		var cell []byte
		cell, line, _ = bytes.Cut(line, []byte{','})
		x, err := strconv.ParseFloat(string(cell), 64)
		if err != nil || !(math.Abs(x) <= maxG) {
			return &format.Error{File: r.path, Line: r.line, Column: "xyz"[i : i+1], Text: "this is no acceleration in g", Mend: mend}
		}
		g[i] = x
	}
	r.count++
	return r.give(time, g)
}

// time reads a time, with parts of a second behind a point or, as GENEActiv has it, a
// colon; or seconds or milliseconds since 1970.
func (r *rows) time(cell []byte) (int64, bool) {
	if n := len(cell); n >= 10 && n <= 17 && bytes.IndexByte(cell, '-') < 0 {
		x, err := strconv.ParseFloat(string(cell), 64)
		if err != nil || !(x > 0) {
			return 0, false
		}
		if r.count == 0 {
			r.millis = x > 1e11
		}
		if r.millis {
			x /= 1000
		}
		return int64(x), x < 1e11
	}
	whole := cell
	if len(cell) > 19 {
		whole = cell[:19]
	}
	if r.second != nil && bytes.Equal(whole, r.second) {
		return r.at, true
	}
	text := string(cell)
	if len(cell) > 20 && cell[19] == ':' {
		text = text[:19] + "." + text[20:]
	}
	t, ok := format.ParseTime(text, format.ISODate)
	if ok {
		r.second, r.at = append(r.second[:0], whole...), t
	}
	return t, ok && len(cell) >= 19
}

// actigraph reads the ten lines about a file, and says whether a line of names follows.
func (r *rows) actigraph(in *bufio.Reader) (skip int, err error) {
	const mend = "export the raw file with ActiLife again"
	var day, clock, layout string
	for i := range 10 {
		line, err := r.next(in)
		if err == io.EOF {
			return 0, r.bad("the file is cut short: there are no rows", mend)
		}
		if err != nil {
			return 0, err
		}
		text := strings.TrimRight(string(line), ",")
		if i == 0 {
			m := regexp.MustCompile(`date format (\S+) at (\d+) Hz`).FindStringSubmatch(text)
			if m == nil {
				return 0, r.bad("the first line does not say the date format and the rate in Hz", mend)
			}
			layout = m[1]
			r.rate, _ = strconv.ParseFloat(m[2], 64)
		}
		if s, ok := strings.CutPrefix(text, "Start Time "); ok {
			clock = s
		}
		if s, ok := strings.CutPrefix(text, "Start Date "); ok {
			day = s
		}
		if s, ok := strings.CutPrefix(text, "Epoch Period (hh:mm:ss) "); ok && s != "00:00:00" {
			return 0, r.bad("these are counts per epoch, not raw acceleration", mend)
		}
	}
	if !(r.rate >= 1 && r.rate <= 10000) {
		return 0, r.bad("the first line does not say the rate in Hz", mend)
	}
	d, ok := date(day, layout)
	var t int64
	if ok {
		t, ok = format.ParseTime(d+"T"+pad(clock, 8), format.ISODate)
	}
	if !ok {
		return 0, r.bad("the lines about the file do not say when it began", mend)
	}
	r.begin, r.timed = t, false
	next, err := in.Peek(len("Timestamp"))
	if err != nil && err != io.EOF {
		return 0, err
	}
	// Rows may begin with a time in the file's own form, which says no more than the rate.
	r.named = string(next) == "Timestamp"
	if r.named || bytes.HasPrefix(next, []byte("Acc")) {
		return 1, nil
	}
	return 0, nil
}

// date is a day in ISO 8601, of one as "M/d/yyyy" or "dd.MM.yyyy" names its order.
func date(text, layout string) (string, bool) {
	parted := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r == '/' || r == '.' || r == '-' })
	}
	values, names := parted(text), parted(layout)
	if len(values) != 3 || len(names) != 3 {
		return "", false
	}
	var year, month, day string
	for i, n := range names {
		switch n[0] {
		case 'y':
			year = values[i]
		case 'M':
			month = values[i]
		case 'd':
			day = values[i]
		}
	}
	return year + "-" + pad(month, 2) + "-" + pad(day, 2), true
}

func pad(s string, n int) string { return strings.Repeat("0", max(n-len(s), 0)) + s }
