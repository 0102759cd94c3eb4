package cox

import (
	"math"
	"slices"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/analysis/internal/survival/survivaltest"
	"hmsp.center/hmsp/table"
)

// loose is for references that R made at its default convergence, a relative
// change of 1e-9 of the log-likelihood: its last step can leave 1e-6 of a small
// estimate. The fits in testdata, made at 1e-14, are held to 1e-8.
const loose = 1e-6

// reference compares a fit with an entry of the shared references.
func reference(t *testing.T, r *analysis.Result, want survivaltest.Golden) {
	t.Helper()
	coef, se := want.Within("coef"), want.Within("se")
	terms := column(t, r, "terms", "term").Text
	if len(coef) != len(terms) {
		t.Fatalf("terms %v, want %v", terms, coef)
	}
	for j, term := range terms {
		survivaltest.Near(t, term, numbers(t, r, "terms", "estimate")[j], coef.Number(term), loose)
		survivaltest.Near(t, "std.error of "+term, numbers(t, r, "terms", "std.error")[j], se.Number(term), loose)
	}
	for ours, theirs := range map[string]string{"n": "n", "nevent": "events", "logLik.null": "loglik_null", "logLik": "loglik", "statistic.sc": "score_test", "concordance": "concordance"} {
		survivaltest.Near(t, ours, numbers(t, r, "glance", ours)[0], want.Number(theirs), exact)
	}
	wald := numbers(t, r, "glance", "statistic.wald")[0]
	if d := math.Abs(wald - want.Number("wald_test")); d > 0.005+1e-9 { // printed to two decimals
		t.Errorf("Wald test %v, want %v", wald, want.Number("wald_test"))
	}
}

func both(t *testing.T, formula string, refs survivaltest.Golden, sites ...table.Table) {
	t.Helper()
	for _, ties := range []string{"efron", "breslow"} {
		t.Run(ties, func(t *testing.T) {
			reference(t, analysistest.Drive(t, New(), analysis.Params{"formula": formula, "ties": ties}, sites[0].Schema, sites...), refs.Within(ties))
		})
	}
}

func refs(t *testing.T, name string) map[string]survivaltest.Golden {
	return survivaltest.Goldens(t, analysistest.Shared(t, "reference", "clinical", name))
}

func TestReferenceLung(t *testing.T) {
	g := refs(t, "lung.json")
	data := analysistest.CSV(t, analysistest.Shared(t, "clinical", "survival", "lung.csv"), table.Schema{
		integer("time", 0, 1500), integer("status", 1, 2), integer("age", 18, 100), category("sex", "1", "2"), integer("ph.ecog", 0, 4),
		integer("ph.karno", 0, 100), integer("pat.karno", 0, 100), integer("meal.cal", 0, 5000), integer("wt.loss", -50, 100)})
	t.Run("cox", func(t *testing.T) { both(t, "Surv(time, status == 2) ~ age + sex + ph.ecog", g["cox"], data) })
	t.Run("cox_full", func(t *testing.T) {
		both(t, "Surv(time, status == 2) ~ age + sex + ph.ecog + ph.karno + pat.karno + meal.cal + wt.loss", g["cox_full"], data)
	})
}

func TestReferenceVeteran(t *testing.T) {
	data := analysistest.CSV(t, analysistest.Shared(t, "clinical", "survival", "veteran.csv"), table.Schema{
		category("trt", "1", "2"), category("celltype", "squamous", "smallcell", "adeno", "large"), integer("time", 0, 1000), integer("status", 0, 1),
		integer("karno", 0, 100), integer("diagtime", 0, 120), integer("age", 18, 100)})
	both(t, "Surv(time, status) ~ trt + karno + age + celltype + diagtime", refs(t, "veteran.json")["cox"], data)
}

func TestReferencePBC(t *testing.T) {
	data := analysistest.CSV(t, analysistest.Shared(t, "clinical", "survival", "pbc.csv"), table.Schema{
		integer("time", 0, 6000), integer("status", 0, 2), real("age", 18, 100), real("edema", 0, 1), real("bili", 0.1, 50), real("protime", 5, 30), real("albumin", 1, 6)})
	both(t, "Surv(time, status == 2) ~ age + edema + log(bili) + log(protime) + log(albumin)", refs(t, "pbc.json")["cox_mayo"], data)
}

func TestReferenceColon(t *testing.T) {
	data := analysistest.CSV(t, analysistest.Shared(t, "clinical", "survival", "colon.csv"), table.Schema{
		integer("time", 0, 4000), integer("status", 0, 1), category("rx", "Obs", "Lev", "Lev+5FU"), integer("age", 18, 100), integer("sex", 0, 1),
		integer("nodes", 0, 50), integer("obstruct", 0, 1), integer("adhere", 0, 1), integer("differ", 1, 3), integer("etype", 1, 2)})
	kind := data.Numbers("etype")
	for k, file := range []string{"colon_etype1.json", "colon_etype2.json"} {
		t.Run(file, func(t *testing.T) {
			g, part := refs(t, file), survivaltest.Keep(data, func(i int) bool { return kind[i] == float64(k+1) })
			both(t, "Surv(time, status) ~ rx + age + sex + nodes + obstruct + adhere", g["cox"], part)
			both(t, "Surv(time, status) ~ rx + age + nodes + strata(differ)", g["cox_strata_differ"], part)
		})
	}
}

func TestReferenceHeart(t *testing.T) {
	both(t, "Surv(start, stop, event) ~ age + year + surgery + transplant", refs(t, "heart_stanford.json")["cox_start_stop"], heart(t))
}

// Thirteen centres as thirteen sites: start-stop data, a baseline per centre.
func TestReferenceCGDOverItsCentres(t *testing.T) {
	analysistest.Shared(t, "clinical", "multisite", "cgd_13centers.csv")
	both(t, "Surv(tstart, tstop, status) ~ treat + age + steroids", refs(t, "cgd.json")["cox_start_stop_strata_center"], survivaltest.ByLevel(cgd(t), "center")...)
	both(t, "Surv(tstart, tstop, status) ~ treat + age + steroids", refs(t, "cgd.json")["cox_pooled"], cgd(t))
}

func TestReferenceSmallModels(t *testing.T) {
	kidney := analysistest.CSV(t, analysistest.Shared(t, "clinical", "survival", "kidney.csv"), table.Schema{
		integer("time", 0, 600), integer("status", 0, 1), integer("age", 0, 100), integer("sex", 1, 2), category("disease", "AN", "GN", "Other", "PKD")})
	t.Run("kidney", func(t *testing.T) {
		both(t, "Surv(time, status) ~ age + sex + disease", refs(t, "kidney.json")["cox"], kidney)
	})
	nwtco := analysistest.CSV(t, analysistest.Shared(t, "clinical", "survival", "nwtco.csv"), table.Schema{
		integer("edrel", 0, 9000), integer("rel", 0, 1), integer("stage", 1, 4), integer("histol", 1, 2), integer("age", 0, 300)})
	t.Run("nwtco", func(t *testing.T) {
		both(t, "Surv(edrel, rel) ~ factor(stage) + histol + age", refs(t, "nwtco.json")["cox"], nwtco)
	})
	trace := analysistest.CSV(t, analysistest.Shared(t, "clinical", "survival", "trace_mi.csv"), table.Schema{
		real("time", 0, 20), integer("status", 0, 9), real("age", 18, 110), integer("sex", 0, 1), integer("diabetes", 0, 1), integer("chf", 0, 1), integer("vf", 0, 1), real("wmi", 0, 4)})
	t.Run("trace", func(t *testing.T) {
		both(t, "Surv(time, status == 9) ~ age + sex + diabetes + chf + vf + wmi", refs(t, "trace_mi.json")["cox"], trace)
	})
}

// cohorts are rotterdam and gbsg with the columns that they share: two sites.
func cohorts(t *testing.T) (rotterdam, gbsg table.Table) {
	s := table.Schema{integer("age", 18, 100), integer("meno", 0, 1), integer("nodes", 0, 60), integer("pgr", 0, 10000), category("hormon", "0", "1"), integer("rfstime", 0, 8000), integer("rfs", 0, 1)}
	raw := analysistest.CSV(t, analysistest.Shared(t, "clinical", "survival", "rotterdam.csv"), append(slices.Clone(s[:5]),
		integer("rtime", 0, 8000), integer("recur", 0, 1), integer("dtime", 0, 8000), integer("death", 0, 1)))
	columns := slices.Clone(raw.Columns[:5])
	var time, event table.Column
	for i := range raw.Rows() {
		recur, death := raw.Numbers("recur")[i], raw.Numbers("death")[i]
		event.Numbers = append(event.Numbers, math.Max(recur, death))
		if recur == 1 {
			time.Numbers = append(time.Numbers, raw.Numbers("rtime")[i])
		} else {
			time.Numbers = append(time.Numbers, raw.Numbers("dtime")[i])
		}
	}
	rotterdam, err := table.New(s, append(columns, time, event), nil)
	if err != nil {
		t.Fatal(err)
	}
	b := analysistest.CSV(t, analysistest.Shared(t, "clinical", "survival", "gbsg.csv"), append(slices.Clone(s[:6]), integer("status", 0, 1)))
	if gbsg, err = table.New(s, b.Columns, nil); err != nil {
		t.Fatal(err)
	}
	return rotterdam, gbsg
}

func TestReferenceTwoCohorts(t *testing.T) {
	rotterdam, gbsg := cohorts(t)
	g := refs(t, "rotterdam_gbsg.json")
	f := "Surv(rfstime, rfs) ~ age + meno + nodes + log(pgr + 1) + hormon"
	t.Run("two sites", func(t *testing.T) { both(t, f, g["cox_pooled_strata"], rotterdam, gbsg) })
	t.Run("rotterdam", func(t *testing.T) { both(t, f, g["cox_rotterdam"], rotterdam) })
	t.Run("gbsg", func(t *testing.T) { both(t, f, g["cox_gbsg"], gbsg) })
	t.Run("one table", func(t *testing.T) { both(t, f, g["cox_pooled_unstratified"], analysistest.Append(t, rotterdam, gbsg)) })
}

// Methods C7: rotterdam's deaths and gbsg's relapses.
func TestMethodsC7Rotterdam(t *testing.T) {
	r := analysistest.CSV(t, analysistest.Shared(t, "clinical", "survival", "rotterdam.csv"), table.Schema{
		integer("age", 18, 100), integer("meno", 0, 1), category("size", "<=20", "20-50", ">50"), integer("grade", 1, 3), integer("nodes", 0, 60),
		integer("hormon", 0, 1), integer("chemo", 0, 1), integer("dtime", 0, 8000), integer("death", 0, 1)})
	res := analysistest.Drive(t, New(), analysis.Params{"formula": "Surv(dtime, death) ~ age + meno + size + grade + nodes + hormon + chemo"}, r.Schema, r)
	survivaltest.Near(t, "null log-likelihood", numbers(t, res, "glance", "logLik.null")[0], -9527.30661239, 1e-11)
	survivaltest.Near(t, "log-likelihood", numbers(t, res, "glance", "logLik")[0], -9271.22211205, 1e-11)
	terms := column(t, res, "terms", "term").Text
	survivaltest.Near(t, "nodes", numbers(t, res, "terms", "estimate")[slices.Index(terms, "nodes")], .07332790517, exact)

	b := analysistest.CSV(t, analysistest.Shared(t, "clinical", "survival", "gbsg.csv"), table.Schema{
		integer("age", 18, 100), integer("meno", 0, 1), integer("size", 0, 150), integer("grade", 1, 3), integer("nodes", 0, 60), integer("pgr", 0, 10000), integer("er", 0, 10000),
		integer("hormon", 0, 1), integer("rfstime", 0, 8000), integer("status", 0, 1)})
	res = analysistest.Drive(t, New(), analysis.Params{"formula": "Surv(rfstime, status) ~ age + meno + size + grade + nodes + pgr + er + hormon"}, b.Schema, b)
	survivaltest.Near(t, "null log-likelihood", numbers(t, res, "glance", "logLik.null")[0], -1788.10473712, 1e-11)
	survivaltest.Near(t, "log-likelihood", numbers(t, res, "glance", "logLik")[0], -1737.17449040, 1e-11)
}
