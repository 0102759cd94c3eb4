package engine

import (
	"fmt"
	"slices"
	"time"

	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/secure"
	"hmsp.center/hmsp/secure/mask"
)

// A Lead is the coordinator half of a run: it gathers decisions, forms the
// roster, carries masked vectors and opened sums, and assembles the outcome. It
// sees opened sums, never a part. It is a pure state machine: events in,
// messages out.
type Lead struct {
	plan *plan.Plan
	self string
	sign Signer
	b    *Bundle

	phase     leadPhase
	started   time.Time
	progress  time.Time // when anything last moved; patience counts from here
	seq       int
	decisions map[string]decisionBody
	absent    map[string]absence
	epoch     int
	seats     []seat
	keys      map[string]keysBody
	arrived   map[string]arrival
	sum       []uint64 // of the masked vectors that arrived
	set       setBody
	signed    []byte   // transcript of the round
	fixed     []string // the contributors, once a set was confirmed
	confirms  map[string][]byte
	logs      map[string][]byte // checkpoints, by member
	helps     map[int]mask.Help
	rounds    []receipt.Round
	remarks   []string // what was noticed and mended, for the researcher
	receipt   receipt.Receipt
	endorsed  map[string][]byte
	outcome   *receipt.Outcome
}

// arrival is one contribution as the lead keeps it: the vector itself is summed
// and gone.
type arrival struct {
	vector [32]byte // hash
	commit []byte
	shares map[string][]byte
}

type leadPhase string

const (
	leadDeciding   leadPhase = "deciding"
	leadKeys       leadPhase = "keys"
	leadCollecting leadPhase = "computing"
	leadConfirming leadPhase = "confirming"
	leadUnmasking  leadPhase = "opening"
	leadEndorsing  leadPhase = "signing"
	leadEnded      leadPhase = "ended"
)

// NewLead makes the coordinator half at site self.
func NewLead(p *plan.Plan, self string, s Signer) (*Lead, error) {
	b, err := NewBundle(p)
	if err != nil {
		return nil, fmt.Errorf("lead: %w", err)
	}
	return &Lead{plan: p, self: self, sign: s, b: b, phase: leadDeciding,
		decisions: map[string]decisionBody{}, absent: map[string]absence{}}, nil
}

// Ended returns the outcome once the run is over.
func (l *Lead) Ended() *receipt.Outcome { return l.outcome }

// Deadline is when a tick is wanted: the study's patience after the last
// progress. A zero time wants none.
func (l *Lead) Deadline() time.Time {
	if l.phase == leadEnded || l.progress.IsZero() {
		return time.Time{}
	}
	return l.progress.Add(l.plan.Patience)
}

// Step takes one event. An error means that the event was not used and nothing
// changed: it is stale, or unusable. What a party did wrong ends its part, or
// the run, by an outcome that names it.
func (l *Lead) Step(e Event) ([]Message, error) {
	if l.phase == leadEnded {
		return nil, errStale
	}
	switch e.Kind {
	case EventBegin:
		if !l.started.IsZero() {
			return nil, errStale
		}
		l.started, l.progress = e.At, e.At
		return l.report("waiting for the sites' decisions"), nil
	case EventTick:
		if d := l.Deadline(); d.IsZero() || e.At.Before(d) {
			return nil, errStale
		}
		return l.late(e.At), nil
	case EventCancel:
		return l.fail(receipt.Cancelled, e.Reason), nil
	case EventMessage:
		return l.hear(e.At, *e.Message)
	}
	return nil, fmt.Errorf("%s event is not for a lead", e.Kind)
}

func (l *Lead) hear(at time.Time, m Message) ([]Message, error) {
	if !slices.Contains(l.plan.Sites, m.From) {
		return nil, fmt.Errorf("%s message from %s, which is not a site of the study", m.Kind, m.From)
	}
	switch m.Kind {
	case KindDecision:
		return l.hearDecision(at, m)
	case KindKeys:
		return l.hearKeys(at, m)
	case KindContribution:
		return l.hearContribution(at, m)
	case KindConfirm:
		return l.hearConfirm(at, m)
	case KindUnmask:
		return l.hearUnmask(at, m)
	case KindEndorse:
		return l.hearEndorse(at, m)
	case KindWithdraw:
		return l.hearWithdraw(at, m)
	}
	return nil, fmt.Errorf("%s message is not for a lead", m.Kind)
}

func (l *Lead) roster() []string { return sitesOf(l.seats) }

// members are those whose masks are in this round: the roster until a set is
// opened, that set ever after.
func (l *Lead) members() []string {
	if l.fixed != nil {
		return l.fixed
	}
	return l.roster()
}

func (l *Lead) threshold() int { return l.plan.Threshold(len(l.members())) }

// awaited are the sites that something is expected of in this phase: the only
// ones whose silence, withdrawal or error can hold the run up.
func (l *Lead) awaited() []string {
	var from []string
	switch l.phase {
	case leadDeciding:
		from = l.plan.Sites
	case leadKeys:
		from = l.roster()
	case leadCollecting:
		from = l.members()
	case leadConfirming, leadUnmasking:
		return l.set.Members
	case leadEndorsing:
		return l.fixed
	}
	var out []string
	for _, s := range from {
		if _, gone := l.absent[s]; !gone {
			out = append(out, s)
		}
	}
	return out
}

// terms are those of the present round.
func (l *Lead) terms() secure.Terms { return terms(l.plan, l.epoch, l.seats, l.fixed) }

// Messages.

func (l *Lead) message(k Kind, to string, round int, v any, data []byte) Message {
	return Message{Study: l.plan.Digest, Kind: k, From: l.self, To: to, Epoch: l.epoch, Round: round, Body: body(v), Blob: data}
}

func (l *Lead) toAll(to []string, k Kind, round int, v any, data []byte) []Message {
	var out []Message
	for i, s := range to {
		m := Message{Study: l.plan.Digest, Kind: k, From: l.self, To: s, Epoch: l.epoch, Round: round, Blob: data}
		if i == 0 {
			m.Body = body(v)
		} else {
			m.Body = out[0].Body
		}
		out = append(out, m)
	}
	return out
}

// report tells the researcher how far each site is.
func (l *Lead) report(text string) []Message {
	p := Progress{Phase: string(l.phase), Round: l.b.round, Sites: map[string]string{}, Message: text}
	for _, s := range l.plan.Sites {
		switch {
		case l.isAbsent(s):
			p.Sites[s] = PhaseAbsent + ": " + l.absent[s].Kind
		case l.phase == leadDeciding:
			p.Sites[s] = "deciding"
			if l.decisions[s].Accept {
				p.Sites[s] = "accepted"
			}
		case l.phase == leadCollecting && l.arrived[s].shares != nil:
			p.Sites[s] = PhaseComputed
		default:
			p.Sites[s] = string(l.phase)
		}
	}
	l.seq++
	m := l.message(KindProgress, l.plan.Researcher, l.b.round, p, nil)
	m.Seq = l.seq
	return []Message{m}
}
