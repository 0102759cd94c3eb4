package dataset

import "hmsp.center/hmsp/table"

// convert finds what a unit of the source means in the dictionary's unit of a
// variable, whose code says of which substance it is.
func convert(v table.Variable, unit string) *conversion {
	return &conversion{why: "units are not converted yet"}
}
