// Package fitbit reads the tables that Fitbit's trackers export as CSV: daily, hourly and
// by the minute, sleep, heart rate and weight, one file or a folder of them. The column Id
// says whose a row is.
//
// It serves package dataset through the shell of recordings, and writes the same tables
// for package simulate. The layout is that of Fitabase (Fitabase, "Data Dictionary",
// 2023), as in Furberg et al. 2016, doi:10.5281/zenodo.53894. It refuses a table that it
// does not know, days of a calendar that there is not, and what is no number.
//
// A folder may have the same steps by the day, the hour and the minute: they are counted
// once (package activity).
package fitbit

import (
	"bytes"
	"context"
	"hash/fnv"
	"io"
	"path/filepath"
	"strings"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/recording"
)

// New returns the format.
func New() format.Format { return recording.Format{Decoder: decoder{}} }

type decoder struct{}

// Name is "fitbit".
func (decoder) Name() string { return "fitbit" }

// Sniff knows the header of a table. It is surer than that the file is any CSV.
func (decoder) Sniff(head []byte, filename string) int {
	line, _, _ := bytes.Cut(recording.Unpacked(head), []byte("\n"))
	if _, ok := tableOf(strings.Split(strings.TrimSuffix(string(bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))), "\r"), ",")); ok {
		return 97
	}
	return 0
}

// Decode reads one table.
func (decoder) Decode(ctx context.Context, path string, emit func(patient string, s activity.Sample) error) error {
	in, err := recording.Open(ctx, path)
	if err != nil {
		return err
	}
	defer in.Close()
	rows := recording.NewRows(ctx, path, in, ',')
	header, err := rows.Header()
	if err != nil {
		return err
	}
	t, ok := tableOf(header)
	if !ok {
		return rows.Fail("", "this is none of Fitbit's tables", "export it again, with Id, the time and the values that Fitabase gives")
	}
	r := &reader{rows: rows, table: t, header: header, source: sourceOf(t, path), emit: emit}
	for {
		fields, err := rows.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := r.row(fields); err != nil {
			return err
		}
	}
}

// sourceOf tells tables apart, and files of one table: two exports may overlap.
func sourceOf(t table, path string) uint16 {
	h := fnv.New32a()
	io.WriteString(h, filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path)) // it never fails
	return uint16(t.period)<<12 | uint16(h.Sum32()&0xfff)
}
