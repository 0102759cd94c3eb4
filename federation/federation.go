// Package federation is what the members of a consortium say to each other by
// way of the hub: sealed envelopes, signed requests, and the kinds of errors
// that cross the wire (DESIGN section 11, methods A8).
//
// It serves client, server and hub, which agree by it. It refuses an envelope
// from outside the charter, for another charter or another member, one that has
// expired or was altered, and every second encoding of a value. What an
// envelope carries is not its business: a payload is bytes.
package federation

import (
	"regexp"
	"time"

	"hmsp.center/hmsp/identity"
)

// Version names the protocol between members and hub, in every path and
// everything that is signed.
const Version = "v1"

// Limits that both ends know.
const (
	ChunkSize  = 8 << 20             // bytes of a message in one request, at most
	MaxPayload = 1<<30 + 2<<20       // bytes of a message before sealing, at most
	MaxTTL     = 90 * 24 * time.Hour // how long an envelope may live
	MaxSkew    = 5 * time.Minute     // how far a member's clock may be from the hub's
	MaxWait    = 25 * time.Second    // how long the hub holds a poll
	MaxNotices = 100                 // envelopes listed in one answer to a poll
	maxHeader  = 4 << 10             // bytes of an envelope's header
)

// A Charter is what this package needs to know of the consortium's document:
// its digest (SHA-256, lower-case hexadecimal) and its members by name.
type Charter interface {
	Digest() string
	Member(name string) (identity.Public, bool)
}

// Pin is the charter c with the digest that it has now, computed once.
func Pin(c Charter) Charter { return pinned{c, c.Digest()} }

type pinned struct {
	Charter
	digest string
}

func (p pinned) Digest() string { return p.digest }

var (
	idForm     = regexp.MustCompile(`^[0-9a-f]{32,64}$`)
	digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// ValidID says whether id can name a message: 32 to 64 lower-case hexadecimal
// digits. The sender derives it from what the message is, so that the same
// message sent twice is recognised.
func ValidID(id string) bool { return idForm.MatchString(id) }

func validDigest(d string) bool { return digestForm.MatchString(d) }
