// Package activity makes summaries by the hour, the day and the whole recording of what
// devices record of a person: steps, heart rate, sleep, energy, glucose, acceleration,
// the intervals between heart beats.
//
// It serves the readers of such devices' files. Times are wall-clock seconds since
// 1970-01-01T00:00:00, as everywhere in hmsp. It knows no files and no patients.
package activity

// A Kind is what a sample is of.
type Kind int8

// The kinds of samples, with their units.
const (
	Steps            Kind = iota + 1 // count over Duration
	Distance                         // m over Duration
	Energy                           // kcal over Duration, active
	HeartRate                        // /min
	Asleep                           // Value is the share of Duration asleep, 0 to 1
	InBed                            // likewise
	Acceleration                     // thousandths of g: ENMO over Duration
	Glucose                          // mg/dL
	Weight                           // kg
	Floors                           // count over Duration
	BeatInterval                     // s: from one normal beat to the next
	Worn                             // Value is the share of Duration during which the device was worn
	Intensity                        // Value is the share of Duration that was moderate to vigorous
	Oxygen                           // %: saturation
	Temperature                      // Cel
	Speed                            // m/s
	BasalEnergy                      // kcal over Duration, at rest
	Systolic                         // mm[Hg]
	Diastolic                        // mm[Hg]
	TotalEnergy                      // kcal over Duration, active and at rest together
	RestingHeartRate                 // /min, as the device found it
	Variability                      // ms: SDNN, as the device found it
	Level                            // 0 (at rest) to 3 (very active), the mean over Duration
)

// A Sample is one reading.
type Sample struct {
	Kind     Kind
	Time     int64   // begin
	Duration int64   // s; 0 is a moment
	Value    float64 // finite
	// Source tells devices, or tables of one export, apart which may count the same steps
	// or the same sleep: the reader numbers them; 0 where there is one alone.
	Source uint16
}

// A Summary is a number about an hour, a day or a whole recording.
type Summary struct {
	Time  int64  // begin of the hour, the day or the recording
	End   int64  // when that ends
	Code  string // as system:code, of Codes
	Value float64
}

// A Span is what a Summary is about.
type Span int8

// The spans of summaries.
const (
	Hour Span = iota + 1
	Day
	Recording // from the first sample to the last
)

func (s Span) String() string {
	switch s {
	case Hour:
		return "hour"
	case Day:
		return "day"
	}
	return "recording"
}

// A Code is one kind of Summary.
type Code struct {
	Code  string // as system:code
	Label string // "steps in a day"
	Unit  string // UCUM
	Span  Span
	Low   float64
	High  float64 // both are plausible of one person
	How   string  // how it is found, where that is not plain
}
