// Package recording makes a format with tables of recordings: files of devices, each of
// one person or of several, or a folder of them.
//
// It serves the formats of wearables and fitness devices, which give a Decoder alone. Of
// the samples of each person come the daily and hourly summaries of package activity,
// as rows of the measurement table; the samples themselves are not kept.
package recording

import (
	"context"

	"hmsp.center/hmsp/activity"
)

// A Decoder reads one kind of recording.
type Decoder interface {
	// Name is what a dataset file writes: "fit".
	Name() string
	// Sniff is that of format.Format.
	Sniff(head []byte, filename string) int
	// Decode reads a file and gives its samples to emit, in any order. Patient is whose a
	// sample is as the file says; "" where it does not, and the file's owner is meant
	// (format.Owner). Memory is bounded whatever the file's size. What is wrong with the
	// file is a *format.Error; an error of emit ends the reading and is returned.
	Decode(ctx context.Context, path string, emit func(patient string, s activity.Sample) error) error
}
