package features

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/format"
)

func TestFields(t *testing.T) {
	for line, want := range map[string][]string{
		"a,b,": {"a", "b", ""}, "": {""}, `"a,b",c`: {"a,b", "c"}, `"a""b"`: {`a"b`}, `x,"",y`: {"x", "", "y"}, `x,""`: {"x", ""},
		`"a`: nil, `"a"b,c`: nil, `"`: nil, `a"b,c`: {`a"b`, "c"},
	} {
		got, ok := Fields(nil, []byte(line), ',')
		var texts []string
		for _, f := range got {
			texts = append(texts, string(f))
		}
		if ok != (want != nil) || ok && !slices.Equal(texts, want) {
			t.Errorf("%q: %q %v", line, texts, ok)
		}
	}
}

// A line that package encoding/csv writes is read as it was.
func TestFieldsOfCSV(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom([]rune{'a', '"', ',', ' ', 'ü'}), 0, 5, -1), 2, 6).Draw(t, "texts")
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		_ = w.Write(texts) // to memory
		w.Flush()
		got, ok := Fields(nil, bytes.TrimSuffix(b.Bytes(), []byte("\n")), ',')
		if !ok || len(got) != len(texts) {
			t.Fatalf("%q of %q", got, b.String())
		}
		for i := range got {
			if string(got[i]) != texts[i] {
				t.Fatalf("%q of %q", got, b.String())
			}
		}
	})
}

func TestParseValue(t *testing.T) {
	for text, want := range map[string]float64{"1": 1, "-0.25": -0.25, "1e-3": 1e-3, " 7 ": 7, "NA": math.NaN(), "": math.NaN(), "nan": math.NaN(), "9007199254740993": 9007199254740992,
		"123456789.123456789": 123456789.123456789, ".5": 0.5, "5.": 5, "+3": 3} {
		got, ok := ParseValue([]byte(text), '.', nil)
		if !ok || got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%q: %v %v", text, got, ok)
		}
	}
	for _, text := range []string{"x", "0x10", "1,5", "1_0", "inf", "Infinity", "-", ".", "1e", "1.2.3", "--1", "1e999"} {
		if x, ok := ParseValue([]byte(text), '.', nil); ok {
			t.Errorf("%q is %v", text, x)
		}
	}
	if x, ok := ParseValue([]byte("1,5"), ',', nil); !ok || x != 1.5 {
		t.Errorf("decimal comma: %v", x)
	}
	if x, ok := ParseValue([]byte("-9"), '.', []string{"-9"}); !ok || x != -9 {
		t.Errorf("a number stays one: %v", x)
	}
}

// Short decimals are read to the last bit.
func TestParseValueIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strconv.FormatFloat(rapid.Float64Range(-1e9, 1e9).Draw(t, "x"), 'f', rapid.IntRange(0, 12).Draw(t, "digits"), 64)
		want, _ := strconv.ParseFloat(text, 64)
		if got, ok := ParseValue([]byte(text), '.', nil); !ok || got != want {
			t.Fatalf("%s: %v", text, got)
		}
	})
}

func TestLineage(t *testing.T) {
	for text, want := range map[string][]string{
		"k__Bacteria; p__Firmicutes; c__; o__": {"k__Bacteria", "p__Firmicutes"},
		"d__Bacteria;p__A;c__;o__B":            {"k__Bacteria", "p__A", "c__", "o__B"},
		"D_0__Archaea;D_1__B":                  {"k__Archaea", "p__B"},
		"Bacteria|Firmicutes":                  {"k__Bacteria", "p__Firmicutes"},
		"":                                     {}, "Unassigned": {"k__Unassigned"},
	} {
		if got := Lineage(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func file(t testing.TB, name, text string) string {
	path := filepath.Join(t.TempDir(), name)
	if strings.HasSuffix(name, ".gz") {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, text) // to memory
		_ = w.Close()
		text = b.String()
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadAnnotation(t *testing.T) {
	for name, text := range map[string]string{
		"x_taxonomy.tsv":    "Feature ID\tTaxon\tConfidence\n#q2:types\tcategorical\tnumeric\nf1\tk__A; p__B\t0.9\nf2\tUnassigned\t1\n",
		"x_taxonomy.csv.gz": "\ufefftaxon,Kingdom,Phylum\r\nf1,A,p__B\r\n\"f2\",Unassigned,\r\n",
	} {
		a, err := ReadAnnotation(file(t, name, text))
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]Feature{"f1": {ID: "f1", Lineage: []string{"k__A", "p__B"}}, "f2": {ID: "f2", Lineage: []string{"k__Unassigned"}}}
		if !reflect.DeepEqual(a.Features, want) {
			t.Errorf("%s: %v", name, a.Features)
		}
	}
	a, err := ReadAnnotation(file(t, "x.csv", "probe,symbol,length,description\np1,TP53,12,\"a, b\"\n"))
	if err != nil || !reflect.DeepEqual(a.Features["p1"].Names, []string{"TP53", "a, b"}) {
		t.Errorf("%v %v", a, err)
	}
	for says, text := range map[string]string{"is empty": "\n\n", "no header": "a\nb\n", "another number": "a,b\n1\n", "same feature": "a,b\n1,2\n1,3\n", "UTF-8": "a,b\n\xff,1\n", "longer than": "a,b\n" + strings.Repeat("x", 2<<20)} {
		_, err := ReadAnnotation(file(t, "x.csv", text))
		var fe *format.Error
		if !errors.As(err, &fe) || fe.Mend == "" || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

func TestBeside(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"gut_otu.csv", "gut_taxonomy.csv.gz", "gut_otu_annotation.tsv", "other_taxonomy.csv"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{filepath.Join(dir, "gut_otu_annotation.tsv"), filepath.Join(dir, "gut_taxonomy.csv.gz")}
	if got := Beside(filepath.Join(dir, "gut_otu.csv")); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if got := Beside(filepath.Join(dir, "gut_taxonomy.csv.gz")); len(got) != 0 {
		t.Errorf("a table of features is beside itself: %v", got)
	}
}

func FuzzAnnotation(f *testing.F) {
	for _, seed := range []string{"Feature ID\tTaxon\nf1\tk__A; p__B\n", "taxon,Kingdom,Phylum\nf1,A,p__B\n", "a,b\n\"x\"\"y\",\"z\"\n", "\x1f\x8b"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := NewAnnotation("file", io.NopCloser(bytes.NewReader(data)))
		var fe *format.Error
		if err != nil && !errors.As(err, &fe) {
			t.Fatalf("%v is no *format.Error", err)
		}
		if err != nil {
			return
		}
		for id, feature := range a.Features {
			if id != feature.ID {
				t.Fatal("a feature under another name")
			}
			split(id)
			var m matcher
			m.want(id)
			m.match(feature, func(*candidate) {})
		}
	})
}
