// Package fit reads FIT files, as sports watches, bicycle computers, scales and blood
// pressure monitors write them: activities, monitoring of the day, sleep, weight and
// blood pressure, chained or not; and it writes monitoring files.
//
// It serves the clinical tables with what package activity makes of the samples. The
// decoding of the binary is that of github.com/muktihari/fit; message and field names are
// those of the FIT profile 21. Positions are never read: they say who somebody is.
//
// It refuses files that are cut or whose checksums do not fit. Fields of developers and
// unknown messages are passed over. Times become local where a file says how: activity or
// monitoring_info with local_timestamp, else device_settings with time_offset. Else they
// stay in UTC.
//
// A watch counts the way and the energy of an activity once more in its monitoring files:
// samples of activities are of Source 1, all others of Source 0. The steps of an activity
// are left to monitoring.
package fit

import (
	"bytes"
	"context"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/recording"
)

// New returns the FIT format.
func New() format.Format { return recording.Format{Decoder: Decoder{}} }

// Decoder reads FIT files: a recording.Decoder.
type Decoder struct{}

// Name is "fit".
func (Decoder) Name() string { return "fit" }

// Sniff looks for the file header: its size, and ".FIT" at byte 8.
func (Decoder) Sniff(head []byte, filename string) int {
	if head = recording.Unpacked(head); len(head) >= 12 && (head[0] == 12 || head[0] == 14) && bytes.Equal(head[8:12], []byte(".FIT")) {
		return 100
	}
	return 0
}

// Decode reads a file three times: whether it is whole, what its local time is, and its
// samples. No sample comes of a file that is not whole.
func (Decoder) Decode(ctx context.Context, path string, emit func(patient string, s activity.Sample) error) error {
	if err := check(ctx, path); err != nil {
		return err
	}
	offsets, err := localTimes(ctx, path)
	if err != nil {
		return err
	}
	var s *samples
	at := -1
	return each(ctx, path, func(sequence int, m *message) error {
		if sequence != at {
			if err := s.finish(); err != nil {
				return err
			}
			at, s = sequence, newSamples(offsets[sequence].seconds, emit)
			if offsets[sequence].rank == 0 {
				recording.Note(ctx, "FIT files that do not say their local time, read in UTC")
			}
		}
		return s.message(m)
	}, func() error { return s.finish() })
}
