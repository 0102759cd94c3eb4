package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/cohort"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/timeline"
)

// ways are the two ways to an answer.
func ways() map[string]func(context.Context, table.History, Question, Options) (table.Table, io.Closer, error) {
	return map[string]func(context.Context, table.History, Question, Options) (table.Table, io.Closer, error){"Ask": Ask, "Evaluate": Evaluate}
}

func question(t *testing.T, expression string, variables ...string) Question {
	t.Helper()
	spec := timeline.Spec{Variables: map[string]timeline.Derived{
		"patient": {Of: "visit", Take: timeline.Count, Max: 9},
		"latest":  {Of: "stage", Take: timeline.Last},
	}}
	plan, err := timeline.Compile(spec, clinical(), []string{"hba1c"})
	if err != nil {
		t.Fatal(err)
	}
	e, err := cohort.Parse(expression, plan.Schema())
	if err != nil {
		t.Fatal(err)
	}
	vs, err := plan.Schema().Select(variables...)
	if err != nil {
		t.Fatal(err)
	}
	return Question{Timeline: plan, Cohort: &e, Variables: vs}
}

// Everyone, nobody, no people, no variables, names that a pool has itself.
func TestAskEdges(t *testing.T) {
	h := past(30, 60, dice(5))
	for name, way := range ways() {
		for expression, want := range map[string]int{"": 30, "1 > 2": 0, "patient >= 0": 30} {
			for _, variables := range [][]string{nil, {"latest", "patient"}, {"hba1c"}} {
				for _, o := range []Options{{}, {Pool: filepath.Join(t.TempDir(), "pool"), Memory: 64 << 20}} {
					q := question(t, expression, variables...)
					got, c, err := way(t.Context(), h, q, o)
					if err != nil || got.Rows() != want || len(got.Schema) != len(variables) {
						t.Errorf("%s %q of %v: %d rows, %v", name, expression, variables, got.Rows(), err)
						continue
					}
					sameTable(t, got, byHand(t, h, q))
					if err := c.Close(); err != nil {
						t.Error(err)
					}
					none, c, err := way(t.Context(), past(0, 0, dice(1)), q, o)
					if err != nil || none.Rows() != 0 {
						t.Errorf("%s of no people: %d rows, %v", name, none.Rows(), err)
						continue
					}
					if err := c.Close(); err != nil {
						t.Error(err)
					}
					if _, err := os.Stat(o.Pool); o.Pool != "" && !errors.Is(err, fs.ErrNotExist) {
						t.Errorf("%s: a closed answer is still there: %v", name, err)
					}
				}
			}
		}
	}
}

// What does not fit is refused, in words without a value, and nothing is left.
func TestAskRefuses(t *testing.T) {
	h := past(30, 60, dice(5))
	late := past(30, 60, dice(5))
	late.Death[29] = 1 << 60
	other, err := cohort.Parse("age > 1", table.Schema{{Name: "age", Kind: table.Number, Max: 1}})
	if err != nil {
		t.Fatal(err)
	}
	stranger := question(t, "", "hba1c")
	stranger.Variables[0].Kind = table.Flag
	unfit := question(t, "", "hba1c")
	unfit.Cohort = &other
	folder := t.TempDir()
	there := filepath.Join(folder, "there")
	if err := os.Mkdir(there, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, way := range ways() {
		for _, c := range []struct {
			h    table.History
			q    Question
			pool string
			want string
		}{
			{table.History{}, question(t, ""), "a", "lacks the variable"},
			{late, question(t, "patient > 2"), "b", "outside the years 1 to 9999"},
			{h, stranger, "c", `no variable "hba1c" of type flag`},
			{h, unfit, "d", `the cohort reads "age"`},
			{h, question(t, ""), "there", "there"},
		} {
			_, _, err := way(t.Context(), c.h, c.q, Options{Pool: filepath.Join(folder, c.pool)})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := way(ended, h, question(t, ""), Options{Pool: filepath.Join(folder, "e")}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", name, err)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A question that is cancelled on the way stops soon.
func TestAskCancelled(t *testing.T) {
	h, q := hospital(3e5), windowed(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	for {
		if _, _, err := Ask(ctx, h, q, Options{}); errors.Is(err, context.DeadlineExceeded) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// A small memory is enough for many people and many variables, because people are
// asked in parts.
func TestAskInLittleMemory(t *testing.T) {
	measurements := 300000
	if testing.Short() {
		measurements = 100000
	}
	h := hospital(measurements)
	spec := timeline.Spec{Variables: map[string]timeline.Derived{}}
	for i, take := range []timeline.Take{timeline.First, timeline.Last, timeline.Mean, timeline.Median} {
		for k := range 10 {
			spec.Variables[fmt.Sprint("v", i, "_", k)] = timeline.Derived{Of: "hba1c", Take: take}
		}
	}
	plan, err := timeline.Compile(spec, clinical(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []Question{windowed(t), {Timeline: plan, Cohort: &cohort.Expr{}, Variables: plan.Schema()}} {
		got, c, err := Ask(t.Context(), h, q, Options{Memory: 32 << 20, Pool: filepath.Join(t.TempDir(), "answer")})
		if err != nil {
			t.Fatal(err)
		}
		sameTable(t, got, byHand(t, h, q))
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
