package warehouse

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/cohort"
	"hmsp.center/hmsp/table"
)

// Rows are the same whether they are asked for at once or in parts, and kept in memory
// or in a pool.
func TestSelectIntoPoolInParts(t *testing.T) {
	dir, n := t.TempDir(), 0
	rapid.Check(t, func(rt *rapid.T) {
		pick := func(lo, hi int) int { return rapid.IntRange(lo, hi).Draw(rt, "cell") }
		tab := people(rt, pick(1, 24), pick)
		tab.Pseudonyms = nil
		if rapid.Bool().Draw(rt, "named") {
			for i := range tab.Rows() {
				tab.Pseudonyms = append(tab.Pseudonyms, uint64(i*3))
			}
		}
		if rapid.Bool().Draw(rt, "alone") {
			tab.Patients = nil
		}
		e, err := cohort.Parse(author{rt}.condition(3), schema())
		if err != nil {
			rt.Fatal(err)
		}
		rows, all, err := members(t.Context(), tab, e, DefaultMemory, pick(1, 30))
		if err != nil {
			rt.Fatal(err)
		}
		want := tab.Only(rows)
		if all {
			want = tab
		}
		same(rt, e, tab, want)
		n++
		path := filepath.Join(dir, fmt.Sprint(n))
		got, c, err := SelectInto(t.Context(), tab, e, Options{Pool: path})
		if err != nil {
			rt.Fatal(err)
		}
		same(rt, e, tab, got)
		if (got.Patients == nil) != (tab.Patients == nil) || !slices.Equal(got.Patients, want.Patients) || !slices.Equal(got.Pseudonyms, want.Pseudonyms) {
			rt.Fatalf("%v, %v; want %v, %v", got.Patients, got.Pseudonyms, want.Patients, want.Pseudonyms)
		}
		if err := c.Close(); err != nil {
			rt.Fatal(err)
		}
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			rt.Fatalf("the pool remains: %v", err)
		}
	})
}

// BenchmarkSelectInto is half of two million rows, in memory and in a pool.
func BenchmarkSelectInto(b *testing.B) {
	const n = 2_000_000
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i * 7919 % n)
	}
	t, err := table.New(table.Schema{{Name: "x", Kind: table.Number, Max: n}}, []table.Column{{Numbers: x}}, nil)
	if err != nil {
		b.Fatal(err)
	}
	e, err := cohort.Parse(fmt.Sprint("x < ", n/2), t.Schema)
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range []string{"", filepath.Join(b.TempDir(), "pool")} {
		b.Run(fmt.Sprint("pool=", path != ""), func(b *testing.B) {
			for b.Loop() {
				got, c, err := SelectInto(b.Context(), t, e, Options{Pool: path})
				if err != nil || got.Rows() != n/2 || c.Close() != nil {
					b.Fatal(got.Rows(), err)
				}
			}
		})
	}
}
