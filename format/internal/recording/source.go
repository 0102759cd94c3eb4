package recording

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"hmsp.center/hmsp/format"
)

// A source is a recording, or a folder of them.
type source struct {
	path  string
	files []file // those of one owner follow each other
	size  int64
	notes []string
}

// A file is a recording and whose it is where it does not say so itself.
type file struct {
	path  string
	owner string
	size  int64
}

// headBytes is how much of a file Sniff sees.
const headBytes = 64 << 10

// own is the score of Sniff from which on a file of a folder is read.
const own = 50

// find lists the recordings of a source.
func (f Format) find(ctx context.Context, path string) (*source, error) {
	s := &source{path: path}
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		head, size, err := headOf(path)
		if err != nil {
			return nil, err
		}
		if f.Sniff(head, path) == 0 {
			return nil, &format.Error{File: path, Text: "this does not begin like a file of the format " + f.Name(), Mend: "export it again, or set format to what it is"}
		}
		s.files, s.size = []file{{path, format.Owner(filepath.Base(path)), size}}, size
		return s, nil
	}
	names, err := format.Files(path)
	if err != nil {
		return nil, err
	}
	parts := map[string]bool{} // that belong to a recording
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		at := filepath.Join(path, filepath.FromSlash(name))
		head, size, err := headOf(at)
		if err != nil || f.Sniff(head, at) < own {
			continue
		}
		s.files, s.size = append(s.files, file{at, format.Owner(name), size}), s.size+size
		parts[at] = true
		for _, p := range f.Companions(at) {
			parts[filepath.Clean(p)] = true
		}
	}
	if len(s.files) == 0 {
		return nil, &format.Error{File: path, Text: "this is a directory without files of the format " + f.Name(), Mend: "name a file or the folder that holds them"}
	}
	left := 0
	for _, name := range names {
		if !parts[filepath.Join(path, filepath.FromSlash(name))] {
			left++
		}
	}
	if left > 0 {
		s.notes = append(s.notes, fmt.Sprintf("files left out, as they are not of the format %s: %d", f.Name(), left))
	}
	slices.SortStableFunc(s.files, func(a, b file) int { return cmp.Compare(a.owner, b.owner) })
	return s, nil
}

func headOf(path string) (head []byte, size int64, err error) {
	f, err := format.OpenFile(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil {
		head = make([]byte, min(headBytes, info.Size()))
		var n int
		n, err = io.ReadFull(f, head)
		if head = head[:n]; err == io.ErrUnexpectedEOF {
			err = nil
		}
	}
	if err != nil {
		return nil, 0, unreadable(path, err)
	}
	return head, info.Size(), nil
}

func unreadable(path string, cause error) error {
	return &format.Error{File: path, Text: "the file cannot be read", Mend: "check the disk", Cause: cause}
}

// sniffFolder opens the first files. More of them must be recordings, or belong to one,
// than not.
func (f Format) sniffFolder(path string, names []string) int {
	const most = 20
	ours := map[string]bool{}
	opened := names[:min(len(names), most)]
	for _, name := range opened {
		at := filepath.Join(path, filepath.FromSlash(name))
		head, _, err := headOf(at)
		if err != nil || f.Sniff(head, at) < own {
			continue
		}
		ours[at] = true
		for _, p := range f.Companions(at) {
			ours[filepath.Clean(p)] = true
		}
	}
	n := 0
	for _, name := range opened {
		if ours[filepath.Join(path, filepath.FromSlash(name))] {
			n++
		}
	}
	if n*2 > len(opened) {
		return 85
	}
	return 0
}
