package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hmsp.center/hmsp/format"
)

// A Snapshot names the state of a source: every file with its size, time of change
// and content, but for one that is read anew at each cohort.
type Snapshot struct {
	Digest  string      `json:"digest"` // SHA-256 of names and contents, in hex
	Files   []FileState `json:"files,omitempty"`
	Without string      `json:"without,omitempty"` // name of the list of consents, where it is in the source's folder
	Also    []string    `json:"also,omitempty"`    // paths of files that belong to the source and lie elsewhere
}

// A FileState is a file of a source. Name is relative to the source's folder, "" for a source that
// is one file, and a whole path for one of Also.
type FileState struct {
	Name    string    `json:"name,omitempty"`
	Size    int64     `json:"size"`
	Changed time.Time `json:"changed"`
	SHA256  string    `json:"sha256"`
}

// Live says whether a path names a database rather than files.
func Live(path string) bool { return strings.Contains(path, "://") }

// Take reads all files of a source and those that also belong to it, but for the one
// that without names; "" names none.
// Each stretch of bytes is told to progress, if that is not nil.
func Take(ctx context.Context, path, without string, also []string, progress func(read, of int64)) (Snapshot, error) {
	s := Snapshot{Without: without, Also: also}
	files, err := s.list(path)
	if err != nil {
		return s, err
	}
	var read, of int64
	for _, f := range files {
		of += f.Size
	}
	for i := range files {
		f := &files[i]
		h := sha256.New()
		if err := digest(ctx, f.at(path), h, func(n int64) {
			if progress != nil {
				progress(read+n, of)
			}
		}); err != nil {
			return s, err
		}
		read += f.Size
		f.SHA256 = hex.EncodeToString(h.Sum(nil))
	}
	whole := sha256.New()
	for _, f := range files {
		name := f.Name
		if filepath.IsAbs(name) {
			name = "also " + filepath.Base(name)
		}
		fmt.Fprintf(whole, "%q %s\n", name, f.SHA256)
	}
	s.Digest, s.Files = hex.EncodeToString(whole.Sum(nil)), files
	return s, nil
}

// Same says whether a source is what it was. Files whose size and time of change are
// the same are taken to be the same; others are read.
func (s Snapshot) Same(ctx context.Context, path string) (bool, error) {
	files, err := s.list(path)
	if err != nil {
		return false, err
	}
	if len(files) != len(s.Files) {
		return false, nil
	}
	for i, f := range files {
		was := s.Files[i]
		if f.Name != was.Name || f.Size != was.Size {
			return false, nil
		}
		if f.Changed.Equal(was.Changed) {
			continue
		}
		h := sha256.New()
		if err := digest(ctx, f.at(path), h, nil); err != nil {
			return false, err
		}
		if hex.EncodeToString(h.Sum(nil)) != was.SHA256 {
			return false, nil
		}
	}
	return true, nil
}

// at is where a file of the source at path is.
func (f FileState) at(path string) string {
	if filepath.IsAbs(f.Name) {
		return f.Name
	}
	return filepath.Join(path, f.Name)
}

// list finds the files of a source, those that also belong to it last.
func (s Snapshot) list(path string) ([]FileState, error) {
	files, err := s.within(path)
	if err != nil {
		return nil, err
	}
	for _, p := range s.Also {
		info, err := os.Stat(p)
		if err != nil {
			return nil, &format.Error{File: p, Text: "this file belongs to the source, and cannot be read", Mend: "put it back, or register the dataset again", Cause: err}
		}
		name, err := filepath.Abs(p)
		if err != nil {
			return nil, err
		}
		files = append(files, FileState{Name: name, Size: info.Size(), Changed: info.ModTime().UTC()})
	}
	return files, nil
}

// within finds the files of the source itself, sorted by name.
func (s Snapshot) within(path string) ([]FileState, error) {
	info, err := os.Stat(path)
	if err != nil {
		if f, err := format.OpenFile(path); err != nil {
			return nil, err // says it in words
		} else {
			f.Close()
		}
		return nil, err
	}
	if !info.IsDir() {
		return []FileState{{Size: info.Size(), Changed: info.ModTime().UTC()}}, nil
	}
	var files []FileState
	var linked *format.Error
	root, err := filepath.EvalSymlinks(path) // a link is not walked into
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.HasPrefix(e.Name(), ".") && p != root {
			if e.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		info, err := os.Stat(p) // of what a link leads to
		if err != nil {
			return err
		}
		if info.IsDir() && !e.IsDir() {
			linked = &format.Error{File: p, Text: "this is a link to a folder, in which a change would not be noticed", Mend: "put the folder itself there"}
			return linked
		}
		if !info.Mode().IsRegular() {
			return nil
		}
		name, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		files = append(files, FileState{Name: filepath.ToSlash(name), Size: info.Size(), Changed: info.ModTime().UTC()})
		return nil
	})
	if linked != nil {
		return nil, linked
	}
	if err != nil {
		return nil, &format.Error{File: path, Text: "the folder cannot be read", Mend: "let the account that runs hmsp read all of it", Cause: err}
	}
	files = slices.DeleteFunc(files, func(f FileState) bool { return s.Without != "" && f.Name == s.Without })
	if len(files) == 0 {
		return nil, &format.Error{File: path, Text: "the folder holds no file", Mend: "name the folder of the export"}
	}
	slices.SortFunc(files, func(a, b FileState) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

// digest reads a file into a hash.
func digest(ctx context.Context, path string, h hash.Hash, progress func(int64)) error {
	f, err := os.Open(path)
	if err != nil {
		return &format.Error{File: path, Text: "the file cannot be opened", Mend: "let the account that runs hmsp read it", Cause: err}
	}
	defer f.Close()
	buf := make([]byte, 1<<20)
	var total int64
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := f.Read(buf)
		h.Write(buf[:n])
		if total += int64(n); progress != nil {
			progress(total)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return &format.Error{File: path, Text: "reading stopped", Mend: "check the disk", Cause: err}
		}
	}
}
