package identity

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// handshake connects two configurations over loopback and returns both ends'
// errors and what the client negotiated.
func handshake(t *testing.T, server, client *tls.Config) (state tls.ConnectionState, serverErr, clientErr error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(10 * time.Second))
			err = tls.Server(conn, server).Handshake()
		}
		done <- err
	}()
	conn, err := net.DialTimeout("tcp", l.Addr().String(), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	c := tls.Client(conn, client)
	clientErr = c.Handshake()
	if clientErr != nil {
		conn.Close()
	}
	return c.ConnectionState(), <-done, clientErr
}

func hubCertificates(t *testing.T) (*Certificate, *x509.CertPool) {
	t.Helper()
	root, err := NewRoot("lung", now)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := root.NewLeaf([]string{"hub.example", "127.0.0.1", "::1"}, now)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := Pool(root.PEM())
	if err != nil {
		t.Fatal(err)
	}
	return leaf, pool
}

// client and server at a fixed time, to a host.
func at(c *tls.Config, when time.Time, host string) *tls.Config {
	c = c.Clone()
	c.Time = func() time.Time { return when }
	c.ServerName = host
	return c
}

// DESIGN section 2, "against tomorrow's decryption"; methods A8, downgrade test:
// a peer without hybrid post-quantum key agreement is refused by both ends.
func TestClassicalPeersAreRefused(t *testing.T) {
	leaf, pool := hubCertificates(t)
	classical := []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}

	oldClient := &tls.Config{RootCAs: pool, CurvePreferences: classical}
	_, serverErr, clientErr := handshake(t, ServerTLS(leaf), at(oldClient, now, "hub.example"))
	if serverErr == nil || clientErr == nil {
		t.Errorf("a classical client was served: %v, %v", serverErr, clientErr)
	}
	oldServer := &tls.Config{Certificates: []tls.Certificate{leaf.TLS()}, CurvePreferences: classical}
	_, serverErr, clientErr = handshake(t, oldServer, at(ClientTLS(pool), now, "hub.example"))
	if serverErr == nil || clientErr == nil {
		t.Errorf("a classical server was accepted: %v, %v", serverErr, clientErr)
	}
	older := &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS12}
	if _, serverErr, clientErr = handshake(t, ServerTLS(leaf), at(older, now, "hub.example")); serverErr == nil || clientErr == nil {
		t.Errorf("a client of TLS 1.2 was served: %v, %v", serverErr, clientErr)
	}
	older = &tls.Config{Certificates: []tls.Certificate{leaf.TLS()}, MaxVersion: tls.VersionTLS12}
	if _, serverErr, clientErr = handshake(t, older, at(ClientTLS(pool), now, "hub.example")); serverErr == nil || clientErr == nil {
		t.Errorf("a server of TLS 1.2 was accepted: %v, %v", serverErr, clientErr)
	}
}

// The configurations of this package agree with each other and with those that
// Go makes by default, on every group they list.
func TestHybridGroups(t *testing.T) {
	leaf, pool := hubCertificates(t)
	goServer := &tls.Config{Certificates: []tls.Certificate{leaf.TLS()}}
	for name, c := range map[string]struct {
		server, client *tls.Config
		group          tls.CurveID
	}{
		"both ours":                {ServerTLS(leaf), ClientTLS(pool), tls.X25519MLKEM768},
		"Go's default client":      {ServerTLS(leaf), &tls.Config{RootCAs: pool}, tls.X25519MLKEM768},
		"Go's default server":      {goServer, ClientTLS(pool), tls.X25519MLKEM768},
		"P-256 hybrid only":        {ServerTLS(leaf), &tls.Config{RootCAs: pool, CurvePreferences: []tls.CurveID{tls.SecP256r1MLKEM768}}, tls.SecP256r1MLKEM768},
		"P-384 hybrid only":        {ServerTLS(leaf), &tls.Config{RootCAs: pool, CurvePreferences: []tls.CurveID{tls.SecP384r1MLKEM1024}}, tls.SecP384r1MLKEM1024},
		"hybrid among classical":   {ServerTLS(leaf), &tls.Config{RootCAs: pool, CurvePreferences: []tls.CurveID{tls.X25519, tls.SecP256r1MLKEM768}}, tls.SecP256r1MLKEM768},
		"server P-384 hybrid only": {&tls.Config{Certificates: []tls.Certificate{leaf.TLS()}, CurvePreferences: []tls.CurveID{tls.SecP384r1MLKEM1024}}, ClientTLS(pool), tls.SecP384r1MLKEM1024},
	} {
		state, serverErr, clientErr := handshake(t, c.server, at(c.client, now, "hub.example"))
		if serverErr != nil || clientErr != nil {
			t.Errorf("%s: %v, %v", name, serverErr, clientErr)
			continue
		}
		if state.CurveID != c.group || state.Version != tls.VersionTLS13 {
			t.Errorf("%s: group %v, version %x", name, state.CurveID, state.Version)
		}
	}
}

func TestCertificatesHold(t *testing.T) {
	leaf, pool := hubCertificates(t)
	other, err := NewRoot("other", now)
	if err != nil {
		t.Fatal(err)
	}
	otherPool, err := Pool(other.PEM())
	if err != nil {
		t.Fatal(err)
	}
	connect := func(pool *x509.CertPool, when time.Time, host string) error {
		_, _, err := handshake(t, ServerTLS(leaf), at(ClientTLS(pool), when, host))
		return err
	}
	for _, host := range []string{"hub.example", "127.0.0.1", "::1"} {
		for _, when := range []time.Time{now, now.Add(-59 * time.Minute), now.AddDate(0, 11, 30)} {
			if err := connect(pool, when, host); err != nil {
				t.Errorf("%s at %v: %v", host, when, err)
			}
		}
	}
	var invalid x509.CertificateInvalidError
	if err := connect(pool, now.AddDate(1, 0, 1), "hub.example"); !errors.As(err, &invalid) || invalid.Reason != x509.Expired {
		t.Errorf("after a year: %v", err)
	}
	if err := connect(pool, now.Add(-2*time.Hour), "hub.example"); !errors.As(err, &invalid) || invalid.Reason != x509.Expired {
		t.Errorf("before it was made: %v", err)
	}
	var unknown x509.UnknownAuthorityError
	if err := connect(otherPool, now, "hub.example"); !errors.As(err, &unknown) {
		t.Errorf("another root: %v", err)
	}
	var name x509.HostnameError
	if err := connect(pool, now, "evil.example"); !errors.As(err, &name) {
		t.Errorf("another host: %v", err)
	}
}

func TestCertificateRules(t *testing.T) {
	root, err := NewRoot("lung", now)
	if err != nil {
		t.Fatal(err)
	}
	if got := root.X509().NotAfter; !got.Equal(now.AddDate(10, 0, 0)) {
		t.Errorf("the root holds until %v", got)
	}
	late, err := root.NewLeaf([]string{"a"}, now.AddDate(9, 6, 0))
	if err != nil {
		t.Fatal(err)
	}
	if late.X509().NotAfter.After(root.X509().NotAfter) {
		t.Error("a leaf outlives its root")
	}
	if _, err := late.NewLeaf([]string{"b"}, now); err == nil {
		t.Error("a leaf signed a leaf")
	}
	if _, err := root.NewLeaf(nil, now); err == nil {
		t.Error("a leaf for no host was made")
	}
	secret, err := late.key().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	type holder struct{ c Certificate }
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		got := fmt.Sprintf(verb, holder{*late})
		for _, text := range []string{new(big.Int).SetBytes(secret).String(), hex.EncodeToString(secret), fmt.Sprint(secret)[1:40]} {
			if strings.Contains(got, text) {
				t.Errorf("%s prints the key", verb)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "leaf.pem")
	if err := late.Save(path); err != nil {
		t.Fatal(err)
	}
	again, err := LoadCertificate(path)
	if err != nil || !again.X509().Equal(late.X509()) || !again.key().Equal(late.key()) {
		t.Errorf("load: %v", err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadCertificate(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that all may read: got %v", err)
	}
	key, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{"nothing": nil, "text": []byte("hello"), "with a key": key} {
		if _, err := Pool(bad); err == nil {
			t.Errorf("a pool of %s was made", name)
		}
	}
}
