package modality

import (
	"io"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format/fit"
	"hmsp.center/hmsp/simulate/record"
	"hmsp.center/hmsp/simulate/wearable"
)

// Put writes a file, by its path below the folder of its format.
type Put func(path string, write func(w io.Writer) error) error

// Own writes the files that belong to one person, in a format that has such; ok is false
// for the others.
func Own(format string) (write func(s *Subject, put Put) error, ok bool) {
	switch format {
	case FIT:
		return ownFIT, true
	case DICOM:
		return ownDICOM, true
	case NIfTI:
		return ownNIfTI, true
	case Text:
		return ownText, true
	}
	return nil, false
}

// ownText writes the letter, in Windows-1252 where a site writes as German software does
// and in UTF-8 elsewhere.
func ownText(s *Subject, put Put) error {
	letter := []byte(s.Letter().Text)
	if s.Site.German {
		letter = narrow(s.Letter().Text)
	}
	return put(LetterPath(s), func(w io.Writer) error {
		_, err := w.Write(letter)
		return err
	})
}

// LetterPath is where a letter is in the folder of its format.
func LetterPath(s *Subject) string {
	return s.Person.ID + "/" + string(record.AppendDate(nil, s.LetterTime())) + ".txt"
}

// narrow is text of Latin letters in single bytes, the same in latin1 and Windows-1252.
func narrow(text string) []byte {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		out = append(out, byte(r)) // no letter of the vocabulary is above U+00FF
	}
	return out
}

// ownFIT writes what the watch kept, as one file.
func ownFIT(s *Subject, put Put) error {
	m := s.Minutes()
	if m == nil {
		return nil
	}
	name := s.Person.ID + "/" + string(record.AppendDate(nil, m.Start)) + ".fit"
	return put(name, func(w io.Writer) error { return fit.Write(w, Readings(m)) })
}

// Readings are what a watch reports of a recording: the steps of each minute that has
// some, the heart rate of each minute, and the stretches asleep, of an hour at most, as
// far as it was worn; sorted by the time at which they end.
func Readings(m *wearable.Minutes) []activity.Sample {
	var out []activity.Sample
	at := func(i int) int64 { return m.Start + 60*int64(i) }
	from := -1
	for i := 0; i <= len(m.Steps); i++ {
		asleep := i < len(m.Steps) && m.Worn[i] && m.Asleep[i]
		if asleep && from < 0 {
			from = i
		}
		if from >= 0 && (!asleep || i-from == 60) {
			out = append(out, activity.Sample{Kind: activity.Asleep, Time: at(from), Duration: 60 * int64(i-from), Value: 1})
			if from = -1; asleep {
				from = i
			}
		}
		if i == len(m.Steps) || !m.Worn[i] {
			continue
		}
		if m.Steps[i] > 0 {
			out = append(out, activity.Sample{Kind: activity.Steps, Time: at(i), Duration: 60, Value: float64(m.Steps[i])})
		}
		out = append(out, activity.Sample{Kind: activity.HeartRate, Time: at(i), Duration: 60, Value: float64(m.HeartRate[i])})
	}
	return out
}
