package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/internal/store"
)

// opener is what histories are read by.
type opener interface {
	Open(key string) (io.ReadCloser, error)
}

func historyOf(t *rapid.T, from opener, key string) []byte {
	r, err := from.Open(key)
	if err != nil {
		t.Fatal(err)
	}
	if r == nil {
		return nil
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestCohortsAgainstModel: whatever is written, given up, left half-written by a crash
// or opened again, the histories are those of the last change that was kept, and no
// other file remains.
func TestCohortsAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "cohorts-")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		path := filepath.Join(dir, store.CohortsFile)
		c, err := store.OpenCohorts(path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { c.Close() }()
		kept := map[string][]byte{}
		for i := range rapid.IntRange(1, 8).Draw(t, "changes") {
			change, now := c.Change(), maps.Clone(kept)
			for k := range rapid.IntRange(0, 4).Draw(t, "writes") {
				key := rapid.SampledFrom([]string{"a", "b\x00c", ""}).Draw(t, "key")
				was := historyOf(t, change, key)
				b := bytes.Repeat([]byte{byte(i), byte(k)}, rapid.SampledFrom([]int{0, 5, 300_000, 700_000}).Draw(t, "size"))
				broken := rapid.Bool().Draw(t, "broken")
				err := change.Write(key+"x", func(w io.Writer) error {
					_, err := io.Copy(w, bytes.NewReader(b))
					if broken {
						return errors.New("no room")
					}
					return err
				})
				if (err != nil) != broken {
					t.Fatal(err)
				}
				if !broken {
					now[key+"x"] = b
				}
				if got := historyOf(t, change, key); !bytes.Equal(got, was) {
					t.Fatal("another history changed")
				}
			}
			for key, b := range now {
				if got := historyOf(t, change, key); got == nil || !bytes.Equal(got, b) {
					t.Fatalf("%q within the change: %d bytes, want %d", key, len(got), len(b))
				}
			}
			switch rapid.IntRange(0, 3).Draw(t, "end") {
			case 0:
				change.Abort()
			case 1: // the process ends
			default:
				if err := change.Commit(); err != nil {
					t.Fatal(err)
				}
				change.Abort()
				kept = now
			}
			if rapid.Bool().Draw(t, "opened again") {
				c.Close()
				if c, err = store.OpenCohorts(path); err != nil {
					t.Fatal(err)
				}
				holds(t, dir, kept)
			}
			fresh := c.Change()
			for key, b := range kept {
				if got := historyOf(t, fresh, key); got == nil || !bytes.Equal(got, b) {
					t.Fatalf("%q: %d bytes, want %d", key, len(got), len(b))
				}
			}
			if historyOf(t, fresh, "none") != nil {
				t.Fatal("a history of nothing")
			}
		}
	})
}

// holds looks for files that no history has.
func holds(t *rapid.T, dir string, kept map[string][]byte) {
	want := 0
	for _, b := range kept {
		if len(b) > 1<<20 {
			want++
		}
	}
	there, _ := os.ReadDir(filepath.Join(dir, store.CohortsFolder))
	if len(there) != want {
		t.Fatal(fmt.Sprint("files ", there, ", want ", want))
	}
	for _, e := range there {
		if info, err := e.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Fatalf("%s can be read by others (%v)", e.Name(), err)
		}
	}
}
