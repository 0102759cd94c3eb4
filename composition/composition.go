// Package composition computes with counts of taxa, which are compositional: log-ratios,
// rarefaction and diversity.
//
// It serves the readers of microbiome tables. It knows no files.
package composition
