// Package policy is a site's own law, written in Cedar: which studies run, which a
// steward decides, which are refused, and what the accounts of the site may do. It
// serves the site's gate and the commands of its people. It refuses what no rule
// permits, what a rule forbids, and whatever cannot be evaluated; and it takes no
// policy that speaks of what it does not know. It is the one home of
// github.com/cedar-policy/cedar-go.
package policy

import (
	_ "embed"
	"fmt"
	"slices"

	cedar "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"hmsp.center/hmsp/law"
)

//go:embed default.cedar
var defaultText []byte

//go:embed schema.cedarschema
var schemaText []byte

// Default is the policy that a new site has, with comments.
func Default() []byte { return slices.Clone(defaultText) }

// Schema is everything that a rule can speak of, as a Cedar schema with comments.
func Schema() []byte { return slices.Clone(schemaText) }

// A Policy is a policy that was read and checked. It does not change, and may be
// asked from several goroutines at once. The nil and the zero Policy refuse
// everything.
type Policy struct {
	rules  []rule // in the order of the file
	set    *cedar.PolicySet
	digest string
}

// Digest is the SHA-256 of the file in hex, "" of the zero Policy: two decisions by
// one digest were by the same policy.
func (p *Policy) Digest() string {
	if p == nil {
		return ""
	}
	return p.digest
}

// A rule is one statement of the file.
type rule struct{ id, text string }

// Rules names the rules in the order of the file.
func (p *Policy) Rules() []law.Reason {
	if p == nil {
		return nil
	}
	var out []law.Reason
	for _, r := range p.rules {
		out = append(out, law.Reason{Rule: r.id, Text: r.text})
	}
	return out
}

// Names of reasons that no rule of the file gave.
const (
	NoRule    = "no-rule"    // nothing permits it
	BadAsk    = "bad-ask"    // what was asked cannot be put to the policy
	NoPolicy  = "no-policy"  // there is no policy
	BadPolicy = "bad-policy" // the policy in force cannot be read
)

// answer is what the policy says to one question.
type answer struct {
	allowed bool
	reasons []law.Reason
}

// ask puts one question. A rule that cannot be evaluated denies it: Cedar itself
// would skip that rule, also where it forbids.
func (p *Policy) ask(principal, action, resource types.EntityUID, parents []types.EntityUID, context types.Record) answer {
	if p == nil || p.set == nil {
		return answer{reasons: []law.Reason{{Rule: NoPolicy, Text: "this site has no policy"}}}
	}
	known := types.EntityMap{
		principal: {UID: principal, Parents: types.NewEntityUIDSet(parents...)},
		action:    {UID: action, Parents: types.NewEntityUIDSet(group(action))},
	}
	decision, diagnostic := cedar.Authorize(p.set, known, types.Request{Principal: principal, Action: action, Resource: resource, Context: context})
	if len(diagnostic.Errors) > 0 {
		var ids []types.PolicyID
		for _, e := range diagnostic.Errors {
			ids = append(ids, e.PolicyID)
		}
		return answer{reasons: p.reasons(ids, "this rule could not be evaluated")}
	}
	var ids []types.PolicyID
	for _, r := range diagnostic.Reasons {
		ids = append(ids, r.PolicyID)
	}
	if len(ids) == 0 {
		return answer{reasons: []law.Reason{{Rule: NoRule, Text: "no rule permits it"}}}
	}
	return answer{decision == types.Allow, p.reasons(ids, "")}
}

// reasons are the named rules in the order of the file; text, where given, takes
// the place of theirs.
func (p *Policy) reasons(ids []types.PolicyID, text string) (out []law.Reason) {
	for _, r := range p.rules {
		if !slices.Contains(ids, types.PolicyID(r.id)) {
			continue
		}
		reason := law.Reason{Rule: r.id, Text: r.text}
		if text != "" {
			reason.Text = text
		}
		out = append(out, reason)
	}
	return out
}

func uid(kind, id string) types.EntityUID {
	return types.NewEntityUID(types.EntityType(kind), types.String(id))
}

func action(name string) types.EntityUID { return uid("Action", name) }

// group is what an action is in, by the schema.
func group(a types.EntityUID) types.EntityUID {
	if slices.Contains(Actions(), string(a.ID)) {
		return action("command")
	}
	return action("study")
}

// Roles are the parts that accounts can have at a site.
func Roles() []string { return []string{"steward", "officer", "administrator", "researcher"} }

// What an account may do at a site: see the schema.
const (
	Read      = "read"
	Decide    = "decide"
	Configure = "configure"
	Serve     = "serve"
)

// Actions are all that Command can be asked.
func Actions() []string { return []string{Read, Decide, Configure, Serve} }

// Command decides whether an account with these roles may do what the action says.
// Its verdict is never law.Ask. An unknown role or action is refused.
func (p *Policy) Command(account string, roles []string, what string) law.Decision {
	refuse := func(text string) law.Decision {
		return law.Decision{Verdict: law.Refuse, Reasons: []law.Reason{{Rule: BadAsk, Text: text}}}
	}
	if !slices.Contains(Actions(), what) {
		return refuse(fmt.Sprintf("%q is not an action", what))
	}
	var parents []types.EntityUID
	for _, r := range roles {
		if !slices.Contains(Roles(), r) {
			return refuse(fmt.Sprintf("%q is not a role", r))
		}
		parents = append(parents, uid("Role", r))
	}
	a := p.ask(uid("Account", account), action(what), uid("Site", "this"), parents, types.Record{})
	if !a.allowed {
		return law.Decision{Verdict: law.Refuse, Reasons: a.reasons}
	}
	return law.Decision{Verdict: law.Permit, Reasons: a.reasons}
}
