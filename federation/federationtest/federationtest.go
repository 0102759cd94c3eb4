// Package federationtest founds consortia for tests: members whose keys follow
// from their names, a charter of them, certificates on the spot. It serves the
// tests of whatever talks by way of the hub; it is not for production.
package federationtest

import (
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/identity"
)

// A Consortium is a charter with everyone's private keys.
type Consortium struct {
	names   []string
	members map[string]*identity.Identity
	digest  string
}

// New founds a consortium with a hub called "hub" and the named members: sites,
// or researchers where the name begins with "researcher".
func New(tb testing.TB, names ...string) *Consortium {
	tb.Helper()
	c := &Consortium{names: names, members: map[string]*identity.Identity{}}
	for _, name := range append([]string{"hub"}, names...) {
		c.members[name] = Identity(tb, name)
	}
	sum := sha256.Sum256([]byte("charter of " + strings.Join(names, ",")))
	c.digest = hex.EncodeToString(sum[:])
	return c
}

// Identity makes a member whose keys follow from its name.
func Identity(tb testing.TB, name string) *identity.Identity {
	tb.Helper()
	role := identity.Site
	switch {
	case name == "hub":
		role = identity.Hub
	case strings.HasPrefix(name, "researcher"):
		role = identity.Researcher
	}
	id, err := identity.Generate(name, role, rand.NewChaCha8(sha256.Sum256([]byte(name))))
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

// Digest names the charter: it follows from the members' names.
func (c *Consortium) Digest() string { return c.digest }

// Member is what the charter holds of a member.
func (c *Consortium) Member(name string) (identity.Public, bool) {
	id, ok := c.members[name]
	if !ok {
		return identity.Public{}, false
	}
	return id.Public(), true
}

// Names are the members without the hub.
func (c *Consortium) Names() []string { return c.names }

// Identity is a member with its private keys; one that is not there is a
// mistake of the test, and nil.
func (c *Consortium) Identity(name string) *identity.Identity { return c.members[name] }

// Expel takes a member out of the charter, whose digest stays.
func (c *Consortium) Expel(name string) { delete(c.members, name) }

// Envelope seals a payload from one member to another, for an hour from now.
func (c *Consortium) Envelope(tb testing.TB, from, to, id string, payload []byte, now time.Time) federation.Envelope {
	tb.Helper()
	e, err := federation.Seal(c.members[from], c.members[to].Public(), c.digest, id, payload, now, time.Hour)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// ID makes a message's id from text.
func ID(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}
