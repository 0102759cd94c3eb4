package openmhealth

import (
	"math"
	"slices"
	"time"
)

// words refuses what is none of the words of its schema.
func (b *body) words() error {
	for _, w := range []struct {
		name string
		is   *string
		of   []string
	}{
		{"descriptive_statistic", b.Statistic, []string{"average", "count", "maximum", "median", "minimum", "standard deviation", "sum", "variance", "20th percentile", "80th percentile",
			"lower quartile", "upper quartile", "quartile deviation", "1st quintile", "2nd quintile", "3rd quintile", "4th quintile"}},
		{"temporal_relationship_to_meal", b.Meal, []string{"fasting", "not fasting", "before meal", "after meal", "before breakfast", "after breakfast", "before lunch", "after lunch",
			"before dinner", "after dinner", "2 hours postprandial", "with meal", "with food"}},
		{"temporal_relationship_to_sleep", b.ToSleep, []string{"before sleeping", "during sleep", "on waking"}},
		{"temporal_relationship_to_physical_activity", b.ToActivity, []string{"at rest", "active", "before exercise", "after exercise", "during exercise"}},
		{"specimen_source", b.Specimen, []string{"interstitial fluid", "capillary blood", "plasma", "serum", "tears", "whole blood"}},
		{"blood_specimen_type", b.BloodType, []string{"whole blood", "plasma", "serum", "capillary blood"}},
		{"reported_activity_intensity", b.Intensity, []string{"light", "moderate", "vigorous"}},
	} {
		if w.is != nil && !slices.Contains(w.of, *w.is) {
			return b.reader.fail(w.name, "this is none of the schema's words")
		}
	}
	return nil
}

// A frame is an effective time frame: a moment or an interval.
type frame struct {
	DateTime *string   `json:"date_time"`
	Interval *interval `json:"time_interval"`
}

type interval struct {
	Start    *string   `json:"start_date_time"`
	End      *string   `json:"end_date_time"`
	Duration *quantity `json:"duration"`
	Date     *string   `json:"date"`
	Part     *string   `json:"part_of_day"`
}

// span is a frame's begin, on the clock on the wall, and duration in seconds; not known
// where it is a part of a day, which some schemas have (parts), or ends before it begins.
func (f *frame) span(r *reader, parts bool) (at, duration int64, known bool, err error) {
	const name = "effective_time_frame"
	if (f.DateTime == nil) == (f.Interval == nil) {
		return 0, 0, false, r.fail(name, "it is neither a moment nor an interval")
	}
	if f.DateTime != nil {
		t, err := time.Parse(time.RFC3339, *f.DateTime)
		if err != nil {
			return 0, 0, false, r.fail(name, "this is no time of RFC 3339")
		}
		return wall(t), 0, true, nil
	}
	i := f.Interval
	var start, end time.Time
	for _, one := range []struct {
		text *string
		into *time.Time
	}{{i.Start, &start}, {i.End, &end}} {
		if one.text == nil {
			continue
		}
		if *one.into, err = time.Parse(time.RFC3339, *one.text); err != nil {
			return 0, 0, false, r.fail(name, "this is no time of RFC 3339")
		}
	}
	var length float64
	if i.Duration != nil {
		if i.Duration.Value == nil || i.Duration.Unit == nil {
			return 0, 0, false, r.fail(name, "its duration has no value and unit")
		}
		factor, ok := durations(*i.Duration.Unit)
		if length = math.Round(*i.Duration.Value * factor); !ok || !(length >= 0 && length < 1e9) {
			return 0, 0, false, r.fail(name, "its duration is none")
		}
	}
	switch {
	case i.Start != nil && i.End != nil:
		duration = int64(end.Sub(start) / time.Second)
		return wall(start), duration, duration >= 0, nil
	case i.Start != nil && i.Duration != nil:
		return wall(start), int64(length), true, nil
	case i.End != nil && i.Duration != nil:
		return wall(end) - int64(length), int64(length), true, nil
	case parts && i.Date != nil && i.Part != nil:
		return 0, 0, false, nil
	}
	return 0, 0, false, r.fail(name, "the interval has not two of begin, end and duration")
}

// wall is the time as the clock on the wall showed it.
func wall(t time.Time) int64 {
	_, zone := t.Zone()
	return t.Unix() + int64(zone)
}

// just takes one unit.
func just(only string) func(string) (float64, bool) {
	return func(unit string) (float64, bool) { return 1, unit == only }
}

// durations are in seconds (duration-unit-value).
func durations(unit string) (float64, bool) {
	switch unit {
	case "ps":
		return 1e-12, true
	case "ns":
		return 1e-9, true
	case "us":
		return 1e-6, true
	case "ms":
		return 1e-3, true
	case "sec":
		return 1, true
	case "min":
		return 60, true
	case "h":
		return 3600, true
	case "d":
		return 86400, true
	case "wk":
		return 7 * 86400, true
	case "Mo":
		return 30.4375 * 86400, true
	case "yr":
		return 365.25 * 86400, true
	}
	return 0, false
}

// masses are in kilograms (mass-unit-value).
func masses(unit string) (float64, bool) {
	switch unit {
	case "fg":
		return 1e-18, true
	case "pg":
		return 1e-15, true
	case "ng":
		return 1e-12, true
	case "ug":
		return 1e-9, true
	case "mg":
		return 1e-6, true
	case "g":
		return 1e-3, true
	case "kg":
		return 1, true
	case "Metric Ton":
		return 1000, true
	case "gr":
		return 64.79891e-6, true
	case "oz":
		return 0.028349523125, true
	case "lb":
		return 0.45359237, true
	case "Ton":
		return 907.18474, true
	}
	return 0, false
}

// lengths are in metres (length-unit-value).
func lengths(unit string) (float64, bool) {
	switch unit {
	case "fm":
		return 1e-15, true
	case "pm":
		return 1e-12, true
	case "nm":
		return 1e-9, true
	case "um":
		return 1e-6, true
	case "mm":
		return 1e-3, true
	case "cm":
		return 1e-2, true
	case "m":
		return 1, true
	case "km":
		return 1000, true
	case "in":
		return 0.0254, true
	case "ft":
		return 0.3048, true
	case "yd":
		return 0.9144, true
	case "mi":
		return 1609.344, true
	}
	return 0, false
}

func glucoses(unit string) (float64, bool) {
	switch unit {
	case "mg/dL":
		return 1, true
	case "mmol/L":
		return 18.015588, true
	}
	return 0, false
}

func temperatures(unit string) (float64, bool) { return 1, unit == "C" || unit == "F" || unit == "K" }

func celsius(x float64, unit string) float64 {
	switch unit {
	case "F":
		return (x - 32) / 1.8
	case "K":
		return x - 273.15
	}
	return x
}
