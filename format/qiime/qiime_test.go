package qiime

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
	"hmsp.center/hmsp/format/internal/biomtable"
	"hmsp.center/hmsp/format/internal/features"
)

// shared is a file of the shared data, or the test is skipped.
func shared(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			path := filepath.Join(dir, "..", "shared", "data", "microbiome", "biom", name)
			if _, err := os.Stat(path); err != nil {
				t.Skip("the shared data are not beside the checkout: " + name)
			}
			return path
		}
	}
	t.Skip("the test does not run in a checkout")
	return ""
}

const uuid = "8a6a4f0e-3f4c-4d5b-9a55-0d3c1a2b4c5d/"

// artefact is an archive as QIIME 2 lays it out.
func artefact(kind string, files map[string]string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	add := func(name, text string) {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			panic(err) // memory takes everything
		}
	}
	add(uuid+"VERSION", "QIIME 2\narchive: 5\nframework: 2023.2.0\n")
	if kind != "" {
		add(uuid+"metadata.yaml", "uuid: 8a6a4f0e\ntype: "+kind+"\nformat: BIOMV210DirFmt\n")
	}
	for name, text := range files {
		add(name, text)
	}
	_ = w.Close() // to memory
	return b.Bytes()
}

func table(values ...float64) string {
	t := &biomtable.Table{Features: []features.Feature{{ID: "f1"}, {ID: "f2"}, {ID: "f3"}}, Samples: []string{"anna", "s2"},
		Known: [][]string{nil, nil}, Starts: []int{0, 2, 3}, Places: []int32{0, 2, 1}, Values: values}
	var b bytes.Buffer
	if err := biomtable.WriteJSON(&b, t, "test", "2024-01-31"); err != nil {
		panic(err) // a table of numbers always can
	}
	return b.String()
}

func write(t testing.TB, name string, data []byte) string {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func columns(names ...string) []format.Column {
	out := []format.Column{{Name: "sample", Kind: format.Text}}
	for _, n := range names {
		kind := format.Float
		if n == "library_size" || n == "observed" {
			kind = format.Int
		}
		out = append(out, format.Column{Name: n, Kind: kind})
	}
	return out
}

const inside = uuid + "data/feature-table.biom"

func TestSuite(t *testing.T) {
	formattest.Suite(t, New(), []formattest.Sample{
		{Path: write(t, "table.qza", artefact("FeatureTable[Frequency]", map[string]string{inside: table(5, 1, 7)})), Rows: 2,
			Columns: columns("library_size", "observed", "chao1", "ace", "shannon", "simpson", "inverse_simpson", "pielou", "fisher")},
		{Path: write(t, "shares.qza", artefact("FeatureTable[RelativeFrequency]", map[string]string{inside: table(0.5, 0.5, 1)})), Rows: 2,
			Columns: columns("observed", "shannon", "simpson", "inverse_simpson", "pielou")},
	}, []formattest.Broken{
		{Name: "x.qza", Data: artefact("SampleData[AlphaDiversity]", map[string]string{inside: table(5, 1, 7)}), Says: "no table of features"},
		{Name: "x.qza", Data: artefact("FeatureTable[Frequency]", nil), Says: "lacks data/feature-table.biom"},
		{Name: "x.qza", Data: artefact("", map[string]string{inside: table(5, 1, 7)}), Says: "lacks metadata.yaml"},
		{Name: "x.qza", Data: artefact("FeatureTable[Frequency]", map[string]string{inside: table(5, 1, 7), "other/VERSION": ""}), Says: "more than one artefact"},
		{Name: "x.qza", Data: artefact("FeatureTable[Frequency]", map[string]string{inside: table(5, 1.5, 7)}), Says: "no whole number", Canary: "anna"},
		{Name: "x.qza", Data: artefact("FeatureTable[Frequency]", map[string]string{inside: "rubbish"}), Says: "no JSON", Canary: "rubbish"},
		{Name: "x.qza", Data: []byte("PK\x03\x04 no zip"), Says: "no zip archive"},
		{Name: "x.qza", Data: artefact("FeatureTable[Frequency]", map[string]string{uuid + "metadata.yaml ": "", inside: table(5, 1, 7)})[:300], Says: "no zip archive"},
	})
}

// The HDF5 of the BIOM project is read the same inside of an artefact.
func TestHDF5Inside(t *testing.T) {
	data, err := os.ReadFile(shared(t, "test.biom"))
	if err != nil {
		t.Fatal(err)
	}
	path := write(t, "x.qza", artefact("FeatureTable[Frequency]", map[string]string{inside: string(data)}))
	b, err := formattest.ReadAll(t.Context(), New(), path, format.Options{Columns: []string{"library_size", "GG_OTU_2", "g__Escherichia"}})
	if err != nil || !slices.Equal(b.Columns[0].Int, []int64{7, 3, 4, 6, 3, 4}) || !slices.Equal(b.Columns[1].Float, []float64{5, 1, 0, 2, 3, 1}) || !slices.Equal(b.Columns[2].Float, []float64{0, 1, 2, 0, 0, 0}) {
		t.Errorf("%v %v", b.Columns, err)
	}
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), "hmsp-*.biom"))
	for _, l := range left {
		if info, err := os.Stat(l); err == nil && info.Size() == int64(len(data)) {
			t.Errorf("the unpacked table is left behind: %s", l)
		}
	}
}

func TestTaxonomy(t *testing.T) {
	const tsv = "Feature ID\tTaxon\tConfidence\nf1\td__Bacteria; p__Firmicutes\t0.99\nf2\td__Bacteria; p__Firmicutes\t0.8\nf3\tUnassigned\t0.7\n"
	taxa := artefact("FeatureData[Taxonomy]", map[string]string{uuid + "data/taxonomy.tsv": tsv})
	for name, data := range map[string][]byte{"taxonomy.qza": taxa, "table_taxonomy.qza": taxa, "table-taxonomy.qza": taxa, "taxonomy.tsv": []byte(tsv), "table_taxonomy.tsv": []byte(tsv)} {
		path := write(t, "table.qza", artefact("FeatureTable[Frequency]", map[string]string{inside: table(5, 1, 7)}))
		beside := filepath.Join(filepath.Dir(path), name)
		if err := os.WriteFile(beside, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := New().(format.Companions).Companions(path); !slices.Equal(got, []string{beside}) {
			t.Errorf("%s: companions %v", name, got)
		}
		b, err := formattest.ReadAll(t.Context(), New(), path, format.Options{Columns: []string{"p__Firmicutes", "d__Bacteria;p__Firmicutes"}})
		if err != nil || !slices.Equal(b.Columns[0].Float, []float64{5, 7}) || !slices.Equal(b.Columns[1].Float, []float64{5, 7}) {
			t.Errorf("%s: %v %v", name, b.Columns, err)
		}
	}
	path := write(t, "table.qza", artefact("FeatureTable[Frequency]", map[string]string{inside: table(5, 1, 7)}))
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "taxonomy.qza"), artefact("Phylogeny[Rooted]", nil), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := New().Describe(t.Context(), path, format.Options{})
	if err != nil || !strings.Contains(strings.Join(d.Notes, ";"), "is none, and is not used") {
		t.Errorf("%v %v", d.Notes, err)
	}
}

// A bomb is refused by the size that it says, and ends where its size is a lie.
func TestBomb(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(uuid + "metadata.yaml")
	if err != nil {
		t.Fatal(err)
	}
	block := bytes.Repeat([]byte("# "), 1<<19)
	for range 3 {
		if _, err := f.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = New().Open(t.Context(), write(t, "x.qza", b.Bytes()), format.Options{})
	if err == nil || !strings.Contains(err.Error(), "unfolds to more") {
		t.Errorf("%v", err)
	}
}

func FuzzArtefact(f *testing.F) {
	f.Add(artefact("FeatureTable[Frequency]", map[string]string{inside: table(5, 1, 7)}))
	f.Add(artefact("FeatureData[Taxonomy]", nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "x.qza")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := formattest.ReadAll(t.Context(), New(), path, format.Options{})
		var fe *format.Error
		if err != nil && (!errors.As(err, &fe) || fe.File != path) {
			t.Fatalf("%v is no *format.Error of the file", err)
		}
	})
}
