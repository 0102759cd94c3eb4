// Package client is a member's side of the conversation with the hub: it sends,
// polls, fetches and acknowledges over outbound HTTPS, and goes on at the byte
// where a line was cut.
//
// It serves the roles of site and researcher and the doctor. It refuses TLS
// peers without hybrid post-quantum key agreement, and says of everything that
// can go wrong between a hospital and the hub what it is and how to mend it.
package client

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/identity"
)

// A Config says which hub, and as whom.
type Config struct {
	URL      string // of the hub: https://host or https://host:port
	Identity *identity.Identity
	Charter  federation.Charter
	Now      func() time.Time // this machine's clock

	// Roots are PEM certificates to trust besides each other: the charter's hub
	// root, and the file of a proxy's own root if there is one. With none the
	// system's roots count; SystemRoots has them count in any case, for a hub
	// whose charter holds no root.
	Roots       [][]byte
	SystemRoots bool
	// Proxy says which proxy to use for a request; nil reads HTTPS_PROXY and
	// NO_PROXY when the client is made.
	Proxy func(*http.Request) (*url.URL, error)
	// Trouble, if set, hears of every failure after which the client waits and
	// tries again.
	Trouble func(err error, wait time.Duration)
	// Stall is how long a connection may stand still; 0 is a minute.
	Stall time.Duration
	// Backoff is the first and the longest wait between tries; 0 is 250 ms and
	// 30 s.
	Backoff [2]time.Duration
}

// A Client talks to one hub. It is safe for use by several goroutines.
type Client struct {
	base    *url.URL
	id      *identity.Identity
	charter federation.Charter
	now     func() time.Time
	trouble func(error, time.Duration)
	stall   time.Duration
	backoff [2]time.Duration
	http    *http.Client
}

// New makes a client; it does not connect yet.
func New(cfg Config) (*Client, error) {
	if cfg.Identity == nil || cfg.Charter == nil || cfg.Now == nil {
		return nil, errors.New("connect to hub: identity, charter and clock are required")
	}
	base, err := hubURL(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("connect to hub: %w", err)
	}
	t, err := transport(cfg)
	if err != nil {
		return nil, fmt.Errorf("connect to hub: %w", err)
	}
	c := &Client{
		base:    base,
		id:      cfg.Identity,
		charter: federation.Pin(cfg.Charter),
		now:     cfg.Now,
		trouble: cfg.Trouble,
		stall:   cfg.Stall,
		backoff: cfg.Backoff,
		http:    &http.Client{Transport: t, CheckRedirect: noRedirect},
	}
	if c.trouble == nil {
		c.trouble = func(error, time.Duration) {}
	}
	if c.stall == 0 {
		c.stall = time.Minute
	}
	if c.backoff == [2]time.Duration{} {
		c.backoff = [2]time.Duration{250 * time.Millisecond, 30 * time.Second}
	}
	return c, nil
}

// Close closes connections that are idle.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func hubURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("the hub's address %q: write it as https://host or https://host:port", text)
	}
	u.Path = ""
	return u, nil
}

// transport is HTTP/1.1 over TLS 1.3, by way of a proxy where one is asked for.
func transport(cfg Config) (*http.Transport, error) {
	t := &http.Transport{
		Proxy:                  cfg.Proxy,
		DialContext:            (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:    20 * time.Second,
		ExpectContinueTimeout:  5 * time.Second,
		IdleConnTimeout:        60 * time.Second,
		MaxIdleConnsPerHost:    4,
		MaxResponseHeaderBytes: 32 << 10,
		DisableCompression:     true,
		Protocols:              new(http.Protocols),
		OnProxyConnectResponse: proxyAnswer,
	}
	t.Protocols.SetHTTP1(true)
	if t.Proxy == nil {
		find := httpproxy.FromEnvironment().ProxyFunc()
		t.Proxy = func(r *http.Request) (*url.URL, error) { return find(r.URL) }
	}
	pool, err := roots(cfg)
	if err != nil {
		return nil, err
	}
	t.TLSClientConfig = identity.ClientTLS(pool)
	t.TLSClientConfig.Time = cfg.Now
	return t, nil
}

// roots are the certificates to trust; nil means the system's.
func roots(cfg Config) (*x509.CertPool, error) {
	if len(cfg.Roots) == 0 {
		return nil, nil
	}
	all := bytes.Join(cfg.Roots, []byte("\n"))
	pool, err := identity.Pool(all)
	if err != nil || !cfg.SystemRoots {
		return pool, err
	}
	if pool, err = x509.SystemCertPool(); err != nil {
		return nil, fmt.Errorf("read the system's root certificates: %w", err)
	}
	pool.AppendCertsFromPEM(all) // identity.Pool has read them
	return pool, nil
}

// noRedirect keeps a signed request from being led elsewhere.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// A proxyError is a proxy's refusal to connect to the hub.
type proxyError struct{ status int }

func (e *proxyError) Error() string { return fmt.Sprintf("the proxy answered HTTP %d", e.status) }

func proxyAnswer(_ context.Context, _ *url.URL, _ *http.Request, r *http.Response) error {
	if r.StatusCode/100 == 2 {
		return nil
	}
	return &proxyError{r.StatusCode}
}
