package consent

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"hmsp.center/hmsp/vocabulary"
)

// RulesVersion is the kind and version that a file of rules names.
const RulesVersion = "consent-rules/v1"

//go:embed rules.json
var standardRules []byte

// Rules say which purposes the codes of FHIR consents are about. They are the
// Reading of FHIR R4 (fhir.go); the file of the standard ones is rules.json.
type Rules struct {
	Hmsp     string              `json:"hmsp"`
	Date     string              `json:"date"` // of the file
	Sources  []string            `json:"sources"`
	Systems  map[string][]string `json:"systems"`  // the URIs of a system, by the name that rules use
	Status   map[string]string   `json:"status"`   // of a consent: active, withdrawn or void
	Bases    []Rule              `json:"bases"`    // policy rules: Type is of a root provision that says none
	Scopes   []Rule              `json:"scopes"`   // what a provision is about that names neither purpose nor code
	Purposes []Rule              `json:"purposes"` // purpose of use
	Codes    []Rule              `json:"codes"`    // of what is permitted
	Actions  []Rule              `json:"actions"`  // those that an analysis is

	digest Hash
	table  map[string]meaning // by list, system and code
}

// A Rule says what a code means. A permit with the code permits the purposes
// Permits, a deny denies Denies.
type Rule struct {
	System  string   `json:"system"`
	Code    string   `json:"code"`
	Name    string   `json:"name"`
	Permits []string `json:"permits,omitempty"`
	Denies  []string `json:"denies,omitempty"`
	Type    string   `json:"type,omitempty"`
}

// A meaning is a Rule as sets.
type meaning struct {
	permits, denies Set
	deny            bool // of a base
}

// Standard returns the rules of this version of the program.
func Standard() *Rules {
	r, err := ParseRules(standardRules)
	if err != nil {
		panic("consent: the rules of the program: " + err.Error())
	}
	return r
}

// ParseRules reads a file of rules and refuses what it does not know.
func ParseRules(data []byte) (*Rules, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	r := &Rules{}
	if err := d.Decode(r); err != nil {
		return nil, fmt.Errorf("read consent rules: %w", err)
	}
	if r.Hmsp != RulesVersion {
		return nil, fmt.Errorf("read consent rules: hmsp: want %s", RulesVersion)
	}
	if _, ok := ParseDay(r.Date); !ok {
		return nil, fmt.Errorf("read consent rules: date: want a day, as 2024-01-31")
	}
	for status, means := range r.Status {
		if means != "active" && means != "withdrawn" && means != "void" {
			return nil, fmt.Errorf("read consent rules: status %s: want active, withdrawn or void", status)
		}
	}
	r.table = map[string]meaning{}
	for _, list := range []struct {
		kind  string
		rules []Rule
	}{{"base", r.Bases}, {"scope", r.Scopes}, {"purpose", r.Purposes}, {"code", r.Codes}, {"action", r.Actions}} {
		for _, rule := range list.rules {
			if err := r.add(list.kind, rule); err != nil {
				return nil, fmt.Errorf("read consent rules: %s %s: %w", list.kind, rule.Code, err)
			}
		}
	}
	r.digest = sha256.Sum256(data)
	return r, nil
}

func (r *Rules) add(kind string, rule Rule) error {
	uris := r.Systems[rule.System]
	if len(uris) == 0 {
		return fmt.Errorf("system %q is not listed", rule.System)
	}
	var m meaning
	var known [2]bool
	m.permits, known[0] = SetOf(rule.Permits...)
	m.denies, known[1] = SetOf(rule.Denies...)
	if !known[0] || !known[1] {
		return fmt.Errorf("want purposes of %s", strings.Join(Purposes(), ", "))
	}
	if kind == "base" {
		if m.deny = rule.Type == "deny"; !m.deny && rule.Type != "permit" {
			return fmt.Errorf("type: want permit or deny")
		}
	} else if m.permits&^m.denies != 0 {
		return fmt.Errorf("a deny must deny whatever a permit permits")
	}
	for _, uri := range uris {
		key := kind + " " + system(uri) + "|" + rule.Code
		if _, twice := r.table[key]; twice {
			return fmt.Errorf("it is listed twice")
		}
		r.table[key] = m
	}
	return nil
}

// Digest names the rules.
func (r *Rules) Digest() Hash { return r.digest }

// lookup finds what a token of the clinical tables means.
func (r *Rules) lookup(kind, token string) (meaning, bool) {
	uri, code := vocabulary.Split(token)
	m, ok := r.table[kind+" "+system(uri)+"|"+code]
	return m, ok
}

// system is one writing of a code system.
func system(uri string) string {
	uri = strings.ToLower(vocabulary.Short(uri))
	return strings.TrimPrefix(strings.Replace(uri, "https://", "http://", 1), "urn:oid:")
}
