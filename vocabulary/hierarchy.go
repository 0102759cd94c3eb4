package vocabulary

import (
	"fmt"
	"strings"
)

// Hierarchical says whether the codes of a system are longer the more they say, so
// that a code stands for all that begin with it: icd10gm:E11 for E11.9 and E11.90.
// SNOMED CT, HPO and LOINC have hierarchies too, but not in the codes.
func Hierarchical(system string) bool { return shapeOf(system) != flat }

// A shape is how the codes of a system are built.
type shape int

const (
	flat    shape = iota
	icd10         // a letter, two places, then subcodes: E11.90
	icd9          // three places, four after an E, then subcodes: 250.00
	volume3       // two places, then subcodes: 81.54
	ops           // digits, grouped by hyphen and dot: 5-820.00
	atc           // levels of 1, 3, 4, 5 and 7 places: C10AA05
	icdo3         // topography C50.9 or morphology 8140/3
	pcs           // seven places, each an axis: 0SR9019
)

func shapeOf(system string) shape {
	switch system {
	case "icd10", "icd10gm", "icd10cm":
		return icd10
	case "icd9", "icd9cm":
		return icd9
	case "icd9proc":
		return volume3
	case "ops":
		return ops
	case "atc":
		return atc
	case "icdo3":
		return icdo3
	case "icd10pcs":
		return pcs
	}
	return flat
}

// longest is how much of a code is compared; no code of these systems is as long.
const longest = 32

// plain writes the code without dots, in capitals, into buf, and returns how long it
// is: E11.9 and e119 are the same code, as hospitals write both. OPS loses its hyphen
// too. A group of categories that stands as a code ("E10-E14") is none of them: 0.
func (s shape) plain(buf *[longest]byte, code string) int {
	n := 0
	for i := 0; i < len(code) && n < longest; i++ {
		c := code[i]
		switch {
		case c == '.':
			continue
		case c == '-' && s == ops:
			continue
		case c == '-' && strings.Trim(code[i:], "-.") == "": // "E11.-" is E11
			return n
		case c == '-':
			return 0
		case c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
		}
		buf[n] = c
		n++
	}
	return n
}

// prefix is a code as a pattern: what its subcodes begin with.
func (s shape) prefix(code string) (string, error) {
	var buf [longest]byte
	code = strings.TrimRight(code, "*+!†") // the dagger and asterisk of ICD-10 say how a code is used, not which
	p := string(buf[:s.plain(&buf, code)])
	return p, s.check(p)
}

// check refuses a prefix that would cut a code in a place that means nothing: E1 is
// not a category that E10 and E11 belong to.
func (s shape) check(p string) error {
	for i := range len(p) {
		if !letter(p[i]) && !digit(p[i]) && !(p[i] == '/' && s == icdo3) {
			return fmt.Errorf("a code has letters and digits only")
		}
	}
	least := 3
	switch s {
	case icd10:
		if len(p) >= 3 && !(letter(p[0]) && digit(p[1])) {
			return fmt.Errorf("a code of ICD-10 starts with a letter and a digit, as E11")
		}
	case icd9:
		if strings.HasPrefix(p, "E") {
			least = 4
		}
	case volume3:
		least = 2
	case ops:
		if p != "" && !digit(p[0]) {
			return fmt.Errorf("a code of OPS starts with a digit, as 5-820")
		}
		least = 1
	case atc:
		switch len(p) {
		case 1, 3, 4, 5, 7:
		default:
			return fmt.Errorf("a code of ATC has 1, 3, 4, 5 or 7 places")
		}
		if !letter(p[0]) {
			return fmt.Errorf("a code of ATC starts with a letter, as C10")
		}
		least = 1
	}
	if len(p) < least {
		return fmt.Errorf("the code has fewer than %d places, so it is no category", least)
	}
	return nil
}

func letter(c byte) bool { return c >= 'A' && c <= 'Z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

// span splits the pattern of a range: "E10-E14", or with ".." where the code itself
// has hyphens, "5-820..5-829".
func (s shape) span(code string) (from, to string, ok bool) {
	if from, to, ok = strings.Cut(code, ".."); ok {
		return from, to, true
	}
	if s == ops {
		return "", "", false
	}
	from, to, ok = strings.Cut(code, "-")
	return from, to, ok && strings.Trim(to, "-.") != ""
}
