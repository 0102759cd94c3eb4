package hub_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/federation/client"
	"hmsp.center/hmsp/federation/federationtest"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/hub"
	"hmsp.center/hmsp/internal/store"
)

// childHome, set in the environment, makes the test binary a hub.
const childHome = "HMSP_TEST_HUB_HOME"

func TestMain(m *testing.M) {
	if home := os.Getenv(childHome); home != "" {
		if err := runChild(home); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// runChild is a hub process: it prints its address and serves until it is killed.
func runChild(home string) error {
	var tb testing.T // Fatal is never called: the names are valid
	c := federationtest.New(&tb, "site-a", "site-b", "site-c")
	leaf, err := identity.LoadCertificate(filepath.Join(home, "hub.pem"))
	if err != nil {
		return err
	}
	s, err := store.OpenHub(filepath.Join(home, "hub.db"))
	if err != nil {
		return err
	}
	h, err := hub.New(hub.Config{Charter: c, Members: c.Names(), Home: home, Store: s, Identity: c.Identity("hub"), Now: time.Now})
	if err != nil {
		return err
	}
	addr := "127.0.0.1:0"
	if b, err := os.ReadFile(filepath.Join(home, "addr")); err == nil {
		addr = string(b) // the address of the hub before it
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return h.Serve(context.Background(), l, identity.ServerTLS(leaf))
}

// A process is a hub in a process of its own.
type process struct {
	t    *testing.T
	home string
	addr string
	cmd  *exec.Cmd
}

func (p *process) start() {
	p.t.Helper()
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(os.Environ(), childHome+"="+p.home)
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		p.t.Fatalf("the hub did not start: %v", err)
	}
	p.addr = strings.TrimSpace(line)
	if err := os.WriteFile(filepath.Join(p.home, "addr"), []byte(p.addr), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// TestHubKilledMidUpload: the hub is killed (SIGKILL) again and again while a
// member uploads and another downloads; both go on and the bytes are the same.
func TestHubKilledMidUpload(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	p := &process{t: t, home: t.TempDir()}
	root, err := identity.NewRoot("test root", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := root.NewLeaf([]string{"127.0.0.1"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := leaf.Save(filepath.Join(p.home, "hub.pem")); err != nil {
		t.Fatal(err)
	}
	p.start()
	defer func() { p.kill() }()

	c := federationtest.New(t, "site-a", "site-b", "site-c")
	// A line that is cut now and then lets the kills fall into the middle.
	line := listenCutting(t, p.addr, func(int) (int64, int64) { return 3 << 20, 3 << 20 })
	member := func(name string) *client.Client {
		return connect(t, client.Config{URL: "https://" + line.addr(), Identity: c.Identity(name), Charter: c, Now: time.Now,
			Roots: [][]byte{root.PEM()}, Backoff: [2]time.Duration{time.Millisecond, 50 * time.Millisecond}})
	}
	want := payload(20<<20, "20 MB")
	e := c.Envelope(t, "site-a", "site-b", federationtest.ID("1"), want, time.Now())
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()

	sent := make(chan error, 1)
	go func() { sent <- member("site-a").Send(ctx, e) }()
	kills := 0
	file := filepath.Join(p.home, "messages", e.ID+".site-a")
	for ; kills < 3; kills++ {
		// Kill when the upload has grown past the next quarter.
		waitFor(t, ctx, func() bool {
			info, err := os.Stat(file)
			return err == nil && info.Size() > int64(kills+1)*4<<20
		})
		p.kill()
		p.start()
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	p.kill() // complete means on the disk
	p.start()
	b := member("site-b")
	notices, err := b.Inbox(ctx, 0)
	if err != nil || len(notices) != 1 {
		t.Fatalf("%d notices, %v", len(notices), err)
	}
	got, err := b.Fetch(ctx, notices[0])
	if err != nil {
		t.Fatal(err)
	}
	opened, err := federation.Open(c.Identity("site-b"), c, got, time.Now())
	if err != nil || !bytes.Equal(opened, want) {
		t.Errorf("the message is another: %d bytes, %v", len(opened), err)
	}
	if err := b.Ack(ctx, notices[0]); err != nil {
		t.Fatal(err)
	}
	p.kill()
	p.start()
	if err := member("site-a").Send(ctx, e); err != nil {
		t.Fatalf("sent again after delivery: %v", err)
	}
	if again, err := b.Inbox(ctx, 0); err != nil || len(again) != 0 {
		t.Errorf("delivered twice: %v, %v", again, err)
	}
}

// waitFor looks until it holds or ctx ends.
func waitFor(t *testing.T, ctx context.Context, holds func() bool) {
	t.Helper()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatal(ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
}

// TestReconcile: what a hub finds at its start that was killed between a file
// and its record.
func TestReconcile(t *testing.T) {
	c, home := pair(t), t.TempDir()
	r := build(t, c, home, hub.Limits{})
	whole := r.envelope("site-a", "site-b", "whole", payload(1000, "1")) // every byte there, not yet called complete
	wrong := r.envelope("site-a", "site-b", "wrong", payload(1000, "1")) // the size is right, the bytes are not
	cut := r.envelope("site-a", "site-b", "cut", payload(1000, "1"))     // half there
	early := r.envelope("site-a", "site-b", "early", payload(1000, "1")) // announced, no file yet
	lost := r.envelope("site-a", "site-b", "lost", payload(1000, "1"))   // complete, and someone removed the file
	good := r.envelope("site-a", "site-b", "good", payload(1000, "1"))   // complete
	for _, e := range []federation.Envelope{whole, wrong, cut, early} {
		if _, err := r.create(e, 10); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range []federation.Envelope{lost, good} {
		if _, err := r.create(e, len(e.Ciphertext)); err != nil {
			t.Fatal(err)
		}
	}
	path := func(e federation.Envelope) string { return filepath.Join(home, "messages", e.ID+"."+e.From) }
	write := func(p string, b []byte) {
		t.Helper()
		if err := os.WriteFile(p, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(path(whole), whole.Ciphertext)
	write(path(wrong), make([]byte, len(wrong.Ciphertext)))
	write(path(cut), cut.Ciphertext[:500])
	write(filepath.Join(home, "messages", "stray.site-a"), []byte("no record"))
	os.Remove(path(early))
	os.Remove(path(lost))
	r.store.Close()

	r = build(t, c, home, hub.Limits{})
	if got, want := r.waiting("site-b"), []string{good.ID, whole.ID}; !slices.Equal(got, want) {
		t.Errorf("waiting %v, want %v", got, want)
	}
	for e, want := range map[*federation.Envelope]int64{&wrong: 0, &cut: 500, &early: 0} {
		st, err := r.hub.Status(t.Context(), e.From, e.ID)
		if err != nil || st.State != federation.Partial || st.Received != want {
			t.Errorf("%+v, %v; want %d bytes", st, err, want)
		}
		if st, err := r.append(*e, int(want), len(e.Ciphertext)); err != nil || st.State != federation.Complete {
			t.Errorf("going on: %+v, %v", st, err)
		}
	}
	if _, err := os.Stat(filepath.Join(home, "messages", "stray.site-a")); !os.IsNotExist(err) {
		t.Error("the stray file stays")
	}
	if st, err := r.create(lost, len(lost.Ciphertext)); err != nil || st.State != federation.Complete {
		t.Errorf("the lost one cannot be sent again: %+v, %v", st, err)
	}
}
