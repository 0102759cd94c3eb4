package activity

// The codes of summaries: LOINC's where it has one that says the same, and our own.
const (
	StepsHour       = "loinc:55423-8"
	StepsDay        = "loinc:41950-7"
	DistanceHour    = "loinc:55430-3"
	DistanceDay     = "loinc:41953-1"
	EnergyHour      = "hmsp:active-energy-hour"
	EnergyDay       = "hmsp:active-energy"
	TotalEnergyHour = "loinc:41981-2"
	TotalEnergyDay  = "loinc:41979-6"
	BasalEnergyDay  = "hmsp:basal-energy"
	FloorsDay       = "hmsp:floors-climbed"
	WearTime        = "hmsp:wear-time"
	ModerateTime    = "hmsp:moderate-to-vigorous-time"
	LevelHour       = "hmsp:activity-level-hour"
	LevelDay        = "hmsp:activity-level"

	HeartRateHour        = "loinc:8867-4"
	HeartRateHourLowest  = "hmsp:heart-rate-hour-lowest"
	HeartRateHourHighest = "hmsp:heart-rate-hour-highest"
	HeartRateDay         = "loinc:41924-2"
	HeartRateDayLowest   = "loinc:8883-1"
	HeartRateDayHighest  = "loinc:8873-2"
	HeartRateResting     = "loinc:40443-4"
	SDNN                 = "loinc:80404-7"
	RMSSD                = "hmsp:rmssd"
	PNN50                = "hmsp:pnn50"

	SleepTime       = "loinc:93832-4"
	InBedTime       = "hmsp:time-in-bed"
	SleepEfficiency = "hmsp:sleep-efficiency"

	WeightDay      = "loinc:29463-7"
	OxygenDay      = "loinc:59408-5"
	OxygenLowest   = "hmsp:oxygen-saturation-lowest"
	TemperatureDay = "loinc:8310-5"
	SystolicDay    = "loinc:8480-6"
	DiastolicDay   = "loinc:8462-4"
	SpeedDay       = "hmsp:speed"

	GlucoseHour         = "loinc:99504-3"
	GlucoseDay          = "hmsp:day-glucose"
	GlucoseDayDeviation = "hmsp:day-glucose-deviation"
	GlucoseDayVariation = "hmsp:day-glucose-variation"
	GlucoseDayInRange   = "hmsp:day-glucose-in-range"
	GlucoseMean         = "loinc:97507-8"
	GlucoseLowest       = "hmsp:glucose-lowest"
	GlucoseHighest      = "hmsp:glucose-highest"
	GlucoseDeviation    = "hmsp:glucose-deviation"
	GlucoseVariation    = "loinc:104638-2"
	GlucoseInRange      = "loinc:97510-2"
	GlucoseBelow        = "hmsp:glucose-below-range"
	GlucoseAbove        = "hmsp:glucose-above-range"
	GlucoseIndicator    = "loinc:97506-0"

	AccelerationHour = "hmsp:enmo-hour"
	AccelerationDay  = "hmsp:enmo"
	LeastDay         = "hmsp:day-l5"
	MostDay          = "hmsp:day-m10"
)

// Codes lists every code that Summaries give, each of one span. The measures of rhythms
// have the names of rhythmCodes.
func Codes() []Code {
	out := []Code{
		{StepsHour, "steps in an hour", "{steps}/h", Hour, 0, 15000, ""},
		{StepsDay, "steps in a day", "{steps}/d", Day, 0, 60000, ""},
		{DistanceHour, "distance in an hour", "m/h", Hour, 0, 60000, ""},
		{DistanceDay, "distance in a day", "m/d", Day, 0, 150000, ""},
		{EnergyHour, "active energy in an hour", "kcal/h", Hour, 0, 1500, "what moving takes above rest, as the device estimates"},
		{EnergyDay, "active energy in a day", "kcal/d", Day, 0, 6000, "what moving takes above rest, as the device estimates"},
		{TotalEnergyHour, "energy in an hour", "kcal/h", Hour, 20, 1700, "moving and rest together, as the device estimates"},
		{TotalEnergyDay, "energy in a day", "kcal/d", Day, 800, 8000, "moving and rest together, as the device estimates"},
		{BasalEnergyDay, "energy at rest in a day", "kcal/d", Day, 500, 4000, "as the device estimates"},
		{FloorsDay, "floors climbed in a day", "{floors}/d", Day, 0, 300, ""},
		{WearTime, "time worn in a day", "min/d", Day, 600, 1440, "as the device says; else the hours with a heart rate; else the time with acceleration"},
		{ModerateTime, "moderate to vigorous activity in a day", "min/d", Day, 0, 600, "as the device says, or acceleration of 100 mg and more at the wrist (Hildebrand 2014), whichever is more"},
		{LevelHour, "mean activity level in an hour", "{level}", Hour, 0, 3, "0 at rest, 1 light, 2 moderate, 3 vigorous, as trackers tell it"},
		{LevelDay, "mean activity level in a day", "{level}", Day, 0, 2, "0 at rest, 1 light, 2 moderate, 3 vigorous, as trackers tell it"},

		{HeartRateHour, "mean heart rate in an hour", "/min", Hour, 35, 200, ""},
		{HeartRateHourLowest, "lowest heart rate in an hour", "/min", Hour, 30, 200, ""},
		{HeartRateHourHighest, "highest heart rate in an hour", "/min", Hour, 40, 220, ""},
		{HeartRateDay, "mean heart rate in a day", "/min", Day, 40, 140, "the mean of the hours' means; at least 10 hours"},
		{HeartRateDayLowest, "lowest heart rate in a day", "/min", Day, 30, 100, "at least 10 hours"},
		{HeartRateDayHighest, "highest heart rate in a day", "/min", Day, 60, 220, "at least 10 hours"},
		{HeartRateResting, "resting heart rate", "/min", Day, 35, 110, "as the device found it; else the lowest mean of an hour with 4 readings or more, of a day with 10 hours or more"},
		{SDNN, "heart rate variability, SDNN", "ms", Day, 10, 300, "of the intervals between normal beats of the day, 0.3 to 2 s, at least 5 minutes of them (Task Force 1996); without beats, the mean of what the device found"},
		{RMSSD, "heart rate variability, RMSSD", "ms", Day, 5, 200, "of intervals that follow each other (Task Force 1996)"},
		{PNN50, "heart rate variability, pNN50", "%", Day, 0, 80, "of intervals that follow each other (Task Force 1996)"},

		{SleepTime, "time asleep", "h", Day, 1, 16, "a sleep belongs to the day on which it ends"},
		{InBedTime, "time in bed", "h", Day, 1, 18, "a sleep belongs to the day on which it ends"},
		{SleepEfficiency, "sleep efficiency", "%", Day, 40, 100, "time asleep of the time in bed"},

		{WeightDay, "body weight", "kg", Day, 2, 300, "the day's mean"},
		{OxygenDay, "oxygen saturation", "%", Day, 85, 100, "the day's mean"},
		{OxygenLowest, "lowest oxygen saturation in a day", "%", Day, 60, 100, ""},
		{TemperatureDay, "body temperature", "Cel", Day, 34, 42, "the day's mean"},
		{SystolicDay, "systolic blood pressure", "mm[Hg]", Day, 70, 220, "the day's mean"},
		{DiastolicDay, "diastolic blood pressure", "mm[Hg]", Day, 40, 130, "the day's mean"},
		{SpeedDay, "mean speed while recorded", "m/s", Day, 0, 20, "the mean of the day's readings"},

		{GlucoseHour, "glucose, mean of an hour", "mg/dL", Hour, 40, 400, ""},
		{GlucoseDay, "glucose, mean of a day", "mg/dL", Day, 40, 400, ""},
		{GlucoseDayDeviation, "glucose, standard deviation in a day", "mg/dL", Day, 3, 150, "at least 24 readings"},
		{GlucoseDayVariation, "glucose, coefficient of variation in a day", "%", Day, 2, 80, "at least 24 readings"},
		{GlucoseDayInRange, "glucose 70 to 180 mg/dL, share of a day", "%", Day, 0, 100, "of the readings, at least 24"},
		{GlucoseMean, "glucose, mean of the recording", "mg/dL", Recording, 60, 350, ""},
		{GlucoseLowest, "lowest glucose of the recording", "mg/dL", Recording, 30, 200, ""},
		{GlucoseHighest, "highest glucose of the recording", "mg/dL", Recording, 80, 600, ""},
		{GlucoseDeviation, "glucose, standard deviation in the recording", "mg/dL", Recording, 5, 150, "at least 288 readings"},
		{GlucoseVariation, "glucose, coefficient of variation in the recording", "%", Recording, 5, 80, "at least 288 readings"},
		{GlucoseInRange, "glucose 70 to 180 mg/dL, share of the recording", "%", Recording, 0, 100, "of the readings, at least 288"},
		{GlucoseBelow, "glucose below 70 mg/dL, share of the recording", "%", Recording, 0, 50, "of the readings, at least 288"},
		{GlucoseAbove, "glucose above 180 mg/dL, share of the recording", "%", Recording, 0, 100, "of the readings, at least 288"},
		{GlucoseIndicator, "glucose management indicator", "%", Recording, 4, 14, "3.31 + 0.02392 times the mean (Bergenstal 2018); at least 288 readings"},

		{AccelerationHour, "mean acceleration (ENMO) in an hour", "m[g]", Hour, 0, 500, "van Hees 2013"},
		{AccelerationDay, "mean acceleration (ENMO) in a day", "m[g]", Day, 3, 150, "van Hees 2013"},
		{LeastDay, "least active five hours of a day", "m[g]", Day, 0, 60, "mean acceleration; of days with all 24 hours"},
		{MostDay, "most active ten hours of a day", "m[g]", Day, 3, 250, "mean acceleration; of days with all 24 hours"},
	}
	out = append(out, rhythmCodes("", "acceleration", "m[g]", 0, 150)...)
	out = append(out, rhythmCodes("steps-", "steps", "{steps}/h", 0, 3000)...)
	return append(out, rhythmCodes("heart-rate-", "heart rate", "/min", 0, 140)...)
}

// rhythmCodes are those of what repeats day after day, of one signal.
func rhythmCodes(name, of, unit string, low, high float64) []Code {
	const single = "least squares on hours, 24 h period (Cornelissen 2014); 22 hours of the day or more"
	const apart = "hours of at least two days (Van Someren 1999)"
	var out []Code
	for _, s := range []Span{Day, Recording} {
		prefix, label := "hmsp:", of+", cosinor: "
		if s == Day {
			prefix, label = "hmsp:day-", of+", cosinor of a day: "
		}
		out = append(out, Code{prefix + name + "cosinor-mesor", label + "mesor", unit, s, low, high, single},
			Code{prefix + name + "cosinor-amplitude", label + "amplitude", unit, s, 0, high, single},
			Code{prefix + name + "cosinor-acrophase", label + "hour of the day at which it is highest", "h", s, 0, 24, single})
	}
	out = append(out, Code{"hmsp:" + name + "interdaily-stability", of + ", interdaily stability", "1", Recording, 0, 1, apart},
		Code{"hmsp:" + name + "intradaily-variability", of + ", intradaily variability", "1", Recording, 0, 3, apart})
	if name == "heart-rate-" {
		return out
	}
	const profile = "of the mean of each hour of the day (Van Someren 1999)"
	return append(out, Code{"hmsp:" + name + "l5", of + ", least active five hours", unit, Recording, 0, high, profile},
		Code{"hmsp:" + name + "m10", of + ", most active ten hours", unit, Recording, 0, 2 * high, profile},
		Code{"hmsp:" + name + "relative-amplitude", of + ", relative amplitude", "1", Recording, 0, 1, profile})
}
