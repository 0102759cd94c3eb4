package dataset

import (
	"fmt"
	"strings"
)

// A Problem is a reason why the data is not what the dictionary says. Line (text
// files) or Row, from 1, is the first place; Count is how many rows there are.
type Problem struct {
	Variable string `json:"variable,omitempty"`
	Column   string `json:"column,omitempty"`
	Line     int    `json:"line,omitempty"`
	Row      int    `json:"row,omitempty"`
	Count    int    `json:"count,omitempty"`
	Text     string `json:"text"`
	Mend     string `json:"mend,omitempty"`
}

func (p Problem) String() string {
	var b strings.Builder
	if p.Variable != "" {
		fmt.Fprintf(&b, "variable %q", p.Variable)
		if p.Column != "" && p.Column != p.Variable {
			fmt.Fprintf(&b, " (column %q)", p.Column)
		}
		b.WriteString(": ")
	}
	b.WriteString(p.Text)
	switch {
	case p.Count > 0 && p.Line > 0:
		fmt.Fprintf(&b, " (%s, first on line %d)", rowsText(p.Count), p.Line)
	case p.Count > 0 && p.Row > 0:
		fmt.Fprintf(&b, " (%s, first in row %d)", rowsText(p.Count), p.Row)
	}
	if p.Mend != "" {
		b.WriteString("; " + p.Mend)
	}
	return b.String()
}

func rowsText(n int) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}

// Refused is the error of data that cannot be loaded: every reason, and the file.
type Refused struct {
	File     string
	Problems []Problem
}

func (r *Refused) Error() string {
	lines := make([]string, len(r.Problems))
	for i, p := range r.Problems {
		lines[i] = r.File + ": " + p.String()
	}
	return strings.Join(lines, "\n")
}
