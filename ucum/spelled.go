package ucum

import (
	"fmt"
	"strings"
)

// Code is the UCUM code of a unit as it is written in hospitals: "Cel" of "°C",
// "10*3/ul" of "Tsd/µl", "mm[Hg]" of "mmHg". A valid code stays as it is. The note, to
// be shown to a steward, says how a text was read that is not UCUM; it is "" for one
// that is. A text that cannot be read is an *Error.
func Code(text string) (code, note string, err error) {
	us, err := readings(text)
	if err != nil {
		return "", "", err
	}
	if code = us[0].text; code != strings.TrimSpace(text) {
		note = fmt.Sprintf("%q is not UCUM and is read as %q", text, code)
	}
	return code, note, nil
}

// readings are the units that a text may mean: what it is in UCUM first, then what
// hospitals mean by it. An empty text is 1. There is at least one, or an error.
func readings(text string) ([]Unit, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		text = "1"
	}
	var out []Unit
	u, first := Parse(text)
	if first == nil {
		out = append(out, u)
	}
	if len(text) <= mostText {
		for _, s := range respell(text) {
			if u, err := Parse(s); err == nil && s != text {
				out = append(out, u)
			}
		}
	}
	if len(out) == 0 {
		return nil, first
	}
	return out, nil
}

// respell gives the codes that a text may stand for, whether or not they are valid.
func respell(text string) []string {
	var out []string
	plain := tidy(text)
	// An analyser that writes capitals only: MG/DL. What it means by M or G as prefixes
	// is told by the unit that they stand before, so small letters come first.
	forms := []string{plain}
	if low := strings.ToLower(plain); low != plain && strings.ToUpper(plain) == plain {
		forms = []string{low, plain}
	}
	for _, f := range forms {
		if s := whole(strings.ToLower(f)); s != "" {
			out = append(out, s)
		} else if s, ok := ratio(f); ok {
			out = append(out, s)
		}
	}
	return out
}

// tidy writes a text with ASCII letters and without spaces.
func tidy(text string) string {
	if strings.IndexFunc(text, func(r rune) bool { return r >= 0x80 }) >= 0 {
		text = strings.NewReplacer("µ", "u", "μ", "u", "²", "^2", "³", "^3", "⁶", "^6", "⁹", "^9", "¹²", "^12", "⁻¹", "^-1", "×", "x", "·", ".", "−", "-",
			"ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue", "⁄", "/", "°", "deg", "‰", "promille").Replace(text)
	}
	for _, power := range []string{"3", "6", "9", "12"} { // "10 9/l", "10 exp 9/l"
		for _, sign := range []string{"10 exp ", "10 exp", "10 ", "10exp"} {
			if rest, ok := strings.CutPrefix(text, sign+power); ok && (rest == "" || !digit(rest[0])) {
				text = "10^" + power + rest
			}
		}
	}
	return strings.Join(strings.Fields(text), "")
}

// whole knows texts that are not units over units, in small letters.
func whole(s string) string {
	switch s {
	case "degc", "c", "gradc", "grdc", "celsius", "gradcelsius", "degcelsius":
		return "Cel"
	case "degf", "f", "fahrenheit", "degfahrenheit":
		return "[degF]"
	case "mmhg", "torr":
		return "mm[Hg]"
	case "cmh2o", "cmws", "cmwasser":
		return "cm[H2O]"
	case "mgdl":
		return "mg/dL"
	case "prozent", "percent", "pct", "vol%", "vol.%", "vol.-%", "vol-%", "gew%", "gew.%", "%ngsp", "ngsp%", "%hb", "%(ngsp)":
		return "%"
	case "promille":
		return "[ppth]"
	case "ppm":
		return "[ppm]"
	case "bpm", "beats/min", "schlaege/min", "spm":
		return "/min"
	case "ml/min/1.73m^2", "ml/min/1,73m^2", "ml/min/1.73m2", "ml/min/1,73m2", "ml/min/1.73qm", "ml/min/1,73qm", "ml/min/1.73sqm",
		"ml/min/1.73", "ml/min/1.73m**2", "ml/min/1.73*m^2", "ml/min/(1.73m^2)", "ml/min/(1.73_m2)", "ml/min/1.73_m2":
		return "mL/min/{1.73_m2}"
	case "inr", "{inr}":
		return "{INR}"
	case "score", "punkte", "points", "pkt", "pkte", "pkt.", "index", "ratio", "quotient", "ohne", "none", "dimensionslos", "-", "keine", "no_unit", "n/a":
		return "1"
	case "m/s^2":
		return "m/s2"
	case "ft", "ft.": // in UCUM a femtotonne
		return "[ft_i]"
	case "dpt", "dptr", "dptr.", "diopter", "dioptrien":
		return "[diop]"
	case "ph", "ph-wert":
		return "[pH]"
	case "j", "j.", "jahr", "jahre":
		return "a"
	case "mosm":
		return "mosm/kg"
	case "db", "dbhl":
		return "dB"
	case "ch", "charr", "french", "fr":
		return "[Ch]"
	case "hu", "he":
		return "[hnsf'U]"
	}
	return ""
}

// ratio reads units over units.
func ratio(s string) (string, bool) {
	parts := split(s)
	for i, p := range parts {
		q, ok := part(p, i == 0)
		if !ok {
			return "", false
		}
		parts[i] = q
	}
	if parts[0] == "1" && len(parts) > 1 {
		parts[0] = ""
	}
	return strings.Join(parts, "/"), true
}

// split splits at slashes outside braces and brackets.
func split(s string) []string {
	var out []string
	from, deep := 0, 0
	for i := range len(s) {
		switch s[i] {
		case '{', '[', '(':
			deep++
		case '}', ']', ')':
			deep--
		case '/':
			if deep == 0 {
				out = append(out, s[from:i])
				from = i + 1
			}
		}
	}
	return append(out, s[from:])
}

// part reads one side of a slash; first is the one before all.
func part(s string, first bool) (string, bool) {
	if s == "" {
		return "", first
	}
	if _, err := Parse(s); err == nil && !first {
		return s, true
	}
	power, rest := tens(s)
	switch {
	case power != "" && rest == "":
		return power, true
	case power != "":
		s = rest
		if counted(strings.ToLower(s)) {
			return power, true
		}
		power += "."
	}
	if n, ok := strings.CutPrefix(s, "24"); ok && !first { // mg/24h
		if u, ok := word(n, false); ok && u == "h" {
			return "(24.h)", true
		}
	}
	if u, ok := word(s, first); ok {
		return power + u, true
	}
	// A name with an exponent: m^2, cm**3, mm3.
	i := len(s)
	for i > 0 && digit(s[i-1]) {
		i--
	}
	if i < len(s) && i > 0 && s[i-1] == '-' {
		i--
	}
	if i == len(s) || i == 0 {
		return "", false
	}
	u, ok := word(strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(s[:i], "**"), "*"), "^"), false)
	return power + u + s[i:], ok && u != "" && !digit(u[len(u)-1])
}

// tens reads a power of ten as analysers write it: 10^9, 10**9, 10E9, x10E3, *10^6.
func tens(s string) (power, rest string) {
	t := strings.TrimLeft(s, "x*X")
	t, ok := strings.CutPrefix(t, "10")
	if !ok {
		return "", s
	}
	sign := t
	for _, mark := range []string{"**", "^", "*", "E+", "e+", "E", "e"} {
		if t, ok = strings.CutPrefix(t, mark); ok {
			break
		}
	}
	i := 0
	for i < len(t) && digit(t[i]) {
		i++
	}
	if sign == t || i == 0 || i > 2 {
		return "", s
	}
	return "10*" + t[:i], strings.TrimLeft(t[i:], ".*x")
}
