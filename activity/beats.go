package activity

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// Beats are the intervals between heart beats that begin in one hour.
type beats struct {
	second   []uint16 // of the hour
	interval []float32
}

func (a *Accumulator) beat(s Sample) {
	h := floor(s.Time, hour)
	b := a.beats[int32(h)]
	if b == nil {
		b = &beats{}
		a.beats[int32(h)] = b
	}
	b.second = append(b.second, uint16(s.Time-h*hour))
	b.interval = append(b.interval, float32(s.Value))
}

// inOrder gives the intervals by time; those of one second stay as they came.
func (b *beats) inOrder(each func(second int64, interval float64)) {
	at := make([]int, len(b.second))
	for i := range at {
		at[i] = i
	}
	slices.SortStableFunc(at, func(i, j int) int { return cmp.Compare(b.second[i], b.second[j]) })
	for _, i := range at {
		each(int64(b.second[i]), float64(b.interval[i]))
	}
}

// What makes an interval one between normal beats, in seconds, and how much of them there
// must be in a day: the five minutes of a short recording (Task Force of the European
// Society of Cardiology and the North American Society of Pacing and Electrophysiology,
// Circulation 1996;93:1043-1065).
const (
	shortest  = 0.3
	longest   = 2.0
	beatsLong = 300.0
)

// variability gives SDNN, RMSSD and pNN50 of a day (Task Force 1996, table 1); where
// there are no beats, the SDNN that the device found.
func (a *Accumulator) variability(o *output) {
	told := map[int32]float64{}
	byDay(a.levels[Variability], func(d int32, hours []int32) {
		told[d] = sum(a.levels[Variability], hours).mean()
	})
	byDay(a.beats, func(d int32, hours []int32) {
		v := variability{}
		for _, h := range hours {
			a.beats[h].inOrder(func(second int64, interval float64) { v.add(int64(h)*hour+second, interval) })
		}
		if v.sum < beatsLong {
			return
		}
		told[d] = v.sdnn()
		if v.pairs > 0 {
			o.day(d, RMSSD, 1000*math.Sqrt(v.differences/float64(v.pairs)))
			o.day(d, PNN50, 100*float64(v.over50)/float64(v.pairs))
		}
	})
	for _, d := range slices.Sorted(maps.Keys(told)) {
		o.day(d, SDNN, told[d])
	}
}

type variability struct {
	n, pairs, over50   int
	sum, mean, squares float64 // squares are of the deviations from the mean (Welford 1962)
	differences        float64
	lastTime           int64
	lastInterval       float64
}

func (v *variability) add(time int64, interval float64) {
	last := v.lastInterval
	v.lastInterval = 0
	if interval < shortest || interval > longest {
		return
	}
	v.n++
	v.sum += interval
	delta := interval - v.mean
	v.mean += delta / float64(v.n)
	v.squares += delta * (interval - v.mean)
	// The next beat begins where the last interval ended, to whole seconds: else a beat
	// between them was none.
	if gap := float64(time-v.lastTime) - last; last > 0 && gap > -1 && gap < 1 {
		v.pairs++
		difference := interval - last
		v.differences += difference * difference
		if math.Abs(difference) > 0.050 {
			v.over50++
		}
	}
	v.lastTime, v.lastInterval = time, interval
}

func (v *variability) sdnn() float64 {
	if v.n < 2 {
		return 0
	}
	return 1000 * math.Sqrt(v.squares/float64(v.n-1))
}
