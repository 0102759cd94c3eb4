package audit

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// row is a kind's line in docs/audit.md.
func (k Kind) row() string {
	var facts []string
	for _, f := range k.Facts {
		text := "`" + f.Key + "` (" + string(f.Form)
		if f.Form == Word {
			text = "`" + f.Key + "` (" + strings.Join(f.Words, ", ")
		}
		if f.Optional {
			text += "; not always"
		}
		facts = append(facts, text+")")
	}
	return fmt.Sprintf("| `%s` | %s | %s |\n", k.Name, k.Means, strings.Join(facts, ", "))
}

// TestCatalogueIsDocumented: docs/audit.md has the catalogue as it is, and ends with it.
func TestCatalogueIsDocumented(t *testing.T) {
	path := filepath.Join("..", "docs", "audit.md")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const head = "| kind | what it means | facts |\n|---|---|---|\n"
	before, got, ok := strings.Cut(string(b), head)
	if !ok {
		t.Fatalf("%s has no table of kinds", path)
	}
	want := ""
	for _, k := range Kinds() {
		want += k.row()
	}
	if *update {
		write(t, path, []byte(before+head+want))
	} else if got != want {
		t.Errorf("the table of kinds in %s is not the program's: run `go test ./audit -run Documented -update` and look at the difference", path)
	}
}
