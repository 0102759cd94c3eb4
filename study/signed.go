package study

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/manifest"
)

// SignedVersion is the kind and version of a submitted study.
const SignedVersion = "submission/v1"

// A Signed is a study as submitted: bound to one charter and one researcher,
// made unique by a nonce, and signed over identity.ContextStudy.
type Signed struct {
	Hmsp       string             `json:"hmsp"`
	Study      Study              `json:"study"`
	Charter    string             `json:"charter"`    // the charter's digest
	Researcher string             `json:"researcher"` // the member's name
	Nonce      string             `json:"nonce"`      // 16 random bytes in hex
	Created    time.Time          `json:"created"`    // UTC, whole seconds
	Signature  identity.Signature `json:"signature,omitzero"`
}

// Submit signs a study under the charter of that digest. Created is cut to whole
// seconds. Random is read for the nonce; nil means the system's source.
func Submit(s *Study, charter string, researcher *identity.Identity, created time.Time, random io.Reader) (*Signed, error) {
	if random == nil {
		random = rand.Reader
	}
	nonce := make([]byte, 16)
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("submit study: %w", err)
	}
	out := &Signed{
		Hmsp:       SignedVersion,
		Study:      *s,
		Charter:    charter,
		Researcher: researcher.Name(),
		Nonce:      hex.EncodeToString(nonce),
		Created:    created.UTC().Truncate(time.Second),
	}
	if err := out.valid(); err != nil {
		return nil, fmt.Errorf("submit study: %w", err)
	}
	if researcher.Role() != identity.Researcher {
		return nil, fmt.Errorf("submit study: %q is a %s: studies are submitted by researchers", researcher.Name(), researcher.Role())
	}
	text, err := out.Canonical()
	if err != nil {
		return nil, fmt.Errorf("submit study: %w", err)
	}
	out.Signature = identity.NewSignature(researcher.Sign(identity.ContextStudy, text))
	return out, nil
}

// Canonical is what is signed and hashed: everything but the signature, in
// manifest.Canonical's JSON. It begins with the document's kind and version.
func (s *Signed) Canonical() ([]byte, error) {
	plain := *s
	plain.Signature = identity.Signature{}
	return manifest.Canonical(&plain)
}

// Digest is the SHA-256 of Canonical in hex: the study's name everywhere. A
// study that has no canonical form, which Submit and Decode refuse, has "".
func (s *Signed) Digest() string {
	b, err := s.Canonical()
	if err != nil {
		return ""
	}
	return digest(b)
}

// Verify checks that the study is well formed, was signed for the charter of
// that digest, and by this member, a researcher.
func (s *Signed) Verify(charter string, researcher identity.Public) error {
	if err := s.valid(); err != nil {
		return err
	}
	if s.Charter != charter {
		return fmt.Errorf("study %s was signed for another charter (%.12s…, this one is %.12s…): submit it again", s.Study.Name, s.Charter, charter)
	}
	if s.Researcher != researcher.Name || researcher.Role != identity.Researcher {
		return fmt.Errorf("study %s is of %q, who is not the researcher %q of the charter", s.Study.Name, s.Researcher, researcher.Name)
	}
	text, err := s.Canonical()
	if err != nil {
		return fmt.Errorf("study %s: %w", s.Study.Name, err)
	}
	return identity.Verify(researcher, identity.ContextStudy, text, s.Signature.Bytes())
}

// Encode is the submitted study as it travels.
func (s *Signed) Encode() ([]byte, error) { return manifest.Canonical(s) }

// Decode reads what Encode wrote, and only that. The signature is not checked:
// see Verify.
func Decode(data []byte) (*Signed, error) {
	if len(data) > manifest.MaxSize {
		return nil, fmt.Errorf("study: %d bytes; at most %d are read", len(data), manifest.MaxSize)
	}
	var s Signed
	if err := manifest.DecodeCanonical(data, &s); err != nil {
		return nil, fmt.Errorf("study: %w", err)
	}
	if err := s.valid(); err != nil {
		return nil, err
	}
	return &s, nil
}

var (
	digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
	nonceForm  = regexp.MustCompile(`^[0-9a-f]{32}$`)
)

func (s *Signed) valid() error {
	if s.Hmsp != SignedVersion {
		return fmt.Errorf("study: want %s", SignedVersion)
	}
	if err := s.Study.Valid(); err != nil {
		return fmt.Errorf("study %s: %w", s.Study.Name, err)
	}
	switch {
	case !digestForm.MatchString(s.Charter):
		return errors.New("study: the charter's digest is not 64 hexadecimal digits")
	case identity.ValidName(s.Researcher) != nil:
		return errors.New("study: the researcher's name is not valid")
	case !nonceForm.MatchString(s.Nonce):
		return errors.New("study: the nonce is not 32 hexadecimal digits")
	case s.Created.Location() != time.UTC || s.Created.Nanosecond() != 0 || s.Created.Year() < 2000 || s.Created.Year() > 9999:
		return errors.New("study: the time of submission is not UTC in whole seconds")
	}
	return nil
}
