package genomes

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
	"hmsp.center/hmsp/genotype"
)

// text is a source of the smallest kind: a line with build, "ref" if the alleles are the
// reference's, and "dosages"; one of samples as ID/sex; then a variant a line, as
// chromosome:position:ref:alt, ID and the counts, of which "." is missing.
type text struct {
	opened *[]genotype.Options // by Open, if anybody wants to know
}

const textMagic = "genotypes "

func (text) Name() string { return "text" }

func (text) Sniff(head []byte, filename string) int {
	if strings.HasPrefix(string(head), textMagic) {
		return 90
	}
	return 0
}

func (text) Companions(path string) []string { return []string{path + ".index"} }

func (s text) Info(ctx context.Context, path string) (genotype.Info, error) {
	r, err := s.Open(ctx, path, genotype.Options{})
	if err != nil {
		return genotype.Info{}, err
	}
	defer r.Close()
	return r.Info(), nil
}

func (s text) Open(ctx context.Context, path string, o genotype.Options) (genotype.Reader, error) {
	if s.opened != nil {
		*s.opened = append(*s.opened, o)
	}
	f, err := format.OpenFile(path)
	if err != nil {
		return nil, err
	}
	r := &textReader{Scanner: bufio.NewScanner(f), file: f, path: path, o: o}
	if !r.Scan() || !strings.HasPrefix(r.Text(), textMagic) {
		f.Close()
		return nil, &format.Error{File: path, Text: "no genotypes", Mend: "name another file"}
	}
	for _, word := range strings.Fields(r.Text())[1:] {
		switch word {
		case "ref":
			r.info.ReferenceKnown = true
		case "dosages":
			r.info.Dosages = true
		case "GRCh37", "GRCh38":
			r.info.Build = genotype.Build(word)
		}
	}
	r.info.Variants = -1
	r.Scan()
	for _, name := range strings.Fields(r.Text()) {
		id, sex, _ := strings.Cut(name, "/")
		r.info.Samples = append(r.info.Samples, genotype.Sample{ID: id, Sex: map[string]genotype.Sex{"m": genotype.Male, "f": genotype.Female}[sex]})
	}
	return r, nil
}

type textReader struct {
	*bufio.Scanner
	file *os.File
	path string
	info genotype.Info
	o    genotype.Options
}

func (r *textReader) Info() genotype.Info { return r.info }
func (r *textReader) Close() error        { return r.file.Close() }

func (r *textReader) Next(v *genotype.Variant, c *genotype.Calls) error {
	for r.Scan() {
		field := strings.Fields(r.Text())
		if len(field) != 2+len(r.info.Samples) {
			return &format.Error{File: r.path, Text: "a line of other fields", Mend: "write it again"}
		}
		*v, _ = genotype.ParseName(field[0])
		v.ID = field[1]
		if r.o.Keep != nil && !r.o.Keep(*v) {
			continue
		}
		c.Reset(len(r.info.Samples))
		if strings.Contains(r.Text(), ".5") {
			c.Dosages = make([]float32, len(r.info.Samples))
		}
		for i, cell := range field[2:] {
			x, err := strconv.ParseFloat(cell, 32)
			if err != nil {
				x = math.NaN()
			}
			if c.Dosages != nil {
				c.Dosages[i] = float32(x)
			}
			if x != math.Trunc(x) || x < 0 || x > 2 {
				x = -1
			}
			c.Set(i, int(x))
		}
		return nil
	}
	if r.Err() != nil {
		return &format.Error{File: r.path, Text: "no text", Mend: "write it again"}
	}
	return io.EOF
}

const small = textMagic + `GRCh37 ref
anna/f ben/m carla
1:100:A:G rs1 0 1 2
1:200:C:T rs2 . 2 0
2:300:G:C rs3 1 1 .
X:50:A:C rsx 0 2 .
Y:60:A:C rsy . 2 .
`

func put(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSuite(t *testing.T) {
	formattest.Suite(t, Format{text{}}, []formattest.Sample{{Path: put(t, "small.txt", small), Rows: 3, Columns: []format.Column{
		{Name: "sample", Kind: format.Text}, {Name: "sex", Kind: format.Text}, {Name: "call_rate", Kind: format.Float}, {Name: "heterozygosity", Kind: format.Float}, {Name: "variants", Kind: format.Int}}}},
		[]formattest.Broken{{Name: "x.txt", Data: []byte(strings.Replace(small, "0 1 2", "0 1 canary 2", 1)), Says: "other fields", Canary: "canary"}})
}

// plain is a table in words, for comparing.
func plain(t *testing.T, f Format, path string, columns ...string) string {
	t.Helper()
	b, err := formattest.ReadAll(t.Context(), f, path, format.Options{Columns: columns})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i := range b.Rows {
		var row []string
		for _, v := range b.Columns {
			cell := "-"
			switch {
			case v.Missing(i):
			case v.Text != nil:
				cell = v.Text[i]
			case v.Int != nil:
				cell = fmt.Sprint(v.Int[i])
			case v.Float != nil:
				cell = fmt.Sprintf("%.4g", v.Float[i])
			}
			row = append(row, cell)
		}
		out = append(out, strings.Join(row, " "))
	}
	return strings.Join(out, "; ")
}

func TestValues(t *testing.T) {
	f := Format{text{}}
	path := put(t, "small.txt", small)
	for columns, want := range map[string]string{
		"sample sex call_rate heterozygosity variants": "anna female 0.75 0.5 3; ben male 1 0.6667 4; carla - 0.5 0 2",
		"1:100:A:G sample":             "0 anna; 1 ben; 2 carla",
		"1:100:G:A 1:200:C:T rs3":      "2 - 1; 1 2 1; 0 0 -",
		"X:50:A:C Y:60:A:C 2:300:C:G":  "0 - 1; 2 2 1; - - -",
		"heterozygosity 1:200:T:C":     "0.5 -; 0.6667 0; 0 2",
		"1:100:A:G 1:100:A:G sex":      "0 0 female; 1 1 male; 2 2 -",
		"variants 1:100:G:A call_rate": "3 2 0.75; 4 1 1; 2 0 0.5",
	} {
		if got := plain(t, f, path, strings.Fields(columns)...); got != want {
			t.Errorf("%s: %s, want %s", columns, got, want)
		}
	}
	dosages := put(t, "dosages.txt", textMagic+"dosages\na b c\n1:100:A:G rs1 0.5 . 2\n1:200:A:G rs2 1 . 2\n")
	if got := plain(t, f, dosages, "1:100:A:G", "1:100:G:A", "rs2"); got != "0.5 1.5 1; - - -; 2 0 2" {
		t.Errorf("dosages: %s", got)
	}
	if found, err := f.Find(t.Context(), dosages, format.Options{}, [][]string{{"grch37:1:100:A:G", "dbsnp:rs1"}}); err != nil || found.Columns[0] != (format.Column{Name: "1:100:A:G", Kind: format.Float}) {
		t.Errorf("dosages: %+v, %v", found, err)
	}
}

func TestFind(t *testing.T) {
	f := Format{text{}}
	path := put(t, "small.txt", small)
	found, err := f.Find(t.Context(), path, format.Options{}, [][]string{{"grch37:1:100:G:A"}, {"dbsnp:rs2"}, {"grch37:1:200:C:A", "dbsnp:rs2"}, {"dbsnp:rs99"}, nil, {"grch38:1:100:A:G"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []format.Column{{Name: "1:100:G:A", Kind: format.Int}, {Name: "1:200:C:T", Kind: format.Int}, {}, {}, {}, {}}
	if !reflect.DeepEqual(found.Columns, want) || len(found.Notes) != 2 || len(found.Problems) != 2 {
		t.Errorf("%+v", found)
	}
	for i, says := range map[int]string{2: "other alleles", 5: "another build"} {
		if p := found.Problems[i]; !strings.Contains(p.Text, says) || p.File != path || p.Mend == "" || p.Column == "" {
			t.Errorf("problem %d: %v", i, p)
		}
	}
}

// TestRegions: an index may be used where all places are known; where nothing lies in its
// place, names are looked for everywhere.
func TestRegions(t *testing.T) {
	var opened []genotype.Options
	f := Format{text{&opened}}
	path := put(t, "small.txt", small)
	regions := func(columns ...string) (out []int) {
		opened = nil
		if _, err := f.Find(t.Context(), path, format.Options{}, [][]string{columns}); err != nil {
			t.Fatal(err)
		}
		for _, o := range opened {
			if o.Keep != nil {
				out = append(out, len(o.Regions))
			}
		}
		return out
	}
	for _, c := range []struct {
		names string
		want  []int
	}{{"grch37:1:100:A:G dbsnp:rs1", []int{1}}, {"dbsnp:rs1", []int{0}}, {"grch37:1:999:A:G dbsnp:rs1", []int{1, 0}}, {"grch37:1:999:A:G", []int{1}}} {
		if got := regions(strings.Fields(c.names)...); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v regions, want %v", c.names, got, c.want)
		}
	}
	if opened = nil; plain(t, f, path, "sample", "sex") == "" || len(opened) != 1 {
		t.Errorf("names of samples take %d passes over variants, want none but the header", len(opened)-1)
	}
}

func TestFolder(t *testing.T) {
	f := Format{text{}}
	dir := t.TempDir()
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("README", "what this is")
	if _, err := f.Describe(t.Context(), dir, format.Options{}); err == nil || !strings.Contains(err.Error(), "no file in it is text") {
		t.Errorf("a folder of none: %v", err)
	}
	lines := strings.SplitAfter(small, "\n")
	head := lines[0] + lines[1]
	write("chr1.txt", head+lines[2]+lines[3])
	write("chr2.txt", head+lines[4])
	write("chrX.txt", head+lines[5]+lines[6])
	names, err := format.Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.SniffFolder(dir, names); got < 50 {
		t.Errorf("SniffFolder: %d", got)
	}
	if got, err := format.DetectSource([]format.Format{f}, dir); err != nil || got.Name() != "text" {
		t.Errorf("DetectSource: %v, %v", got, err)
	}
	for _, columns := range []string{"sample sex call_rate heterozygosity variants", "1:200:T:C 2:300:G:C X:50:A:C"} {
		whole := plain(t, f, put(t, "small.txt", small), strings.Fields(columns)...)
		if got := plain(t, f, dir, strings.Fields(columns)...); got != whole {
			t.Errorf("%s: %s, want %s", columns, got, whole)
		}
	}
	for says, content := range map[string]string{
		"samples are not those":     strings.Replace(head, "anna/f ben/m", "ben/m anna/f", 1),
		"this file has 2 samples":   strings.Replace(head, "anna/f", "", 1),
		"build of this file":        strings.Replace(head, "GRCh37", "GRCh38", 1),
		"several variants that are": head + lines[2],
	} {
		write("chr3.txt", content)
		_, err := formattest.ReadAll(t.Context(), f, dir, format.Options{Columns: []string{"1:100:A:G"}})
		var fe *format.Error
		if !errors.As(err, &fe) || !strings.Contains(fe.Text, says) || fe.Mend == "" || strings.Contains(err.Error(), "anna") {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

// TestBounded: a batch of many columns has fewer rows.
func TestBounded(t *testing.T) {
	r, err := Format{text{}}.Open(t.Context(), put(t, "small.txt", small), format.Options{Columns: []string{"sample", "1:100:A:G"}, MaxBytes: 64})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if b, err := r.Next(); err != nil || b.Rows != 2 {
		t.Errorf("%d rows, %v", b.Rows, err)
	}
}

func TestChecksAndCompanions(t *testing.T) {
	f := Format{text{}}
	for _, c := range f.Checks() {
		if c.Low >= c.High || c.Unit != "1" || c.Label == "" {
			t.Errorf("%+v", c)
		}
	}
	if got := f.Companions("x"); len(got) != 1 {
		t.Errorf("companions: %v", got)
	}
	var _ format.Wide = f
	var _ format.Checked = f
	var _ format.Folder = f
}
