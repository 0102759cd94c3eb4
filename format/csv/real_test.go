package csv

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
)

// Every table of the shared data is read as when nothing was detected: detection says
// what the file shows, and takes no published table for another.
func TestRealFilesAreReadAsBefore(t *testing.T) {
	root := "."
	for range 6 {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		root = filepath.Join(root, "..")
	}
	root = filepath.Join(root, "..", "shared", "data")
	if _, err := os.Stat(root); err != nil {
		t.Skipf("the shared data is not here: %v", err)
	}
	files := 0
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil || !e.Type().IsRegular() || !(strings.HasSuffix(path, ".csv") || strings.HasSuffix(path, ".csv.gz") || strings.HasSuffix(path, ".tsv")) || info.Size() > 200<<10 || testing.Short() && files >= 20 {
			return err
		}
		want, err := formattest.ReadAll(t.Context(), Format{}, path, format.Options{Encoding: "utf-8", Decimal: "."})
		if err != nil {
			return nil // refused before; what is made of it is no matter of this test
		}
		files++
		d, err := Format{}.Describe(t.Context(), path, format.Options{})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		got, err := formattest.ReadAll(t.Context(), Format{}, path, format.Options{})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: other rows, %v", path, err)
		}
		name, _ := filepath.Rel(root, path)
		if d.Detected.Encoding != "utf-8" || d.Detected.Decimal != "." {
			t.Errorf("%s: %+v", name, d.Detected)
		}
		t.Logf("%s: %q", name, d.Notes)
		return nil
	})
	if err != nil || files == 0 {
		t.Errorf("%d files, %v", files, err)
	}
}
