package consent

import (
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/spelling"
)

// ListColumns are the columns of a list of consents, one row for a patient, a
// purpose and a period. Days are written 2024-01-31; both ends count.
func ListColumns() []string {
	return []string{format.Patient, "purpose", "valid_from", "valid_to", format.Status}
}

// A list reads rows of ListColumns.
type list struct {
	b      *Builder
	t      *source
	places [5]int
}

func (b *Builder) list(t *source) (*list, error) {
	l := &list{b: b, t: t}
	names := ListColumns()
	for _, c := range t.columns {
		if !slices.Contains(names, c.Name) {
			return nil, t.wrong(c.Name, "a list of consents has no such column"+spelling.Suggest(c.Name, names),
				"name the columns "+strings.Join(names, ", ")+" and no others")
		}
	}
	for i, n := range names {
		var err error
		if l.places[i], err = t.texts(n, true); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// statusEffect is what a word in the column status means; ok is false for no word.
func statusEffect(word string) (e Effect, ok bool) {
	switch word {
	case "permit", "active":
		return Permits, true
	case "deny":
		return Refuses, true
	case "withdrawn", "inactive", "rejected":
		return Withdraws, true
	case "draft", "proposed", "entered-in-error":
		return 0, true
	}
	return 0, false
}

const statusWords = "permit, active, deny, withdrawn, inactive, rejected, draft, proposed or entered-in-error"

func (l *list) row() error {
	var cell [5]string
	for i, p := range l.places {
		cell[i] = l.t.text(p)
	}
	if cell[0] == "" {
		return l.t.bad(format.Patient, "the row does not say whose it is", "fill it, or leave the row out")
	}
	s := Statement{Purposes: All, From: Always, To: Forever}
	var ok bool
	if s.Effect, ok = statusEffect(cell[4]); !ok {
		return l.t.bad(format.Status, "this is no status of a consent", "use "+statusWords)
	}
	if cell[1] != "all" {
		if s.Purposes, ok = SetOf(cell[1]); !ok {
			return l.t.bad("purpose", "this is no purpose", "use "+strings.Join(Purposes(), ", ")+" or all")
		}
	}
	if cell[2] != "" {
		if s.From, ok = ParseDay(cell[2]); !ok {
			return l.t.bad("valid_from", "this is not a day", "write it as 2024-01-31")
		}
	} else if s.Effect == Permits {
		return l.t.bad("valid_from", "a permit does not say from when on", "give the day of the consent, as 2024-01-31")
	}
	if cell[3] != "" {
		if s.To, ok = ParseDay(cell[3]); !ok {
			return l.t.bad("valid_to", "this is not a day", "write it as 2024-01-31, or leave it empty if there is no end")
		}
	}
	s.From, s.To = since(s.From), until(s.To)
	if s.To < s.From {
		return l.t.bad("valid_to", "the period ends before it begins", "valid_from is the first day and valid_to the last")
	}
	who := l.b.Pseudonym(cell[0])
	l.b.keep(record{who, s})
	return nil
}
