package client

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"hmsp.center/hmsp/federation"
)

// TestWaits: time is faked; waits double up to the longest, at least half of
// each is kept, and begin again when a try came further.
func TestWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []time.Duration
		c := &Client{backoff: [2]time.Duration{time.Second, 8 * time.Second}, trouble: func(_ error, d time.Duration) { waits = append(waits, d) }}
		n, start := 0, time.Now()
		err := c.persist(t.Context(), "try", func() (bool, error) {
			if n++; n == 9 {
				return false, nil
			}
			return n == 7, &Trouble{Kind: TroubleCut, Err: errors.New("cut")}
		})
		if err != nil {
			t.Fatal(err)
		}
		var sum time.Duration
		for i, top := range []time.Duration{1, 2, 4, 8, 8, 8, 1, 2} {
			top *= time.Second
			if waits[i] < top/2 || waits[i] > top {
				t.Errorf("wait %d is %s, want %s to %s", i, waits[i], top/2, top)
			}
			sum += waits[i]
		}
		if took := time.Since(start); took != sum || len(waits) != 8 {
			t.Errorf("took %s for waits of %s", took, sum)
		}
	})
}

func TestWaitsAsLongAsTheHubAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Client{backoff: [2]time.Duration{time.Millisecond, time.Millisecond}, trouble: func(error, time.Duration) {}}
		n, start := 0, time.Now()
		err := c.persist(t.Context(), "try", func() (bool, error) {
			if n++; n == 3 {
				return false, nil
			}
			return false, &federation.Error{Kind: federation.KindQuota, RetryAfter: time.Minute}
		})
		if err != nil || time.Since(start) < 2*time.Minute {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

func TestPersistEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Client{backoff: [2]time.Duration{time.Second, time.Minute}, trouble: func(error, time.Duration) {}}
		tries := 0
		lasting := federation.Refuse(federation.KindMember)
		err := c.persist(t.Context(), "try", func() (bool, error) { tries++; return false, lasting })
		if !errors.Is(err, lasting) || tries != 1 {
			t.Errorf("what waiting does not mend: %v after %d tries", err, tries)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		full := federation.Refuse(federation.KindFull)
		err = c.persist(ctx, "try", func() (bool, error) { return false, full })
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, full) {
			t.Errorf("the end of the context: %v", err)
		}
	})
}
