package spelling

import (
	"strings"
	"testing"
)

func TestSuggest(t *testing.T) {
	names := []string{"sites", "participation", "cohort", "größe", "age"}
	for word, want := range map[string]string{
		"sties":                   "sites",
		"Sites":                   "sites",
		"cohrot":                  "cohort",
		"grösse":                  "größe",
		"participtaion":           "participation",
		"zzzzzz":                  "",
		"":                        "",
		strings.Repeat("a", 5000): "",
	} {
		got := Suggest(word, names)
		if want != "" {
			want = `; did you mean "` + want + `"?`
		}
		if got != want {
			t.Errorf("%.20q: got %q, want %q", word, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"kitten", "sitting", 3}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"ä", "a", 1}, {"flaw", "lawn", 2}} {
		if got := distance(c.a, c.b, 100); got != c.want {
			t.Errorf("distance of %q and %q is %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
