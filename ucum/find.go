package ucum

import (
	"math/big"
	"strings"
)

// find is the unit of a symbol: an atom, or a prefix with a metric atom.
func find(symbol string) (Unit, bool) {
	if u, _, ok := atom(symbol); ok {
		return u, true
	}
	for i := 2; i >= 1; i-- { // "da" before "d", "Ki" before "K"
		if len(symbol) <= i {
			continue
		}
		factor, ok := prefix(symbol[:i])
		if !ok {
			continue
		}
		if u, metric, ok := atom(symbol[i:]); ok && metric {
			u.factor = new(big.Rat).Mul(u.factor, factor)
			return u, true
		}
	}
	return Unit{}, false
}

// prefix is the factor of a prefix (UCUM tables 1 and 25).
func prefix(s string) (*big.Rat, bool) {
	exponent := 0
	switch s {
	case "Ki", "Mi", "Gi", "Ti":
		return new(big.Rat).SetInt64(1 << (10 * (1 + strings.Index("KMGT", s[:1])))), true
	case "Y":
		exponent = 24
	case "Z":
		exponent = 21
	case "E":
		exponent = 18
	case "P":
		exponent = 15
	case "T":
		exponent = 12
	case "G":
		exponent = 9
	case "M":
		exponent = 6
	case "k":
		exponent = 3
	case "h":
		exponent = 2
	case "da":
		exponent = 1
	case "d":
		exponent = -1
	case "c":
		exponent = -2
	case "m":
		exponent = -3
	case "u":
		exponent = -6
	case "n":
		exponent = -9
	case "p":
		exponent = -12
	case "f":
		exponent = -15
	case "a":
		exponent = -18
	case "z":
		exponent = -21
	case "y":
		exponent = -24
	default:
		return nil, false
	}
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exponent, -exponent))), nil)
	f := new(big.Rat).SetInt(ten)
	if exponent < 0 {
		f.Inv(f)
	}
	return f, true
}

// atom is the unit of a code in the table of atoms, and whether prefixes go with it.
func atom(code string) (u Unit, metric, ok bool) {
	line, ok := row(code)
	if !ok {
		return Unit{}, false, false
	}
	// "flags value unit; name" or "flags; name"
	head, name, _ := strings.Cut(line, "; ")
	f := strings.Fields(head)
	metric = strings.Contains(f[0], "M")
	switch {
	case strings.ContainsAny(f[0], "BAL"): // a base unit, an arbitrary one, or a logarithm: it stands for itself
		u = Unit{factor: big.NewRat(1, 1), dims: []dim{{code, 1}}, molar: code == "mol"}
		if strings.Contains(f[0], "L") {
			u.log = name
		}
		return u, metric, true
	}
	value, _ := new(big.Rat).SetString(f[1])
	u, err := Parse(f[2])
	if err != nil {
		return Unit{}, false, false // a test reads the whole table
	}
	u.text = ""
	u.factor = new(big.Rat).Mul(u.factor, value)
	if len(f) > 3 { // temperatures: the zero of the scale in kelvin
		u.offset, _ = new(big.Rat).SetString(f[3])
	}
	return u, metric, true
}

// row finds the line of a code.
func row(code string) (string, bool) {
	if code == "" || strings.ContainsAny(code, "\n ") {
		return "", false
	}
	i := strings.Index(atoms, "\n"+code+" ")
	if i < 0 {
		return "", false
	}
	line := atoms[i+len(code)+2:]
	return line[:strings.IndexByte(line, '\n')], true
}
