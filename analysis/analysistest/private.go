package analysistest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/table"
)

// The budgets of driven private runs, as rho of zCDP: at which noise is far below
// a patient; at which a few hundred people stand out well; of a study (epsilon 1,
// delta 1e-6); and two at which noise drowns everything.
const (
	still = 1e14
	clear = 1e3
	usual = 0.0243559704
	loud  = 1e-5
	deaf  = 1e-14
)

// PrivateSuite holds the private form of an analysis against the contract of
// analysis.PrivateRun, one test per promise. A case that has no private form is
// refused by a text that says what to use instead, and goes no further.
func PrivateSuite(t *testing.T, a analysis.PrivateAnalysis, cases ...Case) {
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			run, _, err := a.StartPrivate(c.Params, c.people().Schema)
			if err != nil {
				checkRefusal(t, err)
				return
			}
			if run == nil {
				t.Fatal("neither a run nor a refusal")
			}
			for _, p := range privatePromises() {
				t.Run(p.name, func(t *testing.T) { p.check(t, a, c) })
			}
		})
	}
}

type privatePromise struct {
	name  string
	check func(testing.TB, analysis.PrivateAnalysis, Case)
}

func privatePromises() []privatePromise {
	return []privatePromise{
		{"declares", checkDeclared},
		{"bounded", checkBounded},
		{"partition", checkPrivatePartition},
		{"pure", checkPrivatePure},
		{"still", checkStill},
		{"loud", checkLoud},
		{"adversarial", checkPrivateAdversarial},
		{"expects", checkExpected},
	}
}

// checkRefusal asks that a refusal names what to do instead.
func checkRefusal(t testing.TB, err error) {
	t.Helper()
	var r *analysis.Refusal
	if !errors.As(err, &r) {
		t.Errorf("no private form, by %v: want an *analysis.Refusal", err)
	} else if text := strings.ToLower(r.Text); !strings.Contains(text, "use ") && !strings.Contains(text, "instead") && !strings.Contains(text, "take ") {
		t.Errorf("the refusal does not say what to use instead: %s", r.Text)
	}
}

// checkDeclared asks for queries that bound one patient, spend at most the
// budget, and name what they read and open.
func checkDeclared(t testing.TB, a analysis.PrivateAnalysis, c Case) {
	t.Helper()
	people := c.people()
	run, _, err := a.StartPrivate(c.Params, people.Schema)
	if err != nil {
		t.Fatalf("start private: %v", err)
	}
	before, share := fmt.Sprintf("%+v", run.Queries()), 0.0
	for i, q := range run.Queries() {
		if !sentence.MatchString(q.Opens) {
			t.Errorf("round %d: Opens is %q, want a sentence for the receipt", i, q.Opens)
		}
		if _, err := people.Schema.Select(q.Columns...); err != nil || len(q.Columns) == 0 {
			t.Errorf("round %d: the columns %q: %v", i, q.Columns, err)
		}
		if len(q.Blocks) == 0 {
			t.Errorf("round %d has no block", i)
		}
		for k, b := range q.Blocks {
			share += b.Share
			switch {
			case b.Len < 1 || b.Touches() < 1 || b.Touches() > b.Len || !(b.Share > 0):
				t.Errorf("round %d, block %d: %d coordinates, support %d, share %v", i, k, b.Len, b.Support, b.Share)
			case !(b.L2 > 0 && b.L2 <= b.L1*(1+1e-9)) || b.L1 > b.L2*math.Sqrt(float64(b.Touches()))*(1+1e-9):
				t.Errorf("round %d, block %d: norms %v and %v of %d coordinates: want L2 <= L1 <= L2 times the root of the support", i, k, b.L1, b.L2, b.Touches())
			}
		}
	}
	if share > 1+1e-9 {
		t.Errorf("the blocks take %v of the budget", share)
	}
	PrivateRounds(t, a, c.Params, people.Schema, clear, Gaussian(1), people)
	if fmt.Sprintf("%+v", run.Queries()) != before {
		t.Error("the queries changed after a run")
	}
	again, _, err := a.StartPrivate(c.Params, people.Schema)
	if err != nil || fmt.Sprintf("%+v", again.Queries()) != before {
		t.Errorf("a second run of the same study declares other queries (%v)", err)
	}
}

// checkBounded asks that a patient adds the same whoever else is at the site, from
// the named columns only, and within the declared norms: of ordinary people and of
// people at the edges of the declared ranges, at states under little and much noise.
func checkBounded(t testing.TB, a analysis.PrivateAnalysis, c Case) {
	t.Helper()
	people := c.people()
	everyone := join(people, corners(people.Schema, 60, 3))
	run, _, err := a.StartPrivate(c.Params, people.Schema)
	if err != nil {
		t.Fatalf("start private: %v", err)
	}
	for _, rho := range []float64{still, clear, usual, loud} {
		var rounds []PrivateRound
		failures, panicked := attempt(func(t testing.TB) {
			_, rounds = PrivateRounds(t, a, c.Params, people.Schema, rho, Gaussian(2), everyone)
		})
		if panicked != nil {
			t.Fatalf("panic: %v", panicked)
		}
		if len(failures) > 0 && (rho > usual || strings.Contains(failures[0], "row ")) {
			t.Fatalf("rho %v: %s", rho, failures[0])
		}
		for i, r := range rounds {
			checkRows(t, run, i, r, everyone)
		}
	}
}

// checkRows compares some rows within the table and alone, and with the named
// columns only.
func checkRows(t testing.TB, run analysis.PrivateRun, round int, r PrivateRound, everyone table.Table) {
	t.Helper()
	narrow, err := Narrow(everyone, r.Query.Columns...)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(openPrivate(t, run, r.Query, r.State, narrow), r.Sum) {
		t.Errorf("round %d reads columns that the query does not name", round)
	}
	rng := rand.New(rand.NewPCG(11, 13))
	for range 3 {
		k := rng.IntN(everyone.Rows())
		one := openPrivate(t, run, r.Query, r.State, everyone.Slice(k, k+1))
		rest := openPrivate(t, run, r.Query, r.State, everyone.Slice(0, k), everyone.Slice(k+1, everyone.Rows()))
		without := openPrivate(t, run, r.Query, r.State, join(everyone.Slice(0, k), everyone.Slice(k+1, everyone.Rows())))
		for i := range one {
			if one[i]+rest[i] != r.Sum[i] || rest[i] != without[i] {
				t.Errorf("round %d: row %d adds other numbers alone than among others (coordinate %d)", round, k, i)
				return
			}
		}
	}
}

// checkPrivatePartition asks that the same people over 1, 2 and 7 sites open the
// same sums in every round and have the same result.
func checkPrivatePartition(t testing.TB, a analysis.PrivateAnalysis, c Case) {
	t.Helper()
	people := c.people()
	want, rounds := PrivateRounds(t, a, c.Params, people.Schema, clear, Gaussian(3), people)
	for seed, n := range []int{1, 2, 7} {
		got, r := PrivateRounds(t, a, c.Params, people.Schema, clear, Gaussian(3), fill(deal(people, n, uint64(seed)))...)
		for i := range r {
			if !bytes.Equal(r[i].State, rounds[i].State) || !slices.Equal(r[i].Sum, rounds[i].Sum) {
				t.Errorf("%d sites: the sum of round %d differs from the pooled people's", n, i)
				return
			}
		}
		if !bytes.Equal(encode(t, got), encode(t, want)) {
			t.Errorf("%d sites: the result differs from the pooled people's", n)
		}
	}
}

// checkPrivatePure asks that Next depends on its arguments alone and leaves them
// alone, that a state written again leads to the same place, and that the table is
// as it was: what follows the opened sum is post-processing.
func checkPrivatePure(t testing.TB, a analysis.PrivateAnalysis, c Case) {
	t.Helper()
	people := c.people()
	before, params := clone(people), fmt.Sprint(c.Params)
	_, rounds := PrivateRounds(t, a, c.Params, people.Schema, clear, Gaussian(4), people)
	if !same(people, before) {
		t.Error("the table was changed")
	}
	if fmt.Sprint(c.Params) != params {
		t.Error("the parameters were changed")
	}
	for i, r := range rounds {
		sum, sd, state := slices.Clone(r.Sum), slices.Clone(r.SD), slices.Clone(r.State)
		var first string
		for k := range 3 {
			run, _, err := a.StartPrivate(c.Params, people.Schema)
			if err != nil {
				t.Fatalf("start private: %v", err)
			}
			if k == 2 {
				if state, err = rewrite(r.State); err != nil {
					t.Fatalf("round %d: the state is not JSON: %v", i, err)
				}
			}
			next, res, err := run.Next(sum, sd, state)
			body, err2 := json.Marshal(res)
			answer := fmt.Sprintf("%s %s %v %v", next, body, err, err2)
			if k == 0 {
				first = answer
			}
			if answer != first {
				t.Errorf("round %d: the same sum leads to another answer", i)
			}
			if !slices.Equal(sum, r.Sum) || !slices.Equal(sd, r.SD) || k < 2 && !bytes.Equal(state, r.State) {
				t.Fatalf("round %d: Next changed its arguments", i)
			}
		}
	}
}

// missing matches a note that explains what is not there.
var missing = regexp.MustCompile(`(?i)\bnot (estimated|given|shown|reached)|too few|nobody`)

// checkStill asks for a complete result where noise is far below one patient.
func checkStill(t testing.TB, a analysis.PrivateAnalysis, c Case) {
	t.Helper()
	people := c.people()
	res := DrivePrivate(t, a, c.Params, people.Schema, still, Gaussian(5), people)
	checkReadable(t, res)
	explained := slices.ContainsFunc(res.Notes, missing.MatchString)
	for _, tab := range res.Tables {
		for _, col := range tab.Columns {
			if !explained && slices.ContainsFunc(col.Numbers, math.IsNaN) && !slices.Contains(c.Absent, tab.Name+"."+col.Name) {
				t.Errorf("without noise, column %s.%s has a NaN that no note explains; list it in Absent if the exact form has one there", tab.Name, col.Name)
			}
		}
	}
}

// checkLoud asks that a result under any noise is one that a person can read, or
// an error that says so.
func checkLoud(t testing.TB, a analysis.PrivateAnalysis, c Case) {
	t.Helper()
	people := c.people()
	for _, rho := range []float64{usual, loud, deaf} {
		for seed := range uint64(4) {
			sound(t, fmt.Sprintf("rho %v", rho), a, c, rho, Gaussian(seed), people)
		}
		for name, draw := range map[string]func(float64) float64{
			"all noise up":   func(sd float64) float64 { return 3 * sd },
			"all noise down": func(sd float64) float64 { return -3 * sd },
		} {
			sound(t, fmt.Sprintf("rho %v, %s", rho, name), a, c, rho, draw, people)
		}
	}
}

// checkPrivateAdversarial drives the tables that break arithmetic, with little
// noise and much.
func checkPrivateAdversarial(t testing.TB, a analysis.PrivateAnalysis, c Case) {
	t.Helper()
	for _, h := range hard(c.people()) {
		sound(t, h.name+", still", a, c, still, Gaussian(6), h.sites...)
		sound(t, h.name+", no noise", a, c, still, Quiet, h.sites...)
		sound(t, h.name, a, c, usual, Gaussian(7), h.sites...)
	}
}

// sound drives a run and asks for a readable result or a readable error.
func sound(t testing.TB, name string, a analysis.PrivateAnalysis, c Case, rho float64, noise func(float64) float64, sites ...table.Table) {
	t.Helper()
	var res *analysis.Result
	failures, panicked := attempt(func(t testing.TB) {
		res = DrivePrivate(t, a, c.Params, c.people().Schema, rho, noise, sites...)
	})
	switch {
	case panicked != nil:
		t.Errorf("%s: panic: %v", name, panicked)
	case len(failures) > 0 && unclear.MatchString(failures[0]):
		t.Errorf("%s: not an error for people: %s", name, failures[0])
	case len(failures) == 0:
		bad, panicked := attempt(func(t testing.TB) { checkReadable(t, res) })
		for _, b := range bad {
			t.Errorf("%s: %s", name, b)
		}
		if panicked != nil {
			t.Errorf("%s: the result cannot be encoded: %v", name, panicked)
		}
	}
}

// checkReadable asks for a well-formed result that says that it carries noise.
func checkReadable(t testing.TB, res *analysis.Result) {
	t.Helper()
	wellFormed(t, res)
	if !slices.ContainsFunc(res.Notes, func(n string) bool { return strings.Contains(strings.ToLower(n), "noise") }) {
		t.Errorf("no note says that the result carries noise: %q", res.Notes)
	}
}

// checkExpected asks for expectations that are finite, named, and larger under
// more noise.
func checkExpected(t testing.TB, a analysis.PrivateAnalysis, c Case) {
	t.Helper()
	run, _, err := a.StartPrivate(c.Params, c.people().Schema)
	if err != nil {
		t.Fatalf("start private: %v", err)
	}
	expect := func(rho float64, people int) []analysis.Expectation {
		var sd [][]float64
		for _, q := range run.Queries() {
			sd = append(sd, deviations(q, rho))
		}
		return run.Expect(sd, people)
	}
	little, much := expect(usual, 1000), expect(usual/100, 1000)
	if len(little) == 0 || len(little) != len(much) {
		t.Fatalf("%d expectations, with more noise %d", len(little), len(much))
	}
	for i, e := range little {
		if e.What == "" || !(e.Within >= 0) || math.IsInf(e.Within, 0) {
			t.Errorf("expects %+v", e)
		}
		if much[i].Within < e.Within {
			t.Errorf("more noise is expected to do less: %v, then %v", e, much[i])
		}
	}
	for _, n := range []int{0, 1, 2} {
		for _, e := range expect(usual, n) {
			if math.IsNaN(e.Within) {
				t.Errorf("of %d people: expects %+v", n, e)
			}
		}
	}
}
