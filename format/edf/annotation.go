package edf

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"

	"hmsp.center/hmsp/activity"
)

// An annotation is one text of a time-stamped annotations list.
type annotation struct {
	onset    float64 // s since the begin of the recording
	duration float64 // s; -1 where not said
	text     string  // "" of the one that keeps a record's time
}

var errTAL = errors.New("no time-stamped annotations list")

// maxOnset bounds times, in s: a hundred years.
const maxOnset = 3.2e9

// annotations reads the lists of one record (Kemp and Olivan 2003, section 2.2.2):
// +onset[\x15duration]\x14text\x14...\x14\x00, then zeros.
func annotations(data []byte, give func(annotation) error) error {
	for list := range bytes.SplitSeq(data, []byte{0}) {
		if len(list) == 0 {
			continue
		}
		parts := strings.Split(string(list), "\x14")
		if len(parts) < 2 || parts[len(parts)-1] != "" {
			return errTAL
		}
		onset, duration, has := strings.Cut(parts[0], "\x15")
		a := annotation{duration: -1}
		var err error
		if !strings.HasPrefix(onset, "+") && !strings.HasPrefix(onset, "-") {
			return errTAL
		}
		if a.onset, err = strconv.ParseFloat(onset, 64); err != nil || !(math.Abs(a.onset) < maxOnset) {
			return errTAL
		}
		if has {
			if a.duration, err = strconv.ParseFloat(duration, 64); err != nil || !(a.duration >= 0 && a.duration < maxOnset) {
				return errTAL
			}
		}
		for _, a.text = range parts[1 : len(parts)-1] {
			if err := give(a); err != nil {
				return err
			}
		}
	}
	return nil
}

// sleep makes samples of the stages of sleep, and of the time between lights.
type sleep struct {
	begin int64
	emit  func(activity.Sample) error
	stage annotation // without a duration, that lasts until the next
	open  bool
	dark  float64 // when the lights went off
	off   bool
}

// epoch is how long a stage lasts that says no duration and that no other follows, in s.
const epoch = 30

func (s *sleep) annotation(a annotation) error {
	switch strings.ToLower(a.text) {
	case "lights off":
		s.dark, s.off = a.onset, true
		return nil
	case "lights on":
		if !s.off {
			return nil
		}
		s.off = false
		return s.span(activity.InBed, s.dark, a.onset-s.dark, 1)
	}
	stage, ok := strings.CutPrefix(a.text, "Sleep stage ")
	if !ok {
		return nil
	}
	if err := s.close(a.onset - s.stage.onset); err != nil {
		return err
	}
	if a.text = stage; a.duration < 0 {
		s.stage, s.open = a, true
		return nil
	}
	return s.tell(a, a.duration)
}

// close ends a stage that said no duration.
func (s *sleep) close(duration float64) error {
	if !s.open {
		return nil
	}
	s.open = false
	return s.tell(s.stage, duration)
}

func (s *sleep) tell(a annotation, duration float64) error {
	switch a.text {
	case "W":
		return s.span(activity.Asleep, a.onset, duration, 0)
	case "1", "2", "3", "4", "R", "N1", "N2", "N3", "N4", "N", "REM":
		return s.span(activity.Asleep, a.onset, duration, 1)
	}
	return nil // "?", movement
}

func (s *sleep) span(kind activity.Kind, from, duration, value float64) error {
	if duration <= 0 {
		return nil
	}
	return s.emit(activity.Sample{Kind: kind, Time: wall(s.begin, from), Duration: int64(math.Round(duration)), Value: value})
}

func (s *sleep) finish() error { return s.close(epoch) }
