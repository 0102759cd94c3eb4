package site_test

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/table"
)

// A modality is a source of genomes, features, recordings, images or notes, and one
// variable of it.
type modality struct {
	path, format string
	without      string // the damaged files of a folder, which are taken out
	variable     string // the name of its column, or its code
	unit         string
	want         func(*testing.T, []float64) // holds the variable's values against a reference
	notes        string                      // what registering it must say
}

func modalities() []modality {
	return []modality{
		{path: "genomics/gwas_chr10_cc/gwas_chr10_cc.bed", variable: "rs7475011", want: frequency("gwas_chr10_cc", "rs7475011", false), notes: "build is not stated"},
		{path: "genomics/kg_phase1/kg_phase1.bed", variable: "grch37:1:838555:C:A", want: frequency("kg_phase1", "rs4970383", false)},
		{path: "genomics/regenie_example/example.bed", variable: "4", want: frequency("regenie_example", "4", false)},
		{path: "genomics/regenie_example/example.pgen", variable: "4", want: frequency("regenie_example", "4", false)},
		{path: "genomics/regenie_example/example.bgen", variable: "4", want: frequency("regenie_example", "4", true), notes: "the first allele is taken as the reference"},
		{path: "genomics/regenie_example/example_3chr.bed", variable: "mog_0", want: firstOfBed("genomics/regenie_example/example_3chr.bed")},
		{path: "genomics/kg_chr20_eur/siteA_300_phased.vcf.gz", variable: "dbsnp:rs190836616", want: frequency("kg_chr20_siteA_300_phased", "rs190836616", false)},
		{path: "genomics/kg_chr20_eur/siteB_203_unphased.vcf.gz", variable: "dbsnp:rs190836616", want: frequency("kg_chr20_siteB_203_unphased", "rs190836616", false)},
		{path: "genomics/kg_chr21_2504/kg3_chr21_start.vcf.gz", variable: "rs181691356", want: frequency("kg_chr21_2504", "rs181691356", false), notes: "GRCh37"},

		{path: "expression/all_top4000.csv.gz", variable: "1005_at", want: row("expression/all_top4000.csv.gz", "1005_at", 1)},
		{path: "expression/golub_38x3051.csv.gz", format: "matrix", variable: "X95735_at", want: leukaemia},
		{path: "expression/methylation_37x5000_mvalues.csv.gz", format: "matrix", variable: "cpg:cg08446924", want: ageing},
		{path: "expression/tcga_breast_mirna_test.csv.gz", variable: "hsa-mir-17", want: column("expression/tcga_breast_mirna_test.csv.gz", "hsa-mir-17")},
		{path: "expression/tcga_breast_mirna_train.csv.gz", variable: "hsa-mir-17", want: column("expression/tcga_breast_mirna_train.csv.gz", "hsa-mir-17")},
		{path: "expression/tcga_breast_mrna_test.csv.gz", variable: "RTN2", want: column("expression/tcga_breast_mrna_test.csv.gz", "RTN2")},
		{path: "expression/tcga_breast_mrna_train.csv.gz", variable: "HLA-H", want: column("expression/tcga_breast_mrna_train.csv.gz", "HLA-H")},
		{path: "expression/tcga_breast_protein_train.csv.gz", variable: "14-3-3_epsilon", want: column("expression/tcga_breast_protein_train.csv.gz", "14-3-3_epsilon")},
		{path: "microbiome/peerj32_lipids.csv.gz", variable: "Cer(d18:1/16:0).1", want: column("microbiome/peerj32_lipids.csv.gz", "Cer(d18:1/16:0).1")},

		{path: "microbiome/dietswap_otu.csv.gz", variable: "shannon", want: dietswap},
		{path: "microbiome/globalpatterns_otu.csv.gz", format: "matrix", variable: "hmsp:shannon", want: globalpatterns},
		{path: "microbiome/peerj32_otu.csv.gz", format: "matrix", variable: "Actinomycetaceae", want: row("microbiome/peerj32_otu.csv.gz", "Actinomycetaceae", 1)},
		{path: "microbiome/enterotype_otu.csv.gz", variable: "Bacteroides", want: row("microbiome/enterotype_otu.csv.gz", "Bacteroides", 1)},
		{path: "microbiome/hmp_most_diverse_162x1674.csv.gz", variable: "OTU_97.10101", want: column("microbiome/hmp_most_diverse_162x1674.csv.gz", "OTU_97.10101")},
		{path: "microbiome/esophagus_otu.csv.gz", format: "matrix", variable: "59_8_22", want: row("microbiome/esophagus_otu.csv.gz", "59_8_22", 1)},
		{path: "microbiome/biom/test.json", variable: "library_size", want: reads("test.json")},
		{path: "microbiome/biom/test.biom", variable: "library_size", want: reads("test.json")}, // the same table as HDF5
		{path: "microbiome/biom/json_sample_collapsed.biom", variable: "library_size", want: reads("json_sample_collapsed.biom")},
		{path: "microbiome/biom/1000x100x0.010_bench_hdf5.biom.gz", format: "biom", variable: "library_size", want: equal(100, 10)}, // 1000 ones, as h5dump has them

		{path: "wearable/fitbit/dailyActivity_merged.csv", variable: "loinc:41950-7", unit: "{steps}/d", want: fitbit},
		{path: "wearable/fitbit", variable: "hmsp:time-in-bed", unit: "h", want: inBed},
		{path: "wearable/apple-health", variable: "loinc:41950-7", unit: "{steps}/d", want: apple},
		{path: "wearable/cgm_5_subjects.csv.gz", variable: "loinc:97507-8", unit: "mg/dL", want: glucose, notes: "read as mg/dL"},
		{path: "wearable/ecg", variable: "loinc:8867-4", unit: "/min", want: beats, notes: "no place in time"},
		{path: "wearable/fit", without: "activity-filecrc.fit", variable: "hmsp:heart-rate-hour-highest", unit: "/min", want: contain(82)},
		{path: "wearable/fit/garmin-fenix-5-walk.fit", variable: "hmsp:heart-rate-hour-highest", unit: "/min", want: highest("wearable/fit/garmin-fenix-5-walk-records.csv")},
		{path: "wearable/fit/garmin-edge-820-bike.fit", variable: "hmsp:heart-rate-hour-highest", unit: "/min", want: highest("wearable/fit/garmin-edge-820-bike-records.csv")},
		{path: "wearable/gpx", variable: "hmsp:speed", unit: "m/s", want: equal(1, 2.2), notes: "times are in UTC"}, // of 1.2, 2.2 and 3.2
		{path: "wearable/tcx", variable: "hmsp:heart-rate-hour-highest", unit: "/min", want: fastest},

		{path: "imaging/dicom/burned-in-text", variable: "ibsi:Q4LE", want: pixels("burned-in-text/0_ORIGINAL_compressed.dcm")},
		{path: "imaging/dicom/deid-data", variable: "ibsi:Q4LE", want: equal(3, -1)},
		{path: "imaging/dicom/pydicom-data", variable: "ibsi:Q4LE", want: pixels("pydicom-data/MR-SIEMENS-DICOM-WithOverlays.dcm", "pydicom-data/emri_small.dcm", "pydicom-data/liver.dcm", "pydicom-data/vlut_04.dcm"), notes: "JPEG 2000"},
		{path: "imaging/dicom/pydicom-test_files/dicomdirtests", variable: "ibsi:Q4LE", want: pixels("pydicom-test_files/dicomdirtests/98892003/MR1/15820", "pydicom-test_files/dicomdirtests/98892003/MR700/4678")},
		{path: "imaging/dicom/pydicom-test_files", without: "no_meta.dcm rtplan_truncated.dcm badVR.dcm", variable: "ibsi:Q4LE", want: pixels("pydicom-test_files/MR_small.dcm")},
		{path: "imaging/nifti/colin27", variable: "ibsi:Q4LE", want: voxels("colin27/aal.nii.gz", "colin27/ch2.nii.gz", "colin27/ch2bet.nii.gz")},
		{path: "imaging/nifti/nibabel", variable: "ibsi:Q4LE", want: voxels("nibabel/anatomical.nii", "nibabel/example4d.nii.gz", "nibabel/example_nifti2.nii.gz", "nibabel/functional.nii")},
		{path: "imaging/pneumoniamnist/train-images-idx3-ubyte.gz", variable: "label", want: pneumonia("train", false)},
		{path: "imaging/pneumoniamnist/val-images-idx3-ubyte.gz", variable: "mean", want: pneumonia("val", true)},
		{path: "imaging/pneumoniamnist/test-images-idx3-ubyte.gz", variable: "mean", want: pneumonia("test", true), notes: "624 images of 28 x 28"},

		{path: "text/aci_bench_train.csv", variable: "hmsp:note-words", want: words(visits)},
		{path: "text/grascco_phi.ndjson", variable: "hmsp:note-words", want: words(letters)},
		{path: "text/presidio_synth_dataset_v2.json", variable: "hmsp:note-words", want: words(sentences)},
	}
}

// Every source of genomes, features, recordings, images and notes is registered, profiled
// and read back, and one number of each equals a reference.
func TestEveryModalityIsRegistered(t *testing.T) {
	for _, m := range modalities() {
		t.Run(m.path, func(t *testing.T) {
			t.Parallel()
			source := shared(t, filepath.FromSlash(m.path))
			if info, err := os.Stat(source); testing.Short() && (err != nil || info.IsDir() || info.Size() > 300<<10) {
				t.Skip("long")
			}
			m.registered(t, source)
		})
	}
}

func (m modality) registered(t *testing.T, source string) {
	r := registry(t)
	if m.without != "" {
		whole := source
		source = filepath.Join(t.TempDir(), filepath.Base(m.path))
		if err := os.CopyFS(source, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		if _, err := add(t, r, dataset.File("whole", source), nil); err == nil {
			t.Error("registered with its damaged files")
		}
		for name := range strings.FieldsSeq(m.without) {
			if err := os.Remove(filepath.Join(source, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	d, dictionary := m.dataset(source)
	p, err := add(t, r, d, dictionary)
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(p.Notes, "; "); !strings.Contains(notes, m.notes) {
		t.Errorf("the notes do not say %q: %s", m.notes, notes)
	}
	k, err := r.Open(t.Context(), "source", dictionary)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	x := values(t, k, p.Shape)
	m.want(t, x)
	q, err := r.Quality("source")
	if err != nil {
		t.Fatal(err)
	}
	if f, ok := q.Lookup("v"); !ok || f.Values != len(x) {
		t.Errorf("the quality profile counts %d values, want %d", f.Values, len(x))
	}
	if p.People == 0 || len(p.Absent) > 0 {
		t.Errorf("%d people; absent: %v", p.People, p.Absent)
	}
}

// dataset maps one variable: by a code of the dictionary, or by the name of a column.
func (m modality) dataset(source string) (dataset.Dataset, table.Schema) {
	d := dataset.File("source", source)
	d.Format = m.format
	v := table.Variable{Name: "v", Kind: table.Number, Unit: m.unit, Min: -1e9, Max: 1e9}
	if system, _, coded := strings.Cut(m.variable, ":"); coded && !strings.Contains(system, "(") {
		v.Code = m.variable
	} else {
		d.Mapping = map[string]dataset.Source{"v": {Column: m.variable}}
	}
	return d, table.Schema{v}
}

// values are those of the variable that are not missing.
func values(t *testing.T, k *dataset.Kept, shape dataset.Shape) []float64 {
	t.Helper()
	if shape == dataset.History {
		h, err := k.History(t.Context(), "v")
		if err != nil {
			t.Fatal(err)
		}
		e, _ := h.Lookup("v")
		return slices.Clone(e.Values.Numbers)
	}
	rows, err := k.Rows(t.Context(), k.Variables)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(slices.Clone(rows.Numbers("v")), math.IsNaN)
}

func mean(x []float64) float64 {
	total := 0.0
	for _, v := range x {
		total += v
	}
	return total / float64(len(x))
}

// near allows for sums in another order, and for references of six digits.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-5*max(1e-3, math.Abs(b)) }

func same(t *testing.T, x []float64, n int, want float64) {
	t.Helper()
	if len(x) != n || n > 0 && !near(mean(x), want) {
		t.Errorf("%d values with mean %v, want %d with %v", len(x), mean(x), n, want)
	}
}

// equal is of a mean that is known; -1 is any.
func equal(n int, want float64) func(*testing.T, []float64) {
	return func(t *testing.T, x []float64) {
		if want == -1 {
			same(t, x, n, mean(x))
			return
		}
		same(t, x, n, want)
	}
}

// contains is of values of which some are known.
func contains(t *testing.T, x []float64, want ...float64) {
	t.Helper()
	for _, w := range want {
		if !slices.ContainsFunc(x, func(v float64) bool { return near(v, w) }) {
			t.Errorf("no value is %v: %v", w, x)
		}
	}
}

func contain(want ...float64) func(*testing.T, []float64) {
	return func(t *testing.T, x []float64) { contains(t, x, want...) }
}

// opened is a file, unpacked if it is packed.
func opened(t *testing.T, name string) io.Reader {
	t.Helper()
	f, err := os.Open(shared(t, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	in := bufio.NewReader(f)
	if magic, _ := in.Peek(2); string(magic) != "\x1f\x8b" {
		return in
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// cells are the rows of a table, by the names of its columns.
func cells(t *testing.T, name string, delimiter rune) []map[string]string {
	t.Helper()
	in := csv.NewReader(opened(t, name))
	in.Comma = delimiter
	all, err := in.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, fields := range all[1:] {
		row := map[string]string{}
		for i, c := range all[0] {
			row[c] = fields[i]
		}
		out = append(out, row)
	}
	return out
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// numbers are those of a column of a table.
func numbers(t *testing.T, rows []map[string]string, column string) []float64 {
	t.Helper()
	var out []float64
	for _, r := range rows {
		if r[column] != "" {
			out = append(out, number(t, r[column]))
		}
	}
	return out
}
