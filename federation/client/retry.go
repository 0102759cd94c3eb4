package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"hmsp.center/hmsp/federation"
)

// persist tries until it succeeds, ctx ends, or it fails in a way that waiting
// does not mend. A try says whether it came further than the one before: then
// waits begin again at the shortest.
func (c *Client) persist(ctx context.Context, what string, try func() (further bool, err error)) error {
	for n := 0; ; n++ {
		further, err := try()
		if err == nil {
			return nil
		}
		if !passing(err) && ctx.Err() == nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if further {
			n = 0
		}
		wait := c.wait(n, err)
		if ctx.Err() == nil {
			c.trouble(err, wait)
		}
		if !sleep(ctx, wait) {
			return gaveUp(ctx, what, err)
		}
	}
}

// gaveUp is ctx's error with what stood in the way last.
func gaveUp(ctx context.Context, what string, err error) error {
	if errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%s: %w", what, ctx.Err())
	}
	return fmt.Errorf("%s: %w; the last try failed: %w", what, ctx.Err(), err)
}

// passing says whether waiting can help.
func passing(err error) bool {
	var t *Trouble
	var e *federation.Error
	switch {
	case errors.As(err, &t):
		return t.Passing()
	case errors.As(err, &e):
		return e.Kind.Passing()
	}
	return false
}

// wait is how long to wait after the n-th failure in a row: from the shortest,
// doubling up to the longest, half of it left to chance so that many members do
// not come back at once; but not less than the hub asks for.
func (c *Client) wait(n int, err error) time.Duration {
	d := c.backoff[1]
	if n < 20 {
		d = min(d, c.backoff[0]<<n)
	}
	d = d/2 + time.Duration(rand.Int64N(int64(d/2)+1))
	var e *federation.Error
	if errors.As(err, &e) && e.RetryAfter > 0 {
		d += e.RetryAfter
	}
	return d
}

// sleep waits, and says whether ctx is still there.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
