package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"hmsp.center/hmsp/federation"
)

// Inbox lists what waits for this member, oldest first. With nothing there it
// waits up to wait (at most federation.MaxWait) and may return none. Whatever
// is listed stays until Ack. It tries again until ctx ends.
func (c *Client) Inbox(ctx context.Context, wait time.Duration) ([]federation.Notice, error) {
	wait = min(max(wait, 0), federation.MaxWait)
	path := fmt.Sprintf("/v1/inbox?wait=%d", (wait+time.Second-1)/time.Second)
	var notices []federation.Notice
	err := c.persist(ctx, "ask hub for messages", func() (bool, error) {
		b, err := c.ask(ctx, http.MethodGet, path, nil, wait+c.stall, true)
		if err == nil {
			notices, err = federation.DecodeNotices(b)
		}
		return false, err
	})
	return notices, err
}

// Fetch brings the envelope of a notice, going on after cuts at the byte that it
// has. It does not open it. A notice that its sender did not sign, or whose
// envelope is gone or for good not what was signed, is an error by the kind of
// which the caller may acknowledge it.
func (c *Client) Fetch(ctx context.Context, n federation.Notice) (federation.Envelope, error) {
	what := fmt.Sprintf("fetch message from %s", n.From)
	// The sender's signature holds the size: no one else can make us keep bytes.
	if err := n.Check(c.charter, c.now()); err != nil {
		return federation.Envelope{}, fmt.Errorf("%s: %w", what, err)
	}
	d := download{client: c, envelope: federation.Envelope{Header: n, Ciphertext: make([]byte, 0, n.Size)}}
	err := c.persist(ctx, what, func() (bool, error) {
		before := len(d.envelope.Ciphertext)
		err := d.run(ctx)
		return len(d.envelope.Ciphertext) > before, err
	})
	return d.envelope, err
}

// A download is one message on its way from the hub.
type download struct {
	client   *Client
	envelope federation.Envelope
	altered  int
}

// run fetches what is missing.
func (d *download) run(ctx context.Context) error {
	e := &d.envelope
	for int64(len(e.Ciphertext)) < e.Size {
		if err := d.next(ctx); err != nil {
			return err
		}
	}
	err := e.Whole()
	if err == nil {
		return nil
	}
	e.Ciphertext = e.Ciphertext[:0]
	if d.altered++; d.altered < maxAltered {
		return &Trouble{Kind: TroubleCut, Err: err}
	}
	return err
}

// next fetches up to a chunk, and keeps what came before a cut.
func (d *download) next(ctx context.Context) error {
	e := &d.envelope
	at := len(e.Ciphertext)
	path := fmt.Sprintf("/v1/inbox/%s/%s?offset=%d", e.From, e.ID, at)
	return d.client.exchange(ctx, http.MethodGet, path, nil, d.client.stall, true, func(r io.Reader) error {
		n, err := io.ReadFull(r, e.Ciphertext[at:min(int64(at)+federation.ChunkSize, e.Size)])
		e.Ciphertext = e.Ciphertext[:at+n]
		return err
	})
}

// Ack tells the hub that this member keeps the message, and the hub forgets it.
// It tries again until ctx ends.
func (c *Client) Ack(ctx context.Context, n federation.Notice) error {
	path := fmt.Sprintf("/v1/inbox/%s/%s/ack", n.From, n.ID)
	return c.persist(ctx, "acknowledge message", func() (bool, error) {
		_, err := c.answer(ctx, http.MethodPost, path, nil)
		return false, err
	})
}
