package activity

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"unsafe"
)

// An Accumulator gathers the samples of one person. Its memory grows with the hours that
// have samples, with the pieces of sleep and with the beats of the heart, and not with
// the samples; what it gives does not depend on the order in which they come.
//
// Sums are kept in whole millionths: addition of numbers with a floating point depends on
// the order.
type Accumulator struct {
	totals map[track]*total
	levels map[Kind]map[int32]*moments // by hour
	sleep  map[track]*sleep
	beats  map[int32]*beats // by hour
	whole  undated
}

// A track is what one source has of one kind.
type track struct {
	kind   Kind
	source uint16
}

// A total is what adds up, in millionths. A sample of just an hour of the clock, or of a
// day, says what all of it was: another of the same is not added, and the larger counts.
type total struct {
	pieces map[int32]int64 // of hours
	hours  map[int32]int64
	days   map[int32]int64
}

const (
	hour    = 3600
	day     = 24 * hour
	million = 1e6
)

// New returns an Accumulator without samples.
func New() *Accumulator {
	return &Accumulator{totals: map[track]*total{}, levels: map[Kind]map[int32]*moments{}, sleep: map[track]*sleep{}, beats: map[int32]*beats{}}
}

// Add takes a sample, in any order. It refuses what no device can have measured, and
// says so: such a sample counts nowhere.
//
// Beats that begin in the same second are taken in the order in which they come. Of
// samples at NoTime heart rates and beats alone are taken, for the recording as a whole.
func (a *Accumulator) Add(s Sample) bool {
	if s.Time == NoTime {
		return inBounds(s) && a.whole.add(s)
	}
	if !possible(s) {
		return false
	}
	switch s.Kind {
	case Steps, Distance, Energy, BasalEnergy, TotalEnergy, Floors:
		a.total(s, s.Value)
	case Worn, Intensity:
		a.total(s, s.Value*float64(s.Duration))
	case Asleep, InBed:
		a.asleep(s)
	case BeatInterval:
		a.beat(s)
	case Acceleration, Level:
		a.spread(s)
	default:
		a.moments(s.Kind, int32(floor(s.Time, hour))).add(s, 1)
	}
	return true
}

// possible says whether a device can have measured a sample. The bounds are wide: what is
// not plausible of a person is for the checks to find.
func possible(s Sample) bool {
	const first, last, longest = -2208988800, 7258118400, 31 * day // 1900 to 2200
	if s.Time < first || s.Time >= last || s.Duration < 0 || s.Duration > longest || math.IsNaN(s.Value) {
		return false
	}
	return inBounds(s)
}

func inBounds(s Sample) bool {
	low, high := bounds(s.Kind)
	return s.Value >= low && s.Value <= high
}

func bounds(k Kind) (low, high float64) {
	switch k {
	case Steps:
		return 0, 200000
	case Distance:
		return 0, 1000000
	case Energy, BasalEnergy, TotalEnergy:
		return 0, 50000
	case Floors:
		return 0, 10000
	case HeartRate, RestingHeartRate:
		return 10, 350
	case Asleep, InBed, Worn, Intensity:
		return 0, 1
	case Acceleration: // 16 g is the range of the widest sensors
		return 0, 16000
	case Level:
		return 0, 3
	case Glucose:
		return 1, 2000
	case Weight:
		return 0.2, 700
	case BeatInterval:
		return 0.1, 10
	case Oxygen:
		return 1, 100
	case Temperature:
		return 10, 50
	case Speed:
		return 0, 350
	case Systolic, Diastolic:
		return 10, 400
	case Variability:
		return 0, 2000
	}
	return 1, 0 // a kind that is not known
}

// floor is the number of the hour or day that holds a second.
func floor(seconds, length int64) int64 {
	n := seconds / length
	if seconds%length < 0 {
		n--
	}
	return n
}

// total adds to what adds up. A sample of a whole day tells of the day alone; one that is
// no hour of the clock is spread evenly over its hours.
func (a *Accumulator) total(s Sample, value float64) {
	t := a.totals[track{s.Kind, s.Source}]
	if t == nil {
		t = &total{map[int32]int64{}, map[int32]int64{}, map[int32]int64{}}
		a.totals[track{s.Kind, s.Source}] = t
	}
	amount := int64(math.Round(value * million))
	switch {
	case s.Time%day == 0 && s.Duration >= day-hour && s.Duration <= day+hour:
		d := int32(floor(s.Time, day))
		t.days[d] = max(t.days[d], amount)
	case s.Time%hour == 0 && s.Duration == hour:
		h := int32(floor(s.Time, hour))
		t.hours[h] = max(t.hours[h], amount)
	default:
		pieces(s, func(h int32, from, to int64) {
			if s.Duration == 0 {
				t.pieces[h] += amount
			} else if to > from { // the parts add up to the whole
				t.pieces[h] += share(amount, to, s.Duration) - share(amount, from, s.Duration)
			}
		})
	}
}

// share is amount*part/whole: at most 10^12 in millionths, and 31 days.
func share(amount, part, whole int64) int64 { return amount * part / whole }

// pieces cuts a sample at the hours: from and to are seconds since its begin.
func pieces(s Sample, piece func(h int32, from, to int64)) {
	h := floor(s.Time, hour)
	for from := int64(0); ; {
		to := min((h+1)*hour-s.Time, s.Duration)
		piece(int32(h), from, to)
		if to == s.Duration {
			return
		}
		from, h = to, h+1
	}
}

// spread adds to what is averaged over time.
func (a *Accumulator) spread(s Sample) {
	s.Duration = max(s.Duration, 1)
	pieces(s, func(h int32, from, to int64) {
		if m := a.moments(s.Kind, h); to > from {
			m.add(s, to-from)
		}
	})
}

// Size is about how many bytes of memory it holds.
func (a *Accumulator) Size() int {
	const entry = 24 // of a map, with what it keeps free
	n := 0
	for _, t := range a.totals {
		n += (len(t.pieces) + len(t.hours) + len(t.days)) * entry
	}
	for _, hours := range a.levels {
		n += len(hours) * (entry + int(unsafe.Sizeof(moments{})))
	}
	for _, s := range a.sleep {
		n += cap(s.pieces) * int(unsafe.Sizeof(piece{}))
	}
	for _, b := range a.beats {
		n += entry + cap(b.second)*2 + cap(b.interval)*4
	}
	return n
}

// Summaries are the numbers of all samples so far, by time, then by code.
//
// Sources that count the same are not added, because a watch and a telephone count the
// same steps, and the tables of one export the same minutes: of each hour the largest
// source counts, and of a day the larger of that and what a sample of the whole day says.
func (a *Accumulator) Summaries() []Summary {
	o := &output{}
	a.whole.summaries(o)
	a.counts(o)
	a.heart(o)
	a.nights(o)
	a.readings(o)
	a.acceleration(o)
	a.glucose(o)
	a.variability(o)
	a.rhythms(o)
	slices.SortFunc(o.out, func(a, b Summary) int { return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Code, b.Code)) })
	return o.out
}

// output gathers summaries.
type output struct{ out []Summary }

func (o *output) hour(h int32, code string, value float64) {
	o.out = append(o.out, Summary{int64(h) * hour, int64(h+1) * hour, code, value})
}

func (o *output) day(d int32, code string, value float64) {
	o.out = append(o.out, Summary{int64(d) * day, int64(d+1) * day, code, value})
}

// recording is about the hours from first to last.
func (o *output) recording(first, last int32, code string, value float64) {
	o.out = append(o.out, Summary{int64(first) * hour, int64(last+1) * hour, code, value})
}

// dayOf is the day of an hour.
func dayOf(h int32) int32 { return int32(floor(int64(h), 24)) }

// byDay groups hours by their day, both in order.
func byDay[V any](hours map[int32]V, each func(d int32, hours []int32)) {
	sorted := slices.Sorted(maps.Keys(hours))
	for len(sorted) > 0 {
		d, n := dayOf(sorted[0]), 1
		for n < len(sorted) && dayOf(sorted[n]) == d {
			n++
		}
		each(d, sorted[:n])
		sorted = sorted[n:]
	}
}
