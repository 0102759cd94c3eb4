package dataset

import (
	"fmt"
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
