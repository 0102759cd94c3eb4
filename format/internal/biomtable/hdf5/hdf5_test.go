package hdf5

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"
)

// shared is a file of the shared data, or the test is skipped.
func shared(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			path := filepath.Join(dir, "..", "shared", "data", "microbiome", "biom", name)
			if _, err := os.Stat(path); err != nil {
				t.Skip("the shared data are not beside the checkout: " + name)
			}
			return path
		}
	}
	t.Skip("the test does not run in a checkout")
	return ""
}

// contents are the values of all datasets of a file.
func contents(path string) (map[string]any, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	objects, err := f.Datasets()
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	for _, o := range objects {
		d, err := f.Dataset(o)
		if err != nil {
			return nil, err
		}
		switch d.Kind {
		case Text, Letters:
			out[o.Path], err = d.Strings()
		case Integer, Real:
			out[o.Path], err = d.Numbers()
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func TestRealFile(t *testing.T) {
	got, err := contents(shared(t, "test.biom"))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]any{
		"/sample/ids":                []string{"Sample1", "Sample2", "Sample3", "Sample4", "Sample5", "Sample6"},
		"/observation/matrix/indptr": []float64{0, 1, 6, 9, 13, 15},
		"/sample/metadata/BODY_SITE": []string{"gut", "gut", "gut", "skin", "skin", "skin"},
	} {
		if !reflect.DeepEqual(got[path], want) {
			t.Errorf("%s: %v", path, got[path])
		}
	}
	if n := len(got["/observation/metadata/taxonomy"].([]string)); n != 35 {
		t.Errorf("%d taxa", n)
	}
}

// The same file in other storage, as h5repack writes it, holds the same values.
func TestOtherStorage(t *testing.T) {
	if _, err := exec.LookPath("h5repack"); err != nil {
		t.Skip("there is no h5repack here")
	}
	for _, name := range []string{"test.biom", "1000x100x0.010_bench_hdf5.biom.gz"} {
		path := shared(t, name)
		want, err := contents(path)
		if err != nil {
			t.Fatal(err)
		}
		for what, options := range map[string][]string{
			"in one piece": {"-l", "CONTI"}, "unpacked": {"-f", "NONE"}, "shuffled": {"-f", "SHUF", "-f", "GZIP=9"},
			"many chunks": {"-l", "/sample/matrix/data,/observation/matrix/data,/sample/ids:CHUNK=4"}, "compact": {"-l", "/sample/matrix/indptr:COMPA"},
		} {
			again := filepath.Join(t.TempDir(), "x.h5")
			if out, err := exec.CommandContext(t.Context(), "h5repack", append(options, path, again)...).CombinedOutput(); err != nil {
				t.Errorf("h5repack %s: %s", what, out)
				continue
			}
			got, err := contents(again)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s: other values, %v", name, what, err)
			}
		}
		latest := filepath.Join(t.TempDir(), "x.h5")
		if out, err := exec.CommandContext(t.Context(), "h5repack", "-L", path, latest).CombinedOutput(); err != nil {
			t.Errorf("h5repack: %s", out)
		} else if _, err := contents(latest); !errors.Is(err, ErrLayout) {
			t.Errorf("%s in the newest layout: %v", name, err)
		}
	}
}

// A file that is cut anywhere is refused.
func TestCut(t *testing.T) {
	data, err := os.ReadFile(shared(t, "test.biom"))
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(data); n += 211 {
		if _, err := Open(bytes.NewReader(data[:n]), int64(n)); err == nil {
			t.Fatalf("cut at %d of %d", n, len(data))
		}
	}
}

func TestUnshuffle(t *testing.T) {
	if got := unshuffle([]byte{1, 3, 2, 4, 9}, 2); !bytes.Equal(got, []byte{1, 2, 3, 4, 9}) {
		t.Errorf("%v", got)
	}
}
