// Package radiomics computes features of the intensities of an image, as defined by the
// Image Biomarker Standardisation Initiative (IBSI reference manual, arXiv:1612.07003).
//
// It serves the readers of images. It knows no files.
package radiomics
