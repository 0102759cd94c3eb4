package docs_test

import (
	"bytes"
	"fmt"
	"testing"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/radiomics"
)

// TestCodesPage: docs/codes.md lists the measures of recordings and images as the code
// that makes them does.
func TestCodesPage(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("# Codes of recordings and images\n\n" +
		"For whoever writes a dictionary. A variable whose `code` is one of these is found in every recording or image that a site\n" +
		"registers ([how](samples.md)). Made by a test from the packages that compute them.\n\n" +
		"## Recordings of devices\n\n" +
		"| code | measure | unit | of each | plausible | how |\n|---|---|---|---|---|---|\n")
	for _, c := range activity.Codes() {
		fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s | %g to %g | %s |\n", c.Code, c.Label, c.Unit, c.Span, c.Low, c.High, c.How)
	}
	b.WriteString("\n## Images\n\nFirst-order features of the intensities, with the codes of the Image Biomarker Standardisation Initiative\n" +
		"([reference manual](https://arxiv.org/abs/1612.07003)).\n\n| code | feature |\n|---|---|\n")
	for _, c := range radiomics.Codes() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", c.Code, c.Name)
	}
	b.WriteString("| `hmsp:volume-above-800` | volume of the voxels whose intensity is above 800, in mL |\n")
	golden(t, "docs/codes.md", b.Bytes())
}
