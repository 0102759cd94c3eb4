// Package edf reads the European Data Format, EDF and EDF+, and its 24-bit variant BDF, as
// sleep laboratories and recorders of electrocardiograms write them.
//
// It serves the clinical tables with heart rate and heart rate variability, by the detector
// of package ecg in the first electrocardiogram; with oxygen saturation and pulse; with
// movement from three axes of acceleration; and with sleep from the annotations "Sleep stage
// W", 1 to 4, R, N1 to N3, and "Lights off" and "Lights on". Who the patient is, the file
// says in a field that is not read. A file dated 01.01.85, as those without names are, has
// no date: its samples have no time (table.NoTime), and no hour and no day has them.
//
// It refuses files that are longer or shorter than their header says, and headers that the
// format does not allow: B. Kemp and others, Electroencephalogr Clin Neurophysiol
// 1992;82:391-393, and B. Kemp and J. Olivan, Clin Neurophysiol 2003;114:1755-1761.
package edf

import (
	"bytes"
	"context"
	"io"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/recording"
	"hmsp.center/hmsp/table"
)

// New returns the EDF format.
func New() format.Format { return recording.Format{Decoder: Decoder{}} }

// Decoder reads EDF files: a recording.Decoder.
type Decoder struct{}

// Name is "edf".
func (Decoder) Name() string { return "edf" }

// Sniff looks for the version, and for a size of the header that fits its number of signals.
func (Decoder) Sniff(head []byte, filename string) int {
	head = recording.Unpacked(head)
	if len(head) < fixedBytes || sampleBytes(head) == 0 {
		return 0
	}
	if signals, ok := whole(head[252:256]); ok {
		if size, ok := whole(head[184:192]); ok && size == fixedBytes*(1+signals) {
			return 98
		}
	}
	return 0
}

// Decode reads a file record by record.
func (Decoder) Decode(ctx context.Context, path string, emit func(patient string, s activity.Sample) error) error {
	f, err := recording.Open(ctx, path)
	if err != nil {
		return err
	}
	defer f.Close()
	h, err := readHeader(path, f)
	if err != nil {
		return err
	}
	if h.begin == table.NoTime {
		recording.Note(ctx, "EDF files dated 01.01.85, which have no place in time")
	}
	m := newMontage(ctx, h, func(s activity.Sample) error { return emit("", s) })
	var record bytes.Buffer
	for n := int64(0); h.records < 0 || n < h.records; n++ {
		record.Reset()
		got, err := io.CopyN(&record, f, h.recordBytes)
		if err == io.EOF && got == 0 && h.records < 0 {
			break
		}
		if err == io.EOF {
			return bad(path, int(n)+1, "", "the file ends within this record, or before it", "the recording is cut; copy it again")
		}
		if err != nil {
			return err
		}
		if err := m.record(path, n, record.Bytes()); err != nil {
			return err
		}
	}
	if _, err := io.CopyN(io.Discard, f, 1); err == nil {
		return bad(path, 0, "", "the file goes on behind the records that its header counts", "export it again")
	} else if err != io.EOF {
		return err
	}
	return m.finish()
}

func bad(path string, row int, field, text, mend string) error {
	return &format.Error{File: path, Row: row, Column: field, Text: text, Mend: mend}
}
