// Package docs_test holds the documentation against the product: every command
// that a page shows is typed and its output compared, every link is followed,
// every Go snippet compiled, and the generated pages are what the product says
// of itself.
package docs_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/internal/cli"
)

var update = flag.Bool("update", false, "rewrite generated pages, pictures, and the outputs that differ")

// TestMain lets the test binary be hmsp itself, as the scripts call it and as
// `hmsp demo` starts it again for each party.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "hmsp" || len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
		hmsp()
	}
	os.Exit(m.Run())
}

// root is the module's folder.
func root() string { return ".." }

// pages lists every page of the documentation, by path below the module.
func pages(t *testing.T) []string {
	t.Helper()
	out := []string{"README.md"}
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".md" {
			out = append(out, filepath.ToSlash(filepath.Join("docs", path)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 12 {
		t.Fatalf("%d pages only: the documentation was not found", len(out))
	}
	return out
}

func page(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root(), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A block is one fenced piece of a page.
type block struct {
	page       string
	first, end int // lines of the text between the fences: first..end-1
	lang, file string
	text       string
}

// blocks reads the fenced pieces of a page. The word after the language names
// the file that the piece is: "```yaml study.yaml".
func blocks(page, text string) []block {
	var out []block
	var open *block
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		fence := strings.TrimSpace(l)
		switch {
		case !strings.HasPrefix(fence, "```"):
		case open == nil:
			lang, file, _ := strings.Cut(strings.TrimPrefix(fence, "```"), " ")
			open = &block{page: page, first: i + 1, lang: lang, file: file}
		default:
			open.end = i
			open.text = strings.Join(lines[open.first:i], "\n") + "\n"
			out = append(out, *open)
			open = nil
		}
	}
	return out
}

// golden compares a generated file with what is published, or rewrites it.
func golden(t *testing.T, name string, want []byte) {
	t.Helper()
	path := filepath.Join(root(), name)
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s is not what the product says: run `go test ./docs -update` and look at the difference", name)
	}
}

func hmsp() {
	os.Exit(cli.Run(context.Background(), standard.Catalog(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
