// Package charter is a consortium's founding document: its members and their
// public keys, the rules that every site keeps, the dictionary of variables. All
// sites sign it; its digest is pinned by everyone, so that nobody can be shown
// another consortium.
//
// A charter grows: it is founded with a hub, members and variables are added,
// the sites sign. Valid holds what is there against the rules of the document;
// Verify accepts only the finished charter with every site's signature.
package charter

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/table"
)

// Version is the kind and version that a charter names in its first line.
const Version = "charter/v1"

// SiteVariable is the built-in variable of every schema: whose row it is.
const SiteVariable = "site"

//go:embed charter.schema.json
var schemaJSON []byte

// JSONSchema is the published JSON Schema of the file.
func JSONSchema() []byte { return slices.Clone(schemaJSON) }

// A Charter is the document. Its zero value is not valid; New founds one.
type Charter struct {
	Hmsp       string            `json:"hmsp"`
	Name       string            `json:"name"`
	Hub        Hub               `json:"hub,omitzero"`
	Members    []identity.Public `json:"members"`
	Rules      Rules             `json:"rules"`
	Dictionary table.Schema      `json:"dictionary"`
	Signatures []Signature       `json:"signatures,omitempty"`
}

// A Hub is where the members meet. Name is that of a member with the role hub;
// Root holds PEM certificates, or nothing where the system's roots count.
type Hub struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	Root string `json:"root,omitempty"`
}

// Rules are the floors that every site keeps for itself.
type Rules struct {
	Colluders          int `json:"colluders"`           // sites that may side with the hub
	HonestContributors int `json:"honest_contributors"` // sites besides those in every opened sum
	MaxRows            int `json:"max_rows"`            // of one site in a sum
	// OpenSites permits studies that tell sites apart, as a model with an effect of
	// each site: sums of one contributor are opened then.
	OpenSites bool `json:"open_sites,omitempty"`
	// Disclosure are the rules for exact results; nil means the defaults.
	Disclosure *Disclosure `json:"disclosure,omitempty"`
}

// Disclosure are rules for exact results in which those that a charter leaves out
// have their defaults.
type Disclosure disclosure.Rules

// UnmarshalJSON fills in the defaults.
func (d *Disclosure) UnmarshalJSON(b []byte) error {
	v := disclosure.DefaultRules()
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*d = Disclosure(v)
	return nil
}

// DisclosureRules are the consortium's rules for exact results.
func (r Rules) DisclosureRules() disclosure.Rules {
	if r.Disclosure == nil {
		return disclosure.DefaultRules()
	}
	return disclosure.Rules(*r.Disclosure)
}

// A Signature is one member's signature of the canonical charter.
type Signature struct {
	Member    string             `json:"member"`
	Signature identity.Signature `json:"signature"`
}

// DefaultRules tolerate one colluder and open sums of three further sites or
// more, of at most 2^20 rows each.
func DefaultRules() Rules { return Rules{Colluders: 1, HonestContributors: 3, MaxRows: 1 << 20} }

// New founds a charter without members, with the default rules.
func New(name string) *Charter {
	return &Charter{Hmsp: Version, Name: name, Members: []identity.Public{}, Rules: DefaultRules(), Dictionary: table.Schema{}}
}

// Parse reads a charter, finished or not, from YAML; rules that are absent have
// their defaults. It is held against the JSON Schema and Valid, and an error is a
// manifest.Errors with positions. Signatures are not checked: see Verify.
func Parse(path string, data []byte) (*Charter, error) {
	d, err := manifest.Parse(path, data)
	if err != nil {
		return nil, err
	}
	if err := d.Validate(schemaJSON); err != nil {
		return nil, err
	}
	c := New("")
	if err := d.Into(c); err != nil {
		return nil, err
	}
	var es []*manifest.Error
	for _, f := range c.faults() {
		es = append(es, d.Problem(f.text, f.at...))
	}
	if err := manifest.Join(es...); err != nil {
		return nil, err
	}
	return c, nil
}

// Read is Parse of a file.
func Read(path string) (*Charter, error) {
	data, err := manifest.ReadFile(path, "charter")
	if err != nil {
		return nil, err
	}
	return Parse(path, data)
}

// Canonical is what is signed and hashed: the charter without its signatures, in
// manifest.Canonical's JSON. It begins with the document's kind and version.
func (c *Charter) Canonical() ([]byte, error) {
	plain := c.normal()
	plain.Signatures = nil
	return manifest.Canonical(plain)
}

// Encode is the charter with its signatures as members send it to each other.
func (c *Charter) Encode() ([]byte, error) { return manifest.Canonical(c.normal()) }

// Decode reads what Encode wrote, and only that, and verifies it.
func Decode(data []byte) (*Charter, error) {
	c := New("")
	if err := manifest.DecodeCanonical(data, c); err != nil {
		return nil, fmt.Errorf("charter: %w", err)
	}
	if err := c.Verify(); err != nil {
		return nil, err
	}
	return c, nil
}

// normal is the charter with empty lists in place of absent ones, which JSON
// would tell apart.
func (c *Charter) normal() *Charter {
	n := *c
	if n.Members == nil {
		n.Members = []identity.Public{}
	}
	if n.Dictionary == nil {
		n.Dictionary = table.Schema{}
	}
	return &n
}

// Digest is the SHA-256 of Canonical, in hex: the name of the consortium on
// every study. Signatures do not change it. A charter that has no canonical form
// (Valid says why) has the digest "".
func (c *Charter) Digest() string {
	b, err := c.Canonical()
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Member returns the member of that name.
func (c *Charter) Member(name string) (identity.Public, bool) {
	i := slices.IndexFunc(c.Members, func(m identity.Public) bool { return m.Name == name })
	if i < 0 {
		return identity.Public{}, false
	}
	return c.Members[i], true
}

// Sites lists the members with the role site, in the charter's order.
func (c *Charter) Sites() []identity.Public { return c.role(identity.Site) }

// Researchers lists the members with the role researcher, in the charter's order.
func (c *Charter) Researchers() []identity.Public { return c.role(identity.Researcher) }

func (c *Charter) role(r identity.Role) []identity.Public {
	return slices.DeleteFunc(slices.Clone(c.Members), func(m identity.Public) bool { return m.Role != r })
}

// SiteNames lists the sites' names in the charter's order.
func (c *Charter) SiteNames() []string {
	var out []string
	for _, m := range c.Sites() {
		out = append(out, m.Name)
	}
	return out
}

// Schema is the dictionary and, last, the built-in category `site`, whose levels
// are the sites' names in the charter's order.
func (c *Charter) Schema() table.Schema {
	site := table.Variable{Name: SiteVariable, Label: "Site", Kind: table.Category}
	for _, m := range c.Sites() {
		site.Levels = append(site.Levels, table.Level{Code: m.Name})
	}
	return append(slices.Clone(c.Dictionary), site)
}

// MinimumContributors is how many sites an opened sum is made of at least: the
// honest ones that the rules ask for, and the colluders.
func (c *Charter) MinimumContributors() int { return c.Rules.HonestContributors + c.Rules.Colluders }
