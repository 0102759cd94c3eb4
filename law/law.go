// Package law is what a site's decision over a study looks like: a verdict, and
// the rules that gave it. It serves the packages that decide (law/policy) and those
// that carry decisions out or show them, so that none of them needs to know how a
// rule is written. It decides nothing itself, and its zero value refuses.
package law

import "strings"

// A Verdict is what is to happen; the zero value is no verdict and permits nothing.
type Verdict string

const (
	Permit Verdict = "permit" // runs without a person
	Ask    Verdict = "ask"    // a steward decides
	Refuse Verdict = "refuse"
)

// Known says whether v is one of the three verdicts.
func (v Verdict) Known() bool { return v == Permit || v == Ask || v == Refuse }

// A Reason is one rule that gave a decision.
type Reason struct {
	Rule string `json:"rule"` // its name, as in @id("purposes")
	Text string `json:"text"` // its @text, for people; it holds no data
}

// A Decision is a verdict with the rules behind it, in the order of their file.
type Decision struct {
	Verdict Verdict  `json:"verdict"`
	Reasons []Reason `json:"reasons"`
}

// Allowed says whether the verdict is Permit: what a command asks.
func (d Decision) Allowed() bool { return d.Verdict == Permit }

// Rule is the name of the first rule, "" where there is none.
func (d Decision) Rule() string {
	if len(d.Reasons) == 0 {
		return ""
	}
	return d.Reasons[0].Rule
}

// String is "refuse: TEXT (rule NAME); TEXT (rule NAME)".
func (d Decision) String() string {
	var parts []string
	for _, r := range d.Reasons {
		parts = append(parts, r.String())
	}
	if len(parts) == 0 {
		return string(d.Verdict)
	}
	return string(d.Verdict) + ": " + strings.Join(parts, "; ")
}

// String is "TEXT (rule NAME)".
func (r Reason) String() string {
	if r.Text == "" {
		return "rule " + r.Rule
	}
	return r.Text + " (rule " + r.Rule + ")"
}
