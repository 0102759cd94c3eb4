package engine

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
)

// A Signer signs texts over named contexts; identity.Identity is one.
type Signer interface {
	Name() string
	Sign(context identity.Context, message []byte) []byte
}

// A Journal is the durable memory of one run at one party. Append keeps an
// event together with the messages that follow from it, in one step: after a
// crash either both are there or neither is. Replay returns the events in order.
type Journal interface {
	Append(e Event, send []Message) error
	Replay() ([]Event, error)
}

// A Node is one site's side of one run: its party half, and, where the plan
// says so, the lead half. It is driven by events: it journals
// each before acting on it, and hands the messages for others to the journal's
// outbox. The same node runs in one process, over simnet and over HTTPS. It is
// not safe for concurrent use.
type Node struct {
	plan    *plan.Plan
	self    string
	journal Journal
	party   *Party
	lead    *Lead
	seen    map[string]bool
	begun   bool
}

// NewNode makes the node of site self and replays its journal.
func NewNode(p *plan.Plan, s Signer, j Journal) (*Node, error) {
	n := &Node{plan: p, self: s.Name(), journal: j, seen: map[string]bool{}}
	var err error
	if n.party, err = NewParty(p, n.self, s); err != nil {
		return nil, err
	}
	if p.Lead == n.self {
		if n.lead, err = NewLead(p, n.self, s); err != nil {
			return nil, err
		}
	}
	events, err := j.Replay()
	if err != nil {
		return nil, fmt.Errorf("replay the journal of study %s: %w", p.Digest, err)
	}
	var own []Event
	for i, e := range events {
		out, err := n.step(e)
		if err != nil {
			return nil, fmt.Errorf("replay event %d (%s) of study %s: %w", i+1, e.Kind, p.Digest, err)
		}
		_, mine := n.split(e, out)
		own = append(own, mine...)
	}
	// A crash between an event and what this node said to itself because of it
	// leaves the latter unheard: say it again.
	for _, e := range own {
		if _, err := n.Deliver(e); err != nil && !Unusable(err) {
			return nil, err
		}
	}
	return n, nil
}

// Begun says whether the run has its begin event.
func (n *Node) Begun() bool { return n.begun }

// Work is what the party half waits for.
func (n *Node) Work() *Work { return n.party.Work() }

// Phase says how far this site is.
func (n *Node) Phase() (string, int) { return n.party.Phase() }

// Outcome returns the outcome as this site knows it, nil while the run goes on.
// A released outcome of the lead half stands over the party's view.
func (n *Node) Outcome() *receipt.Outcome { return n.party.Ended() }

// Idle says that this node has nothing left to do for the run.
func (n *Node) Idle() bool {
	return n.party.Ended() != nil && (n.lead == nil || n.lead.Ended() != nil)
}

// Deadline is the earliest time at which a tick is wanted; zero for none.
func (n *Node) Deadline() time.Time {
	d := n.party.Deadline()
	if n.lead != nil {
		if l := n.lead.Deadline(); d.IsZero() || !l.IsZero() && l.Before(d) {
			d = l
		}
	}
	return d
}

// Deliver journals the event and acts on it, and on what follows from it within
// this node. It returns the messages for others, which the journal keeps too.
// A message seen before changes nothing; one that no half can use is an error
// that [Unusable] recognises, and changes nothing either. After any other error
// the node must be made again from its journal.
func (n *Node) Deliver(e Event) ([]Message, error) {
	var sent []Message
	queue := []Event{e}
	for first := true; len(queue) > 0; first = false {
		e := queue[0]
		queue = queue[1:]
		if m := e.Message; m != nil {
			if m.Study != n.plan.Digest || m.To != n.self {
				return sent, &unusable{fmt.Errorf("message of another study or for another site")}
			}
			if n.seen[m.ID()] {
				continue
			}
		}
		out, err := n.step(e)
		if err != nil {
			if Unusable(err) && !first {
				continue
			}
			return sent, err
		}
		away, own := n.split(e, out)
		if err := n.journal.Append(e, away); err != nil {
			return sent, fmt.Errorf("journal of study %s: %w", n.plan.Digest, err)
		}
		queue, sent = append(queue, own...), append(sent, away...)
	}
	return sent, nil
}

// split parts what a step said: messages for others, and events of this node.
func (n *Node) split(e Event, out []Message) (away []Message, own []Event) {
	for _, m := range out {
		if m.To == n.self {
			own = append(own, Event{Kind: EventMessage, At: e.At, Message: &m})
		} else {
			away = append(away, m)
		}
	}
	return away, own
}

// An unusable event is dropped: malformed, late or from the wrong sender. The
// run goes on as if it had not come.
type unusable struct{ error }

func (u *unusable) Unwrap() error { return u.error }

// Unusable says whether an error of Deliver only means that the event was dropped.
func Unusable(err error) bool { return errors.As(err, new(*unusable)) }

func (n *Node) step(e Event) (out []Message, err error) {
	halves := []interface {
		Step(Event) ([]Message, error)
	}{n.party}
	switch e.Kind {
	case EventMessage:
		m := e.Message
		switch {
		case m.Kind == KindCancel:
			if m.From != n.plan.Researcher {
				return nil, &unusable{fmt.Errorf("%s cannot cancel the study of %s", m.From, n.plan.Researcher)}
			}
			defer func() { n.seen[m.ID()] = true }()
			return n.step(Event{Kind: EventCancel, At: e.At, Reason: Reason{ReasonCancelled, "cancelled by the researcher " + m.From}})
		case slices.Contains(forLead, m.Kind):
			if n.lead == nil {
				return nil, &unusable{fmt.Errorf("%s message, but this site does not lead the study", m.Kind)}
			}
			halves[0] = n.lead
		}
	case EventBegin, EventTick, EventCancel:
		n.begun = true
		if n.lead != nil {
			halves = append(halves, n.lead)
		}
	}
	for _, h := range halves {
		more, err := h.Step(e)
		if err != nil {
			return nil, &unusable{err}
		}
		out = append(out, more...)
	}
	if e.Message != nil {
		n.seen[e.Message.ID()] = true
	}
	return out, nil
}

// forLead lists the kinds that a site sends to the lead half.
var forLead = []Kind{KindDecision, KindKeys, KindContribution, KindConfirm, KindUnmask, KindEndorse, KindWithdraw}
