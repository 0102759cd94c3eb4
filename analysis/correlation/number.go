package correlation

import (
	"fmt"
	"math"

	"hmsp.center/hmsp/table"
)

// A number is a numeric variable with its declared range.
type number struct {
	table.Variable
	lo, hi float64
}

func newNumber(v table.Variable) number {
	lo, hi := v.Range()
	return number{v, lo, hi}
}

// centre is a public point in the middle of the range.
func (n number) centre() float64 { return n.lo + (n.hi-n.lo)/2 }

// values is how many whole values there are, for a variable that is ranked.
func (n number) values() int { return int(n.hi-n.lo) + 1 }

// read returns the column, holding it to the dictionary; the error does not name
// the value.
func (n number) read(t table.Table) ([]float64, error) {
	xs := t.Numbers(n.Name)
	for _, x := range xs {
		if x < n.lo || x > n.hi || n.Kind != table.Number && !math.IsNaN(x) && x != math.Trunc(x) {
			return nil, fmt.Errorf("variable %q has a value outside its declared range %v..%v, or a fraction where whole numbers are declared: check the mapping of the dataset", n.Name, n.lo, n.hi)
		}
	}
	return xs, nil
}
