package features

import (
	"context"
	"errors"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/composition"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
)

// given is a matrix in memory, samples by features, that is read either way.
type given struct {
	values   Values
	features []Feature
	samples  []string
	cells    [][]float64 // by sample
	rows     bool        // features are rows
	opened   int
}

func (g *given) Name() string               { return "given" }
func (g *given) Sniff([]byte, string) int   { return 0 }
func (g *given) Companions(string) []string { return []string{"beside"} }
func (g *given) Open(context.Context, string, format.Options) (Matrix, error) {
	g.opened++
	return &giver{given: g}, nil
}

type giver struct {
	*given
	next int
}

func (g *giver) Info() Info {
	if g.rows {
		return Info{Values: g.values, Samples: g.samples, Rows: len(g.features)}
	}
	return Info{Values: g.values, Features: g.features, Rows: len(g.samples), Attributes: []string{"site"}}
}

func (g *giver) Next(r *Row) error {
	n := len(g.samples)
	if g.rows {
		n = len(g.features)
	}
	if g.next == n {
		return io.EOF
	}
	r.Places = nil
	if g.rows {
		r.Feature, r.Values = g.features[g.next], r.Values[:0]
		for _, s := range g.cells {
			r.Values = append(r.Values, s[g.next])
		}
	} else {
		r.Sample, r.Attributes, r.Values, r.Places = g.samples[g.next], []string{"gut"}, nil, []int32{}
		for i, x := range g.cells[g.next] {
			if x != 0 {
				r.Values, r.Places = append(r.Values, x), append(r.Places, int32(i))
			}
		}
	}
	g.next++
	return nil
}

func (g *giver) Close() error { return nil }

func gut() *given {
	return &given{values: Counts, samples: []string{"s1", "s2", "s3"}, features: []Feature{
		{ID: "otu1", Names: []string{"first"}, Codes: []string{"ncbitaxon:816"}, Lineage: Lineage("k__Bacteria; p__Bacteroidetes; c__Bacteroidia; o__Bacteroidales; f__Bacteroidaceae; g__Bacteroides; s__")},
		{ID: "otu2", Lineage: Lineage("Bacteria;Bacteroidetes;Bacteroidia;Bacteroidales;Bacteroidaceae;Bacteroides;fragilis")},
		{ID: "otu3", Lineage: Lineage("d__Bacteria|p__Actinobacteria|c__Actinobacteria|o__X")},
		{ID: "otu4", Lineage: Lineage("D_0__Bacteria;D_1__Actinobacteria;D_2__Other")},
	}, cells: [][]float64{{3, 4, 0, 1}, {0, 0, 5, 2}, {100, 1, 1, 0}}}
}

// readColumn reads one column as numbers, NaN where missing.
func readColumn(t testing.TB, g *given, name string, o format.Options) []float64 {
	t.Helper()
	o.Columns = []string{format.SampleColumn, name}
	b, err := formattest.ReadAll(t.Context(), Format{g}, "file", o)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if !slices.Equal(b.Columns[0].Text, g.samples) {
		t.Fatalf("samples %v", b.Columns[0].Text)
	}
	out := make([]float64, b.Rows)
	for i := range out {
		switch v := b.Columns[1]; {
		case v.Missing(i):
			out[i] = math.NaN()
		case v.Int != nil:
			out[i] = float64(v.Int[i])
		default:
			out[i] = v.Float[i]
		}
	}
	return out
}

func same(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool {
		return math.Abs(x-y) <= 1e-12*(1+math.Abs(y)) || math.IsNaN(x) && math.IsNaN(y)
	})
}

func TestNames(t *testing.T) {
	added := func(s int) []float64 { return composition.Added(gut().cells[s], 0.5) }
	want := map[string][]float64{
		"otu1": {3, 0, 100}, "first": {3, 0, 100}, "ncbitaxon:816": {3, 0, 100}, "greengenes:otu2": {4, 0, 1},
		"g__Bacteroides": {7, 0, 101}, "Bacteroides": {7, 0, 101}, "D_5__Bacteroides": {7, 0, 101}, "s__fragilis": {4, 0, 1},
		"k__Bacteria;p__Bacteroidetes": {7, 0, 101}, "Bacteria; Bacteroidetes": {7, 0, 101}, "d__Bacteria|p__Actinobacteria": {1, 7, 1}, "k__Bacteria": {8, 7, 102},
		"p__Actinobacteria": {1, 7, 1}, "c__Actinobacteria": {0, 5, 1},
		"count(otu1)": {3, 0, 100}, "relative(g__Bacteroides)": {7. / 8, 0, 101. / 102}, "log2(otu1)": {2, 0, math.Log2(101)},
		"clr(otu3)":                   {composition.CLR(added(0))[2], composition.CLR(added(1))[2], composition.CLR(added(2))[2]},
		"ilr(1)":                      {composition.ILR(added(0))[0], composition.ILR(added(1))[0], composition.ILR(added(2))[0]},
		"ilr(3)":                      {composition.ILR(added(0))[2], composition.ILR(added(1))[2], composition.ILR(added(2))[2]},
		"balance(otu1 + otu2 / otu3)": {composition.Balance([]float64{3.5, 4.5}, []float64{.5}), composition.Balance([]float64{.5, .5}, []float64{5.5}), composition.Balance([]float64{100.5, 1.5}, []float64{1.5})},
		"logcpm(otu1)":                {math.Log2(3.5 / 9 * 1e6), math.Log2(.5 / 8 * 1e6), math.Log2(100.5 / 103 * 1e6)},
		"rarefied(observed,4)":        {composition.RarefiedRichness([]float64{3, 4, 1}, 4), composition.RarefiedRichness([]float64{5, 2}, 4), composition.RarefiedRichness([]float64{100, 1, 1}, 4)},
		"rarefied(observed,9)":        {math.NaN(), math.NaN(), composition.RarefiedRichness([]float64{100, 1, 1}, 9)},
		"hmsp:shannon":                {composition.Shannon([]float64{3, 4, 1}), composition.Shannon([]float64{5, 2}), composition.Shannon([]float64{100, 1, 1})},
		"library_size":                {8, 7, 102}, "observed": {3, 2, 3}, "chao1": {3, 2, 4},
	}
	for _, rows := range []bool{true, false} {
		g := gut()
		g.rows = rows
		for name, x := range want {
			if got := readColumn(t, g, name, format.Options{}); !same(got, x) {
				t.Errorf("features in rows %v: %s %v, want %v", rows, name, got, x)
			}
			found, err := Format{g}.Find(t.Context(), "file", format.Options{}, [][]string{{"nothing", name}})
			if err != nil || found.Columns[0].Name != name || len(found.Problems) > 0 {
				t.Errorf("find %s: %v %v", name, found, err)
			}
		}
	}
}

func TestFindSaysWhatIsNotThere(t *testing.T) {
	for _, rows := range []bool{true, false} {
		g := gut()
		g.rows = rows
		found, err := Format{g}.Find(t.Context(), "file", format.Options{}, [][]string{{"g__Bacteroide"}, {"Actinobacteria"}, {"beta(otu1)"}, {"ilr(4)"}, {"loinc:1-1"}, {}, {"relative(otu9)"}, {"beta(otu1)", "otu1"}})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"", "", "", "", "", "", "", "otu1"} {
			if found.Columns[i].Name != want {
				t.Errorf("%d: %v", i, found.Columns[i])
			}
		}
		if len(found.Problems) != 2 || !strings.Contains(found.Problems[1].Text, "two taxa") || !strings.Contains(found.Problems[2].Text, "beta is not defined for counts") {
			t.Errorf("problems %v", found.Problems)
		}
		if !reflect.DeepEqual(found.Notes[:1], []string{`there is no feature "g__Bacteroide"; did you mean "g__Bacteroides"?`}) {
			t.Errorf("notes %v", found.Notes)
		}
		for name, says := range map[string]string{"Actinobacteria": "two taxa", "beta(otu1)": "is not defined", "ilr(4)": "3 coordinates", "otu9": `did you mean "otu1"`, "clr(otu9)": `did you mean "otu1"`, "shanon": `did you mean "shannon"`} {
			_, err := Format{g}.Open(t.Context(), "file", format.Options{Columns: []string{name}})
			var fe *format.Error
			if !errors.As(err, &fe) || fe.Column != name || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Which way the file lies changes nothing, nor how many passes memory allows.
func TestEitherWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, d := rapid.IntRange(1, 6).Draw(t, "samples"), rapid.IntRange(2, 8).Draw(t, "features")
		g := &given{values: rapid.SampledFrom([]Values{Counts, Relative, Signal}).Draw(t, "values")}
		for i := range d {
			g.features = append(g.features, Feature{ID: "f" + string(rune('a'+i)), Within: i > 2 && rapid.Bool().Draw(t, "within")})
		}
		cell := rapid.Custom(func(t *rapid.T) float64 {
			switch g.values {
			case Counts:
				return float64(rapid.IntRange(0, 20).Draw(t, "count"))
			case Relative:
				return float64(rapid.IntRange(0, 20).Draw(t, "share")) / 100
			}
			return rapid.SampledFrom([]float64{-2, -1, 0, 0.5, 3, math.NaN()}).Draw(t, "signal")
		})
		for i := range n {
			g.samples = append(g.samples, "s"+string(rune('a'+i)))
			g.cells = append(g.cells, rapid.SliceOfN(cell, d, d).Draw(t, "row"))
		}
		names := append(computed(g.values), "fa", "log2(fb)", format.SampleColumn)
		if g.values.additive() {
			names = append(names, "relative(fa)", "clr(fb)", "ilr(1)", "balance(fa / fb)")
		}
		o := format.Options{Columns: names}
		byFeature, bySample := *g, *g
		byFeature.rows = true
		a, err := formattest.ReadAll(context.Background(), Format{&byFeature}, "file", o)
		if err != nil {
			t.Fatal(err)
		}
		b, err := formattest.ReadAll(context.Background(), Format{&bySample}, "file", o)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("features in rows:\n%v\nsamples in rows:\n%v", a, b)
		}
		byFeature.opened, o.MaxBytes = 0, 4
		c, err := formattest.ReadAll(context.Background(), Format{&byFeature}, "file", o)
		if err != nil || !reflect.DeepEqual(a, c) {
			t.Fatalf("in little memory:\n%v\nwant\n%v, %v", c, a, err)
		}
		if n > 4 && d > 4 && g.values == Signal && byFeature.opened < 2 {
			t.Logf("one pass") // all may be missing
		}
	})
}

func TestPassesAreBounded(t *testing.T) {
	g := &given{values: Signal, rows: true}
	for i := range 8 {
		g.samples = append(g.samples, string(rune('a'+i)))
		g.cells = append(g.cells, []float64{1, 2, float64(i), 4})
	}
	for _, id := range []string{"w", "x", "y", "z"} {
		g.features = append(g.features, Feature{ID: id})
	}
	got := readColumn(t, g, "median", format.Options{MaxBytes: 16}) // two samples fit
	if !same(got, []float64{1.5, 1.5, 2, 2.5, 3, 3, 3, 3}) || g.opened != 4 {
		t.Errorf("median %v in %d passes", got, g.opened)
	}
}

func TestRefusals(t *testing.T) {
	for says, spoil := range map[string]func(*given){
		"negative among counts":    func(g *given) { g.cells[1][1] = -1 },
		"no whole number":          func(g *given) { g.cells[1][1] = 0.5 },
		"infinite":                 func(g *given) { g.cells[1][1] = math.Inf(1) },
		"not between 0 and 1":      func(g *given) { g.values = Betas },
		"the same name":            func(g *given) { g.samples[1] = g.samples[0] },
		"no name":                  func(g *given) { g.samples[1] = "" },
		"name of the same feature": func(g *given) { g.rows, g.features[1].ID = true, "otu1" },
		"no name of its feature":   func(g *given) { g.rows, g.features[1].ID = true, "" },
		"do not add up":            func(g *given) { g.values = Signal },
	} {
		for _, rows := range []bool{true, false} {
			g := gut()
			g.rows = rows
			spoil(g)
			name := format.SampleColumn
			if says == "do not add up" {
				name = "g__Bacteroides"
			}
			_, err := Format{g}.Open(t.Context(), "file", format.Options{Columns: []string{name, "relative(otu2)"}[:1]})
			var fe *format.Error
			alike := says == "the same name" && !rows // there rows of samples say it
			if !errors.As(err, &fe) || fe.Mend == "" || !strings.Contains(err.Error(), says) && !(alike && strings.Contains(err.Error(), "same sample")) {
				t.Errorf("%s, features in rows %v: %v", says, g.rows, err)
			}
			if err != nil && strings.Contains(err.Error(), "s1") {
				t.Errorf("the error names a sample: %v", err)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Format{gut()}).Open(ctx, "file", format.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context ended: %v", err)
	}
}

func TestMethylation(t *testing.T) {
	g := &given{values: MValues, samples: []string{"s"}, features: []Feature{{ID: "cg00000001"}, {ID: "cg00000002.1", Names: []string{"cg"}}}, cells: [][]float64{{2, math.NaN()}}}
	for name, want := range map[string]float64{"beta(cg00000001)": 0.8, "cpg:cg00000001": 2, "mvalue(cg00000001)": 2, "detected": 0.5, "mvalue_median": 2, "cg": math.NaN()} {
		if got := readColumn(t, g, name, format.Options{}); !same(got, []float64{want}) {
			t.Errorf("%s: %v", name, got)
		}
	}
	g.values, g.cells = Betas, [][]float64{{0.8, 0}}
	for name, want := range map[string]float64{"mvalue(cg00000001)": 2, "beta(cg00000001)": 0.8, "mvalue(cg)": math.NaN(), "beta_median": 0.4} {
		if got := readColumn(t, g, name, format.Options{}); !same(got, []float64{want}) {
			t.Errorf("%s: %v", name, got)
		}
	}
	e := &given{values: Signal, samples: []string{"s"}, features: []Feature{{ID: "ENSG00000141510.17"}, {ID: "Cer(d18:1/16:0)"}}, cells: [][]float64{{8, -1}}}
	for name, want := range map[string]float64{"ensembl:ENSG00000141510": 8, "ENSG00000141510": 8, "log2(ENSG00000141510.17)": 3, "Cer(d18:1/16:0)": -1, "log2(Cer(d18:1/16:0))": math.NaN(), "median": 3.5} {
		if got := readColumn(t, e, name, format.Options{}); !same(got, []float64{want}) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestDescribe(t *testing.T) {
	for _, rows := range []bool{true, false} {
		g := gut()
		g.rows = rows
		d, err := Format{g}.Describe(t.Context(), "file", format.Options{})
		if err != nil || d.Rows != 3 || !d.Exact || d.Notes[0] != "3 samples, 4 features: counts" || d.Columns[0].Name != format.SampleColumn {
			t.Errorf("%+v, %v", d, err)
		}
	}
	for _, c := range (Format{gut()}).Checks() {
		if c.Low >= c.High || c.Label == "" {
			t.Errorf("check %v", c)
		}
	}
	if got := (Format{gut()}).Companions("x"); !slices.Equal(got, []string{"beside"}) {
		t.Errorf("companions %v", got)
	}
}
