package glm

import (
	"math"
	"testing"

	"hmsp.center/hmsp/analysis/internal/formula"
)

// The canonical links here hardly ever overshoot, so the turns of the iteration
// are held to their rules on sums made by hand: one column, X'WX = 4.
func turn(st *state, deviance, score float64) {
	r := run{tolerance: 1e-12, most: 25}
	r.step(st, []float64{4, score, deviance}, layout{score: 1, deviance: 2})
}

func started() *state {
	st := &state{Design: &formula.Design{Columns: []formula.Column{{Name: "x", Scale: 1}}, Rows: 100}}
	turn(st, 100, 8) // from the starting means: beta = 8/4
	return st
}

func TestStepIsNewton(t *testing.T) {
	st := started()
	turn(st, 50, 2)
	if st.Beta[0] != 2.5 || st.Previous[0] != 2 || st.Inverse[0] != 0.25 || st.Step != 2 || st.Deviance != 50 || st.End != "" {
		t.Errorf("after two steps: %+v", st)
	}
	turn(st, 50, 0)
	if st.End != converged || st.Final != 50 || st.Beta[0] != 2.5 {
		t.Errorf("an unchanged deviance did not end the iteration: %+v", st)
	}
}

// A deviance that rises halves the step, up to ten times (Marschner 2011).
func TestStepHalving(t *testing.T) {
	st := started()
	turn(st, 50, 40) // beta 2 -> 12
	for k := 1; k <= 10; k++ {
		turn(st, 60, 99)
		if want := 2 + 10/math.Pow(2, float64(k)); st.Beta[0] != want || st.End != "" {
			t.Fatalf("halving %d: beta %v, want %v (%s)", k, st.Beta[0], want, st.End)
		}
	}
	better := *st
	turn(&better, 49, 4)
	if better.Halvings != 0 || better.Deviance != 49 {
		t.Errorf("a better deviance was not taken: %+v", better)
	}
	turn(st, 60, 99)
	if st.End != stuck {
		t.Errorf("the eleventh halving: %q, want %q", st.End, stuck)
	}
}

func TestIterationsAreLimited(t *testing.T) {
	st := started()
	for k := 0; st.End == "" && k < 200; k++ {
		turn(st, 50-float64(k), 4)
	}
	if st.End != exhausted || st.Step != 25 {
		t.Errorf("ended by %q after %d steps", st.End, st.Step)
	}
}

// Steps that do not shrink at a deviance that rests are separation; steps that
// shrink are convergence, however slow.
func TestSeparationIsTold(t *testing.T) {
	st := started()
	for k := 0; st.End == "" && k < 200; k++ {
		turn(st, 10+math.Exp(-float64(k)), 4) // one more each time
	}
	if st.End != separation || st.Step > 25 {
		t.Errorf("constant steps: %q after %d steps", st.End, st.Step)
	}
	st = started()
	step := 4.0
	for k := 0; st.End == "" && k < 200; k++ {
		step /= 3
		turn(st, 10+step*step*1e-3, step)
	}
	if st.End != converged {
		t.Errorf("shrinking steps: %q", st.End)
	}
}
