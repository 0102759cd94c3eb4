package describe

import (
	"fmt"
	"slices"

	"hmsp.center/hmsp/plot"
)

// figures has one picture per variable: a histogram, or bars of levels; the
// groups side by side as shares.
func (r run) figures(st state) []plot.Figure {
	var out []plot.Figure
	for j, v := range r.numbers {
		f := plot.Figure{Name: "histogram-" + v.Name, Title: r.title("Distribution of " + v.Name), Kind: plot.Bar,
			X: plot.Axis{Label: named(v.Name, v.Unit)}}
		if v.listed {
			f.X.Labels = r.listedLabels(v)
		}
		for g, name := range r.groups {
			s := plot.Series{Name: name, Y: r.heights(r.tally(st.Counts, g, j).bars)}
			if !v.listed {
				s.X = append(slices.Clone(v.starts), v.end())
			}
			f.Series = append(f.Series, s)
		}
		out = append(out, r.explain(f))
	}
	for j, c := range r.categories {
		f := plot.Figure{Name: "levels-" + c.Variable.Name, Title: r.title("Levels of " + c.Variable.Name), Kind: plot.Bar,
			X: plot.Axis{Label: c.Variable.Name, Labels: c.Labels}}
		for g, name := range r.groups {
			f.Series = append(f.Series, plot.Series{Name: name, Y: r.heights(r.levels(st.Counts, g, j)[1:])})
		}
		out = append(out, r.explain(f))
	}
	return out
}

// heights are counts, or shares where groups of different size are compared.
func (r run) heights(counts []float64) []float64 {
	out := slices.Clone(counts)
	if r.by == nil {
		return out
	}
	total := 0.0
	for _, c := range counts {
		total += c
	}
	for i := range out {
		if total > 0 {
			out[i] /= total
		}
	}
	return out
}

func (r run) explain(f plot.Figure) plot.Figure {
	f.Y.Label, f.Caption = "people", "Each bar is the number of people, of all sites together, with a value in its part of the axis."
	if r.by != nil {
		f.Y.Label = "share of the group"
		f.Caption = fmt.Sprintf("Each bar is the share of a group of %s, of all sites together, with a value in its part of the axis; the bars of a group sum to 1.", r.by.Variable.Name)
	}
	return f
}

func (r run) listedLabels(v number) []string {
	out := make([]string, len(v.starts))
	for i, x := range v.starts {
		out[i] = fmt.Sprint(x)
	}
	return out
}

// end is where the last bar ends on the axis.
func (v number) end() float64 {
	if v.whole {
		return v.hi + 1
	}
	return v.hi
}

func named(name, unit string) string {
	if unit == "" {
		return name
	}
	return name + " (" + unit + ")"
}
