package simnet_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/catalog"
	"hmsp.center/hmsp/dp/noise"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/execute"
	"hmsp.center/hmsp/internal/simnet"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

// A quartering looks for the median age: in each round it counts, under noise,
// who is younger than an interval, in its lower half, in its upper half, and
// older, and goes on with the half that the noisy counts point to. So the state of
// each round follows from the noise of the one before.
type quartering struct{ rounds int }

type interval struct {
	Low, High float64
	Counts    [][]float64 // of the rounds so far
}

func (q quartering) About() analysis.About {
	return analysis.About{Name: "quartering", Version: "1", Title: "Median under noise", Doc: "Made up for tests.", Source: "none"}
}

func (q quartering) Start(analysis.Params, table.Schema) (analysis.Run, analysis.State, error) {
	return nil, nil, analysis.Refuse("", "it has a private form only")
}

func (q quartering) StartPrivate(analysis.Params, table.Schema) (analysis.PrivateRun, analysis.State, error) {
	s, err := analysis.Encode(interval{Low: 18, High: 100})
	return q, s, err
}

func (q quartering) Queries() []analysis.Query {
	block := analysis.Block{Len: 4, L1: 1, L2: 1, Support: 1, Integer: true, Share: 1 / float64(q.rounds)}
	one := analysis.Query{Columns: []string{"age"}, Blocks: []analysis.Block{block}, Opens: "How many are in each quarter, under noise."}
	return slices.Repeat([]analysis.Query{one}, q.rounds)
}

func (q quartering) Person(t table.Table, s analysis.State) (func(int, func(int, float64)), error) {
	v, err := analysis.Decode[interval](s)
	age := t.Numbers("age")
	return func(row int, add func(int, float64)) { add(v.quarter(age[row]), 1) }, err
}

// quarter is where an age belongs.
func (v interval) quarter(age float64) int {
	switch {
	case age < v.Low:
		return 0
	case age < (v.Low+v.High)/2:
		return 1
	case age < v.High:
		return 2
	}
	return 3
}

// towards is the half of the interval that noisy counts point to.
func (v interval) towards(counts []float64) interval {
	if middle := (v.Low + v.High) / 2; counts[0]+counts[1] > counts[2]+counts[3] {
		v.High = middle
	} else {
		v.Low = middle
	}
	return v
}

func (q quartering) Next(sum, _ []float64, s analysis.State) (analysis.State, *analysis.Result, error) {
	v, err := analysis.Decode[interval](s)
	if err != nil {
		return nil, nil, err
	}
	v.Counts = append(v.Counts, sum)
	v = v.towards(sum)
	if len(v.Counts) < q.rounds {
		next, err := analysis.Encode(v)
		return next, nil, err
	}
	t := analysis.Table{Name: "counts", Title: "Counts under noise"}
	for i := range 4 {
		var c []float64
		for _, row := range v.Counts {
			c = append(c, row[i])
		}
		t.Columns = append(t.Columns, analysis.Nums(fmt.Sprint("quarter", i), c...))
	}
	return nil, &analysis.Result{Tables: []analysis.Table{t}}, nil
}

func (q quartering) Expect([][]float64, int) []analysis.Expectation { return nil }

// private is a private study of so many rounds over the sites of the trial.
func private(t testing.TB, c *consortium, rounds, minimum int, noise string, sites ...string) *plan.Plan {
	t.Helper()
	return c.plan(t, catalog.Catalog{Analyses: []analysis.Analysis{quartering{rounds}}}, study.Study{Sites: sites, Participation: study.Participation{Minimum: minimum},
		Privacy: &study.Privacy{Epsilon: 1, Delta: 1e-6, Unit: study.UnitPatient, Noise: noise}, Analyses: []study.Entry{{Name: "median", Analysis: "quartering"}}})
}

// tags of the sites' data, as a decision tells them.
func tags(p *plan.Plan) map[string][]byte {
	out := map[string][]byte{}
	for _, s := range p.Sites {
		d := sha256.Sum256([]byte("data of " + s))
		out[s] = d[:]
	}
	return out
}

// A clerk is a site with books, as the engine meets it: what it computes has noise
// on it, and with its consent to a set it shows where its audit log stands.
type clerk struct {
	name      string
	sign      engine.Signer
	people    table.Table
	noise     func(q engine.Question) *noise.Source // nil: it adds none, against the rules
	computing func(q engine.Question) error         // nil: it always computes
	agreeing  func(round int, set []string) error   // nil: it always agrees
	answered  map[int][]uint64                      // what it last computed, by round
}

func (k *clerk) Compute(ctx context.Context, q engine.Question) ([]uint64, error) {
	if k.computing != nil {
		if err := k.computing(q); err != nil {
			return nil, err
		}
	}
	var words []uint64
	for _, task := range q.Tasks {
		v, err := execute.Local(ctx, k.people.OneRowPerPatient(), task.Run, task.State, task.Bounds, task.Grid)
		if err == nil && k.noise != nil {
			err = task.Private.Noise(task.State, v.Words, k.noise(q))
		}
		if err != nil {
			return nil, err
		}
		words = append(words, v.Words...)
	}
	if k.answered != nil {
		k.answered[q.Round] = slices.Clone(words)
	}
	return words, nil
}

func (k *clerk) Agree(_ context.Context, _ string, round int, set []string) ([]byte, error) {
	if k.agreeing != nil {
		if err := k.agreeing(round, set); err != nil {
			return nil, err
		}
	}
	return checkpoint(k.sign, k.name, int64(10+round)), nil
}

// checkpoint is the signed position of a site's log after so many entries.
func checkpoint(sign engine.Signer, name string, size int64) []byte {
	c := audit.Checkpoint{Origin: name, Size: size, Root: audit.Hash(sha256.Sum256(fmt.Append(nil, name, size))), Time: time.Date(2026, 1, 1, 0, 0, int(size), 0, time.UTC)}
	c.Signature = sign.Sign(identity.ContextCheckpoint, c.Text())
	return c.Encode()
}

// stream is deterministic randomness of a name.
func stream(format string, args ...any) io.Reader {
	key := sha256.Sum256(fmt.Appendf(nil, format, args...))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err)
	}
	return cipher.StreamReader{S: cipher.NewCTR(block, make([]byte, aes.BlockSize)), R: zeros{}}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// named is noise as a site's door draws it: the same question, the same noise.
func named(site string) func(q engine.Question) *noise.Source {
	return func(q engine.Question) *noise.Source {
		return noise.NewSource(stream("%s %s %d %s", q.Study, site, q.Round, q.Tasks[0].State))
	}
}

// clerks are the sites of a plan with books; a private study's noise is named.
func (c *consortium) clerks(p *plan.Plan) map[string]*clerk {
	out := map[string]*clerk{}
	for _, s := range p.Sites {
		out[s] = &clerk{name: s, sign: c.signers[s], people: c.tables[s]}
		if p.Budget != nil {
			out[s].noise = named(s)
		}
	}
	return out
}

// booked is the network of sites with books.
func (c *consortium) booked(p *plan.Plan, clerks map[string]*clerk) *simnet.Network {
	data := map[string]engine.Computer{}
	for s, k := range clerks {
		data[s] = k
	}
	net := simnet.New(p, c.signers, data)
	net.Tags = tags(p)
	return net
}
