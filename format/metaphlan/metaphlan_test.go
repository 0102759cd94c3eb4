package metaphlan

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/composition"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
)

// Profiles in the layouts that the versions write; the numbers are made up.
const (
	merged4 = "#mpa_vJan21_CHOCOPhlAnSGB_202103\n" +
		"clade_name\ts1\ts2\n" +
		"UNCLASSIFIED\t10.0\t0.0\n" +
		"k__Bacteria\t90.0\t100.0\n" +
		"k__Bacteria|p__Actinobacteria\t30.0\t0.0\n" +
		"k__Bacteria|p__Actinobacteria|c__Actinobacteria\t20.0\t0.0\n" +
		"k__Bacteria|p__Actinobacteria|c__Actinobacteria|g__X|s__A\t20.0\t0.0\n" +
		"k__Bacteria|p__Actinobacteria|c__Other|g__Y|s__B\t10.0\t0.0\n" +
		"k__Bacteria|p__Bacteroidetes|g__Bacteroides\t60.0\t100.0\n" +
		"k__Bacteria|p__Bacteroidetes|g__Bacteroides|s__Bacteroides_fragilis\t60.0\t100.0\n" +
		"k__Bacteria|p__Bacteroidetes|g__Bacteroides|s__Bacteroides_fragilis|t__SGB1855\t60.0\t100.0\n"
	single3 = "#mpa_v30_CHOCOPhlAn_201901\n#/usr/bin/metaphlan x.fastq --input_type fastq\n#SampleID\tMetaphlan_Analysis\n" +
		"#clade_name\tNCBI_tax_id\trelative_abundance\tadditional_species\n" +
		"k__Bacteria\t2\t100.0\t\n" +
		"k__Bacteria|p__Bacteroidetes|g__Bacteroides\t2|976|816\t75.0\n" +
		"k__Bacteria|p__Bacteroidetes|g__Bacteroides|s__Bacteroides_fragilis\t2|976|816|817\t75.0\tk__Bacteria|s__Z\n" +
		"k__Bacteria|p__Firmicutes|g__Q|s__Q\t2|1239|1|2\t25.0\t\n"
	single2 = "#SampleID\tMetaphlan2_Analysis\nk__Bacteria\t100.0\nk__Bacteria|s__A\t40.0\nk__Bacteria|s__B\t60.0\n"
	merged2 = "ID\tSRS1\tSRS2\n#SampleID\tMetaphlan2_Analysis\tMetaphlan2_Analysis\nk__Archaea\t1.5\t0\nk__Archaea|g__M\t1.5\t0\nk__Bacteria\t98.5\t100\nk__Bacteria|g__N\t98.5\t100\n"
	reads4  = "#mpa_vOct22_CHOCOPhlAnSGB_202212\n#19293 reads processed\n#SampleID\tpatient7\n#clade_name\tclade_taxid\trelative_abundance\tcoverage\testimated_number_of_reads_from_the_clade\n" +
		"UNCLASSIFIED\t-1\t50.0\t-\t100\nk__Bacteria\t2\t50.0\t1.0\t100\nk__Bacteria|s__A\t2|5\t50.0\t1.0\t100\n"
)

func write(t testing.TB, name, text string) string {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func standard() []format.Column {
	out := []format.Column{{Name: "sample", Kind: format.Text}, {Name: "observed", Kind: format.Int}}
	for _, n := range []string{"shannon", "simpson", "inverse_simpson", "pielou"} {
		out = append(out, format.Column{Name: n, Kind: format.Float})
	}
	return out
}

func TestSuite(t *testing.T) {
	formattest.Suite(t, New(), []formattest.Sample{
		{Path: write(t, "merged.tsv", merged4), Columns: standard(), Rows: 2},
		{Path: write(t, "merged2.txt", merged2), Columns: standard(), Rows: 2},
		{Path: write(t, "a_profile.txt", single3), Columns: standard(), Rows: 1},
		{Path: write(t, "b_profile.txt", single2), Columns: standard(), Rows: 1},
		{Path: write(t, "c.txt", reads4), Columns: standard(), Rows: 1},
	}, []formattest.Broken{
		{Name: "x.tsv", Data: []byte("clade_name\tanna\nk__B\t101\n"), Says: "no percentage", Canary: "anna"},
		{Name: "x.tsv", Data: []byte("clade_name\tanna\nk__B\tx7\n"), Says: "no percentage", Canary: "x7"},
		{Name: "x.tsv", Data: []byte("clade_name\tanna\nk__B\t-1\n"), Says: "no percentage"},
		{Name: "x.tsv", Data: []byte("clade_name\tanna\tanna\nk__B\t1\t2\n"), Says: "the same name", Canary: "anna"},
		{Name: "x.tsv", Data: []byte("clade_name\ta\nk__B\t1\nk__B\t1\n"), Says: "same feature"},
		{Name: "x.tsv", Data: []byte("clade_name\ta\nk__B\n"), Says: "1 columns where the header has 2"},
		{Name: "x.tsv", Data: []byte("clade_name\ta\nk__B\t1\t2\n"), Says: "3 columns where the header has 2"},
		{Name: "x.tsv", Data: []byte("clade_name\ta\n"), Says: "no clade"},
		{Name: "x.tsv", Data: []byte("clade_name\nk__B\n"), Says: "names no sample"},
		{Name: "x.tsv", Data: []byte("#only\n#comments\n"), Says: "no profile"},
		{Name: "x.tsv", Data: []byte("name,age\nanna,3\n"), Says: "no header and no clade", Canary: "anna"},
	})
}

func TestProfiles(t *testing.T) {
	for name, c := range map[string]struct {
		file, text string
		samples    []string
		columns    map[string][]float64
	}{
		"merged": {"x.tsv", merged4, []string{"s1", "s2"}, map[string][]float64{
			"UNCLASSIFIED": {10, 0}, "k__Bacteria": {90, 100}, "g__Bacteroides": {60, 100}, "Bacteroides": {60, 100}, "t__SGB1855": {60, 100},
			"k__Bacteria|p__Actinobacteria": {30, 0}, "k__Bacteria;p__Actinobacteria": {30, 0}, "c__Actinobacteria": {20, 0}, "k__Bacteria; p__Actinobacteria; c__Actinobacteria": {20, 0},
			"relative(s__A)": {20. / 90, 0}, "relative(g__Bacteroides)": {60. / 90, 1},
			"shannon": {composition.Shannon([]float64{20, 10, 60}), 0}, "simpson": {composition.Simpson([]float64{20, 10, 60}), 0},
			"clr(s__A)": {composition.CLR([]float64{20, 10, 60})[0], composition.CLR(composition.Replaced([]float64{0, 0, 100}, 1e-6))[0]},
		}},
		"single": {"SRS014464_profile.txt", single3, []string{"SRS014464_profile"}, map[string][]float64{
			"ncbitaxon:816": {75}, "ncbitaxon:817": {75}, "s__Bacteroides_fragilis": {75}, "shannon": {composition.Shannon([]float64{75, 25})},
		}},
		"version 2": {"b.profile.txt", single2, []string{"b"}, map[string][]float64{"s__B": {60}, "k__Bacteria": {100}}},
		"genera":    {"x.txt", merged2, []string{"SRS1", "SRS2"}, map[string][]float64{"g__M": {1.5, 0}, "relative(g__N)": {0.985, 1}}},
		"reads":     {"x.txt", reads4, []string{"patient7"}, map[string][]float64{"s__A": {50}, "relative(s__A)": {1}}},
	} {
		path := write(t, c.file, c.text)
		for column, want := range c.columns {
			b, err := formattest.ReadAll(t.Context(), New(), path, format.Options{Columns: []string{"sample", column}})
			if err != nil {
				t.Errorf("%s: %s: %v", name, column, err)
				continue
			}
			if !slices.Equal(b.Columns[0].Text, c.samples) {
				t.Errorf("%s: samples %q", name, b.Columns[0].Text)
			}
			for i, x := range b.Columns[1].Float {
				if d := x - want[i]; d > 1e-12 || d < -1e-12 {
					t.Errorf("%s: %s %v, want %v", name, column, b.Columns[1].Float, want)
				}
			}
		}
	}
	_, err := New().Open(t.Context(), write(t, "x.tsv", merged4), format.Options{Columns: []string{"Actinobacteria"}})
	if err == nil || !strings.Contains(err.Error(), "two taxa, p__Actinobacteria and c__Actinobacteria") {
		t.Errorf("a phylum and a class of the same name: %v", err)
	}
}

func FuzzProfile(f *testing.F) {
	for _, seed := range []string{merged4, single3, single2, merged2, reads4} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "x.tsv")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_ = Source{}.Sniff(data, path)
		_, err := formattest.ReadAll(t.Context(), New(), path, format.Options{})
		var fe *format.Error
		if err != nil && (!errors.As(err, &fe) || fe.File != path) {
			t.Fatalf("%v is no *format.Error of the file", err)
		}
	})
}
