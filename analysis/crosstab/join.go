package crosstab

import (
	"fmt"
	"strings"

	"hmsp.center/hmsp/disclosure"
)

// A joined table is one in which some levels are taken together, so that all its
// counts follow from what is shown.
type joined struct {
	rows, columns [][]int // levels of each row and column
	notes         []string
}

// join takes together the columns, or the rows, or both that have hidden counts,
// whichever leaves the larger table. Joined columns need the margins of the rows,
// joined rows those of the columns, and both together the total. strata asks for a
// table that follows in every stratum, and not only for all strata together.
func (r run) join(t protectedTable, strata bool) (joined, bool) {
	layers := []int{total}
	for k := range t.strata {
		if strata {
			layers = append(layers, k)
		}
	}
	rows, columns := r.axes[0].Len(), r.axes[1].Len()
	badRow, badColumn := make([]bool, rows), make([]bool, columns)
	rowMargins, columnMargins, totals := true, true, true
	for _, k := range layers {
		for i := range rows {
			for j := range columns {
				if t.f.Hidden(t.at(i, j, k)...) {
					badRow[i], badColumn[j] = true, true
				}
			}
			if t.f.Hidden(t.at(i, total, k)...) {
				badRow[i], rowMargins = true, false
			}
		}
		for j := range columns {
			if t.f.Hidden(t.at(total, j, k)...) {
				badColumn[j], columnMargins = true, false
			}
		}
		totals = totals && !t.f.Hidden(t.at(total, total, k)...)
	}
	var best joined
	size := 0
	consider := func(possible bool, joinRows, joinColumns []bool) {
		m := joined{rows: together(joinRows), columns: together(joinColumns)}
		m.drop(t)
		a, b := m.shape()
		if possible && a > 1 && b > 1 && a*b > size {
			best, size = m, a*b
		}
	}
	consider(rowMargins && totals, make([]bool, rows), badColumn)
	consider(columnMargins && totals, badRow, make([]bool, columns))
	consider(totals, badRow, badColumn)
	for k, axis := range [][][]int{best.rows, best.columns} {
		for _, levels := range axis {
			if len(levels) > 1 {
				best.notes = append(best.notes, fmt.Sprintf("In the tests, levels %s of %s are taken together.", r.label(k, levels, ", "), r.axes[k].Variable.Name))
			}
		}
	}
	return best, size > 0
}

// together lists the levels, those marked as one.
func together(marked []bool) (out [][]int) {
	var one []int
	for i, m := range marked {
		if m {
			one = append(one, i)
		} else {
			out = append(out, []int{i})
		}
	}
	if one != nil {
		out = append(out, one)
	}
	return out
}

// drop leaves out what nobody has.
func (m *joined) drop(t protectedTable) {
	g := m.grid(t, total)
	rows, columns, _ := g.margins()
	var keptRows, keptColumns [][]int
	for _, i := range positive(rows) {
		keptRows = append(keptRows, m.rows[i])
	}
	for _, j := range positive(columns) {
		keptColumns = append(keptColumns, m.columns[j])
	}
	m.rows, m.columns = keptRows, keptColumns
}

func (m joined) shape() (rows, columns int) { return len(m.rows), len(m.columns) }

// grid is the joined table of stratum k, or of all people if k is Total.
func (m joined) grid(t protectedTable, k int) grid {
	g := newGrid(m.shape())
	for i, rows := range m.rows {
		for j, columns := range m.columns {
			for _, a := range rows {
				for _, b := range columns {
					g.n[i][j] += t.f.At(t.at(a, b, k)...)
				}
			}
			g.n[i][j] = t.rules.Rounded(g.n[i][j])
		}
	}
	return g
}

func (m joined) names(r run) (rows, columns []string) {
	for _, levels := range m.rows {
		rows = append(rows, r.axes[0].Variable.Name+" "+r.label(0, levels, "+"))
	}
	for _, levels := range m.columns {
		columns = append(columns, r.axes[1].Variable.Name+" "+r.label(1, levels, "+"))
	}
	return rows, columns
}

func (r run) label(axis int, levels []int, sep string) string {
	var names []string
	for _, l := range levels {
		names = append(names, r.axes[axis].Labels[l])
	}
	return strings.Join(names, sep)
}

var _ disclosure.Discloser = run{}
