package hub_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/federation/client"
	"hmsp.center/hmsp/federation/federationtest"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/hub"
	"hmsp.center/hmsp/internal/store"
)

func noon() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// A clock is set by the test.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// A rig is a hub that serves on loopback.
type rig struct {
	*federationtest.Consortium
	t     testing.TB
	hub   *hub.Hub
	store *store.Hub
	home  string
	clock *clock
	root  *identity.Certificate
	addr  string
	stop  func()
}

// build makes a hub that does not serve yet.
func build(t testing.TB, c *federationtest.Consortium, home string, limits hub.Limits) *rig {
	t.Helper()
	s, err := store.OpenHub(filepath.Join(home, "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	r := &rig{Consortium: c, t: t, store: s, home: home, clock: &clock{t: noon()}}
	r.hub, err = hub.New(hub.Config{Charter: c, CharterFile: []byte("the charter"), Members: c.Names(), Home: home, Store: s, Identity: c.Identity("hub"), Now: r.clock.now, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// serve starts a hub for the hosts "127.0.0.1" and "hub.example".
func serve(t testing.TB, c *federationtest.Consortium, limits hub.Limits) *rig {
	t.Helper()
	r := build(t, c, t.TempDir(), limits)
	var err error
	if r.root, err = identity.NewRoot("test root", noon()); err != nil {
		t.Fatal(err)
	}
	leaf, err := r.root.NewLeaf([]string{"127.0.0.1", "hub.example"}, noon())
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.hub.Serve(ctx, l, identity.ServerTLS(leaf)) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// config is a member's configuration, straight to the hub and quick to try again.
func (r *rig) config(name string) client.Config {
	return client.Config{
		URL:      "https://" + r.addr,
		Identity: r.Identity(name),
		Charter:  r.Consortium,
		Now:      r.clock.now,
		Roots:    [][]byte{r.root.PEM()},
		Backoff:  [2]time.Duration{time.Millisecond, 20 * time.Millisecond},
	}
}

func (r *rig) client(name string) *client.Client { return connect(r.t, r.config(name)) }

func connect(t testing.TB, cfg client.Config) *client.Client {
	t.Helper()
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func (r *rig) envelope(from, to, id string, payload []byte) federation.Envelope {
	r.t.Helper()
	return r.Envelope(r.t, from, to, federationtest.ID(id), payload, r.clock.now())
}

// create sends the header and the first n bytes of a message to the hub's role.
func (r *rig) create(e federation.Envelope, n int) (federation.Status, error) {
	return r.hub.Create(r.t.Context(), e.Header, bytes.NewReader(e.Ciphertext[:n]))
}

func (r *rig) append(e federation.Envelope, from, to int) (federation.Status, error) {
	return r.hub.Append(r.t.Context(), e.From, e.ID, int64(from), bytes.NewReader(e.Ciphertext[from:to]))
}

// waiting lists the ids that wait for a member.
func (r *rig) waiting(to string) []string {
	r.t.Helper()
	notices, err := r.hub.List(r.t.Context(), to, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	ids := []string{}
	for _, n := range notices {
		ids = append(ids, n.ID)
	}
	return ids
}

// files lists what is in the folder of messages.
func (r *rig) files() []string {
	r.t.Helper()
	entries, err := os.ReadDir(filepath.Join(r.home, "messages"))
	if err != nil {
		r.t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// payload is n bytes that follow from a word.
func payload(n int, word string) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(rand.NewChaCha8(sha256.Sum256([]byte(word))), b); err != nil {
		panic(err)
	}
	return b
}

// receive fetches, opens and acknowledges the first message that waits.
func receive(t testing.TB, ctx context.Context, c *client.Client, r *rig, to string) []byte {
	t.Helper()
	for {
		notices, err := c.Inbox(ctx, federation.MaxWait)
		if err != nil {
			t.Fatal(err)
		}
		if len(notices) == 0 {
			continue
		}
		e, err := c.Fetch(ctx, notices[0])
		if err != nil {
			t.Fatal(err)
		}
		got, err := federation.Open(r.Identity(to), r.Consortium, e, r.clock.now())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Ack(ctx, notices[0]); err != nil {
			t.Fatal(err)
		}
		return got
	}
}

func wantKind(t testing.TB, what string, err error, want federation.Kind) {
	t.Helper()
	if federation.KindOf(err) != want {
		t.Errorf("%s: got %v, want kind %q", what, err, want)
	}
}
