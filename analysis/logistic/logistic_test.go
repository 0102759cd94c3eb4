package logistic_test

import (
	"testing"

	"hmsp.center/hmsp/analysis/internal/goldentest"
	"hmsp.center/hmsp/analysis/logistic"
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
	"infert": {
		{Name: "education", Kind: table.Category, Levels: levels("0-5yrs", "6-11yrs", "12+ yrs")},
		whole("age", 15, 60), whole("parity", 0, 15), whole("induced", 0, 4), flag("case"), whole("spontaneous", 0, 4),
	},
	"mtcars": {
		number("mpg", 5, 50), whole("cyl", 2, 12), number("disp", 50, 600), number("hp", 30, 500), number("drat", 1, 8),
		number("wt", 0.5, 8), number("qsec", 10, 30), flag("vs"), flag("am"), whole("gear", 1, 8), whole("carb", 1, 10),
	},
	"airquality": {
		number("Ozone", 0, 500), number("Solar.R", 0, 500), number("Wind", 0, 50), number("Temp", 30, 120), whole("Month", 1, 12), whole("Day", 1, 31),
	},
}

// glm(binomial) of R 4.2.2, run to epsilon 1e-12, on the data of
// testdata/make_golden.R. The tolerance is 1e-8 relative (methods C3).
func TestGolden(t *testing.T) { goldentest.Run(t, logistic.New(), schemas, 1e-8) }
