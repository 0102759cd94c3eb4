package consent_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/law/consent"
)

// Each real consent by itself, read by hand, with the reason.
func TestRealConsents(t *testing.T) {
	hand := map[string]map[string]consent.Decision{}
	expect := func(id, date string, outcome consent.Outcome, why consent.Why) {
		if hand[id] == nil {
			hand[id] = map[string]consent.Decision{}
		}
		hand[id][date] = consent.Decision{Outcome: outcome, Why: why}
	}
	// OPTOUT is the policy and the root says no type: everything is refused from the
	// day of the consent on. What follows narrows care (an emergency, one clinic).
	for _, id := range []string{"consent-example-Emergency", "consent-example-Out", "consent-example-grantor"} {
		expect(id, "2015-11-17", consent.Silent, consent.Other)
		expect(id, "2015-11-18", consent.Deny, consent.Refused)
		expect(id, "2024-01-01", consent.Deny, consent.Refused)
	}
	expect("consent-example-pkb", "2016-06-15", consent.Silent, consent.Other)
	expect("consent-example-pkb", "2016-06-16", consent.Deny, consent.Refused)
	// The root denies to one organization, which may be ours.
	expect("consent-example-notOrg", "2015-11-17", consent.Silent, consent.Other)
	expect("consent-example-notOrg", "2024-01-01", consent.Deny, consent.Refused)
	// OPTIN to disclosure for care (scope patient-privacy) is no consent to research.
	for _, id := range []string{"consent-example-basic", "consent-example-notAuthor", "consent-example-notThem", "consent-example-notThis", "consent-example-notTime"} {
		expect(id, "2015-01-15", consent.Silent, consent.Other)
		expect(id, "2024-01-01", consent.Silent, consent.Other)
	}
	// Permits one kind of document of one author, and one kind of resource to be seen.
	expect("consent-example-signature", "2016-05-01", consent.Silent, consent.Other)
	expect("consent-example-smartonfhir", "2016-06-23", consent.Silent, consent.Other)
	// MII Broad Consent: all is denied but what is permitted below, and code ...3.8,
	// MDAT wissenschaftlich nutzen, is, on the days of its period.
	for n, period := range map[string][4]string{ // the day before, the first, the last, the day after
		"1": {"2024-02-22", "2024-02-23", "2054-01-31", "2054-02-01"},
		"2": {"2024-03-13", "2024-03-14", "2054-02-28", "2054-03-01"},
		"3": {"2022-04-13", "2022-04-14", "2052-02-28", "2052-02-29"},
		"4": {"2020-09-09", "2020-09-10", "2050-09-30", "2050-10-01"},
		"5": {"2023-07-04", "2023-07-05", "2053-07-31", "2053-08-01"},
		"6": {"2022-03-07", "2022-03-08", "2052-03-31", "2052-04-01"},
		"7": {"2024-01-02", "2024-01-03", "2054-01-31", "2054-02-01"},
	} {
		id := "mii-exa-test-data-patient-" + n + "-consent-1"
		expect(id, period[0], consent.Silent, consent.NotYet)
		expect(id, period[1], consent.Permit, consent.Given)
		expect(id, period[2], consent.Permit, consent.Given)
		expect(id, period[3], consent.Silent, consent.Expired)
	}
	checked := 0
	for _, folder := range []string{"fhir/hl7-r4-examples/consent", "fhir/mii-consent"} {
		for _, c := range resources(t, folder) {
			reg := load(t, clinical(c.cells()...))
			who := pseudonym(strings.TrimPrefix(c.Patient.Reference, "Patient/"))
			if reg.People() != 1 || len(hand[c.ID]) == 0 {
				t.Errorf("%s: %d people, %d days read by hand", c.ID, reg.People(), len(hand[c.ID]))
			}
			for date, want := range hand[c.ID] {
				if got := reg.Decide(who, "research", day(t, date)); got != want {
					t.Errorf("%s on %s: got %v %s, want %v %s", c.ID, date, got.Outcome, got.Why, want.Outcome, want.Why)
				}
			}
			for _, purpose := range []string{"quality", "public-health", "education"} {
				if got := reg.Decide(who, purpose, day(t, "2030-01-01")); got.Outcome == consent.Permit {
					t.Errorf("%s permits %s, of which it does not speak", c.ID, purpose)
				}
			}
			checked++
		}
	}
	if checked != len(hand) {
		t.Errorf("%d consents were read, %d are read by hand", checked, len(hand))
	}
}

// The table of a consent against what an independent script read in the resources.
func TestRealTable(t *testing.T) {
	b, err := os.ReadFile(data(t, "reference/fhir/consents.json"))
	if err != nil {
		t.Fatal(err)
	}
	var reference []struct {
		ID, Status, Patient, DateTime string
		BaseType                      *string                      `json:"base_type"`
		BasePeriod                    *struct{ Start, End string } `json:"base_period"`
		Provisions                    []struct{ Type, Code string }
	}
	if err := json.Unmarshal(b, &reference); err != nil {
		t.Fatal(err)
	}
	byID := map[string]resource{}
	for _, folder := range []string{"fhir/hl7-r4-examples/consent", "fhir/mii-consent"} {
		for _, c := range resources(t, folder) {
			byID[c.ID] = c
		}
	}
	seen := map[string]bool{} // those of the MII stand in bundles too
	for _, want := range reference {
		got := byID[want.ID].cells()
		seen[want.ID] = true
		root := got[0]
		base := ""
		if want.BaseType != nil {
			base = *want.BaseType
		}
		if root[format.Status] != want.Status || "Patient/"+root[format.Patient] != want.Patient || root[format.Time] != want.DateTime || root[format.Decision] != base {
			t.Errorf("%s: the root is %v", want.ID, root)
		}
		if p := want.BasePeriod; p != nil && (root[format.Start] != p.Start || root[format.End] != p.End) {
			t.Errorf("%s: the period is %q to %q", want.ID, root[format.Start], root[format.End])
		}
		codes := 0
		for _, row := range got[1:] {
			for code := range strings.FieldsSeq(row[format.Code]) {
				if codes < len(want.Provisions) && (want.Provisions[codes].Type != row[format.Decision] || !strings.HasSuffix(code, want.Provisions[codes].Code)) {
					t.Errorf("%s: provision %d is %s %s", want.ID, codes, row[format.Decision], code)
				}
				codes++
			}
		}
		if codes != len(want.Provisions) {
			t.Errorf("%s: %d provisions with a code, want %d", want.ID, codes, len(want.Provisions))
		}
	}
	if len(seen) != len(byID) {
		t.Errorf("%d consents in the reference, %d in the files", len(seen), len(byID))
	}
}

// All of them together: the patient with seven consents is refused by the four that
// refuse, whatever the others say.
func TestRealConsentsTogether(t *testing.T) {
	var all []map[string]string
	for _, folder := range []string{"fhir/hl7-r4-examples/consent", "fhir/mii-consent"} {
		for _, c := range resources(t, folder) {
			all = append(all, c.cells()...)
		}
	}
	reg := load(t, clinical(all...))
	got := reg.Count("research", day(t, "2024-06-01"))
	want := consent.Summary{People: 11, Permitted: 7, Denied: 2, Refused: 2, Silent: 2, Other: 2}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if d := reg.Decide(pseudonym("f001"), "research", day(t, "2024-06-01")); d.Outcome != consent.Deny {
		t.Errorf("got %v", d)
	}
}
