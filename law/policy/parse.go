package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	cedar "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"hmsp.center/hmsp/manifest"
)

// MaxSize is the largest policy that is read, in bytes. It bounds the depth to
// which expressions can be nested, and with it the stack of reader and evaluator.
const MaxSize = 64 << 10

// Parse reads a policy and checks it against the schema: a rule about an attribute,
// an action, a purpose or a role that does not exist is refused, as is one that
// reads a study's budget without asking first whether it has one. path is for
// messages. An error is a manifest.Errors with positions.
func Parse(path string, text []byte) (*Policy, error) {
	whole := func(format string, args ...any) error {
		return manifest.Join(&manifest.Error{Position: manifest.Position{Path: path}, Text: fmt.Sprintf(format, args...)})
	}
	if len(text) > MaxSize {
		return nil, whole("a policy of %d bytes; at most %d are read", len(text), MaxSize)
	}
	list, err := cedar.NewPolicyListFromBytes(path, text)
	if err != nil {
		return nil, manifest.Join(syntax(path, err))
	}
	if len(list) == 0 {
		return nil, whole("a policy without any rule would refuse everything; `hmsp policy show --default` prints one to begin with")
	}
	c, err := newChecker(path, text)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	p := &Policy{set: cedar.NewPolicySet(), digest: hex.EncodeToString(sum[:])}
	for i, one := range list {
		end := len(text)
		if i+1 < len(list) {
			end = list[i+1].Position().Offset
		}
		r := c.rule(one, end)
		p.rules = append(p.rules, r)
		if r.id != "" && !p.set.Add(types.PolicyID(r.id), one) {
			c.problem(one.Position(), "a second rule with @id(%q): give each rule a name of its own", r.id)
		}
	}
	if err := manifest.Join(c.problems...); err != nil {
		return nil, err
	}
	return p, nil
}

var (
	place    = regexp.MustCompile(`(?:parse error at )?<input>:(\d+):(\d+):? *`)
	expected = regexp.MustCompile(`(?s)^".*": (?:exact )?got (.*) want (.+)$`)
)

// syntax is the parser's error at its place.
func syntax(path string, err error) *manifest.Error {
	text := strings.TrimPrefix(err.Error(), "parser error: ")
	out := &manifest.Error{Position: manifest.Position{Path: path}}
	if m := place.FindStringSubmatch(text); m != nil {
		out.Line, _ = strconv.Atoi(m[1])
		out.Column, _ = strconv.Atoi(m[2])
		text = strings.Replace(text, m[0], "", 1)
	}
	if m := expected.FindStringSubmatch(text); m != nil {
		got := "the end of the file"
		if m[1] != "" {
			got = strconv.Quote(m[1])
		}
		text = fmt.Sprintf("%s where %q should be", got, m[2])
	}
	out.Text = "not Cedar: " + text
	return out
}
