package linear_test

import (
	"testing"

	"hmsp.center/hmsp/analysis/internal/goldentest"
	"hmsp.center/hmsp/analysis/linear"
	"hmsp.center/hmsp/table"
)

func levels(codes ...string) []table.Level {
	var out []table.Level
	for _, c := range codes {
		out = append(out, table.Level{Code: c})
	}
	return out
}

func number(name string, lo, hi float64) table.Variable {
	return table.Variable{Name: name, Kind: table.Number, Min: lo, Max: hi}
}

func whole(name string, lo, hi float64) table.Variable {
	return table.Variable{Name: name, Kind: table.Integer, Min: lo, Max: hi}
}

func flag(name string) table.Variable { return table.Variable{Name: name, Kind: table.Flag} }

// The ranges are plausible ones, as a dictionary has them: not the data's own.
var schemas = map[string]table.Schema{
	"longley": {
		number("GNP.deflator", 50, 150), number("GNP", 100, 800), number("Unemployed", 0, 800), number("Armed.Forces", 0, 500),
		number("Population", 80, 160), whole("Year", 1930, 1980), number("Employed", 40, 100),
	},
	"mtcars": {
		number("mpg", 5, 50), whole("cyl", 2, 12), number("disp", 50, 600), number("hp", 30, 500), number("drat", 1, 8),
		number("wt", 0.5, 8), number("qsec", 10, 30), flag("vs"), flag("am"), whole("gear", 1, 8), whole("carb", 1, 10),
	},
	"warpbreaks": {
		whole("breaks", 0, 100),
		{Name: "wool", Kind: table.Category, Levels: levels("A", "B")},
		{Name: "tension", Kind: table.Category, Levels: levels("L", "M", "H", "XL")},
	},
	"airquality": {
		number("Ozone", 0, 500), number("Solar.R", 0, 500), number("Wind", 0, 50), number("Temp", 30, 120), whole("Month", 1, 12), whole("Day", 1, 31),
	},
}

// lm of R 4.2.2 on the data of testdata/make_golden.R. The tolerance is 1e-8
// relative: methods C3 asks it, and what is lost stays far below, because sums
// are exact and columns centred by their declared ranges.
func TestGolden(t *testing.T) { goldentest.Run(t, linear.New(), schemas, 1e-8) }
