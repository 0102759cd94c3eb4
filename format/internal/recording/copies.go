package recording

import (
	"crypto/sha256"
	"io"

	"hmsp.center/hmsp/format"
)

// copies finds files that have the same content as one before: an export that was saved
// twice. Steps and distances add up, so that a copy would count them twice. Files are
// compared only where their sizes are the same.
type copies struct{ bySize map[int64][]*known }

type known struct {
	file
	digest [sha256.Size]byte
	hashed bool
}

// of says whether f is the copy of a file of the same owner, or of another.
func (c *copies) of(r *reader, f file) (own, other bool, err error) {
	if d, ok := r.decoder.(format.Companions); ok && len(d.Companions(f.path)) > 0 {
		return false, false, nil // what it holds is in other files
	}
	if c.bySize == nil {
		c.bySize = map[int64][]*known{}
	}
	this := &known{file: f}
	before := c.bySize[f.size]
	c.bySize[f.size] = append(before, this)
	for _, k := range before {
		for _, k := range []*known{this, k} {
			if err := k.hash(r); err != nil {
				return false, false, err
			}
		}
		own = own || k.digest == this.digest && k.owner == f.owner
		other = other || k.digest == this.digest
	}
	return own, other, nil
}

func (k *known) hash(r *reader) error {
	if k.hashed {
		return nil
	}
	f, err := format.OpenFile(k.path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, &counted{ctx: r.ctx, in: f}); err != nil {
		return r.failed(k.file, err)
	}
	h.Sum(k.digest[:0])
	k.hashed = true
	return nil
}
