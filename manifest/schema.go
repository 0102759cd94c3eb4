package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/url"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	broken "github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"hmsp.center/hmsp/spelling"
)

// Validate holds the document against a JSON Schema (2020-12), whose
// descriptions become part of the messages. An error is an Errors. A schema
// that is not valid is a mistake in the program, and panics.
func (d *Document) Validate(schemaJSON []byte) error {
	raw, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaJSON))
	if err != nil {
		panic(fmt.Sprintf("manifest: schema: %v", err))
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseLoader(nothingElse{})
	const here = "https://hmsp.center/schema/this.json"
	if err := c.AddResource(here, raw); err != nil {
		panic(fmt.Sprintf("manifest: schema: %v", err))
	}
	s, err := c.Compile(here)
	if err != nil {
		panic(fmt.Sprintf("manifest: schema: %v", err))
	}
	err = s.Validate(d.root.value())
	if err == nil {
		return nil
	}
	invalid, ok := err.(*jsonschema.ValidationError)
	if !ok {
		return fail(d.path, 0, 0, "cannot be held against its schema: %v", err)
	}
	return Join(d.findings(invalid, raw)...)
}

// nothingElse is a loader of schemas that has none: a schema stands alone.
type nothingElse struct{}

func (nothingElse) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s: a schema may not refer to another file", url)
}

// findings renders the leaves of the validator's tree.
func (d *Document) findings(e *jsonschema.ValidationError, schema any) (es []*Error) {
	if len(e.Causes) > 0 {
		for _, c := range e.Causes {
			es = append(es, d.findings(c, schema)...)
		}
		return es
	}
	at := make([]any, len(e.InstanceLocation))
	for i, s := range e.InstanceLocation {
		at[i] = s
	}
	f, _ := d.find(at)
	n, rule := f.value, ruleAt(schema, e.SchemaURL)
	where := &Error{Position: Position{d.path, f.line, f.column}}
	switch k := e.ErrorKind.(type) {
	case *broken.AdditionalProperties:
		known := slices.Sorted(maps.Keys(rule.properties()))
		for _, name := range k.Properties {
			es = append(es, &Error{d.Key(append(slices.Clone(at), name)...), unknownKey(name, known)})
		}
		return es
	case *broken.Required:
		for _, name := range k.Missing {
			text := fmt.Sprintf("key %q is missing", name)
			if doc := describe(rule.properties()[name]); doc != "" {
				text += ": " + doc
			}
			es = append(es, &Error{where.Position, text})
		}
		return es
	case *broken.PropertyNames:
		where.Position = d.Key(append(slices.Clone(at), k.Property)...)
		where.Text = fmt.Sprintf("key %s cannot be used here", quote(k.Property))
	case *broken.Type:
		where.Text = "want " + strings.Join(words(k.Want), " or ") + ", got " + n.describe()
		if n.kind == number || n.kind == boolean {
			if slices.Contains(k.Want, "string") {
				where.Text += ": put it in quotes"
			}
		}
		if n.kind == null {
			return append(es, where)
		}
	case *broken.Enum:
		where.Text = "want " + alternatives(k.Want) + ", got " + n.describe()
		if n.kind == text {
			where.Text = "want " + alternatives(k.Want) + ", got " + quote(n.text) + suggest(n.text, k.Want)
		}
		return append(es, where)
	case *broken.Const:
		where.Text = fmt.Sprintf("want %v, got %s", k.Want, n.describe())
	case *broken.Pattern:
		where.Text = quote(k.Got) + " cannot be used here"
	case *broken.MinLength:
		where.Text = fmt.Sprintf("want at least %d letters, got %d", k.Want, k.Got)
		if k.Want == 1 {
			where.Text = "is empty"
		}
	case *broken.MaxLength:
		where.Text = fmt.Sprintf("want at most %d letters, got %d", k.Want, k.Got)
	case *broken.MinItems:
		where.Text = fmt.Sprintf("want at least %d entries, got %d", k.Want, k.Got)
	case *broken.MaxItems:
		where.Text = fmt.Sprintf("want at most %d entries, got %d", k.Want, k.Got)
	case *broken.UniqueItems:
		where.Text = fmt.Sprintf("entries %d and %d are the same", k.Duplicates[0]+1, k.Duplicates[1]+1)
		where.Position = d.Position(append(slices.Clone(at), k.Duplicates[1])...)
	case *broken.Minimum:
		where.Text = fmt.Sprintf("want %s or more, got %s", decimal(k.Want), decimal(k.Got))
	case *broken.Maximum:
		where.Text = fmt.Sprintf("want %s or less, got %s", decimal(k.Want), decimal(k.Got))
	case *broken.ExclusiveMinimum:
		where.Text = fmt.Sprintf("want more than %s, got %s", decimal(k.Want), decimal(k.Got))
	case *broken.ExclusiveMaximum:
		where.Text = fmt.Sprintf("want less than %s, got %s", decimal(k.Want), decimal(k.Got))
	default:
		where.Text = k.LocalizedString(message.NewPrinter(language.English))
	}
	if doc := describe(rule); doc != "" {
		where.Text += ": " + doc
	}
	return append(es, where)
}

// rule is one schema within the schema.
type rule map[string]any

// ruleAt follows a validator's schema URL, whose fragment is a JSON pointer.
func ruleAt(schema any, schemaURL string) rule {
	_, pointer, _ := strings.Cut(schemaURL, "#")
	if p, err := url.PathUnescape(pointer); err == nil {
		pointer = p
	}
	for _, step := range strings.Split(pointer, "/")[1:] {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		m, ok := schema.(map[string]any)
		if !ok {
			return nil
		}
		schema = m[step]
	}
	m, _ := schema.(map[string]any)
	return m
}

func (r rule) properties() map[string]any {
	m, _ := r["properties"].(map[string]any)
	return m
}

// describe is a schema's description, which ends a message without a full stop.
func describe(schema any) string {
	m, ok := schema.(map[string]any)
	if !ok {
		m, _ = schema.(rule)
	}
	s, _ := m["description"].(string)
	return strings.TrimSuffix(s, ".")
}

// words are JSON Schema's types as a person would say them.
func words(types []string) []string {
	say := map[string]string{
		"string": "text", "number": "a number", "integer": "a whole number", "boolean": "true or false",
		"array": "a list", "object": "a mapping of keys to values", "null": "nothing",
	}
	out := make([]string, len(types))
	for i, t := range types {
		out[i] = say[t]
	}
	return out
}

func alternatives(want []any) string {
	out := make([]string, len(want))
	for i, w := range want {
		b, _ := json.Marshal(w)
		out[i] = strings.Trim(string(b), `"`)
	}
	if len(out) == 1 {
		return out[0]
	}
	return "one of " + strings.Join(out, ", ")
}

func decimal(r *big.Rat) string {
	x, _ := r.Float64()
	return fmt.Sprint(x)
}

func suggest(word string, want []any) string {
	var names []string
	for _, w := range want {
		if s, ok := w.(string); ok {
			names = append(names, s)
		}
	}
	return spelling.Suggest(word, names)
}
