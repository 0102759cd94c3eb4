package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"hmsp.center/hmsp/atomicfile"
)

// Encode writes v, a struct with json tags, as YAML with its keys in the order
// of its fields. What it returns reads back as the same value, or it fails.
func Encode(v any) ([]byte, error) {
	data, err := Canonical(v)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	root, err := fromJSON(d)
	if err != nil {
		return nil, fmt.Errorf("encode YAML: %w", err)
	}
	var b strings.Builder
	emit(&b, root, 0)
	out := []byte(b.String())
	again, err := Parse("file", out)
	if err != nil {
		return nil, fmt.Errorf("encode YAML: the value cannot be read back: %w", err)
	}
	if !bytes.Equal(root.json(), again.root.json()) {
		return nil, fmt.Errorf("encode YAML: the value cannot be written so that it reads back the same")
	}
	return out, nil
}

// Write creates the file at path from v, with comment as its first lines. It
// refuses a file that exists (errors.Is(err, fs.ErrExist)).
func Write(path string, v any, comment string) error {
	data, err := withComment(v, comment)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return atomicfile.Create(path, data, 0o644)
}

// Replace is Write for a file that may exist; its own comments are lost.
func Replace(path string, v any, comment string) error {
	data, err := withComment(v, comment)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return atomicfile.Write(path, data, 0o644)
}

func withComment(v any, comment string) ([]byte, error) {
	data, err := Encode(v)
	if err != nil || comment == "" {
		return data, err
	}
	lines := strings.Split(strings.TrimRight(comment, "\n"), "\n")
	return append([]byte("# "+strings.Join(lines, "\n# ")+"\n"), data...), nil
}

// fromJSON reads the next value, keeping the order of keys.
func fromJSON(d *json.Decoder) (*node, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '[' {
			return listFromJSON(d)
		}
		return mappingFromJSON(d)
	case string:
		return &node{kind: text, text: t}, nil
	case float64:
		return &node{kind: number, number: t}, nil
	case bool:
		return &node{kind: boolean, boolean: t}, nil
	}
	return &node{kind: null}, nil
}

func listFromJSON(d *json.Decoder) (*node, error) {
	n := &node{kind: list}
	for d.More() {
		item, err := fromJSON(d)
		if err != nil {
			return nil, err
		}
		n.items = append(n.items, item)
	}
	_, err := d.Token()
	return n, err
}

func mappingFromJSON(d *json.Decoder) (*node, error) {
	n := &node{kind: mapping}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		value, err := fromJSON(d)
		if err != nil {
			return nil, err
		}
		n.fields = append(n.fields, field{name: key.(string), value: value})
	}
	_, err := d.Token()
	return n, err
}
