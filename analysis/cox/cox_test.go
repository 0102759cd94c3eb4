package cox

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/analysis/internal/survival/survivaltest"
	"hmsp.center/hmsp/table"
)

func category(name string, codes ...string) table.Variable {
	v := table.Variable{Name: name, Kind: table.Category}
	for _, c := range codes {
		v.Levels = append(v.Levels, table.Level{Code: c})
	}
	return v
}

func integer(name string, lo, hi float64) table.Variable {
	return table.Variable{Name: name, Kind: table.Integer, Min: lo, Max: hi}
}

func real(name string, lo, hi float64) table.Variable {
	return table.Variable{Name: name, Kind: table.Number, Min: lo, Max: hi}
}

var centres = []string{"Amsterdam", "Copenhagen", "Harvard Medical Sch", "L.A. Children's Hosp", "Mott Children's Hosp", "Mt. Sinai Medical Ctr", "NIH",
	"Scripps Institute", "Texas Children's Hosp", "Univ. of Minnesota", "Univ. of Utah", "Univ. of Washington", "Univ. of Zurich"}

func lung(t testing.TB) table.Table {
	return analysistest.CSV(t, survivaltest.Data("lung.csv"), table.Schema{
		integer("inst", 1, 33), integer("time", 0, 1500), integer("status", 1, 2), integer("age", 18, 100), category("sex", "1", "2"), integer("ph.ecog", 0, 4)})
}

func cgd(t testing.TB) table.Table {
	return analysistest.CSV(t, survivaltest.Data("cgd.csv"), table.Schema{
		category("center", centres...), integer("tstart", 0, 500), integer("tstop", 0, 500), integer("status", 0, 1),
		category("treat", "placebo", "rIFN-g"), integer("age", 0, 100), integer("steroids", 0, 1)})
}

func veteran(t testing.TB) table.Table {
	return analysistest.CSV(t, survivaltest.Data("veteran.csv"), table.Schema{
		integer("trt", 1, 2), category("celltype", "squamous", "smallcell", "adeno", "large"), integer("time", 0, 1000), integer("status", 0, 1),
		integer("karno", 0, 100), integer("diagtime", 0, 120), integer("age", 18, 100), integer("prior", 0, 10)})
}

func heart(t testing.TB) table.Table {
	return analysistest.CSV(t, survivaltest.Data("heart.csv"), table.Schema{
		real("start", 0, 2000), real("stop", 0, 2000), integer("event", 0, 1), real("age", -50, 50), real("year", -1, 10), integer("surgery", 0, 1), integer("transplant", 0, 1)})
}

func numbers(t testing.TB, r *analysis.Result, tbl, name string) []float64 {
	t.Helper()
	return column(t, r, tbl, name).Numbers
}

func column(t testing.TB, r *analysis.Result, tbl, name string) analysis.Column {
	t.Helper()
	x, err := r.Table(tbl)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x.Column(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// agree compares a fit with R's. Small p-values keep fewer of R's own printed
// digits than the estimates they come from.
func agree(t testing.TB, r *analysis.Result, want survivaltest.Golden, rel float64) {
	t.Helper()
	for _, c := range []string{"estimate", "std.error", "p.value"} {
		survivaltest.NearAll(t, c, numbers(t, r, "terms", c), want.Numbers(c), rel)
	}
	p := len(want.Numbers("estimate"))
	survivaltest.NearAll(t, "conf.low", numbers(t, r, "terms", "conf.low"), want.Numbers("conf")[:p], rel)
	survivaltest.NearAll(t, "conf.high", numbers(t, r, "terms", "conf.high"), want.Numbers("conf")[p:], rel)
	terms := column(t, r, "terms", "term").Text
	if !slices.Equal(terms, want.Texts("term")) {
		t.Errorf("terms %v, want %v", terms, want.Texts("term"))
	}
	for j, term := range terms {
		survivaltest.NearAll(t, "vcov of "+term, numbers(t, r, "vcov", term), want.Numbers("vcov")[j*p:(j+1)*p], 10*rel) // off-diagonal entries cancel
	}
	for ours, theirs := range map[string]string{"n": "n", "nevent": "nevent", "logLik.null": "null", "logLik": "logLik", "statistic.log": "statistic.log", "p.value.log": "p.log",
		"statistic.sc": "statistic.sc", "p.value.sc": "p.sc", "statistic.wald": "statistic.wald", "p.value.wald": "p.wald", "AIC": "AIC", "BIC": "BIC", "nobs": "nobs"} {
		survivaltest.Near(t, ours, numbers(t, r, "glance", ours)[0], want.Number(theirs), rel)
	}
	if c := numbers(t, r, "glance", "concordance")[0]; !math.IsNaN(c) {
		survivaltest.Near(t, "concordance", c, want.Number("concordance"), rel)
	}
}

const exact = 1e-8 // methods 0, level (ii)

// Every fit of coxph in testdata: with all people at one site, a baseline per
// site is one baseline.
func TestFitsAreThoseOfCoxph(t *testing.T) {
	g := survivaltest.Goldens(t, survivaltest.Data("golden.json"))
	ovarian := analysistest.CSV(t, survivaltest.Data("ovarian.csv"), table.Schema{
		integer("futime", 0, 2000), integer("fustat", 0, 1), real("age", 18, 100), integer("resid.ds", 1, 2), integer("rx", 1, 2)})
	for name, tt := range map[string]struct {
		data    table.Table
		formula string
		params  analysis.Params
	}{
		"cox_lung":              {lung(t), "Surv(time, status == 2) ~ age + sex + ph.ecog", analysis.Params{}},
		"cox_lung_breslow":      {lung(t), "Surv(time, status == 2) ~ age + sex + ph.ecog", analysis.Params{"ties": "breslow"}},
		"cox_lung_inst":         {lung(t), "Surv(time, status == 2) ~ age + sex + ph.ecog + strata(inst)", analysis.Params{}},
		"cox_lung_inst_age_sex": {lung(t), "Surv(time, status == 2) ~ age * sex + ph.ecog + strata(inst)", analysis.Params{}},
		"cox_lung_sexstrata":    {lung(t), "Surv(time, status == 2) ~ age + ph.ecog + strata(sex)", analysis.Params{}},
		"cox_veteran":           {veteran(t), "Surv(time, status) ~ trt + karno", analysis.Params{}},
		"cox_veteran_full":      {veteran(t), "Surv(time, status) ~ trt + karno + age + celltype + diagtime", analysis.Params{}},
		"cox_veteran_prior":     {veteran(t), "Surv(time, status) ~ trt + celltype + karno + diagtime + age + prior", analysis.Params{}},
		"cox_heart":             {heart(t), "Surv(start, stop, event) ~ age + year + surgery + transplant", analysis.Params{}},
		"cox_cgd":               {cgd(t), "Surv(tstart, tstop, status) ~ treat + age + steroids + strata(center)", analysis.Params{}},
		"cox_cgd_offset":        {cgd(t), "Surv(tstart, tstop, status) ~ treat + steroids + offset(age / 50) + strata(center)", analysis.Params{}},
		"cox_ovarian":           {ovarian, "Surv(futime, fustat) ~ age + resid.ds + rx", analysis.Params{}},
	} {
		t.Run(name, func(t *testing.T) {
			tt.params["formula"] = tt.formula
			agree(t, analysistest.Drive(t, New(), tt.params, tt.data.Schema, tt.data), g[name], exact)
		})
	}
}

// Where each site is a stratum, the sums over the sites are those of the one
// table with strata, bit for bit, in every round (methods 0, level (i)).
func TestSitesAsStrataChangeNoBit(t *testing.T) {
	g := survivaltest.Goldens(t, survivaltest.Data("golden.json"))
	data := cgd(t)
	r := analysistest.SameWords(t, New(), analysis.Params{"formula": "Surv(tstart, tstop, status) ~ treat + age + steroids + strata(center)"}, data.Schema, data, survivaltest.ByLevel(data, "center")...)
	agree(t, r, g["cox_cgd"], exact)

	data = lung(t)
	inst := data.Numbers("inst")
	var sites []table.Table
	for k := 1.0; k <= 33; k++ {
		if s := survivaltest.Keep(data, func(i int) bool { return inst[i] == k }); s.Rows() > 0 {
			sites = append(sites, s)
		}
	}
	pooled := analysistest.Append(t, sites...)
	r = analysistest.SameWords(t, New(), analysis.Params{"formula": "Surv(time, status == 2) ~ age + sex + ph.ecog + strata(inst)"}, data.Schema, pooled, sites...)
	agree(t, r, g["cox_lung_inst"], exact)
}

// Without strata() each site still has its own baseline: the fit over thirteen
// sites is R's with strata(center).
func TestBaselinePerSiteIsStrataOfSites(t *testing.T) {
	data := cgd(t)
	r := analysistest.Drive(t, New(), analysis.Params{"formula": "Surv(tstart, tstop, status) ~ treat + age + steroids"}, data.Schema, survivaltest.ByLevel(data, "center")...)
	agree(t, r, survivaltest.Goldens(t, survivaltest.Data("golden.json"))["cox_cgd"], exact)
}

// The numbers of methods C7 as printed there.
func TestMethodsC7(t *testing.T) {
	for name, tt := range map[string]struct {
		data       table.Table
		formula    string
		ties       string
		term       []string
		beta       []float64
		null, last float64
	}{
		"1 lung, strata(inst)": {lung(t), "Surv(time, status == 2) ~ age + sex + ph.ecog + strata(inst)", "efron", []string{"age", "sex2", "ph.ecog"},
			[]float64{.009561341697, -.547356676849, .597253244680}, -327.2627983, -311.2495695},
		"lung, Efron": {lung(t), "Surv(time, status == 2) ~ age + sex + ph.ecog", "efron", []string{"age", "sex2", "ph.ecog"},
			[]float64{.01106676456, -.55261239570, .46372847537}, -744.4804558, -729.2301214},
		"lung, Breslow": {lung(t), "Surv(time, status == 2) ~ age + sex + ph.ecog", "breslow", []string{"age", "sex2", "ph.ecog"},
			[]float64{.01104113635, -.55188956979, .46294704059}, math.NaN(), -729.4887052},
		"veteran": {veteran(t), "Surv(time, status) ~ trt + celltype + karno + diagtime + age + prior", "efron", []string{"trt", "karno"},
			[]float64{.2946028215, -.03281532619}, -505.4490549, -474.3971117},
	} {
		t.Run(name, func(t *testing.T) {
			r := analysistest.Drive(t, New(), analysis.Params{"formula": tt.formula, "ties": tt.ties}, tt.data.Schema, tt.data)
			terms := column(t, r, "terms", "term").Text
			for i, term := range tt.term {
				survivaltest.Near(t, term, numbers(t, r, "terms", "estimate")[slices.Index(terms, term)], tt.beta[i], exact)
			}
			if !math.IsNaN(tt.null) {
				survivaltest.Near(t, "null log-likelihood", numbers(t, r, "glance", "logLik.null")[0], tt.null, 1e-9)
			}
			survivaltest.Near(t, "log-likelihood", numbers(t, r, "glance", "logLik")[0], tt.last, 1e-9)
		})
	}
}

func TestContrastsAndHazardRatios(t *testing.T) {
	g := survivaltest.Goldens(t, survivaltest.Data("golden.json"))
	data := lung(t)
	r := analysistest.Drive(t, New(), analysis.Params{"formula": "Surv(time, status == 2) ~ age + sex + ph.ecog", "contrasts": map[string]any{"sex": "sum"}, "exponentiate": true, "conf.level": 0.9}, data.Schema, data)
	want := g["cox_lung_sum"]
	for j, b := range want.Numbers("estimate") {
		se := want.Numbers("std.error")[j]
		survivaltest.Near(t, "hazard ratio", numbers(t, r, "terms", "estimate")[j], math.Exp(b), exact)
		survivaltest.Near(t, "std.error", numbers(t, r, "terms", "std.error")[j], se, exact)
		survivaltest.Near(t, "conf.high", numbers(t, r, "terms", "conf.high")[j], math.Exp(b+1.6448536269514722*se), exact)
	}
	if got := column(t, r, "terms", "term").Text[1]; got != "sex1" {
		t.Errorf("term %q, want sex1", got)
	}
	f := r.Figures[0]
	if !f.X.Log || len(f.Series[0].Labels) != 3 || !strings.Contains(f.Caption, "90%") {
		t.Errorf("figure %+v", f)
	}
}

func TestMonotoneLikelihoodIsSaid(t *testing.T) {
	data := lung(t)
	status, sex := slices.Clone(data.Numbers("status")), data.Codes("sex")
	for i := range status {
		if sex[i] == 1 { // no woman has the event
			status[i] = 1
		}
	}
	columns := slices.Clone(data.Columns)
	columns[data.Schema.Index("status")].Numbers = status
	data, err := table.New(data.Schema, columns, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := analysistest.Drive(t, New(), analysis.Params{"formula": "Surv(time, status == 2) ~ age + sex"}, data.Schema, analysistest.Deal(data, 3)...)
	if b := numbers(t, r, "terms", "estimate"); !math.IsInf(b[1], -1) || math.IsInf(b[0], 0) {
		t.Errorf("estimates %v, want a finite one and -Inf", b)
	}
	if se := numbers(t, r, "terms", "std.error"); !math.IsNaN(se[1]) || math.IsNaN(se[0]) {
		t.Errorf("standard errors %v, want one only for age", se)
	}
	if !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, "monotone likelihood") && strings.Contains(n, "sex2") }) {
		t.Errorf("notes %q do not say it", r.Notes)
	}
	if len(r.Figures[0].Series[0].Labels) != 1 {
		t.Errorf("the figure draws %v", r.Figures[0].Series[0].Labels)
	}
}

func TestAliasedTermIsLeftOut(t *testing.T) {
	data := lung(t)
	r := analysistest.Drive(t, New(), analysis.Params{"formula": "Surv(time, status == 2) ~ age + I(2 * age) + sex"}, data.Schema, data)
	if b := numbers(t, r, "terms", "estimate"); math.IsNaN(b[0]) || !math.IsNaN(b[1]) || math.IsNaN(b[2]) {
		t.Errorf("estimates %v, want the second missing", b)
	}
	survivaltest.Near(t, "df", numbers(t, r, "glance", "df")[0], 2, 0)
}

func TestRefusals(t *testing.T) {
	s := table.Schema{integer("time", 0, 1000), integer("day", -5, 1000), integer("status", 0, 1), integer("age", 18, 100), category("sex", "m", "f"), category("site", "a", "b")}
	for _, tt := range []struct {
		params analysis.Params
		param  string
		text   string
	}{
		{analysis.Params{}, "formula", "missing"},
		{analysis.Params{"formula": "time ~ age"}, "formula", "Surv(time, event)"},
		{analysis.Params{"formula": "Surv(time, status) ~ 1"}, "formula", "kaplan-meier"},
		{analysis.Params{"formula": "Surv(time, status) ~ age + cluster(site)"}, "formula", "cluster"},
		{analysis.Params{"formula": "Surv(time, status) ~ age + frailty(site)"}, "formula", "frailty"},
		{analysis.Params{"formula": "Surv(time, status) ~ tt(age)"}, "formula", "tt"},
		{analysis.Params{"formula": "Surv(day, status) ~ age", "baseline": "coarsened"}, "formula", "min: 0"},
		{analysis.Params{"formula": "Surv(time, status) ~ age", "baseline": "coarsened", "width": 1e-6}, "width", "larger"},
		{analysis.Params{"formula": "Surv(time, status) ~ age", "baseline": "shared"}, "baseline", "coarsened"},
		{analysis.Params{"formula": "Surv(time, status) ~ age", "ties": "exact"}, "ties", "efron"},
		{analysis.Params{"formula": "Surv(time, status) ~ sex", "contrasts": map[string]any{"sex": 3}}, "contrasts", "treatment"},
		{analysis.Params{"formula": "Surv(time, status) ~ sex", "conf.level": 0}, "conf.level", "0.5"},
	} {
		_, _, err := New().Start(tt.params, s)
		var r *analysis.Refusal
		if !errors.As(err, &r) || r.Param != tt.param || !strings.Contains(r.Text, tt.text) {
			t.Errorf("%v: got %v, want a refusal of %s that says %q", tt.params, err, tt.param, tt.text)
		}
	}
}
