package policy

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	cedar "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"

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
	if len(text) > MaxSize {
		return nil, manifest.Join(&manifest.Error{Position: manifest.Position{Path: path}, Text: fmt.Sprintf("a policy of %d bytes; at most %d are read", len(text), MaxSize)})
	}
	list, err := cedar.NewPolicyListFromBytes(path, text)
	if err != nil {
		return nil, manifest.Join(syntax(path, err))
	}
	if len(list) == 0 {
		return nil, manifest.Join(&manifest.Error{Position: manifest.Position{Path: path}, Text: "a policy without any rule would refuse everything; `hmsp policy show --default` prints one to begin with"})
	}
	c := checker{path: path, text: text}
	if c.validator, err = validator(); err != nil {
		return nil, err
	}
	p := &Policy{set: cedar.NewPolicySet()}
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

// A checker gathers what is wrong with the rules of a file.
type checker struct {
	path      string
	text      []byte
	validator *validate.Validator
	problems  []*manifest.Error
}

func (c *checker) problem(at types.Position, format string, args ...any) {
	c.problems = append(c.problems, &manifest.Error{Position: manifest.Position{Path: c.path, Line: at.Line, Column: at.Column}, Text: fmt.Sprintf(format, args...)})
}

var idForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._+-]{0,62}[A-Za-z0-9])?$`)

// maxText is the longest @text, in characters: a line of a terminal or two.
const maxText = 200

// rule checks one rule, which ends before the offset end.
func (c *checker) rule(one *cedar.Policy, end int) rule {
	at, notes := one.Position(), one.Annotations()
	for _, k := range slices.Sorted(maps.Keys(notes)) {
		if k != "id" && k != "text" {
			c.problem(at, "@%s is not known; a rule has @id and @text", k)
		}
	}
	r := rule{id: string(notes["id"]), text: string(notes["text"]), forbid: one.Effect() == types.Forbid, line: at.Line}
	switch reserved := []string{NoRule, BadAsk, NoPolicy, BadPolicy}; {
	case r.id == "":
		c.problem(at, "a rule without a name: write @id(\"...\") before it; researchers and the audit log are told this name")
	case !idForm.MatchString(r.id):
		c.problem(at, "@id(%q): want 1 to 64 of a-z, A-Z, 0-9, '.', '_', '+' and '-'", r.id)
	case slices.Contains(reserved, r.id):
		c.problem(at, "@id(%q) is what hmsp itself says; choose another name", r.id)
	}
	if r.text == "" && r.forbid {
		c.problem(at, "a rule that forbids needs @text(\"...\"): it is what a refused researcher reads")
	} else if !printable(r.text) || utf8.RuneCountInString(r.text) > maxText {
		c.problem(at, "@text: want one line of at most %d printable characters", maxText)
	}
	if err := c.validator.Policy("", (*ast.Policy)(one.AST())); err != nil {
		for _, e := range flatten(err) {
			c.problem(c.locate(at, end, e.Error()), "%s", plain(e.Error()))
		}
	}
	return r
}

// validator holds rules to the schema, strictly.
func validator() (*validate.Validator, error) {
	var s schema.Schema
	s.SetFilename("schema.cedarschema")
	if err := s.UnmarshalCedar(schemaText); err != nil {
		return nil, fmt.Errorf("schema of policies: %w", err)
	}
	resolved, err := s.Resolve()
	if err != nil {
		return nil, fmt.Errorf("schema of policies: %w", err)
	}
	return validate.New(resolved), nil
}

var (
	named    = regexp.MustCompile("`([^`]+)`")
	position = regexp.MustCompile(`<input>:(\d+):(\d+)`)
)

// locate finds the place of what a message names within a rule; the validator
// itself knows only rules.
func (c *checker) locate(at types.Position, end int, message string) types.Position {
	m := named.FindStringSubmatch(message)
	if m == nil {
		return at
	}
	name := []byte(m[1])
	if i := bytes.LastIndexByte(name, '.'); i >= 0 {
		name = name[i+1:]
	}
	for off := at.Offset; off < end; {
		i := bytes.Index(c.text[off:end], name)
		if i < 0 {
			return at
		}
		off += i
		if c.whole(off, len(name)) {
			line := bytes.LastIndexByte(c.text[:off], '\n') + 1
			return types.Position{Line: 1 + bytes.Count(c.text[:off], []byte("\n")), Column: 1 + utf8.RuneCount(c.text[line:off])}
		}
		off += len(name)
	}
	return at
}

// whole says that what stands at an offset is a whole word outside comments.
func (c *checker) whole(off, n int) bool {
	letter := func(i int) bool {
		return i >= 0 && i < len(c.text) && (c.text[i] == '_' || c.text[i] >= '0' && c.text[i] <= '9' || c.text[i]|0x20 >= 'a' && c.text[i]|0x20 <= 'z')
	}
	line := bytes.LastIndexByte(c.text[:off], '\n') + 1
	return !(letter(off-1) && letter(off)) && !(letter(off+n) && letter(off+n-1)) && !bytes.Contains(c.text[line:off], []byte("//"))
}

// plain is the validator's message with what to do about it.
func plain(message string) string {
	switch {
	case strings.HasPrefix(message, "attribute ") && strings.Contains(message, "in context for Action::\"") && isCommand(message):
		return message + ": what an account may do has no study; name the actions that the rule is about, as action == Action::\"run\""
	case strings.HasPrefix(message, "attribute "), strings.HasPrefix(message, "unrecognized "):
		return message + "; `hmsp policy schema` lists what there is"
	case strings.HasPrefix(message, "unable to guarantee safety"):
		return message + ": only private studies have a budget, so ask first, as in `context has epsilon && ...`"
	}
	return message
}

func isCommand(message string) bool {
	return slices.ContainsFunc(Actions(), func(a string) bool { return strings.Contains(message, `Action::"`+a+`"`) })
}

// syntax gives a parser's error its place.
func syntax(path string, err error) *manifest.Error {
	text := strings.TrimPrefix(err.Error(), "parser error: ")
	out := &manifest.Error{Position: manifest.Position{Path: path}, Text: text}
	m := position.FindStringSubmatchIndex(text)
	if m == nil {
		return out
	}
	out.Line, _ = strconv.Atoi(text[m[2]:m[3]])
	out.Column, _ = strconv.Atoi(text[m[4]:m[5]])
	rest := strings.TrimPrefix(strings.TrimSpace(text[m[1]:]), ": ")
	out.Text = "not Cedar: " + strings.TrimSpace(strings.TrimPrefix(rest, ":"))
	return out
}

// flatten gives the single errors of a joined one.
func flatten(err error) (out []error) {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return []error{err}
	}
	for _, e := range joined.Unwrap() {
		out = append(out, flatten(e)...)
	}
	return out
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) })
}
