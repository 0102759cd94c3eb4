// Package consent decides, for a patient and a day, whether that person's data may
// be used for a purpose: from FHIR R4 Consent, or from a list that a site keeps. It
// serves a site's door, which leaves people out before anything is computed, and the
// data protection officer, who can check later that a withdrawal was obeyed.
//
// Deny wins: whatever is in force on the day and refuses the purpose counts, in any
// order and from any document, also an older one. What nobody said is no consent. A
// permit counts only where all of it is understood; a deny also where it is not.
//
// A patient's name is hashed when it is read, under the site's key, and kept nowhere:
// a Register holds keyed pseudonyms, and no error repeats what a cell holds.
//
// How a document is read is a Reading: Rules, which stand in a dated file, are the
// one that is here. A reading that knows a country's forms and law, as the periods
// in which data may have been collected, is another and takes the same seat.
package consent

import (
	"math"
	"slices"
	"time"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/table"
)

// Purposes lists what data can be used for: what a study can declare
// (study.Purposes).
func Purposes() []string { return []string{"research", "quality", "public-health", "education"} }

// A Set is a set of Purposes: bit i is Purposes()[i].
type Set uint8

// All is every purpose.
const All Set = 1<<4 - 1

// SetOf is the set of the named purposes; ok is false if one is unknown.
func SetOf(names ...string) (s Set, ok bool) {
	all := Purposes()
	for _, n := range names {
		i := slices.Index(all, n)
		if i < 0 {
			return 0, false
		}
		s |= 1 << i
	}
	return s, true
}

// Names lists the purposes in the set.
func (s Set) Names() (out []string) {
	for i, n := range Purposes() {
		if s>>i&1 == 1 {
			out = append(out, n)
		}
	}
	return out
}

// A Day counts the calendar days since 1970-01-01, on the clock of the ward's wall.
type Day = int32

// Always and Forever are the ends of a period that has none.
const (
	Always  Day = math.MinInt32
	Forever Day = math.MaxInt32
)

// ParseDay reads a day: "2024-01-31".
func ParseDay(text string) (day Day, ok bool) {
	from, to, ok := days(text)
	return from, ok && from == to
}

// FormatDay writes a day as ParseDay reads it; "" for Always and Forever.
func FormatDay(day Day) string {
	if day == Always || day == Forever {
		return ""
	}
	return time.Unix(int64(day)*86400, 0).UTC().Format(time.DateOnly)
}

// days are the first and the last day of a date, which may be a month or a year.
func days(text string) (first, last Day, ok bool) {
	s, p, ok := format.ParseTimePrecision(text, format.ISODate)
	if !ok {
		return 0, 0, false
	}
	at := time.Unix(s, 0).UTC()
	first = dayOf(at)
	switch p {
	case format.ToYear:
		return first, first + Day(at.AddDate(1, 0, -1).YearDay()) - 1, true
	case format.ToMonth:
		return first, first + Day(at.AddDate(0, 1, -1).Day()) - 1, true
	}
	return first, first, true
}

// A period that begins in the year 0 or ends with the year 9999 has no such end: so
// do systems write it that must write a date.
func since(first Day) Day {
	if first <= Day(table.DayOfDate(0, 12, 31)) {
		return Always
	}
	return first
}

func until(last Day) Day {
	if last >= Day(table.DayOfDate(9999, 12, 31)) {
		return Forever
	}
	return last
}

// An Effect is what a statement does on the days of its period.
type Effect uint8

// The effects, each stronger than those before it.
const (
	Withholds Effect = iota + 1 // a document that permits other things does not permit this
	Permits
	Refuses
	Withdraws
)

// A Statement is what one consent says about purposes, from its first day to its
// last.
type Statement struct {
	From, To Day
	Purposes Set
	Effect   Effect
}

// An Outcome is what is decided. The zero value is Silent, which permits nothing.
type Outcome uint8

// The outcomes.
const (
	Silent Outcome = iota // nothing in force says anything
	Permit
	Deny
)

// String is "silent", "permit" or "deny".
func (o Outcome) String() string {
	switch o {
	case Permit:
		return "permit"
	case Deny:
		return "deny"
	}
	return "silent"
}

// A Why is the kind of reason behind a decision. It holds no data.
type Why string

// The reasons.
const (
	Given     Why = "given"      // permit: a consent in force gives it
	Withdrawn Why = "withdrawn"  // deny: a consent was withdrawn or rejected
	Refused   Why = "refused"    // deny: a consent in force refuses it
	NotGiven  Why = "not-given"  // deny: a consent in force permits other things only
	Expired   Why = "expired"    // silent: what permitted it is over
	NotYet    Why = "not-yet"    // silent: what permits it begins later
	Other     Why = "other"      // silent: consents are about other things
	Unknown   Why = "unknown"    // silent: there is no consent of this patient
	NoPurpose Why = "no-purpose" // deny: the purpose is none of Purposes
)

// A Decision is an outcome and the kind of its reason.
type Decision struct {
	Outcome Outcome
	Why     Why
}

// Decide is the decision that a patient's statements give for one purpose on a day.
// Their order does not matter.
func Decide(statements []Statement, purpose string, day Day) Decision {
	bit, ok := SetOf(purpose)
	if !ok {
		return Decision{Deny, NoPurpose}
	}
	return decide(statements, bit, day)
}

func decide(statements []Statement, bit Set, day Day) Decision {
	var strongest Effect
	why := Other
	for _, s := range statements {
		switch {
		case s.Purposes&bit == 0:
		case s.From <= day && day <= s.To:
			strongest = max(strongest, s.Effect)
		case s.Effect != Permits:
		case s.To < day:
			why = Expired
		case why == Other:
			why = NotYet
		}
	}
	switch strongest {
	case Withdraws:
		return Decision{Deny, Withdrawn}
	case Refuses:
		return Decision{Deny, Refused}
	case Permits:
		return Decision{Permit, Given}
	case Withholds:
		return Decision{Deny, NotGiven}
	}
	return Decision{Silent, why}
}

// dayOf is the day on a clock at Greenwich.
func dayOf(t time.Time) Day { return Day(table.DayOf(t.Unix())) }
