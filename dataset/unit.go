package dataset

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/ucum"
)

// convert finds what a unit of the source means in the dictionary's unit of a
// variable, of whose codes one says which substance it is.
func convert(v table.Variable, unit string) *conversion {
	k := &conversion{}
	for _, code := range append(strings.Fields(v.Code), "") {
		scale, offset, err := ucum.For(code, unit, v.Unit)
		if err == nil {
			return &conversion{scale: scale, offset: offset}
		}
		if k.why == "" {
			k.why = fmt.Sprintf("it cannot be converted: %v", err)
		}
	}
	return k
}

// spellings says how units that are not UCUM were read, for a steward to hold against.
// Only units that could be converted are told: what else stands there may be anything.
func spellings(units map[string]*conversion) []string {
	var out []string
	for _, unit := range slices.Sorted(maps.Keys(units)) {
		if units[unit].why != "" {
			continue
		}
		if _, note, err := ucum.Code(unit); err == nil && note != "" {
			out = append(out, "the unit "+note)
		}
	}
	return out
}
