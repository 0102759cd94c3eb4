package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/netip"
	"os"
	"time"

	"hmsp.center/hmsp/atomicfile"
)

// How long certificates hold, and how far a member's clock may be behind the
// one that made them.
const (
	rootLife = 10 // years
	leafLife = 1  // year
	backdate = time.Hour
)

// A Certificate is an ECDSA P-256 certificate with its private key. (Ed25519
// certificates are refused by browsers and some proxies, and the key agreement,
// not the certificate, is what must outlast a quantum computer.) It prints as
// its type name.
type Certificate struct {
	cert *x509.Certificate
	key  func() *ecdsa.PrivateKey // see Identity.keys
}

// NewRoot makes the root of a consortium's hub: valid for ten years from now,
// for signing leaves only.
func NewRoot(name string, now time.Time) (*Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make root certificate: %w", err)
	}
	t := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.AddDate(rootLife, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	return issue(t, t, key, key)
}

// NewLeaf makes a server's certificate for host names and IP addresses, valid
// for one year from now but no longer than the root.
func (root *Certificate) NewLeaf(hosts []string, now time.Time) (*Certificate, error) {
	if len(hosts) == 0 {
		return nil, errors.New("make certificate: name at least one host or address")
	}
	if !root.cert.IsCA {
		return nil, errors.New("make certificate: a leaf cannot sign; use the root certificate")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	t := &x509.Certificate{
		Subject:               pkix.Name{CommonName: hosts[0]},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.AddDate(leafLife, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	if t.NotAfter.After(root.cert.NotAfter) {
		t.NotAfter = root.cert.NotAfter
	}
	for _, h := range hosts {
		if ip, err := netip.ParseAddr(h); err == nil {
			t.IPAddresses = append(t.IPAddresses, ip.AsSlice())
		} else {
			t.DNSNames = append(t.DNSNames, h)
		}
	}
	return issue(t, root.cert, key, root.key())
}

func issue(t, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) (*Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	t.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, t, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	return &Certificate{cert: cert, key: func() *ecdsa.PrivateKey { return key }}, nil
}

// PEM is the certificate without its key, to give to others.
func (c *Certificate) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.cert.Raw})
}

// X509 is the certificate without its key.
func (c *Certificate) X509() *x509.Certificate { return c.cert }

// TLS is the certificate as a server presents it.
func (c *Certificate) TLS() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{c.cert.Raw}, PrivateKey: c.key(), Leaf: c.cert}
}

// Save writes certificate and key to one PEM file that only this account can
// read, replacing what is there.
func (c *Certificate) Save(path string) error {
	key, err := x509.MarshalPKCS8PrivateKey(c.key())
	if err != nil {
		return fmt.Errorf("save certificate: %w", err)
	}
	data := append(c.PEM(), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	return atomicfile.Write(path, data, 0o600)
}

// LoadCertificate reads what Save wrote, and refuses a file that other accounts
// may read.
func LoadCertificate(path string) (*Certificate, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("load certificate: %w", err)
	}
	defer f.Close()
	if err := guarded(f, path); err != nil {
		return nil, fmt.Errorf("load certificate: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, fmt.Errorf("load certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(data, data)
	if err != nil {
		return nil, fmt.Errorf("load certificate: %s: %w", path, err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("load certificate: %s: want an ECDSA key", path)
	}
	return &Certificate{cert: pair.Leaf, key: func() *ecdsa.PrivateKey { return key }}, nil
}

// Pool reads PEM certificates, at least one, as the roots that a client trusts.
func Pool(pemData []byte) (*x509.CertPool, error) {
	pool, n := x509.NewCertPool(), 0
	for {
		var block *pem.Block
		if block, pemData = pem.Decode(pemData); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("root certificate: a PEM block of type %q does not belong here", block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("root certificate: %w", err)
		}
		pool.AddCert(cert)
		n++
	}
	if n == 0 {
		return nil, errors.New("root certificate: no PEM block `-----BEGIN CERTIFICATE-----` found")
	}
	return pool, nil
}

// String prints the type's name, never the key.
func (Certificate) String() string { return "identity.Certificate" }

// GoString is String.
func (Certificate) GoString() string { return "identity.Certificate" }

// Format makes every verb of fmt print the type's name.
func (Certificate) Format(s fmt.State, _ rune) { io.WriteString(s, "identity.Certificate") }

// MarshalText gives the type's name.
func (Certificate) MarshalText() ([]byte, error) { return []byte("identity.Certificate"), nil }
