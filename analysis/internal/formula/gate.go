package formula

import (
	"fmt"
	"strings"

	"hmsp.center/hmsp/analysis"
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

// AliasNotes names the columns that are not estimated.
func (d *Design) AliasNotes(aliased []bool) []string {
	var names []string
	for j, a := range aliased {
		if a {
			names = append(names, d.Columns[j].Name)
		}
	}
	if names == nil {
		return nil
	}
	return []string{fmt.Sprintf("not estimated, because the column depends linearly on those before it: %s", strings.Join(names, ", "))}
}
