package policy_test

import (
	"errors"
	"strings"
	"testing"

	"hmsp.center/hmsp/law/policy"
	"hmsp.center/hmsp/manifest"
)

// What is wrong with a policy is said with its line and column, and how to mend it.
func TestParseRefuses(t *testing.T) {
	forbid := func(condition string) string {
		return "// a comment\n@id(\"a\") @text(\"b\")\nforbid (principal, action == Action::\"run\", resource)\nwhen { " + condition + " };\n"
	}
	for name, tc := range map[string]struct{ text, at, says string }{
		"nothing":             {"", "p.cedar", "would refuse everything"},
		"comments only":       {"// permit(principal, action, resource);", "p.cedar", "would refuse everything"},
		"cut off":             {"@id(\"a\")\npermit (principal, action, resource", "p.cedar:2:36", "the end of the file where \")\" should be"},
		"misspelt":            {"@id(\"a\")\npermit (principal, action, resoure);", "p.cedar:2:35", "\"resoure\" where \"resource\" should be"},
		"open text":           {"@id(\"a\")\n\npermit (principal, action, resource) when { \"abc };", "p.cedar:3:45", "not terminated"},
		"not a method":        {forbid("context.sites.more(1)"), "p.cedar:4:30", "`more` is not a method"},
		"not UTF-8":           {"permit\xff\xfe", "p.cedar:1:1", "not Cedar: invalid UTF-8"},
		"NUL":                 {"\x00", "p.cedar", "NUL"},
		"huge number":         {forbid("context.sites > 99999999999999999999"), "p.cedar", "out of range"},
		"two @id":             {"@id(\"a\") @id(\"b\") permit(principal,action,resource);", "p.cedar:1:13", "duplicate annotation"},
		"no name":             {"permit (principal in Role::\"steward\", action == Action::\"read\", resource);", "p.cedar:1:1", "without a name"},
		"bad name":            {"@id(\"a b\") permit (principal in Role::\"steward\", action == Action::\"read\", resource);", "p.cedar:1:1", "want 1 to 64"},
		"reserved name":       {"@id(\"no-rule\") permit (principal in Role::\"steward\", action == Action::\"read\", resource);", "p.cedar:1", "choose another"},
		"one name twice":      {forbid("context.private") + forbid("context.sites < 2"), "p.cedar:6", "a second rule with @id(\"a\")"},
		"unknown note":        {"@id(\"a\") @txt(\"b\") permit (principal in Role::\"steward\", action == Action::\"read\", resource);", "p.cedar:1", "@txt is not known"},
		"forbids, no text":    {"@id(\"a\") forbid (principal, action == Action::\"run\", resource);", "p.cedar:1", "needs @text"},
		"text of two lines":   {"@id(\"a\") @text(\"b\\nc\") forbid (principal, action == Action::\"run\", resource);", "p.cedar:1", "one line"},
		"text with an escape": {"@id(\"a\") @text(\"b\\u{1b}[2J\") forbid (principal, action == Action::\"run\", resource);", "p.cedar:1", "one line"},
		"unknown attribute":   {forbid("context.purpos == Purpose::\"research\""), "p.cedar:4:16", "attribute `purpos` in context"},
		"of a comment":        {"// purpos is not there\n" + forbid("context.purpos == Purpose::\"research\""), "p.cedar:5:16", "attribute `purpos`"},
		"unknown purpose":     {forbid("context.purpose == Purpose::\"reserch\""), "p.cedar:4:36", "did you mean \"research\""},
		"purpose as text":     {forbid("context.purpose == \"research\""), "p.cedar", "type"},
		"unknown setting":     {forbid("context.decide == Setting::\"aprove\""), "p.cedar:4:35", "did you mean \"approve\""},
		"unknown action":      {"@id(\"a\")\npermit (principal, action == Action::\"runs\", resource);", "p.cedar:2:30", "unrecognized action"},
		"unknown role":        {"@id(\"a\")\npermit (principal in Role::\"stuard\", action == Action::\"read\", resource);", "p.cedar:2:28", "did you mean \"steward\""},
		"unknown kind":        {"@id(\"a\")\npermit (principal is Patient, action == Action::\"read\", resource);", "p.cedar:2:22", "Patient"},
		"budget of any study": {forbid("context.epsilon.greaterThan(decimal(\"1.0\"))"), "p.cedar:4:16", "context has epsilon"},
		"not a decimal":       {forbid("context has epsilon && context.epsilon.greaterThan(decimal(\"1,0\"))"), "p.cedar", "decimal"},
		"float":               {forbid("context has epsilon && context.epsilon > 1.0"), "p.cedar:4", "not Cedar"},
		"study of a command":  {"@id(\"a\") @text(\"b\")\nforbid (principal, action, resource)\nwhen { context.private };", "p.cedar:3:16", "name the actions"},
		"account that asks":   {"@id(\"a\")\npermit (principal == Account::\"anna\", action == Action::\"run\", resource);", "p.cedar:1:1", "could never act"},
		"too large":           {strings.Repeat("//\n", policy.MaxSize), "p.cedar", "at most"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := policy.Parse("p.cedar", []byte(tc.text))
			var es manifest.Errors
			if p != nil || !errors.As(err, &es) {
				t.Fatalf("taken, or no errors with positions: %v", err)
			}
			if !strings.HasPrefix(err.Error(), tc.at) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v\nwant it at %s and saying %q", err, tc.at, tc.says)
			}
		})
	}
}

// All that is wrong is said at once.
func TestParseSaysEverything(t *testing.T) {
	_, err := policy.Parse("p.cedar", []byte("permit (principal in Role::\"stuard\", action == Action::\"reed\", resource);\n@id(\"a\") forbid (principal, action == Action::\"run\", resource) when { context.a == context.b };"))
	var es manifest.Errors
	if !errors.As(err, &es) || len(es) < 6 {
		t.Errorf("%v", err)
	}
}

// A file nested as deeply as its size permits neither fells the process nor passes
// unseen.
func TestDeepNesting(t *testing.T) {
	head := "@id(\"a\") @text(\"b\") forbid (principal, action == Action::\"run\", resource) when { "
	for _, part := range []string{"(", "[", "!", "if context.private then true else ", "context.private && ", "{a: ", "-"} {
		n := (policy.MaxSize - 1000) / len(part)
		if _, err := policy.Parse("p.cedar", []byte(head+strings.Repeat(part, n))); err == nil {
			t.Errorf("%q %d times was taken", part, n)
		}
	}
	deep := strings.Repeat("(", 10000) + "context.private" + strings.Repeat(")", 10000)
	p, err := policy.Parse("p.cedar", []byte(head+deep+" };\n@id(\"c\") permit (principal, action == Action::\"run\", resource);"))
	if err != nil {
		t.Fatal(err)
	}
	if d := p.Study(private(1, 0, 0.1)); d.Rule() != "a" {
		t.Error(d)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(policy.Default())
	f.Add([]byte("@id(\"a\") @text(\"b\") forbid (principal, action == Action::\"run\", resource) when { context has epsilon && context.epsilon.greaterThan(decimal(\"1.0\")) };"))
	f.Add([]byte("@id(\"a\") permit (principal in Role::\"steward\", action in [Action::\"read\"], resource) unless { if 1 + 2 * 3 < -4 then principal like \"a*\" else ip(\"::1\").isLoopback() };"))
	f.Add([]byte("permit (principal == ?principal, action, resource in Site::\"this\");"))
	f.Add([]byte("@id(\"x\") permit (principal is Account in Role::\"officer\", action, resource is Site) when { principal.hasTag(\"a\") && {\"a\": [1, datetime(\"2024-01-01\")]}.a.contains(1) };"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := policy.Parse("p.cedar", text)
		var es manifest.Errors
		if (p == nil) != (err != nil) || err != nil && !errors.As(err, &es) {
			t.Fatalf("%v, %v", p, err)
		}
		for _, r := range []policy.Request{usual(), private(1, 1e-6, 0.1)} {
			if d := p.Study(r); !d.Verdict.Known() || len(d.Reasons) == 0 {
				t.Errorf("%s", d)
			}
		}
		if d := p.Command("anna", []string{"steward"}, policy.Read); len(d.Reasons) == 0 {
			t.Errorf("%s", d)
		}
	})
}
