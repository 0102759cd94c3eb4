package manifest

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"
)

const schema = `{
  "type": "object",
  "additionalProperties": false,
  "required": ["hmsp", "name"],
  "properties": {
    "hmsp": {"const": "test/v1", "description": "the version of this file, test/v1"},
    "name": {"type": "string", "pattern": "^[a-z]+$", "description": "a name in small letters."},
    "kind": {"enum": ["number", "integer"]},
    "sites": {"type": "array", "items": {"type": "string"}, "uniqueItems": true, "maxItems": 3},
    "rules": {"type": "object", "additionalProperties": false, "properties": {
      "colluders": {"type": "integer", "minimum": 0, "description": "how many sites may collude"},
      "share": {"type": "number", "maximum": 1}
    }},
    "any": {},
    "wait": {"type": "string"}
  }
}`

type wait time.Duration

func (w *wait) UnmarshalText(b []byte) error {
	d, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is no duration: write 10m or 2h30m", b)
	}
	*w = wait(d)
	return nil
}

func (w wait) MarshalText() ([]byte, error) { return []byte(time.Duration(w).String()), nil }

type sample struct {
	Hmsp  string   `json:"hmsp"`
	Name  string   `json:"name"`
	Kind  string   `json:"kind,omitempty"`
	Sites []string `json:"sites,omitempty"`
	Rules struct {
		Colluders int     `json:"colluders"`
		Share     float64 `json:"share,omitempty"`
	} `json:"rules"`
	Any  any  `json:"any,omitempty"`
	Wait wait `json:"wait,omitempty"`
}

// Each case is a file and its complete message.
func TestDecodeRefuses(t *testing.T) {
	head := "hmsp: test/v1\nname: lung\n"
	cases := []struct{ name, file, want string }{
		{"empty", "", "f.yaml: the file is empty"},
		{"comment only", "# nothing\n", "f.yaml: the file is empty"},
		{"not a mapping", "- a\n", "f.yaml:1:1: want a mapping of keys to values, got a list"},
		{"missing keys", "kind: number\n", `f.yaml:1:1: key "hmsp" is missing: the version of this file, test/v1` + "\n" +
			`f.yaml:1:1: key "name" is missing: a name in small letters`},
		{"unknown key with suggestion", head + "sties: [a]\n", `f.yaml:3:1: unknown key "sties"; did you mean "sites"?`},
		{"unknown key within", head + "rules:\n  coluders: 1\n", `f.yaml:4:3: unknown key "coluders"; did you mean "colluders"?`},
		{"unknown key unlike any", head + "rules:\n  zzzzzzzzzzzzzzzzzzzzzzzz: 1\n",
			`f.yaml:4:3: unknown key "zzzzzzzzzzzzzzzzzzzzzzzz"; known keys are colluders, share`},
		{"repeated key", head + "kind: number\nname: again\n", `f.yaml:4:1: key "name" is already on line 2: keep one of the two`},
		{"wrong version", "hmsp: test/v2\nname: a\n", `f.yaml:1:7: want test/v1, got the text "test/v2": the version of this file, test/v1`},
		{"pattern", "hmsp: test/v1\nname: Lung\n", `f.yaml:2:7: "Lung" cannot be used here: a name in small letters`},
		{"number for text", "hmsp: test/v1\nname: 12\n", `f.yaml:2:7: want text, got the number 12: put it in quotes: a name in small letters`},
		{"nothing", "hmsp: test/v1\nname:\n", `f.yaml:2:1: want text, got nothing: write a value or remove the key`},
		{"enum", head + "kind: nubmer\n", `f.yaml:3:7: want one of number, integer, got "nubmer"; did you mean "number"?`},
		{"items", head + "sites:\n  - a\n  - 2\n  - a\n  - b\n", "f.yaml:4:3: want at most 3 entries, got 4\n" +
			"f.yaml:5:5: want text, got the number 2: put it in quotes\nf.yaml:6:5: entries 1 and 3 are the same"},
		{"minimum and maximum", head + "rules: {colluders: -1, share: 1.5}\n", "f.yaml:3:20: want 0 or more, got -1: how many sites may collude\n" +
			"f.yaml:3:31: want 1 or less, got 1.5"},
		{"fraction for whole", head + "rules: {colluders: 1.5}\n", "f.yaml:3:20: want a whole number, got the number 1.5: how many sites may collude"},
		{"own reader", head + "wait: soon\n", `f.yaml:3:7: "soon" is no duration: write 10m or 2h30m`},
		{"anchor", head + "any: &x [1]\n", `f.yaml:3:6: anchors (&) and aliases (*) are not read here: write the value out, or put text that begins with "&" in quotes`},
		{"alias", head + "any: *x\n", `f.yaml:3:6: anchors (&) and aliases (*) are not read here: write the value out, or put text that begins with "*" in quotes`},
		{"tag", head + "any: !!binary x\n", `f.yaml:3:6: tags (!) are not read here: remove it, or put text that begins with '!' in quotes`},
		{"merge", head + "rules:\n  <<: {colluders: 1}\n", `f.yaml:4:3: merge keys (<<) are not read here: write the keys out`},
		{"complex key", head + "? any\n: 1\n", "f.yaml:3:1: keys that begin with '?' are not read here: write `key: value`, or put text that begins with '?' in quotes"},
		{"two documents", head + "---\n" + head, "f.yaml:4:1: a second document begins here: keep one per file, without `---` in between"},
		{"tab", head + "rules:\n\tcolluders: 1\n", `f.yaml:4:1: found character '	' that cannot start any token`},
		{"open bracket", head + "sites: [a, b\n", `f.yaml:3:8: sequence end token ']' not found`},
		{"open quote", head + "any: 'x\n", `f.yaml:3:6: could not find end character of single-quoted text`},
		{"infinite", head + "any: .inf\n", "f.yaml:3:6: want a finite number, got .inf: write the number out, or put text in quotes"},
		{"padded", head + "any: 007\n", `f.yaml:3:6: "007" begins with 0: write 7 if it is a number, "007" in quotes if it is a code`},
		{"rounded", head + "any: 9007199254740993\n", `f.yaml:3:6: "9007199254740993" has more digits than a number keeps exactly: put it in quotes if it is a code`},
		{"too large", head + "any: 1e400\n", `f.yaml:3:6: the number "1e400" is too large`},
		{"Latin-1", head + "any: M\xfcller\n", "f.yaml:3:7: the file is not UTF-8 here: save it as UTF-8"},
		{"UTF-16", "\xff\xfeh\x00", "f.yaml:1:1: the file is UTF-16: save it as UTF-8"},
		{"control character", head + "any: a\x00b\n", "f.yaml:3:7: there is a control character (0x00) here: remove it"},
		{"deep brackets", head + "any: " + strings.Repeat("[", 300_000), "f.yaml:3:70: values are nested deeper than 64 levels"},
		{"deep dashes", head + "any:\n  " + strings.Repeat("- ", 300_000), "f.yaml:4:131: values are nested deeper than 64 levels"},
		{"many commas", "a: [" + strings.Repeat("1,", MaxTokens+1), "f.yaml:1:1000006: the file has more than 500000 commas"},
		{"many words", strings.Repeat("-\n", MaxTokens+1), "f.yaml:500001:1: the file has more than 500000 words and signs; what is after here is not read: split it"},
		{"many keys", "any:\n" + many(MaxKeys+1), "f.yaml:5002:3: a mapping has more than 5000 keys"},
		{"large", strings.Repeat("#", MaxSize+1), "f.yaml: the file has 4194305 bytes; at most 4194304 are read"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var v sample
			err := Decode("f.yaml", []byte(c.file), []byte(schema), &v)
			if err == nil {
				t.Fatalf("accepted; want %s", c.want)
			}
			if err.Error() != c.want {
				t.Errorf("got\n%s\nwant\n%s", err, c.want)
			}
		})
	}
}

// many is a block mapping of n keys, indented by two.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  k%d: {a: 1}\n", i)
	}
	return b.String()
}

// The limit of keys is one mapping's, not the file's.
func TestManyMappings(t *testing.T) {
	file := "a:\n" + many(MaxKeys) + "b:\n" + many(MaxKeys) + "c:\n  -\n  " + strings.ReplaceAll(many(20), "\n", "\n  ") + "\n"
	d, err := Parse("f", []byte(file))
	if err != nil || !d.Has("b", "k4999", "a") || !d.Has("c", 0, "k19") {
		t.Error(err)
	}
}

func TestDecodeReads(t *testing.T) {
	file := "\xef\xbb\xbf# a comment\r\nhmsp: test/v1\r\nname: lung # why\r\nkind: integer\r\nsites:\r\n- a\r\n- 'b'\r\nrules: {colluders: 2, share: 1e-1}\r\n" +
		"any:\r\n  a: |\r\n    one\r\n    two\r\n  b: [1, -0, +2.50, .5, 1e3, true, null, ~, yes, 2024-01-01, 0x1F, 12:30]\r\n  1: one\r\nwait: 10m\r\n"
	var v sample
	if err := Decode("f.yaml", []byte(file), []byte(schema), &v); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%q %q %v %v", v.Kind, v.Sites, v.Rules, time.Duration(v.Wait))
	if want := `"integer" ["a" "b"] {2 0.1} 10m0s`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	b, err := Canonical(v.Any)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"1":"one","a":"one\ntwo\n","b":[1,0,2.5,0.5,1000,true,null,null,"yes","2024-01-01","0x1F","12:30"]}`; string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
}

// Keys of an embedded struct are keys of the file, as encoding/json has it.
func TestDecodeEmbedded(t *testing.T) {
	type Limits struct {
		Low  *float64 `json:"low"`
		High *float64 `json:"high"`
	}
	var v struct {
		Limits
		People int `json:"people"`
	}
	d, err := Parse("f.yaml", []byte("low: 0.5\npeople: 3\n"))
	if err == nil {
		err = d.Into(&v)
	}
	if err != nil || v.Low == nil || *v.Low != 0.5 || v.High != nil || v.People != 3 {
		t.Errorf("%+v, %v", v, err)
	}
	d, err = Parse("f.yaml", []byte("lov: 0.5\n"))
	if err == nil {
		err = d.Into(&v)
	}
	if err == nil || !strings.Contains(err.Error(), `did you mean "low"?`) {
		t.Errorf("a key that is none: %v", err)
	}
}

func TestErrorsShowTen(t *testing.T) {
	var es []*Error
	for i := range 12 {
		es = append(es, &Error{Position{"f", 12 - i, 1}, "x"})
	}
	lines := strings.Split(Join(es...).Error(), "\n")
	if len(lines) != 11 || lines[0] != "f:1:1: x" || lines[10] != "and 2 more" {
		t.Errorf("got %q", lines)
	}
	if Join(nil, nil) != nil {
		t.Error("no errors joined are an error")
	}
}

func TestPosition(t *testing.T) {
	d, err := Parse("f", []byte("a:\n  - b: 1\n    c:\n  - b: 2\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		got  Position
		want string
	}{
		{d.Position(), "f:1:1"},
		{d.Position("a", 0, "b"), "f:2:8"},
		{d.Key("a", 0, "b"), "f:2:5"},
		{d.Position("a", 0, "c"), "f:3:5"},     // empty: its key
		{d.Position("a", 1, "zzz"), "f:4:5"},   // absent: the entry
		{d.Key("a", 1, "zzz"), "f:4:5"},        // likewise
		{d.Position("a", 7, "b"), "f:2:3"},     // absent: the list
		{d.Position("nothing", "at"), "f:1:1"}, // absent: the file
		{d.Position("a", "1", "b"), "f:4:8"},   // as JSON Schema writes it
	} {
		if c.got.String() != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
	if !d.Has("a", 1, "b") || d.Has("a", 1, "c") {
		t.Error("Has is wrong")
	}
}

func TestWrite(t *testing.T) {
	path := t.TempDir() + "/f.yaml"
	v := sample{Hmsp: "test/v1", Name: "lung", Sites: []string{"1", "true", "a: b", "# c", "two\nlines\n", " x ", "", "null", "é\u2028"},
		Any: map[string]any{"x": 1e21, "y": -1e-7, "z": []any{}, "w": map[string]any{}, "1e3": "1e3", "017": "017"}}
	v.Rules.Colluders = 3
	if err := Write(path, v, "The test.\nTwo lines."); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(data), "# The test.\n# Two lines.\nhmsp: test/v1\nname: lung\n") {
		t.Errorf("got\n%s", data)
	}
	if err := Write(path, v, ""); err == nil || !strings.Contains(err.Error(), "remove it or choose another name") {
		t.Errorf("overwriting: got %v", err)
	}
	var again sample
	d, err := Parse(path, data)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Into(&again); err != nil {
		t.Fatal(err)
	}
	got, err1 := Canonical(again)
	want, err2 := Canonical(v)
	if err1 != nil || err2 != nil || string(got) != string(want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	v.Name = "other"
	if err := Replace(path, v, ""); err != nil {
		t.Fatal(err)
	}
}

// What YAML readers stumble over comes back as it was.
func TestEncodeAwkward(t *testing.T) {
	texts := []string{"1", "true", "a: b", "# c", "two\nlines\n", " x ", "", "null", "é\u2028", "x\n", "\nx", "x\n\n", "a\n  b\n c", "  a\nb",
		"1e3", "017", "\t", "a\tb", "a\r\nb", "~", "- a", "'", `"`, "\u0085", "@x", "%x", "`x", "!x", "*x", "&x", "? x", ": x", "x:", "[a", "}",
		"a #b", "a#b", ".inf", "0x1F", "1_0", "=", "<<", "yes", "2020-01-01", "---", "...", "|", ">", "\U0001F600", "\ufeff", "{a: b}", ",",
		`a\b`, `\u0041`, "\ufffd", "\U000E0001", "a\n---\nb\n", "a\n# b\nc: d\n", "a -", "a?", "</script>"}
	for _, s := range texts {
		for _, v := range []any{map[string]any{"k": s}, []any{s, []any{s}}, map[string]any{s: map[string]any{s: []any{s}}}} {
			if _, err := Encode(v); err != nil {
				t.Errorf("%q in %T: %v", s, v, err)
			}
		}
	}
	for _, x := range []any{1e21, 1e20, -1e-7, 0.1, 123456789012345678.0, 5e-324, 1.7976931348623157e308, 9007199254740991.0, true, nil, []any{}, map[string]any{}} {
		if _, err := Encode(map[string]any{"k": x, "l": []any{x, []any{x}}}); err != nil {
			t.Errorf("%v: %v", x, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("hmsp: test/v1\nname: lung\nsites: [a, 'b']\nrules:\n  colluders: 1\n")
	f.Add("a: |\n  x\n  y\nb: >-\n  x\n- c")
	f.Add("{\"a\": [1, 2.5e3, true, null, \"\\u00e9\"]}")
	f.Add("a:\n- b\n- - c\n  - {d: e}\n")
	f.Add("? x\n: &a *b\n<<: !t y\n---\n...\n%YAML 1.2")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := Parse("f", []byte(s))
		if err != nil {
			var es Errors
			if !errors.As(err, &es) || len(es) == 0 {
				t.Fatalf("not an Errors: %v", err)
			}
			return
		}
		d.Validate([]byte(schema))
		var v sample
		d.Into(&v)
		// What was read can be written, and reads the same.
		out, err := Encode(d.root.value())
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		again, err := Parse("f", out)
		if err != nil || string(again.root.json()) != string(d.root.json()) {
			t.Fatalf("%q was written as %q (%v)", s, out, err)
		}
	})
}

func TestCanonical(t *testing.T) {
	b, err := Canonical(map[string]any{"b": "<&>\u2028", "a": []float64{1, 1e21, 0.1}, "é": "\ufffd"})
	if want := `{"a":[1,1e+21,0.1],"b":"<&>\u2028","é":"` + "\ufffd" + `"}`; err != nil || string(b) != want {
		t.Errorf("got %s, %v", b, err)
	}
	if _, err := Canonical(`\ufffd`); err != nil {
		t.Errorf("a backslash taken for an escape: %v", err)
	}
	for name, v := range map[string]any{"invalid UTF-8": "\xff", "after a backslash": "\\\xff", "not a number": math.NaN()} {
		if b, err := Canonical(v); err == nil {
			t.Errorf("%s: encoded as %s", name, b)
		}
	}
}

func TestDecodeCanonical(t *testing.T) {
	type pair struct {
		A int               `json:"a"`
		M map[string]string `json:"m,omitempty"`
	}
	var p pair
	if err := DecodeCanonical([]byte(`{"a":1,"m":{"x":"1","y":"2"}}`), &p); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", `{"a":1} `, `{"a": 1}`, `{"A":1}`, `{"a":1,"a":1}`, `{"a":1,"b":2}`, `{"a":1}{}`, `{"a":1e0}`, `{"m":{},"a":1}`,
		`{"a":1,"m":{}}`, `{"a":1,"m":{"y":"2","x":"1"}}`, `{"a":1,"m":{"x":"\u0031"}}`, `{"a":1,"m":{"x":"\ud800"}}`, `null`} {
		var p pair
		if err := DecodeCanonical([]byte(bad), &p); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
