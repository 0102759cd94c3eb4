package analysistest

import (
	"math"
	"math/rand/v2"
	"slices"

	"hmsp.center/hmsp/table"
)

// parties is how many sites every split has. Sites without people fill up, so
// that all splits share one grid and their sums can be compared bit for bit.
const parties = 7

// deal gives the rows, shuffled, to n sites by chance.
func deal(t table.Table, n int, seed uint64) []table.Table {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	rows := make([][]int, n)
	for _, i := range r.Perm(t.Rows()) {
		s := r.IntN(n)
		rows[s] = append(rows[s], i)
	}
	return take(t, rows)
}

// dealStrata gives the levels of a category to n sites by chance, each level
// whole and its rows in order.
func dealStrata(t table.Table, strata string, n int, seed uint64) []table.Table {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	owner := map[int32]int{}
	rows := make([][]int, n)
	for i, c := range t.Codes(strata) {
		s, ok := owner[c]
		if !ok {
			s = r.IntN(n)
			owner[c] = s
		}
		rows[s] = append(rows[s], i)
	}
	return take(t, rows)
}

func take(t table.Table, rows [][]int) []table.Table {
	out := make([]table.Table, len(rows))
	for i, r := range rows {
		out[i] = t.Take(r)
	}
	return out
}

// fill adds sites without people up to parties.
func fill(sites []table.Table) []table.Table {
	out := slices.Clone(sites)
	for len(out) < parties {
		out = append(out, sites[0].Slice(0, 0))
	}
	return out
}

// Narrow is the table with the named columns only, in the order of the table's
// schema, as a site reads no more than Bounds names.
func Narrow(t table.Table, columns ...string) (table.Table, error) {
	var s table.Schema
	var cols []table.Column
	for i, v := range t.Schema {
		if slices.Contains(columns, v.Name) {
			s, cols = append(s, v), append(cols, t.Columns[i])
		}
	}
	return table.New(s, cols, t.Patients)
}

// join puts two tables of one schema one after the other.
func join(a, b table.Table) table.Table {
	cols := make([]table.Column, len(a.Columns))
	for i := range cols {
		cols[i] = table.Column{
			Numbers: slices.Concat(a.Columns[i].Numbers, b.Columns[i].Numbers),
			Codes:   slices.Concat(a.Columns[i].Codes, b.Columns[i].Codes),
		}
	}
	out, err := table.New(a.Schema, cols, nil)
	if err != nil {
		panic(err) // both have the schema
	}
	return out
}

// corners makes n rows at the edges of the schema's ranges: each value is the
// smallest or the largest that is declared, one between, or missing.
func corners(s table.Schema, n int, seed uint64) table.Table {
	r := rand.New(rand.NewPCG(seed, 7))
	return invent(s, n, func(_ int, v table.Variable) float64 {
		lo, hi := span(v)
		switch r.IntN(8) {
		case 0, 1, 2:
			return lo
		case 3, 4, 5:
			return hi
		case 6:
			return math.NaN()
		}
		x := lo + (hi-lo)*r.Float64()
		if v.Kind != table.Number {
			x = math.Round(x)
		}
		return x
	})
}

// invent makes n rows from a function of row and variable; a category's value
// is the index of its level; NaN is missing.
func invent(s table.Schema, n int, value func(row int, v table.Variable) float64) table.Table {
	cols := make([]table.Column, len(s))
	for j, v := range s {
		for i := range n {
			x := value(i, v)
			switch {
			case v.Numeric():
				cols[j].Numbers = append(cols[j].Numbers, x)
			case math.IsNaN(x):
				cols[j].Codes = append(cols[j].Codes, -1)
			default:
				cols[j].Codes = append(cols[j].Codes, int32(x))
			}
		}
	}
	t, err := table.New(s, cols, nil)
	if err != nil {
		panic(err) // one column per variable, n values each
	}
	return t
}

// span is the range of a variable's values, of a category's level indices.
func span(v table.Variable) (lo, hi float64) {
	if !v.Numeric() {
		return 0, float64(len(v.Levels) - 1)
	}
	return v.Range()
}
