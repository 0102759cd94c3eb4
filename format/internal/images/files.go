package images

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"

	"hmsp.center/hmsp/format"
)

// maxFiles and maxDepth bound what is read of a folder.
const (
	maxFiles = 10_000_000
	maxDepth = 32
)

// stat says whether a path is a folder; the error of one that is not there, or of a file
// that cannot be read.
func stat(path string) (folder bool, err error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return true, nil
	}
	f, err := format.OpenFile(path)
	if err != nil {
		return false, err
	}
	return false, f.Close()
}

// Walk lists the files below a folder however deep they lie, with slashes, in the order
// of their names, as archives of images nest them by patient, study and series. Hidden
// ones are left out, and folders that are links. A path that is a file gives "".
func Walk(ctx context.Context, path string) ([]string, error) {
	folder, err := stat(path)
	if err != nil {
		return nil, err
	}
	if !folder {
		return []string{""}, nil
	}
	var names []string
	root := path + string(filepath.Separator) // so that a link to a folder is followed
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		name := filepath.ToSlash(strings.TrimPrefix(p, root))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return &format.Error{File: p, Text: "the folder cannot be read", Mend: "let the account that runs hmsp read it", Cause: err}
		case name == "":
			return nil
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") || strings.Count(name, "/") >= maxDepth):
			return fs.SkipDir
		case d.IsDir() || strings.HasPrefix(d.Name(), "."):
			return nil
		case d.Type()&fs.ModeSymlink != 0:
			if info, err := os.Stat(p); err != nil || !info.Mode().IsRegular() {
				return nil
			}
		case !d.Type().IsRegular():
			return nil
		}
		if names = append(names, name); len(names) > maxFiles {
			return &format.Error{File: path, Text: "the folder has more than ten million files", Mend: "name a part of it"}
		}
		return nil
	})
	return names, err
}

// At is the path of one of the names that Walk gives, and whose it is where the file
// itself does not say.
func At(path, name string) (file, owner string) {
	if name == "" {
		return path, format.Owner(filepath.Base(path))
	}
	return filepath.Join(path, filepath.FromSlash(name)), format.Owner(name)
}

// A File is an opened file, unpacked if it is packed with gzip.
type File struct {
	io.Reader
	Size   int64 // of the file on disk
	Packed bool
	file   *os.File
}

// Open opens a file. Buffer is how many bytes are read at once.
func Open(path string, buffer int) (*File, error) {
	f, err := format.OpenFile(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, &format.Error{File: path, Text: "the file cannot be read", Mend: "check the disk", Cause: err}
	}
	out, err := Over(path, f, info.Size(), buffer)
	if err != nil {
		f.Close()
		return nil, err
	}
	out.file = f
	return out, nil
}

// Over is Open of what is open or in memory already.
func Over(path string, r io.Reader, size int64, buffer int) (*File, error) {
	in := bufio.NewReaderSize(r, buffer)
	out := &File{Reader: in, Size: size}
	if magic, _ := in.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, &format.Error{File: path, Text: "the file begins like gzip and cannot be unpacked", Mend: "copy it again", Cause: err}
		}
		out.Reader, out.Packed = z, true
	}
	return out, nil
}

// Unpacked is the beginning of a file as Sniff sees it, of which n bytes are wanted,
// unpacked if it is packed with gzip; nil where that cannot be unpacked.
func Unpacked(head []byte, n int) (begin []byte, packed bool) {
	if len(head) < 2 || head[0] != 0x1f || head[1] != 0x8b {
		return head, false
	}
	z, err := gzip.NewReader(bytes.NewReader(head))
	if err != nil {
		return nil, true
	}
	begin = make([]byte, n)
	k, err := io.ReadFull(z, begin)
	if err != nil && k == 0 {
		return nil, true
	}
	return begin[:k], true
}

// Close closes the file.
func (f *File) Close() error {
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}

// ReadAtMost reads n bytes, and allocates no more than the reader gives: a length that a
// file states is not trusted. io.ErrUnexpectedEOF if there are fewer.
func ReadAtMost(r io.Reader, n int64) ([]byte, error) {
	const step = 1 << 20
	out := make([]byte, 0, min(n, step))
	for int64(len(out)) < n {
		if len(out) == cap(out) {
			out = append(out, make([]byte, min(n-int64(len(out)), int64(len(out))))...)[:len(out)]
		}
		k := int(min(int64(cap(out)), n))
		got, err := io.ReadFull(r, out[len(out):k])
		out = out[:len(out)+got]
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return out, err
		}
	}
	return out, nil
}
