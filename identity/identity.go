// Package identity holds who a member of a consortium is: a name, a role, an
// Ed25519 key that signs and a hybrid post-quantum HPKE key that messages are
// sealed to (methods A8), and the certificates of its TLS connections.
//
// It serves every role. It refuses to sign without saying what for, key files
// that others may read, keys of small order, second encodings of a key, and TLS
// peers without hybrid post-quantum key agreement.
package identity

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
)

// A Role is what a member does in a consortium.
type Role string

const (
	Site       Role = "site"       // holds data and contributes to sums
	Researcher Role = "researcher" // asks studies
	Hub        Role = "hub"        // relays sealed messages
)

// Valid says whether the role is one of the three.
func (r Role) Valid() error {
	switch r {
	case Site, Researcher, Hub:
		return nil
	}
	return fmt.Errorf("role %q is unknown; use site, researcher or hub", string(r))
}

var nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

// ValidName says what is wrong with a member's name: names are 1 to 40 of a-z,
// 0-9 and "-", which is neither first nor last, so that they serve as host
// names, folders and levels of the variable `site`.
func ValidName(name string) error {
	if !nameForm.MatchString(name) {
		return fmt.Errorf("name %q: use 1 to 40 of a-z, 0-9 and '-', not beginning or ending with '-'", name)
	}
	return nil
}

// A Public is what everyone knows of a member: an entry of the charter.
type Public struct {
	Name       string     `json:"name"`
	Role       Role       `json:"role"`
	SigningKey SigningKey `json:"signing_key"`
	SealingKey SealingKey `json:"sealing_key"`
}

// Valid says what is wrong with the entry: its name, its role or a missing key.
func (p Public) Valid() error {
	if err := ValidName(p.Name); err != nil {
		return err
	}
	if err := p.Role.Valid(); err != nil {
		return fmt.Errorf("member %q: %w", p.Name, err)
	}
	if p.SigningKey.IsZero() {
		return fmt.Errorf("member %q: signing_key is missing", p.Name)
	}
	if p.SealingKey.IsZero() {
		return fmt.Errorf("member %q: sealing_key is missing", p.Name)
	}
	return nil
}

// Fingerprint is a short name for the member's keys, to compare by telephone:
// eight groups of four hexadecimal digits of a SHA-256 over name, role and keys.
func (p Public) Fingerprint() string {
	h := sha256.New()
	for _, s := range []string{"hmsp fingerprint/v1", p.Name, string(p.Role), p.SigningKey.String(), p.SealingKey.String()} {
		fmt.Fprintf(h, "%d:%s,", len(s), s)
	}
	digits := hex.EncodeToString(h.Sum(nil)[:16])
	out := digits[:4]
	for i := 4; i < len(digits); i += 4 {
		out += " " + digits[i:i+4]
	}
	return out
}

// An Identity is a member with its private keys. It is safe for use by several
// goroutines. It prints as its type name, and refuses to be encoded as JSON or
// YAML; Save is the one way to keep it.
type Identity struct {
	public Public
	// The keys are behind a function because fmt looks into unexported fields
	// without asking their methods, and even follows pointers there.
	keys func() private
}

// private are the keys that never leave the process but by Save.
type private struct {
	signing ed25519.PrivateKey
	sealing hpke.PrivateKey
}

// Generate makes a member with fresh keys. Random is read for 64 bytes, which
// determine the keys; nil means the system's source.
func Generate(name string, role Role, random io.Reader) (*Identity, error) {
	if err := ValidName(name); err != nil {
		return nil, err
	}
	if err := role.Valid(); err != nil {
		return nil, err
	}
	if random == nil {
		random = rand.Reader
	}
	seeds := make([]byte, 2*seedSize)
	if _, err := io.ReadFull(random, seeds); err != nil {
		return nil, fmt.Errorf("generate keys of %s: %w", name, err)
	}
	return fromSeeds(name, role, seeds[:seedSize], seeds[seedSize:])
}

// seedSize is the length in bytes of an Ed25519 seed and of an X-Wing seed.
const seedSize = 32

func fromSeeds(name string, role Role, signing, sealing []byte) (*Identity, error) {
	if len(signing) != seedSize || len(sealing) != seedSize {
		return nil, errors.New("a private key has 32 bytes")
	}
	priv, err := kem().NewPrivateKey(sealing)
	if err != nil {
		return nil, errors.New("the sealing key is not valid") // without err: it may hold the key
	}
	key := ed25519.NewKeyFromSeed(signing)
	keys := private{signing: key, sealing: priv}
	return &Identity{
		public: Public{
			Name:       name,
			Role:       role,
			SigningKey: SigningKey{string(key.Public().(ed25519.PublicKey))},
			SealingKey: SealingKey{string(priv.PublicKey().Bytes())},
		},
		keys: func() private { return keys },
	}, nil
}

// Name is the member's name.
func (id *Identity) Name() string { return id.public.Name }

// Role is the member's role.
func (id *Identity) Role() Role { return id.public.Role }

// Public is what everyone may know of the member.
func (id *Identity) Public() Public { return id.public }

// String prints the type's name, never a key. So do %v, %+v and %#v.
func (Identity) String() string { return "identity.Identity" }

// GoString is String.
func (Identity) GoString() string { return "identity.Identity" }

// Format makes every verb of fmt print the type's name.
func (Identity) Format(s fmt.State, _ rune) { io.WriteString(s, "identity.Identity") }

// MarshalJSON gives the type's name as text: an identity in a structure that is
// encoded by mistake tells nothing.
func (Identity) MarshalJSON() ([]byte, error) { return []byte(`"identity.Identity"`), nil }

// MarshalText is MarshalJSON for other encodings.
func (Identity) MarshalText() ([]byte, error) { return []byte("identity.Identity"), nil }
