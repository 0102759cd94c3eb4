// Package timeline is the language of time in a study: which day a patient enters
// it, and what is known of the patient before and after that day.
//
//	index: {event: diabetes, take: first}
//	variables:
//	  hba1c:    {of: hba1c, take: last, from: -365d, to: 0d}
//	  visits:   {of: visit, take: count, from: -1y, to: -1d, max: 50}
//	  age_dx:   {take: age}
//	  os_days:  {of: death, take: time, to: 5y}
//	  os_event: {of: death, take: event, to: 5y}
//
// Compile checks it against the dictionary and gives a Plan, whose variables have
// a type, a unit and a range as any variable of the dictionary has. Plan.Eval is
// the definition of what they mean; Plan.SQL says the same to a database.
//
// # Days
//
// Times are seconds of wall-clock time (table.History); the day of a time is the
// calendar day that it falls in. Everything here counts in days, so that the hour
// of a blood sample decides only which of two samples of a day is the later. A
// duration is a number of days (d), of weeks (w), of calendar months (m) or of
// calendar years (y, 12 months). A day of the month that the month reached does
// not have is its last day: a month after 31 January is 28 or 29 February, and a
// year after 29 February is 28 February. A time outside the years 1 to 9999 is
// refused.
//
// # Events
//
// The events of a variable are ordered by time, those of one instant by value
// (categories in the order of their levels), and what has no time comes before all
// that has one. A variable happens where it has an event; a flag happens only
// where its event says yes. `death` is a built-in event of the person.
//
// # The index
//
// The index day of a patient is the day of the first or last time that a variable
// happened, of those between two dates where they are given (both included), or
// one date for everyone. Only patients with an index day are in the study. Without
// an index everyone is, and no window can be used.
//
// # Windows
//
// A window holds the events from the index day plus From to the index day plus To,
// both days included; an end that is not given is open. An event without a time is
// in no window, not even an open one; where neither From nor To is given, all
// events count. The event that makes the index day is at 0d.
//
// # Takes
//
//	first, last        the value of the first or last event, missing if there is none
//	mean, median       of the values, missing if there is none; the mean is the sum in
//	                   the order of events over their number, the median of an even
//	                   number of values the half of the sum of the middle two
//	min, max           the smallest or largest value, missing if there is none
//	sum                of the values, 0 if there is none, cut to Max; of variables that
//	                   are not negative
//	count              how often the variable happened, cut to Max
//	any                whether it happened; never missing
//	age                completed years, by calendar, from birth to the index day or, with
//	                   Of, to the first time that the variable happened; who was born on
//	                   29 February is a year older on 1 March of other years. Missing
//	                   without a birth, and where it is not 0 to 130
//	time, event        days to an outcome, and whether it was seen; see below
//
// # Outcomes
//
// A patient is watched from the index day plus From (0d where not given) to the
// end of follow-up: the earliest of the index day plus To, the end of observation
// (History.To) and, where the outcome is another, the day of death. If the outcome
// happened on one of these days, both ends included, time is the days from the
// index day to the first of them and event is 1; an outcome on the day on which
// follow-up ends was seen. If not, time is the days from the index day to the end
// of follow-up and event is 0: the patient is censored. Time and event are missing
// where the end of observation is not known, because who left cannot be told from
// who stayed well, and where follow-up ended before it began; so time is never
// negative. What happened before the watch began plays no part: a patient who had
// the outcome before is watched for the next one, and a cohort that wants new
// cases excludes the others with {take: any, to: -1d}.
//
// # Plain use
//
// A variable that a study names without a window is, for a number, an integer or a
// category, the value of its last event ever and, for a flag, whether it ever
// happened, 0 where nothing is known of it.
package timeline

// A Spec is what a study says about time. The zero Spec is everyone, without an
// index day.
type Spec struct {
	Index     *Index             `json:"index,omitempty"`
	Variables map[string]Derived `json:"variables,omitempty"` // by name; their order is that of the names
}

// An Index says which day of a patient is day 0: that of an event, or a date.
type Index struct {
	Event string `json:"event,omitempty"` // a variable of the dictionary, or death
	Take  Take   `json:"take,omitempty"`  // first (default) or last
	From  *Date  `json:"from,omitempty"`  // of events; nil is open
	To    *Date  `json:"to,omitempty"`
	Date  *Date  `json:"date,omitempty"` // instead of an event
}

// A Derived is a variable that is made of events.
type Derived struct {
	Of   string    `json:"of,omitempty"` // a variable of the dictionary, or death
	Take Take      `json:"take"`
	From *Duration `json:"from,omitempty"` // from the index day; nil is open
	To   *Duration `json:"to,omitempty"`
	Max  float64   `json:"max,omitempty"` // of count and sum: what is above is cut to it
}

// A Take says what is made of the events of a window.
type Take string

// The takes; the package comment defines them.
const (
	First     Take = "first"
	Last      Take = "last"
	Mean      Take = "mean"
	Median    Take = "median"
	Min       Take = "min"
	Max       Take = "max"
	Sum       Take = "sum"
	Count     Take = "count"
	Any       Take = "any"
	Age       Take = "age"
	TimeTo    Take = "time"
	EventSeen Take = "event"
)

// Takes lists the takes.
func Takes() []Take {
	return []Take{First, Last, Mean, Median, Min, Max, Sum, Count, Any, Age, TimeTo, EventSeen}
}

// Death is the name of the built-in event of a person.
const Death = "death"

// MaxVariables is how many variables a study derives at most.
const MaxVariables = 200

// oldest is the largest age; what is above is missing.
const oldest = 130
