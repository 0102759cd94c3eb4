package client

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/federation"
)

// Health asks the hub whether it is there, by what clock and for which charter;
// anyone may. It tries once, for the doctor.
func (c *Client) Health(ctx context.Context) (federation.Health, error) {
	b, err := c.ask(ctx, http.MethodGet, "/v1/health", nil, c.stall, false)
	if err != nil {
		return federation.Health{}, fmt.Errorf("ask hub for its health: %w", err)
	}
	h, err := federation.DecodeHealth(b)
	if err != nil {
		return h, fmt.Errorf("ask hub for its health: %w", err)
	}
	return h, nil
}

// Presence asks when the hub last heard from each member. It tries once; that
// it succeeds shows that the hub lets this member in.
func (c *Client) Presence(ctx context.Context) ([]federation.Presence, error) {
	b, err := c.answer(ctx, http.MethodGet, "/v1/presence", nil)
	if err != nil {
		return nil, fmt.Errorf("ask hub for presence: %w", err)
	}
	p, err := federation.DecodePresence(b)
	if err != nil {
		return nil, fmt.Errorf("ask hub for presence: %w", err)
	}
	return p, nil
}

// Checkpoint asks how far the hub's audit log is, with a proof that it extends
// the tree of size from (0 asks for none). The caller hands both to an
// audit.Witness, which verifies them. It tries once.
func (c *Client) Checkpoint(ctx context.Context, from int64) (audit.Checkpoint, []audit.Hash, error) {
	b, err := c.answer(ctx, http.MethodGet, fmt.Sprintf("/v1/checkpoint?from=%d", from), nil)
	if err != nil {
		return audit.Checkpoint{}, nil, fmt.Errorf("ask hub for its audit log's checkpoint: %w", err)
	}
	at, proof, err := federation.DecodeLogState(b)
	if err != nil {
		return at, nil, fmt.Errorf("ask hub for its audit log's checkpoint: %w", err)
	}
	return at, proof, nil
}

// maxCharter is the longest charter that Charter takes, in bytes.
const maxCharter = 16 << 20

// Charter gives the hub's charter as bytes, which the caller must verify. A
// member under an earlier charter may ask. It tries once.
func (c *Client) Charter(ctx context.Context) (b []byte, err error) {
	err = c.exchange(ctx, http.MethodGet, "/v1/charter", nil, c.stall, true, func(r io.Reader) error {
		b, err = io.ReadAll(io.LimitReader(r, maxCharter+1))
		return err
	})
	if err == nil && len(b) > maxCharter {
		err = federation.Refuse(federation.KindForeign)
	}
	if err != nil {
		return nil, fmt.Errorf("ask hub for its charter: %w", err)
	}
	return b, nil
}
