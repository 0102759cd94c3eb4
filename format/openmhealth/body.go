package openmhealth

import (
	"encoding/json"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format/internal/recording"
)

// A body has what the schemas that are read have.
type body struct {
	reader  *reader
	version int // of the schema, without the part behind the point

	Frame     *frame  `json:"effective_time_frame"`
	Statistic *string `json:"descriptive_statistic"`

	Steps       json.RawMessage `json:"step_count"` // a number in versions 1 and 2
	HeartRate   *quantity       `json:"heart_rate"`
	Interval    *quantity       `json:"rr_interval"`
	Sleep       *quantity       `json:"sleep_duration"`
	TotalSleep  *quantity       `json:"total_sleep_time"`
	Weight      *quantity       `json:"body_weight"`
	Glucose     *quantity       `json:"blood_glucose"`
	Systolic    *quantity       `json:"systolic_blood_pressure"`
	Diastolic   *quantity       `json:"diastolic_blood_pressure"`
	Energy      *quantity       `json:"kcal_burned"`
	Oxygen      *quantity       `json:"oxygen_saturation"`
	Temperature *quantity       `json:"body_temperature"`
	Moderate    *quantity       `json:"minutes_moderate_activity"`
	Distance    *quantity       `json:"distance"`
	Flow        *quantity       `json:"supplemental_oxygen_flow_rate"`
	Activity    *string         `json:"activity_name"`

	Meal        *string         `json:"temporal_relationship_to_meal"`
	ToSleep     *string         `json:"temporal_relationship_to_sleep"`
	ToActivity  *string         `json:"temporal_relationship_to_physical_activity"`
	Specimen    *string         `json:"specimen_source"`
	BloodType   *string         `json:"blood_specimen_type"`
	Posture     *string         `json:"body_posture"`
	Position    *string         `json:"position_during_measurement"`
	Place       *string         `json:"measurement_location"`
	Intensity   *string         `json:"reported_activity_intensity"`
	Met         *float64        `json:"met_value"`
	Per         *string         `json:"descriptive_statistic_denominator"`
	Method      *string         `json:"measurement_method"`
	System      *string         `json:"system"`
	Therapy     *string         `json:"oxygen_therapy_mode_of_administration"`
	Main        *bool           `json:"is_main_sleep"`
	Awakenings  *int            `json:"number_of_awakenings"`
	Onset       *quantity       `json:"latency_to_sleep_onset"`
	Arising     *quantity       `json:"latency_to_arising"`
	AwakeAfter  *quantity       `json:"wake_after_sleep_onset"`
	Maintenance *quantity       `json:"sleep_maintenance_efficiency_percentage"`
	Notes       json.RawMessage `json:"user_notes"`
}

// A quantity is a unit-value of the schemas.
type quantity struct {
	Value *float64 `json:"value"`
	Unit  *string  `json:"unit"`
}

// reads says whether a schema is read.
func reads(schema string) bool { _, ok := timed(schema); return ok }

// timed is the version of a schema from which on a point must have a time.
func timed(schema string) (version int, ok bool) {
	switch schema {
	case "total-sleep-time", "sleep-episode", "oxygen-saturation":
		return 1, true
	case "step-count", "heart-rate", "sleep-duration", "calories-burned", "body-weight":
		return 2, true
	case "blood-glucose", "blood-pressure":
		return 3, true
	case "body-temperature":
		return 3, true
	case "rr-interval", "minutes-moderate-activity", "physical-activity":
		return 99, true
	}
	return 0, false
}

// long says whether a schema is of what happens over a time: a moment is refused, by the
// versions that ask for a time.
func long(schema string) bool {
	switch schema {
	case "step-count", "sleep-duration", "total-sleep-time", "sleep-episode", "calories-burned":
		return true
	}
	return false
}

// samples are those of a body; none where it has no time, or is a statistic.
func (b *body) samples(schema string) ([]activity.Sample, error) {
	values, err := b.values(schema)
	if err != nil {
		return nil, err
	}
	if err := b.words(); err != nil {
		return nil, err
	}
	from, _ := timed(schema)
	if b.Frame == nil {
		if b.version >= from {
			return nil, b.reader.fail("effective_time_frame", "the point has no time")
		}
		recording.Note(b.reader.ctx, "data points without a time are left out")
		return nil, nil
	}
	at, duration, known, err := b.Frame.span(b.reader, b.version < 4) // from then on it is that of IEEE 1752.1
	if err != nil {
		return nil, err
	}
	if long(schema) && b.Frame.DateTime != nil && b.version >= from {
		return nil, b.reader.fail("effective_time_frame", "what happens over a time has a moment")
	}
	switch {
	case b.Statistic != nil:
		recording.Note(b.reader.ctx, "data points that are statistics are left out")
		return nil, nil
	case !known:
		recording.Note(b.reader.ctx, "data points without a time of day, or that end before they begin, are left out")
		return nil, nil
	}
	for i := range values {
		values[i] = during(values[i], at, duration)
	}
	if schema == "sleep-episode" {
		values = append(values, activity.Sample{Kind: activity.InBed, Time: at, Duration: duration, Value: 1})
	}
	return values, nil
}

// during puts a sample into its time. What is a time itself becomes the share of it; more
// sleep than the time has lies before its end.
func during(s activity.Sample, at, duration int64) activity.Sample {
	s.Time, s.Duration = at, duration
	if s.Kind != activity.Asleep && s.Kind != activity.Intensity {
		return s
	}
	if length := int64(s.Value); length > duration {
		s.Time, s.Duration, s.Value = at+duration-length, length, 1
	} else {
		s.Value /= float64(max(duration, 1))
	}
	return s
}

// A need is a quantity of a schema.
type need struct {
	name string
	of   *quantity
	must bool
	kind activity.Kind
	unit func(unit string) (factor float64, ok bool)
}

// values are the quantities of a schema, in the units of their kinds.
func (b *body) values(schema string) ([]activity.Sample, error) {
	var needs []need
	switch schema {
	case "step-count":
		n, err := b.steps()
		if err != nil {
			return nil, err
		}
		return []activity.Sample{{Kind: activity.Steps, Value: n}}, nil
	case "heart-rate":
		needs = []need{{"heart_rate", b.HeartRate, true, activity.HeartRate, just("beats/min")}}
	case "rr-interval":
		needs = []need{{"rr_interval", b.Interval, true, activity.BeatInterval, durations}}
	case "sleep-duration":
		needs = []need{{"sleep_duration", b.Sleep, true, activity.Asleep, durations}}
	case "total-sleep-time":
		needs = []need{{"total_sleep_time", b.TotalSleep, true, activity.Asleep, durations}}
	case "sleep-episode":
		needs = []need{{"total_sleep_time", b.TotalSleep, false, activity.Asleep, durations}}
	case "body-weight":
		needs = []need{{"body_weight", b.Weight, true, activity.Weight, masses}}
	case "blood-glucose":
		needs = []need{{"blood_glucose", b.Glucose, true, activity.Glucose, glucoses}}
	case "blood-pressure":
		needs = []need{{"systolic_blood_pressure", b.Systolic, true, activity.Systolic, just("mmHg")}, {"diastolic_blood_pressure", b.Diastolic, true, activity.Diastolic, just("mmHg")}}
	case "calories-burned":
		needs = []need{{"kcal_burned", b.Energy, true, activity.Energy, just("kcal")}}
	case "oxygen-saturation":
		needs = []need{{"oxygen_saturation", b.Oxygen, true, activity.Oxygen, just("%")}, {"supplemental_oxygen_flow_rate", b.Flow, false, 0, just("L/min")}}
	case "body-temperature":
		needs = []need{{"body_temperature", b.Temperature, true, activity.Temperature, temperatures}}
	case "minutes-moderate-activity":
		needs = []need{{"minutes_moderate_activity", b.Moderate, true, activity.Intensity, durations}}
	case "physical-activity":
		if b.Activity == nil {
			return nil, b.reader.fail("activity_name", "the point does not have it")
		}
		needs = []need{{"distance", b.Distance, false, activity.Distance, lengths}, {"kcal_burned", b.Energy, false, activity.Energy, just("kcal")}}
	}
	var out []activity.Sample
	for _, n := range needs {
		switch {
		case n.of == nil && !n.must:
			continue
		case n.of == nil || n.of.Value == nil || n.of.Unit == nil:
			return nil, b.reader.fail(n.name, "the point does not have it, with a value and a unit")
		}
		factor, ok := n.unit(*n.of.Unit)
		if !ok {
			return nil, b.reader.fail(n.name, "its unit is none of the schema's")
		}
		x := *n.of.Value * factor
		if n.kind == activity.Temperature {
			x = celsius(*n.of.Value, *n.of.Unit)
		}
		if n.kind != 0 {
			out = append(out, activity.Sample{Kind: n.kind, Value: x})
		}
	}
	return out, nil
}

// steps are a number, or from version 3 on a number with its unit.
func (b *body) steps() (float64, error) {
	var n float64
	var q quantity
	switch {
	case len(b.Steps) == 0:
		return 0, b.reader.fail("step_count", "the point does not have it")
	case b.version < 3 && b.Steps[0] != '{' && b.Steps[0] != 'n' && json.Unmarshal(b.Steps, &n) == nil:
		return n, nil
	case b.version >= 3 && json.Unmarshal(b.Steps, &q) == nil && q.Value != nil && q.Unit != nil && *q.Unit == "steps":
		return *q.Value, nil
	}
	return 0, b.reader.fail("step_count", "this is no count of steps as this version of the schema has it")
}
