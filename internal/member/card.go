package member

import (
	_ "embed"
	"fmt"
	"path/filepath"

	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/manifest"
)

// CardVersion is the kind and version of a member's card.
const CardVersion = "card/v1"

//go:embed card.schema.json
var cardSchema []byte

// CardJSONSchema is the published JSON Schema of a card.
func CardJSONSchema() []byte { return cardSchema }

// A Card is what a member hands out to be put into a charter: its public keys,
// and of a hub also its address and the root of its certificate.
type Card struct {
	Hmsp       string              `json:"hmsp"`
	Name       string              `json:"name"`
	Role       identity.Role       `json:"role"`
	SigningKey identity.SigningKey `json:"signing_key"`
	SealingKey identity.SealingKey `json:"sealing_key"`
	URL        string              `json:"url,omitempty"`
	Root       string              `json:"root,omitempty"`
}

// NewCard makes a member's card.
func NewCard(p identity.Public) Card {
	return Card{Hmsp: CardVersion, Name: p.Name, Role: p.Role, SigningKey: p.SigningKey, SealingKey: p.SealingKey}
}

// Public is the member as it stands in a charter.
func (c Card) Public() identity.Public {
	return identity.Public{Name: c.Name, Role: c.Role, SigningKey: c.SigningKey, SealingKey: c.SealingKey}
}

// CardPath is where a member's card is in its home.
func CardPath(home, name string) string { return filepath.Join(home, name+".member.yaml") }

// Write puts the card into the member's home.
func (c Card) Write(home string) (string, error) {
	path := CardPath(home, c.Name)
	return path, manifest.Write(path, c, "Public: give this card to whoever keeps the charter, and compare the\nfingerprint by telephone: "+c.Public().Fingerprint())
}

// ReadCard reads a member's card.
func ReadCard(path string) (Card, error) {
	var c Card
	data, err := manifest.ReadFile(path, "member's card")
	if err != nil {
		return c, err
	}
	if err := manifest.Decode(path, data, cardSchema, &c); err != nil {
		return c, err
	}
	if err := c.Public().Valid(); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}
