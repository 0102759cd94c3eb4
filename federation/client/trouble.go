package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A TroubleKind is what can go wrong between a member and the hub.
type TroubleKind string

const (
	TroubleName        TroubleKind = "name"        // the hub's or proxy's name is unknown
	TroubleRefused     TroubleKind = "refused"     // nothing listens there, or a firewall says no
	TroubleUnreachable TroubleKind = "unreachable" // no way there
	TroubleTimeout     TroubleKind = "timeout"     // no answer
	TroubleCut         TroubleKind = "cut"         // the connection ended in the middle
	TroubleProxyLogin  TroubleKind = "proxy-login" // the proxy wants a name and password
	TroubleProxy       TroubleKind = "proxy"       // the proxy does not connect to the hub
	TroubleExpired     TroubleKind = "expired"     // the certificate's time is over
	TroubleEarly       TroubleKind = "early"       // the certificate's time has not begun
	TroubleAuthority   TroubleKind = "authority"   // the certificate is of an unknown root
	TroubleHost        TroubleKind = "host"        // the certificate is for another host
	TroubleCertificate TroubleKind = "certificate" // the certificate is not valid otherwise
	TroubleClassical   TroubleKind = "classical"   // no hybrid post-quantum TLS 1.3
	TroublePlain       TroubleKind = "plain"       // no TLS at all
)

// A Trouble is a failure on the way to the hub, as a sentence with its mend. The
// hub's own refusals are *federation.Error.
type Trouble struct {
	Kind TroubleKind
	Host string // whom the client talked to: the hub, or the proxy
	Time time.Time
	Now  time.Time // with Time: of the certificate, and this machine's clock
	Err  error     // what the system said
}

// Unwrap is what the system said.
func (t *Trouble) Unwrap() error { return t.Err }

// Passing says whether waiting can help: not where a person must mend it.
func (t *Trouble) Passing() bool {
	switch t.Kind {
	case TroubleName, TroubleRefused, TroubleUnreachable, TroubleTimeout, TroubleCut, TroubleProxy:
		return true
	}
	return false
}

// Error is what happened and what to do about it.
func (t *Trouble) Error() string {
	day := func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
	switch t.Kind {
	case TroubleName:
		return fmt.Sprintf("the name %s cannot be found: check its spelling, the DNS of this machine, and whether a proxy is needed (HTTPS_PROXY)", t.Host)
	case TroubleRefused:
		return fmt.Sprintf("%s refuses the connection: check that it runs and that the firewall lets this machine out to it; set HTTPS_PROXY where a proxy is needed", t.Host)
	case TroubleUnreachable:
		return fmt.Sprintf("%s cannot be reached: check this machine's network, and set HTTPS_PROXY where a proxy is needed", t.Host)
	case TroubleTimeout:
		return fmt.Sprintf("%s does not answer: check the network and the firewall (they may drop packets silently), and whether it runs", t.Host)
	case TroubleProxyLogin:
		return fmt.Sprintf("the proxy before %s wants a login: write HTTPS_PROXY as http://name:password@host:port, or ask for a rule without one", t.Host)
	case TroubleProxy:
		return fmt.Sprintf("the proxy does not connect to %s (%v): ask whoever runs it to allow this host and port", t.Host, t.Err)
	case TroubleExpired:
		return fmt.Sprintf("the certificate of %s expired on %s, and this machine's clock says %s: if the clock is right, have the hub's administrator renew the certificate", t.Host, day(t.Time), day(t.Now))
	case TroubleEarly:
		return fmt.Sprintf("the certificate of %s is valid from %s on, and this machine's clock says %s: set the clock", t.Host, day(t.Time), day(t.Now))
	case TroubleAuthority:
		return fmt.Sprintf("the certificate of %s is signed by a root that is not trusted here: if a proxy looks into connections, ask for an exception for the hub; otherwise compare the root in the charter with the hub's", t.Host)
	case TroubleHost:
		return fmt.Sprintf("the certificate is not for %s: use the hub's address as its certificate has it, or have the certificate made anew with this name", t.Host)
	case TroubleCertificate:
		return fmt.Sprintf("the certificate of %s is not valid (%v): have the hub's administrator make it anew", t.Host, t.Err)
	case TroubleClassical:
		return fmt.Sprintf("%s does not offer TLS 1.3 with hybrid post-quantum key agreement: update hmsp at the hub; if a proxy looks into connections, ask for an exception for the hub", t.Host)
	case TroublePlain:
		return fmt.Sprintf("%s does not speak TLS: check the port of the hub's address, and whether a proxy answers instead", t.Host)
	}
	return fmt.Sprintf("the connection to %s was cut (%v): nothing needs to be done unless this goes on", t.Host, t.Err)
}

// errStall is the cause of a context that ended because nothing moved.
var errStall = errors.New("nothing moved on the connection")

// explain turns an error of the connection into a Trouble, or gives ctx's own
// error where the caller ended it.
func (c *Client) explain(ctx context.Context, err error) error {
	t := &Trouble{Kind: TroubleCut, Host: c.base.Host, Now: c.now(), Err: cause(err)}
	if ctx.Err() != nil {
		if context.Cause(ctx) != errStall {
			return ctx.Err()
		}
		t.Kind = TroubleTimeout
		return t
	}
	if !t.certificate(err) && !t.handshake(err) {
		t.network(err)
	}
	return t
}

// cause is the innermost error: the outer ones repeat the address.
func cause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// certificate recognises a certificate that was refused.
func (t *Trouble) certificate(err error) bool {
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		t.Kind, t.Time = TroubleExpired, invalid.Cert.NotAfter
		if t.Now.Before(invalid.Cert.NotBefore) {
			t.Kind, t.Time = TroubleEarly, invalid.Cert.NotBefore
		}
	case errors.As(err, new(x509.UnknownAuthorityError)):
		t.Kind = TroubleAuthority
	case errors.As(err, new(x509.HostnameError)):
		t.Kind = TroubleHost
	case errors.As(err, new(*tls.CertificateVerificationError)):
		t.Kind = TroubleCertificate
	default:
		return false
	}
	return true
}

// The alerts with which a peer refuses what we offer (RFC 8446, 6.2).
const (
	alertHandshakeFailure tls.AlertError = 40
	alertProtocolVersion  tls.AlertError = 70
	alertInsufficient     tls.AlertError = 71
)

// handshake recognises a peer that is not of our kind.
func (t *Trouble) handshake(err error) bool {
	var record tls.RecordHeaderError
	switch {
	case alerted(err, alertHandshakeFailure, alertProtocolVersion, alertInsufficient),
		strings.Contains(err.Error(), "tls: server selected unsupported"):
		t.Kind = TroubleClassical
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		t.Kind = TroublePlain
	default:
		return false
	}
	return true
}

// alerted says whether the peer answered with one of these alerts. Outside QUIC
// crypto/tls keeps the alert's own type to itself; its text is that of AlertError.
func alerted(err error, alerts ...tls.AlertError) bool {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return false
	}
	return slices.ContainsFunc(alerts, func(a tls.AlertError) bool { return a.Error() == op.Err.Error() })
}

// network recognises what keeps a connection from being made or going on.
func (t *Trouble) network(err error) {
	var dns *net.DNSError
	var proxy *proxyError
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "proxyconnect" {
		t.Host = "the proxy"
		if errors.As(op.Err, &op) && op.Addr != nil {
			t.Host += " " + op.Addr.String()
		}
	}
	switch {
	case errors.As(err, &proxy):
		t.Kind, t.Err = TroubleProxy, proxy
		if proxy.status == 407 {
			t.Kind = TroubleProxyLogin
		}
	case errors.As(err, &dns):
		t.Kind, t.Host = TroubleName, dns.Name
	case errors.Is(err, syscall.ECONNREFUSED):
		t.Kind = TroubleRefused
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		t.Kind = TroubleUnreachable
	case errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		t.Kind = TroubleTimeout
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}
