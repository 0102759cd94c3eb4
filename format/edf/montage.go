package edf

import (
	"context"
	"math"
	"regexp"
	"strings"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format/internal/ecg"
	"hmsp.center/hmsp/format/internal/motion"
	"hmsp.center/hmsp/format/internal/recording"
	"hmsp.center/hmsp/table"
)

// A montage is what the signals of a file are read as.
type montage struct {
	h     *header
	emit  func(activity.Sample) error
	heart *heart
	means []*mean
	axes  [3]int // places of the signals of acceleration, -1 of none
	scale float64
	meter motion.Meter
	sleep sleep
	end   float64 // where the record before ended, s
	begun bool
}

func newMontage(ctx context.Context, h *header, emit func(activity.Sample) error) *montage {
	m := &montage{h: h, emit: emit, axes: [3]int{-1, -1, -1}, meter: motion.Meter{Emit: emit}, sleep: sleep{begin: h.begin, emit: emit}}
	pulse := regexp.MustCompile(`(?i)^(pulse( ?rate)?|pr|hr|h\.r\.|heart ?rate|puls)$`)
	heartbeats := regexp.MustCompile(`(?i)\b(ecg|ekg)`)
	oxygen := regexp.MustCompile(`(?i)\b(sa ?o2|sp ?o2|osat)\b`)
	axis := regexp.MustCompile(`(?i)^acc.*([xyz])$|^([xyz])[ _-]?acc`)
	for i := range h.signals {
		s := &h.signals[i]
		rate := h.rate(s)
		switch match := axis.FindStringSubmatch(s.label); {
		case s.annotations() || rate <= 0:
		case heartbeats.MatchString(s.label) && m.heart == nil && rate >= ecg.MinRate && rate <= ecg.MaxRate:
			m.heart = newHeart(i, rate, h.begin, emit)
			recording.Note(ctx, "EDF files, of which the beats were detected (Pan and Tompkins 1985)")
		case oxygen.MatchString(s.label):
			m.means = append(m.means, &mean{signal: i, kind: activity.Oxygen, low: 50, high: 100, begin: h.begin, emit: emit})
		case pulse.MatchString(s.label) && rate <= 10: // else it is the wave of a pulse
			m.means = append(m.means, &mean{signal: i, kind: activity.HeartRate, low: 20, high: 300, begin: h.begin, emit: emit})
		case match != nil:
			m.axis(match[1]+match[2], i)
		}
	}
	if m.heart != nil { // whose rate is better
		kept := m.means[:0]
		for _, x := range m.means {
			if x.kind != activity.HeartRate {
				kept = append(kept, x)
			}
		}
		m.means = kept
	}
	if m.axes[0] < 0 || m.axes[1] < 0 || m.axes[2] < 0 || m.scale == 0 || h.begin == table.NoTime ||
		h.signals[m.axes[0]].samples != h.signals[m.axes[1]].samples || h.signals[m.axes[0]].samples != h.signals[m.axes[2]].samples {
		m.scale = 0
	}
	return m
}

// axis takes a signal as one of the axes of acceleration, if it is in a unit of that.
func (m *montage) axis(name string, i int) {
	scale := map[string]float64{"g": 1, "mg": 1e-3, "m/s2": 1 / 9.80665, "m/s^2": 1 / 9.80665}[strings.ToLower(m.h.signals[i].dimension)]
	k := strings.Index("xyz", strings.ToLower(name))
	if scale == 0 || m.axes[k] >= 0 || m.scale != 0 && m.scale != scale {
		return
	}
	m.axes[k], m.scale = i, scale
}

// rate is how many samples a second a signal has; 0 in a file without durations.
func (h *header) rate(s *signal) float64 {
	if h.seconds == 0 {
		return 0
	}
	return float64(s.samples) / h.seconds
}

// record reads a data record: the annotations first, which say when it begins where the
// records do not follow each other.
func (m *montage) record(path string, n int64, data []byte) error {
	start, told := float64(n)*m.h.seconds, false
	at := make([]int, len(m.h.signals)) // where each signal begins
	pos := 0
	for i := range m.h.signals {
		s := &m.h.signals[i]
		at[i] = pos
		end := pos + s.samples*m.h.sampleBytes
		if s.annotations() {
			first := !told
			err := annotations(data[pos:end], func(a annotation) error {
				if first && !told { // the first one of the first such signal keeps the time
					told = true
					if m.h.discontinuous || m.h.seconds == 0 {
						start = a.onset
					}
				}
				return m.sleep.annotation(a)
			})
			if err == errTAL {
				return bad(path, int(n)+1, "annotations", "these are no time-stamped annotations lists as EDF+ has them", "the recording is damaged; copy it again")
			}
			if err != nil {
				return err
			}
		}
		pos = end
	}
	gap := m.begun && math.Abs(start-m.end) > 0.001
	m.begun, m.end = true, start+m.h.seconds
	if m.h.seconds == 0 {
		return nil
	}
	value := func(signal, k int) float64 {
		s := &m.h.signals[signal]
		return s.gain*float64(m.h.digital(data[at[signal]:], k)) + s.offset
	}
	if err := m.heart.record(m.h, start, gap, value); err != nil {
		return err
	}
	for _, x := range m.means {
		for k := range m.h.signals[x.signal].samples {
			if err := x.add(start+float64(k)*m.h.seconds/float64(m.h.signals[x.signal].samples), value(x.signal, k)); err != nil {
				return err
			}
		}
	}
	if m.scale == 0 {
		return nil
	}
	samples := m.h.signals[m.axes[0]].samples
	for k := range samples {
		t := m.h.begin + int64(math.Floor(start+float64(k)*m.h.seconds/float64(samples)))
		g := [3]float64{m.scale * value(m.axes[0], k), m.scale * value(m.axes[1], k), m.scale * value(m.axes[2], k)}
		if err := m.meter.Add(t, g); err != nil {
			return err
		}
	}
	return nil
}

// digital is the k-th sample, in two's complement with the lowest byte first.
func (h *header) digital(data []byte, k int) int32 {
	if h.sampleBytes == 2 {
		return int32(int16(uint16(data[2*k]) | uint16(data[2*k+1])<<8))
	}
	return int32(uint32(data[3*k])<<8|uint32(data[3*k+1])<<16|uint32(data[3*k+2])<<24) >> 8
}

func (m *montage) finish() error {
	if err := m.heart.finish(); err != nil {
		return err
	}
	for _, x := range m.means {
		if err := x.flush(); err != nil {
			return err
		}
	}
	if m.scale != 0 {
		if err := m.meter.Flush(); err != nil {
			return err
		}
	}
	return m.sleep.finish()
}
