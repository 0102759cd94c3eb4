package format

import (
	"fmt"

	"hmsp.center/hmsp/spelling"
)

// Pick finds the named columns among those of a file and returns their places; nil
// names are all of them. A name the file lacks is an *Error with a suggestion.
func Pick(path string, all []Column, names []string) ([]int, error) {
	at := make(map[string]int, len(all))
	list := make([]string, len(all))
	for i, c := range all {
		at[c.Name] = i
		list[i] = c.Name
	}
	if names == nil {
		names = list
	}
	out := make([]int, len(names))
	for i, n := range names {
		k, ok := at[n]
		if !ok {
			return nil, &Error{File: path, Column: n, Text: "the file has no such column" + spelling.Suggest(n, list)}
		}
		if all[k].Kind == Unknown {
			return nil, &Error{File: path, Column: n, Text: "this column is " + all[k].Why + ", which a table of people cannot hold",
				Mend: "leave it out, or flatten it before"}
		}
		out[i] = k
	}
	return out, nil
}

// Unique refuses a name that two columns share.
func Unique(path string, line int, columns []Column) error {
	seen := make(map[string]int, len(columns))
	for i, c := range columns {
		if k, ok := seen[c.Name]; ok {
			return &Error{File: path, Line: line, Column: c.Name, Text: fmt.Sprintf("columns %d and %d have the same name", k+1, i+1),
				Mend: "rename one of them"}
		}
		seen[c.Name] = i
	}
	return nil
}
