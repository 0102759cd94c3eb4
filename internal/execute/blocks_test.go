package execute

import (
	"sync"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// counter counts rows, and notes how many it saw at once.
type counter struct {
	mu   *sync.Mutex
	most *int
}

func (counter) Bounds(analysis.State) (analysis.Bounds, error) { return analysis.Bounds{}, nil }

func (c counter) Local(t table.Table, _ analysis.State, sum *fixed.Vector) error {
	c.mu.Lock()
	*c.most = max(*c.most, t.Rows())
	c.mu.Unlock()
	for _, x := range t.Numbers("x") {
		sum.Add(0, x)
	}
	return nil
}

func (counter) Next([]float64, analysis.State) (analysis.State, *analysis.Result, error) {
	return nil, &analysis.Result{}, nil
}

// However many rows there are, an analysis that is additive over people sees some of
// them at a time, and each of them once; one over sites sees all of them.
func TestAnAnalysisSeesSomeRowsAtATime(t *testing.T) {
	for _, n := range []int{0, 1, mostRows, 2*mostRows + 1, 7*mostRows + 5} {
		x := make([]float64, n)
		for i := range x {
			x[i] = 1
		}
		all, err := table.New(table.Schema{{Name: "x", Kind: table.Number, Max: 1}}, []table.Column{{Numbers: x}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, overSites := range []bool{false, true} {
			c := counter{mu: &sync.Mutex{}, most: new(int)}
			b := analysis.Bounds{Ranges: []fixed.Range{{Max: 1, Integer: true}}, OverSites: overSites}
			g, err := b.Grid(1<<20, 3)
			if err != nil {
				t.Fatal(err)
			}
			v, err := Local(t.Context(), all, c, nil, b, g)
			if err != nil {
				t.Fatal(err)
			}
			if got := fixed.Decode(g, v.Words)[0]; got != float64(n) {
				t.Errorf("%d rows count %v", n, got)
			}
			if overSites && *c.most != n || !overSites && *c.most > mostRows {
				t.Errorf("of %d rows, %d are seen at once", n, *c.most)
			}
		}
	}
}
