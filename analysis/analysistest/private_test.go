package analysistest

import (
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/plot"
	"hmsp.center/hmsp/table"
)

// secret is a mean with a private form that keeps the contract: one round, the number
// of people and the sum. Its fields break one promise each.
type secret struct {
	mean
	queries func(q *analysis.Query)
	person  func(t table.Table, row int, add func(int, float64)) bool // true: in place of the mean's
	next    func(sum, sd []float64)
	result  func(r *analysis.Result)
	expect  func(e *analysis.Expectation)
	weak    bool // shows what noise has drowned
	refuse  error
	memory  *atomic.Int64
}

func (m secret) StartPrivate(p analysis.Params, s table.Schema) (analysis.PrivateRun, analysis.State, error) {
	if m.refuse != nil {
		return nil, nil, m.refuse
	}
	r, st, err := m.Start(p, s)
	if err != nil {
		return nil, nil, err
	}
	return secretRun{m, r.(meanRun).v}, st, nil
}

type secretRun struct {
	m secret
	v table.Variable
}

func (r secretRun) Queries() []analysis.Query {
	q := analysis.Query{Columns: []string{r.v.Name}, Opens: "The number of people and their sum, under noise.",
		Blocks: []analysis.Block{{Len: 2, L1: 2, L2: math.Sqrt2, Share: 1}}}
	if r.m.queries != nil {
		r.m.queries(&q)
	}
	return []analysis.Query{q}
}

func (r secretRun) Person(t table.Table, _ analysis.State) (func(int, func(int, float64)), error) {
	xs := t.Numbers(r.v.Name)
	lo, hi := r.v.Range()
	return func(row int, add func(int, float64)) {
		if r.m.person != nil && r.m.person(t, row, add) || math.IsNaN(xs[row]) {
			return
		}
		add(0, 1)
		add(1, (xs[row]-(lo+hi)/2)/((hi-lo)/2))
	}, nil
}

func (r secretRun) Next(sum, sd []float64, s analysis.State) (analysis.State, *analysis.Result, error) {
	if !r.m.weak && !(sum[0] > 3*sd[0] && sum[0] > 0.5) {
		return nil, nil, fmt.Errorf("the noise hides how many people there are: ask for more patients")
	}
	lo, hi := r.v.Range()
	x := (lo+hi)/2 + (hi-lo)/2*sum[1]/sum[0]
	if r.m.memory != nil {
		x += float64(r.m.memory.Add(1))
	}
	res := &analysis.Result{Notes: []string{"The mean carries noise."},
		Tables:  []analysis.Table{{Name: "mean", Title: "Mean", Columns: []analysis.Column{analysis.Nums("estimate", x)}}},
		Figures: []plot.Figure{{Name: "mean", Title: "Mean", Kind: plot.Bar, Caption: "One bar.", Series: []plot.Series{{Y: []float64{x}}}}}}
	if r.m.result != nil {
		r.m.result(res)
	}
	if r.m.next != nil {
		r.m.next(sum, sd)
	}
	return nil, res, nil
}

func (r secretRun) Expect(sd [][]float64, people int) []analysis.Expectation {
	e := analysis.Expectation{What: "mean of " + r.v.Name, Within: sd[0][1] / math.Max(1, float64(people))}
	if r.m.expect != nil {
		r.m.expect(&e)
	}
	return []analysis.Expectation{e}
}

func TestSuiteAcceptsAPrivateFormThatKeepsItsPromises(t *testing.T) {
	Suite(t, secret{}, Case{Name: "integers", Params: analysis.Params{"variable": "age"}})
	Suite(t, secret{refuse: analysis.Refuse("variable", "has no private form; use describe")})
}

func TestSuiteCatchesWhatBreaksThePrivateContract(t *testing.T) {
	block := func(f func(b *analysis.Block)) func(*analysis.Query) {
		return func(q *analysis.Query) { f(&q.Blocks[0]) }
	}
	for name, c := range map[string]struct {
		promise string
		says    string
		broken  secret
	}{
		"spends more than there is":  {"declares", "of the budget", secret{queries: block(func(b *analysis.Block) { b.Share = 1.5 })}},
		"norms that cannot be":       {"declares", "norms", secret{queries: block(func(b *analysis.Block) { b.L1 = 5 })}},
		"does not say what it opens": {"declares", "sentence", secret{queries: func(q *analysis.Query) { q.Opens = "" }}},
		"names no column":            {"declares", "columns", secret{queries: func(q *analysis.Query) { q.Columns = nil }}},
		"adds more than its L1":      {"bounded", "L1 norm", secret{queries: block(func(b *analysis.Block) { b.L1, b.L2 = 1.2, 1.2 })}},
		"adds more than its L2":      {"bounded", "L2 norm", secret{queries: block(func(b *analysis.Block) { b.L2 = 1.1 })}},
		"touches more than declared": {"bounded", "touches", secret{queries: block(func(b *analysis.Block) { b.Support = 1 })}},
		"adds fractions to a count":  {"bounded", "fraction", secret{queries: block(func(b *analysis.Block) { b.Integer = true })}},
		"adds beyond the vector":     {"bounded", "coordinate 2 of 2", secret{person: func(_ table.Table, _ int, add func(int, float64)) bool { add(2, 1); return false }}},
		"adds what is missing":       {"bounded", "NaN", secret{person: func(_ table.Table, _ int, add func(int, float64)) bool { add(0, math.NaN()); return false }}},
		"looks at the other patients": {"bounded", "alone than among others", secret{person: func(t table.Table, _ int, add func(int, float64)) bool {
			add(0, math.Min(1, float64(t.Rows())/100))
			return true
		}}},
		"reads a column it does not name": {"bounded", "does not name", secret{person: func(t table.Table, _ int, add func(int, float64)) bool {
			if t.Numbers("crp") != nil {
				add(0, 1)
			}
			return true
		}}},
		"weighs by the size of the site": {"partition", "differs", secret{person: func(t table.Table, _ int, add func(int, float64)) bool {
			add(0, math.Min(1, float64(t.Rows())/100))
			return true
		}}},
		"remembers between calls":   {"pure", "another answer", secret{memory: new(atomic.Int64)}},
		"writes over the sum":       {"pure", "changed its arguments", secret{next: func(sum, _ []float64) { sum[0] = 0 }}},
		"says nothing of the noise": {"still", "no note", secret{result: func(r *analysis.Result) { r.Notes = nil }}},
		"hides NaN":                 {"still", "has a NaN", secret{result: func(r *analysis.Result) { r.Tables[0].Columns[0].Numbers[0] = math.NaN() }}},
		"draws infinity under noise": {"loud", "not finite", secret{weak: true, result: func(r *analysis.Result) {
			if x := r.Tables[0].Columns[0].Numbers[0]; x < 18 || x > 100 {
				r.Figures[0].Series[0].Y[0] = math.Inf(1)
			}
		}}},
		"divides by nobody":             {"adversarial", "not finite", secret{weak: true}},
		"expects nothing finite":        {"expects", "expects", secret{expect: func(e *analysis.Expectation) { e.Within = math.Inf(1) }}},
		"expects less under more noise": {"expects", "more noise", secret{expect: func(e *analysis.Expectation) { e.Within = 1 / e.Within }}},
		"does not say what it expects":  {"expects", "expects", secret{expect: func(e *analysis.Expectation) { e.What = "" }}},
	} {
		t.Run(name, func(t *testing.T) {
			failures, panicked := attempt(func(tb testing.TB) {
				for _, p := range privatePromises() {
					if p.name == c.promise {
						p.check(tb, c.broken, Case{Params: analysis.Params{"variable": "age"}})
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
	if failures, _ := attempt(func(tb testing.TB) { checkRefusal(tb, analysis.Refuse("x", "cannot be done")) }); len(failures) == 0 {
		t.Error("a refusal that says nothing of what to do is taken")
	}
}
