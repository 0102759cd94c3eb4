package poisson_test

import (
	"testing"

	"hmsp.center/hmsp/analysis/internal/goldentest"
	"hmsp.center/hmsp/analysis/poisson"
	"hmsp.center/hmsp/table"
)

// glm(poisson) on the shared clinical data, run to epsilon 1e-12; 1e-8 relative
// (methods C3).
func TestReferences(t *testing.T) {
	flag := func(name string) table.Variable { return table.Variable{Name: name, Kind: table.Flag} }
	number := func(name string, lo, hi float64) table.Variable {
		return table.Variable{Name: name, Kind: table.Number, Min: lo, Max: hi}
	}
	goldentest.RunReferences(t, poisson.New(), []goldentest.Reference{
		{File: "epil.json", Key: []string{"poisson"}, Formula: "y ~ lbase * trt + lage + V4", Data: []string{"longitudinal/epil.csv"},
			Schema: table.Schema{whole("y", 0, 200), number("lbase", -3, 3), category("trt", "placebo", "progabide"), number("lage", -1, 1), flag("V4")}},
		{File: "birthwt.json", Key: []string{"poisson_ftv"}, Formula: "ftv ~ age + smoke + race", Data: []string{"crosssectional/birthwt.csv"},
			Schema: table.Schema{whole("ftv", 0, 20), whole("age", 12, 60), flag("smoke"), category("race", "1", "2", "3")}},
	}, 1e-8)
}
