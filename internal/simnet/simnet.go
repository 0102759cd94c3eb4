// Package simnet is an in-memory network with scripted faults. It drives the
// nodes of one run exactly as the sites do over HTTPS, with a clock that moves
// only when nobody can go on, and lets a rule drop, delay, repeat, reorder or
// alter any message, or crash any party at it. Tests use it to break every step
// once, and `hmsp simulate network` to show what then happens.
package simnet

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
)

// An Action is what a rule does to a message.
type Action int

const (
	Deliver     Action = iota
	Drop               // lost for good
	Delay              // delivered after everything else that is on its way
	Late               // delivered only after the clock has moved past a deadline
	Repeat             // delivered twice
	CrashBefore        // the recipient is killed before it keeps the message, and starts again
	CrashAfter         // the recipient is killed after it kept the message but before it said so: it comes again
	CrashSender        // the sender is killed and says everything it ever said again
)

// A Rule decides over message number i, counted over the whole run. It may
// alter the message.
type Rule func(i int, m *engine.Message) Action

// A Watch sees an event that is about to reach a site's node, and the disk that
// the node lives on, and hears afterwards what the node said.
type Watch func(site string, e engine.Event, disk *engine.Memory) (said func([]engine.Message, error))

// A Network holds the parties of one run.
type Network struct {
	Rule    Rule
	Dead    map[string]bool          // sites that never answer
	Refuse  map[string]engine.Reason // sites that decide not to take part
	Tags    map[string][]byte        // of the sites' data, told with their decisions
	Log     []string                 // one line per delivery: number, kind, from, to, round, action
	Heard   []engine.Message         // what the researcher received
	Works   *Works                   // what sites worked out in earlier runs of the same study; may be nil
	Watch   Watch                    // sees every event before the node does; may be nil
	plan    *plan.Plan
	signers map[string]engine.Signer
	data    map[string]engine.Computer
	nodes   map[string]*engine.Node
	disks   map[string]*engine.Memory
	queue   []engine.Message
	late    []engine.Message
	now     time.Time
	count   int
}

// New makes a network of the plan's sites. data holds each site's computer.
func New(p *plan.Plan, signers map[string]engine.Signer, data map[string]engine.Computer) *Network {
	return &Network{plan: p, signers: signers, data: data, nodes: map[string]*engine.Node{}, disks: map[string]*engine.Memory{},
		Dead: map[string]bool{}, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
}

// Run starts every live site, lets them decide to take part, and delivers
// messages until the researcher has the outcome and nothing more moves.
func (n *Network) Run(ctx context.Context) (*receipt.Outcome, error) {
	for _, s := range n.plan.Sites {
		n.disks[s] = &engine.Memory{}
		if err := n.restart(s); err != nil {
			return nil, err
		}
		if n.Dead[s] {
			continue
		}
		seed := sha256.Sum256([]byte("simnet seed of " + s))
		if err := n.deliver(s, engine.Event{Kind: engine.EventBegin, At: n.now, Seed: seed[:]}); err != nil {
			return nil, err
		}
		why, refuses := n.Refuse[s]
		if err := n.deliver(s, engine.Event{Kind: engine.EventDecided, At: n.now, Accept: !refuses, Reason: why, Data: n.Tags[s]}); err != nil {
			return nil, err
		}
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		moved, err := n.move(ctx)
		if err != nil {
			return nil, err
		}
		if moved {
			continue
		}
		if !n.wait() {
			return n.outcome()
		}
		if err := n.tick(); err != nil {
			return nil, err
		}
	}
}

// Works keeps the answers to what the nodes of a study asked: runs of one study
// ask the same, as seeds and data are the same, so a thousand of them (a fault at
// every message) need agree on keys and read the data only once. It is safe for
// concurrent use.
type Works struct {
	Secrets bool // keep only secrets agreed with peers: data are read anew, and noise drawn anew, each time

	mu   sync.Mutex
	done map[[32]byte]engine.Event
}

func (k *Works) do(ctx context.Context, site string, w *engine.Work, n *Network) (engine.Event, error) {
	if k == nil || k.Secrets && w.Encapsulate == nil {
		return w.Do(ctx, n.plan.Digest, n.data[site], func() time.Time { return n.now })
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %s %d %d %q", n.plan.Digest, site, w.Epoch, w.Round, w.Agree)
	for _, peer := range slices.Sorted(maps.Keys(w.Encapsulate)) {
		fmt.Fprintf(h, " %s ", peer)
		h.Write(w.Encapsulate[peer])
		h.Write(w.Infos[peer])
	}
	for _, t := range w.Tasks {
		fmt.Fprintf(h, " %s %d:%s", t.Name, len(t.State), t.State)
	}
	asked := [32]byte(h.Sum(nil))
	k.mu.Lock()
	defer k.mu.Unlock()
	e, ok := k.done[asked]
	if !ok {
		var err error
		if e, err = (*Works)(nil).do(ctx, site, w, n); err != nil {
			return e, err
		}
		if k.done == nil {
			k.done = map[[32]byte]engine.Event{}
		}
		k.done[asked] = e
	}
	e.At = n.now
	return e, nil
}

// Node returns a site's node, for a test to look at.
func (n *Network) Node(site string) *engine.Node { return n.nodes[site] }

// Send puts a message on its way before all others, as a party could that makes
// its own. Its sender is believed: that a message is from whom it says is the
// federation's promise, not this network's.
func (n *Network) Send(m engine.Message) { n.queue = append([]engine.Message{m}, n.queue...) }

// Messages is the number of messages that were on their way.
func (n *Network) Messages() int { return n.count }

func (n *Network) outcome() (*receipt.Outcome, error) {
	for _, m := range n.Heard {
		if m.Kind == engine.KindOutcome {
			return engine.ReadOutcome(m)
		}
	}
	return nil, nil
}

// move delivers one message or does one piece of work.
func (n *Network) move(ctx context.Context) (bool, error) {
	if len(n.queue) > 0 {
		m := n.queue[0]
		n.queue = n.queue[1:]
		return true, n.pass(m)
	}
	for _, s := range n.plan.Sites {
		if n.Dead[s] {
			continue
		}
		if w := n.nodes[s].Work(); w != nil {
			e, err := n.Works.do(ctx, s, w, n)
			if err != nil {
				return false, err
			}
			return true, n.deliver(s, e)
		}
	}
	return false, nil
}

// pass puts one message under the rule and delivers it.
func (n *Network) pass(m engine.Message) error {
	i := n.count
	n.count++
	from, to := m.From, m.To
	act := Deliver
	if n.Rule != nil {
		act = n.Rule(i, &m)
	}
	n.Log = append(n.Log, fmt.Sprintf("%d %s %s>%s r%d a%d", i, m.Kind, from, to, m.Round, act))
	switch act {
	case Drop:
		return nil
	case Delay:
		n.queue = append(n.queue, m)
		return nil
	case Late:
		n.late = append(n.late, m)
		return nil
	case Repeat:
		if err := n.receive(m); err != nil {
			return err
		}
	case CrashBefore:
		if err := n.restart(to); err != nil {
			return err
		}
	case CrashAfter:
		if err := n.receive(m); err != nil {
			return err
		}
		if err := n.restart(to); err != nil {
			return err
		}
	case CrashSender:
		if err := n.restart(from); err != nil {
			return err
		}
		if d := n.disks[from]; d != nil {
			n.queue = append(slices.Clone(d.Outbox), n.queue...)
			rule := n.Rule
			n.Rule = func(j int, m *engine.Message) Action { // only once
				if a := rule(j, m); a != CrashSender {
					return a
				}
				return Deliver
			}
		}
	}
	return n.receive(m)
}

func (n *Network) receive(m engine.Message) error {
	if m.To == n.plan.Researcher {
		if !slices.ContainsFunc(n.Heard, func(h engine.Message) bool { return h.ID() == m.ID() }) {
			n.Heard = append(n.Heard, m)
		}
		return nil
	}
	if n.nodes[m.To] == nil || n.Dead[m.To] {
		return nil
	}
	return n.deliver(m.To, engine.Event{Kind: engine.EventMessage, At: n.now, Message: &m})
}

func (n *Network) deliver(site string, e engine.Event) error {
	said := func([]engine.Message, error) {}
	if n.Watch != nil {
		said = n.Watch(site, e, n.disks[site])
	}
	out, err := n.nodes[site].Deliver(e)
	said(out, err)
	if err != nil && !engine.Unusable(err) {
		return fmt.Errorf("%s: %w", site, err)
	}
	if err != nil {
		n.Log = append(n.Log, fmt.Sprintf("   %s dropped it: %v", site, err))
	}
	n.queue = append(n.queue, out...)
	return nil
}

// restart makes a site's node again from what its disk holds, as after kill -9.
func (n *Network) restart(site string) error {
	d := n.disks[site]
	if d == nil {
		return nil // the researcher
	}
	before := len(d.Outbox)
	node, err := engine.NewNode(n.plan, n.signers[site], d)
	if err != nil {
		return errors.Join(fmt.Errorf("restart %s", site), err)
	}
	n.nodes[site] = node
	n.queue = append(n.queue, d.Outbox[before:]...)
	return nil
}

// wait moves the clock to the next deadline and says whether there is one.
func (n *Network) wait() bool {
	var next time.Time
	for _, s := range n.plan.Sites {
		if n.Dead[s] {
			continue
		}
		if d := n.nodes[s].Deadline(); !d.IsZero() && (next.IsZero() || d.Before(next)) {
			next = d
		}
	}
	if next.IsZero() {
		return false
	}
	if next.After(n.now) {
		n.now = next
	}
	return true
}

// tick tells everybody the time, and lets late messages arrive.
func (n *Network) tick() error {
	for _, s := range n.plan.Sites {
		if n.Dead[s] {
			continue
		}
		if err := n.deliver(s, engine.Event{Kind: engine.EventTick, At: n.now}); err != nil {
			return err
		}
	}
	n.queue, n.late = append(n.queue, n.late...), nil
	return nil
}
