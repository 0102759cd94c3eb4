package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/internal/store"
)

// sweepBatch is how many records one look at the store gives.
const sweepBatch = 500

// Sweep forgets what is due (messages that expired, uploads that stood still,
// delivered ids) and saves presence. Serve calls it every minute.
func (h *Hub) Sweep() (err error) {
	gone := map[pair]int{}
	defer func() { err = errors.Join(err, h.noteForgotten(gone)) }()
	for {
		due, err := h.store.Due(h.now(), sweepBatch)
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		for _, m := range due {
			if err := h.expire(m, gone); err != nil {
				return fmt.Errorf("sweep: %w", err)
			}
		}
		if len(due) < sweepBatch {
			return h.presence.save(h.store)
		}
	}
}

// expire forgets a message if it is still due (an upload may have gone on), and
// counts it where nobody had fetched it.
func (h *Hub) expire(m store.Message, gone map[pair]int) error {
	k := key{m.Header.From, m.Header.ID}
	defer h.uploads.lock(k)()
	m, err := h.store.Get(k.from, k.id)
	if errors.Is(err, store.ErrNotFound) || err == nil && m.Deadline > h.now().Unix() {
		return nil
	}
	if err != nil {
		return err
	}
	if m.State != federation.Delivered {
		h.log.Info("message forgotten", "state", m.State, "from", m.Header.From, "to", m.Header.To, "id", m.Header.ID)
		gone[pair{m.Header.From, m.Header.To}]++
	}
	return h.forget(m)
}

// reconcile brings records and files into agreement: the hub may have been
// killed between writing one and the other. A whole upload becomes complete, a
// complete message whose file is gone is forgotten so that it can be sent
// again, and a file without a record is removed.
func (h *Hub) reconcile() error {
	var partial, broken []store.Message
	known := map[string]bool{}
	err := h.store.Each(func(m store.Message) error {
		if m.State == federation.Delivered {
			h.usage.bury(m.Header.From)
			return nil
		}
		h.usage.count(m.Header)
		known[filepath.Base(h.blobs.path(m.Header.From, m.Header.ID))] = true
		size, err := h.blobs.size(m.Header.From, m.Header.ID)
		switch {
		case err != nil:
			return err
		case m.State == federation.Partial && size >= m.Header.Size:
			partial = append(partial, m)
		case m.State == federation.Complete && size != m.Header.Size:
			broken = append(broken, m)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("compare records and files: %w", err)
	}
	for _, m := range partial {
		if err := h.finish(m); err != nil {
			return fmt.Errorf("compare records and files: %w", err)
		}
	}
	gone := map[pair]int{}
	for _, m := range broken {
		h.log.Error("the file of a message is gone or damaged; its sender can send it again", "from", m.Header.From, "to", m.Header.To, "id", m.Header.ID)
		if err := h.forget(m); err != nil {
			return fmt.Errorf("compare records and files: %w", err)
		}
		gone[pair{m.Header.From, m.Header.To}]++
	}
	if err := h.noteForgotten(gone); err != nil {
		return fmt.Errorf("compare records and files: %w", err)
	}
	return h.removeStrays(known)
}

// finish completes an upload whose last byte came just before the hub went down.
func (h *Hub) finish(m store.Message) error {
	f, _, err := h.blobs.open(m.Header.From, m.Header.ID)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(m.Header.Size); err != nil {
		return err
	}
	if _, err = h.complete(m, f); federation.KindOf(err) == federation.KindAltered {
		return nil // emptied: its sender starts again
	}
	return err
}

// removeStrays removes the files without a record.
func (h *Hub) removeStrays(known map[string]bool) error {
	entries, err := os.ReadDir(h.blobs.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if known[e.Name()] {
			continue
		}
		if err := os.Remove(filepath.Join(h.blobs.dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
