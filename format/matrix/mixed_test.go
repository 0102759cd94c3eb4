package matrix

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
)

// A sample is not lost without a word because a cell of it is no number.
func TestSamplesWithTextsAreTold(t *testing.T) {
	for text, told := range map[string]bool{
		"gene\tS1\tS2\nA\t<5\t2\nB\t3\t4\nC\t7\t4\n":           true,
		"gene\tsymbol\tS1\nA\tx\t2\nB\t\t4\nC\ty\t4\nD\t\t4\n": false,
	} {
		path := filepath.Join(t.TempDir(), "m.tsv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := New().Describe(t.Context(), path, format.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(strings.Join(d.Notes, "; "), "write what is no number as NA"); got != told {
			t.Errorf("%q: notes %q", text, d.Notes)
		}
	}
}
