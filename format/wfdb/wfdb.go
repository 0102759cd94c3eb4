// Package wfdb reads records of the WaveForm DataBase, as PhysioNet publishes them: a
// header (.hea), signals (.dat) and annotations of beats (.atr) beside it.
//
// It serves the clinical tables with heart rate and heart rate variability: of the
// annotated beats, or where there are none of the beats that the detector of package ecg
// finds in the first electrocardiogram. A record is named by its header. A header without
// a base date gives samples no time (table.NoTime), and no hour and no day has them; the
// record line says where to add it: "100 2 360 650000 08:30:00 31/01/2024".
//
// It refuses records of several segments, signals that are shorter or longer than the
// header says or whose checksum is another, annotations without their end, and names that
// lead out of the record's folder. The formats are those of header(5), signal(5) and
// annot(5) of the WFDB Applications Guide, 10th edition.
package wfdb

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/ecg"
	"hmsp.center/hmsp/format/internal/recording"
	"hmsp.center/hmsp/table"
)

// New returns the WFDB format.
func New() format.Format { return recording.Format{Decoder: Decoder{}} }

// Decoder reads WFDB records: a recording.Decoder.
type Decoder struct{}

// Name is "wfdb".
func (Decoder) Name() string { return "wfdb" }

// Sniff looks for a record line and, behind it, the line of a signal whose file is named
// .dat or as the record.
func (Decoder) Sniff(head []byte, filename string) int {
	if !strings.EqualFold(filepath.Ext(filename), ".hea") || bytes.IndexByte(head, 0) >= 0 {
		return 0
	}
	if h, err := parseHeader(filename, head); err == nil && len(h.signals) > 0 {
		return 95
	}
	// What is refused with a reason: signals that are not read, records of segments.
	if regexp.MustCompile(`^[A-Za-z0-9_\-]+(/[0-9]+)? [0-9]+( |$)`).MatchString(firstLine(head)) {
		return 60
	}
	return 0
}

// Companions are the signals and the annotations of a header.
func (Decoder) Companions(path string) []string {
	text, err := readHeader(path)
	if err != nil {
		return nil
	}
	var out []string
	if h, err := parseHeader(path, text); err == nil {
		for _, g := range h.groups() {
			out = appendFile(out, g.path(path))
		}
	}
	if a := annotations(path); a != "" {
		out = append(out, a)
	}
	return out
}

func appendFile(out []string, path string) []string {
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		return append(out, path)
	}
	return out
}

// annotations is the file of a record's annotations; "" if it has none. Those of people
// go before those of programs.
func annotations(header string) string {
	record := strings.TrimSuffix(header, filepath.Ext(header))
	for _, annotator := range [3]string{".atr", ".ecg", ".qrs"} {
		if files := appendFile(nil, record+annotator); files != nil {
			return files[0]
		}
	}
	return ""
}

// Decode reads a record: every signal, for its checksum, and the beats.
func (Decoder) Decode(ctx context.Context, path string, emit func(patient string, s activity.Sample) error) error {
	text, err := readHeader(path)
	if err != nil {
		return err
	}
	h, err := parseHeader(path, text)
	if err != nil {
		return err
	}
	r := &ecg.Rhythm{Begin: h.begin, Emit: func(s activity.Sample) error { return emit("", s) }}
	if h.begin == table.NoTime {
		recording.Note(ctx, "WFDB records without a base date in their header, which have no place in time")
	}
	var beats []int64
	atr := annotations(path)
	lead := h.lead()
	if atr == "" && lead < 0 {
		recording.Note(ctx, "WFDB records without annotations and without an electrocardiogram")
	}
	var detector *ecg.Detector
	rate := h.rateOf(lead)
	if atr == "" && lead >= 0 && rate >= ecg.MinRate && rate <= ecg.MaxRate {
		recording.Note(ctx, "WFDB records without annotations, of which the beats were detected (Pan and Tompkins 1985)")
		detector = ecg.NewDetector(rate, func(sample int64) { beats = append(beats, sample) })
	}
	r.Screen = detector != nil
	// Beats are told as they are found, once a second of the signal or so.
	give := func() error {
		for _, b := range beats {
			if err := r.Beat(float64(b)/rate, true); err != nil {
				return err
			}
		}
		beats = beats[:0]
		return nil
	}
	for _, g := range h.groups() {
		err := g.read(ctx, path, h, func(signal int, value float64) error {
			if detector == nil || signal != lead {
				return nil
			}
			detector.Push(value)
			return give()
		})
		if err != nil {
			return err
		}
	}
	if detector != nil {
		detector.Flush()
		if err := give(); err != nil {
			return err
		}
	}
	if atr != "" {
		err := readAnnotations(ctx, atr, h.frequency, func(a annotation) error {
			if !a.beat() {
				return nil
			}
			return r.Beat(a.at, a.normal())
		})
		if err != nil {
			return err
		}
	}
	return r.Flush()
}
