package policy_test

import (
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/law"
	"hmsp.center/hmsp/law/policy"
)

func parse(t testing.TB, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse("policy.cedar", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// usual is an exact study that every sensible policy lets a steward decide.
func usual() policy.Request {
	return policy.Request{Researcher: "ruth", Role: "researcher", Dataset: "lung", Purpose: "research", LegalBasis: "GDPR Art. 9(2)(j)", Question: "Who lives longer?",
		Cohort: "age >= 30", Analyses: []string{"cox", "table"}, Variables: []string{"age", "sex"}, Sites: 6, Decide: "ask"}
}

// private is a private study of epsilon and delta that books rho.
func private(epsilon, delta, rho float64) policy.Request {
	r := usual()
	r.Private, r.Epsilon, r.Delta, r.Rho = true, epsilon, delta, rho
	return r
}

func with(r policy.Request, change func(*policy.Request)) policy.Request {
	change(&r)
	return r
}

func left(rho float64) *float64 { return &rho }

// The default policy keeps what the setting `decide` meant before there were
// policies, and adds what a hospital cannot do without.
func TestDefaultPolicy(t *testing.T) {
	p := parse(t, string(policy.Default()))
	approve := func(r policy.Request) policy.Request { r.Decide = "approve"; return r }
	for name, tc := range map[string]struct {
		ask  policy.Request
		want law.Verdict
		rule string
	}{
		"exact, ask":                {usual(), law.Ask, "setting-ask"},
		"exact, approve":            {approve(usual()), law.Permit, "researchers-of-the-charter"},
		"exact, refuse":             {with(usual(), func(r *policy.Request) { r.Decide = "refuse" }), law.Refuse, "setting-refuse"},
		"unknown setting asks":      {with(usual(), func(r *policy.Request) { r.Decide = "" }), law.Ask, "setting-ask"},
		"private, ask":              {private(1, 1e-6, 0.02), law.Ask, "setting-ask"},
		"private, approve":          {approve(private(1, 1e-6, 0.02)), law.Permit, "researchers-of-the-charter"},
		"private, pure":             {approve(private(3, 0, 4.5)), law.Permit, "researchers-of-the-charter"},
		"private, beyond the limit": {approve(private(3.00001, 1e-6, 0.02)), law.Ask, "epsilon-of-one-study"},
		"private, delta":            {approve(private(1, 1.1e-5, 0.02)), law.Ask, "delta-of-one-study"},
		"budget covers exactly":     {approve(with(private(1, 1e-6, 0.00003), func(r *policy.Request) { r.Left = left(0.00003) })), law.Permit, "researchers-of-the-charter"},
		"budget exhausted":          {approve(with(private(1, 1e-6, 0.02), func(r *policy.Request) { r.Left = left(0.0199999) })), law.Refuse, "budget-exhausted"},
		"no budget, exact":          {approve(with(usual(), func(r *policy.Request) { r.Left = left(0) })), law.Permit, "researchers-of-the-charter"},
		"public health":             {approve(with(usual(), func(r *policy.Request) { r.Purpose = "public-health" })), law.Permit, "researchers-of-the-charter"},
		"education":                 {approve(with(usual(), func(r *policy.Request) { r.Purpose = "education" })), law.Refuse, "purposes"},
		"marketing":                 {approve(with(usual(), func(r *policy.Request) { r.Purpose = "marketing" })), law.Refuse, "purposes"},
		"not a researcher":          {approve(with(usual(), func(r *policy.Request) { r.Role = "site" })), law.Refuse, policy.NoRule},
		"steward is no researcher":  {approve(with(usual(), func(r *policy.Request) { r.Role = "steward" })), law.Refuse, policy.NoRule},
		"two reasons, in order":     {with(usual(), func(r *policy.Request) { r.Purpose, r.Decide = "marketing", "refuse" }), law.Refuse, "purposes"},
		"epsilon is no number":      {approve(private(math.NaN(), 0, 0)), law.Refuse, policy.BadAsk},
		"epsilon without end":       {approve(private(math.Inf(1), 0, 0)), law.Refuse, policy.BadAsk},
		"negative epsilon":          {approve(private(-1, 0, 0)), law.Refuse, policy.BadAsk},
		"rho is no number":          {approve(private(1, 0, math.NaN())), law.Refuse, policy.BadAsk},
		"delta beyond one":          {approve(private(1, 2, 0)), law.Refuse, policy.BadAsk},
		"what is left is no number": {approve(with(private(1, 0, 0.1), func(r *policy.Request) { r.Left = left(math.NaN()) })), law.Refuse, policy.BadAsk},
	} {
		t.Run(name, func(t *testing.T) {
			d := p.Study(tc.ask)
			if d.Verdict != tc.want || d.Rule() != tc.rule {
				t.Errorf("%s, want %s by %s", d, tc.want, tc.rule)
			}
			if d.Reasons[0].Text == "" {
				t.Error("the reason has no text")
			}
		})
	}
}

// What one rule more does to the default policy.
func TestOneRuleMore(t *testing.T) {
	rule := func(action, condition string) string {
		return fmt.Sprintf("%s\n@id(\"mine\") @text(\"not here\")\nforbid (principal, action == Action::%q, resource) when { %s };\n", policy.Default(), action, condition)
	}
	for name, tc := range map[string]struct {
		rule string
		ask  policy.Request
		hit  bool
	}{
		"a purpose":                {rule("run", `context.purpose == Purpose::"quality"`), with(usual(), func(r *policy.Request) { r.Purpose = "quality" }), true},
		"another purpose":          {rule("run", `context.purpose == Purpose::"quality"`), usual(), false},
		"an analysis":              {rule("run", `context.analyses.contains("cox")`), usual(), true},
		"another analysis":         {rule("run", `context.analyses.contains("describe")`), usual(), false},
		"a variable":               {rule("run", `context.variables.containsAny(["sex", "postcode"])`), usual(), true},
		"another variable":         {rule("run", `context.variables.containsAny(["postcode"])`), usual(), false},
		"a dataset":                {rule("run", `resource == Dataset::"lung"`), usual(), true},
		"a researcher":             {rule("run", `principal == Researcher::"ruth"`), usual(), true},
		"few sites":                {rule("run", `context.sites < 7`), usual(), true},
		"a legal basis":            {rule("run", `!(context.legalBasis like "*Art. 9*")`), usual(), false},
		"exact":                    {rule("run", `!context.private`), usual(), true},
		"exact, of a private one":  {rule("run", `!context.private`), private(1, 0, 0.1), false},
		"epsilon":                  {rule("run", `context has epsilon && context.epsilon.greaterThan(decimal("0.5"))`), private(0.50001, 0, 0.1), true},
		"epsilon within":           {rule("run", `context has epsilon && context.epsilon.greaterThan(decimal("0.5"))`), private(0.5, 0, 0.1), false},
		"rho, rounded up":          {rule("run", `context has rho && context.rho.greaterThanOrEqual(decimal("0.0002"))`), private(1, 0, 0.00011), true},
		"what is left, cut off":    {rule("run", `context has budgetLeft && context.budgetLeft.lessThan(decimal("0.0002"))`), with(private(1, 0, 0.0001), func(r *policy.Request) { r.Left = left(0.00019) }), true},
		"what is left not known":   {rule("run", `context has budgetLeft`), private(1, 0, 0.0001), false},
		"a cohort":                 {rule("run", `context.cohort == ""`), with(usual(), func(r *policy.Request) { r.Cohort = "" }), true},
		"delta, per thousand mill": {rule("run", `context has deltaPerBillion && context.deltaPerBillion >= 1`), private(1, 1e-12, 0.1), true},
	} {
		t.Run(name, func(t *testing.T) {
			d := parse(t, tc.rule).Study(tc.ask)
			if want := (law.Reason{Rule: "mine", Text: "not here"}); (d.Verdict == law.Refuse && slices.Contains(d.Reasons, want)) != tc.hit {
				t.Errorf("%s, want refused %v", d, tc.hit)
			}
		})
	}
}

// The rules that the default policy shows as comments are valid and do what they say.
func TestCommentedRules(t *testing.T) {
	_, shown, ok := strings.Cut(string(policy.Default()), "take the slashes away ----\n")
	shown, accounts, ok2 := strings.Cut(shown, "// ---- Accounts")
	if !ok || !ok2 {
		t.Fatal("the default policy shows no rules")
	}
	before, _, _ := strings.Cut(string(policy.Default()), shown)
	p := parse(t, before+strings.ReplaceAll(shown, "// ", "")+"// ---- Accounts"+accounts)
	approve := func(change func(*policy.Request)) policy.Request {
		return with(usual(), func(r *policy.Request) { r.Decide, r.Analyses = "approve", []string{"table"}; change(r) })
	}
	for rule, r := range map[string]policy.Request{
		"exact-studies":            approve(func(*policy.Request) {}),
		"no-postcodes":             approve(func(r *policy.Request) { r.Variables = []string{"postcode"} }),
		"genetics-private-only":    approve(func(r *policy.Request) { r.Dataset = "genomes" }),
		"regressions-by-a-steward": approve(func(r *policy.Request) { r.Private, r.Analyses = true, []string{"cox"} }),
		"enough-sites":             approve(func(r *policy.Request) { r.Sites = 5 }),
	} {
		if d := p.Study(r); d.Verdict == law.Permit || d.Rule() != rule {
			t.Errorf("%s: %s", rule, d)
		}
	}
}

// A rule that cannot be evaluated refuses, although Cedar itself would skip it and
// permit.
func TestFailsClosed(t *testing.T) {
	p := parse(t, string(policy.Default())+`
@id("overflow") @text("never")
forbid (principal, action == Action::"run", resource) when { context.sites * 9223372036854775807 == 0 };`)
	r := usual()
	r.Decide = "approve"
	d := p.Study(r)
	if d.Verdict != law.Refuse || d.Rule() != "overflow" || strings.Contains(d.Reasons[0].Text, "9223372036854775807") {
		t.Errorf("%s, want it refused by overflow", d)
	}
}

// Without a rule that permits, everything is refused, whatever is asked.
func TestNoPolicyRefuses(t *testing.T) {
	only := parse(t, `@id("none") @text("nothing") forbid (principal, action, resource);`)
	unrelated := parse(t, `@id("officer") permit (principal in Role::"officer", action == Action::"read", resource);`)
	rapid.Check(t, func(t *rapid.T) {
		r := request(t)
		roles := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"steward", "administrator", "researcher"}), rapid.ID).Draw(t, "roles")
		for name, p := range map[string]*policy.Policy{"nil": nil, "zero": {}, "forbids all": only, "permits something else": unrelated} {
			if d := p.Study(r); d.Verdict != law.Refuse || len(d.Reasons) == 0 {
				t.Errorf("%s policy: %s", name, d)
			}
			if d := p.Command("anna", roles, policy.Read); d.Allowed() || len(d.Reasons) == 0 {
				t.Errorf("%s policy: command %s", name, d)
			}
		}
	})
}

// Any study gets a known verdict, and the same one twice. The default policy never
// permits alone what its comments say it does not.
func TestDefaultIsTotalAndPure(t *testing.T) {
	p := parse(t, string(policy.Default()))
	rapid.Check(t, func(t *rapid.T) {
		r := request(t)
		d := p.Study(r)
		if !d.Verdict.Known() || len(d.Reasons) == 0 || !reflect.DeepEqual(d, p.Study(r)) {
			t.Fatalf("%+v: %s", r, d)
		}
		permitted := []string{"research", "quality", "public-health"}
		if d.Verdict == law.Permit && (r.Role != "researcher" || r.Decide != "approve" || !slices.Contains(permitted, r.Purpose) || r.Private && (r.Epsilon > 3 || r.Left != nil && *r.Left < r.Rho)) {
			t.Fatalf("%+v runs unattended", r)
		}
	})
}

func request(t *rapid.T) policy.Request {
	word := rapid.SampledFrom([]string{"", "age", "sex", "cox", "\"", "é\x00", "a b"})
	r := policy.Request{
		Researcher: word.Draw(t, "researcher"), Role: rapid.SampledFrom([]string{"researcher", "site", "hub", ""}).Draw(t, "role"), Dataset: word.Draw(t, "dataset"),
		Purpose: rapid.SampledFrom([]string{"research", "quality", "public-health", "education", ""}).Draw(t, "purpose"), LegalBasis: word.Draw(t, "basis"), Question: word.Draw(t, "question"),
		Cohort: word.Draw(t, "cohort"), Analyses: rapid.SliceOf(word).Draw(t, "analyses"), Variables: rapid.SliceOf(word).Draw(t, "variables"), Sites: rapid.Int().Draw(t, "sites"),
		Decide: rapid.SampledFrom([]string{"ask", "approve", "refuse", ""}).Draw(t, "decide"), Private: rapid.Bool().Draw(t, "private"),
		Epsilon: rapid.Float64().Draw(t, "epsilon"), Delta: rapid.Float64().Draw(t, "delta"), Rho: rapid.Float64().Draw(t, "rho"),
	}
	if rapid.Bool().Draw(t, "known") {
		r.Left = left(rapid.Float64().Draw(t, "left"))
	}
	return r
}

// Who may do what under the default policy.
func TestCommands(t *testing.T) {
	p := parse(t, string(policy.Default()))
	may := map[string]string{ // by roles: r read, d decide, c configure, s serve
		"":                      "",
		"steward":               "rdc",
		"administrator":         "rcs",
		"officer":               "r",
		"researcher":            "",
		"steward administrator": "rdcs",
		"officer steward":       "r", // whoever controls does not decide
	}
	for roles, letters := range may {
		for _, action := range policy.Actions() {
			if d := p.Command("anna", strings.Fields(roles), action); d.Allowed() != strings.Contains(letters, action[:1]) {
				t.Errorf("%q, %s: %s", roles, action, d)
			}
		}
	}
	for _, d := range []law.Decision{p.Command("anna", []string{"steward"}, "run"), p.Command("anna", []string{"king"}, "read"), p.Command("anna", []string{"steward"}, "")} {
		if d.Allowed() || d.Rule() != policy.BadAsk {
			t.Error(d)
		}
	}
	own := parse(t, string(policy.Default())+`@id("not-otto") @text("Otto left") forbid (principal == Account::"otto", action in Action::"command", resource);`)
	if d := own.Command("otto", []string{"steward"}, policy.Read); d.Allowed() || d.Rule() != "not-otto" {
		t.Error(d)
	}
	if d := own.Command("anna", []string{"steward"}, policy.Read); !d.Allowed() {
		t.Error(d)
	}
}

// The schema's lists are those of the code and of studies.
func TestSchemaLists(t *testing.T) {
	schema := string(policy.Schema())
	for _, want := range []string{`entity Role enum ["researcher", "steward", "officer", "administrator"];`, `action "read", "decide", "configure", "serve" in`} {
		if !strings.Contains(schema, want) {
			t.Errorf("the schema has no %s", want)
		}
	}
	if len(policy.Roles()) != 4 || len(policy.Actions()) != 4 {
		t.Error("the schema has four roles and four actions")
	}
	b, err := os.ReadFile("../../study/study.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), `"purpose": {"enum": ["research", "quality", "public-health", "education"]`) || !strings.Contains(schema, `entity Purpose enum ["research", "quality", "public-health", "education"];`) {
		t.Error("the purposes of the schema are not those of a study")
	}
}
