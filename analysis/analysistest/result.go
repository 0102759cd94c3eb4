package analysistest

import (
	"bytes"
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/plot"
)

var sentence = regexp.MustCompile(`^[A-Z].* .*\.$`)

// checkResult asks for a well-formed result on ordinary people over three
// sites: NaN only where the case says that R has none, figures that can be
// drawn, bounds that say in a sentence what is opened and which columns are read.
func checkResult(t testing.TB, a analysis.Analysis, c Case) {
	t.Helper()
	people := c.people()
	res, rounds := Rounds(t, a, c.Params, people.Schema, deal(people, 3, 1)...)
	if c.Rounds > 0 && len(rounds) > c.Rounds {
		t.Errorf("took %d rounds, want at most %d", len(rounds), c.Rounds)
	}
	wellFormed(t, res)
	for _, tab := range res.Tables {
		for _, col := range tab.Columns {
			if slices.ContainsFunc(col.Numbers, math.IsNaN) && !slices.Contains(c.Absent, tab.Name+"."+col.Name) {
				t.Errorf("column %s.%s has a NaN; list it in Absent if R gives NA there", tab.Name, col.Name)
			}
		}
	}
	run, _, err := a.Start(c.Params, people.Schema)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	for i, r := range rounds {
		b, err := run.Bounds(r.State)
		if err != nil {
			t.Fatalf("round %d: bounds: %v", i, err)
		}
		if !sentence.MatchString(b.Opens) {
			t.Errorf("round %d: Opens is %q, want a sentence for the receipt", i, b.Opens)
		}
		if len(b.Columns) == 0 {
			t.Errorf("round %d: Bounds names no column", i)
		}
		if _, err := people.Schema.Select(b.Columns...); err != nil {
			t.Errorf("round %d: Bounds.Columns: %v", i, err)
		}
		narrow, err := Narrow(people, b.Columns...)
		if err != nil {
			continue
		}
		if w := contribution(t, run, narrow, r); !slices.Equal(w, contribution(t, run, people, r)) {
			t.Errorf("round %d: the contribution reads columns that Bounds does not name", i)
		}
	}
}

// wellFormed asks that a result's tables are rectangular with names, that its
// figures hold finite numbers, and that its JSON gives the same result back.
func wellFormed(t testing.TB, res *analysis.Result) {
	t.Helper()
	if len(res.Tables) == 0 {
		t.Error("the result has no table")
	}
	seen := map[string]bool{}
	for _, tab := range res.Tables {
		if tab.Name == "" || tab.Title == "" || seen[tab.Name] {
			t.Errorf("table %q: name or title missing, or name used twice", tab.Name)
		}
		seen[tab.Name] = true
		for _, col := range tab.Columns {
			if col.Name == "" || col.Len() != tab.Rows() {
				t.Errorf("table %s: column %q has %d rows, want %d", tab.Name, col.Name, col.Len(), tab.Rows())
			}
		}
	}
	for _, f := range res.Figures {
		drawable(t, f)
	}
	one := encode(t, res)
	var back analysis.Result
	if err := json.Unmarshal(one, &back); err != nil {
		t.Errorf("the result's JSON cannot be read back: %v", err)
	} else if two := encode(t, &back); !bytes.Equal(one, two) {
		t.Error("the result's JSON changes when it is read and written again")
	}
}

func drawable(t testing.TB, f plot.Figure) {
	t.Helper()
	if f.Name == "" || f.Title == "" || f.Kind == "" || f.Caption == "" {
		t.Errorf("figure %q: name, title, kind or caption missing", f.Name)
	}
	for _, s := range f.Series {
		for what, xs := range map[string][]float64{"x": s.X, "y": s.Y, "lo": s.Lo, "hi": s.Hi, "marks": s.Marks, "z": s.Z} {
			if slices.ContainsFunc(xs, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }) {
				t.Errorf("figure %s: series %q has a %s that is not finite", f.Name, s.Name, what)
			}
		}
		if f.Kind == plot.Heat {
			if n := len(f.X.Labels); len(s.Z) != n*len(f.Y.Labels) || n == 0 {
				t.Errorf("figure %s: %d cells for %d by %d labels", f.Name, len(s.Z), len(f.X.Labels), len(f.Y.Labels))
			}
		}
	}
}

func encode(t testing.TB, res *analysis.Result) []byte {
	t.Helper()
	b, err := json.Marshal(res)
	if err != nil {
		t.Fatalf("the result cannot be encoded: %v", err)
	}
	return b
}
