package manifest

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"hmsp.center/hmsp/spelling"
)

// Into stores the document in v, a pointer. Structs are filled by their json
// tags (embedded structs are not looked into), values that implement
// json.Unmarshaler or encoding.TextUnmarshaler read themselves, and numbers in
// an any are float64. Keys that are absent leave their fields as they are. An
// error is an Errors.
func (d *Document) Into(v any) error {
	p := reflect.ValueOf(v)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		panic("manifest: Into wants a pointer")
	}
	return Join(d.assign(d.root, p.Elem())...)
}

func (d *Document) assign(n *node, v reflect.Value) []*Error {
	switch u := v.Addr().Interface().(type) {
	case json.Unmarshaler:
		return d.check(n, u.UnmarshalJSON(n.json()))
	case encoding.TextUnmarshaler:
		if n.kind != text {
			return d.want(n, "text")
		}
		return d.check(n, u.UnmarshalText([]byte(n.text)))
	}
	switch v.Kind() {
	case reflect.Pointer:
		if n.kind == null {
			return nil
		}
		v.Set(reflect.New(v.Type().Elem()))
		return d.assign(n, v.Elem())
	case reflect.Struct:
		return d.assignStruct(n, v)
	case reflect.Slice:
		return d.assignSlice(n, v)
	case reflect.Map:
		return d.assignMap(n, v)
	case reflect.Interface:
		if x := n.value(); x != nil {
			v.Set(reflect.ValueOf(x))
		}
		return nil
	}
	return d.assignScalar(n, v)
}

func (d *Document) assignStruct(n *node, v reflect.Value) (es []*Error) {
	if n.kind != mapping {
		return d.want(n, "a mapping of keys to values")
	}
	index, names := map[string][]int{}, []string{}
	for _, f := range reflect.VisibleFields(v.Type()) { // those of embedded structs too
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && name != "" && name != "-" {
			index[name] = f.Index
			names = append(names, name)
		}
	}
	for _, f := range n.fields {
		i, ok := index[f.name]
		if !ok {
			es = append(es, &Error{Position{d.path, f.line, f.column}, unknownKey(f.name, names)})
			continue
		}
		es = append(es, d.assign(f.value, v.FieldByIndex(i))...)
	}
	return es
}

func unknownKey(name string, known []string) string {
	hint := spelling.Suggest(name, known)
	if hint == "" && len(known) > 0 {
		hint = "; known keys are " + strings.Join(known, ", ")
	}
	return fmt.Sprintf("unknown key %s%s", quote(name), hint)
}

func (d *Document) assignSlice(n *node, v reflect.Value) (es []*Error) {
	if n.kind != list {
		return d.want(n, "a list")
	}
	out := reflect.MakeSlice(v.Type(), len(n.items), len(n.items))
	for i, item := range n.items {
		es = append(es, d.assign(item, out.Index(i))...)
	}
	v.Set(out)
	return es
}

func (d *Document) assignMap(n *node, v reflect.Value) (es []*Error) {
	if n.kind != mapping {
		return d.want(n, "a mapping of keys to values")
	}
	if v.Type().Key().Kind() != reflect.String {
		panic("manifest: a map has text keys")
	}
	out := reflect.MakeMapWithSize(v.Type(), len(n.fields))
	for _, f := range n.fields {
		e := reflect.New(v.Type().Elem()).Elem()
		es = append(es, d.assign(f.value, e)...)
		out.SetMapIndex(reflect.ValueOf(f.name).Convert(v.Type().Key()), e)
	}
	v.Set(out)
	return es
}

func (d *Document) assignScalar(n *node, v reflect.Value) []*Error {
	switch v.Kind() {
	case reflect.String:
		if n.kind != text {
			return d.want(n, "text")
		}
		v.SetString(n.text)
	case reflect.Bool:
		if n.kind != boolean {
			return d.want(n, "true or false")
		}
		v.SetBool(n.boolean)
	case reflect.Float64, reflect.Float32:
		if n.kind != number {
			return d.want(n, "a number")
		}
		v.SetFloat(n.number)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if n.kind != number || n.number != math.Trunc(n.number) || math.Abs(n.number) > largestWhole || v.OverflowInt(int64(n.number)) {
			return d.want(n, "a whole number")
		}
		v.SetInt(int64(n.number))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if n.kind != number || n.number != math.Trunc(n.number) || n.number < 0 || n.number > largestWhole || v.OverflowUint(uint64(n.number)) {
			return d.want(n, "a whole number of 0 or more")
		}
		v.SetUint(uint64(n.number))
	default:
		panic(fmt.Sprintf("manifest: a field of type %s cannot be read", v.Type()))
	}
	return nil
}

func (d *Document) want(n *node, what string) []*Error {
	return []*Error{{Position{d.path, n.line, n.column}, "want " + what + ", got " + n.describe()}}
}

func (d *Document) check(n *node, err error) []*Error {
	if err == nil {
		return nil
	}
	return []*Error{{Position{d.path, n.line, n.column}, err.Error()}}
}

// describe is what a person sees at the node, in a few words.
func (n *node) describe() string {
	switch n.kind {
	case null:
		return "nothing: write a value or remove the key"
	case boolean:
		return strconv.FormatBool(n.boolean)
	case number:
		return fmt.Sprintf("the number %v", n.number)
	case text:
		return "the text " + quote(n.text)
	case list:
		return "a list"
	}
	return "a mapping"
}

// json is the node as JSON, keys sorted.
func (n *node) json() []byte {
	b, err := Canonical(n.value())
	if err != nil {
		panic("manifest: " + err.Error()) // a node holds valid text and finite numbers only
	}
	return b
}
