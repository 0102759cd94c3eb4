// Package ucum reads units of measure and converts between them: the Unified Code
// for Units of Measure, case sensitive (UCUM 2.2, https://ucum.org/ucum, sections
// 1 to 5), and what hospitals write in its place.
//
// It serves the mapping of a source into the dictionary, where a wrong factor is an
// error of treatment. So it refuses rather than guesses: units of different
// dimension, logarithmic scales, arbitrary units such as [iU], and masses against
// amounts of substance unless the substance is known (For).
//
// It departs from UCUM where UCUM's answer would be unsafe in a laboratory:
//
//   - mol is a dimension of its own, as in the SI; UCUM makes it a number, by which
//     mmol/L could be converted to cells per litre;
//   - eq and osm are dimensions of their own; UCUM has eq = mol, which is wrong for
//     calcium (For knows the charge of common ions);
//   - [HPF], [LPF], [hnsf'U], [NTU] and [FNU], which UCUM makes the number 1 or 100,
//     are dimensions of their own.
//
// Factors are exact rationals until they are given as a float64, so that mg to g is
// 0.001 and nothing else.
package ucum

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// A Unit is a parsed unit: a factor and powers of base units. A temperature on a
// scale with another zero (Cel, [degF], [degRe]) has an offset too.
type Unit struct {
	text   string
	factor *big.Rat // value in base units = factor * value + offset
	offset *big.Rat // nil if none
	dims   []dim    // sorted by base, no power 0
	molar  bool     // an amount of substance is in it, even if it cancels out
	log    string   // name of a logarithmic or similar unit in it
}

// A dim is a power of a base unit.
type dim struct {
	base  string
	power int
}

// String is the unit as it was written.
func (u Unit) String() string { return u.text }

// Factor is how many base units (m, s, g, rad, K, C, cd, mol and units that stand for
// themselves) the unit has.
func (u Unit) Factor() float64 {
	f, _ := u.factor.Float64()
	return f
}

// Dimension is the unit's powers of base units, as "g.m-3"; "1" if there are none.
func (u Unit) Dimension() string {
	if len(u.dims) == 0 {
		return "1"
	}
	parts := make([]string, len(u.dims))
	for i, d := range u.dims {
		parts[i] = d.base
		if d.power != 1 {
			parts[i] += strconv.Itoa(d.power)
		}
	}
	return strings.Join(parts, ".")
}

// An Error says what is wrong with a unit or a conversion. Text and Mend do not repeat
// the units, so that they can be told where a unit stands in a cell of a data file,
// which may hold anything; Error does.
type Error struct {
	Unit string
	To   string // "" if it is about Unit alone
	Text string
	Mend string
}

func (e *Error) Error() string {
	s := fmt.Sprintf("unit %q: %s", e.Unit, e.Text)
	if e.To != "" {
		s = fmt.Sprintf("unit %q to %q: %s", e.Unit, e.To, e.Text)
	}
	if e.Mend != "" {
		s += "; " + e.Mend
	}
	return s
}

// Between gives the scale and offset by which values in one unit become values in
// another: to = scale * from + offset. The units are of UCUM or as Code reads them. A
// unit that can be read as UCUM and as a hospital's spelling (K/uL: kelvin, or
// thousand) is what the other one makes sense with, UCUM first. The empty unit goes
// with itself and with 1 alone.
func Between(from, to string) (scale, offset float64, err error) {
	return between(Substance{}, from, to)
}

// Convert is a value in one unit as a value in another; see Between.
func Convert(x float64, from, to string) (float64, error) {
	scale, offset, err := Between(from, to)
	return scale*x + offset, err
}

func between(s Substance, from, to string) (scale, offset float64, err error) {
	if from == to && strings.TrimSpace(from) == "" {
		return 1, 0, nil
	}
	if f, err := Parse(from); err == nil { // most are UCUM
		if t, err := Parse(to); err == nil && slices.Equal(f.dims, t.dims) {
			return f.to(t)
		}
	}
	fs, err := readings(from)
	if err != nil {
		return 0, 0, err
	}
	ts, err := readings(to)
	if err != nil {
		return 0, 0, err
	}
	if strings.TrimSpace(from) == "" != (strings.TrimSpace(to) == "") && (fs[0].text != "1" || ts[0].text != "1") {
		return 0, 0, &Error{Unit: from, To: to, Text: "one side has no unit", Mend: "say in which unit the values are"}
	}
	for _, f := range fs {
		for _, t := range ts {
			if slices.Equal(f.dims, t.dims) {
				return f.to(t)
			}
		}
	}
	for _, f := range fs {
		for _, t := range ts {
			if f, t := s.in(f), s.in(t); slices.Equal(f.dims, t.dims) {
				return f.to(t)
			}
		}
	}
	return 0, 0, mismatch(fs[0], ts[0], from, to)
}

// to is the conversion between units of the same dimension.
func (u Unit) to(t Unit) (scale, offset float64, err error) {
	scale, _ = new(big.Rat).Quo(u.factor, t.factor).Float64()
	shift := new(big.Rat)
	if u.offset != nil {
		shift.Set(u.offset)
	}
	if t.offset != nil {
		shift.Sub(shift, t.offset)
	}
	offset, _ = shift.Quo(shift, t.factor).Float64()
	if scale == 0 || scale-scale != 0 { // no number, or none that a float64 holds
		return 0, 0, &Error{Unit: u.text, To: t.text, Text: "the factor is too large or too small"}
	}
	return scale, offset, nil
}

func mismatch(f, t Unit, from, to string) error {
	e := &Error{Unit: from, To: to, Text: fmt.Sprintf("the units measure different things (%s and %s)", f.Dimension(), t.Dimension()), Mend: "correct one of them"}
	has := func(u Unit, base string) bool {
		return slices.ContainsFunc(u.dims, func(d dim) bool { return d.base == base })
	}
	own := func(u Unit) string { // a unit that stands for itself
		for _, d := range u.dims {
			if !slices.Contains([]string{"m", "s", "g", "rad", "K", "C", "cd", "mol"}, d.base) {
				return d.base
			}
		}
		return ""
	}
	switch {
	case f.log != "" || t.log != "":
		e.Text, e.Mend = "a "+f.log+t.log+" is not a multiple of another unit", "convert the values in the source"
		if f.log != "" && t.log != "" {
			e.Text = "a " + f.log + " is not a multiple of a " + t.log
		}
	case has(f, "mol") != has(t, "mol") && has(f, "g") != has(t, "g"):
		e.Text, e.Mend = "a mass becomes an amount of substance only with the substance's molar mass", "give the variable the LOINC code of a substance that is known, or give the scale in the mapping"
	case has(f, "eq") || has(t, "eq"):
		e.Text, e.Mend = "equivalents become an amount of substance only with the ion's charge", "give the variable the LOINC code of an ion that is known, or give the scale in the mapping"
	case own(f) != own(t):
		e.Text = fmt.Sprintf("%s is a unit of its own, defined by its procedure or its preparation, and converts to no other", own(f)+or(own(f) == "", own(t)))
		e.Mend = "give the scale in the mapping if the laboratory states one"
	}
	return e
}

func or(use bool, s string) string {
	if use {
		return s
	}
	return ""
}
