package fitbit

import (
	"strconv"
	"strings"

	"hmsp.center/hmsp/activity"
)

// A period is what a row of a table is about.
type period uint8

const (
	daily period = iota + 1
	hourly
	minutely
	wide     // an hour, with a column for each minute
	sleepDay // the nights that end on a day
	sleepMinute
	moment
)

// A table is what a header says of the rows under it.
type table struct {
	period period
	id     int
	time   int
	values []value
	bed    int // of sleepDay: the column of minutes in bed
}

// A value is a column that is read.
type value struct {
	at     int
	kind   activity.Kind
	factor float64 // to the unit of kind
	minute int     // of a wide table
}

// tableOf knows a table by its header.
func tableOf(header []string) (table, bool) {
	t := table{id: -1, time: -1, bed: -1}
	for i, name := range header {
		switch name {
		case "Id":
			t.id = i
		case "ActivityDate", "ActivityDay":
			t.time, t.period = i, daily
		case "ActivityHour":
			t.time, t.period = i, hourly
		case "ActivityMinute":
			t.time, t.period = i, minutely
		case "SleepDay":
			t.time, t.period = i, sleepDay
		case "TotalTimeInBed":
			t.bed = i
		case "date":
			t.time, t.period = i, sleepMinute
		case "Time", "Date":
			t.time, t.period = i, moment
		}
	}
	if t.id < 0 || t.time < 0 {
		return t, false
	}
	for i, name := range header {
		t.add(i, name)
	}
	return t, len(t.values) > 0 && (t.period == sleepDay) == (t.bed >= 0)
}

const (
	perDay = 1.0 / 1440 // minutes, as a share of the day
	meters = 1000.0     // in a kilometre
)

// add takes a column if the table's period has it.
func (t *table) add(i int, name string) {
	give := func(k activity.Kind, factor float64) {
		t.values = append(t.values, value{at: i, kind: k, factor: factor})
	}
	switch t.period {
	case daily:
		switch name {
		case "TotalSteps", "StepTotal":
			give(activity.Steps, 1)
		case "Calories":
			give(activity.TotalEnergy, 1)
		case "TotalDistance":
			give(activity.Distance, meters)
		case "VeryActiveMinutes", "FairlyActiveMinutes":
			give(activity.Intensity, perDay)
			give(activity.Worn, perDay)
		case "LightlyActiveMinutes", "SedentaryMinutes":
			give(activity.Worn, perDay)
		}
	case hourly:
		if kind, minute, ok := ofMinute(name); ok {
			t.values = append(t.values, value{i, kind, 1, minute})
			t.period = wide
			return
		}
		switch name {
		case "StepTotal":
			give(activity.Steps, 1)
		case "Calories":
			give(activity.TotalEnergy, 1)
		case "AverageIntensity":
			give(activity.Level, 1)
		}
	case wide:
		if kind, minute, ok := ofMinute(name); ok {
			t.values = append(t.values, value{i, kind, 1, minute})
		}
	case minutely:
		switch name {
		case "Steps":
			give(activity.Steps, 1)
		case "Calories":
			give(activity.TotalEnergy, 1)
		case "Intensity":
			give(activity.Level, 1)
		}
	case sleepDay:
		if name == "TotalMinutesAsleep" {
			give(activity.Asleep, 1)
		}
	case sleepMinute:
		if name == "value" {
			give(activity.Asleep, 1)
		}
	case moment:
		switch name {
		case "Value":
			give(activity.HeartRate, 1)
		case "WeightKg":
			give(activity.Weight, 1)
		}
	}
}

// ofMinute reads the name of a column of a wide table: "Steps07".
func ofMinute(name string) (k activity.Kind, minute int, ok bool) {
	for prefix, kind := range map[string]activity.Kind{"Steps": activity.Steps, "Calories": activity.TotalEnergy, "Intensity": activity.Level} {
		if digits, found := strings.CutPrefix(name, prefix); found && len(digits) == 2 {
			n, err := strconv.Atoi(digits)
			return kind, n, err == nil && n >= 0 && n < 60
		}
	}
	return 0, 0, false
}
