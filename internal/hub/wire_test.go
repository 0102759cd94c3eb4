package hub_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/federation/federationtest"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/hub"
)

func TestThereAndBack(t *testing.T) {
	r := serve(t, pair(t), hub.Limits{})
	a, b := r.client("site-a"), r.client("site-b")
	for _, n := range []int{0, 1, 70 << 10, federation.ChunkSize, federation.ChunkSize + 1} {
		want := payload(n, "there")
		if err := a.Send(t.Context(), r.envelope("site-a", "site-b", string(rune('a'+n%26))+"x", want)); err != nil {
			t.Fatal(err)
		}
		if got := receive(t, t.Context(), b, r, "site-b"); !bytes.Equal(got, want) {
			t.Errorf("%d bytes: other bytes arrived", n)
		}
	}
	h, err := a.Health(t.Context())
	if err != nil || h != (federation.Health{Version: "v1", Time: noon().Unix(), Charter: r.Digest()}) {
		t.Errorf("health %+v, %v", h, err)
	}
	if p, err := a.Presence(t.Context()); err != nil || len(p) != 3 || p[1] != (federation.Presence{Member: "site-b", Seen: noon().Unix()}) {
		t.Errorf("presence %+v, %v", p, err)
	}
}

// TestHubHoldsNoPlaintext: a word of a message is nowhere in the hub's folder,
// while it waits and after.
func TestHubHoldsNoPlaintext(t *testing.T) {
	r := serve(t, pair(t), hub.Limits{})
	marker := []byte("the-word-of-the-patient")
	if err := r.client("site-a").Send(t.Context(), r.envelope("site-a", "site-b", "1", bytes.Repeat(marker, 1000))); err != nil {
		t.Fatal(err)
	}
	looked := 0
	err := filepath.WalkDir(r.home, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, marker) {
			t.Errorf("%s holds it", path)
		}
		looked += len(content)
		return err
	})
	if err != nil || looked < 1000*len(marker) {
		t.Errorf("looked at %d bytes, %v", looked, err)
	}
}

// raw makes requests by hand.
func (r *rig) raw() *http.Client {
	pool, err := identity.Pool(r.root.PEM())
	if err != nil {
		r.t.Fatal(err)
	}
	conf := identity.ClientTLS(pool)
	conf.Time = r.clock.now
	tr := &http.Transport{TLSClientConfig: conf}
	r.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func (r *rig) do(c *http.Client, method, path, authorization string, body []byte) (int, *federation.Error) {
	r.t.Helper()
	req, err := http.NewRequest(method, "https://"+r.addr+path, bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := c.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp.StatusCode, nil
	}
	return resp.StatusCode, federation.DecodeError(b)
}

func TestHubRefusesOnTheWire(t *testing.T) {
	r := serve(t, pair(t), hub.Limits{})
	stranger := federationtest.Identity(t, "site-z")
	e := r.envelope("site-a", "site-b", "1", payload(100, "1"))
	big := r.envelope("site-a", "site-b", "2", payload(federation.ChunkSize+federation.MaxPrefix, "2")).Encode()
	nonce := byte(0)
	sign := func(id *identity.Identity, charter, method, path string, body []byte, at time.Time) string {
		nonce++
		return federation.SignRequest(id, charter, method, path, body, [16]byte{nonce}, at).Authorization()
	}
	a, digest, now := r.Identity("site-a"), r.Digest(), noon()
	inbox := "/v1/inbox?wait=0"
	good := sign(a, digest, "GET", inbox, nil, now)
	c := r.raw()
	if code, e := r.do(c, "GET", inbox, good, nil); code != 200 {
		t.Fatalf("a good request: %v", e)
	}
	for _, tc := range []struct {
		name, method, path, auth string
		body                     []byte
		want                     federation.Kind
	}{
		{"replayed", "GET", inbox, good, nil, federation.KindReplayed},
		{"no signature", "GET", inbox, "", nil, federation.KindUnsigned},
		{"another scheme", "GET", inbox, "Bearer x", nil, federation.KindUnsigned},
		{"a member outside the charter", "GET", inbox, sign(stranger, digest, "GET", inbox, nil, now), nil, federation.KindMember},
		{"the hub as a member", "GET", inbox, sign(r.Identity("hub"), digest, "GET", inbox, nil, now), nil, federation.KindMember},
		{"a second charter", "GET", inbox, sign(a, strings.Repeat("0", 64), "GET", inbox, nil, now), nil, federation.KindCharter},
		{"another path", "GET", "/v1/inbox?wait=1", sign(a, digest, "GET", inbox, nil, now), nil, federation.KindSignature},
		{"another method", "POST", "/v1/outbox", sign(a, digest, "GET", "/v1/outbox", nil, now), nil, federation.KindSignature},
		{"a clock off by a day", "GET", inbox, sign(a, digest, "GET", inbox, nil, now.Add(24*time.Hour)), nil, federation.KindClock},
		{"another body", "POST", "/v1/outbox", sign(a, digest, "POST", "/v1/outbox", []byte("x"), now), e.Encode(), federation.KindAltered},
		{"no envelope", "POST", "/v1/outbox", sign(a, digest, "POST", "/v1/outbox", []byte("x"), now), []byte("x"), federation.KindMalformed},
		{"another's envelope", "POST", "/v1/outbox", sign(r.Identity("site-c"), digest, "POST", "/v1/outbox", e.Encode(), now), e.Encode(), federation.KindSignature},
		{"a path out of the folder", "GET", "/v1/inbox/site-b/..%2f..%2fhub.db", sign(a, digest, "GET", "/v1/inbox/site-b/..%2f..%2fhub.db", nil, now), nil, federation.KindMalformed},
		{"an offset below 0", "POST", "/v1/outbox/" + e.ID + "?offset=-1", sign(a, digest, "POST", "/v1/outbox/"+e.ID+"?offset=-1", nil, now), nil, federation.KindMalformed},
		{"a page that is not there", "GET", "/v1/admin", "", nil, federation.KindNotFound},
		{"more than a chunk", "POST", "/v1/outbox", sign(a, digest, "POST", "/v1/outbox", big, now), big, federation.KindTooLarge},
	} {
		code, err := r.do(c, tc.method, tc.path, tc.auth, tc.body)
		if err == nil || err.Kind != tc.want || code != tc.want.Status() {
			t.Errorf("%s: HTTP %d, %v; want %s", tc.name, code, err, tc.want)
		}
	}
	if got := r.waiting("site-b"); len(got) != 0 {
		t.Errorf("delivered: %v", got)
	}
	// A member under an earlier charter may ask for the present one.
	if code, err := r.do(c, "GET", "/v1/charter", sign(a, strings.Repeat("0", 64), "GET", "/v1/charter", nil, now), nil); code != 200 {
		t.Errorf("charter: %v", err)
	}
}

func TestClockOffByADayOverTheWire(t *testing.T) {
	r := serve(t, pair(t), hub.Limits{})
	cfg := r.config("site-a")
	cfg.Now = func() time.Time { return noon().Add(24 * time.Hour) }
	_, err := connect(t, cfg).Inbox(t.Context(), 0)
	want := "this machine's clock is 24h0m0s ahead of the hub's, which says 2026-11-24T12:00:00Z: set this machine's clock"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}

func TestSecondCharterIsRefused(t *testing.T) {
	r := serve(t, pair(t), hub.Limits{})
	other := federationtest.New(t, "site-a", "site-b")
	cfg := r.config("site-a")
	cfg.Charter = other
	c := connect(t, cfg)
	err := c.Send(t.Context(), other.Envelope(t, "site-a", "site-b", federationtest.ID("1"), nil, noon()))
	wantKind(t, "send", err, federation.KindCharter)
	if b, err := c.Charter(t.Context()); err != nil || string(b) != "the charter" {
		t.Errorf("the hub's charter: %q, %v", b, err)
	}
}

// TestHubThatAlters: a message whose bytes were changed on the hub's disk is
// refused by its recipient.
func TestHubThatAlters(t *testing.T) {
	r := serve(t, pair(t), hub.Limits{})
	e := r.envelope("site-a", "site-b", "1", payload(1000, "1"))
	if err := r.client("site-a").Send(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(r.home, "messages", r.files()[0])
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[1500] ^= 1
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	b := r.client("site-b")
	notices, err := b.Inbox(t.Context(), 0)
	if err != nil || len(notices) != 1 {
		t.Fatalf("%v, %v", notices, err)
	}
	_, err = b.Fetch(t.Context(), notices[0])
	wantKind(t, "fetch", err, federation.KindAltered)
	forged := notices[0]
	forged.Size++
	_, err = b.Fetch(t.Context(), forged)
	wantKind(t, "a notice that the sender did not sign", err, federation.KindSignature)
}

// TestBackPressure: a member at its limit is held, without an error and without
// loss, until its messages are fetched; another goes on meanwhile.
func TestBackPressure(t *testing.T) {
	r := serve(t, pair(t), small())
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cfg := r.config("site-a")
	held := make(chan error, 100)
	cfg.Trouble = func(err error, wait time.Duration) {
		var e *federation.Error
		if errors.As(err, &e) && wait >= e.RetryAfter && e.RetryAfter > 0 {
			held <- err
		}
	}
	const n = 5
	done := make(chan error, 1)
	go func() {
		c := connect(t, cfg)
		for i := range n {
			if err := c.Send(ctx, r.envelope("site-a", "site-b", string(rune('0'+i)), payload(60<<10, "1"))); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	wantKind(t, "the flooder", <-held, federation.KindQuota)
	if err := r.client("site-c").Send(ctx, r.envelope("site-c", "site-b", "c", payload(60<<10, "1"))); err != nil {
		t.Errorf("another member: %v", err)
	}
	b := r.client("site-b")
	for range n + 1 {
		receive(t, ctx, b, r, "site-b")
	}
	if err := <-done; err != nil {
		t.Errorf("the flooder, after room came back: %v", err)
	}
}

// TestStopLetsPollsGo: a hub that stops answers the polls and frees its port.
func TestStopLetsPollsGo(t *testing.T) {
	r := serve(t, pair(t), hub.Limits{})
	type answer struct {
		n   int
		err error
	}
	c := make(chan answer, 1)
	b := r.client("site-b")
	if _, err := b.Inbox(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		n, err := b.Inbox(ctx, federation.MaxWait)
		c <- answer{len(n), err}
	}()
	r.stop()
	l, err := net.Listen("tcp", r.addr)
	if err != nil {
		t.Errorf("the port is taken: %v", err)
	} else {
		l.Close()
	}
	cancel()
	if a := <-c; a.n != 0 {
		t.Errorf("%+v", a)
	}
}
