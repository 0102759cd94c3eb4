package matrix

import (
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"hmsp.center/hmsp/composition"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
)

// Reference values were computed with R 4 and vegan; they are met to a relative 1e-9.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*(1e-3+math.Abs(b)) }

// people reads a column of a table of samples, by sample.
func people(t *testing.T, name, column string) map[string]string {
	t.Helper()
	rows := records(t, shared(t, name))
	k := slices.Index(rows[0], column)
	out := map[string]string{}
	for _, r := range rows[1:] {
		out[r[0]] = r[k]
	}
	return out
}

func TestGlobalPatterns(t *testing.T) {
	var want struct {
		Samples                 []string
		Depth, Shannon, Simpson []float64
		Observed                []int64
		BrayCurtis              [][]float64 `json:"bray_curtis"`
	}
	reference(t, "microbiome/globalpatterns.json", &want)
	path := shared(t, "microbiome/globalpatterns_otu.csv.gz")
	b, err := formattest.ReadAll(t.Context(), New(), path, format.Options{Columns: []string{"sample", "library_size", "shannon", "simpson", "observed"}})
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range want.Samples {
		if b.Columns[0].Text[i] != s || float64(b.Columns[1].Int[i]) != want.Depth[i] || !near(b.Columns[2].Float[i], want.Shannon[i]) || !near(b.Columns[3].Float[i], want.Simpson[i]) || b.Columns[4].Int[i] != want.Observed[i] {
			t.Errorf("sample %d differs", i)
		}
	}
	x := shares(entire(t, path, featureRows, 0).x)
	for i, row := range distances(x, brayCurtis) {
		for j, d := range row {
			if !near(d, want.BrayCurtis[i][j]) {
				t.Fatalf("Bray-Curtis of %d and %d: %v", i, j, d)
			}
		}
	}
}

func shares(x [][]float64) [][]float64 {
	out := make([][]float64, len(x))
	for i := range x {
		out[i] = composition.Closed(x[i])
	}
	return out
}

func brayCurtis(x, y []float64) float64 {
	up, down := 0.0, 0.0
	for i := range x {
		up += math.Abs(x[i] - y[i])
		down += x[i] + y[i]
	}
	return up / down
}

func euclid(x, y []float64) float64 {
	sum := 0.0
	for i := range x {
		sum += (x[i] - y[i]) * (x[i] - y[i])
	}
	return math.Sqrt(sum)
}

// distances are those of all pairs of rows.
func distances(x [][]float64, distance func(x, y []float64) float64) [][]float64 {
	out := make([][]float64, len(x))
	for i := range x {
		out[i] = make([]float64, len(x))
		for j := range i {
			out[i][j] = distance(x[i], x[j])
			out[j][i] = out[i][j]
		}
	}
	return out
}

// nearest is the nearest other row among those that may be, the first of equals.
func nearest(d [][]float64, i int, may func(j int) bool) int {
	best, at := math.Inf(1), -1
	for j := range d {
		if j != i && may(j) && d[i][j] < best {
			best, at = d[i][j], j
		}
	}
	return at
}

func TestReidentification(t *testing.T) {
	type attack struct {
		Hits int `json:"nearest_neighbour_same_subject"`
	}
	for _, name := range []string{"dietswap", "peerj32"} {
		var want struct {
			Bray    attack `json:"reidentification_bray"`
			CLR     attack `json:"reidentification_clr"`
			Shannon map[string]float64
		}
		reference(t, "microbiome/"+name+".json", &want)
		path := shared(t, "microbiome/"+name+"_otu.csv.gz")
		got := entire(t, path, featureRows, 0)
		subject := people(t, "microbiome/"+name+"_samples.csv", "subject")
		x := shares(got.x)
		clr := make([][]float64, len(x))
		for i := range x {
			clr[i] = composition.CLR(composition.Added(x[i], 1e-6))
		}
		byBray, byRatio := distances(x, brayCurtis), distances(clr, euclid)
		bray, ratios := 0, 0
		for i := range x {
			all := func(int) bool { return true }
			if subject[got.samples[i]] == subject[got.samples[nearest(byBray, i, all)]] {
				bray++
			}
			if subject[got.samples[i]] == subject[got.samples[nearest(byRatio, i, all)]] {
				ratios++
			}
		}
		if bray != want.Bray.Hits || ratios != want.CLR.Hits {
			t.Errorf("%s: %d and %d found again, want %d and %d", name, bray, ratios, want.Bray.Hits, want.CLR.Hits)
		}
		shannon := read(t, path, []string{"shannon"})
		for i, s := range shannon.samples {
			if v, ok := want.Shannon[s]; ok && !near(shannon.x[i][0], v) {
				t.Errorf("%s: Shannon of sample %d: %v, want %v", name, i, shannon.x[i][0], v)
			}
		}
	}
}

func TestHMP(t *testing.T) {
	var want struct {
		Site  float64 `json:"nearest_neighbour_same_bodysite"`
		Other float64 `json:"nearest_other_bodysite_same_subject"`
	}
	reference(t, "microbiome/hmp.json", &want)
	path := shared(t, "microbiome/hmp_most_diverse_162x1674.csv.gz")
	x := shares(entire(t, path, sampleRows, 2).x)
	b, err := formattest.ReadAll(t.Context(), New(), path, format.Options{Columns: []string{"bodysite", "subject"}})
	if err != nil {
		t.Fatal(err)
	}
	site, subject := b.Columns[0].Text, b.Columns[1].Text
	d := distances(x, brayCurtis)
	sites, subjects := 0.0, 0.0
	for i := range x {
		if site[nearest(d, i, func(int) bool { return true })] == site[i] {
			sites++
		}
		if subject[nearest(d, i, func(j int) bool { return site[j] != site[i] })] == subject[i] {
			subjects++
		}
	}
	if n := float64(len(x)); !near(sites/n, want.Site) || !near(subjects/n, want.Other) {
		t.Errorf("%v and %v, want %v and %v", sites/n, subjects/n, want.Site, want.Other)
	}
}

// components are the variances of the principal components, from the Gram matrix.
func components(x [][]float64, scale bool) []float64 {
	n, d := len(x), len(x[0])
	c := mat.NewDense(n, d, nil)
	column := make([]float64, n)
	for k := range d {
		for i := range n {
			column[i] = x[i][k]
		}
		mean, sd := stat.MeanStdDev(column, nil)
		if !scale {
			sd = 1
		}
		for i := range n {
			c.Set(i, k, (column[i]-mean)/sd)
		}
	}
	var gram mat.SymDense
	gram.SymOuterK(1/float64(n-1), c)
	var e mat.EigenSym
	e.Factorize(&gram, false)
	out := e.Values(nil)
	sort.Sort(sort.Reverse(sort.Float64Slice(out)))
	return out
}

type pca struct{ Eigenvalues []float64 }

func (p pca) check(t *testing.T, x [][]float64, scale bool) {
	t.Helper()
	got := components(x, scale)
	for i, want := range p.Eigenvalues {
		if !near(got[i], want) {
			t.Errorf("eigenvalue %d: %v, want %v", i+1, got[i], want)
		}
	}
}

func TestAll(t *testing.T) {
	var want struct{ PCA pca }
	reference(t, "expression/all.json", &want)
	want.PCA.check(t, entire(t, shared(t, "expression/all_top4000.csv.gz"), featureRows, 0).x, false)
}

func TestGolub(t *testing.T) {
	var want struct {
		PCA pca `json:"pca_samples"`
		Top []struct {
			Gene string
			T, P float64
		} `json:"welch_top50"`
		Bonferroni int `json:"bonferroni_significant"`
		BH         int `json:"bh_significant"`
	}
	reference(t, "expression/golub.json", &want)
	got := entire(t, shared(t, "expression/golub_38x3051.csv.gz"), featureRows, 1)
	want.PCA.check(t, got.x, false)
	p := make([]float64, len(got.features))
	bonferroni := 0
	for k, gene := range got.features {
		var all, aml []float64
		for i, s := range got.samples {
			if strings.HasPrefix(s, "AML") {
				aml = append(aml, got.x[i][k])
			} else {
				all = append(all, got.x[i][k])
			}
		}
		var tt float64
		tt, p[k] = welch(aml, all)
		if p[k]*float64(len(p)) < 0.05 {
			bonferroni++
		}
		for _, w := range want.Top {
			if w.Gene == gene && (!near(tt, w.T) || math.Abs(p[k]/w.P-1) > 1e-7) {
				t.Errorf("%s: t %v p %v, want %v %v", gene, tt, p[k], w.T, w.P)
			}
		}
	}
	if bonferroni != want.Bonferroni || benjaminiHochberg(p) != want.BH || want.BH != 695 {
		t.Errorf("%d and %d hits, want %d and %d", bonferroni, benjaminiHochberg(p), want.Bonferroni, want.BH)
	}
}

func welch(x, y []float64) (t, p float64) {
	mx, vx := stat.MeanVariance(x, nil)
	my, vy := stat.MeanVariance(y, nil)
	a, b := vx/float64(len(x)), vy/float64(len(y))
	df := (a + b) * (a + b) / (a*a/float64(len(x)-1) + b*b/float64(len(y)-1))
	t = (mx - my) / math.Sqrt(a+b)
	return t, 2 * distuv.StudentsT{Sigma: 1, Nu: df}.CDF(-math.Abs(t))
}

// benjaminiHochberg counts the hits at a false discovery rate below 0.05.
func benjaminiHochberg(p []float64) int {
	p = slices.Clone(p)
	slices.Sort(p)
	hits := 0
	for i, v := range p {
		if v*float64(len(p))/float64(i+1) < 0.05 {
			hits = i + 1
		}
	}
	return hits
}

func TestMicroRNA(t *testing.T) {
	var want struct {
		PCA pca
		Top []struct {
			Mirna string
			F, P  float64
		} `json:"anova_top30"`
	}
	reference(t, "expression/tcga_breast_mirna.json", &want)
	got := entire(t, shared(t, "expression/tcga_breast_mirna_train.csv.gz"), sampleRows, 0)
	want.PCA.check(t, got.x, true)
	subtype := people(t, "expression/tcga_breast_subtype_train.csv", "subtype")
	for _, w := range want.Top {
		k := slices.Index(got.features, w.Mirna)
		groups := map[string][]float64{}
		var all []float64
		for i, s := range got.samples {
			groups[subtype[s]] = append(groups[subtype[s]], got.x[i][k])
			all = append(all, got.x[i][k])
		}
		between, within, mean := 0.0, 0.0, stat.Mean(all, nil)
		for _, g := range groups {
			m, v := stat.MeanVariance(g, nil)
			between += float64(len(g)) * (m - mean) * (m - mean)
			within += v * float64(len(g)-1)
		}
		f := distuv.F{D1: float64(len(groups) - 1), D2: float64(len(all) - len(groups))}
		if got := between / f.D1 / (within / f.D2); !near(got, w.F) {
			t.Errorf("%s: F %v, want %v", w.Mirna, got, w.F)
		}
	}
}

func TestMethylationAge(t *testing.T) {
	var want struct {
		Top []struct {
			Probe           string
			Slope, SE, T, P float64
		} `json:"top50"`
		BH int `json:"bh_significant"`
	}
	reference(t, "expression/methylation_age.json", &want)
	got := entire(t, shared(t, "expression/methylation_37x5000_mvalues.csv.gz"), featureRows, 0)
	ages := people(t, "expression/methylation_samples.csv", "Age")
	age := make([]float64, len(got.samples))
	for i, s := range got.samples {
		age[i], _ = strconv.ParseFloat(ages[s], 64)
	}
	p, y := make([]float64, len(got.features)), make([]float64, len(age))
	n := float64(len(age))
	for k, probe := range got.features {
		for i := range y {
			y[i] = got.x[i][k]
		}
		a, slope := stat.LinearRegression(age, y, nil, false)
		rest := 0.0
		for i := range y {
			rest += (y[i] - a - slope*age[i]) * (y[i] - a - slope*age[i])
		}
		se := math.Sqrt(rest / (n - 2) / (stat.Variance(age, nil) * (n - 1)))
		p[k] = 2 * distuv.StudentsT{Sigma: 1, Nu: n - 2}.CDF(-math.Abs(slope/se))
		for _, w := range want.Top {
			if w.Probe == probe && (!near(slope, w.Slope) || !near(se, w.SE) || math.Abs(p[k]/w.P-1) > 1e-6) {
				t.Errorf("%s: %v %v %v, want %+v", probe, slope, se, p[k], w)
			}
		}
	}
	if hits := benjaminiHochberg(p); hits != want.BH || hits != 53 {
		t.Errorf("%d hits, want %d", hits, want.BH)
	}
}
