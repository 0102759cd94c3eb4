package engine

import (
	"fmt"
	"slices"
	"time"

	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/secure"
	"hmsp.center/hmsp/secure/mask"
	"hmsp.center/hmsp/secure/verify"
)

// A Party is a site's half of a run. It believes nobody: it checks the roster's
// signatures and the floor for itself, advances the public state by itself from
// the opened sums, unmasks only what a quorum confirmed, and never helps to
// open two different sets. It is a pure state machine: events in, messages out;
// what it needs computed it states as Work.
type Party struct {
	plan *plan.Plan
	self string
	sign Signer
	b    *Bundle

	phase   partyPhase
	heard   time.Time // from the lead
	seed    []byte
	key     *mask.EpochKey
	data    []byte // the tag of the data that this site answers from
	epoch   int
	seats   []seat
	sent    map[string][]byte // secrets that we encapsulated, by peer
	got     map[string][]byte // secrets that we decapsulated, by peer
	terms   secure.Terms
	masks   *mask.Party
	guard   mask.Guard
	work    *Work
	x       []uint64 // this round's vector
	vector  [32]byte // hash of what was sent of it
	commit  []byte   // to x (A7)
	kept    []byte   // our own share of our self mask
	set     setBody
	log     []byte                   // our checkpoint, as confirmed
	logs    map[string][]byte        // the contributors' checkpoints, as the last quorum showed them
	signed  []byte                   // this round's transcript, as confirmed
	fixed   []string                 // the only set that this party helps to open
	checks  map[string]verify.Scalar // masked check values of this round, by site (A7)
	early   []Message                // came before what they follow from; at most one of a kind
	held    *Message                 // a round or release whose sum is being checked
	rounds  []receipt.Round
	signing [32]byte // digest of the receipt that this party signed
	outcome *receipt.Outcome
}

type partyPhase string

const (
	partyNew        partyPhase = "new"
	partyDeciding   partyPhase = "deciding"
	partyAccepted   partyPhase = "accepted"
	partyKeys       partyPhase = "keys"
	partyComputing  partyPhase = "computing"
	partyWaiting    partyPhase = "contributed"
	partyAgreeing   partyPhase = "agreeing"
	partyConfirmed  partyPhase = "confirmed"
	partyUnmasked   partyPhase = "unmasked"
	partyEndorsed   partyPhase = "signed"
	partyBystanding partyPhase = "left out"
	partyEnded      partyPhase = "ended"
)

// Work is what a party needs done outside the state machine: secrets agreed with
// peers, the vector of a round, or the site's own consent to a set of
// contributors. The answer comes back as an event.
type Work struct {
	Encapsulate map[string][]byte // peer -> epoch key, when secrets are wanted
	Infos       map[string][]byte // peer -> context of the encapsulation
	Epoch       int
	Tasks       []Task // when a vector is wanted
	Seats       []Seat
	Agree       []string // contributors, when consent to open their sum is wanted
	Round       int
}

// NewParty makes the site half of a run at site self.
func NewParty(p *plan.Plan, self string, s Signer) (*Party, error) {
	b, err := NewBundle(p)
	if err != nil {
		return nil, fmt.Errorf("party: %w", err)
	}
	return &Party{plan: p, self: self, sign: s, b: b, phase: partyNew, checks: map[string]verify.Scalar{}}, nil
}

// Ended returns the outcome once the run is over for this site.
func (p *Party) Ended() *receipt.Outcome { return p.outcome }

// Work returns what is waited for, nil if nothing.
func (p *Party) Work() *Work { return p.work }

// Phase says how far this site is, for people.
func (p *Party) Phase() (phase string, round int) { return string(p.phase), p.b.round }

// Deadline is when a tick is wanted: when the lead was silent for longer than an
// honest one can be. Each other site may take the study's patience before the
// lead has anything to say to this one, and then the lead's own runs out.
func (p *Party) Deadline() time.Time {
	if p.phase == partyNew || p.phase == partyDeciding || p.phase == partyEnded {
		return time.Time{}
	}
	return p.heard.Add(p.silence())
}

func (p *Party) silence() time.Duration {
	return time.Duration(len(p.plan.Sites)+1) * p.plan.Patience
}

// Step takes one event. An error means that the event was not used and nothing
// changed: it is stale, or unusable.
func (p *Party) Step(e Event) ([]Message, error) {
	out, err := p.step(e)
	if err != nil {
		return nil, err
	}
	if e.Kind == EventMessage && e.Message.From == p.plan.Lead {
		p.heard = e.At
	}
	for i := 0; i < len(p.early) && p.phase != partyEnded; i++ {
		if m := p.early[i]; !p.tooEarly(m) {
			p.early = slices.Delete(p.early, i, i+1)
			i = -1
			if more, err := p.hear(m); err == nil { // else it is of no use any more
				out = append(out, more...)
			}
		}
	}
	return out, nil
}

// tooEarly says that a message of the lead has overtaken the one before it.
func (p *Party) tooEarly(m Message) bool {
	if m.From != p.plan.Lead || m.Epoch != p.epoch {
		return false
	}
	switch m.Kind {
	case KindQuorum:
		return m.Round == p.b.round && (p.phase == partyWaiting || p.phase == partyAgreeing)
	case KindRound, KindRelease:
		return m.Round == p.b.round+1 && (p.phase == partyWaiting || p.phase == partyAgreeing || p.phase == partyConfirmed)
	}
	return false
}

// wait keeps a message that came too early, if it can be one of this run.
func (p *Party) wait(m Message) ([]Message, error) {
	var err error
	switch m.Kind {
	case KindQuorum:
		_, err = read[quorumBody](m)
	case KindRound:
		_, err = read[roundBody](m)
	case KindRelease:
		_, err = read[releaseBody](m)
	}
	if err != nil {
		return nil, err
	}
	if m.Kind != KindQuorum && len(m.Blob) != 8*p.b.layout.Words() {
		return nil, fmt.Errorf("%s message from %s with a sum of the wrong length", m.Kind, m.From)
	}
	p.early = append(p.early, m)
	return nil, nil
}

func (p *Party) step(e Event) ([]Message, error) {
	if p.phase == partyEnded {
		return nil, errStale
	}
	switch e.Kind {
	case EventBegin:
		return p.begin(e)
	case EventDecided:
		return p.decide(e)
	case EventEncapsulated:
		return p.encapsulated(e)
	case EventComputed:
		return p.computed(e)
	case EventAgreed:
		return p.agreed(e)
	case EventFailed:
		if p.work == nil || e.Round != p.work.Round || e.Epoch != p.work.Epoch {
			return nil, errStale
		}
		return p.withdraw(e.Reason, nil), nil
	case EventCancel:
		return p.withdraw(e.Reason, nil), nil
	case EventTick:
		return p.tick(e)
	case EventMessage:
		if e.Twice {
			return p.contradicted(*e.Message)
		}
		if p.tooEarly(*e.Message) {
			return p.wait(*e.Message)
		}
		return p.hear(*e.Message)
	}
	return nil, fmt.Errorf("%s event is not for a site", e.Kind)
}

func (p *Party) hear(m Message) ([]Message, error) {
	if m.Kind == KindCheck {
		return p.hearCheck(m)
	}
	if m.From != p.plan.Lead {
		return nil, fmt.Errorf("%s message from %s, who does not lead this study", m.Kind, m.From)
	}
	switch m.Kind {
	case KindRoster:
		return p.hearRoster(m)
	case KindRound:
		return p.hearRound(m)
	case KindSet:
		return p.hearSet(m)
	case KindQuorum:
		return p.hearQuorum(m)
	case KindRelease:
		return p.hearRelease(m)
	case KindOutcome:
		return p.hearOutcome(m)
	}
	return nil, fmt.Errorf("%s message is not for a site", m.Kind)
}

// contradicted ends the run when a party says two things under one name: the
// messages of a round are each sent once, and again only word by word.
func (p *Party) contradicted(m Message) ([]Message, error) {
	if m.From != p.plan.Lead && m.Kind != KindCheck {
		return nil, errStale
	}
	return p.accuse("%s sent two different %s messages for round %d", m.From, m.Kind, m.Round), nil
}

func (p *Party) tick(e Event) ([]Message, error) {
	switch d := p.Deadline(); {
	case d.IsZero() || e.At.Before(d):
		return nil, errStale
	case p.phase == partyBystanding:
		p.end(p.stopped("this site does not take part, and the lead "+p.plan.Lead+" has not said how the study ended", receipt.Refused))
		return nil, nil
	}
	return p.withdraw(Reason{ReasonAbsent, fmt.Sprintf("the lead %s was not heard from within %s", p.plan.Lead, p.silence())}, nil), nil
}

func (p *Party) index(site string) int { return slices.Index(p.plan.Sites, site) }

// members are the sites whose masks are in this round.
func (p *Party) members() []string {
	if p.fixed != nil {
		return p.fixed
	}
	return sitesOf(p.seats)
}

func (p *Party) message(k Kind, to string, round int, v any, data []byte) Message {
	return Message{Study: p.plan.Digest, Kind: k, From: p.self, To: to, Epoch: p.epoch, Round: round, Body: body(v), Blob: data}
}
