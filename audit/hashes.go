package audit

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"
)

// hashesFile holds the tree's hashes in the order of tlog.StoredHashIndex, 32
// bytes each, over all files of the log: with it a proof reads a few hashes, and
// the tree goes on when old files are archived. It can be made again from the
// entries, so it is not synced with each of them.
const hashesFile = "hashes"

// A hashes is the store of hashes; it implements tlog.HashReader.
type hashes struct {
	f     *os.File
	saved int64  // hashes in the file
	tail  []Hash // that follow and are not in the file yet
}

func openHashes(dir string, flag int) (*hashes, error) {
	f, err := os.OpenFile(filepath.Join(dir, hashesFile), flag, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log's hashes: %w", err)
	}
	h := &hashes{f: f}
	return h, h.measure()
}

// measure counts what the file holds; a hash that was cut short does not count.
func (h *hashes) measure() error {
	info, err := h.f.Stat()
	if err != nil {
		return fmt.Errorf("open the log's hashes: %w", err)
	}
	saved := info.Size() / tlog.HashSize
	h.tail = h.tail[min(max(saved-h.saved, 0), int64(len(h.tail))):] // another process wrote them
	h.saved = saved
	return nil
}

var errNoHash = errors.New("the log's hashes do not reach so far")

// ReadHashes reads the hashes at the indexes.
func (h *hashes) ReadHashes(indexes []int64) ([]Hash, error) {
	out := make([]Hash, len(indexes))
	for i, x := range indexes {
		switch {
		case x >= h.saved+int64(len(h.tail)):
			return nil, errNoHash
		case x >= h.saved:
			out[i] = h.tail[x-h.saved]
		default:
			if _, err := h.f.ReadAt(out[i][:], x*tlog.HashSize); err != nil {
				return nil, fmt.Errorf("read the log's hashes: %w", err)
			}
		}
	}
	return out, nil
}

// put keeps hashes at an index, and says whether those that the file has there
// already are the same. A hash of zeros is one that a power cut left unwritten.
func (h *hashes) put(index int64, list []Hash) (same bool, err error) {
	for i, want := range list {
		x := index + int64(i)
		if x >= h.saved {
			h.tail = append(h.tail, want)
			continue
		}
		got, err := h.ReadHashes([]int64{x})
		if err != nil {
			return false, err
		}
		if got[0] == (Hash{}) {
			if _, err := h.f.WriteAt(want[:], x*tlog.HashSize); err != nil {
				return false, fmt.Errorf("write the log's hashes: %w", err)
			}
		} else if got[0] != want {
			return false, nil
		}
	}
	return true, nil
}

// flush writes what is not in the file yet.
func (h *hashes) flush() error {
	if len(h.tail) == 0 {
		return nil
	}
	b := make([]byte, 0, len(h.tail)*tlog.HashSize)
	for _, x := range h.tail {
		b = append(b, x[:]...)
	}
	if _, err := h.f.WriteAt(b, h.saved*tlog.HashSize); err != nil {
		return fmt.Errorf("write the log's hashes: %w", err)
	}
	h.saved += int64(len(h.tail))
	h.tail = nil
	return nil
}

// covers is for how many entries there are hashes.
func (h *hashes) covers() int64 {
	have := h.saved + int64(len(h.tail))
	lo, hi := int64(0), have // StoredHashCount(n) >= n
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if tlog.StoredHashCount(mid) <= have {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return lo
}

func (h *hashes) Close() error { return h.f.Close() }

var _ interface {
	tlog.HashReader
	io.Closer
} = (*hashes)(nil)
