package disclosure

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/plot"
)

// A Draft is a copy of a result on its way to release, with what was done to it.
type Draft struct {
	*analysis.Result
	Rules   Rules
	Actions []Action
}

// Edit applies edit to a copy of r. Where no rule is on, or edit had nothing to
// do, or r has been through it before, it returns r itself.
func Edit(r *analysis.Result, rules Rules, edit func(*Draft) error) (*analysis.Result, []Action, error) {
	if rules.off() || slices.Contains(r.Notes, rules.stamp()) {
		return r, nil, nil
	}
	for _, n := range r.Notes {
		if strings.HasPrefix(n, stampBegins) {
			return nil, nil, fmt.Errorf("the result has been through other disclosure rules")
		}
	}
	d := &Draft{Result: clone(r), Rules: rules}
	if err := edit(d); err != nil {
		return nil, nil, err
	}
	if len(d.Actions) == 0 {
		return r, nil, nil
	}
	d.Notes = append(d.Notes, rules.stamp())
	return d.Result, d.Actions, nil
}

// Did notes an action; n is how many figures it took away or made coarser.
func (d *Draft) Did(rule, table string, n int, format string, args ...any) {
	d.Actions = append(d.Actions, Action{Rule: rule, Table: table, Text: fmt.Sprintf(format, args...), Suppressed: n})
}

// Note adds a note for the reader.
func (d *Draft) Note(format string, args ...any) {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
}

// Numbers are the numbers of a column, to be changed in place; nil where there is
// no such table or column.
func (d *Draft) Numbers(table, column string) analysis.Numbers {
	for i := range d.Tables {
		if d.Tables[i].Name != table {
			continue
		}
		for _, c := range d.Tables[i].Columns {
			if c.Name == column {
				return c.Numbers
			}
		}
	}
	return nil
}

// Drop takes a table out.
func (d *Draft) Drop(table string) bool {
	n := len(d.Tables)
	d.Tables = slices.DeleteFunc(d.Tables, func(t analysis.Table) bool { return t.Name == table })
	return len(d.Tables) < n
}

// Replace puts a table in the place of the one of that name, or at the end.
func (d *Draft) Replace(t analysis.Table) {
	i := slices.IndexFunc(d.Tables, func(o analysis.Table) bool { return o.Name == t.Name })
	if i < 0 {
		d.Tables = append(d.Tables, t)
		return
	}
	d.Tables[i] = t
}

// LeftOut rewrites the notes that say how many people are left out because a value
// is missing: fewer than MinimumCell are not counted, others rounded.
func (d *Draft) LeftOut(pattern, few, some string) {
	for i, note := range d.Notes {
		var n, of float64
		into := []any{&n, &of}[:strings.Count(pattern, "%v")]
		if _, err := fmt.Sscanf(note, pattern, into...); err != nil {
			continue
		}
		_, tail, _ := strings.Cut(note, lastWords(pattern))
		switch rounded := d.Rules.Rounded(n); {
		case d.Rules.Small(n):
			d.Notes[i] = fmt.Sprintf(few, d.Rules.MinimumCell) + tail
			d.Did("minimum_cell", "notes", 1, "how many people lack a value is not told")
		case rounded != n:
			d.Notes[i] = fmt.Sprintf(some, rounded) + tail
			d.Did("round", "notes", 1, "the number of people who lack a value is rounded")
		}
	}
}

// lastWords is what stands behind the last number of a pattern.
func lastWords(pattern string) string {
	return pattern[strings.LastIndex(pattern, "%v")+2:]
}

const stampBegins = "The disclosure rules of the consortium were applied ("

func (r Rules) stamp() string {
	var on []string
	if r.MinimumCell > 1 {
		on = append(on, fmt.Sprintf("minimum_cell %d", r.MinimumCell))
	}
	if r.PeoplePerParameter > 0 {
		on = append(on, fmt.Sprintf("people_per_parameter %v", r.PeoplePerParameter))
	}
	if r.Round > 1 {
		on = append(on, fmt.Sprintf("round %d", r.Round))
	}
	return stampBegins + strings.Join(on, ", ") + "): figures about few people, and those that would give them away, are not shown (NA, bars without height) or are shown coarser."
}

// off says that no rule for results is on.
func (r Rules) off() bool { return r.MinimumCell < 2 && r.PeoplePerParameter == 0 && r.Round < 2 }

func clone(r *analysis.Result) *analysis.Result {
	out := &analysis.Result{Tables: slices.Clone(r.Tables), Figures: slices.Clone(r.Figures), Notes: slices.Clone(r.Notes), Attacks: slices.Clone(r.Attacks)}
	for i := range out.Tables {
		out.Tables[i].Columns = slices.Clone(out.Tables[i].Columns)
		for j, c := range out.Tables[i].Columns {
			out.Tables[i].Columns[j].Text, out.Tables[i].Columns[j].Numbers = slices.Clone(c.Text), slices.Clone(c.Numbers)
		}
	}
	for i := range out.Figures {
		out.Figures[i] = cloneFigure(out.Figures[i])
	}
	return out
}

func cloneFigure(f plot.Figure) plot.Figure {
	f.X.Labels, f.Y.Labels = slices.Clone(f.X.Labels), slices.Clone(f.Y.Labels)
	f.Series = slices.Clone(f.Series)
	for i, s := range f.Series {
		f.Series[i] = plot.Series{Name: s.Name, X: slices.Clone(s.X), Y: slices.Clone(s.Y), Lo: slices.Clone(s.Lo), Hi: slices.Clone(s.Hi),
			Marks: slices.Clone(s.Marks), Labels: slices.Clone(s.Labels), Z: slices.Clone(s.Z)}
	}
	if f.AtRisk != nil {
		risk := plot.AtRisk{Times: slices.Clone(f.AtRisk.Times), Rows: slices.Clone(f.AtRisk.Rows)}
		for i := range risk.Rows {
			risk.Rows[i].N = slices.Clone(risk.Rows[i].N)
		}
		f.AtRisk = &risk
	}
	return f
}

// Coarse rounds x to the fewest decimals needed by step: the power of ten that is
// at least step.
func Coarse(x, step float64) float64 {
	if !(step > 0) || math.IsNaN(x) || math.IsInf(x, 0) {
		return x
	}
	unit := math.Pow(10, math.Ceil(math.Log10(step)-1e-9))
	if unit < 1 { // dividing by a whole power of ten gives the shortest decimal
		return math.Round(x*math.Round(1/unit)) / math.Round(1/unit)
	}
	return math.Round(x/unit) * unit
}

// Digits rounds x to so many significant digits.
func Digits(x float64, digits int) float64 {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return x
	}
	return Coarse(x, math.Pow(10, math.Floor(math.Log10(math.Abs(x)))+1-float64(digits)))
}
