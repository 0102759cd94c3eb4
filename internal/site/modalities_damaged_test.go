package site_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/internal/site"
)

// A copied source is one or several files beside each other, of which the first is
// damaged. A steward names the file of the source, or the folder.
type copied struct {
	folder, files string // of the public data
	source        string // what a steward names; "" is the damaged file, "." the folder
	format        string
	variable      string
	other         string // what the damaged file is called where it is mislabelled; "" is not tried
	canary        string // what no error may hold: a sample, a person, a word of a note
	unseen        bool   // a changed byte can be another value: the file has no checksum
}

func copies() []copied {
	const bed, regenie, dcm, fitbit = "genomics/kg_phase1", "genomics/regenie_example", "imaging/dicom/pydicom-test_files", "wearable/fitbit"
	return []copied{
		{folder: bed, files: "kg_phase1.bed kg_phase1.bim kg_phase1.fam", variable: "rs1571150", other: "kg.vcf", canary: "HG00096", unseen: true},
		{folder: bed, files: "kg_phase1.bim kg_phase1.bed kg_phase1.fam", source: "kg_phase1.bed", variable: "rs1571150", canary: "HG00096", unseen: true},
		{folder: bed, files: "kg_phase1.fam kg_phase1.bed kg_phase1.bim", source: "kg_phase1.bed", variable: "rs1571150", canary: "HG00096", unseen: true},
		{folder: regenie, files: "example.bgen", variable: "4", other: "example.bed"},
		{folder: regenie, files: "example.pgen example.pvar example.psam", variable: "4", other: "example.bed", unseen: true},
		{folder: regenie, files: "example.pvar example.pgen example.psam", source: "example.pgen", variable: "4", unseen: true},
		{folder: regenie, files: "example.psam example.pgen example.pvar", source: "example.pgen", variable: "4", unseen: true},
		{folder: "genomics/kg_chr20_eur", files: "siteB_203_unphased.vcf.gz", variable: "rs190836616", other: "b.bgen", canary: "NA06989"},
		{folder: "genomics/kg_chr21_2504", files: "kg3_chr21_start.vcf.gz", variable: "rs181691356", other: "b.csv.gz", canary: "HG00096"},

		{folder: "expression", files: "all_top4000.csv.gz", variable: "1005_at", other: "all.json.gz", canary: "01005"},
		{folder: "expression", files: "golub_38x3051.csv.gz", format: "matrix", variable: "X95735_at", canary: "AML_28"},
		{folder: "expression", files: "tcga_breast_mrna_train.csv.gz", variable: "RTN2", other: "tcga.nii.gz", canary: "A0FJ"},
		{folder: "microbiome/biom", files: "test.json", variable: "library_size", other: "test.csv", canary: "Sample1", unseen: true},
		{folder: "microbiome/biom", files: "test.biom", variable: "library_size", other: "test.csv", canary: "Sample1", unseen: true},

		{folder: fitbit, files: "sleepDay_merged.csv dailyActivity_merged.csv", source: ".", variable: "loinc:41950-7", canary: "1503960366", unseen: true},
		{folder: fitbit, files: "dailyActivity_merged.csv", variable: "loinc:41950-7", other: "days.json", canary: "1503960366", unseen: true},
		{folder: fitbit, files: "minuteStepsWide_merged.csv.gz", variable: "loinc:41950-7", other: "steps.fit", canary: "1503960366"},
		{folder: "wearable/apple-health", files: "export_1503960366.xml export_4558609924.xml", source: ".", variable: "loinc:41950-7", unseen: true},
		{folder: "wearable/fit", files: "garmin-fenix-5-walk.fit", variable: "loinc:41950-7", other: "walk.csv"},
		{folder: "wearable/fit", files: "garmin-fenix-5-walk.fit MonitoringFile.fit", source: ".", variable: "loinc:41950-7"},
		{folder: "wearable/gpx", files: "cerknicko-jezero.gpx", variable: "hmsp:speed", other: "lake.tcx", unseen: true},
		{folder: "wearable/tcx", files: "test_shifted.tcx", variable: "loinc:41924-2", other: "run.gpx", unseen: true},
		{folder: "wearable", files: "cgm_5_subjects.csv.gz", variable: "loinc:97507-8", other: "cgm.fit", canary: "Subject 1"},
		{folder: "wearable/ecg", files: "100.dat 100.hea 100.atr", source: "100.hea", variable: "loinc:8867-4"},
		{folder: "wearable/ecg", files: "100.atr 100.hea 100.dat", source: "100.hea", variable: "loinc:8867-4", unseen: true},
		{folder: "wearable/ecg", files: "100.hea 100.dat 100.atr", variable: "loinc:8867-4", other: "100.csv", unseen: true},

		{folder: dcm, files: "MR_small.dcm", variable: "ibsi:Q4LE", other: "mr.nii", canary: "CompressedSamples", unseen: true},
		{folder: dcm, files: "CT_small.dcm MR_small.dcm", source: ".", variable: "ibsi:Q4LE", canary: "CompressedSamples", unseen: true},
		{folder: "imaging/nifti/nibabel", files: "anatomical.nii", variable: "ibsi:Q4LE", other: "head.dcm", unseen: true},
		{folder: "imaging/nifti/nibabel", files: "example4d.nii.gz anatomical.nii", source: ".", variable: "ibsi:Q4LE"},
		{folder: "imaging/nifti/nibabel", files: "example_nifti2.nii.gz", variable: "ibsi:Q4LE", other: "head.csv.gz"},
		{folder: "imaging/pneumoniamnist", files: "test-images-idx3-ubyte.gz test-labels-idx1-ubyte.gz", variable: "mean", other: "images.nii.gz"},
		{folder: "imaging/pneumoniamnist", files: "test-labels-idx1-ubyte.gz test-images-idx3-ubyte.gz", source: "test-images-idx3-ubyte.gz", variable: "label"},

		{folder: "text", files: "aci_bench_train.csv", variable: "hmsp:note-words", other: "visits.json", canary: "back pain", unseen: true},
		{folder: "text", files: "grascco_phi.ndjson", variable: "hmsp:note-words", other: "letters.parquet", canary: "Albers", unseen: true},
		{folder: "text", files: "presidio_synth_dataset_v2.json", variable: "hmsp:note-words", other: "notes.hl7", canary: "address", unseen: true},
	}
}

// Copies of real genomes, matrices, recordings, images and notes that were cut short, of
// which one byte was changed, or which are named as something else, are refused with one
// error that names the file, and nobody; and nothing of them stays. Where a changed byte
// may be another value, no reader can see it.
func TestDamagedModalitiesAreRefused(t *testing.T) {
	for _, c := range copies() {
		damaged, _, _ := strings.Cut(c.files, " ")
		t.Run(c.folder+"/"+c.files, func(t *testing.T) {
			if testing.Short() && c.size(t) > 300<<10 {
				t.Skip("long")
			}
			t.Run("cut in half", func(t *testing.T) {
				c.refused(t, damaged, false, func(b []byte) []byte { return b[:len(b)/2] })
			})
			t.Run("one byte changed", func(t *testing.T) {
				err := c.refused(t, damaged, c.unseen, func(b []byte) []byte {
					b = slices.Clone(b)
					b[len(b)/2] ^= 0xff
					return b
				})
				if strings.HasSuffix(damaged, ".gz") && !strings.Contains(err, "damaged") {
					t.Errorf("what does not unpack is blamed on something else: %s", err)
				}
			})
			if c.other != "" {
				t.Run("named "+c.other, func(t *testing.T) {
					c.refused(t, c.other, false, func(b []byte) []byte { return b })
				})
			}
		})
	}
}

// size is that of the copied files.
func (c copied) size(t *testing.T) int64 {
	total := int64(0)
	for _, n := range strings.Fields(c.files) {
		info, err := os.Stat(shared(t, filepath.FromSlash(c.folder), n))
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	return total
}

// refused copies the files, with the first of them damaged and named so, and gives the
// error; "" where the damage cannot be seen.
func (c copied) refused(t *testing.T, name string, unseen bool, damage func([]byte) []byte) string {
	dir := t.TempDir()
	for i, n := range strings.Fields(c.files) {
		b, err := os.ReadFile(shared(t, filepath.FromSlash(c.folder), n))
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			n, b = name, damage(b)
		}
		if err := os.WriteFile(filepath.Join(dir, n), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	source := c.source
	if source == "" || name == c.other && c.source != "." {
		source = name
	}
	m := modality{format: c.format, variable: c.variable}
	d, dictionary := m.dataset(filepath.Join(dir, source))
	r := registry(t)
	_, err := add(t, r, d, dictionary)
	if err == nil {
		if !unseen {
			t.Error("registered")
		}
		return ""
	}
	var e *format.Error
	text := strings.ReplaceAll(err.Error(), dir, "")
	if t.Log(text); !errors.As(err, &e) || e.Mend == "" {
		t.Errorf("no error about a file, or none that says how to mend it: %v", err)
	}
	if len(text) > 1500 || strings.Contains(text, "\n") || !strings.Contains(text, strings.TrimSuffix(name, filepath.Ext(name))) && !strings.Contains(text, source) {
		t.Errorf("the error is long, or names no file: %v", err)
	}
	if c.canary != "" && strings.Contains(text, c.canary) {
		t.Errorf("the error says whose it is: %v", err)
	}
	nothingStays(t, r)
	return text
}

func nothingStays(t *testing.T, r site.Registry) {
	t.Helper()
	if names, _ := r.List(); len(names) > 0 {
		t.Errorf("registered all the same: %v", names)
	}
	left, _ := filepath.Glob(filepath.Join(r.Home, "pools", "*"))
	hidden, _ := filepath.Glob(filepath.Join(r.Home, "pools", ".*"))
	if left = append(left, hidden...); len(left) > 0 {
		t.Errorf("something of it stays: %v", left)
	}
}
