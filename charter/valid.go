package charter

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/table"
)

// fault is one thing wrong with a charter, and the path to it in the document.
type fault struct {
	text string
	at   []any
}

type faults []fault

func (fs *faults) add(at []any, format string, args ...any) {
	*fs = append(*fs, fault{fmt.Sprintf(format, args...), at})
}

func at(path ...any) []any { return path }

// Valid holds what is in the charter against the rules of the document: names,
// keys, rules and variables, each by itself. It does not ask for what is still
// missing (Complete does) and checks no signature (CheckSigned does).
func (c *Charter) Valid() error {
	var es []error
	for _, f := range c.faults() {
		es = append(es, errors.New(f.text))
	}
	return errors.Join(es...)
}

func (c *Charter) faults() faults {
	var fs faults
	if c.Hmsp != Version {
		fs.add(at("hmsp"), "hmsp: want %s", Version)
	}
	if err := identity.ValidName(c.Name); err != nil {
		fs.add(at("name"), "%v", err)
	}
	c.hubFaults(&fs)
	c.memberFaults(&fs)
	c.ruleFaults(&fs)
	c.dictionaryFaults(&fs)
	c.signatureFaults(&fs)
	return fs
}

func (c *Charter) hubFaults(fs *faults) {
	if c.Hub == (Hub{}) {
		return
	}
	if err := identity.ValidName(c.Hub.Name); err != nil {
		fs.add(at("hub", "name"), "hub: %v", err)
	} else if m, ok := c.Member(c.Hub.Name); ok && m.Role != identity.Hub {
		fs.add(at("hub", "name"), "hub: member %q has the role %s, want hub", m.Name, m.Role)
	}
	u, err := url.Parse(c.Hub.URL)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		fs.add(at("hub", "url"), "hub: want a url of the form https://HOST or https://HOST:PORT")
	}
	if c.Hub.Root != "" {
		if _, err := identity.Pool([]byte(c.Hub.Root)); err != nil {
			fs.add(at("hub", "root"), "hub: %v", err)
		}
	}
}

func (c *Charter) memberFaults(fs *faults) {
	names, keys := map[string]bool{}, map[identity.SigningKey]string{}
	for i, m := range c.Members {
		if err := m.Valid(); err != nil {
			fs.add(at("members", i), "%v", err)
			continue
		}
		if names[m.Name] {
			fs.add(at("members", i, "name"), "member %q is listed twice: names are unique", m.Name)
		}
		names[m.Name] = true
		if other, ok := keys[m.SigningKey]; ok {
			fs.add(at("members", i, "signing_key"), "member %q has the signing_key of %q: each member has its own", m.Name, other)
		}
		keys[m.SigningKey] = m.Name
		if m.Role == identity.Hub && c.Hub.Name != "" && m.Name != c.Hub.Name {
			fs.add(at("members", i, "role"), "member %q has the role hub, but the charter's hub is %q", m.Name, c.Hub.Name)
		}
	}
}

func (c *Charter) ruleFaults(fs *faults) {
	r := c.Rules
	if r.Colluders < 0 {
		fs.add(at("rules", "colluders"), "rules: colluders must be 0 or more, got %d", r.Colluders)
	}
	if r.HonestContributors < 3 {
		fs.add(at("rules", "honest_contributors"), "rules: honest_contributors must be 3 or more, got %d: with fewer, a site could compute another's part from the sum", r.HonestContributors)
	}
	if r.MaxRows < 1 || r.MaxRows > math.MaxInt32 {
		fs.add(at("rules", "max_rows"), "rules: max_rows must be 1 to %d, got %d", math.MaxInt32, r.MaxRows)
	}
	if err := r.DisclosureRules().Valid(); err != nil {
		fs.add(at("rules", "disclosure"), "rules: disclosure: %v", err)
	}
}

var variableForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._]{0,63}$`)

// Reserved says whether a variable's name means something else in a cohort or a formula.
func Reserved(name string) bool {
	switch strings.ToLower(name) {
	case SiteVariable, "true", "false", "null", "na", "nan", "inf", "in":
		return true
	}
	return false
}

func (c *Charter) dictionaryFaults(fs *faults) {
	seen := map[string]string{}
	for i, v := range c.Dictionary {
		if !variableForm.MatchString(v.Name) {
			fs.add(at("dictionary", i, "name"), "variable %q: a name is a letter, then up to 63 letters, digits, '.' or '_'", v.Name)
			continue
		}
		if Reserved(v.Name) {
			fs.add(at("dictionary", i, "name"), "variable %q: the name is reserved; choose another", v.Name)
		}
		// The query engine does not tell upper from lower case.
		if other, ok := seen[strings.ToLower(v.Name)]; ok {
			fs.add(at("dictionary", i, "name"), "variable %q is already there as %q: names are unique, whatever their case", v.Name, other)
		}
		seen[strings.ToLower(v.Name)] = v.Name
		if err := v.Valid(); err != nil {
			fs.add(at("dictionary", i), "%v", err)
		}
		misplaced(fs, i, v)
	}
}

// misplaced finds what a variable's type has no use for, which could mean that
// the type is wrong.
func misplaced(fs *faults, i int, v table.Variable) {
	numeric := v.Kind == table.Number || v.Kind == table.Integer
	if !numeric && (v.Min != 0 || v.Max != 0) {
		fs.add(at("dictionary", i), "variable %q: a %s has no min and max; remove them or make it a number", v.Name, v.Kind)
	}
	if !numeric && v.Unit != "" {
		fs.add(at("dictionary", i, "unit"), "variable %q: a %s has no unit; remove it or make it a number", v.Name, v.Kind)
	}
	if v.Kind != table.Category && len(v.Levels) > 0 {
		fs.add(at("dictionary", i, "levels"), "variable %q: a %s has no levels; remove them or make it a category", v.Name, v.Kind)
	}
	if math.Signbit(v.Min) && v.Min == 0 || math.Signbit(v.Max) && v.Max == 0 {
		fs.add(at("dictionary", i), "variable %q: write 0 instead of -0", v.Name)
	}
}

func (c *Charter) signatureFaults(fs *faults) {
	seen := map[string]bool{}
	for i, s := range c.Signatures {
		m, ok := c.Member(s.Member)
		switch {
		case !ok:
			fs.add(at("signatures", i, "member"), "signature of %q, who is no member: remove it", s.Member)
		case m.Role != identity.Site:
			fs.add(at("signatures", i, "member"), "signature of %q, who is a %s: sites sign the charter; remove it", s.Member, m.Role)
		case seen[s.Member]:
			fs.add(at("signatures", i, "member"), "a second signature of %q: remove one", s.Member)
		case s.Signature.IsZero():
			fs.add(at("signatures", i, "signature"), "the signature of %q is missing", s.Member)
		}
		seen[s.Member] = true
	}
}

// Complete says what a charter lacks before the sites can sign it: a hub that is
// a member, enough sites for the rules, a dictionary.
func (c *Charter) Complete() error {
	if err := c.Valid(); err != nil {
		return err
	}
	if c.Hub == (Hub{}) {
		return errors.New("the charter has no hub: add hub with its name and url")
	}
	if m, ok := c.Member(c.Hub.Name); !ok || m.Role != identity.Hub {
		return fmt.Errorf("the hub %q is not among the members: add it with the role hub", c.Hub.Name)
	}
	if len(c.Dictionary) == 0 {
		return errors.New("the dictionary is empty: add at least one variable")
	}
	sites, r := len(c.Sites()), c.Rules
	if sites < c.MinimumContributors() {
		return fmt.Errorf("%d sites are too few for the rules: %d honest_contributors besides %d colluders make %d; add sites, or lower colluders",
			sites, r.HonestContributors, r.Colluders, c.MinimumContributors())
	}
	return nil
}

// missing lists the sites that have not signed.
func (c *Charter) missing() []string {
	return slices.DeleteFunc(c.SiteNames(), func(name string) bool {
		return slices.ContainsFunc(c.Signatures, func(s Signature) bool { return s.Member == name })
	})
}
