package crosstab

import "slices"

// A grid is a table of counts.
type grid struct{ n [][]float64 }

func newGrid(rows, columns int) grid {
	g := grid{make([][]float64, rows)}
	for i := range g.n {
		g.n[i] = make([]float64, columns)
	}
	return g
}

// shape is the number of rows and of columns.
func (g grid) shape() (rows, columns int) {
	if len(g.n) == 0 {
		return 0, 0
	}
	return len(g.n), len(g.n[0])
}

// margins are the sums of the rows, of the columns, and of all cells.
func (g grid) margins() (rows, columns []float64, total float64) {
	i, j := g.shape()
	rows, columns = make([]float64, i), make([]float64, j)
	for i, row := range g.n {
		for j, n := range row {
			rows[i] += n
			columns[j] += n
			total += n
		}
	}
	return rows, columns, total
}

// A pooled table knows which of its levels somebody has. Tests are on those, as
// in R after droplevels.
type pooled struct {
	all           grid
	rows, columns []int // indices of observed levels
}

func (r run) pooled(st state) pooled {
	p := pooled{all: newGrid(r.axes[0].Len(), r.axes[1].Len())}
	strata := 1
	if len(r.opened()) == 3 {
		strata = r.axes[2].Len()
	}
	for k := range strata {
		for i, row := range r.stratum(st, k).n {
			for j, n := range row {
				p.all.n[i][j] += n
			}
		}
	}
	rows, columns, _ := p.all.margins()
	p.rows, p.columns = positive(rows), positive(columns)
	return p
}

// stratum is the opened table of stratum k; without strata there is one.
func (r run) stratum(st state, k int) grid {
	g := newGrid(r.axes[0].Len(), r.axes[1].Len())
	strata := 1
	if len(r.opened()) == 3 {
		strata = r.axes[2].Len()
	}
	for i, row := range g.n {
		for j := range row {
			row[j] = st.Cells[(i*r.axes[1].Len()+j)*strata+k]
		}
	}
	return g
}

func positive(sums []float64) []int {
	var out []int
	for i, n := range sums {
		if n > 0 {
			out = append(out, i)
		}
	}
	return out
}

// keep is g without the levels that nobody of the pooled table has.
func (p pooled) keep(g grid) grid {
	out := newGrid(len(p.rows), len(p.columns))
	for i, a := range p.rows {
		for j, b := range p.columns {
			out.n[i][j] = g.n[a][b]
		}
	}
	return out
}

// shape is that of the table with observed levels only.
func (p pooled) shape() (rows, columns int) { return len(p.rows), len(p.columns) }

// tested says whether there is anything to test: two rows and two columns.
func (p pooled) tested() bool { return len(p.rows) > 1 && len(p.columns) > 1 }

// tooWide says that a stratified test would need too large a covariance.
func (p pooled) tooWide() bool { return (len(p.rows)-1)*(len(p.columns)-1) > 60 }

// transpose swaps rows and columns.
func (g grid) transpose() grid {
	i, j := g.shape()
	out := newGrid(j, i)
	for i, row := range g.n {
		for j, n := range row {
			out.n[j][i] = n
		}
	}
	return out
}

// largest is the largest element.
func largest(xs []float64) float64 { return slices.Max(xs) }
