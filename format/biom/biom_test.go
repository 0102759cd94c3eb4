package biom

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

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

const hdf5Name = "1000x100x0.010_bench_hdf5.biom.gz" // which is not packed, whatever its name says

func standard(attributes ...string) []format.Column {
	out := []format.Column{{Name: "sample", Kind: format.Text}}
	for _, a := range attributes {
		out = append(out, format.Column{Name: a, Kind: format.Text})
	}
	out = append(out, format.Column{Name: "library_size", Kind: format.Int}, format.Column{Name: "observed", Kind: format.Int})
	for _, n := range []string{"chao1", "ace", "shannon", "simpson", "inverse_simpson", "pielou", "fisher"} {
		out = append(out, format.Column{Name: n, Kind: format.Float})
	}
	return out
}

// small is a table that is written here.
func small() *Table {
	return &Table{Features: []features.Feature{{ID: "f1", Lineage: []string{"k__A", "p__B"}}, {ID: "f2"}, {ID: "f3"}}, Samples: []string{"s1", "s2"},
		Attributes: []string{"site"}, Known: [][]string{{"gut"}, {""}}, Starts: []int{0, 2, 3}, Places: []int32{0, 2, 1}, Values: []float64{5, 1, 7}}
}

func written(t testing.TB, name string, table *Table) string {
	var b bytes.Buffer
	if err := WriteJSON(&b, table, "test", "2024-01-31T00:00:00"); err != nil {
		t.Fatal(err)
	}
	return write(t, name, b.Bytes())
}

func write(t testing.TB, name string, data []byte) string {
	path := filepath.Join(t.TempDir(), name)
	if strings.HasSuffix(name, ".gz") {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(data) // to memory
		_ = w.Close()
		data = b.Bytes()
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func document(matrix, element, shape, data string) []byte {
	return fmt.Appendf(nil, `{"id":"x","format":"Biological Observation Matrix 1.0.0","format_url":"http://biom-format.org","type":"OTU table","generated_by":"x","date":"2024-01-31T00:00:00",`+
		`"matrix_type":%q,"matrix_element_type":%q,"shape":%s,"data":%s,"rows":[{"id":"f1","metadata":null},{"id":"f2","metadata":{"taxonomy":"k__A; p__B"}}],"columns":[{"id":"anna","metadata":null},{"id":"s2","metadata":null}]}`, matrix, element, shape, data)
}

func TestSuite(t *testing.T) {
	formattest.Suite(t, New(), []formattest.Sample{
		{Path: written(t, "x.biom", small()), Columns: standard("site"), Rows: 2},
		{Path: written(t, "x.biom.gz", small()), Columns: standard("site"), Rows: 2},
		{Path: write(t, "dense.json", document("dense", "int", "[2,2]", "[[1,0],[3,4]]")), Columns: standard(), Rows: 2},
	}, []formattest.Broken{
		{Name: "x.biom", Data: document("sparse", "int", "[2,3]", "[]"), Says: "shape"},
		{Name: "x.biom", Data: document("sparse", "int", "[2,2]", "[[0,0,1],[0,0,2]]"), Says: "two values"},
		{Name: "x.biom", Data: document("sparse", "int", "[2,2]", "[[0,2,1]]"), Says: "outside of the shape"},
		{Name: "x.biom", Data: document("sparse", "int", "[2,2]", "[[0,-1,1]]"), Says: "outside of the shape"},
		{Name: "x.biom", Data: document("sparse", "int", "[2,2]", "[[0,1]]"), Says: "another length"},
		{Name: "x.biom", Data: document("sparse", "int", "[2,2]", "[[0,1,0.5]]"), Says: "no whole number"},
		{Name: "x.biom", Data: document("sparse", "int", "[2,2]", `[[0,1,"x"]]`), Says: "no array of arrays of numbers"},
		{Name: "x.biom", Data: document("sparse", "unicode", "[2,2]", "[]"), Says: "neither int nor float"},
		{Name: "x.biom", Data: document("other", "int", "[2,2]", "[]"), Says: "neither sparse nor dense"},
		{Name: "x.biom", Data: document("dense", "int", "[2,2]", "[[1,2]]"), Says: "another number of rows"},
		{Name: "x.biom", Data: append(document("sparse", "int", "[2,2]", "[]"), "{}"...), Says: "behind the end"},
		{Name: "x.biom", Data: bytes.Replace(document("sparse", "int", "[2,2]", "[]"), []byte("s2"), []byte("anna"), 1), Says: "sample 2", Canary: "anna"},
		{Name: "x.biom", Data: []byte(`{"format":"Something"}`), Says: "does not say"},
		{Name: "x.biom", Data: document("sparse", "int", "[2,2]", "[]")[:200], Says: "too early"},
		{Name: "x.biom", Data: []byte(`{"id":anna}`), Says: "no JSON", Canary: "anna"},
		{Name: "x.biom", Data: []byte(`{"shape":"anna"}`), Says: "another kind", Canary: "anna"},
		{Name: "x.biom", Data: []byte(biomtable.Signature + "rubbish"), Says: "HDF5"},
	})
}

func TestSuiteOfRealFiles(t *testing.T) {
	formattest.Suite(t, New(), []formattest.Sample{
		{Path: shared(t, "test.biom"), Columns: standard("BODY_SITE", "BarcodeSequence", "Description", "LinkerPrimerSequence"), Rows: 6},
		{Path: shared(t, "test.json"), Columns: standard("BODY_SITE", "BarcodeSequence", "Description", "LinkerPrimerSequence"), Rows: 6},
		{Path: shared(t, "json_sample_collapsed.biom"), Columns: standard(), Rows: 2},
	}, nil)
}

func decode(t testing.TB, path string) *Table {
	t.Helper()
	table, err := biomtable.DecodeFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// The same table is in the project's test files as HDF5 and as JSON.
func TestBothVersionsAreTheSame(t *testing.T) {
	a, b := decode(t, shared(t, "test.biom")), decode(t, shared(t, "test.json"))
	a.Type, b.Type = "", ""
	if !reflect.DeepEqual(a, b) {
		t.Errorf("HDF5:\n%+v\nJSON:\n%+v", a, b)
	}
	if got := a.Features[3].Lineage; got[6] != "s__Halanaerobiumsaccharolyticum" || len(a.Features[0].Lineage) != 6 {
		t.Errorf("lineage %q", got)
	}
}

// Every dataset of the HDF5 files is as h5dump prints it.
func TestAgainstH5dump(t *testing.T) {
	if _, err := exec.LookPath("h5dump"); err != nil {
		t.Skip("there is no h5dump here")
	}
	for _, name := range []string{"test.biom", hdf5Name} {
		path := shared(t, name)
		table := decode(t, path)
		data, indices, starts := dumped(t, path, "/sample/matrix/data"), dumped(t, path, "/sample/matrix/indices"), dumped(t, path, "/sample/matrix/indptr")
		if len(data) != len(table.Values) || len(starts) != len(table.Starts) {
			t.Fatalf("%s: %d values, want %d", name, len(table.Values), len(data))
		}
		for i := range table.Samples {
			from, _ := strconv.Atoi(starts[i])
			to, _ := strconv.Atoi(starts[i+1])
			want := map[string]string{}
			for k := from; k < to; k++ {
				want[indices[k]] = data[k]
			}
			for k := table.Starts[i]; k < table.Starts[i+1]; k++ {
				if want[strconv.Itoa(int(table.Places[k]))] != strconv.FormatFloat(table.Values[k], 'f', -1, 64) {
					t.Fatalf("%s: sample %d differs", name, i)
				}
			}
		}
		var ids []string
		for _, f := range table.Features {
			ids = append(ids, f.ID)
		}
		if !slices.Equal(ids, dumped(t, path, "/observation/ids")) || !slices.Equal(table.Samples, dumped(t, path, "/sample/ids")) {
			t.Errorf("%s: other identifiers", name)
		}
	}
}

// dumped are the values of a dataset as h5dump prints them.
func dumped(t *testing.T, path, set string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "h5dump", "-y", "-w", "1", "-d", set, path).Output()
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(out), "DATA {")
	var list []string
	for _, m := range regexp.MustCompile(`(?m)^\s*("?)([^\s",}]+)"?,?\s*$`).FindAllStringSubmatch(body, -1) {
		list = append(list, m[2])
	}
	return list
}

func TestBench(t *testing.T) {
	table := decode(t, shared(t, hdf5Name))
	if len(table.Features) != 1000 || len(table.Samples) != 100 || len(table.Values) != 1000 {
		t.Errorf("%d observations, %d samples, %d values", len(table.Features), len(table.Samples), len(table.Values))
	}
}

func TestFind(t *testing.T) {
	for _, name := range []string{"test.biom", "test.json"} {
		b, err := formattest.ReadAll(t.Context(), New(), shared(t, name), format.Options{Columns: []string{"sample", "GG_OTU_2", "g__Escherichia", "k__Bacteria; p__Proteobacteria", "BODY_SITE", "library_size"}})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(b.Columns[1].Float, []float64{5, 1, 0, 2, 3, 1}) || !slices.Equal(b.Columns[2].Float, []float64{0, 1, 2, 0, 0, 0}) || !slices.Equal(b.Columns[3].Float, b.Columns[2].Float) ||
			b.Columns[4].Text[0] != "gut" || !slices.Equal(b.Columns[5].Int, []int64{7, 3, 4, 6, 3, 4}) {
			t.Errorf("%s: %v", name, b.Columns)
		}
	}
}

// What is written is read back the same, by this package and as JSON.
func TestWriteJSON(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n, d := rapid.IntRange(1, 5).Draw(r, "samples"), rapid.IntRange(1, 5).Draw(r, "features")
		table := &Table{Type: "OTU table", Attributes: []string{"site"}, Starts: []int{0}, Places: []int32{}, Values: []float64{}}
		for i := range d {
			table.Features = append(table.Features, features.Feature{ID: fmt.Sprintf("f\"%d", i), Lineage: []string{"k__A", "p__<&>"}})
		}
		for i := range n {
			table.Samples = append(table.Samples, fmt.Sprint("s", i))
			table.Known = append(table.Known, []string{rapid.SampledFrom([]string{"gut", "ü\n"}).Draw(r, "site")})
			for f := range d {
				if x := rapid.SampledFrom([]float64{0, 1, 2.5, 1e-20, 12345678}).Draw(r, "x"); x != 0 {
					table.Places, table.Values = append(table.Places, int32(f)), append(table.Values, x)
				}
			}
			table.Starts = append(table.Starts, len(table.Values))
		}
		if got := decode(t, written(t, "x.biom", table)); !reflect.DeepEqual(got, table) {
			r.Fatalf("got %+v\nwant %+v", got, table)
		}
	})
	bad := small()
	bad.Values[0] = math.NaN()
	if err := WriteJSON(&bytes.Buffer{}, bad, "", ""); err == nil {
		t.Error("a missing value is written")
	}
}

// Damaged copies of the real files give an error or the same matrix.
func TestDamaged(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{"test.biom", "test.json", "json_sample_collapsed.biom", hdf5Name} {
		path := shared(t, name)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		good := decode(t, path)
		for i := range 60 {
			bad := bytes.Clone(data)
			if i%4 == 0 {
				bad = bad[:1+rng.IntN(len(bad)-1)]
				if i == 0 {
					bad = data[:len(data)-1]
				}
			} else {
				bad[rng.IntN(len(bad))] ^= byte(1 + rng.IntN(255))
			}
			damaged := filepath.Join(t.TempDir(), "x.biom")
			if err := os.WriteFile(damaged, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := biomtable.DecodeFile(damaged)
			var fe *format.Error
			if err != nil && (!errors.As(err, &fe) || fe.File != damaged) {
				t.Errorf("%s: %v is no *format.Error of the file", name, err)
			}
			// Names and metadata may be other letters; the matrix of HDF5 is there twice.
			if err == nil && !strings.Contains(name, "json") && (!slices.Equal(got.Values, good.Values) || !slices.Equal(got.Places, good.Places) || !slices.Equal(got.Starts, good.Starts)) {
				t.Errorf("%s: a damaged copy is read and differs", name)
			}
		}
	}
}

func TestAnnotationBeside(t *testing.T) {
	path := written(t, "x.biom", small())
	beside := filepath.Join(filepath.Dir(path), "x_taxonomy.tsv")
	if err := os.WriteFile(beside, []byte("Feature ID\tTaxon\nf2\tk__A;p__C\nf1\tk__Z\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := New().(format.Companions).Companions(path); !slices.Equal(got, []string{beside}) {
		t.Errorf("companions %v", got)
	}
	b, err := formattest.ReadAll(t.Context(), New(), path, format.Options{Columns: []string{"p__C", "p__B", "k__A"}})
	if err != nil || !slices.Equal(b.Columns[0].Float, []float64{0, 7}) || !slices.Equal(b.Columns[1].Float, []float64{5, 0}) || !slices.Equal(b.Columns[2].Float, []float64{5, 7}) {
		t.Errorf("%v %v", b.Columns, err)
	}
}

func FuzzJSON(f *testing.F) {
	f.Add(document("sparse", "int", "[2,2]", "[[0,0,1],[1,1,2]]"))
	f.Add(document("dense", "float", "[2,2]", "[[0.5,1e3],[ -1,2]]"))
	var b bytes.Buffer
	if err := WriteJSON(&b, small(), "x", "y"); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := biomtable.Decode("file", bytes.NewReader(data))
		var fe *format.Error
		if err != nil {
			if !errors.As(err, &fe) {
				t.Fatalf("%v is no *format.Error", err)
			}
			return
		}
		m := table.Matrix()
		var r features.Row
		for m.Next(&r) == nil {
			if len(r.Places) != len(r.Values) || !slices.IsSorted(r.Places) {
				t.Fatal("places do not rise")
			}
		}
	})
}

func FuzzHDF5(f *testing.F) {
	if data, err := os.ReadFile(shared(f, "test.biom")); err == nil {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "x.biom")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := biomtable.DecodeHDF5(path, path)
		var fe *format.Error
		if err != nil && !errors.As(err, &fe) {
			t.Fatalf("%v is no *format.Error", err)
		}
	})
}
