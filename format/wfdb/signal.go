package wfdb

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/recording"
)

// lead is the signal in which beats are searched: the first whose description is that of
// a lead of an electrocardiogram, else the first alone that is in mV; -1 of none.
func (h *header) lead() int {
	named := regexp.MustCompile(`(?i)^(ecg|ekg|mlii?i?|i|ii|iii|avr|avl|avf|v[1-9]r?|mcl[1-6]?|cm[0-9]|cc[0-9]|d[1-4])\b`)
	for i, s := range h.signals {
		if s.file != "~" && named.MatchString(s.description) {
			return i
		}
	}
	for i, s := range h.signals {
		if s.file != "~" && s.description == "" && (s.units == "mV" || s.units == "uV") {
			return i
		}
	}
	return -1
}

// rateOf is the sampling rate of a signal; that of the record for -1.
func (h *header) rateOf(signal int) float64 {
	if signal < 0 {
		return h.frequency
	}
	return h.frequency * float64(h.signals[signal].perFrame)
}

// A group is the signals of one file.
type group struct {
	file    string
	format  int
	offset  int64
	signals []int // their places in the header
}

func (g *group) path(header string) string { return filepath.Join(filepath.Dir(header), g.file) }

// groups are the files of a header, without signals that are nowhere ("~").
func (h *header) groups() []*group {
	var out []*group
	for i, s := range h.signals {
		if s.file == "~" {
			continue
		}
		if n := len(out); n > 0 && out[n-1].file == s.file {
			out[n-1].signals = append(out[n-1].signals, i)
			continue
		}
		out = append(out, &group{file: s.file, format: s.format, offset: s.offset, signals: []int{i}})
	}
	return out
}

// read gives the samples of a group's signals, NaN where one is missing, and verifies the
// size of the file and the checksums of the signals.
func (g *group) read(ctx context.Context, header string, h *header, give func(signal int, value float64) error) error {
	const damaged = "the signals are cut or of another record; copy the record again"
	path := g.path(header)
	if info, err := os.Stat(path); os.IsNotExist(err) {
		return &format.Error{File: header, Text: "the record's signals are not beside the header", Mend: "copy the files of a record together: " + g.file + " is missing"}
	} else if err == nil && info.Size() == 0 {
		return &format.Error{File: path, Text: "the file is empty", Mend: damaged}
	}
	f, err := recording.Open(ctx, path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<16)
	if _, err := in.Discard(int(min(g.offset, math.MaxInt32))); err != nil {
		return bad(path, 0, "the file is cut short", damaged)
	}
	for _, i := range g.signals {
		if h.signals[i].format != g.format {
			return bad(header, 0, "signals of one file are in two formats", "export the record again")
		}
	}
	codec := codecOf(g.format)
	sums := make([]int64, len(g.signals))
	frames := int64(0)
	for ; h.frames == 0 || frames < h.frames; frames++ {
		for k, i := range g.signals {
			for range h.signals[i].perFrame {
				value, missing, err := codec.next(in)
				if err == io.EOF && k == 0 && h.frames == 0 {
					return g.verify(path, h, sums)
				}
				if err == io.EOF || err == io.ErrUnexpectedEOF {
					return bad(path, 0, fmt.Sprintf("the file ends in frame %d", frames+1), damaged)
				}
				if err != nil {
					return err
				}
				sums[k] += value
				x := float64(value)
				if missing {
					x = math.NaN()
				}
				if err := give(i, x); err != nil {
					return err
				}
			}
		}
	}
	// Format 310 and 311 fill up their last words.
	if rest, err := io.Copy(io.Discard, io.LimitReader(in, 64)); err != nil {
		return err
	} else if rest > 4 {
		return bad(path, 0, fmt.Sprintf("the file goes on behind its %d frames", h.frames), damaged)
	}
	return g.verify(path, h, sums)
}

// verify compares the sum of a signal's samples, in 16 bits, with the header's, where it
// has one that is not 0, as programs write that count none.
func (g *group) verify(path string, h *header, sums []int64) error {
	for k, i := range g.signals {
		s := h.signals[i]
		if s.checksum != 0 && int16(s.checksum) != int16(sums[k]) {
			return bad(path, 0, fmt.Sprintf("the checksum of signal %d is not the header's", i+1), "the signals were changed or are of another record; copy the record again")
		}
	}
	return nil
}
