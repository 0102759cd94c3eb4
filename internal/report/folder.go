package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"hmsp.center/hmsp/atomicfile"
	"hmsp.center/hmsp/receipt"
)

// ErrForeign says that the folder holds something that Write did not put there.
var ErrForeign = errors.New("folder holds other files")

// Write makes the folder dir with result.json, receipt.json and one folder per
// analysis with its tables (CSV) and figures (SVG). All of it appears at once or
// not at all. An empty folder is taken over and an earlier result replaced; a
// folder with anything else is left alone and ErrForeign returned.
func Write(dir string, o receipt.Outcome) (err error) {
	files, err := Files(o)
	if err != nil {
		return err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	if err := ours(dir); err != nil {
		return err
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	temp, err := os.MkdirTemp(parent, "."+filepath.Base(dir)+".*.tmp")
	if err != nil {
		return fmt.Errorf("write result: %w: choose a folder that this account may write in", err)
	}
	defer func() {
		if _, lost := errors.AsType[*strandedError](err); !lost {
			os.RemoveAll(temp)
		}
	}()
	fresh := filepath.Join(temp, "new")
	for _, f := range files {
		path := filepath.Join(fresh, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("write result: %w", err)
		}
		if err := atomicfile.Write(path, f.Data, 0o644); err != nil {
			return fmt.Errorf("write result: %w", err)
		}
	}
	return swap(dir, fresh, filepath.Join(temp, "old"))
}

// swap puts fresh where dir is; what dir was is kept aside in old until then,
// and comes back if the second step fails.
func swap(dir, fresh, old string) error {
	err := os.Rename(dir, old)
	had := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write result: %w", err)
	}
	if err := os.Rename(fresh, dir); err != nil {
		if had && os.Rename(old, dir) != nil {
			return &strandedError{old, err}
		}
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// A strandedError says where the earlier result is when it could not be put
// back.
type strandedError struct {
	at    string
	cause error
}

func (e *strandedError) Error() string {
	return fmt.Sprintf("write result: %v; the earlier result is in %s", e.cause, e.at)
}

func (e *strandedError) Unwrap() error { return e.cause }

// ours says whether dir may be replaced: it is missing, empty, or holds only
// what an earlier Write put there.
func ours(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("write result to %s: %w: choose the name of a folder", dir, err)
	case len(entries) == 0:
		return nil
	}
	foreign := func(name string) error {
		return fmt.Errorf("write result to %s: %w (%s): choose a new folder, or move that away", dir, ErrForeign, name)
	}
	b, err := os.ReadFile(filepath.Join(dir, "result.json"))
	if err != nil {
		return foreign(entries[0].Name())
	}
	var o receipt.Outcome
	if json.Unmarshal(b, &o) != nil || o.HMSP != receipt.OutcomeVersion {
		return foreign("result.json is no result")
	}
	known := map[string]bool{"result.json": true, "receipt.json": true}
	for _, f := range o.Analyses {
		known[f.Name] = true
	}
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, path)
		parts := strings.Split(filepath.ToSlash(rel), "/")
		ext := filepath.Ext(rel)
		switch {
		case err != nil:
			return fmt.Errorf("write result to %s: %w", dir, err)
		case rel == ".":
		case !known[parts[0]] || len(parts) > 2 || len(parts) == 2 && (e.IsDir() || ext != ".csv" && ext != ".svg"):
			return foreign(rel)
		}
		return nil
	})
}
