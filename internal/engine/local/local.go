// Package local runs a whole study in one process: every site's node over its
// own local table, joined by a queue instead of a network. It serves the
// researcher who tries a study on own files, and tests, which hold the
// federated run against the pooled one.
package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"hmsp.center/hmsp/dp/noise"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/execute"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/table"
)

// Tables answer for the sites: each holds its cohort.
type Tables map[string]table.Table

// Site is the computer of a site that holds its cohort in memory.
func Site(t table.Table) engine.Computer { return site{t} }

// site is one site's computer.
type site struct{ t table.Table }

func (s site) Compute(ctx context.Context, q engine.Question) ([]uint64, error) {
	var words []uint64
	for _, k := range q.Tasks {
		t := s.t
		if k.Private != nil {
			t = t.OneRowPerPatient()
		}
		v, err := execute.Local(ctx, t, k.Run, k.State, k.Bounds, k.Grid)
		if err == nil && k.Private != nil {
			err = k.Private.Noise(k.State, v.Words, noise.NewSource(rand.Reader))
		}
		if err != nil {
			return nil, engine.Reason{Kind: engine.ReasonData, Text: fmt.Sprintf("%s: %v", k.Name, err)}
		}
		words = append(words, v.Words...)
	}
	return words, nil
}

// Agree consents to every set: the process holds all tables anyway.
func (s site) Agree(context.Context, string, int, []string) ([]byte, error) { return nil, nil }

// A Step is one thing that a site did in a run: it answered an event, or worked.
type Step struct {
	Site    string
	Event   engine.EventKind
	Message engine.Kind // of an EventMessage
	Work    bool        // what the event's answer needed: a vector, or secrets agreed with peers
	Took    time.Duration
	Sent    []engine.Message
}

// A Watch is told of every step.
type Watch func(Step)

// Run drives the study to its end. signers holds every site's signer. With fewer
// than three sites there is nobody to hide behind, and the vectors are summed
// without masks, as in [Pooled].
func Run(ctx context.Context, p *plan.Plan, signers map[string]engine.Signer, tables Tables, now func() time.Time) (*receipt.Outcome, error) {
	return Watched(ctx, p, signers, tables, now, func(Step) {})
}

// Watched is Run that tells what every step took, by the clock now.
func Watched(ctx context.Context, p *plan.Plan, signers map[string]engine.Signer, tables Tables, now func() time.Time, watch Watch) (*receipt.Outcome, error) {
	if len(p.Sites) < 3 {
		return alone(ctx, p, tables, now)
	}
	nodes := map[string]*engine.Node{}
	var queue []engine.Message
	deliver := func(name string, e engine.Event) error {
		out, err := nodes[name].Deliver(e)
		step := Step{Site: name, Event: e.Kind, Took: now().Sub(e.At), Sent: out}
		if e.Message != nil {
			step.Message = e.Message.Kind
		}
		watch(step)
		if err != nil && !engine.Unusable(err) {
			return err
		}
		queue = append(queue, out...)
		return nil
	}
	for _, name := range p.Sites {
		var err error
		if nodes[name], err = engine.NewNode(p, signers[name], nowhere{}); err != nil {
			return nil, err
		}
		seed := make([]byte, 32)
		rand.Read(seed)
		if err := deliver(name, engine.Event{Kind: engine.EventBegin, At: now(), Seed: seed}); err != nil {
			return nil, err
		}
		if err := deliver(name, engine.Event{Kind: engine.EventDecided, At: now(), Accept: true}); err != nil {
			return nil, err
		}
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("run study %s: %w", p.Study.Name, err)
		}
		if len(queue) > 0 {
			m := queue[0]
			queue = queue[1:]
			if m.Kind == engine.KindOutcome && m.To == p.Researcher {
				return engine.ReadOutcome(m)
			}
			if nodes[m.To] == nil {
				continue
			}
			if err := deliver(m.To, engine.Event{Kind: engine.EventMessage, At: now(), Message: &m}); err != nil {
				return nil, err
			}
			continue
		}
		worked := false
		for _, name := range p.Sites {
			w := nodes[name].Work()
			if w == nil {
				continue
			}
			begin := now()
			e, err := w.Do(ctx, p.Digest, site{tables[name]}, now)
			if err != nil {
				return nil, err
			}
			watch(Step{Site: name, Event: e.Kind, Work: true, Took: e.At.Sub(begin)})
			if err := deliver(name, e); err != nil {
				return nil, err
			}
			worked = true
		}
		if !worked && len(queue) == 0 {
			return nil, fmt.Errorf("run study %s: no party can go on", p.Study.Name)
		}
	}
}

// nowhere is the journal of a run that does not outlive its process.
type nowhere struct{}

func (nowhere) Append(engine.Event, []engine.Message) error { return nil }
func (nowhere) Replay() ([]engine.Event, error)             { return nil, nil }

// Pooled runs the analyses of a study over the given tables without parties,
// masks or messages: what the federated run must equal bit for bit.
func Pooled(ctx context.Context, p *plan.Plan, tables ...table.Table) ([]receipt.Finding, error) {
	b, err := sum(ctx, p, nil, tables)
	if err != nil {
		return nil, err
	}
	return b.Findings(), nil
}

// sum drives the bundle to its end; opened, if not nil, sees it before each sum.
func sum(ctx context.Context, p *plan.Plan, opened func(*engine.Bundle), tables []table.Table) (*engine.Bundle, error) {
	b, err := engine.NewBundle(p)
	if err != nil {
		return nil, err
	}
	for !b.Done() {
		if opened != nil {
			opened(b)
		}
		sum := make([]uint64, b.Layout().Words())
		for _, t := range tables {
			words, err := site{t}.Compute(ctx, engine.Question{Study: p.Digest, Tasks: b.Tasks()})
			if err != nil {
				return nil, err
			}
			b.Layout().AddTo(sum, words)
		}
		if err := b.Advance(sum); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// alone is a trial over one or two tables.
func alone(ctx context.Context, p *plan.Plan, tables Tables, now func() time.Time) (*receipt.Outcome, error) {
	started := now()
	var all []table.Table
	for _, s := range p.Sites {
		all = append(all, tables[s])
	}
	var rounds []receipt.Round
	b, err := sum(ctx, p, func(b *engine.Bundle) { rounds = append(rounds, engine.Opening(p, 0, b, p.Sites)) }, all)
	if r := (engine.Reason{}); errors.As(err, &r) {
		return &receipt.Outcome{HMSP: receipt.OutcomeVersion, Study: engine.About(p), Status: receipt.Failed, Reason: r.Text}, nil
	}
	if err != nil {
		return nil, err
	}
	r, err := engine.DrawReceipt(p, p.Sites, nil, rounds, nil, nil, b, started, now())
	if err != nil {
		return nil, err
	}
	r.Verified = false
	return &receipt.Outcome{HMSP: receipt.OutcomeVersion, Study: r.Study, Status: receipt.Released, Lead: p.Lead, Contributors: p.Sites, Analyses: b.Findings(), Receipt: &r}, nil
}
