package poisson_test

import (
	"testing"

	"hmsp.center/hmsp/analysis/internal/goldentest"
	"hmsp.center/hmsp/analysis/poisson"
	"hmsp.center/hmsp/table"
)

func levels(codes ...string) []table.Level {
	var out []table.Level
	for _, c := range codes {
		out = append(out, table.Level{Code: c})
	}
	return out
}

func whole(name string, lo, hi float64) table.Variable {
	return table.Variable{Name: name, Kind: table.Integer, Min: lo, Max: hi}
}

func category(name string, codes ...string) table.Variable {
	return table.Variable{Name: name, Kind: table.Category, Levels: levels(codes...)}
}

// The ranges are plausible ones, as a dictionary has them: not the data's own.
var schemas = map[string]table.Schema{
	"InsectSprays": {whole("count", 0, 100), category("spray", "A", "B", "C", "D", "E", "F")},
	"warpbreaks":   {whole("breaks", 0, 200), category("wool", "A", "B"), category("tension", "L", "M", "H")},
	"infert": {
		category("education", "0-5yrs", "6-11yrs", "12+ yrs"),
		whole("age", 15, 60), whole("parity", 0, 15), whole("induced", 0, 4), {Name: "case", Kind: table.Flag}, whole("spontaneous", 0, 4),
	},
	"esoph": {
		category("agegp", "25-34", "35-44", "45-54", "55-64", "65-74", "75+"),
		category("alcgp", "0-39g/day", "120+", "40-79", "80-119"),
		category("tobgp", "0-9g/day", "10-19", "20-29", "30+"),
		whole("ncases", 0, 50), whole("ncontrols", 0, 200),
	},
}

// glm(poisson) of R 4.2.2, run to epsilon 1e-12, on the data of
// testdata/make_golden.R. The tolerance is 1e-8 relative (methods C3).
func TestGolden(t *testing.T) { goldentest.Run(t, poisson.New(), schemas, 1e-8) }
