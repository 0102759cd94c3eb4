package modality

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"hmsp.center/hmsp/simulate/note"
	"hmsp.center/hmsp/simulate/person"
	"hmsp.center/hmsp/simulate/record"
)

// Truth writes what is true of what was taken of each person: Of are the formats that
// are written.
type Truth struct{ Of []string }

// A truth is a file for those of the formats.
type truth struct {
	name, head string
	of         []string
	append     func(b []byte, s *Subject) []byte
}

func truths() []truth {
	return []truth{
		{"stools.csv", "patient,sample,time,depth,activity,diabetes,metformin,chd,statin\n", []string{BIOM}, stools},
		{"watches.csv", "patient,start,days,daily_steps,mesor,amplitude,acrophase,worn_minutes,asleep_minutes,steps\n", []string{FIT, Fitbit}, watches},
		{"heads.csv", "patient,time,hypertension,lesion,lesion_x,lesion_y,lesion_z,lesion_radius,lesion_volume,lesion_voxels," +
			"nose_x,nose_y,nose_z,eye1_x,eye1_y,eye1_z,eye2_x,eye2_y,eye2_z\n", []string{DICOM, NIfTI}, heads},
		{"notes.ndjson", "", []string{Text}, letters},
	}
}

func (t Truth) truths() []truth {
	return slices.DeleteFunc(truths(), func(f truth) bool {
		return !slices.ContainsFunc(f.of, func(name string) bool { return slices.Contains(t.Of, name) })
	})
}

// Name is "truth".
func (Truth) Name() string { return "truth" }

// Files are stools.csv, watches.csv, heads.csv and notes.ndjson.
func (t Truth) Files() []string {
	var out []string
	for _, f := range t.truths() {
		out = append(out, f.name)
	}
	return out
}

// Head is the header of each.
func (t Truth) Head() [][]byte {
	var out [][]byte
	for _, f := range t.truths() {
		out = append(out, []byte(f.head))
	}
	return out
}

// Append writes one person's lines.
func (t Truth) Append(files [][]byte, s *Subject) {
	for i, f := range t.truths() {
		files[i] = f.append(files[i], s)
	}
}

// stamp is a time to the second.
func stamp(t int64) string {
	return string(record.AppendClock(append(record.AppendDate(nil, t), 'T'), t))
}

func stools(b []byte, s *Subject) []byte {
	p, at := s.Person, s.StoolTime()
	return fmt.Appendf(b, "%s,%s,%s,%d,%.9g,%d,%d,%d,%d\n", p.ID, StoolName(p.ID), stamp(at), s.Taxa().Depth, p.X[person.Activity],
		flag(p, person.Diabetes, at), flag(p, person.Metformin, at), flag(p, person.CHD, at), flag(p, person.Statin, at))
}

// StoolName is what a laboratory calls the stool of somebody.
func StoolName(patient string) string { return "S." + patient }

func watches(b []byte, s *Subject) []byte {
	m := s.Minutes()
	if m == nil {
		return b
	}
	worn, asleep, steps := 0, 0, 0
	for i := range m.Steps {
		steps += int(m.Steps[i])
		if m.Worn[i] {
			worn++
			if m.Asleep[i] {
				asleep++
			}
		}
	}
	return fmt.Appendf(b, "%s,%s,%d,%.9g,%.9g,%.9g,%.9g,%d,%d,%d\n", s.Person.ID, stamp(m.Start), WatchDays, m.Daily, m.Rhythm.Mesor, m.Rhythm.Amplitude, m.Rhythm.Acrophase, worn, asleep, steps)
}

func heads(b []byte, s *Subject) []byte {
	v := s.Head()
	if v == nil {
		return b
	}
	p := s.Person
	b = fmt.Appendf(b, "%s,%s,%d,", p.ID, stamp(s.HeadImage().Time), flag(p, person.Hypertension, p.Head))
	if l := v.Lesion; l != nil {
		b = fmt.Appendf(b, "1,%.9g,%.9g,%.9g,%.9g,%.9g,%d", l.Centre.X, l.Centre.Y, l.Centre.Z, l.Radius, l.Volume, l.Voxels)
	} else {
		b = append(b, "0,,,,,,"...)
	}
	for _, at := range v.Face {
		b = fmt.Appendf(b, ",%.9g,%.9g,%.9g", at.X, at.Y, at.Z)
	}
	return append(b, '\n')
}

// A LetterTruth is a line of notes.ndjson: what a letter says, and where it says who it
// is about. From and To are characters (code points) of the text, To behind the last.
type LetterTruth struct {
	Patient  string        `json:"patient"`
	File     string        `json:"file"`
	Language note.Language `json:"language"`
	Facts    []LetterFact  `json:"facts"`
	PHI      []LetterSpan  `json:"phi"`
}

// A LetterFact is a finding, a drug or a disease, affirmed or negated.
type LetterFact struct {
	From    int     `json:"from"`
	To      int     `json:"to"`
	Code    string  `json:"code"` // loinc:4548-4
	Negated bool    `json:"negated"`
	Value   float64 `json:"value,omitempty"`
}

// A LetterSpan tells who somebody is.
type LetterSpan struct {
	From int       `json:"from"`
	To   int       `json:"to"`
	Kind note.Kind `json:"kind"`
}

func letters(b []byte, s *Subject) []byte {
	n := s.Letter()
	at := make([]int, len(n.Text)+1) // characters before each byte
	count := 0
	for i := range n.Text {
		at[i] = count
		count++
	}
	at[len(n.Text)] = count
	t := LetterTruth{Patient: s.Person.ID, File: LetterPath(s), Language: n.Language}
	for _, f := range n.Facts {
		t.Facts = append(t.Facts, LetterFact{at[f.From], at[f.To], strings.ToLower(f.Code.System.Vocabulary()) + ":" + f.Code.Code, f.Negated, f.Value})
	}
	for _, p := range n.PHI {
		t.PHI = append(t.PHI, LetterSpan{at[p.From], at[p.To], p.Kind})
	}
	line, err := json.Marshal(t)
	if err != nil {
		panic(err) // texts and finite numbers are JSON
	}
	return append(append(b, line...), '\n')
}
