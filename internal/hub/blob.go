package hub

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"hmsp.center/hmsp/federation"
)

// blobs are the files with the bytes of messages, one each, in one folder. The
// file of a message that its record calls complete was synced before.
type blobs struct{ dir string }

func openBlobs(home string) (blobs, error) {
	b := blobs{filepath.Join(home, "messages")}
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return b, fmt.Errorf("make the folder of messages: %w", err)
	}
	return b, nil
}

// path names the file: id first, because a member may be called "con".
func (b blobs) path(from, id string) string { return filepath.Join(b.dir, id+"."+from) }

// open opens the file of an upload for writing, making it if need be, and says
// how many bytes it has.
func (b blobs) open(from, id string) (*os.File, int64, error) {
	f, err := os.OpenFile(b.path(from, id), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, 0, disk(err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// size is how many bytes of a message are there; no file has none.
func (b blobs) size(from, id string) (int64, error) {
	info, err := os.Stat(b.path(from, id))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (b blobs) remove(from, id string) error {
	err := os.Remove(b.path(from, id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// seal makes a whole upload durable if its bytes are those that the header
// names; if not it empties the file, and the error is KindAltered.
func (b blobs) seal(f *os.File, h federation.Header) error {
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(f, 0, h.Size)); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != h.SHA256 {
		if err := f.Truncate(0); err != nil {
			return err
		}
		return federation.Refuse(federation.KindAltered)
	}
	if err := f.Sync(); err != nil {
		return disk(err)
	}
	return b.sync()
}

// sync makes the folder's entries durable; Windows has no such call.
func (b blobs) sync() error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(b.dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// disk turns a full disk into the kind that members wait for.
func disk(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return full()
	}
	return err
}
