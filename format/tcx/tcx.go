// Package tcx reads Training Center XML (TCX, version 2), in which watches and training
// programs export activities.
//
// It serves the clinical tables with heart rate, speed, distance and energy. Where a point
// has no distance, that between coordinates counts; coordinates themselves are not kept.
// Courses, which nobody need have gone, and points without a time are left out. Times are
// in UTC, as the format wants them.
//
// It refuses what is no well-formed TCX and numbers and times that are none.
package tcx

import (
	"context"
	"encoding/xml"
	"math"
	"slices"
	"strconv"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/recording"
	"hmsp.center/hmsp/format/internal/track"
	"hmsp.center/hmsp/table"
)

// New returns the TCX format.
func New() format.Format { return recording.Format{Decoder: Decoder{}} }

// Decoder reads TCX files: a recording.Decoder.
type Decoder struct{}

const root = "TrainingCenterDatabase"

// Name is "tcx".
func (Decoder) Name() string { return "tcx" }

// Sniff looks for the outermost element.
func (Decoder) Sniff(head []byte, filename string) int {
	if track.Outermost(head) == root {
		return 100
	}
	return 0
}

// Decode reads the activities of a file.
func (Decoder) Decode(ctx context.Context, path string, emit func(patient string, s activity.Sample) error) error {
	one := func(s activity.Sample) error { return emit("", s) }
	h := &handler{path: path, emit: one, walker: track.Walker{Emit: one}}
	err := track.Read(ctx, path, root, func(line func() int) track.Handler {
		h.line = line
		return h
	})
	if err != nil {
		return err
	}
	if h.walker.Timed > 0 {
		recording.Note(ctx, "TCX files, whose times are in UTC")
	}
	recording.NoteMany(ctx, "points without a time are left out", int(h.walker.Bare))
	recording.NoteMany(ctx, "courses are left out", h.courses)
	return nil
}

type handler struct {
	path    string
	line    func() int
	emit    func(activity.Sample) error
	walker  track.Walker
	courses int

	point track.Point // being read
	begin int64       // of the lap
	long  float64     // s
	kcal  float64
}

// Start begins a point, a lap or an activity.
func (h *handler) Start(path []string, attributes []xml.Attr) error {
	switch name := path[len(path)-1]; {
	case name == "Course":
		h.courses++
	case !done(path):
	case name == "Activity":
		h.walker.Break()
	case name == "Lap":
		h.begin, h.long, h.kcal = table.NoTime, 0, 0
		for _, a := range attributes {
			if a.Name.Local == "StartTime" {
				return h.time(name, a.Value, &h.begin)
			}
		}
	case name == "Trackpoint":
		h.point = track.Empty(table.NoTime)
	}
	return nil
}

// done says whether an element is part of an activity, which somebody has done.
func done(path []string) bool { return len(path) > 2 && path[1] == "Activities" }

// End takes the value of an element, and the point or the lap that is complete with it.
func (h *handler) End(path []string, text string) error {
	if !done(path) {
		return nil
	}
	name, in := path[len(path)-1], path[len(path)-2]
	switch {
	case name == "Trackpoint":
		return h.walker.Point(h.point, h.point.Time != table.NoTime)
	case name == "Lap":
		return h.lap()
	case in == "Lap" && name == "TotalTimeSeconds":
		return h.number(name, text, &h.long)
	case in == "Lap" && name == "Calories":
		return h.number(name, text, &h.kcal)
	case !slices.Contains(path, "Trackpoint"):
	case in == "Trackpoint" && name == "Time":
		return h.time(name, text, &h.point.Time)
	case in == "Trackpoint" && name == "DistanceMeters":
		return h.number(name, text, &h.point.Distance)
	case in == "Position" && name == "LatitudeDegrees":
		return h.number(name, text, &h.point.Latitude)
	case in == "Position" && name == "LongitudeDegrees":
		return h.number(name, text, &h.point.Longitude)
	case in == "HeartRateBpm" && name == "Value":
		return h.number(name, text, &h.point.HeartRate)
	case in == "TPX" && name == "Speed":
		return h.number(name, text, &h.point.Speed)
	}
	return nil
}

// lap gives the energy of a lap.
func (h *handler) lap() error {
	if h.begin == table.NoTime || !(h.kcal > 0) || !(h.long >= 0 && h.long < 1e8) {
		return nil
	}
	return h.emit(activity.Sample{Kind: activity.TotalEnergy, Time: h.begin, Duration: int64(h.long), Value: h.kcal})
}

func (h *handler) time(name, text string, to *int64) error {
	t, ok := format.ParseTime(text, format.ISODate)
	if !ok {
		return &format.Error{File: h.path, Line: h.line(), Column: name, Text: "this is no time", Mend: "times are as 2024-01-31T08:15:00Z; export the file again"}
	}
	*to = t
	return nil
}

func (h *handler) number(name, text string, to *float64) error {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return &format.Error{File: h.path, Line: h.line(), Column: name, Text: "this is no number", Mend: "export the file again"}
	}
	*to = x
	return nil
}
