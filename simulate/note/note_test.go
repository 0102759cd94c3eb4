package note

import (
	"strings"
	"testing"

	"hmsp.center/hmsp/simulate/person"
	"hmsp.center/hmsp/simulate/record"
)

// The spans cut out what they say, nothing else in the text has a name, a number or a
// birth date, and the facts are the record's.
func TestSpans(t *testing.T) {
	f := person.New(3, 600, record.Day(2014, 12, 31), record.Day(2024, 12, 31))
	site := record.NewSite("west", 100, false)
	m := record.NewMaker(f, record.NewCodes(), &site)
	for i := range 100 {
		r := m.Record(i)
		for _, l := range []Language{German, English} {
			n := Write(r, l)
			text, end := "", 0
			for _, s := range n.PHI {
				if s.From < end || s.To > len(n.Text) {
					t.Fatal("spans overlap or run over the end")
				}
				text += n.Text[end:s.From]
				end = s.To
			}
			text += n.Text[end:]
			for _, secret := range []string{r.Person.Given, r.Person.Family, r.Person.ID, string(record.AppendDate(nil, r.Person.Birth)), string(record.AppendGerman(nil, r.Person.Birth))} {
				if strings.Contains(text, secret) || !strings.Contains(n.Text, secret) && !strings.ContainsAny(secret, "0123456789") {
					t.Fatalf("%s: what tells a person is outside the spans, or missing", l)
				}
			}
			diabetes := false
			for _, d := range r.Diagnoses {
				diabetes = diabetes || d.Disease == record.Diabetes
			}
			found := false
			for _, x := range n.Facts {
				if x.From >= x.To || x.To > len(n.Text) {
					t.Fatal("a fact without a text")
				}
				if x.Code == r.Codes.Diseases[record.Diabetes].SNOMED {
					found = true
					if x.Negated == diabetes {
						t.Fatal("the note contradicts the record")
					}
				}
			}
			if !found {
				t.Fatal("nothing is said of diabetes")
			}
		}
	}
}
