package hub_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"hmsp.center/hmsp/federation/client"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/hub"
)

func TestClassicalClientIsRefused(t *testing.T) {
	r := serve(t, pair(t), hub.Limits{})
	pool, err := identity.Pool(r.root.PEM())
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*tls.Config){
		"classical groups": func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256} },
		"TLS 1.2": func(c *tls.Config) {
			c.MinVersion, c.MaxVersion, c.CurvePreferences = tls.VersionTLS12, tls.VersionTLS12, nil
		},
	} {
		conf := identity.ClientTLS(pool)
		conf.Time = r.clock.now
		change(conf)
		conn, err := tls.Dial("tcp", r.addr, conf)
		if err == nil {
			conn.Close()
			t.Errorf("%s: connected", name)
		}
	}
}

// A connectProxy tunnels every CONNECT to one address; with login it asks for one.
func connectProxy(t testing.TB, to string, login string) (addr string, tunnels *atomic.Int64) {
	t.Helper()
	tunnels = new(atomic.Int64)
	line := listenCutting(t, to, func(int) (int64, int64) { return -1, -1 })
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method != http.MethodConnect || !strings.HasPrefix(req.Host, "hub.example:") {
			http.Error(w, "not allowed", http.StatusForbidden)
			return
		}
		if login != "" && req.Header.Get("Proxy-Authorization") != login {
			w.Header().Set("Proxy-Authenticate", "Basic")
			http.Error(w, "login", http.StatusProxyAuthRequired)
			return
		}
		tunnels.Add(1)
		in, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		io.WriteString(in, "HTTP/1.1 200 OK\r\n\r\n")
		(&cutter{to: line.addr(), ctx: line.ctx}).join(in, -1, -1)
	}))
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String(), tunnels
}

func TestProxy(t *testing.T) {
	r := serve(t, pair(t), hub.Limits{})
	_, port, err := net.SplitHostPort(r.addr)
	if err != nil {
		t.Fatal(err)
	}
	config := func(name string) client.Config {
		cfg := r.config(name)
		cfg.URL = "https://hub.example:" + port // a name that only the proxy knows
		return cfg
	}
	for _, login := range []string{"", "Basic bmFtZTpwYXNz"} {
		addr, tunnels := connectProxy(t, r.addr, login)
		user := ""
		if login != "" {
			user = "name:pass@"
		}
		t.Setenv("HTTPS_PROXY", "http://"+user+addr)
		t.Setenv("NO_PROXY", "")
		if err := connect(t, config("site-a")).Send(t.Context(), r.envelope("site-a", "site-b", "1"+login, nil)); err != nil || tunnels.Load() == 0 {
			t.Errorf("HTTPS_PROXY, login %q: %v, %d tunnels", login, err, tunnels.Load())
		}
		cfg := config("site-b")
		cfg.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: addr})
		_, err := connect(t, cfg).Health(t.Context())
		var trouble *client.Trouble
		switch {
		case login == "" && err != nil:
			t.Errorf("a proxy of the configuration: %v", err)
		case login != "" && (!errors.As(err, &trouble) || trouble.Kind != client.TroubleProxyLogin || !strings.Contains(err.Error(), "wants a login")):
			t.Errorf("without a login: %v", err)
		}
		t.Setenv("NO_PROXY", "127.0.0.1,hub.example")
		if _, err := connect(t, config("site-a")).Health(t.Context()); !errors.As(err, &trouble) || trouble.Kind != client.TroubleName {
			t.Errorf("NO_PROXY: %v", err)
		}
	}
}

func TestExtraRoots(t *testing.T) {
	r := serve(t, pair(t), hub.Limits{})
	other, err := identity.NewRoot("another root", noon())
	if err != nil {
		t.Fatal(err)
	}
	cfg := r.config("site-a")
	cfg.Roots = [][]byte{other.PEM(), r.root.PEM()}
	if _, err := connect(t, cfg).Health(t.Context()); err != nil {
		t.Errorf("two roots: %v", err)
	}
	cfg.SystemRoots = true
	if _, err := connect(t, cfg).Health(t.Context()); err != nil {
		t.Errorf("two roots and the system's: %v", err)
	}
	cfg.Roots = [][]byte{other.PEM()}
	_, err = connect(t, cfg).Health(t.Context())
	var trouble *client.Trouble
	if !errors.As(err, &trouble) || trouble.Kind != client.TroubleAuthority {
		t.Errorf("another root: %v", err)
	}
}
