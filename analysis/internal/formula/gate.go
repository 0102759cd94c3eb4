package formula

import (
	"fmt"
	"strings"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/internal/stat"
)

// rowsPerColumn is the number of rows per column under which methods C3 does
// not trust a regression.
const rowsPerColumn = 10

// Gate refuses a regression with no column or with no more rows than columns,
// and notes one with few rows per column.
func (d *Design) Gate() error {
	p := len(d.Columns)
	switch {
	case p == 0:
		return analysis.Refuse("formula", "there is no term and no intercept: nothing can be estimated")
	case d.Rows <= p:
		return analysis.Refuse("formula", "%d rows with complete values cannot carry %d coefficients: use fewer terms or more people", d.Rows, p)
	case d.Rows < rowsPerColumn*p:
		d.Notes = append(d.Notes, fmt.Sprintf("%d rows for %d coefficients: fewer than %d rows per coefficient, estimates are unstable and say much about few people", d.Rows, p, rowsPerColumn))
	}
	return nil
}

// SolutionNotes names the columns that are not estimated, and those that are
// so nearly dependent on the others that digits were lost: usually a declared
// range far wider than the data.
func (d *Design) SolutionNotes(aliased []bool, pivots []float64) []string {
	var gone, weak, notes []string
	for j, a := range aliased {
		switch {
		case a:
			gone = append(gone, d.Columns[j].Name)
		case pivots[j] < stat.ResolvedPivot:
			weak = append(weak, d.Columns[j].Name)
		}
	}
	if gone != nil {
		notes = append(notes, fmt.Sprintf("not estimated, because the column depends linearly on those before it (or hardly varies within a declared range that is far too wide): %s", strings.Join(gone, ", ")))
	}
	if weak != nil {
		notes = append(notes, fmt.Sprintf("nearly dependent on the columns before it, so that standard errors have fewer than eight digits: %s. Centre the variable, as I(x - 100), or narrow its range in the dictionary", strings.Join(weak, ", ")))
	}
	return notes
}
