package difference

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/table"
)

var update = flag.Bool("update", false, "write testdata again")

// memory is a store that can fail.
type memory struct {
	values map[string][]byte
	fail   error
}

func (m *memory) Change() (Change, error) { return &change{m, map[string][]byte{}}, nil }

type change struct {
	*memory
	written map[string][]byte
}

func (c *change) Open(key string) (io.ReadCloser, error) {
	b, ok := c.written[key]
	if !ok {
		b, ok = c.values[key]
	}
	if !ok {
		return nil, nil
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

func (c *change) Write(key string, write func(io.Writer) error) error {
	var b bytes.Buffer
	err := write(&b)
	c.written[key] = b.Bytes()
	return err
}

func (c *change) Commit() error {
	if c.fail != nil {
		return c.fail
	}
	maps.Copy(c.values, c.written)
	return nil
}

func (c *change) Abort() {}

var secret = bytes.Repeat([]byte{3}, 32)

func newGuard(t testing.TB, floor int) (*Guard, *memory) {
	m := &memory{values: map[string][]byte{}}
	g, err := New(m, secret, floor, 3)
	if err != nil {
		t.Fatal(err)
	}
	return g, m
}

// people are n patients with an age and a score; the score is missing where
// missing says so.
func people(t testing.TB, n int, missing ...int) table.Table {
	s := table.Schema{{Name: "age", Kind: table.Number, Max: 120}, {Name: "score", Kind: table.Integer, Max: 9}}
	c := []table.Column{{Numbers: make([]float64, n)}, {Numbers: make([]float64, n)}}
	patients := make([]int32, n)
	pseudonyms := make([]uint64, n)
	for i := range n {
		c[0].Numbers[i], c[1].Numbers[i] = 30+float64(i%50), float64(i%7)
		if slices.Contains(missing, i) {
			c[1].Numbers[i] = math.NaN()
		}
		patients[i], pseudonyms[i] = int32(i), uint64(1000+i)
	}
	out, err := table.New(s, c, patients)
	if err != nil {
		t.Fatal(err)
	}
	out.Pseudonyms = pseudonyms
	return out
}

func rows(n int, without ...int) []int {
	var out []int
	for i := range n {
		if !slices.Contains(without, i) {
			out = append(out, i)
		}
	}
	return out
}

// The attacks on record against exact answers, and those of the issue: each is a
// history, and a last question that must be refused.
func TestDifferencesAreRefused(t *testing.T) {
	all := people(t, 60)
	changed := people(t, 60)
	changed.Columns[0].Numbers[7]++
	twice := all.Take(append(rows(60), 5))
	nameless := all
	nameless.Patients, nameless.Pseudonyms = nil, nil
	fewer := nameless.Take(rows(60, 0))
	gap := people(t, 60, 11)
	visits := all.Take(append(rows(60), slices.Repeat([]int{5}, 30)...)) // p5 came 31 times
	use := func(t table.Table, names []string, rows []int) func(*Guard) error {
		return func(g *Guard) error {
			_, err := g.Admit("lung", t, []Use{{Variables: names, Rows: table.SubsetOf(rows...)}})
			return err
		}
	}
	age := []string{"age"}
	for name, asks := range map[string][]func(*Guard) error{
		"leave one row out":             {use(all, age, rows(60)), use(all, age, rows(60, 4))},
		"one row more":                  {use(all, age, rows(60, 4)), use(all, age, rows(60))},
		"one row twice":                 {use(all, age, rows(60)), use(twice, age, rows(61))},
		"a value changed overnight":     {use(all, age, rows(60)), use(changed, age, rows(60))},
		"a patient admitted overnight":  {use(all.Take(rows(60, 59)), age, rows(59)), use(all, age, rows(60))},
		"no names: one row gone":        {use(nameless, age, rows(60)), use(fewer, age, rows(59))},
		"one of many rows gone":         {use(visits, age, rows(90)), use(visits, age, rows(89))},
		"one patient's many rows gone":  {use(visits, age, rows(90)), use(visits, age, rows(60))},
		"many rows of few patients":     {use(visits, age, rows(90)[55:])},
		"few patients":                  {use(all, age, []int{1, 2, 3})},
		"few others":                    {use(all, age, rows(60)[:57]), use(all, age, rows(60)[3:])},
		"a whole and its parts but one": {use(all, age, rows(60)), use(all, age, rows(60)[:20]), use(all, age, rows(60)[20:40]), use(all, age, rows(60)[41:])},
		"a missing value narrows it":    {use(gap, age, rows(60)), use(gap, []string{"age", "score"}, rows(60, 11))},
		"within one study": {func(g *Guard) error {
			_, err := g.Admit("lung", gap, []Use{{Variables: age, Rows: table.SubsetOf(rows(60)...)}, {Variables: []string{"age", "score"}, Rows: table.SubsetOf(rows(60, 11)...)}})
			return err
		}},
	} {
		g, _ := newGuard(t, 10)
		for i, ask := range asks {
			err := ask(g)
			if r := (*Refused)(nil); i == len(asks)-1 && (!errors.As(err, &r) || r.Variable != "age") {
				t.Errorf("%s: answered (%v)", name, err)
			} else if i < len(asks)-1 && err != nil {
				t.Errorf("%s: question %d: %v", name, i+1, err)
			}
		}
	}
}

// Answers about different variables can be subtracted too: each tells how many there
// are, and a filter or a formula can be written so that this depends on one patient.
func TestHeadcountsAreNotSubtracted(t *testing.T) {
	all, gap := people(t, 60), people(t, 60, 11)
	nameless := all
	nameless.Patients = nil
	moved := nameless // one row came, before all others
	moved.Columns = []table.Column{{Numbers: append([]float64{44}, all.Numbers("age")...)}, {Numbers: append([]float64{4}, all.Numbers("score")...)}}
	moved, err := table.New(all.Schema, moved.Columns, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 61 {
		moved.Pseudonyms = append(moved.Pseudonyms, uint64(1000+i))
	}
	type asked struct {
		t    table.Table
		name string
		rows []int
	}
	for name, c := range map[string]struct {
		first, second asked
		refused       bool
	}{
		"the same patients":         {asked{all, "age", rows(60)}, asked{all, "score", rows(60)}, false},
		"one patient fewer":         {asked{all, "age", rows(60)}, asked{all, "score", rows(60, 3)}, true},
		"one fewer, without names":  {asked{nameless, "age", rows(60)}, asked{nameless, "score", rows(60, 3)}, true},
		"one more, without names":   {asked{nameless, "age", rows(60)}, asked{moved, "score", rows(61)}, true},
		"one who lacks the value":   {asked{gap, "age", rows(60)}, asked{gap, "score", rows(60, 11)}, false},
		"another who does not":      {asked{gap, "age", rows(60)}, asked{gap, "score", rows(60, 11, 12)}, true},
		"halves":                    {asked{all, "age", rows(60)[:30]}, asked{all, "score", rows(60)[30:]}, false},
		"a half and all but one":    {asked{all, "age", rows(60)[:30]}, asked{all, "score", rows(60)[1:]}, true},
		"a level listed before":     {asked{coded(t, "f", "m"), "sex", rows(60)}, asked{coded(t, "x", "f", "m"), "sex", rows(60)}, false},
		"a level and a patient out": {asked{coded(t, "f", "m"), "sex", rows(60)}, asked{coded(t, "x", "f", "m"), "sex", rows(60, 1)}, true},
	} {
		g, _ := newGuard(t, 10)
		if _, err := g.Admit("lung", c.first.t, []Use{{Variables: []string{c.first.name}, Rows: table.SubsetOf(c.first.rows...)}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_, err := g.Admit("lung", c.second.t, []Use{{Variables: []string{c.second.name}, Rows: table.SubsetOf(c.second.rows...)}})
		if r := (*Refused)(nil); errors.As(err, &r) != c.refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// coded are 60 patients with a category of these levels, the last two in turn.
func coded(t testing.TB, levels ...string) table.Table {
	v := table.Variable{Name: "sex", Kind: table.Category}
	for _, l := range levels {
		v.Levels = append(v.Levels, table.Level{Code: l})
	}
	all := people(t, 60)
	codes := make([]int32, 60)
	for i := range codes {
		codes[i] = int32(len(levels) - 2 + i%2)
	}
	out, err := table.New(table.Schema{v}, []table.Column{{Codes: codes}}, all.Patients)
	if err != nil {
		t.Fatal(err)
	}
	out.Pseudonyms = all.Pseudonyms
	return out
}

func TestHonestQuestionsAreAnswered(t *testing.T) {
	g, m := newGuard(t, 10)
	all, gap := people(t, 60), people(t, 60, 11)
	for i, u := range [][]Use{
		{{Variables: []string{"age", "score"}, Rows: table.SubsetOf(rows(60)...)}},
		{{Variables: []string{"age"}, Rows: table.SubsetOf(rows(60)...)}},        // the same again
		{{Variables: []string{"score"}, Rows: table.SubsetOf(rows(60)[:30]...)}}, // one half
		{{Variables: []string{"score"}, Rows: table.SubsetOf(rows(60)[30:]...)}}, // the other
		{{Variables: []string{"age"}}},                                           // nobody
	} {
		if _, err := g.Admit("lung", all, u); err != nil {
			t.Errorf("question %d: %v", i+1, err)
		}
	}
	if _, err := g.Admit("heart", gap, []Use{{Variables: []string{"score"}, Rows: table.SubsetOf(rows(60)...)}}); err != nil {
		t.Errorf("another dataset: %v", err)
	}
	again, err := New(m, secret, 10, 3) // after a restart
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Admit("lung", all, []Use{{Variables: []string{"age"}, Rows: table.SubsetOf(rows(60, 1)...)}}); err == nil {
		t.Error("a restart forgot the history")
	}
}

func TestARefusedOrUnkeptQuestionLeavesNoTrace(t *testing.T) {
	g, m := newGuard(t, 10)
	all := people(t, 60)
	if _, err := g.Admit("lung", all, []Use{{Variables: []string{"score"}, Rows: table.SubsetOf(rows(60)[:30]...)}, {Variables: []string{"age"}, Rows: table.SubsetOf(rows(3)...)}}); err == nil || len(m.values) != 0 {
		t.Errorf("refused (%v), but kept %d histories", err, len(m.values))
	}
	m.fail = errors.New("disk full")
	if sets, err := g.Admit("lung", all, []Use{{Variables: []string{"age"}, Rows: table.SubsetOf(rows(60)...)}}); !errors.Is(err, m.fail) || sets != nil {
		t.Errorf("admitted without being kept: %v", err)
	}
	m.fail = nil
	if _, err := g.Admit("lung", all, []Use{{Variables: []string{"age"}, Rows: table.SubsetOf(rows(60, 2)...)}}); err != nil {
		t.Errorf("what was not kept counts: %v", err)
	}
}

func TestAWithdrawnSiteIsNotTheDifferenceOfTwoSums(t *testing.T) {
	six := []string{"east", "lakes", "north", "plains", "south", "west"}
	all := people(t, 60)
	ask := func(g *Guard, rows []int, sites []string) error {
		sets, err := g.Admit("lung", all, []Use{{Variables: []string{"age"}, Rows: table.SubsetOf(rows...)}})
		if err != nil {
			t.Fatal(err)
		}
		return g.Agree("lung", sets, sites)
	}
	g, _ := newGuard(t, 10)
	for i, c := range []struct {
		rows  []int
		sites []string
		ok    bool
	}{
		{rows(60), six, true},
		{rows(60), six, true},
		{rows(60), six[:5], false},
		{rows(60), six[:4], false},
		{rows(60), six[:3], true},
		{rows(60), []string{"east", "lakes", "plains", "south", "west"}, false}, // splits what the two have in common
		{rows(60), append(slices.Clone(six), "x", "y", "z"), true},
		{rows(60)[:30], six[:5], true}, // other patients of this site: their difference is no site's part
	} {
		if err := ask(g, c.rows, c.sites); (err == nil) != c.ok {
			t.Errorf("question %d: %v", i+1, err)
		}
	}
}

// Against the definition: the atoms are the classes of members by the sets that
// they are in, and none is ever smaller than the floor. The partition of patients,
// which is written, and that of sites obey the same rule.
func TestPartitionIsByMembership(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const members = 24
		floor := uint64(rapid.IntRange(1, 6).Draw(t, "floor"))
		hashes := rapid.SliceOfNDistinct(rapid.Uint64(), members, members, rapid.ID[uint64]).Draw(t, "hashes")
		slices.Sort(hashes)
		var kept []byte
		history := func() io.Reader {
			if kept == nil {
				return nil
			}
			return bytes.NewReader(kept)
		}
		sites := &contributors{}
		in := [members]string{}
		for i := range rapid.IntRange(1, 12).Draw(t, "sets") {
			bits := rapid.Uint32Range(0, 1<<members-1).Draw(t, "set")
			var set []uint64
			var names []string
			next := in
			for m := range members {
				if bits>>m&1 == 1 {
					set, names = append(set, hashes[m]), append(names, fmt.Sprint(m))
					next[m] += fmt.Sprint(i, ";")
				}
			}
			sizes := map[string]uint64{}
			for _, s := range next {
				if s != "" {
					sizes[s]++
				}
			}
			ok, smallest := true, uint64(0)
			for _, n := range sizes {
				if ok = ok && n >= floor; smallest == 0 || n < smallest {
					smallest = n
				}
			}
			of, err := compare(history(), set)
			if err != nil {
				t.Fatal(err)
			}
			if of.admits(floor) != ok || sites.compare(names).admits(floor) != ok || of.smallest() != smallest {
				t.Fatalf("set %d: admitted %v and %v, want %v; smallest %d, want %d", i, of.admits(floor), sites.compare(names).admits(floor), ok, of.smallest(), smallest)
			}
			if !ok {
				continue
			}
			if of.changes() {
				var b bytes.Buffer
				if err := refine(&b, history(), set, of); err != nil {
					t.Fatal(err)
				}
				kept = b.Bytes()
			}
			sites.refine(names)
			in = next
			atoms := map[uint32]string{}
			if err := each(history(), func(hash uint64, atom uint32) {
				m, _ := slices.BinarySearch(hashes, hash)
				if was, known := atoms[atom]; known && was != in[m] || in[m] == "" {
					t.Fatalf("set %d: member %d is in a wrong atom", i, m)
				}
				atoms[atom] = in[m]
			}); err != nil {
				t.Fatal(err)
			}
			if len(atoms) != len(sizes) || len(sites.atoms) != len(sizes) {
				t.Fatalf("set %d: %d atoms, and %d of sites, want %d", i, len(atoms), len(sites.atoms), len(sizes))
			}
		}
	})
}

func TestHistoryBytesAreThoseOfTheirVersion(t *testing.T) {
	g, m := newGuard(t, 3)
	sets, err := g.Admit("lung", people(t, 8), []Use{{Variables: []string{"score"}, Rows: table.SubsetOf(rows(8)...)}, {Variables: []string{"score"}, Rows: table.SubsetOf(rows(4)...)}})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Agree("lung", sets, []string{"east", "north", "west"}); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	for _, k := range slices.Sorted(maps.Keys(m.values)) {
		fmt.Fprintf(&got, "%q %s\n", k, hex.EncodeToString(m.values[k]))
	}
	path := filepath.Join("testdata", "histories-v3.golden")
	if *update {
		os.MkdirAll("testdata", 0o755)
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("the bytes changed: a change needs a new version\n%s", got.String())
	}
}

func FuzzHistory(f *testing.F) {
	g, m := newGuard(f, 2)
	if _, err := g.Admit("d", people(f, 9), []Use{{Variables: []string{"age"}, Rows: table.SubsetOf(rows(9)...)}, {Variables: []string{"age"}, Rows: table.SubsetOf(rows(4)...)}}); err != nil {
		f.Fatal(err)
	}
	for _, b := range m.values {
		f.Add(b)
	}
	f.Add([]byte(`{"hmsp":"contributors/v1","atoms":[["a","b"],["c"]]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		set := []uint64{1, 1 << 40, math.MaxUint64}
		if of, err := compare(bytes.NewReader(b), set); err == nil {
			var out bytes.Buffer
			if err := refine(&out, bytes.NewReader(b), set, of); err != nil {
				t.Fatal(err)
			}
			again, err := compare(&out, set)
			if err != nil || again.changes() || again.smallest() != of.smallest() {
				t.Fatalf("refined, it is %+v (%v), was %+v", again, err, of)
			}
		}
		if c, err := decodeContributors(b); err == nil {
			c.refine([]string{"x"})
		}
	})
}

func BenchmarkAdmit(b *testing.B) {
	const n = 100_000
	all := people(b, n)
	use := []Use{{Variables: []string{"age", "score"}, Rows: table.SubsetOf(rows(n)...)}}
	for b.Loop() {
		g, _ := newGuard(b, 10)
		if _, err := g.Admit("d", all, use); err != nil {
			b.Fatal(err)
		}
	}
}
