package docs_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"hmsp.center/hmsp/internal/arch"
)

const walkThrough = "docs/contributor.md"

// TestWalkThrough does what the contributor's page says: the new analysis and
// its test as they stand there, its lines in the catalogue, the conformance
// suite, the rules of the tree, and the commands with a binary built from all
// that. The module's own files are left alone: the go command lays the
// new ones over them.
func TestWalkThrough(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds a binary; left out by -short")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go command is not on the PATH")
	}
	files := map[string]string{}
	for _, b := range blocks(walkThrough, page(t, walkThrough)) {
		switch b.lang {
		case "go":
			files[b.file] = b.text
		case "diff":
			files[b.file] = patched(t, b)
		}
	}
	overlay := overlaid(t, files)
	checkTree(t, files)
	bin := t.TempDir()
	for _, args := range [][]string{
		{"go", "test", "-vet=off", "-overlay", overlay, "-c", "-o", filepath.Join(bin, "suite"), "./analysis/geometricmean"},
		{filepath.Join(bin, "suite")},
		{"go", "build", "-overlay", overlay, "-o", filepath.Join(bin, "hmsp"), "./cmd/hmsp"},
	} {
		c := exec.Command(args[0], args[1:]...)
		c.Dir = root()
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	s := newShell(t)
	s.env = append(s.env, "PATH="+bin+":"+os.Getenv("PATH"))
	s.page(walkThrough)
}

// overlaid writes the files and the go command's list of what they replace.
func overlaid(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	module, err := filepath.Abs(root())
	if err != nil {
		t.Fatal(err)
	}
	replace := map[string]string{}
	for name, text := range files {
		path := filepath.Join(dir, strings.ReplaceAll(name, "/", "+"))
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(module, name)] = path
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// patched applies a block of added lines to the file it names: each follows the
// line that stands before it in the block.
func patched(t *testing.T, b block) string {
	t.Helper()
	lines := strings.Split(page(t, b.file), "\n")
	at := -1
	for _, l := range strings.Split(strings.TrimRight(b.text, "\n"), "\n") {
		switch {
		case strings.HasPrefix(l, "@@"):
			at = -1
		case strings.HasPrefix(l, "+"):
			if at < 0 {
				t.Fatalf("%s:%d: no line before %q", b.page, b.first, l)
			}
			at++
			lines = slices.Insert(lines, at, l[1:])
		default:
			line := strings.TrimPrefix(l, " ")
			if at = slices.Index(lines, line); at < 0 {
				t.Fatalf("%s:%d: %s has no line %q", b.page, b.first, b.file, line)
			}
		}
	}
	return strings.Join(lines, "\n")
}

// checkTree holds the tree with the new files against the rules of the house.
func checkTree(t *testing.T, files map[string]string) {
	t.Helper()
	tree := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS(root()), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".go" || strings.Contains(name, "testdata/") {
			return err
		}
		b, err := os.ReadFile(filepath.Join(root(), name))
		tree[name] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	read, err := arch.Read(tree)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range arch.Check(read) {
		if strings.Contains(f.String(), "geometricmean") || strings.Contains(f.String(), "catalog/standard") {
			t.Error(f)
		}
	}
}
