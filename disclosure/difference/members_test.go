package difference

import (
	"io"
	"math"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/table"
)

// byDefinition are the members of a question, one value after the other.
func byDefinition(g *Guard, t table.Table, q question) []uint64 {
	value := valuesOf(t, q.variable)
	if q.variable == headcount {
		value = func(int) (uint64, bool) { return 0, true }
	}
	of, times := map[uint64][]uint64{}, map[uint64]uint64{}
	var out []uint64
	row, patient, people := g.hasher("row"), g.hasher("patient"), g.hasher("people")
	for r := range q.rows.All() {
		x, ok := value(r)
		switch {
		case !ok:
		case q.variable == headcount && t.Pseudonyms == nil:
			of[uint64(r)] = append(of[uint64(r)], x)
		case t.Pseudonyms != nil && (t.Patients != nil || q.variable == headcount):
			of[t.Pseudonyms[r]] = append(of[t.Pseudonyms[r]], x)
		default:
			times[x]++
			out = append(out, row.sum(x, times[x]))
		}
	}
	for who, xs := range of {
		if slices.Sort(xs); q.variable == headcount {
			out = append(out, people.sum(who, uint64(len(xs))))
		} else {
			out = append(out, patient.sum(append([]uint64{who}, xs...)...))
		}
	}
	slices.Sort(out)
	return out
}

func held(t interface{ Fatalf(string, ...any) }, g *Guard, all table.Table, rows table.Subset) {
	for _, name := range []string{"age", "score", headcount} {
		q := question{name, rows}
		if got, want := g.members(all, q), byDefinition(g, all, q); !slices.Equal(got, want) {
			t.Fatalf("%q: %d members, want %d", name, len(got), len(want))
		}
	}
}

// Members are patients with all their values, whatever the way in which they are found.
func TestMembersAreTheirDefinition(t *testing.T) {
	g, _ := newGuard(t, 10)
	all := people(t, 40, 3, 11)
	rapid.Check(t, func(t *rapid.T) {
		few := all.Take(rapid.SliceOfN(rapid.IntRange(0, 39), 1, 80).Draw(t, "people"))
		if rapid.Bool().Draw(t, "nameless") {
			few.Patients = nil
			few.Pseudonyms = nil
		}
		var rows table.Subset
		for r := range few.Rows() {
			if rapid.Bool().Draw(t, "in") {
				rows.Add(r)
			}
		}
		held(t, g, few, rows)
	})
}

// The same where the cores share the work.
func TestManyMembersAreTheirDefinition(t *testing.T) {
	g, _ := newGuard(t, 10)
	const n = 3*parallel + 5
	all := people(t, n, 5, n-1)
	all.Columns[0].Numbers[7] = math.NaN()
	nameless := all
	nameless.Patients, nameless.Pseudonyms = nil, nil
	named := all // rows without a patient's column
	named.Patients = nil
	for _, of := range []table.Table{all, nameless, named} {
		held(t, g, of, table.SubsetOf(rows(n)[1:]...))
	}
}

// nowhere keeps no history.
type nowhere struct{}

func (nowhere) Change() (Change, error)                        { return nowhere{}, nil }
func (nowhere) Open(string) (io.ReadCloser, error)             { return nil, nil }
func (nowhere) Write(_ string, do func(io.Writer) error) error { return do(io.Discard) }
func (nowhere) Commit() error                                  { return nil }
func (nowhere) Abort()                                         {}

// A set takes 8 bytes for each of its members, and nothing else grows with them: what
// lets a site of 2 GiB answer about 50 million rows.
func TestMemoryOfASet(t *testing.T) {
	g, err := New(nowhere{}, secret, 10, 3)
	if err != nil {
		t.Fatal(err)
	}
	const n = 200_000
	all := people(t, n)
	named := all
	named.Patients = nil
	nameless := named
	nameless.Pseudonyms = nil
	for _, of := range []table.Table{all, named, nameless} {
		use := Use{Variables: []string{"age", "score"}, Rows: table.SubsetOf(rows(n)...)}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := g.Admit("d", of, []Use{use, use}); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		const sets = 3 // two variables and the headcount; a use that is repeated is none
		if each := float64(after.TotalAlloc-before.TotalAlloc) / n / sets; each > 10 && !testing.Short() {
			t.Errorf("%.1f bytes for each member of a set", each)
		}
	}
}
