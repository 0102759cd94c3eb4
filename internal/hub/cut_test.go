package hub_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hmsp.center/hmsp/federation/client"
	"hmsp.center/hmsp/internal/hub"
)

// A cutter is a line between member and hub that is cut after some bytes.
type cutter struct {
	l     net.Listener
	to    string
	plan  func(n int) (up, down int64) // of the n-th connection; negative: never
	conns atomic.Int64
	cuts  atomic.Int64
	wg    sync.WaitGroup
	ctx   context.Context // ends with the test
}

func listenCutting(t testing.TB, to string, plan func(int) (int64, int64)) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	c := &cutter{l: l, to: to, plan: plan, ctx: ctx}
	c.wg.Go(c.accept)
	t.Cleanup(func() { end(); l.Close(); c.wg.Wait() })
	return c
}

func (c *cutter) addr() string { return c.l.Addr().String() }

func (c *cutter) accept() {
	for {
		in, err := c.l.Accept()
		if err != nil {
			return
		}
		up, down := c.plan(int(c.conns.Add(1) - 1))
		c.wg.Go(func() { c.join(in, up, down) })
	}
}

// join passes bytes until either direction has had its number, then cuts both.
func (c *cutter) join(in net.Conn, up, down int64) {
	defer in.Close()
	out, err := net.Dial("tcp", c.to)
	if err != nil {
		return
	}
	defer out.Close()
	defer context.AfterFunc(c.ctx, func() { in.Close(); out.Close() })()
	var wg sync.WaitGroup
	pass := func(to, from net.Conn, n int64) {
		defer in.Close()
		defer out.Close()
		if n < 0 {
			io.Copy(to, from)
			return
		}
		if m, _ := io.CopyN(to, from, n); m == n {
			c.cuts.Add(1)
		}
	}
	wg.Go(func() { pass(out, in, up) })
	wg.Go(func() { pass(in, out, down) })
	wg.Wait()
}

// through is a member's client by way of the line.
func (c *cutter) through(r *rig, name string) *client.Client {
	cfg := r.config(name)
	cfg.URL = "https://" + c.addr()
	return connect(r.t, cfg)
}

// TestCutsGoOnAtAnyByte: 20 MB come through lines that are cut at arbitrary
// bytes, in both directions, again and again (DESIGN section 11).
func TestCutsGoOnAtAnyByte(t *testing.T) {
	r := serve(t, pair(t), hub.Limits{})
	want := payload(20<<20, "20 MB")
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 1))
			var mu sync.Mutex
			line := listenCutting(t, r.addr, func(int) (int64, int64) {
				mu.Lock()
				defer mu.Unlock()
				// Past the handshake, so that each connection gets a little further.
				return 8<<10 + rng.Int64N(4<<20), 8<<10 + rng.Int64N(4<<20)
			})
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			e := r.envelope("site-a", "site-b", fmt.Sprint("cuts", seed), want)
			if err := line.through(r, "site-a").Send(ctx, e); err != nil {
				t.Fatal(err)
			}
			up := line.cuts.Load()
			if got := receive(t, ctx, line.through(r, "site-b"), r, "site-b"); !bytes.Equal(got, want) {
				t.Error("other bytes arrived")
			}
			if down := line.cuts.Load() - up; up < 4 || down < 4 {
				t.Errorf("only %d and %d cuts: the test does not test", up, down)
			}
		})
	}
}

// TestCutAtEveryStep samples the bytes of one short exchange, handshake
// included: the first connections are cut there, then the line is whole.
func TestCutAtEveryStep(t *testing.T) {
	r := serve(t, pair(t), hub.Limits{})
	want := payload(2000, "short")
	for at := int64(0); at < 6000; at += 149 {
		line := listenCutting(t, r.addr, func(n int) (int64, int64) {
			switch n {
			case 0, 2, 4:
				return at, -1
			case 1, 3, 5:
				return -1, at
			}
			return -1, -1
		})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		e := r.envelope("site-a", "site-b", fmt.Sprint("step", at), want)
		if err := line.through(r, "site-a").Send(ctx, e); err != nil {
			t.Fatalf("cut at %d: %v", at, err)
		}
		if got := receive(t, ctx, line.through(r, "site-b"), r, "site-b"); !bytes.Equal(got, want) {
			t.Errorf("cut at %d: other bytes arrived", at)
		}
		cancel()
	}
	if got := r.waiting("site-b"); len(got) != 0 {
		t.Errorf("left over: %v", got)
	}
}

// TestLineThatStandsStill: bytes that vanish without a reset are noticed by
// both ends, and the message arrives by another connection.
func TestLineThatStandsStill(t *testing.T) {
	r := serve(t, pair(t), hub.Limits{})
	hole, err := net.Listen("tcp", "127.0.0.1:0") // accepts in the kernel, answers nothing
	if err != nil {
		t.Fatal(err)
	}
	defer hole.Close()
	var n atomic.Int64
	line := listenCutting(t, r.addr, func(int) (int64, int64) { n.Add(1); return -1, -1 })
	front := listenChoosing(t, func(i int) string {
		if i == 0 {
			return hole.Addr().String()
		}
		return line.addr()
	})
	cfg := r.config("site-a")
	cfg.URL, cfg.Stall = "https://"+front, 200*time.Millisecond
	var troubles atomic.Int64
	cfg.Trouble = func(err error, _ time.Duration) { troubles.Add(1) }
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if err := connect(t, cfg).Send(ctx, r.envelope("site-a", "site-b", "1", nil)); err != nil {
		t.Fatal(err)
	}
	if troubles.Load() == 0 || n.Load() == 0 {
		t.Errorf("%d troubles, %d connections after", troubles.Load(), n.Load())
	}
	if len(r.waiting("site-b")) != 1 {
		t.Error("the message did not arrive")
	}
}

// listenChoosing passes the i-th connection on to where choose says.
func listenChoosing(t testing.TB, choose func(int) string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	ctx, end := context.WithCancel(context.Background())
	wg.Go(func() {
		for i := 0; ; i++ {
			in, err := l.Accept()
			if err != nil {
				return
			}
			c := &cutter{to: choose(i), ctx: ctx}
			wg.Go(func() { c.join(in, -1, -1) })
		}
	})
	t.Cleanup(func() { end(); l.Close(); wg.Wait() })
	return l.Addr().String()
}
