// Package manifest reads and writes the files that a person keeps: charters,
// studies, dataset mappings, a site's settings. They are YAML with a published
// JSON Schema.
//
// What is wrong with a file is told with file, line and column, what was
// expected and how to mend it, several findings at once. Refused are unknown
// and repeated keys, anchors, aliases, tags and merge keys (a file means what it
// shows), more than one document, numbers that would be rounded, files over
// 4 MiB, nesting over 64 levels, and what would keep the YAML library busy for
// longer than some seconds.
package manifest

import (
	"fmt"
	"slices"
	"strconv"
)

// Limits of a file.
const (
	MaxSize   = 4 << 20 // bytes
	MaxDepth  = 64      // levels of nesting
	MaxKeys   = 5000    // keys of one mapping: the YAML library's time grows with their square
	MaxTokens = 500_000 // words and signs
)

// Decode reads YAML from data, holds it against a JSON Schema and stores it in
// into, a pointer to a struct with json tags; keys that are absent leave their
// fields as they are. Path is only used in messages. An error is an Errors.
func Decode(path string, data []byte, schemaJSON []byte, into any) error {
	d, err := Parse(path, data)
	if err != nil {
		return err
	}
	if err := d.Validate(schemaJSON); err != nil {
		return err
	}
	return d.Into(into)
}

// A Document is a parsed file: values with positions.
type Document struct {
	path string
	root *node
}

// A Position is a place in a file; lines and columns count from 1. Line is 0
// where only the file is known.
type Position struct {
	Path         string
	Line, Column int
}

// String is "path:line:column", or the path alone.
func (p Position) String() string {
	if p.Line == 0 {
		return p.Path
	}
	return fmt.Sprintf("%s:%d:%d", p.Path, p.Line, p.Column)
}

// kind is the type of a node, in the words of JSON Schema.
type kind string

const (
	null    kind = "null"
	boolean kind = "boolean"
	number  kind = "number"
	text    kind = "string"
	list    kind = "array"
	mapping kind = "object"
)

// node is one value of a file.
type node struct {
	line, column int
	kind         kind
	boolean      bool
	number       float64
	text         string
	items        []*node
	fields       []field
}

// field is one key of a mapping with its value.
type field struct {
	name         string
	line, column int
	value        *node
}

func (n *node) field(name string) (field, bool) {
	i := slices.IndexFunc(n.fields, func(f field) bool { return f.name == name })
	if i < 0 {
		return field{}, false
	}
	return n.fields[i], true
}

// value is the node as encoding/json would have read it.
func (n *node) value() any {
	switch n.kind {
	case boolean:
		return n.boolean
	case number:
		return n.number
	case text:
		return n.text
	case list:
		out := make([]any, len(n.items))
		for i, item := range n.items {
			out[i] = item.value()
		}
		return out
	case mapping:
		out := make(map[string]any, len(n.fields))
		for _, f := range n.fields {
			out[f.name] = f.value.value()
		}
		return out
	}
	return nil
}

// Has says whether there is a value at a path of keys (string) and list
// positions (int, from 0).
func (d *Document) Has(at ...any) bool {
	_, rest := d.find(at)
	return len(rest) == 0
}

// Position is the place of the value at a path of keys (string) and list
// positions (int, from 0): that of the key if the value is empty, that of the
// innermost value on the way that is there if the path does not exist.
func (d *Document) Position(at ...any) Position {
	f, _ := d.find(at)
	return Position{Path: d.path, Line: f.line, Column: f.column}
}

// Key is Position for the key of a mapping instead of its value.
func (d *Document) Key(at ...any) Position {
	if len(at) > 0 {
		if name, ok := at[len(at)-1].(string); ok {
			parent, rest := d.find(at[:len(at)-1])
			if f, ok := parent.value.field(name); ok && len(rest) == 0 {
				return Position{Path: d.path, Line: f.line, Column: f.column}
			}
		}
	}
	return d.Position(at...)
}

// find walks to the value at a path as far as it goes. It returns the last
// value found, with the place to name it by, and what is left of the path.
func (d *Document) find(at []any) (field, []any) {
	f := field{line: d.root.line, column: d.root.column, value: d.root}
	for i, step := range at {
		next, ok := f.value.step(step)
		if !ok {
			return f, at[i:]
		}
		f = next
	}
	return f, nil
}

func (n *node) step(step any) (field, bool) {
	switch s := step.(type) {
	case string:
		f, ok := n.field(s)
		if ok && f.value.kind != null {
			f.line, f.column = f.value.line, f.value.column
		}
		if ok || n.kind != list {
			return f, ok
		}
		// JSON Schema names positions of lists by text.
		i, err := strconv.Atoi(s)
		if err != nil {
			return field{}, false
		}
		return n.step(i)
	case int:
		if n.kind != list || s < 0 || s >= len(n.items) {
			return field{}, false
		}
		item := n.items[s]
		return field{line: item.line, column: item.column, value: item}, true
	}
	panic(fmt.Sprintf("manifest: a path is made of string and int, not %T", step))
}
