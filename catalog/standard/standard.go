// Package standard is THE list: what the hmsp binary can do, one line a plug-in.
package standard

import (
	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/correlation"
	"hmsp.center/hmsp/analysis/cox"
	"hmsp.center/hmsp/analysis/crosstab"
	"hmsp.center/hmsp/analysis/describe"
	"hmsp.center/hmsp/analysis/kaplanmeier"
	"hmsp.center/hmsp/analysis/linear"
	"hmsp.center/hmsp/analysis/logistic"
	"hmsp.center/hmsp/analysis/poisson"
	"hmsp.center/hmsp/catalog"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/acceleration"
	"hmsp.center/hmsp/format/applehealth"
	"hmsp.center/hmsp/format/bed"
	"hmsp.center/hmsp/format/bgen"
	"hmsp.center/hmsp/format/biom"
	"hmsp.center/hmsp/format/cgm"
	"hmsp.center/hmsp/format/csv"
	"hmsp.center/hmsp/format/dicom"
	"hmsp.center/hmsp/format/edf"
	"hmsp.center/hmsp/format/fhir"
	"hmsp.center/hmsp/format/fit"
	"hmsp.center/hmsp/format/fitbit"
	"hmsp.center/hmsp/format/gpx"
	"hmsp.center/hmsp/format/hl7"
	"hmsp.center/hmsp/format/idx"
	"hmsp.center/hmsp/format/matrix"
	"hmsp.center/hmsp/format/metaphlan"
	"hmsp.center/hmsp/format/nifti"
	"hmsp.center/hmsp/format/omop"
	"hmsp.center/hmsp/format/openmhealth"
	"hmsp.center/hmsp/format/parquet"
	"hmsp.center/hmsp/format/pgen"
	"hmsp.center/hmsp/format/picture"
	"hmsp.center/hmsp/format/qiime"
	"hmsp.center/hmsp/format/tcx"
	"hmsp.center/hmsp/format/text"
	"hmsp.center/hmsp/format/vcf"
	"hmsp.center/hmsp/format/wfdb"
)

// Catalog returns the standard catalogue.
func Catalog() catalog.Catalog {
	return catalog.Catalog{
		Analyses: []analysis.Analysis{
			describe.New(),
			crosstab.New(),
			correlation.New(),
			linear.New(),
			logistic.New(),
			poisson.New(),
			kaplanmeier.New(),
			cox.New(),
		},
		Formats: []format.Format{
			csv.Format{},
			parquet.Format{},
			fhir.Format{},
			hl7.Format{},
			omop.Format{Files: []format.Format{csv.Format{}, parquet.Format{}}},
			vcf.New(),
			bed.New(),
			pgen.New(),
			bgen.New(),
			matrix.New(),
			biom.New(),
			qiime.New(),
			metaphlan.New(),
			fitbit.New(),
			applehealth.New(),
			fit.New(),
			tcx.New(),
			gpx.New(),
			openmhealth.New(),
			cgm.New(),
			wfdb.New(),
			edf.New(),
			acceleration.New(),
			dicom.New(),
			nifti.New(),
			picture.New(),
			idx.New(),
			text.New(),
		},
	}
}
