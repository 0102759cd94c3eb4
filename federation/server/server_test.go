package server_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/federation/federationtest"
	"hmsp.center/hmsp/federation/server"
)

func noon() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// A fakeHub lets everyone in and answers as the test says.
type fakeHub struct {
	federation.Hub
	status  func() (federation.Status, error)
	take    func(io.Reader) (federation.Status, error)
	read    func(offset int64) (io.ReadCloser, int64, error)
	entered int
	left    int
}

func (f *fakeHub) Admit(federation.Request) (func(), error) {
	f.entered++
	return func() { f.left++ }, nil
}

func (f *fakeHub) Status(context.Context, string, string) (federation.Status, error) {
	return f.status()
}

func (f *fakeHub) Append(_ context.Context, _, _ string, _ int64, r io.Reader) (federation.Status, error) {
	return f.take(r)
}

func (f *fakeHub) Read(_ context.Context, _, _, _ string, offset int64) (io.ReadCloser, int64, error) {
	return f.read(offset)
}

func request(t testing.TB, method, path string, body []byte) *http.Request {
	t.Helper()
	c := federationtest.New(t, "site-a")
	r := httptest.NewRequest(method, path, bytes.NewReader(body))
	r.Header.Set("Authorization", federation.SignRequest(c.Identity("site-a"), c.Digest(), method, path, body, [16]byte{1}, noon()).Authorization())
	return r
}

var id = strings.Repeat("0", 32)

// TestErrorsAreRenderedInOnePlace: a kind crosses with its status and numbers; any
// other error crosses without a word of its own, and is in the log.
func TestErrorsAreRenderedInOnePlace(t *testing.T) {
	for _, tc := range []struct {
		err    error
		status int
		retry  string
	}{
		{&federation.Error{Kind: federation.KindQuota, RetryAfter: 2500 * time.Millisecond}, 429, "3"},
		{&federation.Error{Kind: federation.KindFull, RetryAfter: time.Second}, 507, "1"},
		{&federation.Error{Kind: federation.KindOffset, Offset: 0}, 409, ""},
		{federation.Refuse(federation.KindNotFound), 404, ""},
		{errors.New("open /var/lib/hmsp/patient-4711: secret"), 500, ""},
	} {
		var log bytes.Buffer
		hub := &fakeHub{status: func() (federation.Status, error) { return federation.Status{}, tc.err }}
		h := server.New(hub, server.Options{Now: noon, Log: slog.New(slog.NewTextHandler(&log, nil))})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, request(t, "GET", "/v1/outbox/"+id, nil))
		if w.Code != tc.status || w.Header().Get("Retry-After") != tc.retry {
			t.Errorf("%v: HTTP %d, Retry-After %q", tc.err, w.Code, w.Header().Get("Retry-After"))
		}
		want := federation.KindOf(tc.err)
		if want == "" {
			want = federation.KindInternal
			if strings.Contains(w.Body.String(), "secret") || !strings.Contains(log.String(), "secret") {
				t.Errorf("body %q, log %q", w.Body.String(), log.String())
			}
		}
		if got := federation.DecodeError(w.Body.Bytes()); got.Kind != want {
			t.Errorf("%v: kind %s", tc.err, got.Kind)
		}
		if hub.entered != 1 || hub.left != 1 {
			t.Errorf("entered %d times, left %d", hub.entered, hub.left)
		}
	}
}

// A deadlines records the deadlines that a handler sets.
type deadlines struct {
	*httptest.ResponseRecorder
	read, write []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error  { d.read = append(d.read, t); return nil }
func (d *deadlines) SetWriteDeadline(t time.Time) error { d.write = append(d.write, t); return nil }

// TestLivenessIsProgress: every piece that moves gives a connection its time
// anew, in both directions.
func TestLivenessIsProgress(t *testing.T) {
	now := noon()
	clock := func() time.Time { now = now.Add(time.Minute); return now }
	hub := &fakeHub{
		take: func(r io.Reader) (federation.Status, error) {
			_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, r, make([]byte, 100))
			return federation.Status{State: federation.Partial}, err
		},
		read: func(int64) (io.ReadCloser, int64, error) {
			return io.NopCloser(bytes.NewReader(make([]byte, 300<<10))), 300 << 10, nil
		},
	}
	h := server.New(hub, server.Options{Now: clock, Stall: time.Hour})
	rising := func(what string, at []time.Time) {
		t.Helper()
		n := 0
		var last time.Time
		for _, d := range at {
			if d.IsZero() {
				continue
			}
			if n++; !d.After(last) || d.Sub(now) > time.Hour {
				t.Errorf("%s: deadline %s after %s, now %s", what, d, last, now)
			}
			last = d
		}
		if n < 3 {
			t.Errorf("%s: %d deadlines", what, n)
		}
	}
	up := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	h.ServeHTTP(up, request(t, "POST", "/v1/outbox/"+id, make([]byte, 1000)))
	if up.Code != 200 {
		t.Fatalf("HTTP %d %s", up.Code, up.Body)
	}
	rising("upload", up.read)
	if !up.read[len(up.read)-1].IsZero() {
		t.Error("the upload leaves a deadline behind")
	}
	down := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	h.ServeHTTP(down, request(t, "GET", "/v1/inbox/site-b/"+id, nil))
	if down.Code != 200 || down.Body.Len() != 300<<10 || down.Header().Get("Content-Length") != strconv.Itoa(300<<10) {
		t.Fatalf("HTTP %d, %d bytes", down.Code, down.Body.Len())
	}
	rising("download", down.write)
}

// TestStalledUploadEnds: a member whose line goes silent in the middle of a
// chunk does not hold the hub for ever.
func TestStalledUploadEnds(t *testing.T) {
	got := make(chan error, 1)
	hub := &fakeHub{take: func(r io.Reader) (federation.Status, error) {
		_, err := io.Copy(io.Discard, r)
		got <- err
		return federation.Status{}, err
	}}
	srv := httptest.NewServer(server.New(hub, server.Options{Now: time.Now, Stall: 50 * time.Millisecond}))
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := request(t, "POST", "/v1/outbox/"+id, make([]byte, 1000))
	io.WriteString(conn, "POST /v1/outbox/"+id+" HTTP/1.1\r\nHost: hub\r\nContent-Length: 1000\r\nAuthorization: "+r.Header.Get("Authorization")+"\r\n\r\nhalf")
	var timeout net.Error
	if err := <-got; !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("got %v", err)
	}
}

func FuzzRequests(f *testing.F) {
	hub := &fakeHub{
		status: func() (federation.Status, error) { return federation.Status{}, nil },
		take: func(r io.Reader) (federation.Status, error) {
			_, err := io.Copy(io.Discard, r)
			return federation.Status{}, err
		},
		read: func(int64) (io.ReadCloser, int64, error) { return io.NopCloser(strings.NewReader("x")), 1, nil },
	}
	h := server.New(hub, server.Options{Now: noon})
	f.Add("GET", "/v1/outbox/"+id, "")
	f.Add("POST", "/v1/outbox/"+id+"?offset=7", "x")
	f.Add("POST", "/v1/outbox", "hmsp-envelope/v1\n\x00\x00\x00\x02{}")
	f.Add("GET", "/v1/inbox/site-b/"+id+"?offset=1", "")
	f.Fuzz(func(t *testing.T, method, path, body string) {
		if method != "GET" && method != "POST" || !strings.HasPrefix(path, "/v1/outbox") && !strings.HasPrefix(path, "/v1/inbox/") {
			t.Skip()
		}
		if _, err := url.ParseRequestURI(path); err != nil || strings.ContainsAny(path, " \r\n\t") {
			t.Skip()
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, request(t, method, path, []byte(body)))
		if w.Code >= 500 {
			t.Errorf("%s %s: HTTP %d %s", method, path, w.Code, w.Body)
		}
	})
}
