package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/internal/store"
)

// Create takes up a message: see federation.Outbox.
func (h *Hub) Create(ctx context.Context, head federation.Header, r io.Reader) (federation.Status, error) {
	if err := head.Check(h.charter, h.now()); err != nil {
		return federation.Status{}, err
	}
	m, fresh, err := h.announce(head)
	if err != nil || !fresh {
		return h.statusOf(m, err)
	}
	return h.Append(ctx, head.From, head.ID, 0, r)
}

// announce keeps the record of a new message and room for it, and says whether
// it is new.
func (h *Hub) announce(head federation.Header) (store.Message, bool, error) {
	k := key{head.From, head.ID}
	defer h.uploads.lock(k)()
	m, err := h.store.Get(k.from, k.id)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return m, false, err
	case m.Header.SHA256 == head.SHA256:
		return m, false, nil
	case m.State != federation.Partial:
		return m, false, federation.Refuse(federation.KindExists)
	default: // a sender that lost its memory sealed the message anew
		if err := h.forget(m); err != nil {
			return m, false, err
		}
	}
	if err := h.usage.reserve(head); err != nil {
		return m, false, err
	}
	m, err = h.store.Put(store.Message{Header: head, State: federation.Partial, Deadline: h.partialDeadline(head)})
	if err != nil {
		h.usage.free(head)
		return m, false, disk(err)
	}
	return m, true, nil
}

func (h *Hub) partialDeadline(head federation.Header) int64 {
	return min(head.Expires, h.now().Add(h.limits.PartialLife).Unix())
}

// forget removes a message's record, room and file; the caller holds its lock.
// The record goes first: a file without one is removed at the next start.
func (h *Hub) forget(m store.Message) error {
	k := key{m.Header.From, m.Header.ID}
	if err := h.store.Delete(k.from, k.id); err != nil {
		return err
	}
	h.uploads.end(k)
	if m.State == federation.Delivered {
		h.usage.exhume(k.from)
		return nil
	}
	h.usage.free(m.Header)
	return h.blobs.remove(k.from, k.id)
}

// Status says how far a message is.
func (h *Hub) Status(_ context.Context, from, id string) (federation.Status, error) {
	return h.statusOf(h.get(from, id))
}

// get gives a message that has not expired, or KindNotFound.
func (h *Hub) get(from, id string) (store.Message, error) {
	m, err := h.store.Get(from, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && m.Header.Expires <= h.now().Unix() {
		return m, federation.Refuse(federation.KindNotFound)
	}
	return m, err
}

func (h *Hub) statusOf(m store.Message, err error) (federation.Status, error) {
	if err != nil {
		return federation.Status{}, err
	}
	s := federation.Status{State: m.State, Received: m.Header.Size, Size: m.Header.Size}
	if m.State == federation.Partial {
		s.Received, err = h.blobs.size(m.Header.From, m.Header.ID)
	}
	return s, err
}

// Append goes on with an upload: see federation.Outbox.
func (h *Hub) Append(_ context.Context, from, id string, offset int64, r io.Reader) (federation.Status, error) {
	k := key{from, id}
	m, f, turn, err := h.resume(k, offset)
	if err != nil || f == nil {
		return h.statusOf(m, err)
	}
	defer f.Close()
	end, err := h.receive(k, turn, f, offset, m.Header.Size, r)
	if err != nil && !errors.Is(err, errCut) {
		return federation.Status{}, err
	}
	m, settled := h.settle(k, turn, f, m, end)
	if settled != nil {
		return federation.Status{}, settled
	}
	return h.statusOf(m, err)
}

// resume takes the turn at an upload whose next byte is offset. A message that
// is complete gives no file and no error.
func (h *Hub) resume(k key, offset int64) (store.Message, *os.File, uint64, error) {
	defer h.uploads.lock(k)()
	m, err := h.get(k.from, k.id)
	if err != nil || m.State != federation.Partial {
		return m, nil, 0, err
	}
	f, size, err := h.blobs.open(k.from, k.id)
	if err != nil {
		return m, nil, 0, err
	}
	if size != offset {
		f.Close()
		return m, nil, 0, &federation.Error{Kind: federation.KindOffset, Offset: size}
	}
	return m, f, h.uploads.take(k), nil
}

// errCut says that the connection ended before the request did. What arrived is
// kept.
var errCut = errors.New("the connection was cut")

// receive writes r to the file from offset on while it holds the turn, and says
// where the file ends. An r that turns out not to be what its sender signed
// (KindAltered) leaves nothing behind.
func (h *Hub) receive(k key, turn uint64, f *os.File, offset, size int64, r io.Reader) (int64, error) {
	buf := make([]byte, 128<<10)
	end := offset
	for {
		n, err := r.Read(buf)
		if end+int64(n) > size {
			return end, federation.Refuse(federation.KindMalformed)
		}
		if n > 0 {
			if err := h.write(k, turn, f, buf[:n], end); err != nil {
				return end, err
			}
			end += int64(n)
		}
		switch {
		case err == io.EOF:
			return end, nil
		case federation.KindOf(err) == federation.KindAltered:
			return offset, errors.Join(err, h.rewind(k, turn, f, offset))
		case err != nil:
			return end, fmt.Errorf("%w: %w", errCut, err)
		}
	}
}

// write puts bytes at their place if the turn still holds.
func (h *Hub) write(k key, turn uint64, f *os.File, b []byte, at int64) error {
	defer h.uploads.lock(k)()
	if !h.uploads.holds(k, turn) {
		return federation.Refuse(federation.KindSuperseded)
	}
	_, err := f.WriteAt(b, at)
	return disk(err)
}

func (h *Hub) rewind(k key, turn uint64, f *os.File, offset int64) error {
	defer h.uploads.lock(k)()
	if !h.uploads.holds(k, turn) {
		return nil
	}
	return f.Truncate(offset)
}

// settle keeps what receive wrote: a whole message becomes complete, another
// gets time to go on.
func (h *Hub) settle(k key, turn uint64, f *os.File, m store.Message, end int64) (store.Message, error) {
	defer h.uploads.lock(k)()
	if !h.uploads.holds(k, turn) {
		return m, federation.Refuse(federation.KindSuperseded)
	}
	if end == m.Header.Size {
		return h.complete(m, f)
	}
	m.Deadline = h.partialDeadline(m.Header)
	m, err := h.store.Put(m)
	return m, disk(err)
}

// complete makes a message deliverable: first its bytes are on the disk, then
// the audit log has it, then its record says so. The caller holds the lock.
func (h *Hub) complete(m store.Message, f *os.File) (store.Message, error) {
	if err := h.blobs.seal(f, m.Header); err != nil {
		return m, err
	}
	if err := h.noteAccepted(m.Header); err != nil {
		return m, err
	}
	m.State, m.Deadline = federation.Complete, m.Header.Expires
	m, err := h.store.Put(m)
	if err != nil {
		return m, disk(err)
	}
	h.uploads.end(key{m.Header.From, m.Header.ID})
	h.bell.ring(m.Header.To)
	return m, nil
}
