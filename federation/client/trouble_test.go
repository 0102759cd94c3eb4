package client_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/federation/client"
	"hmsp.center/hmsp/federation/federationtest"
	"hmsp.center/hmsp/identity"
)

func noon() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// A peer is a TLS server on loopback, with its root.
type peer struct {
	addr string
	root *identity.Certificate
}

// listen starts a server whose certificate was made at a time for hosts.
func listen(t testing.TB, made time.Time, hosts []string, change func(*tls.Config), h http.Handler) peer {
	t.Helper()
	root, err := identity.NewRoot("test root", made)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := root.NewLeaf(hosts, made)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.TLS = identity.ServerTLS(leaf)
	if change != nil {
		change(srv.TLS)
	}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return peer{srv.Listener.Addr().String(), root}
}

func healthy(c *federationtest.Consortium) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"version":"v1","time":1800000000,"charter":"`+c.Digest()+`"}`)
	})
}

func connect(t testing.TB, cfg client.Config) *client.Client {
	t.Helper()
	if cfg.Proxy == nil {
		cfg.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	}
	if cfg.Now == nil {
		cfg.Now = noon
	}
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestEveryTroubleIsASentenceWithItsMend brings each about on loopback.
func TestEveryTroubleIsASentenceWithItsMend(t *testing.T) {
	c := federationtest.New(t, "site-a")
	local := []string{"127.0.0.1"}
	good := listen(t, noon(), local, nil, healthy(c))
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	plain := httptest.NewServer(healthy(c))
	t.Cleanup(plain.Close)
	proxy := func(status int) func(*http.Request) (*url.URL, error) {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(srv.Close)
		return http.ProxyURL(&url.URL{Scheme: "http", Host: srv.Listener.Addr().String()})
	}
	old := listen(t, noon().AddDate(-2, 0, 0), local, nil, healthy(c))
	other := listen(t, noon(), []string{"another.example"}, nil, healthy(c))
	classical := listen(t, noon(), local, func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256} }, healthy(c))
	twelve := listen(t, noon(), local, func(c *tls.Config) {
		c.MinVersion, c.MaxVersion, c.CurvePreferences = tls.VersionTLS12, tls.VersionTLS12, nil
	}, healthy(c))
	cutting := listen(t, noon(), local, nil, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))

	for _, tc := range []struct {
		name, url string
		root      *identity.Certificate
		change    func(*client.Config)
		want      client.TroubleKind
		words     string
		passing   bool
	}{
		{"name", "https://nowhere.invalid", good.root, nil, client.TroubleName, "nowhere.invalid cannot be found: check its spelling", true},
		{"refused", "https://" + closed.Addr().String(), good.root, nil, client.TroubleRefused, "refuses the connection: check that it runs", true},
		{"proxy login", "https://hub.example", good.root, func(c *client.Config) { c.Proxy = proxy(407) }, client.TroubleProxyLogin, "wants a login: write HTTPS_PROXY", false},
		{"proxy", "https://hub.example", good.root, func(c *client.Config) { c.Proxy = proxy(403) }, client.TroubleProxy, "HTTP 403): ask whoever runs it", true},
		{"proxy refused", "https://hub.example", good.root, func(c *client.Config) {
			c.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: closed.Addr().String()})
		}, client.TroubleRefused, "the proxy " + closed.Addr().String() + " refuses", true},
		{"expired", "https://" + old.addr, old.root, nil, client.TroubleExpired, "expired on 2025-11-24 12:00 UTC, and this machine's clock says 2026-11-24 12:00 UTC: if the clock is right, have the hub's administrator renew", false},
		{"early", "https://" + good.addr, good.root, func(c *client.Config) { c.Now = func() time.Time { return noon().AddDate(-1, 0, 0) } }, client.TroubleEarly, "valid from 2026-11-24 11:00 UTC on, and this machine's clock says 2025-11-24 12:00 UTC: set the clock", false},
		{"authority", "https://" + good.addr, old.root, nil, client.TroubleAuthority, "a root that is not trusted here", false},
		{"host", "https://" + other.addr, other.root, nil, client.TroubleHost, "the certificate is not for " + other.addr, false},
		{"classical groups", "https://" + classical.addr, classical.root, nil, client.TroubleClassical, "does not offer TLS 1.3 with hybrid post-quantum", false},
		{"TLS 1.2", "https://" + twelve.addr, twelve.root, nil, client.TroubleClassical, "does not offer TLS 1.3 with hybrid post-quantum", false},
		{"no TLS", strings.Replace(plain.URL, "http:", "https:", 1), good.root, nil, client.TroublePlain, "does not speak TLS: check the port", false},
		{"cut", "https://" + cutting.addr, cutting.root, nil, client.TroubleCut, "was cut (EOF): nothing needs to be done", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := client.Config{URL: tc.url, Identity: c.Identity("site-a"), Charter: c, Roots: [][]byte{tc.root.PEM()}}
			if tc.change != nil {
				tc.change(&cfg)
			}
			_, err := connect(t, cfg).Health(t.Context())
			var trouble *client.Trouble
			if !errors.As(err, &trouble) {
				t.Fatalf("got %v", err)
			}
			if trouble.Kind != tc.want || !strings.Contains(err.Error(), tc.words) || trouble.Passing() != tc.passing {
				t.Errorf("got %s, passing %t: %v\nwant %s with %q", trouble.Kind, trouble.Passing(), err, tc.want, tc.words)
			}
		})
	}
	if _, err := connect(t, client.Config{URL: "https://" + good.addr, Identity: c.Identity("site-a"), Charter: c, Roots: [][]byte{good.root.PEM()}}).Health(t.Context()); err != nil {
		t.Errorf("without trouble: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	c := federationtest.New(t, "site-a")
	ok := client.Config{URL: "https://hub.example", Identity: c.Identity("site-a"), Charter: c, Now: noon}
	for name, change := range map[string]func(*client.Config){
		"no scheme":    func(c *client.Config) { c.URL = "hub.example" },
		"plain HTTP":   func(c *client.Config) { c.URL = "http://hub.example" },
		"a path":       func(c *client.Config) { c.URL = "https://hub.example/hub" },
		"a login":      func(c *client.Config) { c.URL = "https://a:b@hub.example" },
		"no identity":  func(c *client.Config) { c.Identity = nil },
		"no charter":   func(c *client.Config) { c.Charter = nil },
		"no clock":     func(c *client.Config) { c.Now = nil },
		"no PEM roots": func(c *client.Config) { c.Roots = [][]byte{[]byte("x")} },
	} {
		cfg := ok
		change(&cfg)
		if _, err := client.New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestForeignAnswers: what is no hub's answer is never taken for one.
func TestForeignAnswers(t *testing.T) {
	c := federationtest.New(t, "site-a")
	for name, h := range map[string]http.HandlerFunc{
		"a page":   func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>Welcome</html>") },
		"an error": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "Bad Gateway", http.StatusBadGateway) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://login.example/", http.StatusFound)
		},
		"no end": func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 2<<20)) },
		"later field": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"version":"v1","time":1,"charter":"`+c.Digest()+`","x":1}`)
		},
	} {
		p := listen(t, noon(), []string{"127.0.0.1"}, nil, h)
		_, err := connect(t, client.Config{URL: "https://" + p.addr, Identity: c.Identity("site-a"), Charter: c, Roots: [][]byte{p.root.PEM()}}).Health(t.Context())
		if federation.KindOf(err) != federation.KindForeign {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestContextEnds: what stood in the way is told with the end of the context.
func TestContextEnds(t *testing.T) {
	c := federationtest.New(t, "site-a", "site-b")
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cfg := client.Config{URL: "https://" + closed.Addr().String(), Identity: c.Identity("site-a"), Charter: c, Backoff: [2]time.Duration{time.Millisecond, time.Millisecond}}
	tries := 0
	cfg.Trouble = func(error, time.Duration) {
		if tries++; tries == 3 {
			cancel()
		}
	}
	err = connect(t, cfg).Send(ctx, c.Envelope(t, "site-a", "site-b", federationtest.ID("1"), nil, noon()))
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "refuses the connection") || tries != 3 {
		t.Errorf("after %d tries: %v", tries, err)
	}
	if err := connect(t, cfg).Send(t.Context(), c.Envelope(t, "site-b", "site-a", federationtest.ID("1"), nil, noon())); err == nil {
		t.Error("sent another's envelope")
	}
}
