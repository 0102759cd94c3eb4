package pool

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// small makes a pool for a test to damage.
func small(t testing.TB) string {
	path := filepath.Join(t.TempDir(), "p")
	m := many(1000)
	_, tables := golden()
	store(t, path, Options{}, 1000, append(tables, m)...)
	return path
}

func edit(t testing.TB, path string, f func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, f(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestOpenRefuses what Open can see, in words and without a fault.
func TestOpenRefuses(t *testing.T) {
	const many, people, doc = "0003-many.arrow", "0001-people.arrow", documentName
	replace := func(from, to string) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.Replace(b, []byte(from), []byte(to), 1) }
	}
	for name, c := range map[string]struct {
		file string
		f    func([]byte) []byte
	}{
		"a file cut short":      {many, func(b []byte) []byte { return b[:len(b)-1] }},
		"a file of nothing":     {many, func([]byte) []byte { return nil }},
		"a file with more":      {many, func(b []byte) []byte { return append(b, 0) }},
		"no document":           {doc, func([]byte) []byte { return nil }},
		"a document cut short":  {doc, func(b []byte) []byte { return b[:len(b)/2] }},
		"a document with more":  {doc, func(b []byte) []byte { return append(b, "{}"...) }},
		"a space in it":         {doc, replace(`,`, `, `)},
		"another version":       {doc, replace(`pool/v1`, `pool/v2`)},
		"another field":         {doc, replace(`"rows"`, `"Rows"`)},
		"a table of other rows": {doc, replace(`"rows":1000`, `"rows":1001`)},
		"another kind":          {doc, replace(`"kind":"int32"`, `"kind":"int64"`)},
		"no kind":               {doc, replace(`"kind":"int32"`, `"kind":"int16"`)},
		"a file elsewhere":      {doc, replace(people, `../p/`+people)},
		"another's file":        {doc, replace(people, many)},
		"another offset":        {doc, replace(`"offset":704`, `"offset":768`)},
		"a huge offset":         {doc, replace(`"offset":640`, `"offset":9223372036854775744`)},
		"a column twice":        {doc, replace(`"name":"patient"`, `"name":"time"`)},
		"a table twice":         {doc, replace(`"name":"people"`, `"name":"empty"`)},
		"a phantom order":       {doc, replace(`["patient"`, `["patients"`)},
		"a negative size":       {doc, replace(`"rows":1000`, `"rows":-1000`)},
	} {
		path := small(t)
		edit(t, filepath.Join(path, c.file), c.f)
		p, err := Open(path)
		if err == nil {
			p.Close()
		}
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpenRefusesOthersFiles(t *testing.T) {
	for name, c := range map[string]struct {
		break_ func(path string) error
		says   string
	}{
		"a folder for all":     {func(p string) error { return os.Chmod(p, 0o777) }, "another account"},
		"a file for the group": {func(p string) error { return os.Chmod(filepath.Join(p, "0003-many.arrow"), 0o660) }, "another account"},
		"a document for all":   {func(p string) error { return os.Chmod(filepath.Join(p, documentName), 0o666) }, "another account"},
		"a missing file":       {func(p string) error { return os.Remove(filepath.Join(p, "0003-many.arrow")) }, "is gone"},
		"no document":          {func(p string) error { return os.Remove(filepath.Join(p, documentName)) }, "no pool"},
		"a folder as a file": {func(p string) error {
			f := filepath.Join(p, "0003-many.arrow")
			os.Remove(f)
			return os.Mkdir(f, 0o700)
		}, "another kind"},
		"a link to the file": {func(p string) error {
			f := filepath.Join(p, "0003-many.arrow")
			os.Rename(f, f+"x")
			return os.Symlink(f+"x", f)
		}, "is a link"},
		"a document as a link": {func(p string) error {
			f := filepath.Join(p, documentName)
			os.Rename(f, f+"x")
			return os.Symlink(f+"x", f)
		}, "is a link"},
		"a file for the folder": {func(p string) error { os.RemoveAll(p); return os.WriteFile(p, nil, 0o600) }, "another kind"},
	} {
		path := small(t)
		if err := c.break_(path); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "no")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing at all: %v", err)
	}
}

// TestVerifyFindsEveryFlippedByte of a file: SHA-256 all, CRC32C those that it covers.
func TestVerifyFindsEveryFlippedByte(t *testing.T) {
	path := small(t)
	file := filepath.Join(path, "0000-event-ldl.arrow")
	clean, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	padding := 0
	for i := range clean {
		if testing.Short() && i%11 > 0 {
			continue
		}
		broken := bytes.Clone(clean)
		broken[i] ^= 1 << (i % 8)
		edit(t, file, func([]byte) []byte { return broken })
		p := mustOpen(t, path)
		byColumn := p.Verify(t.Context(), "event/LDL", "patient", "time", "value")
		whole := p.Verify(t.Context(), "event/LDL")
		p.Close()
		if !errors.Is(whole, ErrDamaged) {
			t.Fatalf("byte %d: %v", i, whole)
		}
		if byColumn == nil {
			padding++
		} else if !errors.Is(byColumn, ErrDamaged) {
			t.Fatalf("byte %d: %v", i, byColumn)
		}
	}
	if want := 320 - (16 + 1 + 32 + 1 + 32); padding != want && !testing.Short() {
		t.Errorf("%d bytes are in no checksum, want the %d of padding", padding, want)
	}
}

// TestVerifyMislabelled: the files of two pools with the same shape do not pass for
// each other.
func TestVerifyMislabelled(t *testing.T) {
	a, b := small(t), small(t)
	for _, f := range []string{"0000-event-ldl.arrow"} {
		edit(t, filepath.Join(b, f), func(data []byte) []byte {
			return bytes.Replace(data, []byte("patient"), []byte("patiens"), 1)
		})
		if err := os.Rename(filepath.Join(b, f), filepath.Join(a, f)); err != nil {
			t.Fatal(err)
		}
	}
	p := mustOpen(t, a)
	if err := p.Verify(t.Context(), "event/LDL", "value"); !errors.Is(err, ErrDamaged) {
		t.Errorf("other names of columns: %v", err)
	}
	if err := p.Verify(t.Context(), "many"); err != nil {
		t.Errorf("another table: %v", err)
	}
	if p.Verify(t.Context(), "no") == nil || p.Verify(t.Context(), "many", "no") == nil {
		t.Error("verified what is not there")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Verify(ended, "people"); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
}

// TestVerifyOfACutFile: somebody cuts a file that is mapped; Verify says so and lives.
func TestVerifyOfACutFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p")
	store(t, path, Options{}, 1<<20, many(200_000))
	p := mustOpen(t, path)
	if err := os.Truncate(filepath.Join(path, "0000-many.arrow"), 4096); err != nil {
		t.Fatal(err)
	}
	if err := p.Verify(t.Context(), "many", "f"); !errors.Is(err, ErrDamaged) {
		t.Errorf("a column: %v", err)
	}
	if err := p.Verify(t.Context(), "many"); !errors.Is(err, ErrDamaged) {
		t.Errorf("the file: %v", err)
	}
}
