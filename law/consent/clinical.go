package consent

import (
	"strconv"
	"strings"

	"hmsp.center/hmsp/format"
)

// The bounds of one consent. The largest forms in use have about a hundred provisions.
const (
	maxProvisions = 1000
	maxDepth      = 32
)

// A clinical reads rows of the clinical table consent. The rows of one consent stand
// together, the one of the whole first and each after the one that it excepts from.
type clinical struct {
	b       *Builder
	t       *source
	reading Reading
	at      map[string]int // places of the columns
	who     string         // whose the document is
	id      string
	doc     Document
	places  map[string]int // of its provisions
}

func (b *Builder) clinical(t *source) (*clinical, error) {
	c := &clinical{b: b, t: t, reading: b.reading(), at: map[string]int{}, places: map[string]int{}}
	for _, col := range format.ClinicalColumns(format.ConsentTable) {
		need := false
		switch col.Name {
		case format.Patient, format.ID, format.Status, format.Provision, format.Decision:
			need = true
		}
		i, err := t.texts(col.Name, need)
		if err != nil {
			return nil, err
		}
		c.at[col.Name] = i
	}
	return c, nil
}

func (c *clinical) cell(column string) string { return c.t.text(c.at[column]) }

func (c *clinical) row() error {
	who, id, place := c.cell(format.Patient), c.cell(format.ID), c.cell(format.Provision)
	if who == "" {
		return c.t.bad(format.Patient, "the row does not say whose it is", "export the consents with their patients")
	}
	if place == "" {
		if err := c.flush(); err != nil {
			return err
		}
		c.who, c.id = who, id
		if err := c.begin(); err != nil {
			return err
		}
	} else if len(c.doc.Provisions) == 0 || who != c.who || id != c.id {
		return c.t.bad(format.Provision, "the provision stands apart from the consent that it is of", "keep the rows of a consent together, the one without a provision first")
	}
	return c.provision(place)
}

// begin reads what is said of a document as a whole.
func (c *clinical) begin() error {
	c.doc = Document{Status: c.cell(format.Status), Scope: c.cell(format.Scope), Policy: c.cell(format.Policy), Day: Always, Provisions: c.doc.Provisions[:0]}
	clear(c.places)
	switch c.doc.Status {
	case "active", "inactive", "rejected", "draft", "proposed", "entered-in-error":
	default:
		return c.t.bad(format.Status, "this is no status of a consent", "use one of FHIR R4: active, inactive, rejected, draft, proposed or entered-in-error")
	}
	if text := c.cell(format.Time); text != "" {
		first, _, ok := days(text)
		if !ok {
			return c.t.bad(format.Time, "this is not a date", "write it as 2024-01-31, with or without the time of day")
		}
		c.doc.Day = since(first)
	}
	return nil
}

// provision reads a row's rule. Periods include both ends, and a month or a year
// its last day (FHIR R4, Period).
func (c *clinical) provision(place string) error {
	p := Provision{Parent: -1, Type: c.cell(format.Decision), From: Always, To: Forever, Purpose: c.cell(format.Purpose), Action: c.cell(format.Action),
		Code: c.cell(format.Code), Actor: c.cell(format.Actor), Class: c.cell(format.Class)}
	switch p.Type {
	case "", "permit", "deny":
	default:
		return c.t.bad(format.Decision, "this is no type of a provision", "use permit or deny")
	}
	var ok bool
	if text := c.cell(format.Start); text != "" {
		if p.From, _, ok = days(text); !ok {
			return c.t.bad(format.Start, "this is not a date", "write it as 2024-01-31, with or without the time of day")
		}
	}
	if text := c.cell(format.End); text != "" {
		if _, p.To, ok = days(text); !ok {
			return c.t.bad(format.End, "this is not a date", "write it as 2024-01-31, with or without the time of day")
		}
	}
	p.From, p.To = since(p.From), until(p.To)
	if p.To < p.From {
		return c.t.bad(format.End, "the period ends before it starts", "correct the consent at its source")
	}
	if place != "" {
		if p.Parent, ok = c.parent(place); !ok {
			return c.t.bad(format.Provision, "this is no place of a provision in the consent", "number them 1, 2 and below 1.1, 1.2, each after the one above it")
		}
	}
	if len(c.doc.Provisions) == maxProvisions {
		return c.t.bad(format.Provision, "the consent has more than "+strconv.Itoa(maxProvisions)+" provisions", "leave out what is not about the use of data")
	}
	c.places[strings.Clone(place)] = len(c.doc.Provisions)
	c.doc.Provisions = append(c.doc.Provisions, p)
	return nil
}

// parent finds the provision above a place; not ok if it is not there, or the place
// is taken or not one.
func (c *clinical) parent(place string) (int, bool) {
	above, last := "", place
	if i := strings.LastIndexByte(place, '.'); i >= 0 {
		above, last = place[:i], place[i+1:]
	}
	n, err := strconv.ParseUint(last, 10, 32)
	_, taken := c.places[place]
	parent, ok := c.places[above]
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != last || taken || strings.Count(place, ".") >= maxDepth {
		return 0, false
	}
	return parent, ok
}

// flush keeps what the document says.
func (c *clinical) flush() error {
	if len(c.doc.Provisions) == 0 {
		return nil
	}
	who := c.b.Pseudonym(c.who)
	statements := c.reading.Statements(c.doc)
	if len(statements) == 0 {
		c.b.keep(record{pseudonym: who})
	}
	for _, s := range statements {
		if !s.valid() {
			return c.t.wrong("", "the reading of a consent gave what is no statement", "")
		}
		c.b.keep(record{who, s})
	}
	c.doc.Provisions = c.doc.Provisions[:0]
	c.who, c.id = "", ""
	return nil
}
