package analysis

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"hmsp.center/hmsp/plot"
)

// A Result is what an analysis found: tables in broom's column names, figures
// as data, and what a reader must know to trust them.
type Result struct {
	Tables  []Table       `json:"tables"`
	Figures []plot.Figure `json:"figures,omitempty"`
	Notes   []string      `json:"notes,omitempty"`   // dropped levels, aliased columns, warnings
	Attacks []string      `json:"attacks,omitempty"` // names of the risk instruments that apply
}

// A Table is columns of equal length, in order. Name is the file's name in the
// output folder ("terms", "curve", "glance").
type Table struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	Columns []Column `json:"columns"`
}

// A Column has either Text or Numbers. A NaN is "not available": null in JSON,
// NA in CSV.
type Column struct {
	Name    string   `json:"name"`
	Text    []string `json:"text,omitempty"`
	Numbers Numbers  `json:"numbers,omitempty"`
}

// Text makes a column of texts.
func Text(name string, values ...string) Column { return Column{Name: name, Text: values} }

// Nums makes a column of numbers.
func Nums(name string, values ...float64) Column { return Column{Name: name, Numbers: values} }

// Rows is the number of rows of the table.
func (t Table) Rows() int {
	if len(t.Columns) == 0 {
		return 0
	}
	return t.Columns[0].Len()
}

// Column returns the column of that name.
func (t Table) Column(name string) (Column, error) {
	for _, c := range t.Columns {
		if c.Name == name {
			return c, nil
		}
	}
	return Column{}, fmt.Errorf("table %q has no column %q", t.Name, name)
}

// Table returns the table of that name.
func (r *Result) Table(name string) (Table, error) {
	for _, t := range r.Tables {
		if t.Name == name {
			return t, nil
		}
	}
	return Table{}, fmt.Errorf("no table %q in the result", name)
}

// Len is the number of values.
func (c Column) Len() int {
	if c.Text != nil {
		return len(c.Text)
	}
	return len(c.Numbers)
}

// Cell is the value of row i as it stands in a CSV file: the shortest digits
// that give the number back, NA where there is none.
func (c Column) Cell(i int) string {
	if c.Text != nil {
		return c.Text[i]
	}
	return FormatNumber(c.Numbers[i])
}

// FormatNumber writes x with the shortest digits that give it back; NA for NaN,
// Inf and -Inf as R writes them.
func FormatNumber(x float64) string {
	switch {
	case math.IsNaN(x):
		return "NA"
	case math.IsInf(x, 1):
		return "Inf"
	case math.IsInf(x, -1):
		return "-Inf"
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// Numbers is a list of numbers whose JSON has null for NaN and "Inf", "-Inf"
// for the infinities.
type Numbers []float64

func (ns Numbers) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, x := range ns {
		if i > 0 {
			b = append(b, ',')
		}
		switch {
		case math.IsNaN(x):
			b = append(b, "null"...)
		case math.IsInf(x, 0):
			b = strconv.AppendQuote(b, FormatNumber(x))
		default:
			b = strconv.AppendFloat(b, x, 'g', -1, 64)
		}
	}
	return append(b, ']'), nil
}

func (ns *Numbers) UnmarshalJSON(b []byte) error {
	var raw []json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	out := make(Numbers, len(raw))
	for i, r := range raw {
		switch s := string(r); s {
		case "null":
			out[i] = math.NaN()
		case `"Inf"`:
			out[i] = math.Inf(1)
		case `"-Inf"`:
			out[i] = math.Inf(-1)
		default:
			x, err := strconv.ParseFloat(s, 64)
			if err != nil {
				return fmt.Errorf("number %d: %w", i+1, err)
			}
			out[i] = x
		}
	}
	*ns = out
	return nil
}
