package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"hmsp.center/hmsp/federation"
)

// expectFrom is the length of a body, in bytes, from which the client asks the
// hub before it sends: a refusal then costs no upload.
const expectFrom = 64 << 10

// answer makes one signed request and gives the JSON of the hub's answer.
func (c *Client) answer(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	return c.ask(ctx, method, path, body, c.stall, true)
}

// ask makes one request and reads a JSON answer. The error is an
// *federation.Error from the hub, or a *Trouble on the way to it.
func (c *Client) ask(ctx context.Context, method, path string, body []byte, stall time.Duration, signed bool) (b []byte, err error) {
	err = c.exchange(ctx, method, path, body, stall, signed, func(r io.Reader) error {
		b, err = io.ReadAll(io.LimitReader(r, federation.MaxAnswer+1))
		return err
	})
	return b, err
}

// exchange makes one request; read takes the body of a good answer. Stall is how
// long nothing may move, in either direction.
func (c *Client) exchange(ctx context.Context, method, path string, body []byte, stall time.Duration, signed bool, read func(io.Reader) error) error {
	ctx, alive, done := watch(ctx, stall)
	defer done()
	req, err := c.request(ctx, method, path, body, signed, alive)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.explain(ctx, err)
	}
	defer resp.Body.Close()
	alive()
	content := moving{resp.Body, alive}
	if resp.StatusCode != http.StatusOK {
		return refusal(resp, content)
	}
	if err := read(content); err != nil {
		return c.explain(ctx, err)
	}
	return nil
}

func (c *Client) request(ctx context.Context, method, path string, body []byte, signed bool, alive func()) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base.String()+path, nil)
	if err != nil {
		return nil, fmt.Errorf("ask hub: %w", err)
	}
	if len(body) > 0 {
		req.Body = io.NopCloser(moving{bytes.NewReader(body), alive})
		req.ContentLength = int64(len(body))
	}
	if len(body) >= expectFrom {
		req.Header.Set("Expect", "100-continue")
	}
	req.Header.Set("User-Agent", "hmsp")
	if signed {
		var nonce [16]byte
		rand.Read(nonce[:])
		s := federation.SignRequest(c.id, c.charter.Digest(), method, path, body, nonce, c.now())
		req.Header.Set("Authorization", s.Authorization())
	}
	return req, nil
}

// refusal is the error that the hub answered, or that something else did.
func refusal(resp *http.Response, content io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(content, federation.MaxError+1))
	if err != nil {
		return &federation.Error{Kind: federation.KindForeign}
	}
	e := federation.DecodeError(b)
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 && s < 3600 && e.RetryAfter == 0 {
		e.RetryAfter = time.Duration(s) * time.Second
	}
	return e
}

// watch gives a context that ends when nothing moved for stall. Alive says that
// something did.
func watch(ctx context.Context, stall time.Duration) (_ context.Context, alive, done func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	t := time.AfterFunc(stall, func() { cancel(errStall) })
	return ctx, func() { t.Reset(stall) }, func() { t.Stop(); cancel(nil) }
}

// moving says alive whenever bytes pass.
type moving struct {
	io.Reader
	alive func()
}

func (m moving) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	if n > 0 {
		m.alive()
	}
	return n, err
}
