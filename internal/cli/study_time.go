package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"hmsp.center/hmsp/quality"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/timeline"
)

// showData says which data a study reads besides the variables that it names: other
// datasets, the events that its variables are made of, and how good they must be.
func (a *app) showData(s study.Study) {
	if len(s.Link) > 0 {
		a.printf("  linked      %s, of the patients of %s\n", strings.Join(s.Link, ", "), s.Dataset)
	}
	if s.Index != nil {
		a.printf("  index       %s\n", indexText(*s.Index))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Variables)) {
		a.printf("  variable    %s: %s\n", name, derivedText(s.Variables[name]))
	}
	if s.Quality != nil {
		a.printf("  demands     %s\n", qualityText(*s.Quality))
	}
}

func indexText(x timeline.Index) string {
	if x.Date != nil {
		return x.Date.String() + ", for everyone"
	}
	take := x.Take
	if take == "" {
		take = timeline.First
	}
	text := fmt.Sprintf("the day of the %s %s", take, x.Event)
	if x.From != nil {
		text += ", from " + x.From.String()
	}
	if x.To != nil {
		text += ", to " + x.To.String()
	}
	return text
}

func derivedText(d timeline.Derived) string {
	text := string(d.Take)
	if d.Of != "" {
		text += " of " + d.Of
	}
	if d.From != nil {
		text += " from " + d.From.String()
	}
	if d.To != nil {
		text += " to " + d.To.String()
	}
	if d.Max != 0 {
		text += fmt.Sprintf(", at most %v", d.Max)
	}
	return text
}

// qualityText lists what is demanded of all variables, and of single ones.
func qualityText(q quality.Thresholds) string {
	var out []string
	if q.People > 0 {
		out = append(out, fmt.Sprintf("at least %d patients", q.People))
	}
	out = append(out, limitsText("", q.Limits)...)
	for _, name := range slices.Sorted(maps.Keys(q.Variables)) {
		out = append(out, limitsText(" of "+name, q.Variables[name])...)
	}
	return strings.Join(out, ", ")
}

func limitsText(of string, l quality.Limits) []string {
	var out []string
	for _, m := range []struct {
		name  string
		limit *float64
		word  string
	}{{"completeness", l.Completeness, "at least"}, {"conformance", l.Conformance, "at least"}, {"plausibility", l.Plausibility, "at least"},
		{"uniqueness", l.Uniqueness, "at least"}, {"drift", l.Drift, "at most"}, {"score", l.Score, "at least"}} {
		if m.limit != nil {
			out = append(out, fmt.Sprintf("%s%s %s %v", m.name, of, m.word, *m.limit))
		}
	}
	return out
}
