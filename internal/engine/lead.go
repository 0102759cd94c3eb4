package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"hmsp.center/hmsp/identity"
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

// Step takes one event. An error means that the event itself was unusable (it
// is dropped); what a party did wrong ends the run by an outcome instead.
func (l *Lead) Step(e Event) ([]Message, error) {
	if l.phase == leadEnded {
		return nil, nil
	}
	switch e.Kind {
	case EventBegin:
		l.started, l.progress = e.At, e.At
		return l.report("waiting for the sites' decisions"), nil
	case EventTick:
		if e.At.Before(l.Deadline()) {
			return nil, nil
		}
		return l.late(e.At)
	case EventCancel:
		return l.fail(e.At, "cancelled", e.Reason), nil
	case EventMessage:
		return l.hear(e.At, *e.Message)
	}
	return nil, nil
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

// Deciding.

func (l *Lead) hearDecision(at time.Time, m Message) ([]Message, error) {
	d, err := read[decisionBody](m)
	if err != nil || l.phase != leadDeciding {
		return nil, err
	}
	if _, twice := l.decisions[m.From]; twice {
		return nil, nil
	}
	if d.Accept {
		if err := verifySeat(l.plan, seat{m.From, d.Key, d.Signature}); err != nil {
			return nil, err
		}
	} else {
		l.miss(m.From, d.Reason, at)
	}
	l.decisions[m.From] = d
	l.progress = at
	out := l.report("")
	if len(l.decisions) == len(l.plan.Sites) {
		more, err := l.form(at, l.accepted())
		return append(out, more...), err
	}
	if len(l.plan.Sites)-len(l.absent) < l.plan.Minimum {
		return append(out, l.fail(at, receipt.Refused, l.tooFew())...), nil
	}
	return out, nil
}

func (l *Lead) accepted() []string {
	var in []string
	for _, s := range l.plan.Sites {
		if d, ok := l.decisions[s]; ok && d.Accept && l.absent[s].IsZero() {
			in = append(in, s)
		}
	}
	return in
}

// form opens an epoch with the given sites, or ends the run if they are too few.
func (l *Lead) form(at time.Time, sites []string) ([]Message, error) {
	if len(sites) < l.plan.Minimum {
		return l.fail(at, receipt.Failed, l.tooFew()), nil
	}
	if err := l.plan.Floor(len(sites)); err != nil {
		return l.fail(at, receipt.Refused, Reason{ReasonFloor, err.Error()}), nil
	}
	l.seats = nil
	for _, s := range sites {
		d := l.decisions[s]
		l.seats = append(l.seats, seat{s, d.Key, d.Signature})
	}
	l.phase, l.keys, l.progress = leadKeys, map[string]keysBody{}, at
	return append(l.toAll(sites, KindRoster, 0, rosterBody{l.seats}, nil), l.report("agreeing on keys")...), nil
}

// Keys.

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

func (l *Lead) hearKeys(at time.Time, m Message) ([]Message, error) {
	k, err := read[keysBody](m)
	if err != nil || l.phase != leadKeys || m.Epoch != l.epoch || !slices.Contains(l.roster(), m.From) {
		return nil, err
	}
	l.keys[m.From] = k
	l.progress = at
	if len(l.keys) < len(l.seats) {
		return nil, nil
	}
	return l.openRound(nil), nil
}

// Collecting.

// openRound asks the sites for the next vector: in round 0 everybody on the
// roster, later the contributors.
func (l *Lead) openRound(previous []uint64) []Message {
	to := l.members()
	l.phase, l.arrived, l.sum = leadCollecting, map[string]arrival{}, make([]uint64, l.b.layout.Words())
	l.confirms, l.helps = map[string][]byte{}, map[int]mask.Help{}
	digest := l.b.digest()
	var out []Message
	for _, s := range to {
		r := roundBody{State: digest[:]}
		if l.b.round == 0 {
			r.Enc = map[string][]byte{}
			for from, k := range l.keys {
				if from != s {
					r.Enc[from] = k.Enc[s]
				}
			}
		}
		out = append(out, l.message(KindRound, s, l.b.round, r, blob(previous)))
	}
	return append(out, l.report("computing")...)
}

func (l *Lead) expected() []string {
	var out []string
	for _, s := range l.members() {
		if l.absent[s].IsZero() {
			out = append(out, s)
		}
	}
	return out
}

func (l *Lead) hearContribution(at time.Time, m Message) ([]Message, error) {
	c, err := read[contributionBody](m)
	if err != nil || l.phase != leadCollecting || m.Round != l.b.round || m.Epoch != l.epoch || !slices.Contains(l.expected(), m.From) {
		return nil, err
	}
	if _, twice := l.arrived[m.From]; twice {
		return nil, nil
	}
	y, err := words(m.Blob, l.b.layout.Words())
	if err != nil {
		return nil, fmt.Errorf("contribution from %s: %w", m.From, err)
	}
	l.b.layout.AddTo(l.sum, y)
	l.arrived[m.From] = arrival{mask.HashWords(y), c.Commit, c.Shares}
	l.progress = at
	if len(l.arrived) < len(l.expected()) {
		return nil, nil
	}
	return l.announce(at)
}

// announce fixes the round's set and asks its members to confirm it.
func (l *Lead) announce(at time.Time) ([]Message, error) {
	u := slices.Sorted(maps.Keys(l.arrived))
	if len(u) < l.plan.Minimum {
		return l.fail(at, receipt.Failed, l.tooFew()), nil
	}
	if err := l.plan.Floor(len(u)); err != nil {
		return l.fail(at, receipt.Refused, Reason{ReasonFloor, err.Error()}), nil
	}
	if t := l.threshold(); len(u) < t {
		return l.fail(at, receipt.Failed, Reason{ReasonAbsent, fmt.Sprintf("%d of %d sites sent their part; opening needs %d", len(u), len(l.members()), t)}), nil
	}
	l.set = setBody{Members: u, Vectors: map[string][]byte{}}
	for _, s := range u {
		a := l.arrived[s]
		l.set.Vectors[s] = a.vector[:]
		if l.plan.Verify {
			if l.set.Commits == nil {
				l.set.Commits = map[string][]byte{}
			}
			l.set.Commits[s] = a.commit
		}
	}
	tr, err := transcript(l.plan, l.terms(), l.b, l.set)
	if err != nil {
		return l.fail(at, receipt.Failed, Reason{ReasonFloor, err.Error()}), nil
	}
	l.signed, l.set.Signature = tr, l.sign.Sign(identity.ContextSet, tr)
	l.phase = leadConfirming
	return l.toAll(u, KindSet, l.b.round, l.set, nil), nil
}

// Confirming.

func (l *Lead) hearConfirm(at time.Time, m Message) ([]Message, error) {
	c, err := read[confirmBody](m)
	if err != nil || l.phase != leadConfirming || m.Round != l.b.round || !slices.Contains(l.set.Members, m.From) {
		return nil, err
	}
	if err := l.plan.Verifies(m.From, identity.ContextConfirm, l.signed, c.Signature); err != nil {
		return nil, fmt.Errorf("confirmation of %s: %w", m.From, err)
	}
	l.confirms[m.From] = c.Signature
	l.progress = at
	if len(l.confirms) < len(l.set.Members) {
		return nil, nil
	}
	return l.quorum(), nil
}

// quorum shows every member the confirmations and hands on the sealed shares.
func (l *Lead) quorum() []Message {
	l.phase = leadUnmasking
	var out []Message
	for _, s := range l.set.Members {
		q := quorumBody{Confirms: l.confirms, Shares: map[string][]byte{}}
		for _, owner := range l.set.Members {
			if owner != s {
				q.Shares[owner] = l.arrived[owner].shares[s]
			}
		}
		out = append(out, l.message(KindQuorum, s, l.b.round, q, nil))
	}
	return out
}

// Unmasking.

func (l *Lead) lost() []string {
	var out []string
	for _, s := range l.members() {
		if !slices.Contains(l.set.Members, s) {
			out = append(out, s)
		}
	}
	return out
}

func (l *Lead) hearUnmask(at time.Time, m Message) ([]Message, error) {
	u, err := read[unmaskBody](m)
	if err != nil || l.phase != leadUnmasking || m.Round != l.b.round || !slices.Contains(l.set.Members, m.From) {
		return nil, err
	}
	h, err := mask.ParseHelp(u.Help)
	if err != nil {
		return nil, fmt.Errorf("help of %s: %w", m.From, err)
	}
	l.helps[slices.Index(l.plan.Sites, m.From)] = h
	l.progress = at
	need := len(l.set.Members) // every survivor's key with a lost peer is needed
	if len(l.lost()) == 0 {
		need = l.threshold()
	}
	if len(l.helps) < need {
		return nil, nil
	}
	return l.open(at)
}

// open removes the masks from the sum and goes on to the next round, or to the
// release.
func (l *Lead) open(at time.Time) ([]Message, error) {
	sum := slices.Clone(l.sum)
	wrong, err := mask.Open(l.terms(), l.b.layout, indices(l.plan, l.set.Members), sum, l.helps)
	if err != nil {
		if len(l.helps) < len(l.set.Members) {
			return nil, nil // a share was wrong or unreadable: the others' may do
		}
		return l.fail(at, receipt.Failed, Reason{ReasonCheating, l.named(err.Error())}), nil
	}
	for owner, holders := range wrong {
		for _, j := range holders {
			l.remarks = append(l.remarks, fmt.Sprintf("%s gave a wrong share of the self mask of %s; the sum is right in spite of it", l.plan.Sites[j], l.plan.Sites[owner]))
		}
	}
	for _, s := range l.roster() {
		if !slices.Contains(l.set.Members, s) && l.absent[s].IsZero() {
			l.miss(s, Reason{ReasonAbsent, "its part did not arrive in time"}, at)
		}
	}
	l.fixed = l.set.Members
	l.rounds = append(l.rounds, opening(l.plan, l.epoch, l.b, l.set.Members))
	round := l.b.round
	if err := l.b.Advance(sum); err != nil {
		return l.fail(at, receipt.Failed, Reason{ReasonInternal, err.Error()}), nil
	}
	if !l.b.Done() {
		return l.openRound(sum), nil
	}
	l.phase, l.endorsed = leadEndorsing, map[string][]byte{}
	if l.receipt, err = drawReceipt(l.plan, l.fixed, l.absences(), l.rounds, l.b, l.plan.Threshold(len(l.seats)), l.started, at); err != nil {
		return l.fail(at, receipt.Failed, Reason{ReasonInternal, err.Error()}), nil
	}
	return append(l.toAll(l.fixed, KindRelease, round+1, releaseBody{l.receipt}, blob(sum)), l.report("signing the receipt")...), nil
}

// named replaces "site 3" in an error of package mask by the site's name.
func (l *Lead) named(text string) string {
	for i := len(l.plan.Sites) - 1; i >= 0; i-- {
		text = strings.ReplaceAll(text, fmt.Sprintf("site %d", i), l.plan.Sites[i])
	}
	return text
}

// Endorsing.

func (l *Lead) hearEndorse(at time.Time, m Message) ([]Message, error) {
	e, err := read[endorseBody](m)
	if err != nil || l.phase != leadEndorsing || !slices.Contains(l.fixed, m.From) {
		return nil, err
	}
	digest, err := l.receipt.Digest()
	if err != nil {
		return nil, err
	}
	if err := l.plan.Verifies(m.From, identity.ContextReceipt, digest[:], e.Signature); err != nil {
		return nil, fmt.Errorf("receipt signature of %s: %w", m.From, err)
	}
	l.endorsed[m.From] = e.Signature
	l.progress = at
	if len(l.endorsed) < len(l.fixed) {
		return nil, nil
	}
	for _, s := range l.fixed {
		l.receipt.Signatures = append(l.receipt.Signatures, receipt.Signature{Member: s, Signature: l.endorsed[s]})
	}
	return l.end(&receipt.Outcome{Status: receipt.Released, Receipt: &l.receipt, Analyses: l.b.Findings()}), nil
}

// Lateness, withdrawal, failure.

func (l *Lead) hearWithdraw(at time.Time, m Message) ([]Message, error) {
	w, err := read[withdrawBody](m)
	if err != nil {
		return nil, err
	}
	if w.Reason.IsZero() {
		w.Reason = Reason{ReasonInternal, "withdrew without a reason"}
	}
	l.miss(m.From, w.Reason, at)
	if w.Reason.Kind == ReasonCheating || l.fixed != nil || l.phase == leadConfirming || l.phase == leadUnmasking {
		return l.fail(at, receipt.Failed, Reason{w.Reason.Kind, fmt.Sprintf("%s: %s", m.From, w.Reason.Text)}), nil
	}
	l.progress = at
	switch l.phase {
	case leadDeciding:
		l.decisions[m.From] = decisionBody{Reason: w.Reason}
		if len(l.plan.Sites)-len(l.absent) < l.plan.Minimum {
			return l.fail(at, receipt.Failed, l.tooFew()), nil
		}
		if len(l.decisions) == len(l.plan.Sites) {
			return l.form(at, l.accepted())
		}
	case leadKeys:
		return l.regroup(at)
	case leadCollecting:
		if len(l.expected()) < l.plan.Minimum {
			return l.fail(at, receipt.Failed, l.tooFew()), nil
		}
		if len(l.arrived) == len(l.expected()) {
			return l.announce(at)
		}
	}
	return l.report(""), nil
}

// late acts when nothing has moved for the study's patience.
func (l *Lead) late(at time.Time) ([]Message, error) {
	missing := func(from []string, has func(string) bool) (out []string) {
		for _, s := range from {
			if !has(s) {
				out = append(out, s)
				if l.absent[s].IsZero() {
					l.miss(s, Reason{ReasonAbsent, fmt.Sprintf("not heard from within %s, in the phase %s of round %d", l.plan.Patience, l.phase, l.b.round)}, at)
				}
			}
		}
		return out
	}
	switch l.phase {
	case leadDeciding:
		missing(l.plan.Sites, func(s string) bool { _, ok := l.decisions[s]; return ok })
		return l.form(at, l.accepted())
	case leadKeys:
		missing(l.roster(), func(s string) bool { _, ok := l.keys[s]; return ok })
		return l.regroup(at)
	case leadCollecting:
		gone := missing(l.expected(), func(s string) bool { _, ok := l.arrived[s]; return ok })
		if l.fixed != nil {
			return l.fail(at, receipt.Failed, stranded(gone)), nil
		}
		return l.announce(at)
	case leadConfirming:
		gone := missing(l.set.Members, func(s string) bool { _, ok := l.confirms[s]; return ok })
		if len(l.confirms) < l.threshold() {
			return l.fail(at, receipt.Failed, stranded(gone)), nil
		}
		l.progress = at
		for _, s := range gone {
			delete(l.absent, s) // it contributed; only its confirmation is missing
		}
		return l.quorum(), nil
	case leadUnmasking:
		gone := missing(l.set.Members, func(s string) bool { _, ok := l.helps[slices.Index(l.plan.Sites, s)]; return ok })
		return l.fail(at, receipt.Failed, stranded(gone)), nil
	case leadEndorsing:
		gone := missing(l.fixed, func(s string) bool { _, ok := l.endorsed[s]; return ok })
		return l.fail(at, receipt.Failed, stranded(gone)), nil
	}
	return nil, nil
}

// stranded says why a study cannot go on with fewer sites once a set is fixed.
func stranded(gone []string) Reason {
	return Reason{ReasonAbsent, fmt.Sprintf("no word from %s; going on without would let the difference of two sums show its part, so nothing is released", strings.Join(gone, ", "))}
}

// regroup opens a new epoch with those who are still there. No vector has been
// sent yet, so no two sums can be compared.
func (l *Lead) regroup(at time.Time) ([]Message, error) {
	l.epoch++
	return l.form(at, l.accepted())
}

func (l *Lead) miss(site string, why Reason, at time.Time) { l.absent[site] = absence{why, at} }

func (l *Lead) tooFew() Reason {
	var gone []string
	for _, s := range slices.Sorted(maps.Keys(l.absent)) {
		gone = append(gone, fmt.Sprintf("%s (%s)", s, l.absent[s].Text))
	}
	return Reason{ReasonAbsent, fmt.Sprintf("the study asks for at least %d sites; missing: %s", l.plan.Minimum, strings.Join(gone, ", "))}
}

func (l *Lead) fail(at time.Time, status receipt.Status, why Reason) []Message {
	return l.end(&receipt.Outcome{Status: status, Reason: why.Text})
}

func (l *Lead) end(o *receipt.Outcome) []Message {
	o.HMSP, o.Study, o.Lead, o.Contributors, o.Absent = receipt.OutcomeVersion, about(l.plan), l.self, l.fixed, l.absences()
	l.phase, l.outcome = leadEnded, o
	return l.toAll(append(slices.Clone(l.plan.Sites), l.plan.Researcher), KindOutcome, 0, o, nil)
}

// absence is why and since when a site is missing.
type absence struct {
	Reason
	since time.Time
}

func (l *Lead) absences() []receipt.Absent {
	var out []receipt.Absent
	for _, s := range slices.Sorted(maps.Keys(l.absent)) {
		a := l.absent[s]
		out = append(out, receipt.Absent{Site: s, Kind: a.Kind, Reason: a.Text, Since: a.since})
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
	for _, s := range to {
		out = append(out, l.message(k, s, round, v, data))
	}
	return out
}

// report tells the researcher how far each site is.
func (l *Lead) report(text string) []Message {
	p := Progress{Phase: string(l.phase), Round: l.b.round, Sites: map[string]string{}, Message: text}
	for _, s := range l.plan.Sites {
		switch {
		case !l.absent[s].IsZero():
			p.Sites[s] = PhaseAbsent + ": " + l.absent[s].Kind
		case l.phase == leadDeciding:
			p.Sites[s] = "deciding"
			if l.decisions[s].Accept {
				p.Sites[s] = "accepted"
			}
		default:
			p.Sites[s] = string(l.phase)
		}
	}
	l.seq++
	m := l.message(KindProgress, l.plan.Researcher, l.b.round, p, nil)
	m.Seq = l.seq
	return []Message{m}
}
