package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Parse reads one YAML document. Path is only used in messages. An error is an
// Errors.
func Parse(path string, data []byte) (d *Document, err error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if err := readable(path, data); err != nil {
		return nil, err
	}
	// The YAML library is given whatever a person or a peer wrote; a mistake in
	// it must cost this file, not the process.
	defer func() {
		if r := recover(); r != nil {
			d, err = nil, fail(path, 0, 0, "the file is not YAML that can be read: look for unbalanced quotes, brackets or indentation")
		}
	}()
	tokens := lexer.Tokenize(string(data))
	if err := plain(path, tokens); err != nil {
		return nil, err
	}
	// Repeated keys are found by the reader below, in linear time.
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, syntax(path, err)
	}
	return document(path, file)
}

// readable refuses bytes that are not text of a sensible size.
func readable(path string, data []byte) error {
	if len(data) > MaxSize {
		return fail(path, 0, 0, "the file has %d bytes; at most %d are read", len(data), MaxSize)
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return fail(path, 1, 1, "the file is UTF-16: save it as UTF-8")
	}
	line, start, commas := 1, 0, 0
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == ',' {
			// The library is slowest on these; no file that a person wrote has as many.
			if commas++; commas > MaxTokens {
				return fail(path, line, utf8.RuneCount(data[start:i])+1, "the file has more than %d commas", MaxTokens)
			}
		}
		switch {
		case r == utf8.RuneError && n == 1:
			return fail(path, line, utf8.RuneCount(data[start:i])+1, "the file is not UTF-8 here: save it as UTF-8")
		case r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f:
			return fail(path, line, utf8.RuneCount(data[start:i])+1, "there is a control character (0x%02x) here: remove it", r)
		case r == '\n':
			line, start = line+1, i+1
		}
		i += n
	}
	return nil
}

// plain refuses, before anything is built, the parts of YAML that let a file
// mean other than it shows or grow beyond its size, and nesting that would
// exhaust the parser's stack.
func plain(path string, tokens token.Tokens) error {
	if len(tokens) > MaxTokens {
		p := tokens[MaxTokens].Position
		return fail(path, p.Line, p.Column, "the file has more than %d words and signs; what is after here is not read: split it", MaxTokens)
	}
	flow, dashes, line := 0, 0, 0
	var blocks keyCounts
	for _, t := range tokens {
		p := t.Position
		if p.Line != line {
			line, dashes = p.Line, 0
			blocks.enter(p.Column)
		}
		if flow == 0 && t.Next != nil && t.Next.Type == token.MappingValueType && blocks.count(p.Column) > MaxKeys {
			return fail(path, p.Line, p.Column, "a mapping has more than %d keys", MaxKeys)
		}
		switch t.Type {
		case token.AnchorType, token.AliasType:
			return fail(path, p.Line, p.Column, "anchors (&) and aliases (*) are not read here: write the value out, or put text that begins with %q in quotes", t.Value)
		case token.TagType:
			return fail(path, p.Line, p.Column, "tags (!) are not read here: remove it, or put text that begins with '!' in quotes")
		case token.MergeKeyType:
			return fail(path, p.Line, p.Column, "merge keys (<<) are not read here: write the keys out")
		case token.DirectiveType:
			return fail(path, p.Line, p.Column, "directives (%%) are not read here: remove the line")
		case token.MappingKeyType:
			return fail(path, p.Line, p.Column, "keys that begin with '?' are not read here: write `key: value`, or put text that begins with '?' in quotes")
		case token.InvalidType:
			message := "this is not YAML: look for unbalanced quotes, brackets or indentation"
			if t.Error != "" {
				message = t.Error
			}
			return fail(path, p.Line, p.Column, "%s", message)
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow--
		case token.SequenceEntryType:
			dashes++
		}
		// Each level of a block takes a column, except a list in a list.
		if flow > MaxDepth || dashes > MaxDepth || p.Column > indentLimit && dashes+flow > 0 && blank(t) {
			return fail(path, p.Line, p.Column, "values are nested deeper than %d levels", MaxDepth)
		}
	}
	return nil
}

// keyCounts counts the keys of the block mappings that are open, by column.
type keyCounts []struct{ column, keys int }

// enter closes the mappings to the right of where a line begins.
func (k *keyCounts) enter(column int) {
	for len(*k) > 0 && (*k)[len(*k)-1].column > column {
		*k = (*k)[:len(*k)-1]
	}
}

// count adds a key of the mapping at a column, and returns how many it has.
func (k *keyCounts) count(column int) int {
	if len(*k) == 0 || (*k)[len(*k)-1].column < column {
		*k = append(*k, struct{ column, keys int }{column, 0})
	}
	last := &(*k)[len(*k)-1]
	last.keys++
	return last.keys
}

// indentLimit is a column at which no block that a person wrote begins.
const indentLimit = 1000

// blank says whether the token's line holds nothing before it.
func blank(t *token.Token) bool {
	return t.Prev == nil || t.Prev.Position.Line != t.Position.Line
}

// syntax renders the YAML library's error.
func syntax(path string, err error) error {
	var y yaml.Error
	if errors.As(err, &y) && y.GetToken() != nil {
		p := y.GetToken().Position
		return fail(path, p.Line, p.Column, "%s", y.GetMessage())
	}
	return fail(path, 0, 0, "the file is not YAML that can be read")
}

func document(path string, file *ast.File) (*Document, error) {
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if body != nil {
			second := (&reader{path: path}).node(doc.Body, 0)
			return nil, fail(path, second.line, second.column, "a second document begins here: keep one per file, without `---` in between")
		}
		body = doc.Body
	}
	if body == nil {
		return nil, fail(path, 0, 0, "the file is empty")
	}
	r := reader{path: path}
	root := r.node(body, 0)
	if err := Join(r.errors...); err != nil {
		return nil, err
	}
	return &Document{path: path, root: root}, nil
}

// reader turns the YAML library's tree into nodes, collecting what is wrong.
type reader struct {
	path   string
	errors []*Error
}

func (r *reader) fail(p *token.Position, format string, args ...any) {
	r.errors = append(r.errors, &Error{Position{r.path, p.Line, p.Column}, fmt.Sprintf(format, args...)})
}

func (r *reader) node(n ast.Node, depth int) *node {
	p := n.GetToken().Position
	out := &node{line: p.Line, column: p.Column, kind: null}
	if depth > MaxDepth {
		r.fail(p, "values are nested deeper than %d levels", MaxDepth)
		return out
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		out.kind = mapping
		r.mapping(out, n.Values, depth)
	case *ast.MappingValueNode:
		out.kind = mapping
		r.mapping(out, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		out.kind = list
		for _, v := range n.Values {
			out.items = append(out.items, r.node(v, depth+1))
		}
	case *ast.LiteralNode:
		r.text(out, p, n.Value.Value)
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode, *ast.InfinityNode, *ast.NanNode:
		r.scalar(out, n)
	default:
		r.fail(p, "%s is not read here: write plain keys, lists and values", n.Type())
	}
	return out
}

func (r *reader) mapping(out *node, values []*ast.MappingValueNode, depth int) {
	seen := make(map[string]int, len(values))
	for i, v := range values {
		t := v.Key.GetToken()
		p := t.Position
		if i == 0 && p.Line <= out.line {
			out.line, out.column = p.Line, p.Column // the library names a block by its first colon
		}
		if _, ok := v.Key.(ast.ScalarNode); !ok {
			r.fail(p, "a key must be plain text")
			continue
		}
		name := t.Value
		if before, ok := seen[name]; ok {
			r.fail(p, "key %s is already on line %d: keep one of the two", quote(name), before)
			continue
		}
		if !utf8.ValidString(name) {
			r.fail(p, "the key is not valid text")
			continue
		}
		seen[name] = p.Line
		out.fields = append(out.fields, field{name, p.Line, p.Column, r.node(v.Value, depth+1)})
	}
}

func (r *reader) text(out *node, p *token.Position, s string) {
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		r.fail(p, "the text has an escape that is no character: remove it")
	}
	out.kind, out.text = text, s
}
