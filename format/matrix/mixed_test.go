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

// Where it is a guess which way a file lies, its names may be those of samples: none is
// suggested.
func TestNoSuggestionFromAGuess(t *testing.T) {
	path := write(t, "guess.csv", "x,first,second\nanna7,1,2\nbert8,3,4\n")
	found, err := New().(format.Wide).Find(t.Context(), path, format.Options{}, [][]string{{"anna8"}})
	if err != nil || len(found.Notes) > 0 {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := New().Open(t.Context(), path, format.Options{Columns: []string{"sample", "anna8"}}); err == nil || strings.Contains(err.Error(), "anna7") {
		t.Errorf("%v", err)
	}
}
