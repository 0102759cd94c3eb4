// Package standard is THE list: what the hmsp binary can do, one line a plug-in.
package standard

import (
	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/kaplanmeier"
	"hmsp.center/hmsp/analysis/linear"
	"hmsp.center/hmsp/catalog"
)

// Catalog returns the standard catalogue.
func Catalog() catalog.Catalog {
	return catalog.Catalog{
		Analyses: []analysis.Analysis{
			kaplanmeier.New(),
			linear.New(),
		},
	}
}
