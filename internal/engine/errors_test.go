package engine

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/federation"
)

// constants are the string constants of a file whose names begin so.
func constants(t *testing.T, file, prefix string) (out []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 || !strings.HasPrefix(v.Names[0].Name, prefix) {
			return true
		}
		if lit, ok := v.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
			text, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, text)
		}
		return true
	})
	return out
}

// TestErrorsAreDocumented: docs/errors.md lists every kind of error that crosses a
// boundary and no other, and tells of the hub's what the hub tells.
func TestErrorsAreDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "errors.md"))
	if err != nil {
		t.Fatal(err)
	}
	reasons := constants(t, "event.go", "Reason")
	kinds := constants(t, filepath.Join("..", "..", "federation", "kind.go"), "Kind")
	if len(reasons) < 12 || len(kinds) < 21 {
		t.Fatalf("%d reasons and %d kinds only: the constants were not found", len(reasons), len(kinds))
	}
	_, wire, ok := strings.Cut(string(page), "## What the hub answers")
	if !ok {
		t.Fatal("the page has no section on the hub's answers")
	}
	for _, k := range reasons {
		if got := (Reason{k, "why"}).tidy(); got.Kind != k {
			t.Errorf("the kind %q does not survive the way to another party", k)
		}
	}
	for _, name := range kinds {
		k := federation.Kind(name)
		if row := fmt.Sprintf("| `%s` | %d | %s | %s |\n", k, k.Status(), k.Text(), k.Mend()); !strings.Contains(wire, row) {
			t.Errorf("docs/errors.md lacks this row, or has it otherwise:\n%s", row)
		}
	}
	all := append(slices.Clone(reasons), kinds...)
	var listed []string
	for line := range strings.Lines(string(page)) {
		if rest, ok := strings.CutPrefix(line, "| `"); ok {
			name, _, _ := strings.Cut(rest, "`")
			listed = append(listed, name)
		}
	}
	slices.Sort(all)
	slices.Sort(listed)
	if !slices.Equal(all, listed) {
		t.Errorf("docs/errors.md lists\n%v\nthe program has\n%v", listed, all)
	}
}
