package dataset

import (
	"context"
	"fmt"
	"io"
	"slices"

	"hmsp.center/hmsp/format"
)

// The columns of a list of samples.
const (
	sampleOf  = "sample"  // as the source calls it: a sample, a recording, a folder
	patientOf = "patient" // whose it is
	takenAt   = "time"    // when it was taken; the column may be missing
)

// samples says whose the samples of a source are, and when they were taken.
type samples struct {
	timed  bool
	layout string // of the times, as format.ParseTime takes it
	of     map[string]sample
}

type sample struct{ patient, time string }

// samples reads a dataset's list; nil if it has none.
func (l Loader) samples(ctx context.Context, d Dataset) (*samples, error) {
	if d.Samples == "" {
		return nil, nil
	}
	f, err := l.format("", d.Samples)
	if err != nil {
		return nil, err
	}
	described, err := f.Describe(ctx, d.Samples, format.Options{})
	if err != nil {
		return nil, err
	}
	o := format.Options{Columns: []string{sampleOf, patientOf}}
	s := &samples{of: map[string]sample{}}
	if i := slices.IndexFunc(described.Columns, func(c format.Column) bool { return c.Name == takenAt }); i >= 0 {
		s.timed, s.layout = true, described.Columns[i].Time
		o.Columns = append(o.Columns, takenAt)
	}
	r, err := f.Open(ctx, d.Samples, o)
	if err != nil {
		return nil, fmt.Errorf("list of samples: %w", err)
	}
	defer r.Close()
	kinds := r.Columns()
	for {
		b, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("list of samples: %w", err)
		}
		for i := range b.Rows {
			line, row := b.Row(i)
			bad := format.Error{File: d.Samples, Line: line, Row: row}
			if b.Columns[0].Missing(i) || b.Columns[1].Missing(i) {
				bad.Text, bad.Mend = "a row names no sample, or nobody whose it is", "fill the columns sample and patient, or leave such rows out"
				return nil, &bad
			}
			name := raw(kinds[0].Kind, b.Columns[0], i)
			is := sample{patient: raw(kinds[1].Kind, b.Columns[1], i)}
			if s.timed && !b.Columns[2].Missing(i) {
				is.time = raw(kinds[2].Kind, b.Columns[2], i)
			}
			if was, twice := s.of[name]; twice && was != is {
				bad.Column, bad.Text, bad.Mend = sampleOf, "a sample is listed twice, with another patient or time", "leave one of the two rows out"
				return nil, &bad
			}
			s.of[name] = is
		}
	}
	if len(s.of) == 0 {
		return nil, &format.Error{File: d.Samples, Text: "the list of samples is empty", Mend: "write a row of sample, patient and, if it is known, time for each"}
	}
	return s, nil
}

// unlisted is the note about what the list does not say.
func unlisted(n int) string {
	if n == 1 {
		return "1 sample is not in the list of samples, and is left out"
	}
	return fmt.Sprintf("%d samples are not in the list of samples, and are left out", n)
}
