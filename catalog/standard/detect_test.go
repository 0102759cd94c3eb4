package standard_test

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/format"
)

// A detection is what the files of a pattern are, by path.Match below the public data, or
// what the one error about each says.
type detection struct{ pattern, format, refusal string }

const (
	untold  = "cannot be told"
	belongs = "this file belongs to"
)

// detections are the kinds of all public files and folders; the first that matches
// holds. Folders that are no source of their own are refused.
func detections() []detection {
	return []detection{
		// A table that other programs keep beside genotypes is a table.
		{"genomics/*/*.bed", "bed", ""},
		{"genomics/*/*.bgen", "bgen", ""},
		{"genomics/*/*.pgen", "pgen", ""},
		{"genomics/*/*.vcf.gz", "vcf", ""},
		{"genomics/*/*.bim", "", belongs},
		{"genomics/*/*.fam", "", belongs},
		{"genomics/*/*.bgi", "", belongs},
		{"genomics/*/*.psam", "", belongs},
		{"genomics/*/*.pvar", "", belongs},
		{"genomics/*/*.regenie", "", untold},
		{"genomics/*/*.*", "csv", ""},
		{"genomics/gwas_chr10_cc", "bed", ""},
		{"genomics/kg_phase1", "bed", ""},
		{"genomics/kg_chr*", "vcf", ""},
		{"genomics/regenie_example", "", "sources of several kinds: bed, pgen, bgen"},

		// Matrices: what has a hundred columns of numbers says so itself; a narrower one
		// could be any table, and a person says what it is: --format matrix.
		{"expression/all_top4000.csv.gz", "matrix", ""},
		{"expression/tcga_breast_m*.csv.gz", "matrix", ""},
		{"expression/tcga_breast_protein*", "matrix", ""},
		{"expression/golub_38x3051.csv.gz", "csv", ""},
		{"expression/methylation_37x5000_mvalues.csv.gz", "csv", ""},
		{"expression/*_*.csv", "csv", ""},
		{"microbiome/dietswap_otu.csv.gz", "matrix", ""},
		{"microbiome/enterotype_otu.csv.gz", "matrix", ""},
		{"microbiome/hmp_most_diverse_162x1674.csv.gz", "matrix", ""},
		{"microbiome/peerj32_lipids.csv.gz", "matrix", ""},
		{"microbiome/esophagus_otu.csv.gz", "csv", ""},
		{"microbiome/globalpatterns_otu.csv.gz", "csv", ""},
		{"microbiome/peerj32_otu.csv.gz", "csv", ""},
		{"microbiome/*_taxonomy.csv.gz", "csv", ""},
		{"microbiome/*_samples.csv", "csv", ""},
		{"microbiome/biom/*.gz", "", "not compressed"}, // HDF5 under the name of gzip
		{"microbiome/biom/*", "biom", ""},

		{"wearable/apple-health", "applehealth", ""},
		{"wearable/apple-health/*", "applehealth", ""},
		{"wearable/cgm_5_subjects.csv.gz", "cgm", ""},
		{"wearable/ecg", "wfdb", ""},
		{"wearable/ecg/*.hea", "wfdb", ""},
		{"wearable/ecg/*", "", belongs},
		{"wearable/fit", "fit", ""},
		{"wearable/fit/*.csv", "csv", ""},
		{"wearable/fit/*", "fit", ""},
		{"wearable/fitbit", "fitbit", ""},
		{"wearable/fitbit/*", "fitbit", ""},
		{"wearable/gpx", "gpx", ""},
		{"wearable/gpx/*", "gpx", ""},
		{"wearable/tcx", "tcx", ""},
		{"wearable/tcx/*", "tcx", ""},
		{"wearable/openmhealth_testdata.ndjson", "fhir", ""}, // bodies in an envelope of the tests; opening it is refused

		{"imaging/dicom", "dicom", ""},
		{"imaging/dicom/INVENTORY.csv", "csv", ""},
		{"imaging/dicom/burned_in_text_truth.json", "text", ""}, // objects with a text
		{"imaging/dicom/*/README.txt", "text", ""},
		{"imaging/dicom/*/*/README.txt", "text", ""},
		{"imaging/dicom/*/no_meta.dcm", "", "the name says dicom"}, // its first byte is lost
		{"imaging/dicom/*/*.icc", "", untold},
		{"imaging/dicom/*/*.json", "", "a file that ends in .json"}, // DICOM as JSON
		{"imaging/dicom/*/zipMR.gz", "", untold},
		{"imaging/dicom/*/dicomdirtests/TINY_ALPHA/PT000000", "", untold}, // images are three levels deeper
		{"imaging/dicom/**", "dicom", ""},
		{"imaging/nifti", "nifti", ""},
		{"imaging/nifti/*", "nifti", ""},
		{"imaging/nifti/*/*.dcm.gz", "", "the name says dicom packed with gzip"},
		{"imaging/nifti/*/*.txt", "csv", ""}, // names of regions
		{"imaging/nifti/*/*", "nifti", ""},
		{"imaging/pneumoniamnist", "", untold}, // three sets of images
		{"imaging/pneumoniamnist/*-images-*", "idx", ""},
		{"imaging/pneumoniamnist/*-labels-*", "", belongs},

		{"text/*", "text", ""},

		// What was read before there were other formats stays what it was.
		{"clinical/*/*/*.csv", "csv", ""},
		{"clinical/*/*.csv", "csv", ""},
		{"fhir/mii-consent/kerndatensatzmodul-consent/*.md", "csv", ""},
		{"fhir/**", "fhir", ""},
		{"fhir", "fhir", ""},
		{"omop/gibleed", "omop", ""},
		{"omop/synthea27nj", "omop", ""},
		{"omop/*/*.csv", "csv", ""},
		{"omop/*/*.csv.gz", "csv", ""},
		{"anonymisation/arx-test/readme.txt", "text", ""},
		{"anonymisation/*/*.csv", "csv", ""},
		{"causal/*.*", "csv", ""},
		{"causal/*/*.*", "csv", ""},

		{"*", "", untold},
		{"clinical/*", "", untold},
		{"clinical/multisite/*", "", untold},
		{"microbiome/biom", "", untold},
		{"anonymisation/*", "", untold},
		{"causal/*", "", untold},
	}
}

// Every public file and folder is told to be what it is, or refused in one error that
// says what to do. No format takes what is another's.
func TestEverySourceIsDetected(t *testing.T) {
	root := filepath.Join("..", "..", "..", "shared", "data")
	formats, table := standard.Catalog().Formats, detections()
	used := make([]bool, len(table))
	for _, top := range []string{"genomics", "expression", "microbiome", "wearable", "imaging", "text", "clinical", "fhir", "omop", "anonymisation", "causal"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(at string, _ fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				t.Skipf("the shared data is not here: %v", err)
			}
			if err != nil {
				return err
			}
			name, err := filepath.Rel(root, at)
			if err != nil {
				return err
			}
			name = filepath.ToSlash(name)
			for i, d := range table {
				if !d.matches(name) {
					continue
				}
				used[i] = true
				f, err := format.DetectSource(formats, at)
				d.check(t, name, f, err)
				return nil
			}
			t.Errorf("%s: what it is stands nowhere", name)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, yes := range used {
		if !yes {
			t.Errorf("%s: there is no such file", table[i].pattern)
		}
	}
}

// Messages of HL7 stay what they were, too.
func TestMessagesAreDetected(t *testing.T) {
	folder := filepath.Join("..", "..", "format", "hl7", "testdata")
	files, err := filepath.Glob(filepath.Join(folder, "*.hl7"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, at := range append(files, folder) {
		if f, err := format.DetectSource(standard.Catalog().Formats, at); err != nil || f.Name() != "hl7" {
			t.Errorf("%s: want hl7: %v", at, err)
		}
	}
}

// matches is path.Match, with /** for everything below a folder.
func (d detection) matches(name string) bool {
	if folder, below := strings.CutSuffix(d.pattern, "/**"); below {
		return strings.HasPrefix(name, folder+"/")
	}
	ok, err := path.Match(d.pattern, name)
	return ok && err == nil
}

func (d detection) check(t *testing.T, name string, f format.Format, err error) {
	if d.refusal == "" {
		if err != nil || f.Name() != d.format {
			t.Errorf("%s: want %s: %v", name, d.format, err)
		}
		return
	}
	var e *format.Error
	if !errors.As(err, &e) || !strings.Contains(e.Text, d.refusal) || !strings.HasSuffix(filepath.ToSlash(e.File), name) || e.Mend == "" {
		t.Errorf("%s: want an error that says %q and what to do: %v", name, d.refusal, err)
	}
}
