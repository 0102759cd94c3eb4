// Package track makes samples of package activity of a way: points with times, as GPX and
// TCX files have them, read from XML.
//
// It serves those two formats. Coordinates never leave it: they say where somebody lives.
// The distance between two of them is all that is kept.
package track

import (
	"math"

	"hmsp.center/hmsp/activity"
)

// A Point is a moment on a way. A number that is not known is NaN.
type Point struct {
	Time                int64 // wall-clock; table.NoTime where the point has none
	Latitude, Longitude float64
	Distance            float64 // m, since the way began
	Speed               float64 // m/s
	HeartRate           float64 // /min
}

// Empty is a point of which nothing is known.
func Empty(time int64) Point {
	nan := math.NaN()
	return Point{Time: time, Latitude: nan, Longitude: nan, Distance: nan, Speed: nan, HeartRate: nan}
}

// A Walker goes along a way.
type Walker struct {
	Emit  func(activity.Sample) error
	Timed int64 // points with a time so far
	Bare  int64 // points without one

	lat, lon float64
	placed   bool
	far      float64 // as the last point with a distance says
	counted  bool    // there was one: the coordinates are not counted then
	gone     float64 // between coordinates since the last point with a time
	time     int64   // of the last point with one
	timed    bool
}

// Break is a gap in the way, over which nobody went: the next point begins a segment.
func (w *Walker) Break() { *w = Walker{Emit: w.Emit, Timed: w.Timed, Bare: w.Bare} }

// Point goes to the next point. Points that go back in time begin a segment.
func (w *Walker) Point(p Point, hasTime bool) error {
	w.walk(p)
	if !hasTime {
		w.Bare++
		return nil
	}
	w.Timed++
	if w.timed && p.Time < w.time {
		w.timed, w.gone = false, 0
	}
	if err := w.moment(p); err != nil {
		return err
	}
	return w.advance(p)
}

// walk adds the way from the last coordinates.
func (w *Walker) walk(p Point) {
	if !(math.Abs(p.Latitude) <= 90 && math.Abs(p.Longitude) <= 180) {
		return
	}
	if w.placed {
		w.gone += haversine(w.lat, w.lon, p.Latitude, p.Longitude)
	}
	w.lat, w.lon, w.placed = p.Latitude, p.Longitude, true
}

// moment gives what is known of the point alone.
func (w *Walker) moment(p Point) error {
	if p.HeartRate > 0 && p.HeartRate < 1000 {
		if err := w.Emit(activity.Sample{Kind: activity.HeartRate, Time: p.Time, Value: p.HeartRate}); err != nil {
			return err
		}
	}
	if p.Speed >= 0 && p.Speed < 1e4 {
		return w.Emit(activity.Sample{Kind: activity.Speed, Time: p.Time, Value: p.Speed})
	}
	return nil
}

// advance gives the distance since the last point with a time: as the file counts it, else
// between the coordinates.
func (w *Walker) advance(p Point) error {
	gone := w.gone
	if p.Distance >= 0 && p.Distance < 1e9 {
		gone = 0
		if w.timed {
			gone = max(p.Distance-w.far, 0)
		}
		if w.counted && p.Distance < w.far/2 { // it counts anew
			gone = p.Distance
		}
		w.far, w.counted = p.Distance, true
	} else if w.counted {
		gone = 0
	}
	begin, ok := w.time, w.timed
	if ok && p.Time == begin && gone > 0 && math.IsNaN(p.Distance) {
		return nil // two points of one second: the way counts with the next
	}
	w.time, w.timed, w.gone = p.Time, true, 0
	if !ok || gone <= 0 {
		return nil
	}
	return w.Emit(activity.Sample{Kind: activity.Distance, Time: begin, Duration: p.Time - begin, Value: gone})
}

// haversine is the way between two places in degrees, in m, on a sphere of the Earth's mean
// radius (R. W. Sinnott, "Virtues of the haversine", Sky and Telescope 1984;68:159).
func haversine(lat1, lon1, lat2, lon2 float64) float64 {
	const radius, degree = 6371008.8, math.Pi / 180
	a, b := math.Sin((lat2-lat1)*degree/2), math.Sin((lon2-lon1)*degree/2)
	h := a*a + math.Cos(lat1*degree)*math.Cos(lat2*degree)*b*b
	return 2 * radius * math.Asin(math.Min(1, math.Sqrt(h)))
}
