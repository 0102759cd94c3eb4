package dataset

import (
	"fmt"
	"slices"
	"strings"

	"hmsp.center/hmsp/table"
)

// isSex knows the variable of a person's sex, which every clinical source has.
func isSex(v table.Variable) bool {
	return (v.Kind == table.Category || v.Kind == table.Flag) && slices.Contains([]string{"sex", "gender", "female", "male"}, strings.ToLower(v.Name)) && v.Code == "" ||
		v.Kind == table.Category && slices.ContainsFunc(strings.Fields(v.Code), func(code string) bool {
			return slices.Contains([]string{"loinc:46098-0", "loinc:76689-9", "snomed:263495000"}, code)
		})
}

// sexes maps FHIR's administrative gender to the variable's levels, by their codes
// and labels.
func sexes(v table.Variable) map[string]string {
	out := map[string]string{}
	if v.Kind == table.Flag {
		female := strings.ToLower(v.Name) == "female"
		return map[string]string{"female": fmt.Sprint(female), "male": fmt.Sprint(!female)}
	}
	words := map[string][]string{"female": {"female", "f", "w", "weiblich", "woman", "women"}, "male": {"male", "m", "männlich", "man", "men"}, "other": {"other", "o", "d", "divers", "diverse"}, "unknown": {"unknown", "u", "unbekannt"}}
	for sex, names := range words {
		for _, l := range v.Levels {
			if slices.Contains(names, strings.ToLower(l.Code)) || slices.Contains(names, strings.ToLower(l.Label)) {
				out[sex] = l.Code
				break
			}
		}
	}
	return out
}

// sexLevels are OMOP's concepts of each level of a person's sex.
func sexLevels(v table.Variable) [][]string {
	concept := map[string]string{"male": "omop:8507", "female": "omop:8532", "other": "omop:8521", "unknown": "omop:8551"}
	out := make([][]string, len(v.Levels))
	for sex, level := range sexes(v) {
		at := v.Level(level)
		if id, ok := concept[sex]; ok && at >= 0 {
			out[at] = append(out[at], id)
		}
	}
	return out
}
