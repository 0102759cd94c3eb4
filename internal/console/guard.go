package console

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
)

// NewToken draws the key of a console: 32 bytes from random, in the alphabet of
// addresses.
func NewToken(random io.Reader) (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("draw the console's key: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// A key holds what is compared, never the token itself. It prints as its name.
type key struct {
	token  [32]byte // SHA-256 of the token
	cookie string   // the cookie's name: browsers share cookies between ports, so each console has its own
	value  string   // the cookie's value, from which the token cannot be had
}

func (key) String() string   { return "console key" }
func (key) GoString() string { return "console key" }

func newKey(token string) (key, error) {
	if b, err := base64.RawURLEncoding.DecodeString(token); err != nil || len(b) < 16 {
		return key{}, fmt.Errorf("console: the key is not one of NewToken's")
	}
	derive := func(label string) []byte {
		m := hmac.New(sha256.New, []byte(token))
		m.Write([]byte("hmsp/console/v1 " + label))
		return m.Sum(nil)
	}
	return key{
		token:  sha256.Sum256([]byte(token)),
		cookie: "hmsp-console-" + hex.EncodeToString(derive("name")[:6]),
		value:  base64.RawURLEncoding.EncodeToString(derive("value")),
	}, nil
}

// Path is where a visitor enters: the address to print, after scheme and host.
func Path(token string) string { return "/open/" + token }

// enter exchanges the token in the address for a cookie and sends the visitor to
// the list, so that the token stays in neither address bar nor referrer.
func (c *Console) enter(w http.ResponseWriter, r *http.Request) {
	sum := sha256.Sum256([]byte(r.PathValue("token")))
	if subtle.ConstantTimeCompare(sum[:], c.key.token[:]) != 1 {
		c.locked(w)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: c.key.cookie, Value: c.key.value, Path: "/", HttpOnly: true,
		SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil})
	w.Header().Set("Location", "/")
	w.WriteHeader(http.StatusSeeOther)
}

// private lets only visitors with the cookie through.
func (c *Console) private(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, k := range r.CookiesNamed(c.key.cookie) {
			if subtle.ConstantTimeCompare([]byte(k.Value), []byte(c.key.value)) == 1 {
				h(w, r)
				return
			}
		}
		c.locked(w)
	}
}

func (c *Console) locked(w http.ResponseWriter) {
	c.fail(w, http.StatusUnauthorized, "This page is locked", "Open the address that hmsp printed in the terminal: it ends in a long key. It is good as long as that command runs.")
}

// local says whether the Host header names this machine. A page elsewhere that
// rebinds its name to 127.0.0.1 (DNS rebinding) still sends its own name here.
func (c *Console) local(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(name, "."), "["), "]"))
	if ip := net.ParseIP(name); ip != nil {
		return ip.IsLoopback()
	}
	return name == "localhost" || slices.Contains(c.cfg.Hosts, name)
}

// policy lets the page load its own style, script and pictures and talk to its
// own server; nothing else, nothing inline.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Cache-Control", "no-store")
}
