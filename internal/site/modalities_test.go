package site_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"testing"

	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/table"
)

type modality struct {
	path, format, table string
	column, code        string
	unit                string
	check               func(t *testing.T, x []float64)
}

func TestZZ(t *testing.T) {
	out, _ := os.Create("/tmp/dt/mod.txt")
	defer out.Close()
	for _, m := range []modality{
		{path: "genomics/gwas_chr10_cc/gwas_chr10_cc.bed", column: "rs7475011"},
		{path: "genomics/kg_phase1/kg_phase1.bed", column: "rs1571150"},
		{path: "genomics/regenie_example/example.bed", column: "4"},
		{path: "genomics/regenie_example/example.bgen", column: "4"},
		{path: "genomics/regenie_example/example.pgen", column: "4"},
		{path: "genomics/regenie_example/example_3chr.bed", column: "mog_0"},
		{path: "genomics/kg_chr20_eur/siteA_300_phased.vcf.gz", column: "rs190836616"},
		{path: "genomics/kg_chr20_eur/siteB_203_unphased.vcf.gz", column: "rs190836616"},
		{path: "genomics/kg_chr21_2504/kg3_chr21_start.vcf.gz", column: "rs181691356"},
		{path: "expression/all_top4000.csv.gz", column: "1005_at"},
		{path: "expression/golub_38x3051.csv.gz", format: "matrix", column: "X95735_at"},
		{path: "expression/methylation_37x5000_mvalues.csv.gz", format: "matrix", code: "cpg:cg08446924"},
		{path: "expression/tcga_breast_mirna_test.csv.gz", column: "hsa-mir-17"},
		{path: "expression/tcga_breast_mirna_train.csv.gz", column: "hsa-mir-17"},
		{path: "expression/tcga_breast_mrna_test.csv.gz", column: "library_size"},
		{path: "expression/tcga_breast_mrna_train.csv.gz", column: "median"},
		{path: "expression/tcga_breast_protein_train.csv.gz", column: "ACC1"},
		{path: "microbiome/dietswap_otu.csv.gz", column: "shannon"},
		{path: "microbiome/enterotype_otu.csv.gz", column: "shannon"},
		{path: "microbiome/hmp_most_diverse_162x1674.csv.gz", column: "shannon"},
		{path: "microbiome/peerj32_lipids.csv.gz", column: "median"},
		{path: "microbiome/peerj32_otu.csv.gz", format: "matrix", column: "shannon"},
		{path: "microbiome/globalpatterns_otu.csv.gz", format: "matrix", column: "shannon"},
		{path: "microbiome/esophagus_otu.csv.gz", format: "matrix", column: "library_size"},
		{path: "microbiome/biom/test.json", column: "library_size"},
		{path: "microbiome/biom/test.biom", column: "library_size"},
		{path: "microbiome/biom/json_sample_collapsed.biom", column: "library_size"},
		{path: "microbiome/biom/1000x100x0.010_bench_hdf5.biom.gz", format: "biom", column: "library_size"},
		{path: "wearable/fitbit", code: "loinc:41950-7"},
		{path: "wearable/fitbit/dailyActivity_merged.csv", code: "loinc:41950-7"},
		{path: "wearable/apple-health", code: "loinc:41950-7"},
		{path: "wearable/apple-health/export_1503960366.xml", code: "loinc:41950-7"},
		{path: "wearable/cgm_5_subjects.csv.gz", code: "loinc:97507-8", unit: "mg/dL"},
		{path: "wearable/ecg", code: "loinc:8867-4", unit: "/min"},
		{path: "wearable/ecg/100.hea", code: "loinc:8867-4", unit: "/min"},
		{path: "wearable/fit", code: "loinc:55430-3"},
		{path: "wearable/fit/garmin-fenix-5-walk.fit", code: "hmsp:heart-rate-hour-highest"},
		{path: "wearable/gpx", code: "hmsp:speed"},
		{path: "wearable/tcx", code: "loinc:8867-4"},
		{path: "wearable/openmhealth_testdata.ndjson", code: "loinc:8867-4"},
		{path: "wearable/openmhealth_testdata.ndjson", format: "openmhealth", code: "loinc:8867-4"},
		{path: "imaging/dicom/burned-in-text", code: "ibsi:Q4LE"},
		{path: "imaging/dicom/deid-data", code: "ibsi:Q4LE"},
		{path: "imaging/dicom/pydicom-data", code: "ibsi:Q4LE"},
		{path: "imaging/dicom/pydicom-test_files", code: "ibsi:Q4LE"},
		{path: "imaging/dicom", code: "ibsi:Q4LE"},
		{path: "imaging/nifti/colin27", code: "ibsi:Q4LE"},
		{path: "imaging/nifti/nibabel", code: "ibsi:Q4LE"},
		{path: "imaging/pneumoniamnist/train-images-idx3-ubyte.gz", column: "mean"},
		{path: "imaging/pneumoniamnist/val-images-idx3-ubyte.gz", column: "label"},
		{path: "imaging/pneumoniamnist/test-images-idx3-ubyte.gz", column: "mean"},
		{path: "text/aci_bench_train.csv", code: "hmsp:note-words"},
		{path: "text/grascco_phi.ndjson", code: "hmsp:note-words"},
		{path: "text/presidio_synth_dataset_v2.json", code: "hmsp:note-words"},
	} {
		fmt.Fprintf(out, "\n=== %s\n", m.path)
		d := dataset.File("x", shared(t, m.path))
		d.Format = m.format
		dict := table.Schema{{Name: "v", Kind: table.Number, Code: m.code, Unit: m.unit, Min: -1e9, Max: 1e9}}
		if m.column != "" {
			d.Mapping = map[string]dataset.Source{"v": {Column: m.column}}
		}
		r := registry(t)
		pr, err := r.Loader.Propose(t.Context(), d, dict)
		fmt.Fprintf(out, "propose %s shape %v notes %q asks %q err %v\n", pr.Format, pr.Shape, pr.Notes, pr.Asks, err)
		if err != nil {
			continue
		}
		p, err := add(t, r, d, dict)
		if err != nil {
			fmt.Fprintf(out, "add: %v\n", err)
			continue
		}
		fmt.Fprintf(out, "rows %d people %d absent %v notes %q checks %+v\n", p.Rows, p.People, p.Absent, p.Notes, p.Checks)
		k, err := r.Open(t.Context(), "x", dict)
		if err != nil {
			fmt.Fprintf(out, "open: %v\n", err)
			continue
		}
		x, err := values(t, k, pr.Shape)
		n, s := 0, 0.0
		for _, v := range x {
			if !math.IsNaN(v) {
				n++
				s += v
			}
		}
		fmt.Fprintf(out, "VALUES n %d mean %.10g err %v first %v\n", n, s/float64(n), err, x[:min(len(x), 3)])
		k.Close()
	}
}

func values(t *testing.T, k *dataset.Kept, s dataset.Shape) ([]float64, error) {
	if s == dataset.Rows {
		got, err := k.Rows(t.Context(), k.Variables)
		if err != nil {
			return nil, err
		}
		return got.Numbers("v"), nil
	}
	h, err := k.History(t.Context(), "v")
	if err != nil {
		return nil, err
	}
	e, ok := h.Lookup("v")
	if !ok {
		return nil, errors.New("no events")
	}
	return e.Values.Numbers, nil
}
