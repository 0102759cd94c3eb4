package manifest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// An Error is one thing wrong with a file. Text says what was found, what was
// expected and how to mend it.
type Error struct {
	Position
	Text string
}

func (e *Error) Error() string { return e.Position.String() + ": " + e.Text }

// Errors are the things wrong with a file, in the order of its lines; at least one.
type Errors []*Error

// shown is how many errors are printed.
const shown = 10

// Error prints the first ten, one per line, and says how many more there are.
func (es Errors) Error() string {
	var b strings.Builder
	for i, e := range es {
		if i == shown {
			fmt.Fprintf(&b, "\nand %d more", len(es)-shown)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(e.Error())
	}
	return b.String()
}

// Unwrap gives errors.Is and errors.As each of them.
func (es Errors) Unwrap() []error {
	out := make([]error, len(es))
	for i, e := range es {
		out[i] = e
	}
	return out
}

// Problem makes an error about the value at a path of the document.
func (d *Document) Problem(text string, at ...any) *Error {
	return &Error{Position: d.Position(at...), Text: text}
}

// Join makes one error of several, sorted by position; nil if there are none.
func Join(es ...*Error) error {
	es = slices.DeleteFunc(slices.Clone(es), func(e *Error) bool { return e == nil })
	if len(es) == 0 {
		return nil
	}
	slices.SortStableFunc(es, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	es = slices.CompactFunc(es, func(a, b *Error) bool { return *a == *b })
	return Errors(es)
}

// fail is one error about a place.
func fail(path string, line, column int, format string, args ...any) error {
	return Errors{{Position{path, line, column}, fmt.Sprintf(format, args...)}}
}

// quote prints a text from a file, cut after 40 letters.
func quote(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
