package federation

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hmsp.center/hmsp/identity"
)

// A Request is what a member signs for every request to the hub, under
// identity.ContextRequest: what it asks (method, path with query, digest of the
// body), when, once (nonce), and under which charter.
type Request struct {
	Member string
	Method string
	Path   string // with query, as sent
	Body   string // SHA-256 of the body, hexadecimal
	Time   int64  // Unix seconds
	Nonce  string // 32 hexadecimal digits, never used twice
	// Charter is the digest of the charter that the member goes by.
	Charter string

	Signature identity.Signature
}

// scheme names the form of the header Authorization.
const scheme = "hmsp/v1"

// nonceSize is the length of a nonce in bytes.
const nonceSize = 16

// SignRequest signs what a member asks. Nonce is 16 random bytes.
func SignRequest(id *identity.Identity, charterDigest, method, path string, body []byte, nonce [nonceSize]byte, now time.Time) Request {
	r := Request{
		Member:  id.Name(),
		Method:  method,
		Path:    path,
		Body:    hexDigest(sha256.Sum256(body)),
		Time:    now.Unix(),
		Nonce:   hex.EncodeToString(nonce[:]),
		Charter: charterDigest,
	}
	r.Signature = identity.NewSignature(id.Sign(identity.ContextRequest, r.signed()))
	return r
}

// signed is the fields, each length-prefixed.
func (r Request) signed() []byte {
	var b []byte
	for _, f := range []string{r.Member, r.Method, r.Path, r.Body, strconv.FormatInt(r.Time, 10), r.Nonce, r.Charter} {
		b = fmt.Appendf(b, "%d:%s,", len(f), f)
	}
	return b
}

// Authorization is the header that carries the signature and what the rest of
// the HTTP request does not say.
func (r Request) Authorization() string {
	return strings.Join([]string{scheme, r.Member, strconv.FormatInt(r.Time, 10), r.Nonce, r.Charter, r.Body, r.Signature.String()}, " ")
}

// ReadRequest takes a Request from an HTTP request; it verifies nothing. The
// error is KindUnsigned.
func ReadRequest(hr *http.Request) (Request, error) {
	values := hr.Header.Values("Authorization")
	if len(values) != 1 {
		return Request{}, Refuse(KindUnsigned)
	}
	r, err := parseAuthorization(values[0])
	r.Method, r.Path = hr.Method, hr.URL.RequestURI()
	return r, err
}

func parseAuthorization(text string) (Request, error) {
	f := strings.Split(text, " ")
	if len(f) != 7 || f[0] != scheme {
		return Request{}, Refuse(KindUnsigned)
	}
	r := Request{Member: f[1], Nonce: f[3], Charter: f[4], Body: f[5]}
	var err error
	r.Time, err = strconv.ParseInt(f[2], 10, 64)
	if err != nil || r.Time < 0 || strconv.FormatInt(r.Time, 10) != f[2] ||
		identity.ValidName(r.Member) != nil || len(r.Nonce) != 2*nonceSize || !ValidID(r.Nonce) ||
		!validDigest(r.Charter) || !validDigest(r.Body) || r.Signature.UnmarshalText([]byte(f[6])) != nil ||
		base64.StdEncoding.EncodeToString(r.Signature.Bytes()) != f[6] {
		return Request{}, Refuse(KindUnsigned)
	}
	return r, nil
}

// Check refuses a request that the member did not sign or signed at another
// time than now, by more than MaxSkew (KindClock, with the hub's time and the
// skew; KindMember; KindSignature). Whether the nonce is new and the charter
// the right one is for the hub to ask.
func (r Request) Check(c Charter, now time.Time) error {
	m, ok := c.Member(r.Member)
	if !ok || m.Role == identity.Hub {
		return Refuse(KindMember)
	}
	if identity.Verify(m, identity.ContextRequest, r.signed(), r.Signature.Bytes()) != nil {
		return Refuse(KindSignature)
	}
	if skew := time.Unix(r.Time, 0).Sub(now.Truncate(time.Second)); skew.Abs() > MaxSkew {
		return &Error{Kind: KindClock, HubTime: now, Skew: skew}
	}
	return nil
}
