package ucum

import (
	"math/big"
	"slices"
	"strings"
)

// A Substance is what a laboratory measures, as far as its units depend on it.
type Substance struct {
	Name    string
	Formula string  // empirical; "" where the mass is a convention
	Mass    float64 // g/mol; 0 if it has none that is used
	Charge  int     // of an ion, without sign; 0 for others
	Enzyme  bool    // its international unit is the U of UCUM, umol/min
	Source  string  // of the mass, or of the enzyme unit
	mass    *big.Rat
}

// Molar finds a substance by its name ("glucose"), or by a LOINC code that measures it
// ("2345-7", "loinc:2345-7").
func Molar(codeOrName string) (Substance, bool) {
	key := strings.TrimPrefix(strings.TrimSpace(codeOrName), "loinc:")
	if key == "" || strings.ContainsAny(key, "\n,;") {
		return Substance{}, false
	}
	for line := range strings.Lines(substances) {
		f := strings.Split(strings.TrimSpace(line), "; ")
		if len(f) != 5 || !strings.EqualFold(f[0], key) && !slices.Contains(strings.Fields(f[4]), key) {
			continue
		}
		s := Substance{Name: f[0], Formula: f[1], Source: "formula and IUPAC standard atomic weights 2021 (doi 10.1515/pac-2019-0603)"}
		if mass, ok := new(big.Rat).SetString(f[2]); ok {
			s.mass = mass
			s.Mass, _ = mass.Float64()
		}
		switch f[3] {
		case "enzyme":
			s.Enzyme, s.Source = true, "1 U = 1 umol/min: Enzyme Nomenclature, IUB 1964 and 1978"
		case "haem":
			s.Formula, s.Source = "", "monomer of haemoglobin, one haem: ICSH, J Clin Pathol 1996;49:271"
		case "1", "2", "3":
			s.Charge = int(f[3][0] - '0')
		}
		return s, true
	}
	return Substance{}, false
}

// For is Between for the values of a variable with a code (LOINC, as "loinc:2345-7").
// With the code's substance, masses become amounts of substance and equivalents, and
// the [iU] of an enzyme is its U. Of haemoglobin A1c, % (NGSP) and mmol/mol (IFCC)
// become each other by the master equation. An unknown code, or none, adds nothing.
func For(code, from, to string) (scale, offset float64, err error) {
	if hbA1c(code) {
		if f, t, ok := hbA1cUnits(from, to); ok {
			scale, offset = hbA1cBetween(f, t)
			return scale, offset, nil
		}
	}
	s, _ := Molar(code)
	return between(s, from, to)
}

// in is a unit in which amounts of the substance are masses.
func (s Substance) in(u Unit) Unit {
	out := Unit{text: u.text, factor: new(big.Rat).Set(u.factor), offset: u.offset, log: u.log, molar: u.molar}
	per := func(base Unit, power int) {
		out = out.times(base, power)
	}
	for _, d := range u.dims {
		switch {
		case d.base == "mol" && s.mass != nil:
			per(Unit{factor: s.mass, dims: []dim{{"g", 1}}}, d.power)
		case d.base == "eq" && s.mass != nil && s.Charge > 0:
			per(Unit{factor: new(big.Rat).Quo(s.mass, big.NewRat(int64(s.Charge), 1)), dims: []dim{{"g", 1}}}, d.power)
		case d.base == "[iU]" && s.Enzyme:
			u, _ := find("U")
			per(u, d.power)
		default:
			per(Unit{factor: big.NewRat(1, 1), dims: []dim{{d.base, 1}}}, d.power)
		}
	}
	out.text, out.offset = u.text, u.offset
	return out
}

// hbA1c says whether the code is the share of haemoglobin that is A1c.
func hbA1c(code string) bool {
	switch strings.TrimPrefix(code, "loinc:") {
	case "4548-4", "4549-2", "17856-6", "59261-8":
		return true
	}
	return false
}

// hbA1cUnits reads both units as shares. An amount of substance in the unit says that
// it is of the IFCC.
func hbA1cUnits(from, to string) (f, t Unit, ok bool) {
	fs, err := readings(from)
	if err != nil || strings.TrimSpace(from) == "" {
		return f, t, false
	}
	ts, err := readings(to)
	if err != nil || strings.TrimSpace(to) == "" {
		return f, t, false
	}
	f, t = fs[0], ts[0]
	return f, t, len(f.dims) == 0 && len(t.dims) == 0 && f.molar != t.molar
}

// hbA1cBetween is the master equation NGSP % = 0.09148 * IFCC mmol/mol + 2.152 and its
// inverse (Hoelzel et al., Clin Chem 2004;50:166; ngsp.org/ifcc.asp).
func hbA1cBetween(f, t Unit) (scale, offset float64) {
	slope, shift := big.NewRat(9148, 100000), big.NewRat(2152, 1000)
	percent, permille := big.NewRat(1, 100), big.NewRat(1, 1000)
	a, b := slope, shift // from mmol/mol to %
	in, out := permille, percent
	if t.molar {
		a = new(big.Rat).Inv(slope)
		b = new(big.Rat).Neg(new(big.Rat).Quo(shift, slope))
		in, out = percent, permille
	}
	pre, post := new(big.Rat).Quo(f.factor, in), new(big.Rat).Quo(out, t.factor)
	scale, _ = new(big.Rat).Mul(new(big.Rat).Mul(a, pre), post).Float64()
	offset, _ = new(big.Rat).Mul(b, post).Float64()
	return scale, offset
}
