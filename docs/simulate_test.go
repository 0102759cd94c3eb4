package docs_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/simulate"
	"hmsp.center/hmsp/simulate/person"
	"hmsp.center/hmsp/simulate/record"
)

// TestSimulated holds the tables about simulated people against the model.
func TestSimulated(t *testing.T) {
	text := page(t, "docs/simulate.md")
	for name, table := range map[string]string{"equations": equationTable(), "effects": effectTable(), "sites": siteTable()} {
		if !strings.Contains(text, table) {
			t.Errorf("the table of %s is not what the simulator says of itself. Put in its place:\n%s", name, table)
		}
	}
}

// equationTable is the causal graph, an equation a row.
func equationTable() string {
	var b strings.Builder
	b.WriteString("| variable | how | lp = |\n|---|---|---|\n")
	for _, e := range person.Equations() {
		how := string(e.Kind)
		switch {
		case e.SD != 0:
			how += fmt.Sprintf(", sd %g", e.SD)
		case e.Shape != 0:
			how += fmt.Sprintf(", shape %g", e.Shape)
		}
		lp := fmt.Sprintf("%.3g", e.Intercept)
		for _, c := range e.Terms {
			x := c.Cause.String()
			if c.Centre != 0 {
				x = fmt.Sprintf("(%s - %g)", x, c.Centre)
			}
			sign, k := "+", c.Coefficient
			if k < 0 {
				sign, k = "-", -k
			}
			if lp += fmt.Sprintf(" %s %g %s", sign, k, x); k == 1 {
				lp = strings.TrimSuffix(lp, fmt.Sprintf("1 %s", x)) + x
			}
		}
		if e.Note != "" {
			how += "; " + e.Note
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", e.Outcome, how, lp)
	}
	return b.String()
}

// effectTable is what acts after the entry.
func effectTable() string {
	var b strings.Builder
	b.WriteString("| from the first day of | what is measured of | changes |\n|---|---|---|\n")
	for _, e := range person.Effects() {
		how := fmt.Sprintf("by %+g", e.Size)
		if e.Form == "multiply" {
			how = fmt.Sprintf("to %g of it", e.Size)
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", e.Cause, e.Outcome, how)
	}
	return b.String()
}

// siteTable is how the six sites differ.
func siteTable() string {
	var b strings.Builder
	b.WriteString("| site | people | codes, units | laboratory | missing | faults |\n|---|---|---|---|---|---|\n")
	for _, name := range simulate.Sites() {
		s := record.NewSite(name, 1, false)
		people := fmt.Sprintf("age %g", s.Traits.Age)
		for _, v := range slices.Sorted(maps.Keys(s.Traits.Shifts)) {
			people += fmt.Sprintf(", %s %+g", v, s.Traits.Shifts[v])
		}
		codes := string(s.Coding)
		if s.Molar {
			codes += ", molar"
		}
		if s.German {
			codes += ", German CSV"
		}
		var bias, missing, faults []string
		for _, x := range s.Calibration {
			if text := x.Analyte; x.Factor != 1 {
				bias = append(bias, fmt.Sprintf("%s times %g", text, x.Factor))
			} else {
				bias = append(bias, fmt.Sprintf("%s %+g", text, x.Offset))
			}
		}
		for _, m := range s.Missing {
			missing = append(missing, fmt.Sprintf("%s (%s)", m.Variable, m.Mechanism))
		}
		for _, f := range s.Faults {
			faults = append(faults, strings.TrimSpace(fmt.Sprintf("%s %s", f.Kind, f.Variable)))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", name, people, codes, strings.Join(bias, ", "), strings.Join(missing, ", "), strings.Join(faults, ", "))
	}
	return b.String()
}
