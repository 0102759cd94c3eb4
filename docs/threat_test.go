package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The threat model names a test for every promise, in the package beside it:
// each of them exists there.
func TestThreatModelNamesTests(t *testing.T) {
	page, err := os.ReadFile("threat-model.md")
	if err != nil {
		t.Fatal(err)
	}
	defined := map[string]string{} // test -> folders that have it
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		src, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(src), -1) {
			defined[m[1]] += " " + filepath.ToSlash(filepath.Dir(path)) + " "
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	group := regexp.MustCompile("((?:`Test\\w+`(?:, )?)+) in `([\\w/.]+)`")
	for _, m := range group.FindAllStringSubmatch(string(page), -1) {
		for _, name := range regexp.MustCompile(`Test\w+`).FindAllString(m[1], -1) {
			named++
			if !strings.Contains(defined[name], " ../"+m[2]+" ") {
				t.Errorf("threat-model.md names %s in %s, which is not there", name, m[2])
			}
		}
	}
	if all := len(regexp.MustCompile("`Test\\w+`").FindAllString(string(page), -1)); named != all || named < 20 {
		t.Errorf("%d of %d tests stand with their package", named, all)
	}
	for _, row := range strings.Split(string(page), "\n") {
		if strings.HasPrefix(row, "| ") && strings.Count(row, "|") == 5 && !strings.Contains(row, "Test") && !strings.HasPrefix(row, "| promise ") {
			t.Errorf("a promise without a test: %s", row)
		}
	}
}
