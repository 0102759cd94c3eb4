package consent_test

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"hmsp.center/hmsp/law/consent"
)

// The rules know every code of the published code system.
func TestRulesKnowAllOfMII(t *testing.T) {
	b, err := os.ReadFile(data(t, "fhir/mii-consent/kerndatensatzmodul-consent/CodeSystem-MiiConsentPolicyCodeSystem.xml"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, r := range consent.Standard().Codes {
		known[r.Code] = true
	}
	codes := regexp.MustCompile(`<code value="(2\.16\.840\.1\.113883\.3\.1937\.777\.24\.5\.3\.[0-9]+)"`).FindAllSubmatch(b, -1)
	if len(codes) < 100 {
		t.Fatalf("%d codes", len(codes))
	}
	for _, c := range codes {
		if !known[string(c[1])] {
			t.Errorf("%s is not in rules.json", c[1])
		}
	}
}

func TestRulesAreRefused(t *testing.T) {
	good := `{"hmsp": "consent-rules/v1", "date": "2026-01-01", "sources": [], "systems": {"s": ["http://example.org/s"]}, "status": {"active": "active"},
		"bases": [{"system": "s", "code": "IN", "name": "", "type": "permit"}], "scopes": [], "purposes": [], "actions": [],
		"codes": [{"system": "s", "code": "A", "name": "", "permits": ["quality"], "denies": ["quality"]}]}`
	if _, err := consent.ParseRules([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string][2]string{
		"a version":           {"rules/v1", "rules/v2"},
		"a date":              {"2026-01-01", "2026"},
		"a field":             {`"sources"`, `"source"`},
		"a status":            {`"active": "active"`, `"active": "yes"`},
		"a system":            {`"system": "s", "code": "A"`, `"system": "t", "code": "A"`},
		"a purpose":           {`"permits": ["quality"]`, `"permits": ["profit"]`},
		"a permit not denied": {`"denies": ["quality"]`, `"denies": ["research"]`},
		"a base":              {`"type": "permit"`, `"type": "in"`},
		"twice":               {`"codes": [`, `"codes": [{"system": "s", "code": "A", "name": ""},`},
		"no JSON":             {`{"hmsp"`, `"hmsp"`},
	} {
		if _, err := consent.ParseRules([]byte(strings.Replace(good, c[0], c[1], 1))); err == nil {
			t.Errorf("%s: it is read", name)
		}
	}
}

// A reading that knows other forms and other law takes the same seat.
func TestAnotherReading(t *testing.T) {
	b := consent.Builder{Pseudonym: pseudonym, Reading: strict{}}
	if err := b.Add(context.Background(), clinical(doc("type=permit scope="+research)...), "x"); err != nil {
		t.Fatal(err)
	}
	reg := b.Register()
	if d := reg.Decide(pseudonym("p"), "research", 0); d.Why != consent.Refused || reg.Rules() != (strict{}).Digest() {
		t.Errorf("got %v", d)
	}
}

type strict struct{}

func (strict) Digest() consent.Hash { return consent.Hash{1} }
func (strict) Statements(consent.Document) []consent.Statement {
	return []consent.Statement{{From: consent.Always, To: consent.Forever, Purposes: consent.All, Effect: consent.Refuses}}
}
