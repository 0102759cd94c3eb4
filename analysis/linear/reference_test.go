package linear_test

import (
	"testing"

	"hmsp.center/hmsp/analysis/internal/goldentest"
	"hmsp.center/hmsp/analysis/linear"
	"hmsp.center/hmsp/table"
)

var (
	heart   = []string{"multisite/heart-disease/cleveland.csv", "multisite/heart-disease/hungarian.csv", "multisite/heart-disease/switzerland.csv", "multisite/heart-disease/va.csv"}
	cnsim   = []string{"multisite/datashield/CNSIM1.csv", "multisite/datashield/CNSIM2.csv", "multisite/datashield/CNSIM3.csv"}
	dasim   = []string{"multisite/datashield/DASIM1.csv", "multisite/datashield/DASIM2.csv", "multisite/datashield/DASIM3.csv"}
	factor3 = func(name string) table.Variable {
		return table.Variable{Name: name, Kind: table.Category, Levels: levels("1", "2", "3")}
	}
)

// lm on the shared clinical data, 1e-8 relative (methods C3).
func TestReferences(t *testing.T) {
	goldentest.RunReferences(t, linear.New(), []goldentest.Reference{
		{File: "heart_disease_4sites.json", Key: []string{"linear_thalach"}, Formula: "thalach ~ age + sex + site", Data: heart, SiteVar: "site",
			Schema: table.Schema{whole("age", 18, 100), flag("sex"), number("thalach", 40, 240)}},
		{File: "cnsim.json", Key: []string{"linear"}, Formula: "LAB_TSC ~ LAB_TRIG + LAB_HDL + GENDER", Data: cnsim,
			Schema: table.Schema{number("LAB_TSC", 0, 20), number("LAB_TRIG", -10, 20), number("LAB_HDL", -2, 5),
				{Name: "GENDER", Kind: table.Category, Levels: levels("0", "1")}}},
		{File: "dasim.json", Key: []string{"linear"}, Formula: "LAB_TSC ~ LAB_TRIG + LAB_HDL + PM_BMI_CONTINUOUS", Data: dasim,
			Schema: table.Schema{number("LAB_TSC", 0, 20), number("LAB_TRIG", -10, 20), number("LAB_HDL", -2, 5), number("PM_BMI_CONTINUOUS", 5, 80)}},
		{File: "birthwt.json", Key: []string{"linear"}, Formula: "bwt ~ age + lwt + race + smoke + ht + ui", Data: []string{"crosssectional/birthwt.csv"},
			Schema: table.Schema{whole("bwt", 200, 7000), whole("age", 12, 60), whole("lwt", 60, 400), factor3("race"), flag("smoke"), flag("ht"), flag("ui")}},
		{File: "prostate.json", Key: []string{"linear"}, Formula: "lpsa ~ .", Data: []string{"crosssectional/prostate.csv"},
			Schema: table.Schema{number("lcavol", -3, 6), number("lweight", 0, 8), number("age", 30, 100), number("lbph", -3, 4), flag("svi"),
				number("lcp", -3, 5), whole("gleason", 2, 10), number("pgg45", 0, 100), number("lpsa", -3, 9)}},
		{File: "diabetes_progression.json", Key: []string{"linear"}, Formula: "target ~ .", Data: []string{"crosssectional/diabetes_progression.csv"},
			Schema: table.Schema{number("age", 18, 100), number("sex", 1, 2), number("bmi", 10, 70), number("bp", 30, 200), number("s1", 50, 500),
				number("s2", 20, 400), number("s3", 10, 200), number("s4", 1, 15), number("s5", 1, 10), number("s6", 30, 300), number("target", 0, 500)}},
	}, 1e-8)
}
