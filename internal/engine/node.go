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
	seen    map[string][32]byte // what was used of each message
	begun   bool
}

// NewNode makes the node of site self and replays its journal: every event that
// came from outside is delivered again, and whatever follows from it within this
// node must be what the journal has next. Where a crash has cut the journal in
// the middle of that, the rest is journaled now, with the messages that it sends.
func NewNode(p *plan.Plan, s Signer, j Journal) (*Node, error) {
	n := &Node{plan: p, self: s.Name(), seen: map[string][32]byte{}}
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
	past := &past{events: events, Journal: j}
	n.journal = past
	for len(past.events) > 0 {
		left := len(past.events)
		_, err := n.Deliver(past.events[0])
		if err == nil && len(past.events) == left {
			err = errors.New("the journal is of another version: nothing follows from the event")
		}
		if err != nil {
			return nil, fmt.Errorf("replay event %d (%s) of study %s: %w", len(events)-left+1, events[len(events)-left].Kind, p.Digest, err)
		}
	}
	n.journal = j
	return n, nil
}

// past is a journal whose events are still ahead of the node that replays them.
type past struct {
	events []Event
	Journal
}

func (p *past) Append(e Event, send []Message) error {
	if len(p.events) == 0 {
		return p.Journal.Append(e, send)
	}
	next := p.events[0]
	if next.Kind != e.Kind || e.Message != nil && (next.Message == nil || next.Message.ID() != e.Message.ID() || next.Message.sum() != e.Message.sum()) {
		return fmt.Errorf("the journal has %s where %s follows", next.Kind, e.Kind)
	}
	p.events = p.events[1:]
	return nil
}

// Begun says whether the run has its begin event.
func (n *Node) Begun() bool { return n.begun }

// Work is what the party half waits for.
func (n *Node) Work() *Work { return n.party.Work() }

// Phase says how far this site is.
func (n *Node) Phase() (string, int) { return n.party.Phase() }

// Outcome returns the outcome as this site knows it, nil while the run goes on.
func (n *Node) Outcome() *receipt.Outcome { return n.party.Ended() }

// Signed returns the digest of the receipt that this site has signed.
func (n *Node) Signed() (digest [32]byte, ok bool) {
	return n.party.signing, n.party.signing != [32]byte{}
}

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
// An event that changes nothing (a message seen before, or overtaken by the run)
// is not journaled; one that no half can use is an error that [Unusable]
// recognises, and changes nothing either. After any other error the node must be
// made again from its journal.
func (n *Node) Deliver(e Event) ([]Message, error) {
	var sent []Message
	queue := []Event{e}
	for first := true; len(queue) > 0; first = false {
		e := queue[0]
		queue = queue[1:]
		out, err := n.step(e)
		switch {
		case err == errStale || Unusable(err) && !first:
			continue
		case err != nil:
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

// errStale is what a half answers to an event that has nothing to tell it any
// more. It is no error of anybody, and not worth a line in a log or a journal.
var errStale = errors.New("the run is past this event")

// step gives an event to the half or halves that it is for. A half that answers
// with an error has changed nothing.
func (n *Node) step(e Event) ([]Message, error) {
	if (e.Kind == EventMessage) != (e.Message != nil) {
		return nil, &unusable{fmt.Errorf("%s event with the wrong contents", e.Kind)}
	}
	if e.Message == nil {
		return n.both(e)
	}
	m := *e.Message
	if m.Study != n.plan.Digest || m.To != n.self {
		return nil, &unusable{fmt.Errorf("message of another study or for another site")}
	}
	if len(m.Blob) > 0 && m.Kind != KindRound && m.Kind != KindContribution && m.Kind != KindRelease {
		return nil, &unusable{fmt.Errorf("%s message with a vector", m.Kind)}
	}
	id, sum := m.ID(), m.sum()
	if before, twice := n.seen[id]; twice && before == sum {
		return nil, errStale
	} else if twice {
		e.Twice = true
	}
	out, err := n.route(e, m)
	if err == nil {
		n.seen[id] = sum
	}
	return out, err
}

// route gives a message to the half that it is for.
func (n *Node) route(e Event, m Message) ([]Message, error) {
	switch {
	case m.Kind == KindCancel:
		if m.From != n.plan.Researcher {
			return nil, &unusable{fmt.Errorf("%s cannot cancel the study of %s", m.From, n.plan.Researcher)}
		}
		return n.both(Event{Kind: EventCancel, At: e.At, Reason: Reason{ReasonCancelled, "cancelled by the researcher " + m.From}})
	case !slices.Contains(forLead, m.Kind):
		return usable(n.party.Step(e))
	case n.lead == nil:
		return nil, &unusable{fmt.Errorf("%s message, but this site does not lead the study", m.Kind)}
	case e.Twice:
		return nil, errStale // a site said two things: the first counts
	}
	return usable(n.lead.Step(e))
}

// both gives an event to the party half, and to the lead half where it concerns
// the whole run.
func (n *Node) both(e Event) ([]Message, error) {
	out, err := n.party.Step(e)
	if n.lead != nil && (e.Kind == EventBegin || e.Kind == EventTick || e.Kind == EventCancel) && (err == nil || err == errStale) {
		more, again := n.lead.Step(e)
		if again == nil || err == errStale {
			out, err = append(out, more...), again
		}
	}
	n.begun = n.begun || e.Kind == EventBegin && err == nil
	return usable(out, err)
}

func usable(out []Message, err error) ([]Message, error) {
	if err != nil && err != errStale {
		return nil, &unusable{err}
	}
	return out, err
}

// forLead lists the kinds that a site sends to the lead half.
var forLead = []Kind{KindDecision, KindKeys, KindContribution, KindConfirm, KindUnmask, KindEndorse, KindWithdraw}
