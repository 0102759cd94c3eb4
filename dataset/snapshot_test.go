package dataset

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A folder that is named by a link is its files, and a link to a folder in it, which is
// not looked into, is refused: what changes there would not be noticed.
func TestTakeFollowsLinks(t *testing.T) {
	dir := folder(t, map[string]string{"a.csv": "id\n1\n", "b.csv": "id\n2\n"})
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	direct, err := Take(t.Context(), dir, "", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Take(t.Context(), link, "", nil, nil)
	if err != nil || s.Digest != direct.Digest || len(s.Files) != 2 {
		t.Fatalf("%+v, %v", s, err)
	}
	if same, err := s.Same(t.Context(), link); err != nil || !same {
		t.Errorf("another state: %v, %v", same, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "b.csv"), []byte("id\n3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if same, err := s.Same(t.Context(), link); err != nil || same {
		t.Errorf("a change is not noticed: %v, %v", same, err)
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(dir, "person")); err != nil {
		t.Fatal(err)
	}
	if _, err := Take(t.Context(), dir, "", nil, nil); err == nil || !strings.Contains(err.Error(), "link") {
		t.Errorf("a link to a folder: %v", err)
	}
}
