package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func entries(t *testing.T, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func TestWriteReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	for _, c := range []struct {
		data string
		perm fs.FileMode
	}{{"one", 0o644}, {"", 0o600}, {strings.Repeat("x", 1<<20), 0o666}} {
		if err := Write(path, []byte(c.data), c.perm); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != c.data {
			t.Fatalf("read %d bytes, %v", len(got), err)
		}
		if info, _ := os.Stat(path); info.Mode().Perm() != c.perm {
			t.Errorf("mode %v, want %v", info.Mode(), c.perm)
		}
	}
	if got := entries(t, dir); got != "f" {
		t.Errorf("the folder holds %s", got)
	}
}

func TestCreateDoesNotReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	var wg sync.WaitGroup
	won := make(chan string, 20)
	for i := range 20 {
		wg.Go(func() {
			text := fmt.Sprint(i)
			if err := Create(path, []byte(text), 0o600); err == nil {
				won <- text
			} else if !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	close(won)
	winner, more := <-won, 0
	for range won {
		more++
	}
	got, err := os.ReadFile(path)
	if err != nil || more != 0 || string(got) != winner {
		t.Errorf("%d further winners; the file holds %q of %q (%v)", more, got, winner, err)
	}
	if got := entries(t, dir); got != "f" {
		t.Errorf("the folder holds %s", got)
	}
}

// A failure at the last step leaves the old file, and nothing beside it; the
// message says the mend and not the temporary file's name.
func TestFailureLeavesTheOldFile(t *testing.T) {
	for _, c := range []struct {
		err  error
		mend string
	}{
		{syscall.ENOSPC, "the disk is full: free some space"},
		{syscall.EDQUOT, "the disk quota is used up"},
		{syscall.EROFS, "the file system is read-only"},
		{syscall.EACCES, "this account may not write in"},
		{syscall.EIO, "input/output error"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "f")
		if err := Write(path, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		broken := func(temp, path string) error { return &os.LinkError{Op: "rename", Old: temp, New: path, Err: c.err} }
		err := write(path, []byte("new"), 0o600, broken)
		if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.mend) {
			t.Errorf("%v: got %v", c.err, err)
		}
		if c.err != syscall.EIO && strings.Contains(err.Error(), ".tmp") {
			t.Errorf("%v names the temporary file", err)
		}
		got, _ := os.ReadFile(path)
		if string(got) != "old" || entries(t, dir) != "f" {
			t.Errorf("%v: the file holds %q, the folder %s", c.err, got, entries(t, dir))
		}
	}
}

func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full")
	}
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("/dev/full cannot be opened here")
	}
	defer f.Close()
	_, err = f.Write([]byte("x"))
	if got := explain("results/f", err).Error(); !strings.HasPrefix(got, "write results/f: the disk is full") {
		t.Errorf("got %s", got)
	}
}

func TestNoFolder(t *testing.T) {
	err := Write(filepath.Join(t.TempDir(), "none", "f"), nil, 0o600)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "create it first") {
		t.Errorf("got %v", err)
	}
}

func TestReadOnlyFolder(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write in every folder")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	err := Write(filepath.Join(dir, "f"), nil, 0o600)
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "change the folder's owner") {
		t.Errorf("got %v", err)
	}
}
