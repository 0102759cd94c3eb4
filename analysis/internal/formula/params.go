package formula

import (
	"maps"
	"slices"

	"hmsp.center/hmsp/analysis"
)

// Contrasts reads the parameter "contrasts", a map of factors to codings.
func Contrasts(p analysis.Params) (map[string]string, error) {
	given, _ := p["contrasts"].(map[string]any)
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		kind, ok := given[name].(string)
		if !ok {
			return nil, analysis.Refuse("contrasts", "%s: want treatment, sum or helmert, got %v", name, given[name])
		}
		out[name] = kind
	}
	return out, nil
}

// ContrastsParameter declares the parameter that Contrasts reads.
func ContrastsParameter() analysis.Parameter {
	return analysis.Parameter{Name: "contrasts", Type: "map",
		Doc: "coding of factors, by name as in the formula: treatment (default; against the first level), sum or helmert, as in R"}
}
