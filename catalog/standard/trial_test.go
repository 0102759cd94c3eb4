package standard_test

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/dp"
	"hmsp.center/hmsp/dp/mechanism"
	"hmsp.center/hmsp/dp/noise"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// A trial is one private analysis ready to be played against.
type trial struct {
	run     *tap
	program *mechanism.Program
	first   analysis.State
	kinds   [][]dp.Kind // by round and coordinate
	others  table.Table
	canary  table.Table // a row for each canary of a run
	exposed float64     // of the most exposed canary: its length in standard deviations of the noise
}

// A tap lets the attacker see what is public between mechanism and analysis: the
// state of a round, and the standard deviation of its noise.
type tap struct {
	analysis.PrivateRun
	state analysis.State
	sd    []float64
	lies  float64
}

func (p *tap) Person(t table.Table, s analysis.State) (func(int, func(int, float64)), error) {
	p.state = s
	person, err := p.PrivateRun.Person(t, s)
	if err != nil || p.lies == 1 {
		return person, err
	}
	return func(row int, add func(int, float64)) {
		person(row, func(k int, x float64) { add(k, p.lies*x) })
	}, nil
}

func (p *tap) Next(sum, sd []float64, s analysis.State) (analysis.State, *analysis.Result, error) {
	p.sd = sd
	return p.PrivateRun.Next(sum, sd, s)
}

// newTrial starts the private form of the analysis on its example. An analysis that
// has none whatever its parameters says so, and is not audited.
func newTrial(t *testing.T, a analysis.PrivateAnalysis) *trial {
	t.Helper()
	people := analysistest.People(background, 7)
	params := example(t, a.About())
	run, state, err := a.StartPrivate(params, people.Schema)
	for r := (*analysis.Refusal)(nil); errors.As(err, &r) && params[r.Param] != nil; {
		delete(params, r.Param) // that has no private form
		run, state, err = a.StartPrivate(params, people.Schema)
	}
	if r := (*analysis.Refusal)(nil); errors.As(err, &r) && r.Param == "analysis" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("no private form of the example: %v", err)
	}
	c := &trial{run: &tap{PrivateRun: run}, others: people}
	programs, err := mechanism.Divide(budget(), sites, sites, c.run)
	if err != nil {
		t.Fatal(err)
	}
	c.program = programs[0]
	if c.first, err = c.program.Start(state); err != nil {
		t.Fatal(err)
	}
	for i, q := range run.Queries() {
		var kinds []dp.Kind
		for k, b := range q.Blocks {
			kinds = append(kinds, slices.Repeat([]dp.Kind{c.program.Events()[i][k].Kind}, b.Len)...)
		}
		c.kinds = append(c.kinds, kinds)
	}
	if err := c.choose(extremes(people.Schema)); err != nil {
		t.Fatalf("%s: %v", a.About().Name, err)
	}
	return c
}

// example reads the parameters of the example in an About.
func example(t *testing.T, about analysis.About) analysis.Params {
	t.Helper()
	var entries []map[string]any
	if err := yaml.Unmarshal([]byte(about.Example), &entries); err != nil || len(entries) != 1 {
		t.Fatalf("%s: the example is not one entry: %v", about.Name, err)
	}
	p := analysis.Params(entries[0])
	delete(p, "name")
	delete(p, "analysis")
	return p
}

// together is how many canaries share a run. Where few numbers are opened they
// would drown each other; where a run opens very many it pays.
func (c *trial) together() int { return min(max(c.program.Coordinates()/2000, 1), 50) }

// choose takes the records that an attacker would see best over one course of the
// rounds: one after the other that with the largest length in standard deviations
// of the noise, the canaries before it counting as noise.
func (c *trial) choose(records table.Table) error {
	var rounds []opening
	err := c.rounds(stream(1), fault{1, 1, 1}, records, make([]bool, records.Rows()), func(o opening) {
		rounds = append(rounds, o)
	})
	if err != nil {
		return err
	}
	seen := func(row int) (x float64) {
		for _, o := range rounds {
			for _, a := range o.adds[row] {
				x += a.x * a.x / (o.sd[a.at]*o.sd[a.at] + o.spread[a.at])
			}
		}
		return x
	}
	var rows []int
	for len(rows) < c.together() {
		best, most := 0, -1.0
		for row := range records.Rows() {
			if x := seen(row); x > most && !slices.Contains(rows, row) {
				best, most = row, x
			}
		}
		if len(rows) == 0 {
			c.exposed = math.Sqrt(most)
		}
		for _, o := range rounds {
			for _, a := range o.adds[best] {
				o.spread[a.at] += a.x * a.x / 4
			}
		}
		rows = append(rows, best)
	}
	c.canary = rowsOf(records, rows)
	return nil
}

// rowsOf is the table of these rows.
func rowsOf(t table.Table, rows []int) table.Table {
	columns := make([]table.Column, len(t.Columns))
	for j, c := range t.Columns {
		for _, i := range rows {
			if c.Numbers != nil {
				columns[j].Numbers = append(columns[j].Numbers, c.Numbers[i])
			} else {
				columns[j].Codes = append(columns[j].Codes, c.Codes[i])
			}
		}
	}
	out, err := table.New(t.Schema, columns, nil)
	if err != nil {
		panic(err)
	}
	return out
}

// play runs the analysis as often as it takes to have all canaries in a run.
func (c *trial) play(f fault) func(included []bool) ([]float64, error) {
	return func(included []bool) ([]float64, error) {
		var scores []float64
		for at := 0; at < len(included); at += c.canary.Rows() {
			in := included[at:min(at+c.canary.Rows(), len(included))]
			s, err := c.once(stream(uint64(1000+at)), f, in)
			if err != nil {
				return nil, err
			}
			scores = append(scores, s...)
		}
		return scores, nil
	}
}

// once runs the analysis and scores its canaries: by the logarithm of how much
// likelier what was opened is with the canary than without. Of the other canaries
// half is expected, and the rest counts as noise.
func (c *trial) once(random io.Reader, f fault, included []bool) ([]float64, error) {
	scores := make([]float64, len(included))
	err := c.rounds(random, f, c.canary.Slice(0, len(included)), included, func(o opening) {
		expected := make([]float64, len(o.rest))
		for _, adds := range o.adds {
			for _, a := range adds {
				expected[a.at] += a.x / 2
				o.spread[a.at] += a.x * a.x / 4
			}
		}
		for i, adds := range o.adds {
			for _, a := range adds {
				k := a.at
				sd := math.Sqrt(o.sd[k]*o.sd[k] + o.spread[k] - a.x*a.x/4)
				scores[i] += evidence(o.kinds[k], o.rest[k]-(expected[k]-a.x/2), a.x, sd)
			}
		}
	})
	return scores, err
}

// evidence is log p(y-x)/p(y) of noise with that standard deviation.
func evidence(k dp.Kind, y, x, sd float64) float64 {
	if k == dp.DiscreteLaplace {
		return (math.Abs(y) - math.Abs(y-x)) * math.Acosh(1+1/(sd*sd)) // one over the scale
	}
	return (y - x/2) * x / (sd * sd)
}

// An opening is what an attacker knows about a round, in steps of the grid.
type opening struct {
	rest   []float64 // the opened sum less the patients who are always there
	sd     []float64 // of its noise
	spread []float64 // variance by canaries, kept by who looks at them
	kinds  []dp.Kind
	adds   [][]add // of each canary, where it is in
}

// An add is what a canary adds to a coordinate, in steps of the grid.
type add struct {
	at int
	x  float64
}

// rounds plays one run to its end, with those of the canaries that are included.
func (c *trial) rounds(random io.Reader, f fault, canary table.Table, included []bool, see func(opening)) error {
	var in []int
	for i, yes := range included {
		if yes {
			in = append(in, i)
		}
	}
	there := rowsOf(canary, in)
	c.run.lies = f.lies
	source := noise.NewSource(random)
	state := c.first
	for _, kinds := range c.kinds {
		bounds, err := c.program.Bounds(state)
		if err != nil {
			return err
		}
		known, err := c.local(c.others, state, bounds)
		if err != nil {
			return err
		}
		adds, err := c.local(there, state, bounds)
		if err != nil {
			return err
		}
		random, err := c.noise(state, len(kinds), source)
		if err != nil {
			return err
		}
		o := opening{kinds: kinds, spread: make([]float64, len(kinds))}
		sum := make([]float64, len(kinds))
		for k := range sum {
			more := f.loud*adds[k] + random[k]/f.quiet
			o.rest = append(o.rest, float64(more))
			sum[k] = math.Ldexp(float64(known[k]+more), -bounds.Frac[k])
		}
		if o.adds, err = c.guess(canary, bounds, f); err != nil {
			return err
		}
		next, result, ended := c.program.Next(sum, state)
		for k, x := range c.run.sd {
			o.sd = append(o.sd, math.Ldexp(x, bounds.Frac[k])/float64(f.quiet))
		}
		see(o)
		if ended != nil || result != nil {
			return nil // a refusal of noisy sums is an answer, too
		}
		state = next
	}
	return fmt.Errorf("no result after the %d rounds that were paid for", len(c.kinds))
}

// guess is what an attacker expects each canary to add.
func (c *trial) guess(canary table.Table, b analysis.Bounds, f fault) ([][]add, error) {
	person, err := c.run.PrivateRun.Person(canary, c.run.state)
	if err != nil {
		return nil, err
	}
	out := make([][]add, canary.Rows())
	for i := range out {
		sums := map[int]float64{}
		person(i, func(k int, x float64) { sums[k] += math.Ldexp(x*float64(f.loud), b.Frac[k]) })
		for _, k := range slices.Sorted(maps.Keys(sums)) { // in order, so that every run scores alike
			out[i] = append(out[i], add{k, sums[k]})
		}
	}
	return out, nil
}

// local is the mechanism's vector of rows.
func (c *trial) local(rows table.Table, s analysis.State, b analysis.Bounds) ([]int64, error) {
	grid, err := b.Grid(background+candidates, sites)
	if err != nil {
		return nil, err
	}
	v := fixed.NewVector(grid)
	if err := c.program.Local(rows, s, v); err != nil {
		return nil, err
	}
	return signed(v.Words), v.Err()
}

// noise is the sum of what all sites draw.
func (c *trial) noise(s analysis.State, n int, source *noise.Source) ([]int64, error) {
	words := make([]uint64, n)
	for range sites {
		if err := c.program.Noise(s, words, source); err != nil {
			return nil, err
		}
	}
	return signed(words), nil
}

func signed(words []uint64) []int64 {
	out := make([]int64, len(words))
	for i, w := range words {
		out[i] = int64(w)
	}
	return out
}

// extremes are records that could be anyone's under the dictionary: the first half
// at the ends of all ranges, the others anywhere in them.
func extremes(s table.Schema) table.Table {
	random := stream(5)
	draw := func() float64 {
		var b [8]byte
		io.ReadFull(random, b[:])
		return float64(binary.LittleEndian.Uint64(b[:])>>11) / (1 << 53)
	}
	columns := make([]table.Column, len(s))
	for i := range candidates {
		for j, v := range s {
			at := draw()
			if i < candidates/2 {
				at = math.Round(at)
			}
			if !v.Numeric() {
				columns[j].Codes = append(columns[j].Codes, int32(min(int(at*float64(len(v.Levels))), len(v.Levels)-1)))
				continue
			}
			low, high := v.Range()
			x := low + at*(high-low)
			if v.Kind != table.Number {
				x = math.Round(x)
			}
			columns[j].Numbers = append(columns[j].Numbers, x)
		}
	}
	t, err := table.New(s, columns, nil)
	if err != nil {
		panic(err)
	}
	return t
}

// stream is a source of random bytes that is the same in every run.
func stream(seed uint64) io.Reader {
	block, err := aes.NewCipher(binary.BigEndian.AppendUint64(make([]byte, 8), seed))
	if err != nil {
		panic(err)
	}
	return cipher.StreamReader{S: cipher.NewCTR(block, make([]byte, aes.BlockSize)), R: zeros{}}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }
