package charter

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/table"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// seeds is a source of fixed bytes: test identities are the same in every run.
type seeds byte

func (s seeds) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(s) + byte(i)
	}
	return len(p), nil
}

func newIdentity(t testing.TB, name string, role identity.Role, seed byte) *identity.Identity {
	t.Helper()
	id, err := identity.Generate(name, role, seeds(seed))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// consortium is a complete charter of four sites, not yet signed, and its sites.
func consortium(t testing.TB) (*Charter, []*identity.Identity) {
	t.Helper()
	c := New("lung")
	c.Hub = Hub{Name: "hub", URL: "https://hub.example:8443"}
	c.Dictionary = table.Schema{
		{Name: "age", Label: "Age, \"in\" <years>", Kind: table.Number, Unit: "a", Code: "loinc:30525-0", Min: 18, Max: 120},
		{Name: "ph.ecog", Kind: table.Integer, Max: 4},
		{Name: "status", Kind: table.Flag},
		{Name: "sex", Kind: table.Category, Levels: []table.Level{{Code: "1", Label: "männlich"}, {Code: "2"}}},
	}
	c.Members = append(c.Members, newIdentity(t, "hub", identity.Hub, 1).Public(), newIdentity(t, "ada", identity.Researcher, 2).Public())
	var sites []*identity.Identity
	for i, name := range []string{"site-a", "site-b", "site-c", "site-d"} {
		id := newIdentity(t, name, identity.Site, byte(10+i))
		sites = append(sites, id)
		c.Members = append(c.Members, id.Public())
	}
	return c, sites
}

func signed(t testing.TB) *Charter {
	t.Helper()
	c, sites := consortium(t)
	for i := range sites { // in another order than the members'
		if err := c.Sign(sites[len(sites)-1-i]); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func copyOf(t testing.TB, c *Charter) *Charter {
	t.Helper()
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	out := new(Charter)
	if err := json.Unmarshal(data, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// The canonical bytes and the digest are pinned by members and signed: they may
// never change for a charter that exists.
func TestGoldenCanonical(t *testing.T) {
	c := signed(t)
	text, err := c.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	yaml, err := manifest.Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{"canonical.json": text, "charter.yaml": yaml, "digest.txt": []byte(c.Digest() + "\n")} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs:\n%s", name, got)
		}
	}
	read, err := Read("testdata/charter.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := read.Verify(); err != nil {
		t.Errorf("the golden charter: %v", err)
	}
	if read.Digest() != c.Digest() {
		t.Error("YAML changes the digest")
	}
}

func TestEncodeAndDecode(t *testing.T) {
	c := signed(t)
	data, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if again.Digest() != c.Digest() || len(again.Signatures) != 4 || again.Signatures[0].Member != "site-a" {
		t.Error("another charter was decoded")
	}
	for name, bad := range map[string]string{
		"a space":        strings.Replace(string(data), `,"name"`, `, "name"`, 1),
		"a number":       strings.Replace(string(data), `"max":120`, `"max":1.2e2`, 1),
		"a second key":   strings.Replace(string(data), `"name":"lung"`, `"name":"lung","name":"lung"`, 1),
		"another value":  strings.Replace(string(data), `"max":120`, `"max":121`, 1),
		"an unknown key": strings.Replace(string(data), `"name":"lung"`, `"name":"lung","more":1`, 1),
		"an end":         string(data) + "{}",
	} {
		if bad == string(data) {
			t.Fatalf("%s: the case changes nothing", name)
		}
		if _, err := Decode([]byte(bad)); err == nil {
			t.Errorf("%s: decoded", name)
		}
	}
}

// Each change of a single thing changes the digest, and voids the signatures.
func TestEveryChangeShows(t *testing.T) {
	digests := map[string]string{signed(t).Digest(): "none"}
	for name, change := range map[string]func(c *Charter){
		"name":            func(c *Charter) { c.Name = "lunge" },
		"url":             func(c *Charter) { c.Hub.URL += "/" },
		"root":            func(c *Charter) { c.Hub.Root = rootPEM },
		"colluders":       func(c *Charter) { c.Rules.Colluders = 0 },
		"max_rows":        func(c *Charter) { c.Rules.MaxRows++ },
		"open_sites":      func(c *Charter) { c.Rules.OpenSites = true },
		"member gone":     func(c *Charter) { c.Members = append(c.Members[:1:1], c.Members[2:]...) },
		"members swapped": func(c *Charter) { c.Members[4], c.Members[5] = c.Members[5], c.Members[4] },
		"a key":           func(c *Charter) { c.Members[1].SealingKey = c.Members[0].SealingKey },
		"a comma":         func(c *Charter) { c.Dictionary[0].Label = "Age \"in\" <years>" },
		"a minimum":       func(c *Charter) { c.Dictionary[1].Min = -1 },
		"a unit":          func(c *Charter) { c.Dictionary[0].Unit = "" },
		"a type":          func(c *Charter) { c.Dictionary[1].Kind = table.Number },
		"a level":         func(c *Charter) { c.Dictionary[3].Levels[1].Label = "f" },
		"levels swapped": func(c *Charter) {
			l := c.Dictionary[3].Levels
			l[0], l[1] = l[1], l[0]
		},
		"variables swapped": func(c *Charter) { c.Dictionary[0], c.Dictionary[1] = c.Dictionary[1], c.Dictionary[0] },
	} {
		c := copyOf(t, signed(t))
		change(c)
		if other, ok := digests[c.Digest()]; ok {
			t.Errorf("%s: the digest is that of %s", name, other)
		}
		digests[c.Digest()] = name
		if c.Complete() == nil {
			if err := c.CheckSigned(); !errors.Is(err, identity.ErrSignature) {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
	c := signed(t)
	before := c.Digest()
	c.Signatures = nil
	if c.Digest() != before {
		t.Error("signatures change the digest")
	}
}

var rootPEM = func() string {
	b, err := os.ReadFile("testdata/root.pem")
	if err != nil {
		panic(err)
	}
	return string(b)
}()

func TestSign(t *testing.T) {
	c, sites := consortium(t)
	for _, id := range sites[:3] {
		if err := c.Sign(id); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Verify(); !errors.Is(err, ErrUnsigned) || !strings.Contains(err.Error(), "missing site-d") {
		t.Errorf("three of four: %v", err)
	}
	if err := c.Sign(sites[0]); err != nil || len(c.Signatures) != 3 {
		t.Errorf("signing again: %v, %d signatures", err, len(c.Signatures))
	}
	want := func(name string, err error, text string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: got %v, want …%s…", name, err, text)
		}
	}
	want("a stranger signs", c.Sign(newIdentity(t, "site-x", identity.Site, 77)), `"site-x" is no member`)
	want("a researcher signs", c.Sign(newIdentity(t, "ada", identity.Researcher, 2)), `"ada" is a researcher`)
	want("a site with other keys signs", c.Sign(newIdentity(t, "site-d", identity.Site, 99)), `other keys for "site-d"`)

	if err := c.Sign(sites[3]); err != nil {
		t.Fatal(err)
	}
	if err := c.Verify(); err != nil {
		t.Fatal(err)
	}
	swapped := copyOf(t, c)
	swapped.Signatures[0].Signature, swapped.Signatures[1].Signature = swapped.Signatures[1].Signature, swapped.Signatures[0].Signature
	want("signatures swapped", swapped.Verify(), `after "site-a" signed`)
	changed := copyOf(t, c)
	changed.Dictionary[0].Max = 119
	want("changed afterwards", changed.Verify(), "the charter was changed after")
	extra := copyOf(t, c)
	extra.Signatures = append(extra.Signatures, Signature{"evil", extra.Signatures[0].Signature})
	want("a stranger's signature", extra.Verify(), `"evil", who is no member`)
	twice := copyOf(t, c)
	twice.Signatures = append(twice.Signatures, twice.Signatures[0])
	want("a signature twice", twice.Verify(), `second signature of "site-a"`)
	other := copyOf(t, c)
	text, err := other.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	other.Signatures[2].Signature = identity.NewSignature(sites[2].Sign(identity.ContextStudy, text))
	want("signed for another purpose", other.Verify(), `after "site-c" signed`)
}

func TestComplete(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(c *Charter)
		want   string
	}{
		{"no hub", func(c *Charter) { c.Hub = Hub{} }, "has no hub"},
		{"hub is no member", func(c *Charter) { c.Members = c.Members[1:] }, `hub "hub" is not among the members`},
		{"no dictionary", func(c *Charter) { c.Dictionary = nil }, "dictionary is empty"},
		{"three sites, one colluder", func(c *Charter) { c.Members = c.Members[:5] }, "3 sites are too few for the rules: 3 honest_contributors besides 1 colluders make 4"},
		{"four sites, two colluders", func(c *Charter) { c.Rules.Colluders = 2 }, "4 sites are too few"},
		{"two honest", func(c *Charter) { c.Rules.HonestContributors = 2 }, "honest_contributors must be 3 or more"},
		{"negative colluders", func(c *Charter) { c.Rules.Colluders = -1 }, "colluders must be 0 or more"},
	} {
		ch, sites := consortium(t)
		c.change(ch)
		for what, err := range map[string]error{"complete": ch.Complete(), "sign": ch.Sign(sites[0]), "verify": ch.Verify()} {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, %s: got %v", c.name, what, err)
			}
		}
	}
	three, _ := consortium(t)
	three.Members, three.Rules.Colluders = three.Members[:5], 0
	if err := three.Complete(); err != nil {
		t.Errorf("three sites without colluders: %v", err)
	}
}

// Each case replaces a part of the golden file and gives the message in full.
func TestParseRefuses(t *testing.T) {
	data, err := os.ReadFile("testdata/charter.yaml")
	if err != nil {
		t.Fatal(err)
	}
	good := string(data)
	for _, c := range []struct{ name, old, new, want string }{
		{"unknown key", "\nrules:", "\nrulez:", `unknown key "rulez"; did you mean "rules"?`},
		{"role", "role: researcher", "role: reseacher", `want one of site, researcher, hub, got "reseacher"; did you mean "researcher"?`},
		{"name twice", "name: site-b", "name: site-a", `member "site-a" is listed twice: names are unique`},
		{"key", "signing_key: \"ed25519:", "signing_key: \"ed25519:A", `the key after "ed25519:" is not standard base64 with padding`},
		{"url", "https://hub", "http://hub", `"http://hub.example:8443" cannot be used here: where the members reach the hub: https://HOST or https://HOST:PORT`},
		{"hub's name", "hub: {name: hub", "hub: {name: ada", `hub: member "ada" has the role researcher, want hub`},
		{"variable reserved", "name: status", "name: Site", `variable "Site": the name is reserved; choose another`},
		{"variable twice", "name: status", "name: AGE", `variable "AGE" is already there as "age": names are unique, whatever their case`},
		{"variable's name", "name: status", "name: my status", `"my status" cannot be used here: a variable's name: a letter, then up to 63 letters, digits, '.' or '_'`},
		{"range", "- name: age", "- name: age\n    max: 12\n    min: 18\n    type: number\n  - name: age2", `variable "age": min must be below max (got 18 and 12)`},
		{"type", "type: flag", "type: flog", `want one of number, integer, flag, category, got "flog"; did you mean "flag"?`},
		{"misplaced range", "type: flag", "type: flag, max: 1", `variable "status": a flag has no min and max; remove them or make it a number`},
		{"misplaced unit", "type: flag", "type: flag, unit: a", `variable "status": a flag has no unit; remove it or make it a number`},
		{"level twice", "- name: sex", "- {name: gender, type: category, levels: [{code: \"1\"}, {code: \"1\"}]}\n  - name: sex", `variable "gender": level "1" is empty or listed twice`},
		{"level is a number", `code: "2"`, `code: 2`, `want text, got the number 2: put it in quotes: the code, as text`},
		{"honest", "honest_contributors: 3", "honest_contributors: 2", `want 3 or more, got 2: how many sites besides colluders every opened sum is made of, 3 or more`},
		{"signer", "member: site-d", "member: site-x", `signature of "site-x", who is no member: remove it`},
		{"signer's role", "member: site-d", "member: ada", `signature of "ada", who is a researcher: sites sign the charter; remove it`},
	} {
		bad := strings.Replace(good, c.old, c.new, 1)
		if bad == good {
			t.Errorf("%s: the case changes nothing", c.name)
			continue
		}
		line := 1 + strings.Count(good[:strings.Index(good, c.old)+strings.LastIndex(c.old, "\n")+1], "\n")
		_, err := Parse("charter.yaml", []byte(bad))
		var es manifest.Errors
		if !errors.As(err, &es) {
			t.Errorf("%s: got %v", c.name, err)
			continue
		}
		found := false
		for _, e := range es {
			found = found || strings.HasPrefix(e.Text, c.want) && e.Line == line && e.Column > 0
		}
		if !found {
			t.Errorf("%s: got\n%v\nwant on line %d\n%s", c.name, err, line, c.want)
		}
	}
}

func TestDefaultsAndDrafts(t *testing.T) {
	c, err := Parse("c.yaml", []byte("hmsp: charter/v1\nname: lung\nrules: {colluders: 0}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Rules != (Rules{Colluders: 0, HonestContributors: 3, MaxRows: 1 << 20}) {
		t.Errorf("rules %+v", c.Rules)
	}
	if c.Complete() == nil {
		t.Error("a draft is complete")
	}
	explicit, err := Parse("c.yaml", []byte("name: lung\nhmsp: charter/v1\nmembers: []\nrules: {max_rows: 1048576, colluders: 0, honest_contributors: 3}\ndictionary: []\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Digest() != explicit.Digest() || c.Digest() == "" {
		t.Error("writing the defaults out changes the digest")
	}
}

func TestMembersAndSchema(t *testing.T) {
	c, _ := consortium(t)
	if got := strings.Join(c.SiteNames(), " "); got != "site-a site-b site-c site-d" {
		t.Errorf("sites %s", got)
	}
	if m, ok := c.Member("ada"); !ok || m.Role != identity.Researcher || len(c.Researchers()) != 1 {
		t.Error("the researcher is not found")
	}
	if _, ok := c.Member("nobody"); ok {
		t.Error("nobody is a member")
	}
	s := c.Schema()
	site, ok := s.Lookup("site")
	if !ok || s.Index("site") != 4 || len(c.Dictionary) != 4 || site.Level("site-c") != 2 || site.Valid() != nil {
		t.Errorf("schema %v", s.Names())
	}
	if c.MinimumContributors() != 4 {
		t.Errorf("minimum %d", c.MinimumContributors())
	}
}

func TestSchemaIsPublished(t *testing.T) {
	published, err := os.ReadFile("../docs/schema/charter.json")
	if err != nil || !bytes.Equal(published, JSONSchema()) {
		t.Errorf("docs/schema/charter.json is not charter/charter.schema.json; copy it (%v)", err)
	}
	readme, err := os.ReadFile("../docs/schema/README.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../docs/schema/*.json")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d schemas, %v", len(files), err)
	}
	for _, f := range files {
		if !strings.Contains(string(readme), "`"+filepath.Base(f)+"`") {
			t.Errorf("docs/schema/README.md does not name %s", filepath.Base(f))
		}
	}
}

func TestDictionarySchema(t *testing.T) {
	var v struct {
		Hmsp       string       `json:"hmsp"`
		Dictionary table.Schema `json:"dictionary"`
	}
	good := "hmsp: dictionary/v1\ndictionary: [{name: age, type: number, max: 120}]\n"
	if err := manifest.Decode("d.yaml", []byte(good), DictionarySchema(), &v); err != nil || v.Dictionary[0].Max != 120 {
		t.Error(err)
	}
	bad := strings.Replace(good, "type: number", "type: real", 1)
	if err := manifest.Decode("d.yaml", []byte(bad), DictionarySchema(), &v); err == nil || !strings.HasPrefix(err.Error(), "d.yaml:2:32: want one of number") {
		t.Errorf("got %v", err)
	}
}

// What parses has one canonical form, whichever way it is written.
func FuzzParse(f *testing.F) {
	data, err := os.ReadFile("testdata/charter.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("hmsp: charter/v1\nname: lung\ndictionary: [{name: a, type: number, min: -1.5e-3, max: 0}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("c", data)
		if err != nil {
			return
		}
		c.Verify()
		yaml, err := manifest.Encode(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse("c", yaml)
		if err != nil || again.Digest() != c.Digest() || c.Digest() == "" {
			t.Fatalf("%s\nhas another digest when written again (%v)", yaml, err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	data, err := signed(f).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Decode(data)
		if err != nil {
			return
		}
		again, err := c.Encode()
		if err != nil || !bytes.Equal(again, data) {
			t.Fatalf("decoded a second encoding: %s", data)
		}
	})
}
