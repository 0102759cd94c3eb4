package kaplanmeier

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

func lung(t testing.TB) table.Table {
	return analysistest.CSV(t, survivaltest.Data("lung.csv"), table.Schema{
		integer("time", 0, 1500), integer("status", 1, 2), category("sex", "1", "2"), integer("ph.ecog", 0, 4)})
}

func goldens(t testing.TB) map[string]survivaltest.Golden {
	return survivaltest.Goldens(t, survivaltest.Data("golden.json"))
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

const exact = 1e-8 // methods 0, level (ii)

// Curves, medians, their limits and restricted means are R's (survfit, methods
// C6), and the sums over three sites are those of the pooled table bit for bit.
func TestCurvesAreThoseOfSurvfit(t *testing.T) {
	g := goldens(t)
	ovarian := analysistest.CSV(t, survivaltest.Data("ovarian.csv"), table.Schema{integer("futime", 0, 2000), integer("fustat", 0, 1), integer("rx", 1, 2)})
	veteran := analysistest.CSV(t, survivaltest.Data("veteran.csv"), table.Schema{integer("time", 0, 1000), integer("status", 0, 1), category("celltype", "squamous", "smallcell", "adeno", "large")})
	for name, tt := range map[string]struct {
		data    table.Table
		formula string
		params  analysis.Params
	}{
		"lung_all":        {lung(t), "Surv(time, status == 2) ~ 1", analysis.Params{"tau": 365}},
		"lung_sex":        {lung(t), "Surv(time, status == 2) ~ sex", analysis.Params{"tau": 900}},
		"lung_sex_loglog": {lung(t), "Surv(time, status == 2) ~ sex", analysis.Params{"conf.type": "log-log", "conf.level": 0.9}},
		"lung_sex_plain":  {lung(t), "Surv(time, status == 2) ~ sex", analysis.Params{"conf.type": "plain"}},
		"lung_week":       {lung(t), "Surv(time, status == 2) ~ sex", analysis.Params{"width": 7}},
		"lung_sex_ecog":   {lung(t), "Surv(time, status == 2) ~ sex + ph.ecog", analysis.Params{}},
		"ovarian":         {ovarian, "Surv(futime, fustat) ~ rx", analysis.Params{"tau": 600}},
		"veteran":         {veteran, "Surv(time, status) ~ celltype", analysis.Params{}},
		"heart":           {heart(t), "Surv(start, stop, event) ~ surgery", analysis.Params{"width": 0.5}},
	} {
		t.Run(name, func(t *testing.T) {
			tt.params["formula"] = tt.formula
			r := analysistest.SameWords(t, New(), tt.params, tt.data.Schema, tt.data, analysistest.Deal(tt.data, 3)...)
			want := g[name]
			for _, c := range []string{"time", "n.risk", "n.event", "n.censor", "estimate", "std.error", "conf.low", "conf.high"} {
				survivaltest.NearAll(t, c, column(t, r, "curve", c).Numbers, want.Numbers(c), exact)
			}
			if got := column(t, r, "curve", "strata").Text; !slices.Equal(got, want.Texts("strata")) {
				t.Errorf("strata %v", got)
			}
			for ours, theirs := range map[string]string{"median": "median", "conf.low": "median.low", "conf.high": "median.high"} {
				survivaltest.NearAll(t, ours+" of the median", column(t, r, "glance", ours).Numbers, want.Numbers(theirs), exact)
			}
			if _, ok := want["tau"]; ok {
				survivaltest.NearAll(t, "rmst", column(t, r, "rmst", "estimate").Numbers, want.Numbers("rmst"), exact)
				survivaltest.NearAll(t, "rmst std.error", column(t, r, "rmst", "std.error").Numbers, want.Numbers("rmst.se"), exact)
			}
		})
	}
}

// The order of columns is part of what the CSV files promise.
func TestCurveColumnsStandInTheirOrder(t *testing.T) {
	d := lung(t)
	r := analysistest.Drive(t, New(), analysis.Params{"formula": "Surv(time, status == 2) ~ sex", "times": []any{100.0}}, d.Schema, d)
	for _, name := range []string{"curve", "times"} {
		x, err := r.Table(name)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, c := range x.Columns {
			names = append(names, c.Name)
		}
		if got := strings.Join(names, ","); got != "time,n.risk,n.event,n.censor,estimate,std.error,conf.low,conf.high,strata" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestRankTestsAreThoseOfSurvdiff(t *testing.T) {
	g := goldens(t)
	veteran := analysistest.CSV(t, survivaltest.Data("veteran.csv"), table.Schema{integer("time", 0, 1000), integer("status", 0, 1), category("celltype", "squamous", "smallcell", "adeno", "large")})
	ovarian := analysistest.CSV(t, survivaltest.Data("ovarian.csv"), table.Schema{integer("futime", 0, 2000), integer("fustat", 0, 1), integer("rx", 1, 2)})
	for name, tt := range map[string]struct {
		data    table.Table
		formula string
		rho     float64
	}{
		"lr_lung":             {lung(t), "Surv(time, status == 2) ~ sex", 0},
		"lr_lung_peto":        {lung(t), "Surv(time, status == 2) ~ sex", 1},
		"lr_lung_strata":      {lung(t), "Surv(time, status == 2) ~ sex + strata(ph.ecog)", 0},
		"lr_lung_strata_peto": {lung(t), "Surv(time, status == 2) ~ sex + strata(ph.ecog)", 1},
		"lr_lung_two":         {lung(t), "Surv(time, status == 2) ~ sex + ph.ecog", 0},
		"lr_ovarian":          {ovarian, "Surv(futime, fustat) ~ rx", 0},
		"lr_veteran":          {veteran, "Surv(time, status) ~ celltype", 0},
		"lr_veteran_half":     {veteran, "Surv(time, status) ~ celltype", 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			r := analysistest.SameWords(t, New(), analysis.Params{"formula": tt.formula, "rho": tt.rho}, tt.data.Schema, tt.data, analysistest.Deal(tt.data, 4)...)
			want := g[name]
			survivaltest.Near(t, "chi-squared", column(t, r, "logrank", "statistic").Numbers[0], want.Number("chisq"), exact)
			survivaltest.Near(t, "df", column(t, r, "logrank", "df").Numbers[0], want.Number("df"), 0)
			survivaltest.Near(t, "p", column(t, r, "logrank", "p.value").Numbers[0], want.Number("p"), exact)
			survivaltest.NearAll(t, "observed", column(t, r, "logrank-groups", "obs").Numbers, want.Numbers("observed"), exact)
			survivaltest.NearAll(t, "expected", column(t, r, "logrank-groups", "exp").Numbers, want.Numbers("expected"), exact)
		})
	}
}

// The numbers of methods C6, as printed there.
func TestMethodsC6(t *testing.T) {
	r := analysistest.Drive(t, New(), analysis.Params{"formula": "Surv(time, status == 2) ~ 1", "times": []any{90, 180, 365, 730}, "tau": 365}, lung(t).Schema, analysistest.Deal(lung(t), 3)...)
	survivaltest.NearAll(t, "S", column(t, r, "times", "estimate").Numbers, []float64{.8815789474, .7216706534, .4092416245, .1156930983}, 1e-9)
	// Printed to 6 digits; the fourth is R's .0282982, where methods C6 has two digits the other way round.
	survivaltest.NearAll(t, "SE", column(t, r, "times", "std.error").Numbers, []float64{.0213982, .0298124, .0358236, .0282982}, 2e-6)
	survivaltest.Near(t, "lower limit at 365", column(t, r, "times", "conf.low").Numbers[2], .3447215818, 1e-9)
	survivaltest.Near(t, "upper limit at 365", column(t, r, "times", "conf.high").Numbers[2], .4858376035, 1e-9)
	for c, want := range map[string]float64{"median": 310, "conf.low": 285, "conf.high": 363} {
		survivaltest.Near(t, c, column(t, r, "glance", c).Numbers[0], want, 0)
	}
	survivaltest.Near(t, "RMST", column(t, r, "rmst", "estimate").Numbers[0], 263.22187, 2e-8)
	survivaltest.Near(t, "RMST SE", column(t, r, "rmst", "std.error").Numbers[0], 7.79886, 1e-6)

	for _, tt := range []struct {
		formula string
		rho     float64
		chisq   float64
	}{{"Surv(time, status == 2) ~ sex", 0, 10.3267419549}, {"Surv(time, status == 2) ~ sex", 1, 12.7141514012}, {"Surv(time, status == 2) ~ sex + strata(ph.ecog)", 0, 10.7950596335}} {
		r := analysistest.Drive(t, New(), analysis.Params{"formula": tt.formula, "rho": tt.rho}, lung(t).Schema, lung(t))
		survivaltest.Near(t, "chi-squared of "+tt.formula, column(t, r, "logrank", "statistic").Numbers[0], tt.chisq, 1e-11)
		survivaltest.NearAll(t, "medians", column(t, r, "glance", "median").Numbers, []float64{270, 426}, 0)
	}
	r = analysistest.Drive(t, New(), analysis.Params{"formula": "Surv(time, status == 2) ~ sex"}, lung(t).Schema, lung(t))
	survivaltest.NearAll(t, "expected", column(t, r, "logrank-groups", "exp").Numbers, []float64{91.58173903, 73.41826097}, 1e-9)
}

// The difference of restricted means is the difference of two independent ones.
func TestDifferenceOfRestrictedMeans(t *testing.T) {
	r := analysistest.Drive(t, New(), analysis.Params{"formula": "Surv(time, status == 2) ~ sex", "tau": 365}, lung(t).Schema, lung(t))
	m, se := column(t, r, "rmst", "estimate").Numbers, column(t, r, "rmst", "std.error").Numbers
	d := column(t, r, "rmst-difference", "estimate").Numbers[0]
	s := column(t, r, "rmst-difference", "std.error").Numbers[0]
	survivaltest.Near(t, "difference", d, m[1]-m[0], 1e-12)
	survivaltest.Near(t, "standard error", s, math.Sqrt(se[0]*se[0]+se[1]*se[1]), 1e-12)
	survivaltest.Near(t, "upper limit", column(t, r, "rmst-difference", "conf.high").Numbers[0], d+1.959963984540054*s, 1e-12)
	if got := column(t, r, "rmst-difference", "contrast").Text[0]; got != "sex=2 - sex=1" {
		t.Errorf("contrast %q", got)
	}
}

func heart(t testing.TB) table.Table {
	return analysistest.CSV(t, survivaltest.Data("heart.csv"), table.Schema{
		{Name: "start", Kind: table.Number, Min: 0, Max: 2000}, {Name: "stop", Kind: table.Number, Min: 0, Max: 2000}, integer("event", 0, 1), integer("surgery", 0, 1), integer("transplant", 0, 1)})
}

// With late entry, where survdiff refuses, the log-rank test is the score test
// of Cox's model with exact treatment of ties (Cox 1972, section 6).
func TestLogrankWithLateEntryIsCoxsScoreTest(t *testing.T) {
	d := heart(t)
	r := analysistest.SameWords(t, New(), analysis.Params{"formula": "Surv(start, stop, event) ~ transplant", "width": 0.5}, d.Schema, d, analysistest.Deal(d, 3)...)
	survivaltest.Near(t, "chi-squared", column(t, r, "logrank", "statistic").Numbers[0], goldens(t)["heart_score"].Number("score"), exact)
}

func TestLateEntry(t *testing.T) {
	s := table.Schema{integer("start", 0, 10), integer("stop", 0, 10), integer("event", 0, 1)}
	tb, err := table.New(s, []table.Column{{Numbers: []float64{0, 2, 3, 0, 5}}, {Numbers: []float64{4, 6, 4, 2, 5}}, {Numbers: []float64{1, 1, 0, 1, 1}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := analysistest.Drive(t, New(), analysis.Params{"formula": "Surv(start, stop, event) ~ 1"}, s, tb)
	survivaltest.NearAll(t, "time", column(t, r, "curve", "time").Numbers, []float64{2, 4, 6}, 0)
	survivaltest.NearAll(t, "at risk", column(t, r, "curve", "n.risk").Numbers, []float64{2, 3, 1}, 0) // the interval (5, 5] is left out
	survivaltest.NearAll(t, "estimate", column(t, r, "curve", "estimate").Numbers, []float64{0.5, 1. / 3, 0}, 1e-15)
	if !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, "1 of 5 rows") }) {
		t.Errorf("notes %q do not mention the row without a length", r.Notes)
	}
}

func TestWhatTheFigureShows(t *testing.T) {
	r := analysistest.Drive(t, New(), analysis.Params{"formula": "Surv(time, status == 2) ~ sex"}, lung(t).Schema, lung(t))
	f := r.Figures[0]
	if len(f.Series) != 2 || f.Series[0].Name != "sex=1" || len(f.Series[0].X) != len(f.Series[0].Hi) || len(f.Series[1].Marks) == 0 {
		t.Fatalf("series %+v", f.Series)
	}
	for _, s := range f.Series {
		for _, xs := range [][]float64{s.X, s.Y, s.Lo, s.Hi, s.Marks} {
			for _, x := range xs {
				if math.IsNaN(x) || math.IsInf(x, 0) {
					t.Fatalf("%s holds %v", s.Name, x)
				}
			}
		}
	}
	for _, want := range []string{"sex=1 270; sex=2 426", "138 at 0", "90 at 0"} {
		if !strings.Contains(f.Caption, want) {
			t.Errorf("caption %q does not say %q", f.Caption, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	s := table.Schema{integer("time", 0, 1000), integer("start", -5, 1000), table.Variable{Name: "years", Kind: table.Number, Min: 0, Max: 10}, integer("status", 0, 1), integer("pid", 0, 1e6), category("sex", "m", "f")}
	for _, tt := range []struct {
		params analysis.Params
		param  string
		text   string
	}{
		{analysis.Params{}, "formula", "missing"},
		{analysis.Params{"formula": "time ~ sex"}, "formula", "Surv(time, event)"},
		{analysis.Params{"formula": "Surv(start, time, status) ~ sex"}, "formula", "min: 0"},
		{analysis.Params{"formula": "Surv(years, status) ~ sex"}, "width", "width: 0.01"},
		{analysis.Params{"formula": "Surv(time, status) ~ pid"}, "formula", "groups"},
		{analysis.Params{"formula": "Surv(time, status) ~ strata(sex)"}, "formula", "without strata()"},
		{analysis.Params{"formula": "Surv(time, status) ~ sex", "width": 1e-5}, "width", "larger width"},
		{analysis.Params{"formula": "Surv(time, status) ~ sex", "conf.type": "logit"}, "conf.type", "log-log"},
		{analysis.Params{"formula": "Surv(time, status) ~ sex", "conf.level": 0}, "conf.level", "0.5"},
		{analysis.Params{"formula": "Surv(time, status) ~ sexx"}, "formula", "sex"},
	} {
		_, _, err := New().Start(tt.params, s)
		var r *analysis.Refusal
		if !errors.As(err, &r) || r.Param != tt.param || !strings.Contains(r.Text, tt.text) {
			t.Errorf("%v: got %v, want a refusal of %s that says %q", tt.params, err, tt.param, tt.text)
		}
	}
}
