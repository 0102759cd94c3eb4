package goldentest

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/table"
)

// A Reference is a model that R fitted to the shared clinical data.
type Reference struct {
	File    string   // in reference/clinical
	Key     []string // where the fit stands in the file
	Formula string   // as this project writes it
	Data    []string // files in clinical, one per site; a single file is dealt over three sites
	SiteVar string   // name of a category that tells the files apart; "" for none
	Schema  table.Schema
}

// reference fit, as reference/reflib.R writes it.
type refFit struct {
	N                         float64
	Coef, SE                  map[string]float64
	Sigma, RSS, Deviance, AIC *float64
	RSquared                  *float64 `json:"r_squared"`
	AdjRSquared               *float64 `json:"adj_r_squared"`
	FStatistic                *float64 `json:"f_statistic"`
	NullDeviance              *float64 `json:"null_deviance"`
	DFResidual                *float64 `json:"df_residual"`
	LogLik                    *float64 `json:"loglik"`
}

// RunReferences compares with the references, each over its sites and pooled
// with the same integers bit for bit; it skips where the shared data are absent.
func RunReferences(t *testing.T, a analysis.Analysis, refs []Reference, tol float64) {
	for _, r := range refs {
		name := r.File
		for _, k := range r.Key {
			name += "/" + k
		}
		t.Run(name, func(t *testing.T) {
			want := r.read(t)
			sites, schema := r.Sites(t)
			res := analysistest.SameWords(t, a, analysis.Params{"formula": r.Formula}, schema, analysistest.Append(t, sites...), sites...)
			want.compare(t, res, tol)
		})
	}
}

func (r Reference) read(t testing.TB) refFit {
	t.Helper()
	b, err := os.ReadFile(analysistest.Shared(t, "reference", "clinical", r.File))
	if err != nil {
		t.Fatal(err)
	}
	raw := json.RawMessage(b)
	for _, k := range r.Key {
		var m map[string]json.RawMessage
		if err := json.Unmarshal(raw, &m); err != nil || m[k] == nil {
			t.Fatalf("%s has no %v: %v", r.File, r.Key, err)
		}
		raw = m[k]
	}
	var fit refFit
	if err := json.Unmarshal(raw, &fit); err != nil {
		t.Fatal(err)
	}
	return fit
}

// Sites reads the reference's data, one table per site.
func (r Reference) Sites(t testing.TB) ([]table.Table, table.Schema) {
	t.Helper()
	var out []table.Table
	schema := r.Schema
	if r.SiteVar != "" {
		v := table.Variable{Name: r.SiteVar, Kind: table.Category}
		for _, path := range r.Data {
			v.Levels = append(v.Levels, table.Level{Code: siteName(path)})
		}
		schema = append(slices.Clone(r.Schema), v)
	}
	for i, path := range r.Data {
		x := analysistest.CSV(t, analysistest.Shared(t, "clinical", path), r.Schema)
		if r.SiteVar != "" {
			columns := append(slices.Clone(x.Columns), table.Column{Codes: slices.Repeat([]int32{int32(i)}, x.Rows())})
			var err error
			if x, err = table.New(schema, columns, nil); err != nil {
				t.Fatal(err)
			}
		}
		out = append(out, x)
	}
	if len(out) == 1 {
		out = analysistest.Deal(out[0], 3)
	}
	return out, schema
}

func siteName(path string) string {
	name := filepath.Base(path)
	return name[:len(name)-len(filepath.Ext(name))]
}

func (want refFit) compare(t testing.TB, res *analysis.Result, tol float64) {
	t.Helper()
	if len(want.Coef) == 0 {
		t.Fatal("the reference has no coefficients")
	}
	g := Fit{Glance: map[string]*float64{"nobs": &want.N}}
	for glance, x := range map[string]*float64{
		"sigma": want.Sigma, "deviance": want.Deviance, "AIC": want.AIC, "r.squared": want.RSquared, "adj.r.squared": want.AdjRSquared,
		"statistic": want.FStatistic, "null.deviance": want.NullDeviance, "df.residual": want.DFResidual, "logLik": want.LogLik,
	} {
		if x != nil {
			g.Glance[glance] = x
		}
	}
	if want.RSS != nil {
		g.Glance["deviance"] = want.RSS
	}
	g.compareGlance(t, res, tol)
	terms, err := res.Table("terms")
	if err != nil {
		t.Fatal(err)
	}
	names := column(t, terms, "term").Text
	if len(names) != len(want.Coef) {
		t.Fatalf("terms %q, R has %q", names, slices.Sorted(maps.Keys(want.Coef)))
	}
	for i, name := range names {
		b, ok := want.Coef[name]
		if !ok {
			t.Fatalf("terms %q, R has %q", names, slices.Sorted(maps.Keys(want.Coef)))
		}
		se := want.SE[name]
		near(t, name+" estimate", column(t, terms, "estimate").Numbers[i], b, tol*max(b, -b, se))
		near(t, name+" std.error", column(t, terms, "std.error").Numbers[i], se, tol*se)
	}
}
