package analysistest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// checkPure asks that a run's methods depend on their arguments alone and leave
// them alone: a second run of the same study gives the same bytes, from several
// goroutines at once (the race detector looks on), and parameters, table, state
// and sum are as they were.
func checkPure(t testing.TB, a analysis.Analysis, c Case) {
	t.Helper()
	people := c.people()
	before, params := clone(people), fmt.Sprint(c.Params)
	run, first, err := a.Start(c.Params, people.Schema)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	for range 5 {
		if _, again, err := a.Start(c.Params, people.Schema); err != nil || !bytes.Equal(first, again) {
			t.Fatalf("a second start gives another state (%v)", err)
		}
	}
	_, rounds := Rounds(t, a, c.Params, people.Schema, people)
	alone := make([]string, len(rounds))
	for i, r := range rounds {
		alone[i] = once(t, run, people, r)
		if want := outcome(rounds, i); !strings.Contains(alone[i], want) {
			t.Errorf("round %d: the same sum gives another next state than in the first run", i)
		}
	}
	if !same(people, before) {
		t.Error("the table was changed")
		return // several goroutines would race for it
	}
	if fmt.Sprint(c.Params) != params {
		t.Error("the parameters were changed")
	}
	for i, r := range rounds {
		var wg sync.WaitGroup
		got := make([]string, 4)
		for k := range got {
			wg.Go(func() { got[k] = once(t, run, people, r) })
		}
		wg.Wait()
		if !all(got, func(s string) bool { return s == alone[i] }) {
			t.Errorf("round %d: the same arguments give different answers", i)
		}
	}
}

// once runs one round and writes down everything that came out. It fails where
// the sum or the state is not as it went in.
func once(t testing.TB, run analysis.Run, people table.Table, r Round) string {
	state := slices.Clone(r.State)
	b, err := run.Bounds(state)
	v := fixed.NewVector(r.Grid)
	err2 := run.Local(people, state, v)
	sum := fixed.Decode(r.Grid, r.Words)
	kept := slices.Clone(sum)
	next, res, err3 := run.Next(sum, state)
	body, err4 := json.Marshal(res)
	if !slices.Equal(sum, kept) {
		t.Error("Next changed the sum")
	}
	if !bytes.Equal(state, r.State) {
		t.Error("the state was changed")
	}
	return fmt.Sprintf("%v %v %v %s %s %v %v %v %v", b, v.Words, v.Err(), next, body, err, err2, err3, err4)
}

// outcome is the state that round i led to in the recorded run.
func outcome(rounds []Round, i int) string {
	if i+1 < len(rounds) {
		return string(rounds[i+1].State)
	}
	return ""
}

func clone(t table.Table) table.Table {
	rows := make([]int, t.Rows())
	for i := range rows {
		rows[i] = i
	}
	return t.Take(rows)
}

func same(a, b table.Table) bool {
	bits := func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) }
	return slices.EqualFunc(a.Columns, b.Columns, func(x, y table.Column) bool {
		return slices.Equal(x.Codes, y.Codes) && slices.EqualFunc(x.Numbers, y.Numbers, bits)
	})
}
