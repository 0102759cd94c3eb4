package manifest

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// width is how long a list or mapping may be to stand on one line.
const width = 90

// plainForm are the texts that stand without quotes: they begin with a letter,
// hold nothing that means something in YAML, and end in no space.
var plainForm = regexp.MustCompile(`^[A-Za-z]([A-Za-z0-9 ._/+()-]*[A-Za-z0-9._/+()-])?$`)

// emit writes a value as block YAML, its lines indented by two spaces a level.
func emit(b *strings.Builder, n *node, indent int) {
	pad := strings.Repeat("  ", indent)
	switch {
	case n.kind == mapping && len(n.fields) > 0:
		for _, f := range n.fields {
			b.WriteString(pad + scalarText(f.name) + ":")
			emitValue(b, f.value, indent)
		}
	case n.kind == list && len(n.items) > 0:
		for _, item := range n.items {
			b.WriteString(pad + "-")
			emitItem(b, item, indent)
		}
	default:
		b.WriteString(pad + flow(n) + "\n")
	}
}

// emitValue writes what follows "key:".
func emitValue(b *strings.Builder, n *node, indent int) {
	switch {
	case n.kind == text && literal(n.text):
		emitLiteral(b, n.text, indent+1)
	case fits(n):
		b.WriteString(" " + flow(n) + "\n")
	default:
		b.WriteString("\n")
		emit(b, n, indent+1)
	}
}

// emitItem writes what follows "-": a mapping's first key stands on that line.
func emitItem(b *strings.Builder, n *node, indent int) {
	if n.kind != mapping || fits(n) {
		emitValue(b, n, indent)
		return
	}
	var inner strings.Builder
	emit(&inner, n, indent+1)
	b.WriteString(" " + strings.TrimLeft(inner.String(), " "))
}

// fits says whether the value stands on one line: scalars, what is empty, and
// short lists and mappings of scalars.
func fits(n *node) bool {
	for _, item := range n.items {
		if len(item.items)+len(item.fields) > 0 || literal(item.text) {
			return false
		}
	}
	for _, f := range n.fields {
		if len(f.value.items)+len(f.value.fields) > 0 || literal(f.value.text) {
			return false
		}
	}
	return len(n.items)+len(n.fields) == 0 || len(flow(n)) <= width
}

// flow is the value on one line.
func flow(n *node) string {
	var parts []string
	switch n.kind {
	case boolean:
		return strconv.FormatBool(n.boolean)
	case number:
		return numberText(n.number)
	case text:
		return scalarText(n.text)
	case list:
		for _, item := range n.items {
			parts = append(parts, flow(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case mapping:
		for _, f := range n.fields {
			parts = append(parts, scalarText(f.name)+": "+flow(f.value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return "null"
}

// numberText is the shortest decimal; large whole numbers have an exponent, so
// that they do not look exact.
func numberText(x float64) string {
	if math.Abs(x) > largestWhole || x != 0 && math.Abs(x) < 1e-6 {
		return strconv.FormatFloat(x, 'e', -1, 64)
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

// scalarText is a text without quotes if no reader could take it for something
// else (yes and no are booleans to YAML 1.1), in double quotes otherwise.
func scalarText(s string) string {
	switch strings.ToLower(s) {
	case "null", "true", "false", "yes", "no", "on", "off", "y", "n":
		return quoted(s)
	}
	if plainForm.MatchString(s) {
		return s
	}
	return quoted(s)
}

// quoted is JSON's form of a text, with what an editor would not show escaped.
func quoted(s string) string {
	b, err := Canonical(s)
	if err != nil {
		panic("manifest: " + err.Error()) // texts here came out of JSON
	}
	var out strings.Builder
	for _, r := range string(b) {
		if unicode.IsPrint(r) {
			out.WriteRune(r)
			continue
		}
		if r > 0xffff {
			out.WriteString(`\U` + hex(r, 8))
			continue
		}
		out.WriteString(`\u` + hex(r, 4))
	}
	return out.String()
}

func hex(r rune, digits int) string {
	s := strconv.FormatInt(int64(r), 16)
	return strings.Repeat("0", digits-len(s)) + s
}

// literal says whether a text of several lines can stand as it is after "|".
func literal(s string) bool {
	body, end := strings.CutSuffix(s, "\n")
	if !end || !strings.Contains(body, "\n") {
		return false
	}
	for _, line := range strings.Split(body, "\n") {
		if line == "" || strings.TrimSpace(line) != line || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return false
		}
	}
	return true
}

func emitLiteral(b *strings.Builder, s string, indent int) {
	b.WriteString(" |\n")
	for line := range strings.Lines(s) {
		b.WriteString(strings.Repeat("  ", indent) + line)
	}
}
