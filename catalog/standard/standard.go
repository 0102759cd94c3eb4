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
	"hmsp.center/hmsp/format/csv"
	"hmsp.center/hmsp/format/fhir"
	"hmsp.center/hmsp/format/hl7"
	"hmsp.center/hmsp/format/omop"
	"hmsp.center/hmsp/format/parquet"
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
		},
	}
}
