// Package spelling finds the word that a person probably meant, for error
// messages about unknown keys, variables and names.
package spelling

import (
	"fmt"
	"strings"
)

// longest is the length in bytes of the longest word that is compared.
const longest = 200

// Suggest returns `; did you mean "x"?` for the closest of names to word, or ""
// where none is close: at most half of the word's letters, plus one, may differ.
func Suggest(word string, names []string) string {
	if len(word) > longest {
		return ""
	}
	limit := len([]rune(word))/2 + 2
	best, at := limit, ""
	for _, n := range names {
		if d := distance(strings.ToLower(word), strings.ToLower(n), limit); d < best {
			best, at = d, n
		}
	}
	if at == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", at)
}

// distance is the Levenshtein distance of a and b in letters, or limit where
// their lengths alone make it at least that.
func distance(a, b string, limit int) int {
	s, t := []rune(a), []rune(b)
	if len(s)-len(t) >= limit || len(t)-len(s) >= limit {
		return limit
	}
	row := make([]int, len(t)+1)
	for j := range row {
		row[j] = j
	}
	for i := range s {
		diag := row[0]
		row[0] = i + 1
		for j := range t {
			cost := diag
			if s[i] != t[j] {
				cost++
			}
			diag = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(t)]
}
