package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/secure/mask"
	"hmsp.center/hmsp/secure/share"
)

// Collecting.

// openRound asks the sites for the next vector: in round 0 everybody on the
// roster, later the contributors.
func (l *Lead) openRound(previous []uint64) []Message {
	l.phase, l.arrived, l.sum = leadCollecting, map[string]arrival{}, make([]uint64, l.b.layout.Words())
	l.confirms, l.logs, l.helps = map[string][]byte{}, map[string][]byte{}, map[int]mask.Help{}
	digest := l.b.digest()
	sum := blob(previous)
	var out []Message
	for _, s := range l.members() {
		r := roundBody{State: digest[:]}
		if l.b.round == 0 {
			r.Enc = map[string][]byte{}
			for from, k := range l.keys {
				if from != s {
					r.Enc[from] = k.Enc[s]
				}
			}
		}
		out = append(out, l.message(KindRound, s, l.b.round, r, sum))
	}
	return append(out, l.report("computing")...)
}

func (l *Lead) hearContribution(at time.Time, m Message) ([]Message, error) {
	c, err := read[contributionBody](m)
	if err != nil {
		return nil, err
	}
	if _, twice := l.arrived[m.From]; twice || l.phase != leadCollecting || m.Round != l.b.round || m.Epoch != l.epoch || !slices.Contains(l.awaited(), m.From) {
		return nil, errStale
	}
	y, err := words(m.Blob, l.b.layout.Words())
	if err == nil {
		err = l.checkContribution(m.From, c)
	}
	if err != nil {
		return l.leave(at, m.From, Reason{ReasonIncompatible, "sent a part that cannot be used: " + err.Error()}), nil
	}
	l.b.layout.AddTo(l.sum, y)
	l.arrived[m.From] = arrival{mask.HashWords(y), c.Commit, c.Shares}
	l.progress = at
	if out := l.collected(); out != nil {
		return out, nil
	}
	return l.report(""), nil
}

// checkContribution refuses what the other sites would hold against the lead.
func (l *Lead) checkContribution(from string, c contributionBody) error {
	if want := map[bool]int{true: 32}[l.plan.Verify]; len(c.Commit) != want {
		return fmt.Errorf("commitment of %d bytes, want %d", len(c.Commit), want)
	}
	for _, s := range l.members() {
		if s != from && len(c.Shares[s]) != share.SealedSize {
			return fmt.Errorf("share for %s of %d bytes, want %d", s, len(c.Shares[s]), share.SealedSize)
		}
	}
	if len(c.Shares) != len(l.members())-1 {
		return fmt.Errorf("%d shares for %d peers", len(c.Shares), len(l.members())-1)
	}
	return nil
}

// collected announces the set when everybody who is awaited has sent.
func (l *Lead) collected() []Message {
	for _, s := range l.awaited() {
		if _, ok := l.arrived[s]; !ok {
			return nil
		}
	}
	return l.announce()
}

// announce fixes the round's set and asks its members to confirm it.
func (l *Lead) announce() []Message {
	u := slices.Sorted(maps.Keys(l.arrived))
	if len(u) < least(l.plan) {
		return l.fail(l.byRule(), l.tooFew())
	}
	if err := l.plan.Floor(len(u)); err != nil {
		return l.fail(receipt.Refused, Reason{ReasonFloor, err.Error()})
	}
	if t := l.threshold(); len(u) < t {
		return l.fail(receipt.Failed, Reason{ReasonAbsent, fmt.Sprintf("%d of %d sites sent their part; opening needs %d", len(u), len(l.members()), t)})
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
		return l.fail(receipt.Failed, Reason{ReasonFloor, err.Error()})
	}
	l.signed, l.set.Signature = tr, l.sign.Sign(identity.ContextSet, tr)
	l.phase = leadConfirming
	return l.toAll(u, KindSet, l.b.round, l.set, nil)
}

// Confirming.

func (l *Lead) hearConfirm(at time.Time, m Message) ([]Message, error) {
	c, err := read[confirmBody](m)
	if err != nil {
		return nil, err
	}
	if l.phase != leadConfirming || m.Round != l.b.round || m.Epoch != l.epoch || !slices.Contains(l.set.Members, m.From) {
		return nil, errStale
	}
	if err := l.plan.Verifies(m.From, identity.ContextConfirm, l.signed, c.Signature); err != nil {
		return l.leave(at, m.From, Reason{ReasonCheating, "confirmed another set than was announced"}), nil
	}
	if len(c.Log) > 0 {
		if err := verifyLog(l.plan, m.From, c.Log); err != nil {
			return l.leave(at, m.From, Reason{ReasonIncompatible, "sent a checkpoint of its audit log that cannot be used: " + err.Error()}), nil
		}
		l.logs[m.From] = c.Log
	}
	l.confirms[m.From], l.progress = c.Signature, at
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
		q := quorumBody{Confirms: l.confirms, Logs: l.logs, Shares: map[string][]byte{}}
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

// lost are the members whose masks are in the sum though their vectors are not.
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
	if err != nil {
		return nil, err
	}
	if l.phase != leadUnmasking || m.Round != l.b.round || m.Epoch != l.epoch || !slices.Contains(l.set.Members, m.From) {
		return nil, errStale
	}
	h, err := mask.ParseHelp(u.Help)
	if err != nil {
		return l.leave(at, m.From, Reason{ReasonCheating, "sent help that cannot be read"}), nil
	}
	l.helps[slices.Index(l.plan.Sites, m.From)], l.progress = h, at
	need := len(l.set.Members) // every survivor's key with a lost peer is needed
	if len(l.lost()) == 0 {
		need = l.threshold()
	}
	if len(l.helps) < need {
		return nil, nil
	}
	return l.open(at), nil
}

// open removes the masks from the sum and goes on to the next round, or to the
// release.
func (l *Lead) open(at time.Time) []Message {
	sum := slices.Clone(l.sum)
	wrong, err := mask.Open(l.terms(), l.b.layout, indices(l.plan, l.set.Members), sum, l.helps)
	if err != nil {
		if len(l.helps) < len(l.set.Members) {
			return nil // a share was wrong or unreadable: the others' may do
		}
		return l.fail(receipt.Failed, Reason{ReasonCheating, l.named(err.Error())})
	}
	for _, owner := range slices.Sorted(maps.Keys(wrong)) {
		for _, j := range wrong[owner] {
			l.remarks = append(l.remarks, fmt.Sprintf("round %d: %s gave a wrong share of the self mask of %s; the sum is right in spite of it", l.b.round, l.plan.Sites[j], l.plan.Sites[owner]))
		}
	}
	for _, j := range slices.Sorted(maps.Keys(l.helps)) {
		for _, owner := range l.helps[j].Unreadable {
			if owner < len(l.plan.Sites) {
				l.remarks = append(l.remarks, fmt.Sprintf("round %d: the share that %s sealed for %s did not open; the sum is right in spite of it", l.b.round, l.plan.Sites[owner], l.plan.Sites[j]))
			}
		}
	}
	for _, s := range l.roster() {
		if !slices.Contains(l.set.Members, s) && !l.isAbsent(s) {
			l.miss(s, Reason{ReasonAbsent, "its part did not arrive in time"}, at)
		}
	}
	l.fixed = l.set.Members
	entry, round := Opening(l.plan, l.epoch, l.b, l.set.Members), l.b.round
	if err := l.b.Advance(sum); err != nil {
		return l.fail(receipt.Failed, Reason{ReasonCheating, fmt.Sprintf("the sum of round %d cannot be: a site sent another vector than it may, or masked it with other keys than its peers", round)})
	}
	l.rounds = append(l.rounds, entry)
	if !l.b.Done() {
		return l.openRound(sum)
	}
	return l.askRelease(at, round, sum)
}

// named replaces "site 3" in an error of package mask by the site's name.
func (l *Lead) named(text string) string {
	for i := len(l.plan.Sites) - 1; i >= 0; i-- {
		text = strings.ReplaceAll(text, fmt.Sprintf("site %d", i), l.plan.Sites[i])
	}
	return text
}
