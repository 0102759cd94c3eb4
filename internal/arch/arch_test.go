package arch

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTree holds the module against every rule of DESIGN section 3.
func TestTree(t *testing.T) {
	for _, f := range Check(readTree(t)) {
		t.Error(f)
	}
}

func readTree(t *testing.T) *Tree {
	t.Helper()
	tree, err := Read(os.DirFS(root(t)))
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Packages) < 20 {
		t.Fatalf("%d packages only: the tree was not read", len(tree.Packages))
	}
	return tree
}

// root is the folder of go.mod above the test.
func root(t *testing.T) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
}
