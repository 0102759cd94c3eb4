package pool

import (
	"cmp"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// compare is the order that the documentation promises, said another way.
func compare(k Kind, v Values, i, j int) int {
	switch k {
	case Float64: // cmp has NaN first, and zeros equal
		return cmp.Compare(v.Float64[i], v.Float64[j])
	case Int64:
		return cmp.Compare(v.Int64[i], v.Int64[j])
	case Int32:
		a, b := v.Int32[i], v.Int32[j]
		if (a == -1) != (b == -1) {
			if a == -1 {
				return -1
			}
			return 1
		}
		return cmp.Compare(a, b)
	}
	return cmp.Compare(v.Uint64[i], v.Uint64[j])
}

func take(v Values, rows []int) (out Values) {
	for _, r := range rows {
		switch {
		case v.Float64 != nil:
			out.Float64 = append(out.Float64, v.Float64[r])
		case v.Int64 != nil:
			out.Int64 = append(out.Int64, v.Int64[r])
		case v.Int32 != nil:
			out.Int32 = append(out.Int32, v.Int32[r])
		case v.Uint64 != nil:
			out.Uint64 = append(out.Uint64, v.Uint64[r])
		}
	}
	return out
}

// sortedBy is the table sorted by package slices, equal rows in their order.
func (m model) sortedBy(by []string) model {
	order := make([]int, m.len())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		for _, b := range by {
			c := slices.IndexFunc(m.fields, func(f Field) bool { return f.Name == b })
			if d := compare(m.fields[c].Kind, m.rows[c], i, j); d != 0 {
				return d
			}
		}
		return 0
	})
	out := model{name: m.name, fields: m.fields, by: by}
	for _, c := range m.rows {
		out.rows = append(out.rows, take(c, order))
	}
	return out
}

// TestSortedAsSlices: whatever is spilled when, the rows come as slices sorts them.
func TestSortedAsSlices(t *testing.T) {
	dir, n := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		m := drawTable(t, "t", rapid.SampledFrom([]int{1, 20, 100}).Draw(t, "most"))
		row := Values{Int64: make([]int64, m.len())} // tells equal rows apart
		for i := range row.Int64 {
			row.Int64[i] = int64(i)
		}
		m.fields, m.rows = append(m.fields, Field{"row", Int64}), append(m.rows, row)
		var by []string
		for range rapid.IntRange(1, 3).Draw(t, "keys") {
			by = append(by, rapid.SampledFrom(m.fields[:len(m.fields)-1]).Draw(t, "by").Name)
		}
		n++
		w, err := Create(filepath.Join(dir, strconv.Itoa(n)), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Abort()
		a, err := w.Sorted("t", m.fields, by...)
		if err != nil {
			t.Fatal(err)
		}
		for from := 0; from < m.len(); {
			to := rapid.IntRange(from, m.len()).Draw(t, "to")
			var b []Values
			for _, c := range m.rows {
				b = append(b, part(c, from, to))
			}
			if err := a.Append(b...); err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "spill") {
				if err := a.spill(); err != nil {
					t.Fatal(err)
				}
			}
			from = to
		}
		if _, err := w.Commit(nil); err != nil {
			t.Fatal(err)
		}
		p, err := Open(w.path)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		hold(t, p, m.sortedBy(by))
		holdArrow(t, p, m.sortedBy(by))
	})
}

// TestExternalSort: a table much larger than the writer's memory, in many runs.
func TestExternalSort(t *testing.T) {
	rows := 400_000
	if testing.Short() {
		rows = 100_000
	}
	m := many(rows)
	m.by = []string{"c", "i"}
	path := filepath.Join(t.TempDir(), "p")
	store(t, path, Options{Memory: 1}, 1000, m)
	p := mustOpen(t, path)
	hold(t, p, m.sortedBy(m.by))
}

func TestFloatKeysOrder(t *testing.T) {
	xs := []float64{math.NaN(), math.Inf(-1), -math.MaxFloat64, -1, -math.SmallestNonzeroFloat64, 0, math.SmallestNonzeroFloat64, 1, math.MaxFloat64, math.Inf(1)}
	for i := 1; i < len(xs); i++ {
		if floatKey(xs[i-1]) >= floatKey(xs[i]) {
			t.Errorf("%v does not come before %v", xs[i-1], xs[i])
		}
	}
	if floatKey(math.Copysign(0, -1)) != floatKey(0) {
		t.Error("zeros differ")
	}
}
