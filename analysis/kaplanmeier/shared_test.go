package kaplanmeier

import (
	"math"
	"slices"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/analysis/internal/survival/survivaltest"
	"hmsp.center/hmsp/table"
)

// reference compares curves, medians, restricted means and the test with an
// entry of the shared references. tau is the largest time of any group, which
// is where R's summary of survfit ends the restricted mean.
func reference(t *testing.T, data table.Table, formula string, tau float64, want survivaltest.Golden) {
	t.Helper()
	at := want.Within("curve_at")
	var times []any
	for _, x := range at.Numbers("time") {
		if !slices.Contains(times, any(x)) {
			times = append(times, x)
		}
	}
	sites := analysistest.Deal(data, 4)
	for kind, key := range map[string]string{"log": "median_ci95_log", "log-log": "median_ci95_loglog"} {
		r := analysistest.SameWords(t, New(), analysis.Params{"formula": formula, "conf.type": kind, "times": times, "tau": tau}, data.Schema, data, sites...)
		names := column(t, r, "glance", "strata").Text
		for i, name := range names {
			g := want.Within("groups").Within(name)
			for ours, theirs := range map[string]string{"records": "n", "events": "events", "median": "median", "rmst": "rmean"} {
				survivaltest.Near(t, name+" "+ours, column(t, r, "glance", ours).Numbers[i], g.Number(theirs), exact)
			}
			ci := g.Numbers(key)
			survivaltest.Near(t, name+" lower limit of the median", column(t, r, "glance", "conf.low").Numbers[i], ci[0], exact)
			survivaltest.Near(t, name+" upper limit of the median", column(t, r, "glance", "conf.high").Numbers[i], ci[1], exact)
		}
		// R's extend = TRUE lists times after a group's last as well.
		j := 0
		got := column(t, r, "times", "time").Numbers
		strata := column(t, r, "times", "strata").Text
		for i, x := range at.Numbers("time") {
			if j >= len(got) || got[j] != x || strata[j] != at.Texts("strata")[i] {
				if n := at.Numbers("n_risk")[i]; n != 0 {
					t.Errorf("%s at %v is not listed, %v at risk", at.Texts("strata")[i], x, n)
				}
				continue
			}
			survivaltest.Near(t, "n.risk", column(t, r, "times", "n.risk").Numbers[j], at.Numbers("n_risk")[i], 0)
			survivaltest.Near(t, "estimate", column(t, r, "times", "estimate").Numbers[j], at.Numbers("surv")[i], exact)
			survivaltest.Near(t, "std.error", column(t, r, "times", "std.error").Numbers[j], at.Numbers("std_err")[i], exact)
			j++
		}
		if l := want.Within("logrank"); l != nil {
			survivaltest.Near(t, "chi-squared", column(t, r, "logrank", "statistic").Numbers[0], l.Number("chisq"), exact)
			survivaltest.Near(t, "p", column(t, r, "logrank", "p.value").Numbers[0], l.Number("p"), exact)
			survivaltest.NearAll(t, "observed", column(t, r, "logrank-groups", "obs").Numbers, l.Numbers("observed"), exact)
			survivaltest.NearAll(t, "expected", column(t, r, "logrank-groups", "exp").Numbers, l.Numbers("expected"), exact)
		}
	}
}

func refs(t *testing.T, name string) map[string]survivaltest.Golden {
	return survivaltest.Goldens(t, analysistest.Shared(t, "reference", "clinical", name))
}

func read(t *testing.T, name string, s table.Schema) table.Table {
	return analysistest.CSV(t, analysistest.Shared(t, "clinical", "survival", name), s)
}

// last is the largest time among rows whose variables are all there.
func last(data table.Table, time string, need ...string) float64 {
	var out float64
	for i, x := range data.Numbers(time) {
		ok := true
		for _, n := range need {
			ok = ok && !math.IsNaN(data.Numbers(n)[i])
		}
		if ok {
			out = math.Max(out, x)
		}
	}
	return out
}

func TestReferences(t *testing.T) {
	t.Run("lung", func(t *testing.T) {
		g, d := refs(t, "lung.json"), lung(t)
		reference(t, d, "Surv(time, status == 2) ~ 1", last(d, "time"), g["km_all"])
		reference(t, d, "Surv(time, status == 2) ~ sex", last(d, "time"), g["km_sex"])
	})
	t.Run("veteran", func(t *testing.T) {
		g := refs(t, "veteran.json")
		d := read(t, "veteran.csv", table.Schema{integer("time", 0, 1000), integer("status", 0, 1), integer("trt", 1, 2), category("celltype", "squamous", "smallcell", "adeno", "large")})
		reference(t, d, "Surv(time, status) ~ trt", last(d, "time"), g["km_trt"])
		reference(t, d, "Surv(time, status) ~ celltype", last(d, "time"), g["km_cell"])
	})
	t.Run("pbc", func(t *testing.T) {
		d := read(t, "pbc.csv", table.Schema{integer("time", 0, 6000), integer("status", 0, 2), integer("trt", 1, 2)})
		reference(t, d, "Surv(time, status == 2) ~ trt", last(d, "time", "trt"), refs(t, "pbc.json")["km_trt"])
	})
	t.Run("colon", func(t *testing.T) {
		d := read(t, "colon.csv", table.Schema{integer("time", 0, 4000), integer("status", 0, 1), integer("etype", 1, 2), category("rx", "Obs", "Lev", "Lev+5FU")})
		for k, file := range []string{"colon_etype1.json", "colon_etype2.json"} {
			part := survivaltest.Keep(d, func(i int) bool { return d.Numbers("etype")[i] == float64(k+1) })
			reference(t, part, "Surv(time, status) ~ rx", last(part, "time"), refs(t, file)["km_rx"])
		}
	})
	t.Run("rotterdam and gbsg", func(t *testing.T) {
		d := cohorts(t)
		reference(t, d, "Surv(rfstime, rfs) ~ study", last(d, "rfstime"), refs(t, "rotterdam_gbsg.json")["km_study"])
	})
	t.Run("nwtco", func(t *testing.T) {
		d := read(t, "nwtco.csv", table.Schema{integer("edrel", 0, 9000), integer("rel", 0, 1), integer("histol", 1, 2)})
		reference(t, d, "Surv(edrel, rel) ~ histol", last(d, "edrel"), refs(t, "nwtco.json")["km_histol"])
	})
}

// cohorts are rotterdam and gbsg, relapse or death, in one table.
func cohorts(t *testing.T) table.Table {
	s := table.Schema{category("study", "gbsg", "rotterdam"), integer("rfstime", 0, 8000), integer("rfs", 0, 1)}
	a := read(t, "rotterdam.csv", table.Schema{integer("rtime", 0, 8000), integer("recur", 0, 1), integer("dtime", 0, 8000), integer("death", 0, 1)})
	b := read(t, "gbsg.csv", table.Schema{integer("rfstime", 0, 8000), integer("status", 0, 1)})
	columns := []table.Column{{Codes: make([]int32, b.Rows())}, {Numbers: slices.Clone(b.Columns[0].Numbers)}, {Numbers: slices.Clone(b.Columns[1].Numbers)}}
	for i := range a.Rows() {
		time, recur := a.Numbers("dtime")[i], a.Numbers("recur")[i]
		if recur == 1 {
			time = a.Numbers("rtime")[i]
		}
		columns[0].Codes = append(columns[0].Codes, 1)
		columns[1].Numbers = append(columns[1].Numbers, time)
		columns[2].Numbers = append(columns[2].Numbers, math.Max(recur, a.Numbers("death")[i]))
	}
	out, err := table.New(s, columns, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
