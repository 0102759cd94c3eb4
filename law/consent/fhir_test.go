package consent_test

import (
	"maps"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/law/consent"
	"hmsp.center/hmsp/study"
)

const (
	research = "http://terminology.hl7.org/CodeSystem/consentscope|research"
	privacy  = "http://terminology.hl7.org/CodeSystem/consentscope|patient-privacy"
	reason   = "http://terminology.hl7.org/CodeSystem/v3-ActReason|"
	mii      = "urn:oid:2.16.840.1.113883.3.1937.777.24.5.3|2.16.840.1.113883.3.1937.777.24.5.3."
	action   = "http://terminology.hl7.org/CodeSystem/consentaction|"
)

// doc writes a consent of patient p: its root, then the provisions below it, each as
// "place key=value key=value". A space in a value is written as a "+".
func doc(root string, below ...string) (out []map[string]string) {
	first := cells("- " + root)
	for i, line := range append([]string{"- " + root}, below...) {
		m := maps.Clone(first)
		if i > 0 {
			for _, k := range []string{format.Decision, format.Start, format.End, format.Purpose, format.Action, format.Code, format.Actor, format.Class} {
				delete(m, k)
			}
			maps.Copy(m, cells(line))
		}
		out = append(out, m)
	}
	return out
}

func cells(line string) map[string]string {
	m := map[string]string{format.Patient: "p", format.ID: "c", format.Status: "active"}
	for i, f := range strings.Fields(line) {
		if i == 0 {
			m[format.Provision] = strings.TrimPrefix(f, "-")
			continue
		}
		k, v, _ := strings.Cut(f, "=")
		m[k] = strings.ReplaceAll(v, "+", " ")
	}
	return m
}

func TestFHIRRules(t *testing.T) {
	broad := func(start, end string, codes ...string) []map[string]string {
		period := " start=" + start + " end=" + end
		var below []string
		for i, c := range codes {
			effect, code, _ := strings.Cut(c, " ")
			below = append(below, string(rune('1'+i))+" type="+effect+" code="+mii+code+period)
		}
		return doc("type=deny scope="+research+" time="+start+period, below...)
	}
	type docs [][]map[string]string
	for name, c := range map[string]struct {
		docs    docs
		day     string
		purpose string // "" is research
		outcome consent.Outcome
		why     consent.Why
	}{
		"a broad consent permits":                         {docs{broad("2020-09-01", "2050-08-31", "permit 8")}, "2024-01-01", "", consent.Permit, consent.Given},
		"its module permits":                              {docs{broad("2020-09-01", "2050-08-31", "permit 1")}, "2024-01-01", "", consent.Permit, consent.Given},
		"biosamples alone do not":                         {docs{broad("2020-09-01", "2050-08-31", "permit 22")}, "2024-01-01", "", consent.Deny, consent.NotGiven},
		"of other purposes it says nothing":               {docs{broad("2020-09-01", "2050-08-31", "permit 8")}, "2024-01-01", "quality", consent.Silent, consent.Other},
		"a refused use":                                   {docs{broad("2020-09-01", "2050-08-31", "permit 22", "deny 8")}, "2024-01-01", "", consent.Deny, consent.Refused},
		"a refused processing":                            {docs{broad("2020-09-01", "2050-08-31", "permit 8", "deny 7")}, "2024-01-01", "", consent.Deny, consent.Refused},
		"refused biosamples leave the data":               {docs{broad("2020-09-01", "2050-08-31", "permit 8", "deny 22")}, "2024-01-01", "", consent.Permit, consent.Given},
		"a refused code that the rules do not know":       {docs{broad("2020-09-01", "2050-08-31", "permit 8", "deny 9999")}, "2024-01-01", "", consent.Deny, consent.Refused},
		"a permitted one":                                 {docs{broad("2020-09-01", "2050-08-31", "permit 9999")}, "2024-01-01", "", consent.Deny, consent.NotGiven},
		"a form of each module: the permit of one counts": {docs{broad("2020-09-01", "2050-08-31", "permit 8"), broad("2020-09-01", "2050-08-31", "permit 22")}, "2024-01-01", "", consent.Permit, consent.Given},
		"a withdrawal as denies, the day before":          {docs{broad("2020-09-01", "2050-08-31", "permit 8"), broad("2023-05-10", "3000-01-01", "deny 8")}, "2023-05-09", "", consent.Permit, consent.Given},
		"a withdrawal as denies, on its day":              {docs{broad("2020-09-01", "2050-08-31", "permit 8"), broad("2023-05-10", "3000-01-01", "deny 8")}, "2023-05-10", "", consent.Deny, consent.Refused},
		"a newer permit does not override it":             {docs{broad("2020-09-01", "3000-01-01", "deny 8"), broad("2023-05-10", "3000-01-01", "permit 8")}, "2024-01-01", "", consent.Deny, consent.Refused},
		"a root that denies and excepts nothing refuses":  {docs{doc("type=deny scope=" + research), broad("2020-01-01", "2050-01-01", "permit 8")}, "2024-01-01", "", consent.Deny, consent.Refused},

		"scope research, root permits":          {docs{doc("type=permit scope=" + research + " time=2020-01-01")}, "2020-01-01", "", consent.Permit, consent.Given},
		"not before the consent":                {docs{doc("type=permit scope=" + research + " time=2020-01-01")}, "2019-12-31", "", consent.Silent, consent.NotYet},
		"opt-in is the type of a root":          {docs{doc("policy=actcode:OPTIN scope=" + research)}, "2020-01-01", "", consent.Permit, consent.Given},
		"opt-out too":                           {docs{doc("policy=actcode:OPTOUT scope=" + research)}, "2020-01-01", "", consent.Deny, consent.Refused},
		"opt-out of two policies":               {docs{doc("policy=actcode:OPTIN+actcode:OPTOUT scope=" + research)}, "2020-01-01", "", consent.Deny, consent.Refused},
		"a policy in its older spelling":        {docs{doc("policy=http://terminology.hl7.org/CodeSystem/v3-ActCode|OPTIN scope=" + research)}, "2020-01-01", "", consent.Permit, consent.Given},
		"no policy and no type":                 {docs{doc("scope=" + research)}, "2020-01-01", "", consent.Silent, consent.Other},
		"permit for privacy is none for it":     {docs{doc("type=permit scope=" + privacy)}, "2020-01-01", "", consent.Silent, consent.Other},
		"a refused privacy consent refuses all": {docs{doc("type=deny scope=" + privacy)}, "2020-01-01", "education", consent.Deny, consent.Refused},
		"a refused treatment is not about data": {docs{doc("type=deny scope=http://terminology.hl7.org/CodeSystem/consentscope|treatment")}, "2020-01-01", "", consent.Silent, consent.Other},
		"purpose research":                      {docs{doc("type=permit scope=" + privacy + " purpose=" + reason + "HRESCH")}, "2020-01-01", "", consent.Permit, consent.Given},
		"purpose research in the old spelling":  {docs{doc("type=permit purpose=http://hl7.org/fhir/v3/ActReason|HRESCH")}, "2020-01-01", "", consent.Permit, consent.Given},
		"a trial only":                          {docs{doc("type=permit scope=" + research + " purpose=" + reason + "CLINTRCH")}, "2020-01-01", "", consent.Silent, consent.Other},
		"no trials":                             {docs{doc("type=permit scope="+research, "1 type=deny purpose="+reason+"CLINTRCH")}, "2020-01-01", "", consent.Deny, consent.Refused},
		"no marketing":                          {docs{doc("type=permit scope="+research, "1 type=deny purpose="+reason+"HMARKT")}, "2020-01-01", "", consent.Permit, consent.Given},
		"two purposes":                          {docs{doc("type=permit purpose=" + reason + "HQUALIMP+" + reason + "PUBHLTH")}, "2020-01-01", "public-health", consent.Permit, consent.Given},
		"teaching":                              {docs{doc("type=permit purpose=" + reason + "TRAIN")}, "2020-01-01", "education", consent.Permit, consent.Given},
		"a purpose that nobody knows":           {docs{doc("type=permit purpose=http://example.org|X scope=" + research)}, "2020-01-01", "", consent.Silent, consent.Other},
		"denied":                                {docs{doc("type=permit scope="+research, "1 type=deny purpose=http://example.org|X")}, "2020-01-01", "", consent.Deny, consent.Refused},
		"HRESCH of another system":              {docs{doc("type=permit purpose=http://example.org|HRESCH")}, "2020-01-01", "", consent.Silent, consent.Other},
		"to one actor":                          {docs{doc("type=permit scope=" + research + " actor=Organization/7")}, "2020-01-01", "", consent.Silent, consent.Other},
		"not to one actor":                      {docs{doc("type=permit scope="+research, "1 type=deny actor=Organization/7")}, "2020-01-01", "", consent.Deny, consent.Refused},
		"below a root for one actor":            {docs{doc("type=deny actor=Organization/7 scope="+research, "1 type=permit code="+mii+"8")}, "2020-01-01", "", consent.Deny, consent.NotGiven},
		"one class of documents":                {docs{doc("type=permit scope=" + research + " class=urn:ietf:bcp:13|text/xml")}, "2020-01-01", "", consent.Silent, consent.Other},
		"to use":                                {docs{doc("type=permit scope=" + research + " action=" + action + "collect+" + action + "use")}, "2020-01-01", "", consent.Permit, consent.Given},
		"to look at":                            {docs{doc("type=permit scope=" + research + " action=" + action + "access")}, "2020-01-01", "", consent.Silent, consent.Other},
		"a code of a laboratory":                {docs{doc("type=permit scope=" + research + " code=loinc:4548-4")}, "2020-01-01", "", consent.Silent, consent.Other},
		"MDAT, but for care":                    {docs{doc("type=permit purpose=" + reason + "TREAT code=" + mii + "8")}, "2020-01-01", "", consent.Silent, consent.Other},
		"MDAT below a root for care":            {docs{doc("type=deny purpose="+reason+"TREAT scope="+research, "1 type=permit code="+mii+"8")}, "2020-01-01", "", consent.Silent, consent.Other},

		"an exception to an exception":          {docs{doc("type=permit scope="+research, "1 type=deny start=2020-01-01 end=2021-12-31", "1.1 type=permit start=2021-01-01")}, "2021-06-01", "", consent.Permit, consent.Given},
		"before it":                             {docs{doc("type=permit scope="+research, "1 type=deny start=2020-01-01 end=2021-12-31", "1.1 type=permit start=2021-01-01")}, "2020-06-01", "", consent.Deny, consent.Refused},
		"after both":                            {docs{doc("type=permit scope="+research, "1 type=deny start=2020-01-01 end=2021-12-31", "1.1 type=permit start=2021-01-01")}, "2022-01-01", "", consent.Permit, consent.Given},
		"its sibling denies":                    {docs{doc("type=permit scope="+research, "1 type=deny", "1.1 type=permit", "2 type=deny")}, "2020-01-01", "", consent.Deny, consent.Refused},
		"a permit ends with the one above it":   {docs{doc("type=deny end=2020-12-31 scope="+research, "1 type=permit end=2029-12-31")}, "2021-01-01", "", consent.Silent, consent.Expired},
		"a deny does not":                       {docs{doc("type=permit end=2020-12-31 scope="+research, "1 type=deny end=2029-12-31")}, "2021-01-01", "", consent.Deny, consent.Refused},
		"an exception of no type is a deny":     {docs{doc("type=permit scope="+research, "1 class=urn:ietf:bcp:13|text/xml")}, "2021-01-01", "", consent.Deny, consent.Refused},
		"and permits nothing":                   {docs{doc("type=deny scope="+research, "1 code="+mii+"8")}, "2021-01-01", "", consent.Deny, consent.Refused},
		"a month ends with its last day":        {docs{doc("type=permit start=2020 end=2024-02 scope=" + research)}, "2024-02-29", "", consent.Permit, consent.Given},
		"and no later":                          {docs{doc("type=permit start=2020 end=2024-02 scope=" + research)}, "2024-03-01", "", consent.Silent, consent.Expired},
		"a time of day is its day":              {docs{doc("type=permit start=2020-05-05T23:59:00-11:00 end=2020-05-05T00:00:00Z scope=" + research)}, "2020-05-05", "", consent.Permit, consent.Given},
		"9999 has no end":                       {docs{doc("type=permit end=9999-12-31 scope=" + research)}, "9999-12-31", "", consent.Permit, consent.Given},
		"signed after its end, and refused":     {docs{doc("type=deny time=2020-01-01 end=2019-01-01 scope=" + research)}, "2018-01-01", "", consent.Deny, consent.Refused},
		"inactive, before its day":              {docs{doc("type=permit time=2019-01-01 scope=" + research), doc("status=inactive type=permit time=2020-01-01 scope=" + research)}, "2019-12-31", "", consent.Permit, consent.Given},
		"inactive, from its day on":             {docs{doc("type=permit time=2019-01-01 scope=" + research), doc("status=inactive type=permit time=2020-01-01 scope=" + research)}, "2020-01-01", "", consent.Deny, consent.Withdrawn},
		"rejected":                              {docs{doc("status=rejected type=permit time=2020-01-01 scope=" + research)}, "2020-01-01", "", consent.Deny, consent.Withdrawn},
		"withdrawn after its end":               {docs{doc("status=inactive type=permit end=2019-12-31 time=2020-01-01 scope=" + research)}, "2025-01-01", "", consent.Deny, consent.Withdrawn},
		"what was withdrawn was about research": {docs{doc("status=inactive type=permit time=2020-01-01 scope=" + research)}, "2020-01-01", "quality", consent.Silent, consent.Other},
		"draft":                                 {docs{doc("status=draft type=permit scope=" + research)}, "2020-01-01", "", consent.Silent, consent.Other},
		"proposed":                              {docs{doc("status=proposed type=permit scope=" + research)}, "2020-01-01", "", consent.Silent, consent.Other},
		"entered in error":                      {docs{doc("status=entered-in-error type=deny scope=" + research)}, "2020-01-01", "", consent.Silent, consent.Other},
		"a purpose of no study":                 {docs{doc("type=permit scope=" + research)}, "2020-01-01", "profit", consent.Deny, consent.NoPurpose},
		"two refusals, the withdrawal is named": {docs{doc("type=deny scope=" + research), doc("status=inactive type=permit scope=" + research)}, "2020-01-01", "", consent.Deny, consent.Withdrawn},
	} {
		t.Run(name, func(t *testing.T) {
			var all []map[string]string
			for _, d := range c.docs {
				all = append(all, d...)
			}
			purpose := c.purpose
			if purpose == "" {
				purpose = "research"
			}
			want := consent.Decision{Outcome: c.outcome, Why: c.why}
			if got := load(t, clinical(all...)).Decide(pseudonym("p"), purpose, day(t, c.day)); got != want {
				t.Errorf("got %v %s, want %v %s", got.Outcome, got.Why, want.Outcome, want.Why)
			}
		})
	}
}

func TestPurposesAreThoseOfStudies(t *testing.T) {
	if got, want := strings.Join(consent.Purposes(), " "), strings.Join(study.Purposes(), " "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if s, ok := consent.SetOf(consent.Purposes()...); !ok || s != consent.All {
		t.Errorf("all purposes are %b", s)
	}
}

func TestClinicalTableIsRefused(t *testing.T) {
	good := func() []map[string]string {
		return doc("type=permit scope="+research, "1 type=deny", "1.1 type=permit")
	}
	for name, c := range map[string]struct {
		row         int
		column, put string
		says        string
	}{
		"nobody's":            {1, format.Patient, "", "does not say whose"},
		"a status":            {1, format.Status, "Canary", "no status"},
		"no status":           {1, format.Status, "", "no status"},
		"a word of lists":     {1, format.Status, "permit", "no status"},
		"a type":              {2, format.Decision, "Canary", "no type"},
		"a time":              {1, format.Time, "Canary", "not a date"},
		"a start":             {3, format.Start, "31.12.2020", "not a date"},
		"no such day":         {3, format.Start, "2023-02-29", "not a date"},
		"an end":              {3, format.End, "Canary", "not a date"},
		"apart":               {2, format.ID, "Canary", "stands apart"},
		"another patient":     {2, format.Patient, "Canary", "stands apart"},
		"no parent":           {3, format.Provision, "2.1", "no place"},
		"no number":           {3, format.Provision, "Canary", "no place"},
		"a place taken":       {3, format.Provision, "1", "no place"},
		"a number with zeros": {3, format.Provision, "1.01", "no place"},
	} {
		t.Run(name, func(t *testing.T) {
			rows := good()
			rows[c.row-1][c.column] = c.put
			e := problem(t, loadError(t, clinical(rows...)))
			if e.File != "consent.csv" || e.Row != c.row || e.Column == "" || !strings.Contains(e.Text, c.says) || e.Mend == "" || strings.Contains(e.Error(), "Canary") {
				t.Errorf("got %v", e)
			}
		})
	}
	backwards := good()
	backwards[2][format.Start], backwards[2][format.End] = "2024-01-02", "2024-01-01"
	if e := problem(t, loadError(t, clinical(backwards...))); e.Row != 3 || !strings.Contains(e.Text, "ends before") {
		t.Errorf("got %v", e)
	}
	r := clinical(good()...)
	r.columns[2] = "state"
	if e := problem(t, loadError(t, r)); e.Column != format.Status || e.Row != 0 {
		t.Errorf("got %v", e)
	}
	deep := []string{}
	place := "1"
	for range 40 {
		deep = append(deep, place+" type=deny")
		place += ".1"
	}
	if e := problem(t, loadError(t, clinical(doc("type=permit", deep...)...))); e.Row != 34 {
		t.Errorf("got %v", e)
	}
}
