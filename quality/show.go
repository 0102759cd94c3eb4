package quality

import (
	"fmt"
	"strings"

	"hmsp.center/hmsp/plot"
)

// String is the profile as a table for a terminal.
func (p Profile) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d values of %d people (%d with any)", p.Dataset, p.Values, p.People, p.Linked)
	if p.First != "" {
		fmt.Fprintf(&b, ", %s to %s", p.First, p.Last)
	}
	fmt.Fprintf(&b, ", score %.2f\n", p.Score)
	wide := len("variable")
	for _, v := range p.Variables {
		wide = max(wide, len([]rune(v.Name)))
	}
	fmt.Fprintf(&b, "  %-*s  %9s  %8s  %8s  %8s  %8s  %6s  %5s\n", wide, "variable", "values", "complete", "conforms", "plausib.", "unique", "drift", "score")
	for _, v := range p.Variables {
		drift := "-"
		if v.Drift != nil {
			drift = fmt.Sprintf("%.2f", v.Drift.PSI)
			if !v.Drift.Confirmed {
				drift = "(" + drift + ")"
			}
		}
		fmt.Fprintf(&b, "  %-*s  %9d  %7.1f%%  %7.1f%%  %7.1f%%  %7.1f%%  %6s  %5.2f\n", wide, v.Name, v.Values,
			100*v.Completeness, 100*v.Conformance, 100*v.Plausibility, 100*v.Uniqueness, drift, v.Score)
	}
	for _, c := range p.Checks {
		fmt.Fprintf(&b, "  %s: %s\n", c.Name, c)
	}
	for _, f := range p.Findings {
		name := f.Variable
		if name == "" {
			name = "dataset"
		}
		fmt.Fprintf(&b, "  ! %s: %s (%d)\n", name, f.Text, f.Affected)
	}
	return b.String()
}

// String is the public profile as a table for a terminal.
func (p Public) String() string {
	var b strings.Builder
	b.WriteString(p.Dataset)
	if p.People == nil {
		b.WriteString(": too few people to tell more\n")
		return b.String()
	}
	fmt.Fprintf(&b, ": about %d people", *p.People)
	if p.FirstYear != "" {
		fmt.Fprintf(&b, ", %s to %s", p.FirstYear, p.LastYear)
	}
	b.WriteString("\n")
	wide := len("variable")
	for _, v := range p.Variables {
		wide = max(wide, len([]rune(v.Name)))
	}
	fmt.Fprintf(&b, "  %-*s  %8s  %8s  %8s  %8s  %6s  %5s\n", wide, "variable", "complete", "conforms", "plausib.", "unique", "drift", "score")
	show := func(x *float64, format string, factor float64) string {
		if x == nil {
			return "-"
		}
		return fmt.Sprintf(format, factor**x)
	}
	for _, v := range p.Variables {
		fmt.Fprintf(&b, "  %-*s  %8s  %8s  %8s  %8s  %6s  %5s", wide, v.Name, show(v.Completeness, "%.0f%%", 100), show(v.Conformance, "%.0f%%", 100),
			show(v.Plausibility, "%.0f%%", 100), show(v.Uniqueness, "%.0f%%", 100), show(v.Drift, "%.2f", 1), show(v.Score, "%.2f", 1))
		if len(v.Findings) > 0 {
			b.WriteString("  " + strings.Join(v.Findings, ", "))
		}
		b.WriteString("\n")
	}
	for _, c := range p.Checks {
		if c.Plausible != nil {
			fmt.Fprintf(&b, "  %s: %.0f%% plausible\n", c.Name, 100**c.Plausible)
		}
	}
	return b.String()
}

// Figure shows the completeness of each variable, and what of it is plausible, in
// percent of the people.
func (p Profile) Figure() plot.Figure {
	zero, hundred := 0.0, 100.0
	f := plot.Figure{
		Name: "completeness", Title: "Completeness of " + p.Dataset, Kind: plot.Bar,
		Y:       plot.Axis{Label: "people [%]", Min: &zero, Max: &hundred},
		Caption: "People of the dataset who have a value, and this share times the score's other parts: what of it conforms, is plausible, recorded once and alike over time.",
	}
	complete, usable := plot.Series{Name: "have a value"}, plot.Series{Name: "usable (score)"}
	for _, v := range p.Variables {
		f.X.Labels = append(f.X.Labels, v.Name)
		complete.Y = append(complete.Y, 100*v.Completeness)
		usable.Y = append(usable.Y, 100*v.Score)
	}
	f.Series = []plot.Series{complete, usable}
	return f
}

// Figure is Profile.Figure of what is published.
func (p Public) Figure() plot.Figure {
	whole := Profile{Dataset: p.Dataset}
	for _, v := range p.Variables {
		if v.Completeness != nil {
			w := Variable{Name: v.Name, Completeness: *v.Completeness}
			if v.Score != nil {
				w.Score = *v.Score
			}
			whole.Variables = append(whole.Variables, w)
		}
	}
	return whole.Figure()
}
