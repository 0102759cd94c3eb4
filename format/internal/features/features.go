// Package features makes a wide format of a matrix of samples and features that fits into
// memory or can be read row by row: expression, methylation, proteins, microbiomes.
//
// It serves the formats of such files, which give a Matrix alone.
package features
