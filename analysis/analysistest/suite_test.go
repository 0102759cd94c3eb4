package analysistest

import (
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/plot"
	"hmsp.center/hmsp/table"
)

// mean is a small analysis that keeps the contract: two rounds, count and sum,
// then squares about the mean. Its fields break one promise each.
type mean struct {
	count   func(t table.Table, sum *fixed.Vector) // replaces what round 0 counts
	value   func(x float64) float64                // alters a row's value
	max     float64                                // replaces the declared bound of the sum, in half ranges
	next    func(sum []float64, s state) state     // alters the state
	local   func(t table.Table)                    // meddles with the table
	result  func(r *analysis.Result)               // alters the result
	about   func(a *analysis.About)                // alters the description
	bounds  func(b *analysis.Bounds)               // alters the bounds
	refuse  func(sum []float64) error              // refuses a sum
	whole   bool                                   // claims that sums are whole numbers
	memory  *atomic.Int64                          // is added to the count
	strata  bool                                   // counts the sites that have people
	reads   string                                 // a column that is read and not named
	lenient bool                                   // accepts unknown parameters
}

type state struct {
	Round int
	N     float64
	Mean  float64
}

func (m mean) About() analysis.About {
	a := analysis.About{
		Name: "mean", Version: "1", Title: "Mean", Doc: "Mean and standard deviation.", Source: "Any textbook.",
		Parameters: []analysis.Parameter{{Name: "variable", Type: "variable", Required: true, Doc: "a number"}},
		Example:    "- name: m\n  analysis: mean\n  variable: bmi\n",
	}
	if m.about != nil {
		m.about(&a)
	}
	return a
}

func (m mean) Start(p analysis.Params, s table.Schema) (analysis.Run, analysis.State, error) {
	q, err := p.Check(m.About().Parameters)
	if err != nil && !m.lenient {
		return nil, nil, err
	} else if err != nil {
		q = p
	}
	v, ok := s.Lookup(q.String("variable"))
	if !ok {
		return nil, nil, analysis.Refuse("variable", "is not in the schema")
	}
	st, err := analysis.Encode(state{})
	return meanRun{m, v}, st, err
}

type meanRun struct {
	m mean
	v table.Variable
}

func (r meanRun) Bounds(s analysis.State) (analysis.Bounds, error) {
	lo, hi := r.v.Range()
	half := (hi - lo) / 2
	if r.m.max > 0 {
		half *= r.m.max
	}
	st, err := analysis.Decode[state](s)
	b := analysis.Bounds{Columns: []string{r.v.Name}, Opens: "The number of people and the sum of one variable.", OverSites: r.m.strata}
	b.Ranges = []fixed.Range{{Max: 1, Integer: true}, {Max: half, Integer: r.m.whole}}
	if st.Round == 1 {
		b.Ranges = []fixed.Range{{Max: (hi - lo) * (hi - lo)}}
	}
	if r.m.bounds != nil {
		r.m.bounds(&b)
	}
	return b, err
}

func (r meanRun) Local(t table.Table, s analysis.State, sum *fixed.Vector) error {
	st, err := analysis.Decode[state](s)
	if err != nil {
		return err
	}
	if r.m.local != nil {
		r.m.local(t)
	}
	lo, hi := r.v.Range()
	if r.m.reads != "" && t.Numbers(r.m.reads) != nil && st.Round == 0 {
		for range t.Rows() {
			sum.Add(0, 1)
		}
	} else if r.m.strata && st.Round == 0 && t.Rows() > 0 {
		sum.AddSum(0, float64(t.Rows()+1))
	} else if r.m.count != nil && st.Round == 0 {
		r.m.count(t, sum)
	}
	for _, x := range t.Numbers(r.v.Name) {
		if math.IsNaN(x) {
			continue
		}
		if r.m.value != nil {
			x = r.m.value(x)
		}
		if st.Round == 1 {
			sum.Add(0, (x-st.Mean)*(x-st.Mean))
			continue
		}
		if r.m.count == nil && r.m.reads == "" && !r.m.strata {
			sum.Add(0, 1)
		}
		sum.Add(1, x-(lo+hi)/2)
	}
	return nil
}

func (r meanRun) Next(sum []float64, s analysis.State) (analysis.State, *analysis.Result, error) {
	st, err := analysis.Decode[state](s)
	if err != nil {
		return nil, nil, err
	}
	if st.Round == 0 {
		if r.m.refuse != nil {
			if err := r.m.refuse(sum); err != nil {
				return nil, nil, err
			}
		} else if sum[0] < 2 {
			return nil, nil, analysis.Refuse("variable", "fewer than two people have a value")
		}
		lo, hi := r.v.Range()
		st = state{Round: 1, N: sum[0], Mean: (lo+hi)/2 + sum[1]/sum[0]}
		if r.m.next != nil {
			st = r.m.next(sum, st)
		}
		if r.m.memory != nil {
			st.N += float64(r.m.memory.Add(1))
		}
		next, err := analysis.Encode(st)
		return next, nil, err
	}
	res := &analysis.Result{
		Tables: []analysis.Table{{Name: "mean", Title: "Mean", Columns: []analysis.Column{
			analysis.Nums("estimate", st.Mean), analysis.Nums("sd", math.Sqrt(sum[0]/(st.N-1)))}}},
		Figures: []plot.Figure{{Name: "mean", Title: "Mean", Kind: plot.Bar, Caption: "One bar.", Series: []plot.Series{{Y: []float64{st.Mean}}}}},
	}
	if r.m.result != nil {
		r.m.result(res)
	}
	return nil, res, nil
}

func TestSuiteAcceptsAnAnalysisThatKeepsItsPromises(t *testing.T) {
	Suite(t, mean{}, Case{Name: "integers", Params: analysis.Params{"variable": "age"}, Rounds: 2})
}

func TestSuiteCatchesWhatBreaksTheContract(t *testing.T) {
	for name, c := range map[string]struct {
		promise string
		says    string
		broken  mean
	}{
		"counts blocks, not rows":              {"partition", "nobody", mean{count: func(t table.Table, v *fixed.Vector) { v.AddSum(0, float64(t.Rows()+1)) }}},
		"counts pairs of neighbours":           {"partition", "differs", mean{count: func(t table.Table, v *fixed.Vector) { v.AddSum(0, float64(t.Rows()/2)) }}},
		"weighs by the size of the site":       {"partition", "differs", mean{count: func(t table.Table, v *fixed.Vector) { v.AddSum(0, math.Trunc(math.Sqrt(float64(t.Rows())))) }}},
		"claims to be over sites, counts them": {"partition", "differs", mean{strata: true}},
		"adds a row twice":                     {"bounds", "coordinate 0", mean{count: func(t table.Table, v *fixed.Vector) { v.AddSum(0, 2*float64(t.Rows())) }}},
		"adds more than declared":              {"bounds", "outside the declared range", mean{max: 0.5}},
		"adds halves to a whole number":        {"bounds", "fraction", mean{whole: true}},
		"one row has a long arm":               {"bounds", "declared", mean{count: func(t table.Table, v *fixed.Vector) { v.AddSum(0, float64(t.Rows()*t.Rows())) }}},
		"changes the table":                    {"pure", "table was changed", mean{local: func(t table.Table) { t.Numbers("age")[0] = 44 + float64(t.Rows()%2) }}},
		"remembers between calls":              {"pure", "different answers", mean{memory: new(atomic.Int64)}},
		"keeps knowledge out of the state":     {"state", "goes elsewhere", mean{memory: new(atomic.Int64)}},
		"writes over the sum":                  {"pure", "changed the sum", mean{next: func(sum []float64, s state) state { sum[0] = 0; return s }}},
		"hides NaN in the result":              {"result", "has a NaN", mean{result: func(r *analysis.Result) { r.Tables[0].Columns[0].Numbers[0] = math.NaN() }}},
		"draws infinity":                       {"result", "not finite", mean{result: func(r *analysis.Result) { r.Figures[0].Series[0].Y[0] = math.Inf(1) }}},
		"a ragged table":                       {"result", "rows", mean{result: func(r *analysis.Result) { r.Tables[0].Columns[0] = analysis.Nums("estimate") }}},
		"reads a column it does not name":      {"result", "does not name", mean{reads: "crp"}},
		"names a column that is not there":     {"result", "not in the schema", mean{bounds: func(b *analysis.Bounds) { b.Columns = append(b.Columns, "nowhere") }}},
		"does not say what it opens":           {"result", "sentence", mean{bounds: func(b *analysis.Bounds) { b.Opens = "sums" }}},
		"panics on nobody": {"adversarial", "panic", mean{refuse: func(sum []float64) error {
			_ = make([]int, 1)[1-int(min(sum[0], 1))]
			_ = []int{}[:int(min(sum[0], 1))-1+0]
			return nil
		}}},
		"divides by nobody":              {"adversarial", "not an error for people", mean{refuse: func([]float64) error { return nil }}},
		"mumbles":                        {"adversarial", "not an error for people", mean{refuse: func(sum []float64) error { return fmt.Errorf("value is NaN: %v", sum[0] < 2) }}},
		"takes any parameter":            {"about", "Refusal", mean{lenient: true}},
		"has an example that cannot run": {"about", "does not start", mean{about: func(a *analysis.About) { a.Example = "analysis: mean\nvariable: nowhere" }}},
		"has no documentation":           {"about", "Doc", mean{about: func(a *analysis.About) { a.Doc = "" }}},
		"has an undocumented parameter":  {"about", "no Doc", mean{about: func(a *analysis.About) { a.Parameters[0].Doc = "" }}},
	} {
		t.Run(name, func(t *testing.T) {
			variable := "age"
			if c.broken.whole {
				variable = "bmi" // has fractions
			}
			failures, panicked := attempt(func(tb testing.TB) {
				if c.promise == "about" {
					checkAbout(tb, c.broken)
					return
				}
				for _, p := range promises() {
					if p.name == c.promise {
						p.check(tb, c.broken, Case{Params: analysis.Params{"variable": variable}})
					}
				}
			})
			if panicked != nil {
				t.Fatalf("the suite itself panicked: %v", panicked)
			}
			if !strings.Contains(strings.Join(failures, "\n"), c.says) {
				t.Errorf("the promise %q should fail with %q; it said %q", c.promise, c.says, failures)
			}
		})
	}
}

func TestPeopleFitTheirSchema(t *testing.T) {
	for _, v := range Schema() {
		if err := v.Valid(); err != nil {
			t.Error(err)
		}
	}
	p := People(500, 1)
	for i, v := range p.Schema {
		if !v.Numeric() {
			continue
		}
		lo, hi := v.Range()
		for _, x := range p.Columns[i].Numbers {
			if x < lo || x > hi || v.Kind != table.Number && !math.IsNaN(x) && x != math.Trunc(x) {
				t.Fatalf("%s does not fit its declaration", v.Name)
			}
		}
	}
	if !same(p, People(500, 1)) || same(p, People(500, 2)) {
		t.Error("the seed does not decide the people")
	}
}
