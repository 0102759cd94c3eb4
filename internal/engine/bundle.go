package engine

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/dp"
	"hmsp.center/hmsp/dp/mechanism"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
)

// A Bundle runs the analyses of a study side by side: in each round the vectors
// of all that have not finished travel as one. It is public: the lead and every
// site hold the same bundle and advance it by the same opened sums, so that no
// site needs to believe the lead's arithmetic.
type Bundle struct {
	plan   *plan.Plan
	round  int
	runs   []*running
	layout fixed.Layout
}

// running is one analysis on its way.
type running struct {
	plan.Entry
	state  analysis.State
	bounds analysis.Bounds
	grid   fixed.Grid
	result *analysis.Result
	failed string

	applied []disclosure.Action // to the result
}

func (r *running) active() bool { return r.result == nil && r.failed == "" }

// NewBundle starts the analyses of a plan.
func NewBundle(p *plan.Plan) (*Bundle, error) {
	b := &Bundle{plan: p}
	for _, e := range p.Entries {
		b.runs = append(b.runs, &running{Entry: e, state: e.Start})
	}
	return b, b.declare()
}

// declare asks every active run for its bounds and lays out the round's vector.
// A run that cannot bound its next vector ends with the reason.
func (b *Bundle) declare() error {
	b.layout = nil
	for _, r := range b.runs {
		if !r.active() {
			continue
		}
		var bounds analysis.Bounds
		err := safely(func() (err error) {
			bounds, err = r.Run.Bounds(r.state)
			return err
		})
		if err == nil {
			err = b.plan.TellsSites(bounds)
		}
		if err == nil {
			r.grid, err = bounds.Grid(b.plan.MaxRows, len(b.plan.Sites))
		}
		if err != nil {
			r.failed = err.Error()
			continue
		}
		r.bounds = bounds
		b.layout = append(b.layout, r.grid.Layout()...)
	}
	if err := b.layout.Valid(); err != nil {
		return fmt.Errorf("round %d: %w", b.round, err)
	}
	return nil
}

// Layout is the shape of the present round's vector.
func (b *Bundle) Layout() fixed.Layout { return b.layout }

// Done says that every analysis has ended.
func (b *Bundle) Done() bool {
	for _, r := range b.runs {
		if r.active() {
			return false
		}
	}
	return true
}

// digest names the round's public state: what every party must agree on before
// it contributes.
func (b *Bundle) digest() [32]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%s state %d\n", Protocol, b.round)
	for _, r := range b.runs {
		if r.active() {
			fmt.Fprintf(h, "%d:%s%d:%s", len(r.Name), r.Name, len(r.state), r.state)
		}
	}
	var d [32]byte
	h.Sum(d[:0])
	return d
}

// Advance turns the opened sum of this round into the next round's states. An
// analysis that cannot go on ends alone; the others are not held up by it. A sum
// that all sites together cannot reach is an error [ErrImpossible], before
// anything is changed: a mask is left in it, or it was made up.
func (b *Bundle) Advance(sum []uint64) error {
	if len(sum) != b.layout.Words() {
		return fmt.Errorf("round %d: opened %d words, want %d", b.round, len(sum), b.layout.Words())
	}
	values, err := b.values(sum)
	if err != nil {
		return err
	}
	for i, r := range b.runs {
		if !r.active() {
			continue
		}
		var next analysis.State
		var result *analysis.Result
		err := safely(func() (err error) {
			next, result, err = r.Run.Next(values[i], r.state)
			return err
		})
		switch {
		case err != nil:
			r.failed = err.Error()
		case result != nil:
			b.release(r, result)
		default:
			r.state = next
		}
	}
	b.round++
	return b.declare()
}

// release takes an analysis' result as it may be shown: private ones as they are,
// exact ones under the consortium's rules of disclosure control. A result that the
// rules do not permit ends the analysis with the reason.
func (b *Bundle) release(r *running, result *analysis.Result) {
	if r.Private != nil || b.plan.Disclosure == nil {
		r.result = result
		return
	}
	err := safely(func() (err error) {
		result, r.applied, err = disclosure.Apply(r.Run, result, *b.plan.Disclosure)
		return err
	})
	if err != nil {
		r.failed, r.applied = err.Error(), []disclosure.Action{{Rule: "release", Text: err.Error()}}
		return
	}
	r.result = result
}

// applied lists the rules of disclosure control that were applied.
func (b *Bundle) applied() []receipt.Applied {
	var out []receipt.Applied
	for _, r := range b.runs {
		for _, a := range r.applied {
			out = append(out, receipt.Applied{Analysis: r.Name, Rule: a.Rule, Table: a.Table, Text: a.Text, Suppressed: a.Suppressed})
		}
	}
	return out
}

// events are those of a private run's present round.
func (r *running) events() []dp.Event {
	if r.Private == nil {
		return nil
	}
	return r.Private.RoundEvents(r.state)
}

// ErrImpossible says that an opened sum is outside what the sites can reach.
var ErrImpossible = errors.New("the sum is outside what the sites can reach together")

// values decodes a sum, by run, and holds it against the declared ranges.
func (b *Bundle) values(sum []uint64) ([][]float64, error) {
	out := make([][]float64, len(b.runs))
	at := 0
	for i, r := range b.runs {
		if !r.active() {
			continue
		}
		n := r.grid.Layout().Words()
		out[i] = fixed.Decode(r.grid, sum[at:at+n])
		at += n
		for j, x := range out[i] {
			if most := r.grid.Limit[j] * float64(len(b.plan.Sites)); !(math.Abs(x) <= most*(1+0x1p-30)) {
				return nil, fmt.Errorf("round %d, %s: number %d: %w", b.round, r.Name, j, ErrImpossible)
			}
		}
	}
	return out, nil
}

// safely keeps a fault of an analysis from ending the process: the sum that it
// is given may be whatever a lying lead says. The text is the same everywhere.
func safely(f func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the analysis could not use the opened sum (a fault of the software)")
		}
	}()
	return f()
}

// A Task is what a site must compute for one analysis in one round.
type Task struct {
	Name    string
	At      int // among the study's analyses, whether or not others have ended
	Run     analysis.Run
	State   analysis.State
	Bounds  analysis.Bounds
	Grid    fixed.Grid
	Private *mechanism.Program // Run, where noise belongs on the vector
}

// Tasks lists the round's computations in the order of the wire vector.
func (b *Bundle) Tasks() []Task {
	var out []Task
	for i, r := range b.runs {
		if r.active() {
			out = append(out, Task{r.Name, i, r.Run, r.state, r.bounds, r.grid, r.Private})
		}
	}
	return out
}

// Findings lists how each analysis ended.
func (b *Bundle) Findings() []receipt.Finding {
	var out []receipt.Finding
	for _, r := range b.runs {
		out = append(out, receipt.Finding{Name: r.Name, Analysis: r.About.Name, Version: r.About.Version, Result: r.result, Failed: r.failed})
	}
	return out
}
