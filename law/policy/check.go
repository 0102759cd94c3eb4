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
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"

	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/spelling"
)

// A checker holds the rules of a file to the schema and gathers what is wrong.
type checker struct {
	path     string
	text     []byte
	schema   *resolved.Schema
	problems []*manifest.Error
}

func newChecker(path string, text []byte) (*checker, error) {
	var s schema.Schema
	s.SetFilename("schema.cedarschema")
	if err := s.UnmarshalCedar(schemaText); err != nil {
		return nil, fmt.Errorf("schema of policies: %w", err)
	}
	r, err := s.Resolve()
	if err != nil {
		return nil, fmt.Errorf("schema of policies: %w", err)
	}
	return &checker{path: path, text: text, schema: r}, nil
}

func (c *checker) problem(at types.Position, format string, args ...any) {
	c.problems = append(c.problems, &manifest.Error{Position: manifest.Position{Path: c.path, Line: at.Line, Column: at.Column}, Text: fmt.Sprintf(format, args...)})
}

var idForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._+-]{0,62}[A-Za-z0-9])?$`)

// maxText is the longest @text, in characters: two lines of a terminal.
const maxText = 200

// rule checks one rule, which ends before the offset end.
func (c *checker) rule(one *cedar.Policy, end int) rule {
	at, notes := one.Position(), one.Annotations()
	for _, k := range slices.Sorted(maps.Keys(notes)) {
		if k != "id" && k != "text" {
			c.problem(at, "@%s is not known; a rule has @id and @text", k)
		}
	}
	r := rule{id: string(notes["id"]), text: string(notes["text"])}
	switch reserved := []string{NoRule, BadAsk, NoPolicy, BadPolicy}; {
	case r.id == "":
		c.problem(at, "a rule without a name: write @id(\"...\") before it; researchers and the audit log are told this name")
	case !idForm.MatchString(r.id):
		c.problem(at, "@id(%q): want 1 to 64 of a-z, A-Z, 0-9, '.', '_', '+' and '-'", r.id)
	case slices.Contains(reserved, r.id):
		c.problem(at, "@id(%q) is what hmsp itself says; choose another name", r.id)
	}
	if r.text == "" && one.Effect() == types.Forbid {
		c.problem(at, "a rule that forbids needs @text(\"...\"): it is what a refused researcher reads")
	} else if !printable(r.text) || utf8.RuneCountInString(r.text) > maxText {
		c.problem(at, "@text: want one line of at most %d printable characters", maxText)
	}
	c.names(one, at, end)
	c.types(one, at, end)
	return r
}

// names refuses a role, a purpose or a setting that the schema does not list, which
// the validator lets pass: a rule about it would never act.
func (c *checker) names(one *cedar.Policy, at types.Position, end int) {
	tree := (*ast.Policy)(one.AST())
	entities := slices.Concat(scope(tree.Principal), scope(tree.Resource))
	for _, cond := range tree.Conditions {
		ast.Inspect(ast.NewNode(cond.Body), func(n ast.IsNode) bool {
			if v, ok := n.(ast.NodeValue); ok {
				if e, ok := v.Value.(types.EntityUID); ok {
					entities = append(entities, e)
				}
			}
			return true
		})
	}
	for _, e := range entities {
		enum, ok := c.schema.Enums[e.Type]
		if !ok || slices.Contains(enum.Values, e) {
			continue
		}
		var known []string
		for _, v := range enum.Values {
			known = append(known, string(v.ID))
		}
		c.problem(c.find(at, end, strconv.Quote(string(e.ID))), "%s is not known%s (there are %s)", e, spelling.Suggest(string(e.ID), known), strings.Join(known, ", "))
	}
}

// scope gives the entity that a principal or a resource is held to.
func scope(s any) []types.EntityUID {
	switch s := s.(type) {
	case ast.ScopeTypeEq:
		return []types.EntityUID{s.Entity}
	case ast.ScopeTypeIn:
		return []types.EntityUID{s.Entity}
	case ast.ScopeTypeIsIn:
		return []types.EntityUID{s.Entity}
	}
	return nil
}

// types holds a rule to the schema's types, strictly.
func (c *checker) types(one *cedar.Policy, at types.Position, end int) {
	found := flatten(validate.New(c.schema).Policy("", (*ast.Policy)(one.AST())))
	for _, e := range found {
		message := e.Error()
		if strings.HasPrefix(message, "unable to find an applicable action") {
			if len(found) > 1 {
				continue // it follows from the others
			}
			message = "this rule could never act: researchers run studies over datasets, accounts do what they do at Site::\"this\"; `hmsp policy schema` shows which action goes with whom"
		}
		where := at
		if m := named.FindStringSubmatch(message); m != nil {
			where = c.find(at, end, m[1])
		}
		c.problem(where, "%s", plain(message))
	}
}

var named = regexp.MustCompile("`([^`]+)`")

// find is the place of a name within a rule, or of the rule where the name stands
// nowhere: the validator itself knows the places of whole rules only.
func (c *checker) find(at types.Position, end int, name string) types.Position {
	name = name[strings.LastIndexByte(name, '.')+1:]
	for off := at.Offset; off < end && name != ""; off += len(name) {
		i := bytes.Index(c.text[off:end], []byte(name))
		if i < 0 {
			return at
		}
		off += i
		line := bytes.LastIndexByte(c.text[:off], '\n') + 1
		if c.whole(off, len(name)) && !bytes.Contains(c.text[line:off], []byte("//")) {
			return types.Position{Line: 1 + bytes.Count(c.text[:off], []byte("\n")), Column: 1 + utf8.RuneCount(c.text[line:off])}
		}
	}
	return at
}

// whole says that no word goes on before or after n bytes.
func (c *checker) whole(off, n int) bool {
	letter := func(i int) bool {
		b := c.text[i]
		return b == '_' || b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'z'
	}
	return (off == 0 || !letter(off-1) || !letter(off)) && (off+n >= len(c.text) || !letter(off+n-1) || !letter(off+n))
}

// plain is the validator's message with what to do about it.
func plain(message string) string {
	command := func(a string) bool { return strings.Contains(message, "in context for Action::"+strconv.Quote(a)) }
	switch {
	case slices.ContainsFunc(Actions(), command):
		return message + ": what an account may do concerns no study; name the actions that the rule is about, as action == Action::\"run\""
	case strings.HasPrefix(message, "attribute "), strings.HasPrefix(message, "unrecognized "):
		return message + "; `hmsp policy schema` lists what there is"
	case strings.HasPrefix(message, "unable to guarantee safety"):
		return message + ": only private studies have a budget, so ask first, as in `context has epsilon && ...`"
	}
	return message
}

// flatten gives the single errors of a joined one.
func flatten(err error) (out []error) {
	var joined interface{ Unwrap() []error }
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &joined):
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
