// Package member is what every member's process has: a home folder with its
// keys, the charter that it joined, and the way to the hub. It serves the roles
// of site and researcher.
package member

import (
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"hmsp.center/hmsp/atomicfile"
	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/federation/client"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/law/policy"
	"hmsp.center/hmsp/manifest"
)

// Files of a home folder.
const (
	KeyFile     = "identity.key" // secret; readable by its owner only
	ConfigFile  = "member.yaml"  // how this member reaches the hub
	CharterFile = "charter.yaml" // the charter that was joined
	PinFile     = "charter.pin"  // its digest: another charter is refused
)

// Version is the kind and version of the member's file.
const Version = "member/v1"

//go:embed member.schema.json
var schemaJSON []byte

// JSONSchema is the published JSON Schema of member.yaml.
func JSONSchema() []byte { return schemaJSON }

// A Config is the member's file.
type Config struct {
	Hmsp       string `json:"hmsp"`
	Proxy      string `json:"proxy,omitempty"`       // http://host:port; "" reads HTTPS_PROXY
	ExtraRoots string `json:"extra_roots,omitempty"` // PEM file of a TLS-inspecting proxy's root
	// Decide says what a site does with a study that the charter permits: "ask" a
	// steward (default), "approve", or "refuse".
	Decide string `json:"decide,omitempty"`
	// MinimumCohort is the fewest patients with which a site takes part in a study.
	MinimumCohort int `json:"minimum_cohort,omitempty"`
	// MinimumDifference is the fewest patients that any combination of exact answers
	// may tell of.
	MinimumDifference int `json:"minimum_difference,omitempty"`
}

// A Member is an opened home.
type Member struct {
	Home     string
	Identity *identity.Identity
	Config   Config
	Charter  *charter.Charter // nil before Join
}

// Init makes a home for a site or a researcher, with fresh keys.
func Init(home, name string, role identity.Role) (identity.Public, error) {
	public, err := InitKeys(home, name, role)
	if err != nil {
		return public, err
	}
	config := Config{Hmsp: Version}
	comment := "How this member reaches the hub. proxy: http://host:port (default: HTTPS_PROXY)."
	if role == identity.Site {
		config.Decide, config.MinimumCohort, config.MinimumDifference = "ask", DefaultMinimumCohort, DefaultMinimumDifference
		comment += "\ndecide: ask a steward for every study, approve, or refuse."
		if err := atomicfile.Write(filepath.Join(home, PolicyFile), policy.Default(), 0o600); err != nil {
			return public, err
		}
	}
	return public, manifest.Write(filepath.Join(home, ConfigFile), config, comment)
}

// InitKeys makes a home with fresh keys and nothing else.
func InitKeys(home, name string, role identity.Role) (identity.Public, error) {
	key := filepath.Join(home, KeyFile)
	if _, err := os.Stat(key); err == nil {
		return identity.Public{}, fmt.Errorf("%s exists: this folder already has an identity; choose another folder with --home", key)
	}
	id, err := identity.Generate(name, role, rand.Reader)
	if err != nil {
		return identity.Public{}, err
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return identity.Public{}, fmt.Errorf("make the home folder: %w", err)
	}
	return id.Public(), id.Save(key)
}

// DefaultMinimumCohort is the fewest patients with which a site takes part.
const DefaultMinimumCohort = 10

// DefaultMinimumDifference is the fewest patients that any combination of exact
// answers tells of.
const DefaultMinimumDifference = 10

// Open reads a home. Charter is nil where none was joined.
func Open(home string) (*Member, error) {
	id, err := identity.Load(filepath.Join(home, KeyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has no identity: make one with `hmsp site init` or `hmsp researcher init`, or name the right folder with --home", home)
	}
	if err != nil {
		return nil, err
	}
	m := &Member{Home: home, Identity: id, Config: Config{MinimumCohort: DefaultMinimumCohort, MinimumDifference: DefaultMinimumDifference, Decide: "ask"}}
	path := filepath.Join(home, ConfigFile)
	data, err := manifest.ReadFile(path, "the member's file")
	if err != nil {
		return nil, err
	}
	if err := manifest.Decode(path, data, schemaJSON, &m.Config); err != nil {
		return nil, err
	}
	return m, m.loadCharter()
}

func (m *Member) loadCharter() error {
	pin, err := os.ReadFile(filepath.Join(m.Home, PinFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the charter's pin: %w", err)
	}
	path := filepath.Join(m.Home, CharterFile)
	c, err := charter.Read(path)
	if err != nil {
		return err
	}
	if got := c.Digest(); got != strings.TrimSpace(string(pin)) {
		return fmt.Errorf("%s is not the charter that was joined (its digest is %s, joined was %s): restore the file, or join the new charter with --replace", path, got, strings.TrimSpace(string(pin)))
	}
	m.Charter = c
	return nil
}

// Joined says that a charter was joined, or how to.
func (m *Member) Joined() error {
	if m.Charter == nil {
		return fmt.Errorf("%s has not joined a charter: run `hmsp %s join --home %s --charter FILE`", m.Identity.Name(), m.Identity.Role(), m.Home)
	}
	return nil
}

// Join pins a charter: complete, signed by every site, with this member's keys
// in it. A second charter is refused unless replace says that it takes the
// first one's place.
func (m *Member) Join(path string, replace bool) error {
	c, err := charter.Read(path)
	if err != nil {
		return err
	}
	if err := c.Verify(); err != nil {
		return fmt.Errorf("join: %w", err)
	}
	switch p, ok := c.Member(m.Identity.Name()); {
	case !ok:
		return fmt.Errorf("join: %q is not a member of the charter %s: have it added with `hmsp charter add`, and signed again by every site", m.Identity.Name(), c.Name)
	case p != m.Identity.Public():
		return fmt.Errorf("join: the charter has other keys for %q than %s: compare the fingerprints", p.Name, m.Home)
	}
	if m.Charter != nil && m.Charter.Digest() != c.Digest() && !replace {
		return fmt.Errorf("join: %s already joined the charter %s (digest %s), this one is %s (digest %s): if it takes its place, join with --replace", m.Identity.Name(), m.Charter.Name, m.Charter.Digest(), c.Name, c.Digest())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("join: %w", err)
	}
	if err := atomicfile.Write(filepath.Join(m.Home, CharterFile), data, 0o644); err != nil {
		return err
	}
	if err := atomicfile.Write(filepath.Join(m.Home, PinFile), []byte(c.Digest()+"\n"), 0o644); err != nil {
		return err
	}
	m.Charter = c
	return nil
}

// Connect makes the client to the charter's hub.
func (m *Member) Connect(now func() time.Time, trouble func(error, time.Duration)) (*client.Client, error) {
	if err := m.Joined(); err != nil {
		return nil, err
	}
	cfg := client.Config{URL: m.Charter.Hub.URL, Identity: m.Identity, Charter: m.Charter, Now: now, Trouble: trouble}
	if m.Charter.Hub.Root != "" {
		cfg.Roots = append(cfg.Roots, []byte(m.Charter.Hub.Root))
	}
	if m.Config.ExtraRoots != "" {
		path := m.Config.ExtraRoots
		if !filepath.IsAbs(path) {
			path = filepath.Join(m.Home, path)
		}
		pem, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("%s, extra_roots: %w", filepath.Join(m.Home, ConfigFile), err)
		}
		cfg.Roots = append(cfg.Roots, pem)
		cfg.SystemRoots = m.Charter.Hub.Root == "" // an extra root is trusted besides the system's
	}
	if m.Config.Proxy != "" {
		u, err := url.Parse(m.Config.Proxy)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("%s, proxy: %q is not of the form http://host:port", filepath.Join(m.Home, ConfigFile), m.Config.Proxy)
		}
		cfg.Proxy = http.ProxyURL(u)
	}
	return client.New(cfg)
}

// Seal seals a message to another member of the charter.
func (m *Member) Seal(to, id string, payload []byte, now time.Time) (federation.Envelope, error) {
	p, ok := m.Charter.Member(to)
	if !ok {
		return federation.Envelope{}, fmt.Errorf("seal a message: %q is not a member of the charter", to)
	}
	return federation.Seal(m.Identity, p, m.Charter.Digest(), id, payload, now, messageTTL)
}

// messageTTL is how long a message waits at the hub for its recipient: longer
// than a site's holidays, shorter than the hub's limit.
const messageTTL = 60 * 24 * time.Hour

// SetDecide writes what the site does with a study that the charter permits.
func SetDecide(home, decide string) error {
	m, err := Open(home)
	if err != nil {
		return err
	}
	m.Config.Decide = decide
	return manifest.Replace(filepath.Join(home, ConfigFile), m.Config, "How this member reaches the hub. proxy: http://host:port (default: HTTPS_PROXY).\ndecide: ask a steward for every study, approve, or refuse.")
}
