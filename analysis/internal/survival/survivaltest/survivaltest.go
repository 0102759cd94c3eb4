// Package survivaltest reads R's results, with which the survival analyses are
// compared, and compares with them.
package survivaltest

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"hmsp.center/hmsp/table"
)

// Data is the path of a file in testdata.
func Data(name string) string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..", "testdata", name)
}

// Keep is the rows for which keep says so.
func Keep(t table.Table, keep func(row int) bool) table.Table {
	var rows []int
	for i := range t.Rows() {
		if keep(i) {
			rows = append(rows, i)
		}
	}
	return t.Take(rows)
}

// ByLevel splits the rows by the levels of a category; rows where it is
// missing are left out.
func ByLevel(t table.Table, name string) []table.Table {
	v, _ := t.Schema.Lookup(name)
	codes := t.Codes(name)
	out := make([]table.Table, len(v.Levels))
	for k := range out {
		out[k] = Keep(t, func(i int) bool { return codes[i] == int32(k) })
	}
	return out
}

// Golden is one result of R, as numbers and texts by name; a missing value is NaN.
type Golden map[string]any

// Goldens reads a file of results.
func Goldens(t testing.TB, path string) map[string]Golden {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		t.Fatal(err)
	}
	out := map[string]Golden{}
	for name, r := range raw {
		var g Golden
		if json.Unmarshal(r, &g) == nil {
			out[name] = g
		}
	}
	return out
}

// Within is the part of a result under a name.
func (g Golden) Within(name string) Golden { m, _ := g[name].(map[string]any); return m }

// Number is a number, or NaN.
func (g Golden) Number(name string) float64 { return number(g[name]) }

// Numbers is a list of numbers (a single one is a list of one).
func (g Golden) Numbers(name string) []float64 {
	list, ok := g[name].([]any)
	if !ok {
		return []float64{number(g[name])}
	}
	out := make([]float64, len(list))
	for i, x := range list {
		out[i] = number(x)
	}
	return out
}

// Texts is a list of texts (a single one is a list of one).
func (g Golden) Texts(name string) []string {
	list, ok := g[name].([]any)
	if !ok {
		s, _ := g[name].(string)
		return []string{s}
	}
	out := make([]string, len(list))
	for i, x := range list {
		out[i], _ = x.(string)
	}
	return out
}

func number(v any) float64 {
	if x, ok := v.(float64); ok {
		return x
	}
	return math.NaN()
}

// Near fails the test unless got is want to the relative tolerance; NaN is NaN.
func Near(t testing.TB, what string, got, want, rel float64) {
	t.Helper()
	if math.IsNaN(want) && math.IsNaN(got) || got == want {
		return
	}
	if !(math.Abs(got-want) <= rel*math.Abs(want)) {
		t.Errorf("%s = %.15g, want %.15g (relative difference %.2g)", what, got, want, math.Abs(got-want)/math.Abs(want))
	}
}

// NearAll is Near for lists.
func NearAll(t testing.TB, what string, got, want []float64, rel float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		Near(t, what+" ["+strconv.Itoa(i+1)+"]", got[i], want[i], rel)
	}
}
