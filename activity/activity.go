// Package activity makes daily and hourly summaries of what devices record of a person:
// steps, heart rate, sleep, energy, glucose, acceleration, electrocardiograms.
//
// It serves the readers of such devices' files. Times are wall-clock seconds since
// 1970-01-01T00:00:00, as everywhere in hmsp. It knows no files and no patients.
package activity

// A Kind is what a sample is of.
type Kind int8

// The kinds of samples, with their units.
const (
	Steps        Kind = iota + 1 // count over Duration
	Distance                     // m over Duration
	Energy                       // kcal over Duration, active
	HeartRate                    // /min
	Asleep                       // Value is the share of Duration asleep, 0 to 1
	InBed                        // likewise
	Acceleration                 // mg: ENMO over Duration
	Glucose                      // mg/dL
	Weight                       // kg
	Floors                       // count over Duration
	BeatInterval                 // s: from one beat to the next
	Worn                         // Duration during which the device was worn; Value is 1
	Intensity                    // Value is the share of Duration that was moderate to vigorous
	Oxygen                       // %: saturation
	Temperature                  // Cel
	Speed                        // m/s
	BasalEnergy                  // kcal over Duration, at rest
	Systolic                     // mm[Hg]
	Diastolic                    // mm[Hg]
)

// A Sample is one reading.
type Sample struct {
	Kind     Kind
	Time     int64   // begin
	Duration int64   // s; 0 is a moment
	Value    float64 // finite
}

// A Summary is a number about a day, an hour or a whole recording.
type Summary struct {
	Time  int64  // begin of the day or hour
	Code  string // as system:code, of Codes
	Value float64
}
