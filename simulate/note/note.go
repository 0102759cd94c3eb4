// Package note writes letters of doctors about simulated people, in German or
// English, and says where in them a person could be told by and which facts they
// tell.
//
// It serves simulate, and tests of taking identifiers out of texts.
package note

import (
	"fmt"
	"strings"

	"hmsp.center/hmsp/simulate/chance"
	"hmsp.center/hmsp/simulate/record"
)

// A Language of a note.
type Language string

// The languages.
const (
	German  Language = "de"
	English Language = "en"
)

// A Kind of what could tell who it is about.
type Kind string

// The kinds.
const (
	Name     Kind = "name"
	Birth    Kind = "birth"
	Date     Kind = "date"
	ID       Kind = "id"
	Postal   Kind = "postal"
	Phone    Kind = "phone"
	Doctor   Kind = "doctor"
	Hospital Kind = "hospital"
)

// A Span is bytes From to To-1 of a text.
type Span struct {
	From, To int
	Kind     Kind
}

// A Fact is something that the text says.
type Fact struct {
	From, To int
	Code     record.Code
	Negated  bool
	Value    float64 // of a measurement, in its form's unit; otherwise 0
}

// A Note is a text with what is known of it.
type Note struct {
	Language Language
	Text     string
	PHI      []Span
	Facts    []Fact
}

// Write writes the letter about a record: its diagnoses, drugs and last values, and
// the absence of some diseases.
func Write(r *record.Record, l Language) Note {
	s := r.Person.Key.Stream("note " + string(l))
	w := &writer{words: vocabulary(l), n: Note{Language: l}}
	w.salutation(r, s)
	w.diagnoses(r)
	w.values(r)
	w.drugs(r)
	w.farewell(s)
	w.n.Text = w.b.String()
	return w.n
}

type writer struct {
	b     strings.Builder
	words words
	n     Note
}

func (w *writer) say(s string) { w.b.WriteString(s) }

func (w *writer) tell(k Kind, s string) {
	w.n.PHI = append(w.n.PHI, Span{w.b.Len(), w.b.Len() + len(s), k})
	w.say(s)
}

func (w *writer) fact(c record.Code, text string, negated bool, value float64) {
	w.n.Facts = append(w.n.Facts, Fact{w.b.Len(), w.b.Len() + len(text), c, negated, value})
	w.say(text)
}

// date writes DD.MM.YYYY or YYYY-MM-DD.
func (w *writer) date(k Kind, t int64) {
	if w.n.Language == German {
		w.tell(k, string(record.AppendGerman(nil, t)))
	} else {
		w.tell(k, string(record.AppendDate(nil, t)))
	}
}

func (w *writer) salutation(r *record.Record, s *chance.Stream) {
	p := r.Person
	w.tell(Hospital, fmt.Sprintf(w.words.hospital, r.Site.Name))
	w.say("\n" + w.words.dear + "\n\n" + w.words.report + " ")
	title := w.words.mrs
	if p.IsMale() {
		title = w.words.mr
	}
	w.say(title + " ")
	w.tell(Name, p.Given+" "+p.Family)
	w.say(", " + w.words.born + " ")
	w.date(Birth, p.Birth)
	w.say(" (" + w.words.number + " ")
	w.tell(ID, p.ID)
	w.say("), " + w.words.living + " ")
	w.tell(Postal, r.Site.Postal(p.Postal))
	w.say(", " + w.words.phone + " ")
	w.tell(Phone, fmt.Sprintf("0000 %06d", s.Below(1_000_000)))
	w.say(", " + w.words.seen + " ")
	w.date(Date, last(r))
	w.say(".\n\n")
}

// last is the day of the last visit.
func last(r *record.Record) int64 {
	if n := len(r.Visits); n > 0 {
		return r.Visits[n-1].Start
	}
	return r.Person.Entry
}

func (w *writer) diagnoses(r *record.Record) {
	have := map[int]bool{}
	w.say(w.words.diagnoses + "\n")
	for _, d := range r.Diagnoses {
		if have[d.Disease] || d.Disease > record.Obesity {
			continue
		}
		have[d.Disease] = true
		w.say("- ")
		w.fact(r.Codes.Diseases[d.Disease].SNOMED, w.words.diseases[d.Disease], false, 0)
		w.say(" (" + w.words.since + " ")
		w.date(Date, d.Time)
		w.say(")\n")
	}
	if len(have) == 0 {
		w.say("- " + w.words.none + "\n")
	}
	for _, d := range []int{record.Diabetes, record.CHD} {
		if !have[d] {
			w.say(w.words.no + " ")
			w.fact(r.Codes.Diseases[d].SNOMED, w.words.diseases[d], true, 0)
			w.say(".\n")
		}
	}
	w.say("\n")
}

func (w *writer) values(r *record.Record) {
	w.say(w.words.values)
	for _, a := range []int{record.HbA1c, record.LDL, record.Creatinine, record.SBP} {
		for i := len(r.Measurements) - 1; i >= 0; i-- {
			m := &r.Measurements[i]
			if m.Analyte != a {
				continue
			}
			f := &r.Codes.Analytes[a].Forms[m.Form]
			number := fmt.Sprintf("%.*f", f.Decimals, m.Value)
			if w.n.Language == German {
				number = strings.Replace(number, ".", ",", 1)
			}
			w.say(" ")
			w.fact(f.Code, w.words.analytes[a]+" "+number+" "+f.Unit.Code, false, m.Value)
			w.say(";")
			break
		}
	}
	w.say("\n\n")
}

func (w *writer) drugs(r *record.Record) {
	w.say(w.words.drugs)
	for _, d := range r.Drugs {
		x := &r.Codes.Drugs[d.Drug]
		w.say(" ")
		w.fact(x.ATC, fmt.Sprintf("%s %.0f mg 1-0-0", w.words.substances[d.Drug], x.Amount), false, 0)
		w.say(";")
	}
	if len(r.Drugs) == 0 {
		w.say(" " + w.words.none)
	}
	w.say("\n\n")
}

func (w *writer) farewell(s *chance.Stream) {
	doctors := []string{"Dr. Niemandstein", "Dr. Papierhof", "Dr. Traumfeld", "Dr. Nebelbach"}
	w.say(w.words.farewell + "\n")
	w.tell(Doctor, doctors[s.Below(len(doctors))])
	w.say("\n")
}
