package analysistest

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// checkState asks that a state is all there is to know of a run: it is JSON;
// read and written again (with its keys in another order) and given to a run
// that was started anew, every round contributes the same integers and leads to
// the same next state and result. So a killed process can go on from its journal.
func checkState(t testing.TB, a analysis.Analysis, c Case) {
	t.Helper()
	people := c.people()
	want, rounds := Rounds(t, a, c.Params, people.Schema, people)
	for i, r := range rounds {
		state, err := rewrite(r.State)
		if err != nil {
			t.Errorf("round %d: the state is not JSON: %v", i, err)
			return
		}
		run, _, err := a.Start(c.Params, people.Schema)
		if err != nil {
			t.Fatalf("start: %v", err)
		}
		if w := contribution(t, run, people, Round{State: state, Grid: r.Grid}); !slices.Equal(w, r.Words) {
			t.Errorf("round %d: a run that starts from the state contributes something else", i)
		}
		next, res, err := run.Next(fixed.Decode(r.Grid, r.Words), state)
		switch {
		case err != nil:
			t.Errorf("round %d: a run that starts from the state fails: %v", i, err)
		case i+1 < len(rounds) && !bytes.Equal(next, rounds[i+1].State):
			t.Errorf("round %d: a run that starts from the state goes elsewhere", i)
		case i+1 == len(rounds) && (res == nil || !bytes.Equal(encode(t, res), encode(t, want))):
			t.Errorf("round %d: a run that starts from the state has another result", i)
		}
	}
}

// rewrite reads a state as any JSON and writes it with sorted keys.
func rewrite(s analysis.State) (analysis.State, error) {
	d := json.NewDecoder(bytes.NewReader(s))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

func contribution(t testing.TB, run analysis.Run, people table.Table, r Round) []uint64 {
	t.Helper()
	v := fixed.NewVector(r.Grid)
	if err := run.Local(people, r.State, v); err != nil {
		t.Errorf("local: %v", err)
		return nil
	}
	if err := v.Err(); err != nil {
		t.Errorf("local: %v", err)
	}
	return v.Words
}
