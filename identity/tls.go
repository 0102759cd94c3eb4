package identity

import (
	"crypto/tls"
	"crypto/x509"
)

// groups are the key agreements that a connection may use: hybrids of ML-KEM
// and an elliptic curve. A peer that has none of them is refused.
func groups() []tls.CurveID {
	return []tls.CurveID{tls.X25519MLKEM768, tls.SecP256r1MLKEM768, tls.SecP384r1MLKEM1024}
}

// ServerTLS is a server's configuration: TLS 1.3 with hybrid post-quantum key
// agreement only.
func ServerTLS(leaf *Certificate) *tls.Config {
	return &tls.Config{
		MinVersion:       tls.VersionTLS13,
		CurvePreferences: groups(),
		Certificates:     []tls.Certificate{leaf.TLS()},
	}
}

// ClientTLS is a client's configuration: TLS 1.3 with hybrid post-quantum key
// agreement only, to servers under roots (nil means the system's roots).
func ClientTLS(roots *x509.CertPool) *tls.Config {
	return &tls.Config{
		MinVersion:       tls.VersionTLS13,
		CurvePreferences: groups(),
		RootCAs:          roots,
	}
}
