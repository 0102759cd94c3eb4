package docs_test

import (
	"go/format"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	link     = regexp.MustCompile(`!?\[[^\]]*\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	notWords = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestLinks follows every link between pages, pictures and source files, to the
// heading where one is named.
func TestLinks(t *testing.T) {
	reached := map[string]bool{"README.md": true}
	for _, name := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(withoutBlocks(page(t, name)), -1) {
			to, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(to, "://") {
				continue
			}
			target := name
			if to != "" {
				target = path.Join(path.Dir(name), to)
			}
			if _, err := os.Stat(filepath.Join(root(), target)); err != nil {
				t.Errorf("%s links to %s, which is not there", name, m[1])
				continue
			}
			reached[target] = true
			if anchor != "" && !slices.Contains(anchors(page(t, target)), anchor) {
				t.Errorf("%s links to %s, where no heading is %q", name, m[1], anchor)
			}
		}
	}
	for _, name := range pages(t) {
		if !reached[name] && !named(t, name) {
			t.Errorf("no page links to %s or names it", name)
		}
	}
}

// named says whether another page names a page in words.
func named(t *testing.T, name string) bool {
	return slices.ContainsFunc(pages(t), func(p string) bool {
		return p != name && strings.Contains(page(t, p), "`"+name+"`")
	})
}

// anchors are the names under which a page's headings are linked to.
func anchors(text string) []string {
	var out []string
	for _, m := range heading.FindAllStringSubmatch(withoutBlocks(text), -1) {
		out = append(out, strings.ReplaceAll(notWords.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return out
}

func withoutBlocks(text string) string {
	lines := strings.Split(text, "\n")
	for _, b := range slices.Backward(blocks("", text)) {
		lines = slices.Delete(lines, b.first, b.end)
	}
	return strings.Join(lines, "\n")
}

// TestGoSnippetsAreFormatted: what a page shows of Go is gofmt's. That they
// compile is TestWalkThrough's.
func TestGoSnippetsAreFormatted(t *testing.T) {
	for _, name := range pages(t) {
		for _, b := range blocks(name, page(t, name)) {
			if b.lang != "go" {
				continue
			}
			if b.file == "" {
				t.Errorf("%s:%d: a Go snippet names its file, so that the walk-through's test compiles it", name, b.first)
			}
			got, err := format.Source([]byte(b.text))
			if err != nil {
				t.Errorf("%s:%d: %v", name, b.first, err)
			} else if string(got) != b.text {
				t.Errorf("%s:%d: the snippet is not formatted as gofmt does", name, b.first)
			}
		}
	}
}

// TestGeneratedSchemas: docs/schema holds what `hmsp schema` prints.
func TestSchemas(t *testing.T) {
	s := newShell(t)
	for _, name := range []string{"charter", "dictionary", "study", "dataset", "member", "card", "hub", "budget", "roles"} {
		out, err := s.run("hmsp schema " + name)
		if err != nil {
			t.Fatalf("hmsp schema %s: %v\n%s", name, err, out)
		}
		golden(t, "docs/schema/"+name+".json", []byte(strings.TrimRight(out, "\n")+"\n"))
	}
	files, err := filepath.Glob("schema/*.json")
	if err != nil || len(files) != 9 {
		t.Errorf("docs/schema holds %d schemas (%v), hmsp prints 9", len(files), err)
	}
}

// TestPicture: the picture in the README is what the product draws of the demo's
// study.
func TestPicture(t *testing.T) {
	s := newShell(t)
	out, err := s.run("hmsp study run study.yaml --dictionary dictionary.yaml $(for s in east lakes north plains south west; do echo --site $s=lung/$s.csv; done) --out result")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	svg, err := os.ReadFile(filepath.Join(s.dir, "result/survival/survival.svg"))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "docs/images/survival.svg", svg)
}
