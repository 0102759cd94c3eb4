package dataset

import (
	"fmt"

	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/ucum"
)

// convert finds what a unit of the source means in the dictionary's unit of a
// variable, whose code says of which substance it is.
func convert(v table.Variable, unit string) *conversion {
	scale, offset, err := ucum.For(v.Code, unit, v.Unit)
	if err != nil {
		return &conversion{why: fmt.Sprintf("it cannot be converted: %v", err)}
	}
	return &conversion{scale: scale, offset: offset}
}
