package ucum

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestConversions holds the conversions against what defines them.
func TestConversions(t *testing.T) {
	data, err := os.ReadFile("testdata/conversions.tsv")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for i, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 6 {
			t.Fatalf("line %d has %d columns", i+1, len(f))
		}
		x, _ := strconv.ParseFloat(f[1], 64)
		want, _ := strconv.ParseFloat(f[4], 64)
		scale, offset, err := For(f[0], f[2], f[3])
		if f[5] == "refused" {
			if err == nil {
				t.Errorf("line %d: %s to %s is not refused", i+1, f[2], f[3])
			}
			continue
		}
		got, tolerance := scale*x+offset, 4e-16
		if strings.HasSuffix(f[5], "~") {
			tolerance = 1e-3
		}
		if err != nil || math.Abs(got-want) > tolerance*max(math.Abs(want), 1e-10) && !(want == 0 && math.Abs(got) < 1e-10) {
			t.Errorf("line %d: %v %s is %v %s, want %v (%v)", i+1, x, f[2], got, f[3], want, err)
		}
		n++
	}
	if n < 100 {
		t.Errorf("only %d conversions", n)
	}
}

// Every line of the table is a unit; what takes no prefix takes none.
func TestAtoms(t *testing.T) {
	seen := map[string]bool{}
	for line := range strings.Lines(strings.TrimPrefix(atoms, "\n")) {
		code, _, _ := strings.Cut(line, " ")
		if seen[code] {
			t.Errorf("%s stands twice", code)
		}
		seen[code] = true
		if _, _, ok := atom(code); !ok {
			t.Errorf("%s is no unit: %q", code, line)
		}
		if _, err := Parse(code); err != nil {
			t.Error(err)
		}
	}
	for code, want := range map[string]bool{"kg": true, "dag": true, "m[Hg]": true, "k[iU]": true, "mCel": true, "kmin": false, "k%": false, "m[lb_av]": false, "kkg": false, "mX": false, "da": false} {
		if _, err := Parse(code); (err == nil) != want {
			t.Errorf("Parse(%q): %v", code, err)
		}
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"mg/dL": "g.m-3", "kg.m/s2": "g.m.s-2", "/min": "s-1", "m/s/s": "m.s-2", "m/(s.s)": "m.s-2", "(m)": "m", "((m/s))": "m.s-1",
		"{a}": "1", "m{a}/s{b c}": "m.s-1", "10*3{cells}/uL": "m-3", "m+2": "m2", "m-2": "m-2", "m/m": "1", "mmol/L": "m-3.mol",
		"2.m": "m", "100{WBC}": "1", "/100{WBC}": "1", "B[10.nV]": "B[10.nV]", "[m/s2/Hz^(1/2)]": "[m/s2/Hz^(1/2)]", "cal_[15]": "g.m2.s-2", "(24.h)": "s", "Cel{axillar}": "K",
		"m[H2O]": "g.m-1.s-2", "[in_i'H2O]": "g.m-1.s-2", "(/m)": "m-1",
	} {
		u, err := Parse(text)
		if err != nil || u.Dimension() != want || u.String() != text {
			t.Errorf("%q has dimension %q, want %q (%v)", text, u.Dimension(), want, err)
		}
	}
	for _, c := range []struct{ text, says string }{
		{"", "no unit"}, {"MG/DL", "character 4: no unit of UCUM"}, {"m/", "a unit is expected"}, {"m//s", "a unit is expected"}, {".m", "expected"}, {"m.", "expected"},
		{"(m", "not closed"}, {"m)", "nothing is expected"}, {"{a", "brace"}, {"{a{b}}", "brace"}, {"[in_i", "bracket"}, {"m0", "exponent"}, {"m99", "exponent"},
		{"m-", "exponent is expected after"}, {"24h", "operator"}, {"0.m", "number"}, {"1234567890123456789", "number"}, {"Cel2", "temperature"}, {"J/Cel", "temperature"},
		{"2.Cel", "temperature"}, {"m s", "no unit"}, {"µg", "no unit"}, {strings.Repeat("m.", 150), "too long"}, {strings.Repeat("(", 50) + "m", "parentheses"},
		{"Ym30.Ym30.Ym30", "too large"}, {"m{\x00}\n", "nothing"},
	} {
		_, err := Parse(c.text)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("Parse(%q): %v, want %q", c.text, err, c.says)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct{ code, from, to, says string }{
		{"", "mg/dL", "mmol/L", "molar mass"}, {"loinc:2276-4", "ng/mL", "pmol/L", "molar mass"}, {"", "kg", "m", "different things (g and m)"},
		{"", "[iU]/L", "U/L", "[iU] is a unit of its own"}, {"loinc:3016-3", "[iU]/L", "U/L", "of its own"}, {"", "[iU]/L", "[arb'U]/L", "of its own"},
		{"", "[pH]", "mol/L", "logarithmic"}, {"", "dB", "%", "logarithmic"}, {"", "meq/L", "mmol/L", "charge"}, {"loinc:2777-1", "meq/L", "mmol/L", "charge"},
		{"", "mosm/L", "mmol/L", "osm is a unit"}, {"", "mmol/L", "/L", "different things"}, {"", "", "mg/dL", "no unit"}, {"", "mg/dL", "", "no unit"}, {"", "", "%", "no unit"},
		{"", "xyz", "m", "no unit of UCUM"}, {"", "m", "xyz", "no unit of UCUM"}, {"", "Cel", "J", "different"},
	} {
		_, _, err := For(c.code, c.from, c.to)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("For(%q, %q, %q): %v, want %q", c.code, c.from, c.to, err, c.says)
			continue
		}
		if len(c.from) > 1 && strings.Contains(e.Text+e.Mend, "xyz") {
			t.Errorf("%q repeats what was in the cell", e.Text)
		}
	}
	for _, s := range []string{"", " "} {
		if scale, offset, err := Between(s, "1"); scale != 1 || offset != 0 || err != nil {
			t.Errorf("no unit to 1: %v %v %v", scale, offset, err)
		}
	}
	if scale, _, err := Between("", ""); scale != 1 || err != nil {
		t.Error("no unit is itself")
	}
}

// What hospitals write, and what they mean.
func TestCode(t *testing.T) {
	for text, want := range map[string]string{
		"mg/dL": "mg/dL", "mg/dl": "mg/dl", "U/l": "U/l", "%": "%", "": "1", "mmHg": "mm[Hg]", "mm Hg": "mm[Hg]", "MMHG": "mm[Hg]", "/ul": "/ul",
		"Tsd/µl": "10*3/ul", "Tsd./μl": "10*3/ul", "K/uL": "K/uL", "°C": "Cel", "Grad C": "Cel", "°F": "[degF]", "sec": "s", "Sek.": "s", "Jahre": "a", "years": "a", "Monate": "mo",
		"10^9/l": "10^9/l", "10E9/L": "10*9/l", "x10E3/uL": "10*3/uL", "x10^3/µl": "10*3/ul", "10**9/L": "10*9/l", "10 9/l": "10*9/l", "10³/µl": "10*3/ul", "10⁹/l": "10*9/l", "10⁶/µL": "10*6/uL",
		"Gpt/l": "10*9/l", "Tpt/l": "10*12/l", "Mio/µl": "10*6/ul", "G/l": "G/l", "M/uL": "10*6/uL", "kg/m²": "kg/m2", "kg/m^2": "kg/m2", "kg/qm": "kg/m2", "m^2": "m2",
		"ml/min/1.73m²": "mL/min/{1.73_m2}", "ml/min/1,73 m²": "mL/min/{1.73_m2}", "µg/l": "ug/l", "µmol/L": "umol/L", "mcg/ml": "ug/ml", "mg%": "mg%", "MG/DL": "mg/dl", "MMOL/L": "mmol/l", "mMol/l": "mmol/l",
		"IU/ml": "[iU]/ml", "IE/ml": "[iU]/ml", "mIU/l": "m[iU]/l", "uIU/mL": "u[iU]/mL", "µIU/ml": "u[iU]/ml", "kIU/l": "k[iU]/l", "E/l": "U/l", "mval/l": "meq/l", "mEq/L": "meq/L", "mosmol/kg": "mosm/kg", "mOsm/kg": "mosm/kg",
		"mg/24h": "mg/(24.h)", "mg/24 h": "mg/(24.h)", "mg/24Std": "mg/(24.h)", "g/die": "g/d", "bpm": "/min", "1/min": "1/min", "/Min": "/min", "Schläge/min": "/min", "cells/µl": "{count}/ul", "Zellen/µl": "{count}/ul", "1/µl": "/ul",
		"gm/dL": "g/dL", "lbs": "[lb_av]", "inches": "[in_i]", "cc": "mL", "/HPF": "/[HPF]", "Gesichtsfeld": "[HPF]", "INR": "{INR}", "Punkte": "1", "Vol%": "%", "Prozent": "%", "‰": "[ppth]",
		"mmol/mol Hb": "mmol/mol{Hb}", "mg/g Krea": "mg/g{creat}", "dpt": "[diop]", "cm H2O": "cm[H2O]", "/cumm": "/mm3",
	} {
		code, note, err := Code(text)
		if err != nil || code != want {
			t.Errorf("Code(%q) = %q, want %q (%v)", text, code, want, err)
		}
		if (note == "") != (code == text) {
			t.Errorf("Code(%q) has the note %q", text, note)
		}
	}
	for _, text := range []string{"abc", "patient 17", "1.73m2", "10", "10E/l2x"} {
		if code, _, err := Code(text); err == nil && text != "10" {
			t.Errorf("Code(%q) = %q", text, code)
		}
	}
}

// A text with two readings is read as the other unit demands.
func TestReadings(t *testing.T) {
	for _, c := range []struct {
		from, to string
		scale    float64
	}{
		{"K/uL", "10*9/L", 1}, {"G/l", "10*9/L", 1}, {"G/L", "g/dL", 0.1}, {"G/L", "10*3/uL", 1}, {"T/l", "10*6/uL", 1}, {"K", "mK", 1000}, {"ft", "cm", 30.48},
		{"10*3/uL", "K/µl", 1}, {"C", "Cel", 1}, {"MG/DL", "mg/dL", 1}, {"1/µl", "10*9/L", 1e-3}, {"Jahre", "a", 1}, {"years", "mo", 12}, {"mg/24h", "mg/d", 1},
	} {
		scale, _, err := Between(c.from, c.to)
		if err != nil || math.Abs(scale/c.scale-1) > 1e-15 {
			t.Errorf("%s to %s: %v, want %v (%v)", c.from, c.to, scale, c.scale, err)
		}
	}
}

// The molar masses are those of the formulas.
func TestSubstances(t *testing.T) {
	weight := map[string]float64{"H": 1.008, "C": 12.011, "N": 14.007, "O": 15.999, "P": 30.974, "Na": 22.990, "K": 39.098, "Ca": 40.078, "Mg": 24.305,
		"Cl": 35.45, "Li": 6.94, "Fe": 55.845, "Cu": 63.546, "Zn": 65.38, "I": 126.904, "Co": 58.933, "S": 32.06}
	codes := map[string]string{}
	for line := range strings.Lines(strings.TrimPrefix(substances, "\n")) {
		name, _, _ := strings.Cut(line, ";")
		s, ok := Molar(name)
		if !ok || s.Source == "" {
			t.Errorf("%q is not found", name)
			continue
		}
		f := strings.Split(strings.TrimSpace(line), "; ")
		for _, code := range strings.Fields(f[4]) {
			if was, ok := codes[code]; ok {
				t.Errorf("%s is %s and %s", code, was, name)
			}
			codes[code] = name
			if !validLOINC(code) {
				t.Errorf("%s of %s is no LOINC code: its check digit is wrong", code, name)
			}
			if got, ok := Molar("loinc:" + code); !ok || got.Name != name {
				t.Errorf("%s is %v, want %s", code, got.Name, name)
			}
		}
		if s.Formula == "" || s.Formula == "-" {
			continue
		}
		mass := 0.0
		for i := 0; i < len(s.Formula); {
			j := i + 1
			for j < len(s.Formula) && s.Formula[j] >= 'a' && s.Formula[j] <= 'z' {
				j++
			}
			k := j
			for k < len(s.Formula) && digit(s.Formula[k]) {
				k++
			}
			n, err := strconv.Atoi(s.Formula[j:k])
			if err != nil {
				n = 1
			}
			mass += weight[s.Formula[i:j]] * float64(n)
			i = k
		}
		if math.Abs(mass-s.Mass) > 6e-4 {
			t.Errorf("%s: %v g/mol, its formula has %v", name, s.Mass, mass)
		}
	}
	if _, ok := Molar("; "); ok {
		t.Error("a separator is no substance")
	}
}

// validLOINC checks the check digit of a LOINC code (Mod 10, LOINC Users' Guide,
// appendix C).
func validLOINC(code string) bool {
	number, check, _ := strings.Cut(code, "-")
	sum, double := 0, true
	for i := len(number) - 1; i >= 0; i-- {
		d := int(number[i] - '0')
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		double = !double
	}
	return check == strconv.Itoa((10-sum%10)%10)
}

// drawUnit draws a unit of a dimension.
func drawUnit(t *rapid.T, name string) [3]string {
	kinds := [][]string{
		{"m", "cm", "[in_i]", "km", "[ft_i]", "um", "mm"}, {"g/L", "mg/dL", "ug/mL", "kg/m3", "[lb_av]/[gal_us]", "ng/uL"},
		{"Cel", "K", "[degF]", "[degR]", "mK"}, {"mm[Hg]", "kPa", "cm[H2O]", "bar", "[psi]", "mbar"}, {"U/L", "kat/L", "mmol/h/mL", "nkat/dL"},
		{"s", "min", "h", "d", "wk", "mo", "a", "ms"}, {"%", "1", "[ppm]", "mg/g", "mmol/mol"},
	}
	k := kinds[rapid.IntRange(0, len(kinds)-1).Draw(t, name)]
	pick := func() string { return k[rapid.IntRange(0, len(k)-1).Draw(t, name)] }
	return [3]string{pick(), pick(), pick()}
}

func TestInverseAndTransitive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := drawUnit(t, "units")
		x := rapid.Float64Range(-1000, 1000).Draw(t, "x")
		ab, err1 := Convert(x, u[0], u[1])
		back, err2 := Convert(ab, u[1], u[0])
		bc, err3 := Convert(ab, u[1], u[2])
		ac, err4 := Convert(x, u[0], u[2])
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			t.Fatal(err)
		}
		s, _, _ := Between(u[0], u[1])
		small := 1e-12 * (1 + 1000) // relative to the values that were drawn, temperatures included
		if math.Abs(back-x) > small*max(1, math.Abs(x)/1000) {
			t.Fatalf("%v %s there and back is %v", x, u[0], back)
		}
		if math.Abs(bc-ac) > 1e-12*max(math.Abs(ac), math.Abs(ab), 1) && math.Abs(bc/ac-1) > 1e-12 {
			t.Fatalf("%s to %s over %s: %v, directly %v", u[0], u[2], u[1], bc, ac)
		}
		if r, _, _ := Between(u[1], u[0]); math.Abs(r*s-1) > 1e-12 {
			t.Fatalf("%s and %s: the scales' product is %v", u[0], u[1], r*s)
		}
	})
}

func TestHbA1cInverse(t *testing.T) {
	for x := 3.0; x < 20; x += 0.1 {
		s, o, err := For("loinc:4548-4", "%", "mmol/mol")
		r, p, err2 := For("loinc:4548-4", "mmol/mol", "%")
		if back := r*(s*x+o) + p; err != nil || err2 != nil || math.Abs(back-x) > 1e-12*20 {
			t.Fatalf("%v %% there and back is %v", x, back)
		}
	}
}

// TestUnitsProgram compares with the units program of GNU where it is installed.
func TestUnitsProgram(t *testing.T) {
	program, err := exec.LookPath("units")
	if err != nil {
		t.Skip("the program units is not installed")
	}
	for ours, theirs := range map[[2]string][2]string{
		{"[lb_av]", "kg"}: {"pound", "kg"}, {"[gal_us]", "L"}: {"gallon", "liter"}, {"atm", "Pa"}: {"atm", "pascal"}, {"Ci", "Bq"}: {"curie", "becquerel"}, {"cal", "J"}: {"calorie", "joule"},
	} {
		out, err := exec.Command(program, "-t", "-d", "15", theirs[0], theirs[1]).Output()
		if err != nil {
			t.Skip("the program units does not answer")
		}
		want, _ := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
		if got, _, err := Between(ours[0], ours[1]); err != nil || math.Abs(got/want-1) > 1e-12 {
			t.Errorf("%v: %v, the program says %v (%v)", ours, got, want, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"mg/dL", "10*3{cells}/uL", "/min", "(24.h)", "k[iU]/L", "m[H2O]", "Cel", "[degF]", "B[10.nV]", "((m.s)/kg)-2", "x10E9/l", "ml/min/1.73 m²", "mg%", "G/L"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := Parse(text)
		if err == nil {
			if x := u.Factor(); !(x > 0) || math.IsInf(x, 0) {
				t.Fatalf("%q has the factor %v", text, x)
			}
			if s, o, err := Between(text, text); err != nil || s != 1 || o != 0 {
				t.Fatalf("%q to itself: %v %v %v", text, s, o, err)
			}
		} else if e := (*Error)(nil); !errors.As(err, &e) || e.Text == "" {
			t.Fatalf("%q: %v", text, err)
		}
		if code, _, err := Code(text); err == nil {
			if _, err := Parse(code); err != nil {
				t.Fatalf("%q is read as %q, which is no unit", text, code)
			}
		}
	})
}

func BenchmarkBetween(b *testing.B) {
	for range b.N {
		if _, _, err := Between("mg/dL", "g/L"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkForSpelled(b *testing.B) {
	for range b.N {
		if _, _, err := For("loinc:2345-7", "MG/DL", "mmol/L"); err != nil {
			b.Fatal(err)
		}
	}
}
