package fhir

import (
	"bytes"
	"strings"
)

// A row is what one row of a table is made of: a resource, and where the resource
// makes several rows, the part of it that this row tells of: a component of an
// Observation, a provision of a Consent.
type row struct {
	resource value
	part     value  // the resource itself where it makes one row
	place    string // of a provision: "1.2"
	id       []byte // of the resource, also where only its entry in a Bundle names it
	patient  []byte
	scope    *scope
	terms    *terms
	source   *source
	line     int
	failed   error // of reading the source for what is referred to
	stack    stack
	buffer   []byte // for what is put together from several values
}

// A cell appends the text of one column of a row to dst; nothing means missing.
type cell func(x *row, dst []byte) []byte

// either is the first of several cells that gives something.
func either(cells ...cell) cell {
	return func(x *row, dst []byte) []byte {
		n := len(dst)
		for _, c := range cells {
			if dst = c(x, dst); len(dst) > n {
				break
			}
		}
		return dst
	}
}

// at is the value at a path in the resource, its names separated by dots; of a list
// on the way, the first.
func at(path string) cell {
	names := strings.Split(path, ".")
	return func(x *row, dst []byte) []byte { return x.resource.path(names...).first().append(dst) }
}

// part is at in the part of the resource that the row tells of.
func part(path string) cell {
	names := strings.Split(path, ".")
	return func(x *row, dst []byte) []byte { return x.part.path(names...).first().append(dst) }
}

// coded is the codes at some paths in the part of the resource that the row tells
// of, every element of every list.
func coded(paths ...string) cell {
	names := split(paths)
	return func(x *row, dst []byte) []byte {
		x.buffer = x.buffer[:0]
		for _, p := range names {
			walk(x.part, p, func(v value) { x.buffer = x.terms.codes(x.buffer, v) })
		}
		return append(dst, x.buffer...)
	}
}

func split(paths []string) [][]string {
	out := make([][]string, len(paths))
	for i, p := range paths {
		out[i] = strings.Split(p, ".")
	}
	return out
}

// walk calls do with each value at a path.
func walk(v value, path []string, do func(value)) {
	for e := range v.each {
		if len(path) == 0 {
			do(e)
			continue
		}
		walk(e.get(path[0]), path[1:], do)
	}
}

// words are the texts at some paths, each once.
func words(paths ...string) cell {
	names := split(paths)
	return func(x *row, dst []byte) []byte {
		from := len(dst)
		for _, p := range names {
			walk(x.part, p, func(v value) { dst = once(dst, from, v.text()) })
		}
		return dst
	}
}

// once appends a word to the words from a place on, if it is not among them.
func once(dst []byte, from int, s []byte) []byte {
	if bytes.IndexByte(s, ' ') >= 0 {
		s = bytes.ReplaceAll(s, []byte(" "), []byte("%20"))
	}
	for w := range bytes.SplitSeq(dst[from:], []byte(" ")) {
		if bytes.Equal(w, s) {
			return dst
		}
	}
	return behind(dst, from, s)
}

// behind appends words to those from a place on.
func behind(dst []byte, from int, s []byte) []byte {
	if len(dst) > from && len(s) > 0 {
		dst = append(dst, ' ')
	}
	return append(dst, s...)
}

// began is when something that has a time of any kind began: effectiveDateTime, or
// the start of effectivePeriod, and so on.
func began(name string) cell {
	return either(at(name+"DateTime"), at(name+"Period.start"), at(name+"Instant"), at(name+"Timing.event"))
}

// ended is when it ended, if it has a period.
func ended(name string) cell { return at(name + "Period.end") }

// visit is the id of the Encounter that a reference points at.
func visit(name string) cell {
	return func(x *row, dst []byte) []byte {
		t, _ := x.scope.find(x.resource.get(name), x.resource)
		if len(t.kind) > 0 && string(t.kind) != "Encounter" {
			return dst // the context of a drug may be an episode of care
		}
		return append(dst, t.id...)
	}
}

func own(x *row, dst []byte) []byte { return append(dst, x.id...) }

func whose(x *row, dst []byte) []byte { return append(dst, x.patient...) }

// quantity is the value of a Quantity that a function finds.
func quantity(find func(*row) value) func(*row) (float64, bool) {
	return func(x *row) (float64, bool) { return find(x).get("value").float() }
}

// unit is the unit of a Quantity: the UCUM code if there is one, else what it is
// called.
func unit(find func(*row) value) cell {
	return func(x *row, dst []byte) []byte {
		q := find(x)
		code := q.get("code")
		if code.there() && q.get("system").equals("http://unitsofmeasure.org") {
			return code.append(dst)
		}
		if u := q.get("unit"); u.there() {
			return u.append(dst)
		}
		return code.append(dst)
	}
}
