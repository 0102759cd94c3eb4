package engine

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"

	"hmsp.center/hmsp/identity"
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
	signed  []byte                        // this round's transcript, as confirmed
	fixed   []string                      // the only set that this party helps to open
	checks  map[int]map[int]verify.Scalar // masked check values, by round and contributor (A7)
	pending []Message                     // said on the way, to go out with the step
	early   []Message                     // came before what they follow from
	held    *Message                      // a round or release whose sum is being checked
	rounds  []receipt.Round
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
	partyConfirmed  partyPhase = "confirmed"
	partyUnmasked   partyPhase = "unmasked"
	partyEndorsed   partyPhase = "signed"
	partyBystanding partyPhase = "left out"
	partyEnded      partyPhase = "ended"
)

// Work is what a party needs done outside the state machine: secrets agreed
// with peers, or the vector of a round. The answer comes back as an event.
type Work struct {
	Encapsulate map[string][]byte // peer -> epoch key, when secrets are wanted
	Infos       map[string][]byte // peer -> context of the encapsulation
	Epoch       int
	Tasks       []Task // when a vector is wanted
	Round       int
}

// NewParty makes the site half of a run at site self.
func NewParty(p *plan.Plan, self string, s Signer) (*Party, error) {
	b, err := NewBundle(p)
	if err != nil {
		return nil, fmt.Errorf("party: %w", err)
	}
	return &Party{plan: p, self: self, sign: s, b: b, phase: partyNew, checks: map[int]map[int]verify.Scalar{}}, nil
}

// Ended returns the outcome once the run is over for this site.
func (p *Party) Ended() *receipt.Outcome { return p.outcome }

// Work returns what is waited for, nil if nothing.
func (p *Party) Work() *Work { return p.work }

// Phase says how far this site is, for people.
func (p *Party) Phase() (phase string, round int) { return string(p.phase), p.b.round }

// Deadline is when a tick is wanted: three times the study's patience after the
// lead was last heard. The lead's own patience runs out first, so that a site
// gives up by itself only when the lead is gone.
func (p *Party) Deadline() time.Time {
	if p.phase == partyNew || p.phase == partyDeciding || p.phase == partyEnded {
		return time.Time{}
	}
	return p.heard.Add(3 * p.plan.Patience)
}

// Step takes one event. An error means that the event itself was unusable (it
// is dropped).
func (p *Party) Step(e Event) ([]Message, error) {
	out, err := p.step(e)
	for i := 0; i < len(p.early) && err == nil && p.phase != partyEnded; i++ {
		if m := p.early[i]; !p.tooEarly(m) {
			p.early = slices.Delete(p.early, i, i+1)
			i = -1
			var more []Message
			if more, err = p.hear(e.At, m); err == nil {
				out = append(out, more...)
			}
		}
	}
	out, p.pending = append(p.pending, out...), nil
	return out, err
}

// tooEarly says that a message of the lead has overtaken the one before it.
func (p *Party) tooEarly(m Message) bool {
	if m.From != p.plan.Lead || m.Epoch < p.epoch {
		return false
	}
	switch m.Kind {
	case KindRound:
		return m.Round == 0 && p.phase == partyAccepted || m.Round == p.b.round+1 && p.phase == partyWaiting
	case KindQuorum:
		return m.Round == p.b.round && p.phase == partyWaiting
	case KindRelease:
		return m.Round == p.b.round+1 && p.phase == partyWaiting
	}
	return false
}

func (p *Party) step(e Event) ([]Message, error) {
	if p.phase == partyEnded {
		return nil, nil
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
	case EventFailed:
		return p.withdraw(e.Reason, nil), nil
	case EventCancel:
		return p.withdraw(e.Reason, nil), nil
	case EventTick:
		if d := p.Deadline(); d.IsZero() || e.At.Before(d) {
			return nil, nil
		}
		return p.withdraw(Reason{ReasonAbsent, fmt.Sprintf("the lead %s was not heard from within %s", p.plan.Lead, 3*p.plan.Patience)}, nil), nil
	case EventMessage:
		return p.hear(e.At, *e.Message)
	}
	return nil, nil
}

func (p *Party) hear(at time.Time, m Message) ([]Message, error) {
	if m.Kind == KindCheck {
		return p.hearCheck(at, m)
	}
	if m.From != p.plan.Lead {
		return nil, fmt.Errorf("%s message from %s, who does not lead this study", m.Kind, m.From)
	}
	p.heard = at
	if p.tooEarly(m) {
		p.early = append(p.early, m)
		return nil, nil
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

// Decision.

func (p *Party) begin(e Event) ([]Message, error) {
	if p.phase != partyNew {
		return nil, nil
	}
	if len(e.Seed) < 32 {
		return nil, fmt.Errorf("begin: a seed of %d bytes, want 32", len(e.Seed))
	}
	key, err := mask.NewEpochKey(draw(stream(e.Seed, "epoch key", 0), mask.SeedSize))
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	p.seed, p.key, p.phase, p.heard = e.Seed, key, partyDeciding, e.At
	return nil, nil
}

func (p *Party) decide(e Event) ([]Message, error) {
	if p.phase != partyDeciding {
		return nil, nil
	}
	p.heard = e.At
	if !e.Accept {
		d := decisionBody{Reason: e.Reason}
		p.phase = partyBystanding
		return []Message{p.message(KindDecision, p.plan.Lead, 0, d, nil)}, nil
	}
	pub := p.key.Public()
	d := decisionBody{Accept: true, Key: pub, Signature: p.sign.Sign(identity.ContextEpochKey, epochKeyBytes(p.plan, pub))}
	p.phase = partyAccepted
	return []Message{p.message(KindDecision, p.plan.Lead, 0, d, nil)}, nil
}

// Roster.

func (p *Party) hearRoster(m Message) ([]Message, error) {
	r, err := read[rosterBody](m)
	if err != nil {
		return nil, err
	}
	again := p.phase == partyKeys && m.Epoch > p.epoch // the lead regrouped before any vector was sent
	if p.phase != partyAccepted && !again {
		return nil, nil
	}
	if why := p.checkRoster(r.Seats); why != "" {
		return p.accuse("the lead %s sent a roster in which %s", p.plan.Lead, why), nil
	}
	if len(r.Seats) < p.plan.Minimum {
		return p.withdraw(Reason{ReasonFloor, fmt.Sprintf("the roster has %d sites, the study asks for %d", len(r.Seats), p.plan.Minimum)}, nil), nil
	}
	if err := p.plan.Floor(len(r.Seats)); err != nil {
		return p.withdraw(Reason{ReasonFloor, err.Error()}, nil), nil
	}
	p.phase, p.epoch, p.seats = partyKeys, m.Epoch, r.Seats
	p.terms = terms(p.plan, p.epoch, p.seats, nil)
	w := &Work{Encapsulate: map[string][]byte{}, Infos: map[string][]byte{}, Epoch: p.epoch}
	for _, s := range p.seats {
		if s.Site != p.self {
			w.Encapsulate[s.Site] = s.Key
			w.Infos[s.Site] = mask.Info(p.terms, p.index(p.self), p.index(s.Site))
		}
	}
	p.work = w
	return nil, nil
}

// checkRoster says what is wrong with a roster, in words that follow "in which".
func (p *Party) checkRoster(seats []seat) string {
	mine := false
	for i, s := range seats {
		if i > 0 && seats[i-1].Site >= s.Site {
			return fmt.Sprintf("%s is out of order or listed twice", s.Site)
		}
		if !slices.Contains(p.plan.Sites, s.Site) {
			return fmt.Sprintf("%s is not a site of the study", s.Site)
		}
		if err := verifySeat(p.plan, s); err != nil {
			return fmt.Sprintf("the key of %s is not signed by it", s.Site)
		}
		if s.Site == p.self {
			mine = bytes.Equal(s.Key, p.key.Public())
		}
	}
	if !mine {
		return fmt.Sprintf("%s itself is missing", p.self)
	}
	return ""
}

func (p *Party) encapsulated(e Event) ([]Message, error) {
	if p.phase != partyKeys || e.Epoch != p.epoch {
		return nil, nil
	}
	p.work, p.sent = nil, e.Secret
	return []Message{p.message(KindKeys, p.plan.Lead, 0, keysBody{Enc: e.Enc}, nil)}, nil
}

// Round.

func (p *Party) hearRound(m Message) ([]Message, error) {
	r, err := read[roundBody](m)
	if err != nil || m.Epoch != p.epoch {
		return nil, err
	}
	switch {
	case p.phase == partyKeys && m.Round == 0 && p.work == nil:
		if err := p.agree(r.Enc); err != nil {
			return p.withdraw(Reason{ReasonInternal, "no common key with every peer: " + err.Error()}, nil), nil
		}
	case (p.phase == partyUnmasked || p.phase == partyConfirmed) && m.Round == p.b.round+1:
		out, done := p.advance(m)
		if !done {
			return out, nil
		}
	default:
		return nil, nil
	}
	if d := p.b.digest(); !bytes.Equal(d[:], r.State) {
		return p.accuse("the lead %s asks for round %d with a state that does not follow from the opened sums", p.plan.Lead, m.Round), nil
	}
	p.phase, p.x = partyComputing, nil
	p.work = &Work{Tasks: p.b.Tasks(), Round: p.b.round}
	return nil, nil
}

// agree completes the secrets with the peers of the epoch.
func (p *Party) agree(enc map[string][]byte) error {
	p.got = map[string][]byte{}
	for _, s := range p.seats {
		if s.Site == p.self {
			continue
		}
		secret, err := p.key.Decapsulate(enc[s.Site], mask.Info(p.terms, p.index(s.Site), p.index(p.self)))
		if err != nil {
			return fmt.Errorf("encapsulation from %s: %w", s.Site, err)
		}
		p.got[s.Site] = secret
	}
	return p.pair()
}

// pair derives the masks' keys for the present terms.
func (p *Party) pair() error {
	pairs := map[int]mask.Pair{}
	for _, j := range p.terms.Members {
		if peer := p.plan.Sites[j]; peer != p.self {
			var err error
			if pairs[j], err = mask.PairSecret(p.terms, p.index(p.self), j, p.sent[peer], p.got[peer]); err != nil {
				return err
			}
		}
	}
	var err error
	p.masks, err = mask.NewParty(p.terms, p.index(p.self), pairs, &p.guard)
	return err
}

// checked holds the opened sum against the check values of all contributors. At
// first sight of the sum it sends this site's value; while others' are missing,
// the message is held.
func (p *Party) checked(m Message, sum []uint64) (out []Message, done bool) {
	t := verify.Transcript{Terms: p.terms, Round: p.b.round, Set: indices(p.plan, p.set.Members), Opened: mask.HashWords(sum),
		Vectors: byIndex(p.plan, p.set.Vectors), Commitments: byIndex(p.plan, p.set.Commits)}
	coin, err := t.Coin()
	if err != nil {
		return p.withdraw(Reason{ReasonInternal, err.Error()}, nil), false
	}
	self := p.index(p.self)
	if _, ok := p.values()[self]; !ok {
		sigma, err := coin.Inner(p.b.layout, p.x)
		if err == nil {
			sigma, err = coin.MaskScalar(sigma, self, t.Set, p.masks.Keys(p.b.round, mask.StreamCheck))
		}
		if err != nil {
			return p.withdraw(Reason{ReasonInternal, err.Error()}, nil), false
		}
		p.values()[self] = sigma
		for _, s := range p.set.Members {
			if s != p.self {
				out = append(out, p.message(KindCheck, s, p.b.round, checkBody{sigma}, nil))
			}
		}
	}
	if len(p.values()) < len(t.Set) {
		p.held = &m
		return out, false
	}
	if err := coin.Check(p.b.layout, sum, t.Set, p.values()); err != nil {
		return append(out, p.accuse("the sum that the lead %s opened in round %d is not the sum of the parts: the lead altered it, or a contributor contradicted its own part", p.plan.Lead, p.b.round)...), false
	}
	p.pending = append(p.pending, out...)
	return nil, true
}

// values are the check values of the present round.
func (p *Party) values() map[int]verify.Scalar {
	if p.checks[p.b.round] == nil {
		p.checks[p.b.round] = map[int]verify.Scalar{}
	}
	return p.checks[p.b.round]
}

// hearCheck keeps another contributor's check value, which may come before the
// sum that it is for.
func (p *Party) hearCheck(at time.Time, m Message) ([]Message, error) {
	c, err := read[checkBody](m)
	if err != nil || !p.plan.Verify || m.Round < p.b.round || m.Round > p.b.round+1 {
		return nil, err
	}
	i := p.index(m.From)
	if i < 0 || p.fixed != nil && !slices.Contains(p.fixed, m.From) {
		return nil, fmt.Errorf("check value from %s, which did not contribute", m.From)
	}
	if p.checks[m.Round] == nil {
		p.checks[m.Round] = map[int]verify.Scalar{}
	}
	if _, twice := p.checks[m.Round][i]; twice {
		return nil, nil
	}
	p.checks[m.Round][i] = c.Value
	if held := p.held; held != nil && len(p.values()) == len(p.set.Members) {
		p.held = nil
		return p.hear(at, *held)
	}
	return nil, nil
}

func (p *Party) index(site string) int { return slices.Index(p.plan.Sites, site) }

// advance takes the opened sum of the round behind us into the public state.
// done is false when the run stopped here, or waits for the others' check.
func (p *Party) advance(m Message) (out []Message, done bool) {
	sum, err := words(m.Blob, p.b.layout.Words())
	if err != nil {
		return p.accuse("the lead %s opened a vector of the wrong length", p.plan.Lead), false
	}
	if p.plan.Verify {
		if out, done = p.checked(m, sum); !done {
			return out, false
		}
	}
	p.fixed = p.set.Members
	p.rounds = append(p.rounds, opening(p.plan, p.epoch, p.b, p.set.Members))
	if err := p.b.Advance(sum); err != nil {
		return p.withdraw(Reason{ReasonInternal, err.Error()}, nil), false
	}
	p.held = nil
	if t := terms(p.plan, p.epoch, p.seats, p.fixed); t.Epoch != p.terms.Epoch {
		p.terms = t
		if err := p.pair(); err != nil {
			return p.withdraw(Reason{ReasonInternal, err.Error()}, nil), false
		}
	}
	return nil, true
}

// members are the sites whose masks are in this round.
func (p *Party) members() []string {
	if p.fixed != nil {
		return p.fixed
	}
	return sitesOf(p.seats)
}

// computed masks the round's vector. The vector came through the site's one
// door; from here on it is only ever seen masked.
func (p *Party) computed(e Event) ([]Message, error) {
	if p.phase != partyComputing || e.Round != p.b.round {
		return nil, nil
	}
	if len(e.Words) != p.b.layout.Words() {
		return p.withdraw(Reason{ReasonInternal, "the local vector has the wrong length"}, nil), nil
	}
	p.work, p.x = nil, e.Words
	round := secure.Round{Number: p.b.round, Question: p.b.digest()}
	parcel, err := p.masks.Send(round, p.b.layout, p.x, stream(p.seed, "mask", p.b.round))
	if err != nil {
		return p.withdraw(Reason{ReasonInternal, err.Error()}, nil), nil
	}
	c := contributionBody{Shares: map[string][]byte{}}
	for j, sealed := range parcel.Sealed {
		c.Shares[p.plan.Sites[j]] = sealed
	}
	if p.plan.Verify {
		rho := [32]byte(draw(stream(p.seed, "commitment", p.b.round), 32))
		commit := verify.Commit(p.terms, p.b.round, p.index(p.self), p.b.layout, p.x, rho)
		c.Commit = commit[:]
	}
	p.vector, p.commit, p.kept, p.phase = mask.HashWords(parcel.Vector), c.Commit, parcel.Kept, partyWaiting
	return []Message{p.message(KindContribution, p.plan.Lead, p.b.round, c, blob(parcel.Vector))}, nil
}

// Set and confirmation.

func (p *Party) hearSet(m Message) ([]Message, error) {
	s, err := read[setBody](m)
	if err != nil || m.Epoch != p.epoch || m.Round != p.b.round {
		return nil, err
	}
	if p.phase == partyConfirmed || p.phase == partyUnmasked {
		if !sameSet(s, p.set) {
			return p.accuseWith(&s, "the lead %s announced two different sets for round %d", p.plan.Lead, m.Round), nil
		}
		return nil, nil
	}
	if p.phase != partyWaiting {
		return nil, nil
	}
	if why := p.checkSet(s); why != "" {
		return p.accuseWith(&s, "the lead %s announced a set %s", p.plan.Lead, why), nil
	}
	tr, err := transcript(p.plan, p.terms, p.b, s)
	if err != nil {
		return p.withdraw(Reason{ReasonFloor, err.Error()}, &s), nil
	}
	if err := p.plan.Verifies(p.plan.Lead, identity.ContextSet, tr, s.Signature); err != nil {
		return p.accuse("the lead %s announced a set that it did not sign", p.plan.Lead), nil
	}
	if len(s.Members) < p.plan.Minimum {
		return p.withdraw(Reason{ReasonFloor, fmt.Sprintf("the set has %d sites, the study asks for %d", len(s.Members), p.plan.Minimum)}, nil), nil
	}
	if err := p.guard.Agree(p.terms, p.index(p.self), p.b.round, indices(p.plan, s.Members)); err != nil {
		return p.accuseWith(&s, "the lead %s: %v", p.plan.Lead, err), nil
	}
	p.set, p.signed, p.phase = s, tr, partyConfirmed
	return []Message{p.message(KindConfirm, p.plan.Lead, p.b.round, confirmBody{p.sign.Sign(identity.ContextConfirm, tr)}, nil)}, nil
}

// checkSet says what is wrong with a set, in words that follow "a set".
func (p *Party) checkSet(s setBody) string {
	members := p.members()
	if !slices.IsSorted(s.Members) || len(slices.Compact(slices.Clone(s.Members))) != len(s.Members) {
		return "that is not in order"
	}
	for _, name := range s.Members {
		if !slices.Contains(members, name) {
			return fmt.Sprintf("with %s, which has no seat in this round", name)
		}
		if len(s.Vectors[name]) != 32 || p.plan.Verify && len(s.Commits[name]) != 32 {
			return fmt.Sprintf("without the part of %s", name)
		}
	}
	if p.fixed != nil && !slices.Equal(s.Members, p.fixed) {
		return "that differs from the one already opened"
	}
	if len(s.Vectors) != len(s.Members) || p.plan.Verify && len(s.Commits) != len(s.Members) {
		return "with parts of others"
	}
	if !slices.Contains(s.Members, p.self) {
		return fmt.Sprintf("without %s itself", p.self)
	}
	if !bytes.Equal(s.Vectors[p.self], p.vector[:]) || !bytes.Equal(s.Commits[p.self], p.commit) {
		return fmt.Sprintf("in which the part of %s was altered", p.self)
	}
	return ""
}

// Quorum and unmasking.

func (p *Party) hearQuorum(m Message) ([]Message, error) {
	q, err := read[quorumBody](m)
	if err != nil || p.phase != partyConfirmed || m.Epoch != p.epoch || m.Round != p.b.round {
		return nil, err
	}
	agreed := 0
	for _, s := range p.set.Members {
		if sig, ok := q.Confirms[s]; ok && p.plan.Verifies(s, identity.ContextConfirm, p.signed, sig) == nil {
			agreed++
		}
	}
	if t := p.terms.Threshold(); agreed < t {
		return p.accuseWith(&p.set, "the lead %s showed %d confirmations of the set, opening needs %d: it may have told others another set", p.plan.Lead, agreed, t), nil
	}
	sealed := map[int][]byte{p.index(p.self): p.kept}
	for owner, sh := range q.Shares {
		if slices.Contains(p.set.Members, owner) && owner != p.self {
			sealed[p.index(owner)] = sh
		}
	}
	round := secure.Round{Number: p.b.round, Question: p.b.digest()}
	help, err := p.masks.Help(round, indices(p.plan, p.set.Members), sealed)
	if err != nil {
		return p.accuseWith(&p.set, "the lead %s: %v", p.plan.Lead, err), nil
	}
	p.fixed, p.phase = p.set.Members, partyUnmasked
	return []Message{p.message(KindUnmask, p.plan.Lead, p.b.round, unmaskBody{Help: help}, nil)}, nil
}

// Release.

func (p *Party) hearRelease(m Message) ([]Message, error) {
	r, err := read[releaseBody](m)
	if err != nil || p.phase != partyUnmasked && p.phase != partyConfirmed || m.Round != p.b.round+1 {
		return nil, err
	}
	out, done := p.advance(m)
	if !done {
		return out, nil
	}
	if !p.b.Done() {
		return p.accuse("the lead %s asks to release a study that is not finished", p.plan.Lead), nil
	}
	mine, err := drawReceipt(p.plan, p.fixed, r.Receipt.Absent, p.rounds, p.b, p.plan.Threshold(len(p.seats)), r.Receipt.Started, r.Receipt.Ended)
	if err != nil {
		return nil, err
	}
	digest, err := mine.Digest()
	if err != nil {
		return nil, err
	}
	if theirs, err := r.Receipt.Digest(); err != nil || theirs != digest {
		return p.accuse("the lead %s asks to sign a receipt that does not tell what happened", p.plan.Lead), nil
	}
	p.phase = partyEndorsed
	return []Message{p.message(KindEndorse, p.plan.Lead, 0, endorseBody{p.sign.Sign(identity.ContextReceipt, digest[:])}, nil)}, nil
}

func (p *Party) hearOutcome(m Message) ([]Message, error) {
	o, err := read[receipt.Outcome](m)
	if err != nil {
		return nil, err
	}
	p.end(&o)
	return nil, nil
}

// Withdrawal and accusation.

func (p *Party) accuse(format string, args ...any) []Message {
	return p.accuseWith(nil, format, args...)
}

func (p *Party) accuseWith(evidence *setBody, format string, args ...any) []Message {
	return p.withdraw(Reason{ReasonCheating, fmt.Sprintf(format, args...)}, evidence)
}

// withdraw ends the run at this site and tells the lead and the researcher why.
func (p *Party) withdraw(why Reason, evidence *setBody) []Message {
	w := withdrawBody{Reason: why, Evidence: evidence}
	out := []Message{
		p.message(KindWithdraw, p.plan.Lead, 0, w, nil),
		p.message(KindWithdraw, p.plan.Researcher, 0, w, nil),
	}
	p.end(&receipt.Outcome{HMSP: receipt.OutcomeVersion, Study: about(p.plan), Status: receipt.Failed, Reason: p.self + ": " + why.Text, Lead: p.plan.Lead})
	return out
}

// end wipes what is secret: after it nothing of this run can be opened.
func (p *Party) end(o *receipt.Outcome) {
	p.phase, p.outcome, p.work, p.held = partyEnded, o, nil, nil
	p.x, p.kept, p.masks, p.sent, p.got, p.seed, p.key = nil, nil, nil, nil, nil, nil, nil
}

func (p *Party) message(k Kind, to string, round int, v any, data []byte) Message {
	return Message{Study: p.plan.Digest, Kind: k, From: p.self, To: to, Epoch: p.epoch, Round: round, Body: body(v), Blob: data}
}

// sameSet says whether two announcements tell the same.
func sameSet(a, b setBody) bool {
	same := func(x, y map[string][]byte) bool { return maps.EqualFunc(x, y, bytes.Equal) }
	return slices.Equal(a.Members, b.Members) && same(a.Vectors, b.Vectors) && same(a.Commits, b.Commits)
}
