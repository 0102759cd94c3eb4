package biomtable

import (
	"bytes"
	"errors"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"

	"hmsp.center/hmsp/format"
)

// Largest is the largest table in bytes that is unpacked: a packed file may unfold to a
// thousand times its size.
const Largest = 2 << 30

// Decode reads a table of either kind from a stream; path is for errors alone. HDF5 needs
// a file that can be read in any order, so it is put into a temporary one that only this
// account may read, which is gone when Decode returns.
func Decode(path string, in io.Reader) (*Table, error) {
	head := make([]byte, len(Signature))
	n, err := io.ReadFull(in, head)
	if err != nil && err != io.ErrUnexpectedEOF {
		return nil, Damaged(path, err)
	}
	in = io.MultiReader(bytes.NewReader(head[:n]), in)
	if string(head) != Signature {
		return DecodeJSON(path, in)
	}
	f, err := os.CreateTemp("", "hmsp-*.biom")
	if err != nil {
		return nil, &format.Error{File: path, Text: "there is no room to unpack the table", Mend: "let the account that runs hmsp write to the folder for temporary files", Cause: err}
	}
	defer os.Remove(f.Name())
	defer f.Close()
	size, err := io.Copy(f, io.LimitReader(in, Largest+1))
	switch {
	case err != nil:
		return nil, Damaged(path, err)
	case size > Largest:
		return nil, &format.Error{File: path, Text: "the table unfolds to more than 2 GiB", Mend: "keep the samples or observations that are needed"}
	}
	return DecodeHDF5(path, f.Name())
}

// DecodeFile reads a table from a file, packed with gzip or not.
func DecodeFile(path string) (*Table, error) {
	f, err := format.OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, len(Signature))
	n, _ := io.ReadFull(f, head) // a short file is told by its decoder
	if string(head[:n]) == Signature {
		return DecodeHDF5(path, path)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, Damaged(path, err)
	}
	if n >= 2 && head[0] == 0x1f && head[1] == 0x8b {
		unpacked, err := gzip.NewReader(f)
		if err != nil {
			return nil, Damaged(path, err)
		}
		return Decode(path, unpacked)
	}
	return Decode(path, f)
}

// Damaged is the error about a wrapping that cannot be read.
func Damaged(path string, err error) error {
	var known *format.Error
	if errors.As(err, &known) {
		return err
	}
	return &format.Error{File: path, Text: "the file is damaged or not whole", Mend: "copy or export it again", Cause: err}
}
