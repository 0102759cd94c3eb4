// Package gpx reads the GPS Exchange Format (GPX 1.0 and 1.1), in which watches and
// telephones export tracks.
//
// It serves the clinical tables with distance, with speed where the file has it, and with
// heart rate from the TrackPointExtension that watches write. Coordinates give distances and
// are not kept. Tracks alone count: a route is planned, and of a waypoint a heart rate with
// its time is read. Points without a time add to the distance of the next point with one.
// Times are in UTC, as the format wants them.
//
// It refuses what is no well-formed GPX, points without coordinates, and numbers and times
// that are none; a heart rate or a speed in an extension that is no number is left out.
package gpx

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

// New returns the GPX format.
func New() format.Format { return recording.Format{Decoder: Decoder{}} }

// Decoder reads GPX files: a recording.Decoder.
type Decoder struct{}

const root = "gpx"

// Name is "gpx".
func (Decoder) Name() string { return root }

// Sniff looks for the outermost element.
func (Decoder) Sniff(head []byte, filename string) int {
	if track.Outermost(head) == root {
		return 100
	}
	return 0
}

// Decode reads the tracks of a file.
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
		recording.Note(ctx, "GPX files, whose times are in UTC")
	}
	recording.NoteMany(ctx, "points of tracks without a time", int(h.walker.Bare))
	recording.NoteMany(ctx, "waypoints without a time or a heart rate are left out", h.waypoints)
	recording.NoteMany(ctx, "points of routes are left out", h.routes)
	return nil
}

type handler struct {
	path      string
	line      func() int
	emit      func(activity.Sample) error
	walker    track.Walker
	point     track.Point // being read
	waypoints int         // left out
	routes    int         // points
}

// Start begins a segment or a point.
func (h *handler) Start(path []string, attributes []xml.Attr) error {
	switch path[len(path)-1] {
	case "trkseg":
		h.walker.Break()
	case "rtept":
		h.routes++
	case "wpt":
		h.point = track.Empty(table.NoTime)
	case "trkpt":
		h.point = track.Empty(table.NoTime)
		for _, a := range attributes {
			switch a.Name.Local {
			case "lat":
				h.point.Latitude = number(a.Value)
			case "lon":
				h.point.Longitude = number(a.Value)
			}
		}
		if !(math.Abs(h.point.Latitude) <= 90 && math.Abs(h.point.Longitude) <= 180) {
			return &format.Error{File: h.path, Line: h.line(), Column: "trkpt", Text: "this point has no coordinates in degrees", Mend: "export the file again"}
		}
	}
	return nil
}

// End takes the value of an element, and the point that is complete with it.
func (h *handler) End(path []string, text string) error {
	name := path[len(path)-1]
	point := slices.Contains(path, "trkpt") || slices.Contains(path, "wpt")
	extension := slices.Contains(path, "extensions")
	switch {
	case name == "trkpt":
		return h.walker.Point(h.point, h.point.Time != table.NoTime)
	case name == "wpt":
		return h.waypoint()
	case !point:
	case name == "time" && !extension:
		t, ok := format.ParseTime(text, format.ISODate)
		if !ok {
			return &format.Error{File: h.path, Line: h.line(), Column: "time", Text: "this is no time", Mend: "times are as 2024-01-31T08:15:00Z; export the file again"}
		}
		h.point.Time = t
	case name == "speed" && extension:
		h.point.Speed = number(text)
	case name == "speed":
		if h.point.Speed = number(text); math.IsNaN(h.point.Speed) {
			return &format.Error{File: h.path, Line: h.line(), Column: "speed", Text: "this is no number", Mend: "export the file again"}
		}
	case extension && (name == "hr" || name == "heartrate"):
		h.point.HeartRate = number(text)
	}
	return nil
}

// waypoint gives what is known at a waypoint: nobody says that it lies on a way.
func (h *handler) waypoint() error {
	if h.point.Time == table.NoTime || !(h.point.HeartRate > 0 && h.point.HeartRate < 1000) {
		h.waypoints++
		return nil
	}
	return h.emit(activity.Sample{Kind: activity.HeartRate, Time: h.point.Time, Value: h.point.HeartRate})
}

// number is NaN of what is none.
func number(text string) float64 {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(x, 0) {
		return math.NaN()
	}
	return x
}
