// Package acceleration reads raw acceleration as CSV, in the forms in which programs of
// movement sensors export it: ActiGraph (ActiLife), Axivity (OmGui, omconvert), GENEActiv,
// and a plain one whose first line is exactly "timestamp,x,y,z" or "time,x,y,z".
//
// It serves the clinical tables with movement and the time that the sensor was worn, as
// package motion finds them, after the sensor is calibrated by its times at rest where it
// can be. Values are in g; times are wall-clock times.
//
// It takes no other CSV. It refuses counts per epoch, which are not acceleration, decimal
// commas, values above 100 g, and rows that are not like the ones before them.
package acceleration

import (
	"context"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/motion"
	"hmsp.center/hmsp/format/internal/recording"
)

// New returns the format of raw acceleration.
func New() format.Format { return recording.Format{Decoder: Decoder{}} }

// Decoder reads files of raw acceleration: a recording.Decoder.
type Decoder struct{}

// Name is "acceleration".
func (Decoder) Name() string { return "acceleration" }

// Sniff looks for the exact first lines of the forms.
func (Decoder) Sniff(head []byte, filename string) int {
	if layoutOf(recording.Unpacked(head)) != none {
		return 95
	}
	return 0
}

// Decode reads a file twice: for its calibration, and for its samples.
func (Decoder) Decode(ctx context.Context, path string, emit func(patient string, s activity.Sample) error) error {
	var c motion.Calibrator
	err := read(ctx, path, func(time int64, g [3]float64) error {
		c.Add(time, g)
		return nil
	})
	if err != nil {
		return err
	}
	m := motion.Meter{Emit: func(s activity.Sample) error { return emit("", s) }}
	if calibration, ok := c.Calibration(); ok {
		m.Calibration = calibration
		recording.Note(ctx, "files of acceleration that were calibrated by their times at rest")
	} else {
		recording.Note(ctx, "files of acceleration whose times at rest do not suffice to calibrate them")
	}
	if err := read(ctx, path, m.Add); err != nil {
		return err
	}
	return m.Flush()
}
