package matrix

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
	"hmsp.center/hmsp/format/internal/features"
)

// counted are the columns that are no features of a matrix of counts.
func counted() []format.Column {
	out := []format.Column{{Name: "sample", Kind: format.Text}, {Name: "library_size", Kind: format.Int}, {Name: "observed", Kind: format.Int}}
	for _, n := range []string{"chao1", "ace", "shannon", "simpson", "inverse_simpson", "pielou", "fisher"} {
		out = append(out, format.Column{Name: n, Kind: format.Float})
	}
	return out
}

func measured() []format.Column {
	return []format.Column{{Name: "sample", Kind: format.Text}, {Name: "detected", Kind: format.Float}, {Name: "median", Kind: format.Float}}
}

// qiime is a table as QIIME 1 writes it.
const qiime = "# Constructed from biom file\n#OTU ID\ta\tb\ttaxonomy\n11\t0.0\t5.0\tk__Bacteria; p__Firmicutes; g__X\n12\t3.0\t1.0\tk__Bacteria; p__Firmicutes; g__Y\n"

func write(t testing.TB, name, text string) string {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSuite(t *testing.T) {
	var wide strings.Builder
	wide.WriteString("sample")
	for i := range 120 {
		fmt.Fprintf(&wide, ",g%d", i)
	}
	for s := range 9 {
		fmt.Fprintf(&wide, "\ns%d", s)
		for i := range 120 {
			fmt.Fprintf(&wide, ",%g", float64(s*i)/8-3)
		}
	}
	wide.WriteByte('\n')
	samples := []formattest.Sample{
		{Path: write(t, "otu.tsv", qiime), Columns: counted(), Rows: 2},
		{Path: write(t, "wide.csv", wide.String()), Columns: measured(), Rows: 9},
	}
	formattest.Suite(t, New(), samples, []formattest.Broken{
		{Name: "x.csv", Data: []byte("gene,a,b\nx,1,2\ny,1\n"), Says: "2 values where the header has 3"},
		{Name: "x.csv", Data: []byte("gene,a,b\nx,1,2\n" + strings.Repeat("z,1,2\n", 1) + "z,3,4\n"), Says: "same feature", Canary: "z"},
		{Name: "x.csv", Data: []byte("sample,a,b\nanna,1,2\nanna,3,4\n"), Says: "same sample", Canary: "anna"},
		{Name: "x.csv", Data: []byte("gene,anna,anna\nx,1,2\n"), Says: "samples 1 and 2 have the same name", Canary: "anna"},
		{Name: "x.csv", Data: []byte("sample,g,g\nx,1,2\n"), Says: "columns 2 and 3 have the same name"},
		{Name: "x.csv", Data: []byte("gene,a\nx,1\n\"y,1\n"), Says: "does not end"},
		{Name: "x.csv", Data: []byte("gene,a\nx,banana\n"), Says: "no column below the header holds numbers", Canary: "banana"},
		{Name: "x.csv", Data: []byte("gene,a\n"), Says: "no line below its header"},
		{Name: "x.csv", Data: []byte("\n\n"), Says: "no line with names"},
		{Name: "x.csv", Data: []byte("gene,a,b\nx,1,2\n\xff,1,2\n"), Says: "UTF-8"},
		{Name: "x.csv", Data: []byte("gene,a,b\n,1,2\n"), Says: "no name"},
		{Name: "x.csv", Data: []byte("gene,a,b\nx,1,2\n"), Options: format.Options{Table: "banana"}, Says: "unknown here"},
		{Name: "x.csv", Data: []byte("gene,a,b\nx,1,-2\n"), Options: format.Options{Table: "counts"}, Says: "negative"},
		{Name: "x.csv.gz", Data: []byte("\x1f\x8b\x08\x00broken"), Says: "gzip"},
	})
}

func TestSuiteOfRealFiles(t *testing.T) {
	formattest.Suite(t, New(), []formattest.Sample{
		{Path: shared(t, "microbiome/esophagus_otu.csv.gz"), Columns: counted(), Rows: 3},
		{Path: shared(t, "expression/tcga_breast_mirna_test.csv.gz"), Columns: measured(), Rows: 70},
	}, nil)
}

// The values behind the head are held against what the head says.
func TestLateSurprises(t *testing.T) {
	var b strings.Builder
	b.WriteString("gene,a,b\n")
	for i := range 40000 {
		fmt.Fprintf(&b, "g%d,1,2\n", i)
	}
	head := b.String()
	for line, says := range map[string]string{"x,1,banana\n": "column 3 is no number", "x,1,0.5\n": "no whole number", "x,1\n": "2 values", "x,1,-2\n": "negative"} {
		path := write(t, "x.csv", head+line)
		_, err := formattest.ReadAll(t.Context(), New(), path, format.Options{})
		var fe *format.Error
		if !errors.As(err, &fe) || fe.Line != 40002 || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "banana") {
			t.Errorf("%q: %v", line, err)
		}
	}
}

func TestWhatIsUnderstood(t *testing.T) {
	for name, c := range map[string]struct {
		text, table string
		rows        layout
		values      features.Values
		says        string
	}{
		"qiime":         {qiime, "", featureRows, features.Counts, "by the header"},
		"genes":         {"gene,a,b\nTP53,1.5,2\n", "", featureRows, features.Signal, "by the header"},
		"samples":       {"sample,TP53,KRAS\na,1.5,2\n", "", sampleRows, features.Signal, "by the header"},
		"row names":     {"\"a\"\t\"b\"\n\"ENSG00000000001\"\t1\t2\n", "", featureRows, features.Counts, "by the identifiers"},
		"columns":       {",cg00000001,cg00000002\na,0.5,0.25\n", "", sampleRows, features.Betas, "by the identifiers"},
		"M-values":      {"id_ref;a;b\ncg00000001;-1.5;2\n", "", featureRows, features.MValues, "by the header"},
		"a guess":       {"x,y,z\na,1,2\n", "", featureRows, features.Counts, "is a guess"},
		"told":          {"x,y,z\na,1,2\n", "samples-in-rows signal", sampleRows, features.Signal, "as table: says"},
		"shares":        {"taxon,a,b\nX,0.5,0.25\nY,0.5,0.75\n", "", featureRows, features.Relative, "by the header"},
		"featureCounts": {"# Program:featureCounts\nGeneid\tChr\tStart\tEnd\tStrand\tLength\ta.bam\tb.bam\nENSG00000000001\tchr1;chr1\t1;5\t3;9\t+;+\t8\t10\t20\n", "", featureRows, features.Counts, "5 columns beside the first"},
		"missing":       {"gene,a,b\nX,NA,0.25\nY,,-3\n", "", featureRows, features.Signal, "by the header"},
	} {
		path := write(t, "x.csv", c.text)
		m, err := Source{}.Open(t.Context(), path, format.Options{Table: c.table})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := m.(*matrix)
		if got.rows != c.rows || got.info.Values != c.values || !strings.Contains(strings.Join(got.info.Notes, "; "), c.says) {
			t.Errorf("%s: %s of %s, %q", name, got.rows, got.info.Values, got.info.Notes)
		}
		m.Close()
		if _, err := formattest.ReadAll(t.Context(), New(), path, format.Options{Table: c.table}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	b, err := formattest.ReadAll(t.Context(), New(), write(t, "comma.csv", "gene;a;b\nX;1,5;NA\n"), format.Options{Decimal: ",", Columns: []string{"X"}})
	if err != nil || b.Columns[0].Float[0] != 1.5 || !b.Columns[0].Missing(1) {
		t.Errorf("decimal comma: %v %v", b.Columns, err)
	}
}

func TestQIIMEClassic(t *testing.T) {
	got := read(t, write(t, "otu.tsv", qiime), []string{"p__Firmicutes", "greengenes:12", "g__X"})
	if !slices.Equal(got.samples, []string{"a", "b"}) || !slices.Equal(got.x[0], []float64{3, 3, 0}) || !slices.Equal(got.x[1], []float64{6, 1, 5}) {
		t.Errorf("%+v", got)
	}
}

// Damaged copies of the real files give an error or the same rows, never a panic.
func TestDamaged(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{"microbiome/esophagus_otu.csv.gz", "microbiome/peerj32_otu.csv.gz", "expression/tcga_breast_mirna_test.csv.gz"} {
		data, err := os.ReadFile(shared(t, name))
		if err != nil {
			t.Fatal(err)
		}
		good, err := formattest.ReadAll(t.Context(), New(), write(t, filepath.Base(name), string(data)), format.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 30 {
			bad := bytes.Clone(data)
			if bad[10+rng.IntN(len(bad)-10)] ^= byte(1 + rng.IntN(255)); i%3 == 0 {
				bad = data[:1+rng.IntN(len(data)-1)]
			}
			got, err := formattest.ReadAll(t.Context(), New(), write(t, filepath.Base(name), string(bad)), format.Options{})
			if err == nil && (got.Rows != good.Rows || !slices.Equal(got.Columns[1].Float, good.Columns[1].Float) || !slices.Equal(got.Columns[1].Int, good.Columns[1].Int)) {
				t.Errorf("%s: a damaged copy is read and differs", name)
			}
		}
	}
}

func FuzzMatrix(f *testing.F) {
	for _, seed := range []string{qiime, "gene,a,b\nx,1,2\n", "sample;g;h\na;1,5;2\n", "\"a\"\t\"b\"\n\"x\"\t1\t2\n", "id_ref,a\ncg00000001,0.5\n", "#c\n\"\"\"\",a\nx,NA\n"} {
		f.Add([]byte(seed), "")
		f.Add([]byte(seed), "samples-in-rows relative")
	}
	f.Fuzz(func(t *testing.T, data []byte, table string) {
		path := filepath.Join(t.TempDir(), "x.csv")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_ = Source{}.Sniff(data, path)
		_, err := formattest.ReadAll(t.Context(), New(), path, format.Options{Table: table})
		var fe *format.Error
		if err != nil && (!errors.As(err, &fe) || fe.File != path) {
			t.Fatalf("%v is no *format.Error of the file", err)
		}
	})
}

func packed(t testing.TB, text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
