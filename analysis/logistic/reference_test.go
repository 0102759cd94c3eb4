package logistic_test

import (
	"math"
	"strings"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/analysis/internal/goldentest"
	"hmsp.center/hmsp/analysis/logistic"
	"hmsp.center/hmsp/table"
)

func category(name string, codes ...string) table.Variable {
	return table.Variable{Name: name, Kind: table.Category, Levels: levels(codes...)}
}

const folder = "multisite/heart-disease/"

var (
	heart       = []string{folder + "cleveland.csv", folder + "hungarian.csv", folder + "switzerland.csv", folder + "va.csv"}
	heartSchema = table.Schema{whole("age", 18, 100), flag("sex"), category("cp", "1", "2", "3", "4"), number("trestbps", 0, 300), number("thalach", 40, 240),
		flag("exang"), number("oldpeak", -5, 10), whole("num", 0, 4)}
	heartFormula = "num > 0 ~ age + sex + cp + trestbps + thalach + exang + oldpeak"
)

// glm(binomial) on the shared clinical data, run to epsilon 1e-12; 1e-8
// relative (methods C3).
func TestReferences(t *testing.T) {
	refs := []goldentest.Reference{
		{File: "heart_disease_4sites.json", Key: []string{"logistic_pooled"}, Formula: heartFormula, Data: heart, Schema: heartSchema},
		{File: "heart_disease_4sites.json", Key: []string{"logistic_pooled_site_effects"}, Formula: heartFormula + " + site", Data: heart, SiteVar: "site", Schema: heartSchema},
		{File: "heart_disease_4sites.json", Key: []string{"logistic_small"}, Formula: "num > 0 ~ age + sex", Data: heart, Schema: heartSchema},
		{File: "cnsim.json", Key: []string{"logistic"}, Formula: "DIS_DIAB ~ PM_BMI_CONTINUOUS + LAB_TSC + LAB_HDL + GENDER + study", SiteVar: "study",
			Data:   []string{"multisite/datashield/CNSIM1.csv", "multisite/datashield/CNSIM2.csv", "multisite/datashield/CNSIM3.csv"},
			Schema: table.Schema{flag("DIS_DIAB"), number("LAB_TSC", 0, 20), number("LAB_HDL", -2, 5), number("PM_BMI_CONTINUOUS", 5, 80), category("GENDER", "0", "1")}},
		{File: "dasim.json", Key: []string{"logistic"}, Formula: "DIS_DIAB ~ PM_BMI_CONTINUOUS + LAB_HDL + GENDER",
			Data:   []string{"multisite/datashield/DASIM1.csv", "multisite/datashield/DASIM2.csv", "multisite/datashield/DASIM3.csv"},
			Schema: table.Schema{flag("DIS_DIAB"), number("LAB_HDL", -2, 5), number("PM_BMI_CONTINUOUS", 5, 80), flag("GENDER")}},
		{File: "birthwt.json", Key: []string{"logistic"}, Formula: "low ~ age + lwt + race + smoke + ptl + ht + ui", Data: []string{"crosssectional/birthwt.csv"},
			Schema: table.Schema{flag("low"), whole("age", 12, 60), whole("lwt", 60, 400), category("race", "1", "2", "3"), flag("smoke"), whole("ptl", 0, 10), flag("ht"), flag("ui")}},
		{File: "pima_diabetes.json", Key: []string{"logistic_all"}, Formula: "diabetes ~ pregnant + glucose + pressure + triceps + insulin + mass + pedigree + age",
			Data: []string{"crosssectional/pima_diabetes.csv"}, Schema: pima},
		{File: "pima_diabetes.json", Key: []string{"logistic_small"}, Formula: `diabetes == "pos" ~ glucose + mass + age`,
			Data: []string{"crosssectional/pima_diabetes.csv"}, Schema: pima},
		{File: "respiratory.json", Key: []string{"logistic"}, Formula: "outcome ~ factor(center) + treat + sex + age + baseline", Data: []string{"multisite/respiratory_2centers.csv"},
			Schema: table.Schema{flag("outcome"), whole("center", 1, 2), category("treat", "A", "P"), category("sex", "F", "M"), whole("age", 0, 110), flag("baseline")}},
	}
	for i, site := range []string{"cleveland", "hungarian"} { // the others are separated: see below
		refs = append(refs, goldentest.Reference{File: "heart_disease_4sites.json", Key: []string{"logistic_per_site", site}, Formula: heartFormula, Data: heart[i : i+1], Schema: heartSchema})
	}
	goldentest.RunReferences(t, logistic.New(), refs, 1e-8)
}

var pima = table.Schema{whole("pregnant", 0, 30), number("glucose", 20, 400), number("pressure", 20, 200), number("triceps", 0, 150), number("insulin", 0, 1500),
	number("mass", 10, 90), number("pedigree", 0, 5), whole("age", 18, 110), category("diabetes", "neg", "pos")}

// Separation, as it occurs in the heart disease data: every woman in
// Switzerland has the disease, and at VA Long Beach everybody with typical
// angina. R prints coefficients of 27 and -25 with standard errors beyond
// 100,000; here they are infinite, the others are R's to 1e-6 (methods C3,
// where R stops at its own last step), and the note names the mend.
func TestSeparationIsSaid(t *testing.T) {
	for _, c := range []struct {
		data     string
		formula  string
		infinite map[string]float64
		finite   map[string]float64
		deviance float64
	}{
		{heart[2], "num > 0 ~ age + sex", map[string]float64{"(Intercept)": 1, "sex": -1}, map[string]float64{"age": 0.00778303654638745}, 57.7518231840313},
		{heart[3], heartFormula, map[string]float64{"(Intercept)": 1, "cp2": -1, "cp3": -1, "cp4": -1},
			map[string]float64{}, 122.980050984243},
	} {
		ref := goldentest.Reference{Data: []string{c.data}, Schema: heartSchema}
		sites, schema := ref.Sites(t)
		res := analysistest.Drive(t, logistic.New(), analysis.Params{"formula": c.formula}, schema, sites...)
		terms, _ := res.Table("terms")
		for i, name := range terms.Columns[0].Text {
			b, se := terms.Columns[1].Numbers[i], terms.Columns[2].Numbers[i]
			if sign, ok := c.infinite[name]; ok {
				if !math.IsInf(b, int(sign)) || !math.IsNaN(se) {
					t.Errorf("%s %s: estimate %v (%v), want an infinity of sign %v without standard error", c.data, name, b, se, sign)
				}
				continue
			}
			if !(se > 0 && se < 10) || math.IsInf(b, 0) {
				t.Errorf("%s %s: estimate %v (%v), want a finite one", c.data, name, b, se)
			}
			if want, ok := c.finite[name]; ok && math.Abs(b-want) > 1e-6*math.Abs(want) {
				t.Errorf("%s %s: %v, R has %v", c.data, name, b, want)
			}
		}
		glance, _ := res.Table("glance")
		if d, _ := glance.Column("deviance"); math.Abs(d.Numbers[0]-c.deviance) > 1e-6*c.deviance {
			t.Errorf("%s: deviance %v, R has %v", c.data, d.Numbers[0], c.deviance)
		}
		if !strings.Contains(strings.Join(res.Notes, "\n"), "Firth") {
			t.Errorf("%s: no note names the mend: %q", c.data, res.Notes)
		}
	}
}
