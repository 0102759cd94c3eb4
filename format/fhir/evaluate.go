package fhir

import (
	"bytes"
	"strconv"
)

// An item is one value that a selector is at: a value of the resource, or one that
// was computed, as a count is.
type item struct {
	v    value
	tag  []byte // of a value[x]: its type as the name says it, "Quantity"
	kind kind   // of what was computed: text, number, yes or no
	text string
}

// A span is a collection: items that lie on the stack next to each other.
type span struct{ from, to int }

// A stack holds the collections of an evaluation. What is evaluated is put on top;
// who began an evaluation takes everything off.
type stack struct{ items []item }

func (s *stack) of(c span) []item { return s.items[c.from:c.to] }

// since is the span of what was put on the stack since it had n items.
func (s *stack) since(n int) span { return span{n, len(s.items)} }

func (s *stack) push(i item) { s.items = append(s.items, i) }

// result appends what a selector gives for a resource, its values separated by
// spaces. What is no text, number or truth gives nothing.
func (s *stack) result(sel selector, resource value, dst []byte) []byte {
	s.items = append(s.items[:0], item{v: resource})
	from := len(dst)
	for _, i := range s.of(sel.eval(s, span{0, 1})) {
		n := len(dst)
		if n > from {
			dst = append(dst, ' ')
		}
		start := len(dst)
		if dst = i.append(dst); len(dst) == start {
			dst = dst[:n]
		}
	}
	return dst
}

func (i item) append(dst []byte) []byte {
	if i.v.there() {
		return i.v.append(dst)
	}
	return append(dst, i.text...)
}

func (i item) what() kind {
	if i.v.there() {
		return i.v.node().kind
	}
	return i.kind
}

func boolean(b bool) item {
	if b {
		return item{kind: yes, text: "true"}
	}
	return item{kind: no, text: "false"}
}

// true: a collection counts as true where something in it is not false.
func (s *stack) true(c span) bool {
	for _, i := range s.of(c) {
		if i.what() != no {
			return true
		}
	}
	return false
}

type (
	path      []selector
	field     string
	extension string
	ofType    string
	index     int
	latest    struct{}
	count     struct{}
	negation  struct{}
	holds     func([]item) bool
	where     struct{ condition selector }
	literal   struct{ item }
	truth     bool
	logical   struct {
		left, right selector
		or          bool
	}
	equality struct {
		left, right selector
		not         bool
	}
)

func (p path) eval(s *stack, in span) span {
	for _, step := range p {
		in = step.eval(s, in)
	}
	return in
}

// eval of a name is the members of that name. A name in capitals is a type: the
// resource itself if it is one.
func (f field) eval(s *stack, in span) span {
	n := len(s.items)
	for k := in.from; k < in.to; k++ {
		v := s.items[k].v
		if f[0] >= 'A' && f[0] <= 'Z' {
			if v.get("resourceType").equals(string(f)) {
				s.push(item{v: v})
			}
			continue
		}
		if m := v.get(string(f)); m.there() {
			for e := range m.each {
				s.push(item{v: e})
			}
			continue
		}
		for name, m := range v.members { // value[x]
			if tag, ok := bytes.CutPrefix(name, []byte(f)); ok && dataType(string(tag)) {
				for e := range m.each {
					s.push(item{v: e, tag: tag})
				}
			}
		}
	}
	return s.since(n)
}

func (x extension) eval(s *stack, in span) span {
	n := len(s.items)
	for k := in.from; k < in.to; k++ {
		for e := range s.items[k].v.get("extension").each {
			if e.get("url").equals(string(x)) {
				s.push(item{v: e})
			}
		}
	}
	return s.since(n)
}

// eval of a type keeps the values of a value[x], and the resources, that are of it.
// The names of simple types begin with a small letter there and not here.
func (t ofType) eval(s *stack, in span) span {
	n := len(s.items)
	for k := in.from; k < in.to; k++ {
		i := s.items[k]
		if len(i.tag) == len(t) && i.tag[0]|0x20 == t[0]|0x20 && string(i.tag[1:]) == string(t[1:]) || i.v.get("resourceType").equals(string(t)) {
			s.push(i)
		}
	}
	return s.since(n)
}

func (x index) eval(s *stack, in span) span {
	if in.from+int(x) >= in.to {
		return span{}
	}
	return span{in.from + int(x), in.from + int(x) + 1}
}

func (latest) eval(s *stack, in span) span { return span{max(in.from, in.to-1), in.to} }

func (count) eval(s *stack, in span) span {
	n := len(s.items)
	s.push(item{kind: number, text: strconv.Itoa(in.to - in.from)})
	return s.since(n)
}

func (negation) eval(s *stack, in span) span {
	n := len(s.items)
	if in.from < in.to {
		s.push(boolean(!s.true(in)))
	}
	return s.since(n)
}

func (h holds) eval(s *stack, in span) span {
	n := len(s.items)
	s.push(boolean(h(s.of(in))))
	return s.since(n)
}

func (w where) eval(s *stack, in span) span {
	n := len(s.items)
	for k := in.from; k < in.to; k++ {
		top := len(s.items)
		keep := s.true(w.condition.eval(s, span{k, k + 1}))
		if s.items = s.items[:top]; keep {
			s.push(s.items[k])
		}
	}
	return s.since(n)
}

func (l literal) eval(s *stack, _ span) span {
	n := len(s.items)
	s.push(l.item)
	return s.since(n)
}

func (t truth) eval(s *stack, _ span) span {
	n := len(s.items)
	s.push(boolean(bool(t)))
	return s.since(n)
}

func (l logical) eval(s *stack, in span) span {
	b := s.true(l.left.eval(s, in))
	if b != l.or {
		b = s.true(l.right.eval(s, in))
	}
	n := len(s.items)
	s.push(boolean(b))
	return s.since(n)
}

// eval of a comparison is nothing where one side is nothing.
func (e equality) eval(s *stack, in span) span {
	left := e.left.eval(s, in)
	right := e.right.eval(s, in)
	n := len(s.items)
	if left.from == left.to || right.from == right.to {
		return span{n, n}
	}
	same := false
	for _, a := range s.of(left) {
		for _, b := range s.of(right) {
			same = same || a.equals(b)
		}
	}
	s.push(boolean(same != e.not))
	return s.since(n)
}

// equals compares texts letter by letter, numbers by value.
func (i item) equals(j item) bool {
	switch a, b := i.what(), j.what(); {
	case a == number && b == number:
		x, errX := strconv.ParseFloat(string(i.plain()), 64)
		y, errY := strconv.ParseFloat(string(j.plain()), 64)
		return errX == nil && errY == nil && x == y
	case a != b || a == object || a == array:
		return false
	}
	return bytes.Equal(i.plain(), j.plain())
}

// plain is what append appends, not copied where it need not be.
func (i item) plain() []byte {
	if i.v.there() && !i.v.node().escaped {
		return i.v.raw()
	}
	return i.append(nil)
}
