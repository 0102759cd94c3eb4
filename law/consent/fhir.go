package consent

import (
	"slices"
	"strings"
)

// A Document is one consent as the clinical table has it, without whose it is.
type Document struct {
	Status     string // of FHIR ConsentState
	Scope      string // tokens, separated by spaces, as all the codes below
	Policy     string
	Day        Day // of Consent.dateTime; Always where there is none
	Provisions []Provision
}

// A Provision is a rule of a document. The first one stands for the document as a
// whole; the others follow their parents.
type Provision struct {
	Parent   int    // its place among the provisions; -1 of the first
	Type     string // permit, deny or ""
	From, To Day    // Always and Forever where the source gives none
	Purpose  string
	Action   string
	Code     string
	Actor    string
	Class    string
}

// A node is a provision as it is understood.
type node struct {
	permit, deny Set // what it permits or denies; one of them at most is not empty
	withholds    bool
	from, to     Day
	children     []int32
}

// Statements reads a FHIR R4 Consent (hl7.org/fhir/R4/consent.html). The type of the
// root provision, or the policy rule where it has none, is the rule; provisions
// below are exceptions to the one above, at any depth. Beyond the specification:
//
//   - A permit counts if everything that it says is known: one that is limited to
//     actors, classes of documents, actions or codes that the rules do not list
//     permits nothing. A deny with such limits denies everything.
//   - A permit holds on the days of its own period and of all those above it.
//   - A root that denies and has permits below it withholds what these do not
//     permit. That is weaker than a permit of another document, because sites write
//     a document for each form, module or policy with such a root.
//   - A provision below a permit that has no type is an exception, and so a deny.
//   - A document that is inactive or rejected withdraws whatever it is about.
func (r *Rules) Statements(d Document) []Statement {
	if len(d.Provisions) == 0 {
		return nil
	}
	switch r.Status[d.Status] {
	case "active":
		return compile(r.nodes(d))
	case "withdrawn":
		return r.withdrawal(d)
	}
	return nil
}

// withdrawal acts from the first day that the document names.
func (r *Rules) withdrawal(d Document) []Statement {
	root := d.Provisions[0]
	s := Statement{From: root.From, To: root.To, Effect: Withdraws}
	if d.Day != Always && (s.From == Always || d.Day < s.From) {
		s.From = d.Day
	}
	if s.To < s.From { // it was withdrawn when its period was over
		s.To = Forever
	}
	for _, p := range d.Provisions {
		s.Purposes |= r.denied(d, p)
	}
	if s.Purposes == 0 {
		return nil
	}
	return []Statement{s}
}

// nodes understands the provisions of an active document.
func (r *Rules) nodes(d Document) []node {
	out := make([]node, len(d.Provisions))
	within := make([]limits, len(d.Provisions))
	types := make([]string, len(d.Provisions))
	exceptions := false
	for i, p := range d.Provisions {
		n := &out[i]
		n.from, n.to, types[i] = p.From, p.To, p.Type
		if i == 0 {
			if n.from == Always && d.Day <= n.to {
				n.from = d.Day
			}
			within[0] = r.within(p, limits{r.scope(d).permits, All, false})
			r.root(d, n, &types[0], within[0].permits())
			continue
		}
		above := out[p.Parent]
		out[p.Parent].children = append(above.children, int32(i))
		if n.from == Always && above.from <= n.to {
			n.from = above.from
		}
		if n.to == Forever && above.to >= n.from {
			n.to = above.to
		}
		within[i] = r.within(p, within[p.Parent])
		if p.Type == "" && types[p.Parent] == "permit" {
			types[i] = "deny"
		}
		switch types[i] {
		case "permit":
			n.permit, exceptions = within[i].permits(), true
		case "deny":
			n.deny = r.denied(d, p)
		}
	}
	out[0].withholds = exceptions
	return out
}

// root gives the first provision its type. A policy that denies is not narrowed by a
// root that does not say whether it is meant as a limit or as an exception.
func (r *Rules) root(d Document, n *node, kind *string, about Set) {
	p := d.Provisions[0]
	if *kind == "" {
		for token := range strings.FieldsSeq(d.Policy) {
			if m, ok := r.lookup("base", token); ok && m.deny {
				*kind = "deny"
				p = Provision{}
			} else if ok && *kind == "" {
				*kind = "permit"
			}
		}
	}
	switch *kind {
	case "permit":
		n.permit = about
	case "deny":
		n.deny = r.denied(d, p)
	}
}

// limits are what a permit at a place in a document can permit.
type limits struct {
	about Set  // the purposes that it names, or the one above it, or the scope
	named Set  // those that purposes and codes on the way name; All where none does
	other bool // an actor, a class or an action limits it on the way
}

func (l limits) permits() Set {
	if l.other {
		return 0
	}
	return l.about
}

// within adds the limits of a provision to those of the one above it.
func (r *Rules) within(p Provision, above limits) limits {
	l := above
	if p.Code != "" || p.Purpose != "" {
		l.about = above.named
	}
	if p.Code != "" {
		l.about &= r.union("code", p.Code).permits
	}
	if p.Purpose != "" {
		l.about &= r.union("purpose", p.Purpose).permits
	}
	if p.Code != "" || p.Purpose != "" {
		l.named = l.about
	}
	l.other = above.other || p.Actor != "" || p.Class != "" || p.Action != "" && !r.uses(p.Action)
	return l
}

// uses says whether one of the actions is what an analysis does.
func (r *Rules) uses(actions string) bool {
	for token := range strings.FieldsSeq(actions) {
		if _, ok := r.lookup("action", token); ok {
			return true
		}
	}
	return false
}

// denied is what a provision denies if it is a deny.
func (r *Rules) denied(d Document, p Provision) Set {
	if p.Code == "" && p.Purpose == "" {
		return r.scope(d).denies
	}
	out := All
	if p.Code != "" {
		out &= r.union("code", p.Code).denies
	}
	if p.Purpose != "" {
		out &= r.union("purpose", p.Purpose).denies
	}
	return out
}

// scope is what a document is about.
func (r *Rules) scope(d Document) meaning {
	if d.Scope == "" {
		return meaning{denies: All}
	}
	return r.union("scope", d.Scope)
}

// union is what tokens mean together. A token that the rules do not know permits
// nothing and denies everything.
func (r *Rules) union(kind, tokens string) (out meaning) {
	for token := range strings.FieldsSeq(tokens) {
		m, ok := r.lookup(kind, token)
		if !ok {
			m = meaning{denies: All}
		}
		out.permits |= m.permits
		out.denies |= m.denies
	}
	return out
}

// compile turns a tree of exceptions into statements: between the days on which a
// period begins or ends nothing changes.
func compile(nodes []node) (out []Statement) {
	var cuts []Day
	for _, n := range nodes {
		cuts = append(cuts, n.from)
		if n.to != Forever {
			cuts = append(cuts, n.to+1)
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	for bit := Set(1); bit <= All; bit <<= 1 {
		before := -1 // the statement of this purpose that ends where the next may begin
		for i, from := range cuts {
			to := Forever
			if i+1 < len(cuts) {
				to = cuts[i+1] - 1
			}
			e := effect(nodes, 0, bit, from, true)
			switch {
			case e == 0:
				before = -1
			case before >= 0 && out[before].Effect == e:
				out[before].To = to
			default:
				before = len(out)
				out = append(out, Statement{From: from, To: to, Purposes: bit, Effect: e})
			}
		}
	}
	return merge(out)
}

// effect is what a provision and its exceptions say of a purpose on a day; 0 is
// nothing. Lawful: all provisions above are in force.
func effect(nodes []node, i int, bit Set, day Day, lawful bool) (e Effect) {
	n := &nodes[i]
	in := n.from <= day && day <= n.to
	for _, c := range n.children {
		e = max(e, effect(nodes, int(c), bit, day, lawful && in))
	}
	switch {
	case e != 0 || !in:
		return e
	case n.deny&bit != 0 && n.withholds:
		return Withholds
	case n.deny&bit != 0:
		return Refuses
	case n.permit&bit != 0 && lawful:
		return Permits
	}
	return 0
}

// merge joins statements that differ in their purposes alone.
func merge(list []Statement) (out []Statement) {
	for _, s := range list {
		i := slices.IndexFunc(out, func(x Statement) bool { return x.Effect == s.Effect && x.From == s.From && x.To == s.To })
		if i < 0 {
			out = append(out, s)
			continue
		}
		out[i].Purposes |= s.Purposes
	}
	return out
}
