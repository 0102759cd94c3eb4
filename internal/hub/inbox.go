package hub

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/internal/store"
)

// List gives what waits for a member, or waits for it: see federation.Inbox.
func (h *Hub) List(ctx context.Context, to string, wait time.Duration) ([]federation.Notice, error) {
	timer := time.NewTimer(min(wait, federation.MaxWait))
	defer timer.Stop()
	for {
		rung := h.bell.listen(to)
		notices, err := h.waiting(to)
		if err != nil || len(notices) > 0 {
			return notices, err
		}
		select {
		case <-rung:
		case <-timer.C:
			return nil, nil
		case <-h.stopping:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// waiting lists the complete messages to a member under the present charter, of
// each sender no more than its equal part: a recipient may leave messages until
// it can use them, and must see the others' beside them.
func (h *Hub) waiting(to string) (notices []federation.Notice, err error) {
	now := h.now().Unix()
	most := max(1, federation.MaxNotices/others(len(h.members)))
	listed := map[string]int{}
	err = h.store.Inbox(to, func(m store.Message) bool {
		head := m.Header
		if head.Charter == h.charter.Digest() && head.Expires > now && listed[head.From] < most {
			listed[head.From]++
			notices = append(notices, head)
		}
		return len(notices) < federation.MaxNotices
	})
	return notices, err
}

// Read gives a message's bytes: see federation.Inbox.
func (h *Hub) Read(_ context.Context, to, from, id string, offset int64) (io.ReadCloser, int64, error) {
	m, err := h.get(from, id)
	if err != nil {
		return nil, 0, err
	}
	if m.Header.To != to || m.State != federation.Complete {
		return nil, 0, federation.Refuse(federation.KindNotFound)
	}
	if offset < 0 || offset > m.Header.Size {
		return nil, 0, &federation.Error{Kind: federation.KindOffset, Offset: m.Header.Size}
	}
	f, err := os.Open(h.blobs.path(from, id))
	if err != nil {
		return nil, 0, err
	}
	n := min(m.Header.Size-offset, federation.ChunkSize)
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(f, offset, n), f}, n, nil
}

// Ack forgets a message that its recipient has. Its id is remembered for a
// while, so that its sender, asking again, hears that it was delivered.
func (h *Hub) Ack(_ context.Context, to, from, id string) error {
	k := key{from, id}
	defer h.uploads.lock(k)()
	m, err := h.store.Get(from, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if m.Header.To != to || m.State != federation.Complete {
		return nil
	}
	if !h.usage.bury(from) {
		return h.forget(m)
	}
	head := m.Header
	m.State = federation.Delivered
	m.Deadline = min(head.Expires, h.now().Add(h.limits.DeliveredLife).Unix())
	if _, err := h.store.Put(m); err != nil {
		h.usage.exhume(from)
		return disk(err)
	}
	h.usage.free(head)
	return h.blobs.remove(from, id)
}

// A bell wakes the polls of a member when a message for it is complete.
type bell struct {
	mu    sync.Mutex
	waits map[string]chan struct{}
}

// listen gives a channel that is closed at the next ring. Listen first, look
// then: what comes in between rings.
func (b *bell) listen(to string) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waits == nil {
		b.waits = map[string]chan struct{}{}
	}
	c := b.waits[to]
	if c == nil {
		c = make(chan struct{})
		b.waits[to] = c
	}
	return c
}

func (b *bell) ring(to string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := b.waits[to]; c != nil {
		close(c)
		delete(b.waits, to)
	}
}
