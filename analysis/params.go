package analysis

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"hmsp.center/hmsp/spelling"
)

// Params are the settings of one analysis in a study, as decoded from the file.
type Params map[string]any

// Check holds the parameters against their declaration: unknown names are
// refused with a suggestion, types and limits checked, defaults filled in. It
// returns a copy; the receiver is left alone.
func (p Params) Check(decl []Parameter) (Params, error) {
	out := Params{}
	names := make([]string, len(decl))
	for i, d := range decl {
		names[i] = d.Name
	}
	for name := range p {
		if !slices.Contains(names, name) {
			return nil, Refuse(name, "no such parameter%s", Suggest(name, names))
		}
	}
	for _, d := range decl {
		v, ok := p[d.Name]
		if !ok || v == nil {
			if d.Required {
				return nil, Refuse(d.Name, "is missing; %s", d.Doc)
			}
			if d.Default != nil {
				out[d.Name] = d.Default
			}
			continue
		}
		w, err := d.coerce(v)
		if err != nil {
			return nil, err
		}
		out[d.Name] = w
	}
	return out, nil
}

func (d Parameter) coerce(v any) (any, error) {
	switch d.Type {
	case "string", "formula", "variable":
		s, ok := v.(string)
		if !ok {
			return nil, Refuse(d.Name, "want text, got %v", v)
		}
		if len(d.Options) > 0 && !slices.Contains(d.Options, s) {
			return nil, Refuse(d.Name, "%q is not one of %s%s", s, strings.Join(d.Options, ", "), Suggest(s, d.Options))
		}
		return s, nil
	case "boolean":
		b, ok := v.(bool)
		if !ok {
			return nil, Refuse(d.Name, "want true or false, got %v", v)
		}
		return b, nil
	case "number", "integer":
		x, ok := number(v)
		if !ok || math.IsNaN(x) || math.IsInf(x, 0) || d.Type == "integer" && x != math.Trunc(x) {
			return nil, Refuse(d.Name, "want %s, got %v", map[string]string{"number": "a number", "integer": "a whole number"}[d.Type], v)
		}
		if d.Min != nil && x < *d.Min || d.Max != nil && x > *d.Max {
			return nil, Refuse(d.Name, "%v is outside %s", x, span(d.Min, d.Max))
		}
		return x, nil
	case "strings", "variables":
		if s, ok := v.(string); ok {
			return []string{s}, nil
		}
		if ss, ok := v.([]string); ok {
			return ss, nil
		}
		list, ok := v.([]any)
		if !ok {
			return nil, Refuse(d.Name, "want a list of texts, got %v", v)
		}
		out := make([]string, len(list))
		for i, e := range list {
			if out[i], ok = e.(string); !ok {
				return nil, Refuse(d.Name, "entry %d: want text, got %v", i+1, e)
			}
		}
		return out, nil
	case "numbers":
		if xs, ok := v.([]float64); ok {
			return xs, nil
		}
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		out := make([]float64, len(list))
		for i, e := range list {
			if out[i], ok = number(e); !ok || d.Min != nil && out[i] < *d.Min || d.Max != nil && out[i] > *d.Max {
				return nil, Refuse(d.Name, "entry %d: want a number in %s, got %v", i+1, span(d.Min, d.Max), e)
			}
		}
		return out, nil
	case "map":
		m, ok := v.(map[string]any)
		if !ok {
			return nil, Refuse(d.Name, "want a mapping of names to values, got %v", v)
		}
		return m, nil
	}
	panic(fmt.Sprintf("parameter %s declares unknown type %q", d.Name, d.Type))
}

func number(v any) (float64, bool) {
	switch x := v.(type) {
	case float64:
		return x, true
	case float32:
		return float64(x), true
	case int:
		return float64(x), true
	case int64:
		return float64(x), true
	case uint64:
		return float64(x), true
	}
	return 0, false
}

func span(lo, hi *float64) string {
	switch {
	case lo != nil && hi != nil:
		return fmt.Sprintf("%v..%v", *lo, *hi)
	case lo != nil:
		return fmt.Sprintf("%v or more", *lo)
	case hi != nil:
		return fmt.Sprintf("%v or less", *hi)
	}
	return "the real numbers"
}

// String returns a text parameter, "" if absent.
func (p Params) String(name string) string { s, _ := p[name].(string); return s }

// Strings returns a list parameter, nil if absent.
func (p Params) Strings(name string) []string { s, _ := p[name].([]string); return s }

// Number returns a numeric parameter, 0 if absent.
func (p Params) Number(name string) float64 { x, _ := number(p[name]); return x }

// Numbers returns a list of numbers, nil if absent.
func (p Params) Numbers(name string) []float64 { xs, _ := p[name].([]float64); return xs }

// Int returns a whole-number parameter, 0 if absent.
func (p Params) Int(name string) int { return int(p.Number(name)) }

// Bool returns a yes-or-no parameter, false if absent.
func (p Params) Bool(name string) bool { b, _ := p[name].(bool); return b }

// Suggest returns `; did you mean "x"?` for the closest of names to word, or "".
func Suggest(word string, names []string) string { return spelling.Suggest(word, names) }
