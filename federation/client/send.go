package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"hmsp.center/hmsp/federation"
)

// maxAltered is how often a message is sent or fetched anew whose bytes came
// over changed, before that is an error.
const maxAltered = 3

// Send brings an envelope to the hub. It goes on after cuts at the byte that the
// hub has, waits while the hub asks to (a quota, a full disk), and returns when
// the hub has the envelope on its disk, had it, or had another of the same id
// complete: then the message was sent before, sealed differently. An error is
// one that waiting does not mend, or ctx's with the last trouble.
func (c *Client) Send(ctx context.Context, e federation.Envelope) error {
	if e.From != c.id.Name() {
		return fmt.Errorf("send message: it is from %s, this is %s", e.From, c.id.Name())
	}
	u := upload{client: c, envelope: e}
	return c.persist(ctx, "send message to "+e.To, func() (bool, error) {
		before := u.furthest
		err := u.run(ctx)
		return u.furthest > before, err
	})
}

// An upload is one message on its way to the hub.
type upload struct {
	client   *Client
	envelope federation.Envelope
	tried    bool  // a try failed: ask what the hub has before sending more
	furthest int64 // bytes that the hub ever said it has
	altered  int   // times that the hub had other bytes
}

// run announces the message and sends what is missing.
func (u *upload) run(ctx context.Context) error {
	st, err := u.announce(ctx)
	for err == nil && st.State == federation.Partial {
		u.furthest = max(u.furthest, st.Received)
		st, err = u.append(ctx, st.Received)
	}
	u.tried = true
	switch kind := federation.KindOf(err); kind {
	case federation.KindExists:
		return nil
	case federation.KindOffset, federation.KindNotFound: // what the hub has changed under us
		return &Trouble{Kind: TroubleCut, Err: err}
	case federation.KindAltered:
		if u.altered++; u.altered < maxAltered {
			u.furthest = 0
			return &Trouble{Kind: TroubleCut, Err: err}
		}
	}
	return err
}

// announce tells the hub of the message: with its first bytes the first time,
// and whenever that is little.
func (u *upload) announce(ctx context.Context) (federation.Status, error) {
	body := federation.EncodeHeader(u.envelope.Header)
	first := u.envelope.Ciphertext[:min(len(u.envelope.Ciphertext), federation.ChunkSize)]
	if !u.tried || len(first) < expectFrom {
		body = append(body, first...)
	}
	return u.status(u.client.answer(ctx, http.MethodPost, "/v1/outbox", body))
}

// append sends the next chunk.
func (u *upload) append(ctx context.Context, offset int64) (federation.Status, error) {
	rest := u.envelope.Ciphertext[offset:]
	path := fmt.Sprintf("/v1/outbox/%s?offset=%d", u.envelope.ID, offset)
	return u.status(u.client.answer(ctx, http.MethodPost, path, rest[:min(len(rest), federation.ChunkSize)]))
}

// status reads the hub's answer about this message.
func (u *upload) status(b []byte, err error) (federation.Status, error) {
	if err != nil {
		return federation.Status{}, err
	}
	st, err := federation.DecodeStatus(b)
	if err == nil && st.Size != u.envelope.Size {
		err = errors.New("the hub speaks of another message")
	}
	return st, err
}
