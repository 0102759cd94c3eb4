package local_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/internal/demo"
	"hmsp.center/hmsp/internal/engine/local"
	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/table"
)

// A set is a consortium with the data of its natural sites, and what R says of
// them.
type set struct {
	file       string // in reference/clinical
	sites      []string
	consortium *local.Consortium
	tables     local.Tables
	tests      []golden
}

// build founds the consortium and reads each site's file as a site does.
func build(t *testing.T, file string, rules charter.Rules, dictionary table.Schema, data map[string]dataset.Dataset, tests ...golden) set {
	t.Helper()
	s := set{file: file, tables: local.Tables{}, tests: tests}
	for name := range data {
		s.sites = append(s.sites, name)
	}
	slices.Sort(s.sites)
	var err error
	if s.consortium, err = local.Found("golden", dictionary, rules, s.sites...); err != nil {
		t.Fatal(err)
	}
	schema := s.consortium.Charter.Schema()
	at := schema.Index(charter.SiteVariable)
	for _, name := range s.sites {
		x, err := dataset.Loader{Formats: standard.Catalog().Formats}.Load(t.Context(), data[name], dictionary)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		site := table.Column{Codes: slices.Repeat([]int32{int32(schema[at].Level(name))}, x.Rows())}
		if s.tables[name], err = table.New(schema, slices.Insert(x.Columns, at, site), x.Patients); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// rules are a charter's, for so many colluders that 3 honest sites remain.
func rules(colluders int, openSites bool) charter.Rules {
	r := charter.DefaultRules()
	r.Disclosure = &charter.Disclosure{} // the references show every figure
	r.Colluders, r.OpenSites = colluders, openSites
	return r
}

func integer(name string, lo, hi float64) table.Variable {
	return table.Variable{Name: name, Kind: table.Integer, Min: lo, Max: hi}
}

func number(name string, lo, hi float64) table.Variable {
	return table.Variable{Name: name, Kind: table.Number, Min: lo, Max: hi}
}

func flag(name string) table.Variable { return table.Variable{Name: name, Kind: table.Flag} }

func category(name string, codes ...string) table.Variable {
	v := table.Variable{Name: name, Kind: table.Category}
	for _, c := range codes {
		v.Levels = append(v.Levels, table.Level{Code: c})
	}
	return v
}

// lung is the trial that the demonstration carries, over its six groups of
// institutions, under the demonstration's dictionary.
func lung(t *testing.T) set {
	t.Helper()
	raw, err := demo.Files.ReadFile("dictionary.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Hmsp       string       `json:"hmsp"`
		Dictionary table.Schema `json:"dictionary"`
	}
	if err := manifest.Decode("dictionary.yaml", raw, charter.DictionarySchema(), &d); err != nil {
		t.Fatal(err)
	}
	data := map[string]dataset.Dataset{}
	for _, s := range demo.Sites() {
		data[s] = dataset.File(s, filepath.Join("..", "..", "demo", "lung", s+".csv"))
	}
	const surv, main = "Surv(time, status == 2)", "Surv(time, status == 2) ~ age + sex + ph.ecog"
	const full = main + " + ph.karno + pat.karno + meal.cal + wt.loss"
	km := func(key, by, kind string) golden {
		return golden{key: key, analysis: "kaplan-meier", agree: kaplanMeier(kind), params: analysis.Params{"formula": surv + " ~ " + by,
			"conf.type": kind, "tau": 1022.0, "times": []any{88.0, 175.0, 179.0, 269.0, 272.0, 429.0, 444.0, 643.0, 655.0}}}
	}
	four := []any{"age", "ph.karno", "pat.karno", "wt.loss"}
	tests := []golden{
		km("km_all", "1", "log"), km("km_all", "1", "log-log"), km("km_sex", "sex", "log"), km("km_sex", "sex", "log-log"),
		{key: "own/rmst_sex", analysis: "kaplan-meier", params: analysis.Params{"formula": surv + " ~ sex", "tau": 365.0}, agree: restrictedMean},
		{key: "describe", analysis: "describe", params: analysis.Params{"variables": []any{"time", "status", "age", "ph.ecog", "ph.karno", "pat.karno", "meal.cal", "wt.loss"}}, agree: description("")},
		{key: "own/sex_by_ecog", analysis: "table", params: analysis.Params{"rows": "sex", "columns": "ph.ecog"}, agree: contingency},
		{key: "own/sex_by_status_over_sites", analysis: "table", params: analysis.Params{"rows": "sex", "columns": "status", "strata": "site"}, agree: mantelHaenszel, strata: true},
		{key: "own/pearson", analysis: "correlation", params: analysis.Params{"variables": four}, agree: correlations},
		{key: "own/spearman", analysis: "correlation", params: analysis.Params{"variables": four, "method": "spearman"}, agree: correlations},
		{key: "own/logistic", analysis: "logistic", params: analysis.Params{"formula": "(status == 2) ~ age + sex * ph.ecog"}, agree: model},
		{key: "own/linear", analysis: "linear", params: analysis.Params{"formula": "ph.karno ~ age + sex + I(age^2)"}, agree: model},
		{key: "own/poisson", analysis: "poisson", params: analysis.Params{"formula": "ph.ecog ~ age + sex"}, agree: model},
	}
	for _, ties := range []string{"efron", "breslow"} {
		tests = append(tests,
			golden{key: "own/cox_site/" + ties, analysis: "cox", params: analysis.Params{"formula": main, "ties": ties}, agree: cox, strata: true},
			golden{key: "own/cox_inst/" + ties, analysis: "cox", params: analysis.Params{"formula": main + " + strata(inst)", "ties": ties}, agree: cox, strata: true},
			golden{key: "cox/" + ties, analysis: "cox", params: exactly(main, ties), agree: cox},
			golden{key: "cox_full/" + ties, analysis: "cox", params: exactly(full, ties), agree: cox})
	}
	return build(t, "lung.json", rules(1, false), d.Dictionary, data, tests...)
}

// exactly is a Cox model with one baseline for all sites on a grid as fine as the
// times: nothing is coarsened.
func exactly(formula, ties string) analysis.Params {
	return analysis.Params{"formula": formula, "ties": ties, "baseline": "coarsened", "width": 1.0, "min_events": 1.0}
}

// heart is UCI's heart disease data over its four hospitals. Their charter lets
// studies tell the hospitals apart.
func heart(t *testing.T) set {
	t.Helper()
	data := map[string]dataset.Dataset{}
	for _, s := range []string{"cleveland", "hungarian", "switzerland", "va"} {
		d := dataset.File(s, shared(t, "clinical", "multisite", "heart-disease", s+".csv"))
		d.Mapping = map[string]dataset.Source{"y": {Column: "num", Codes: map[string]string{"0": "false", "1": "true", "2": "true", "3": "true", "4": "true"}}}
		data[s] = d
	}
	dictionary := table.Schema{integer("age", 18, 100), integer("sex", 0, 1), category("cp", "1", "2", "3", "4"), integer("trestbps", 0, 250), integer("chol", 0, 700),
		integer("fbs", 0, 1), integer("restecg", 0, 2), integer("thalach", 0, 250), integer("exang", 0, 1), number("oldpeak", -5, 10), integer("slope", 1, 3),
		integer("ca", 0, 9), integer("thal", 3, 7), integer("num", 0, 4), flag("y")}
	const main = "y ~ age + sex + cp + trestbps + thalach + exang + oldpeak"
	variables := []any{"age", "sex", "trestbps", "chol", "fbs", "restecg", "thalach", "exang", "oldpeak", "slope", "ca", "thal", "num", "y"}
	tests := []golden{
		{key: "logistic_pooled", analysis: "logistic", params: analysis.Params{"formula": main}, agree: model},
		{key: "logistic_pooled_site_effects", analysis: "logistic", params: analysis.Params{"formula": main + " + site"}, agree: model},
		{key: "logistic_small", analysis: "logistic", params: analysis.Params{"formula": "y ~ age + sex"}, agree: model},
		{key: "linear_thalach", analysis: "linear", params: analysis.Params{"formula": "thalach ~ age + sex + site"}, agree: model},
		{key: "describe", analysis: "describe", params: analysis.Params{"variables": variables}, agree: description("")},
		{key: "sex_by_y", analysis: "table", params: analysis.Params{"rows": "sex", "columns": "y"}, agree: contingency},
		{key: "cp_by_y", analysis: "table", params: analysis.Params{"rows": "cp", "columns": "y"}, agree: contingency},
	}
	for s := range data {
		tests = append(tests, golden{key: "describe_per_site/" + s, analysis: "describe", params: analysis.Params{"variables": variables, "by": "site"}, agree: description(s)})
	}
	return build(t, "heart_disease_4sites.json", rules(1, true), dictionary, data, tests...)
}

// cgd is chronic granulomatous disease over its 13 centres, one file each, with
// several rows a patient.
func cgd(t *testing.T) set {
	t.Helper()
	f, err := os.Open(shared(t, "clinical", "multisite", "cgd_13centers.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	center := slices.Index(lines[0], "center")
	parts, data, names := map[string][][]string{}, map[string]dataset.Dataset{}, map[string]string{}
	for _, l := range lines[1:] {
		parts[l[center]] = append(parts[l[center]], l)
	}
	folder := t.TempDir()
	for name, rows := range parts {
		site := strings.Trim(regexp.MustCompile(`[^a-z]+`).ReplaceAllString(strings.ToLower(name), "-"), "-")
		path := filepath.Join(folder, site+".csv")
		out, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := csv.NewWriter(out).WriteAll(append([][]string{lines[0]}, rows...)); err != nil {
			t.Fatal(err)
		}
		out.Close()
		d := dataset.File(site, path)
		d.Patient = "id"
		data[site], names[name] = d, site
	}
	dictionary := table.Schema{category("treat", "placebo", "rIFN-g"), integer("age", 0, 100), integer("steroids", 0, 1), integer("tstart", 0, 500), integer("tstop", 0, 500), flag("status")}
	const main = "Surv(tstart, tstop, status) ~ treat + age + steroids"
	tests := []golden{{key: "rows_per_center", analysis: "table", params: analysis.Params{"rows": "site", "columns": "status"}, agree: rowsPerSite(names)}}
	for _, ties := range []string{"efron", "breslow"} {
		tests = append(tests,
			golden{key: "cox_start_stop_strata_center/" + ties, analysis: "cox", params: analysis.Params{"formula": main, "ties": ties}, agree: cox, strata: true},
			golden{key: "cox_pooled/" + ties, analysis: "cox", params: exactly(main, ties), agree: cox})
	}
	return build(t, "cgd.json", rules(1, true), dictionary, data, tests...)
}

// datashield reads three simulated studies of DataSHIELD: three sites, none of
// which may side with the hub.
func datashield(t *testing.T, prefix string) map[string]dataset.Dataset {
	t.Helper()
	data := map[string]dataset.Dataset{}
	for _, n := range []string{"1", "2", "3"} {
		data[strings.ToLower(prefix)+n] = dataset.File(prefix+n, shared(t, "clinical", "multisite", "datashield", prefix+n+".csv"))
	}
	return data
}

func cnsim(t *testing.T) set {
	t.Helper()
	dictionary := table.Schema{number("LAB_TSC", 0, 15), number("LAB_TRIG", -10, 15), number("LAB_HDL", -1, 5), number("LAB_GLUC_ADJUSTED", 0, 20), number("PM_BMI_CONTINUOUS", 0, 70),
		flag("DIS_CVA"), flag("MEDI_LPD"), flag("DIS_DIAB"), flag("DIS_AMI"), category("GENDER", "0", "1")}
	var variables []any
	for _, v := range dictionary[:9] {
		variables = append(variables, v.Name)
	}
	data := datashield(t, "CNSIM")
	tests := []golden{
		{key: "linear", analysis: "linear", params: analysis.Params{"formula": "LAB_TSC ~ LAB_TRIG + LAB_HDL + GENDER"}, agree: model},
		{key: "logistic", analysis: "logistic", params: analysis.Params{"formula": "DIS_DIAB ~ PM_BMI_CONTINUOUS + LAB_TSC + LAB_HDL + GENDER + site"}, agree: model},
		{key: "describe", analysis: "describe", params: analysis.Params{"variables": variables}, agree: description("")},
		{key: "gender_by_diab", analysis: "table", params: analysis.Params{"rows": "GENDER", "columns": "DIS_DIAB"}, agree: contingency},
	}
	for s := range data {
		tests = append(tests, golden{key: "describe_per_study/" + strings.ToUpper(s), analysis: "describe", params: analysis.Params{"variables": variables, "by": "site"}, agree: description(s)})
	}
	return build(t, "cnsim.json", rules(0, true), dictionary, data, tests...)
}

func dasim(t *testing.T) set {
	t.Helper()
	dictionary := table.Schema{number("PM_BMI_CONTINUOUS", 0, 70), number("LAB_GLUC_FASTING", 0, 20), number("LAB_HDL", -1, 5), number("LAB_TRIG", -10, 15), flag("GENDER"),
		number("LAB_TSC", 0, 15), flag("DIS_CVA"), flag("DIS_DIAB"), flag("DIS_AMI"), integer("PM_BMI_CATEGORICAL", 1, 3)}
	var variables []any
	for _, v := range dictionary {
		variables = append(variables, v.Name)
	}
	return build(t, "dasim.json", rules(0, false), dictionary, datashield(t, "DASIM"),
		golden{key: "linear", analysis: "linear", params: analysis.Params{"formula": "LAB_TSC ~ LAB_TRIG + LAB_HDL + PM_BMI_CONTINUOUS"}, agree: model},
		golden{key: "logistic", analysis: "logistic", params: analysis.Params{"formula": "DIS_DIAB ~ PM_BMI_CONTINUOUS + LAB_HDL + GENDER"}, agree: model},
		golden{key: "describe", analysis: "describe", params: analysis.Params{"variables": variables}, agree: description("")})
}

func text(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
