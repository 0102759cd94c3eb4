package simnet_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/engine/local"
	"hmsp.center/hmsp/internal/simnet"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/secure"
	"hmsp.center/hmsp/secure/mask"
	"hmsp.center/hmsp/study"
)

// The bodies of messages as a liar writes them: a second implementation of the
// wire, from its description, so that what is signed is pinned from outside.
type (
	seat struct {
		Site      string `json:"site"`
		Key       []byte `json:"key"`
		Data      []byte `json:"data,omitempty"`
		Signature []byte `json:"signature"`
	}
	rosterMsg struct {
		Seats []seat `json:"seats"`
	}
	roundMsg struct {
		State []byte            `json:"state"`
		Enc   map[string][]byte `json:"enc,omitempty"`
	}
	setMsg struct {
		Members   []string          `json:"members"`
		Vectors   map[string][]byte `json:"vectors"`
		Commits   map[string][]byte `json:"commits,omitempty"`
		Signature []byte            `json:"signature"`
	}
	quorumMsg struct {
		Confirms map[string][]byte `json:"confirms"`
		Logs     map[string][]byte `json:"logs,omitempty"`
		Shares   map[string][]byte `json:"shares"`
	}
)

func open[T any](t testing.TB, m *engine.Message) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(m.Body, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func shut(t testing.TB, m *engine.Message, v any) {
	t.Helper()
	var err error
	if m.Body, err = json.Marshal(v); err != nil {
		t.Fatal(err)
	}
}

// A liar is a site that may say whatever it likes and sign it with its own key.
// It remembers what went over the network.
type liar struct {
	t     testing.TB
	c     *consortium
	p     *plan.Plan
	seats []seat
	fixed []string
	state []byte
	seen  []engine.Message
}

func (l *liar) watch(m *engine.Message) {
	l.seen = append(l.seen, *m)
	switch m.Kind {
	case engine.KindRoster:
		l.seats = open[rosterMsg](l.t, m).Seats
	case engine.KindRound:
		l.state = open[roundMsg](l.t, m).State
		if m.Round > 0 && l.fixed == nil {
			l.fixed = open[setMsg](l.t, l.find(engine.KindSet, 0, "")).Members
		}
	}
}

// find is the last message of a kind and round, to one recipient if named.
func (l *liar) find(k engine.Kind, round int, to string) *engine.Message {
	for i := len(l.seen) - 1; i >= 0; i-- {
		if m := l.seen[i]; m.Kind == k && m.Round == round && (to == "" || m.To == to) {
			return &m
		}
	}
	l.t.Fatalf("no %s of round %d was seen", k, round)
	return nil
}

func at(p *plan.Plan, names []string) (out secure.Sites) {
	for _, n := range names {
		out = append(out, slices.Index(p.Sites, n))
	}
	return out
}

// terms of a round, from docs and methods A1: session, roster, members.
func terms(p *plan.Plan, seats []seat, fixed []string) secure.Terms {
	var parts [][]byte
	var names []string
	for _, s := range seats {
		parts, names = append(parts, []byte(s.Site), s.Key, s.Data), append(names, s.Site)
	}
	t := secure.Terms{Session: secure.Frame("hmsp/run/v4", []byte(p.Digest), []byte(p.Charter)), Roster: sha256.Sum256(secure.Frame("roster", parts...)),
		Members: at(p, names), Colluders: p.Colluders, Honest: p.Honest}
	if fixed != nil && len(fixed) < len(seats) {
		t.Epoch, t.Members = 1, at(p, fixed)
	}
	return t
}

// text is what lead and members sign of a set.
func (s setMsg) text(p *plan.Plan, t secure.Terms, round int, state []byte) ([]byte, error) {
	parts := map[int][32]byte{}
	for name, v := range s.Vectors {
		parts[slices.Index(p.Sites, name)] = sha256.Sum256(secure.Frame("part", v, s.Commits[name]))
	}
	return mask.ConfirmBytes(t, round, [32]byte(state), at(p, s.Members), parts)
}

// sign puts the lead's true signature under whatever set.
func (l *liar) sign(s *setMsg, round int) {
	if text, err := s.text(l.p, terms(l.p, l.seats, l.fixed), round, l.state); err == nil {
		s.Signature = l.c.signers[l.p.Lead].Sign(identity.ContextSet, text)
	}
}

func (s *setMsg) drop(name string) {
	s.Members = slices.DeleteFunc(slices.Clone(s.Members), func(n string) bool { return n == name })
	delete(s.Vectors, name)
	delete(s.Commits, name)
}

// A lie alters messages of one kind in one round, to one victim or to all.
type lie struct {
	name   string
	kind   engine.Kind
	round  int
	all    bool
	tell   func(l *liar, m *engine.Message, victim string)
	caught string // in what the victim (or the lead, of a site) says
}

// The lies of a lead that a single site catches by itself. In every case the
// site stops, tells the researcher whom it caught at what, and nothing is
// released.
var leadLies = []lie{
	{"set without the living site that it is sent to", engine.KindSet, 0, false, reset(func(l *liar, s *setMsg, v string) { s.drop(v) }), "without VICTIM itself"},
	{"set without another living site, minimum all", engine.KindSet, 0, true, reset(func(l *liar, s *setMsg, v string) { s.drop(v) }), "this study needs 6"},
	{"another set than was opened before", engine.KindSet, 1, false, reset(func(l *liar, s *setMsg, v string) { s.drop(other(s.Members, v)) }), "differs from the one already opened"},
	{"set below the floor", engine.KindSet, 0, true, reset(func(l *liar, s *setMsg, v string) {
		for len(s.Members) > 3 {
			s.drop(other(s.Members, v))
		}
	}), "this study needs 6"},
	{"part of the site altered", engine.KindSet, 0, false, reset(func(l *liar, s *setMsg, v string) { s.Vectors[v] = make([]byte, 32) }), "the part of VICTIM was altered"},
	{"commitment of the site altered", engine.KindSet, 1, false, reset(func(l *liar, s *setMsg, v string) { s.Commits[v] = make([]byte, 32) }), "the part of VICTIM was altered"},
	{"part of another missing", engine.KindSet, 0, false, reset(func(l *liar, s *setMsg, v string) { delete(s.Vectors, other(s.Members, v)) }), "without the part of"},
	{"parts of others", engine.KindSet, 0, false, reset(func(l *liar, s *setMsg, v string) { s.Vectors["mallory"] = make([]byte, 32) }), "with parts of others"},
	{"set with an invented member", engine.KindSet, 0, false, reset(func(l *liar, s *setMsg, v string) {
		s.Members = append(s.Members, "zoe")
		s.Vectors["zoe"], s.Commits["zoe"] = make([]byte, 32), make([]byte, 32)
	}), `with "zoe", which has no seat`},
	{"set with a member twice", engine.KindSet, 0, false, reset(func(l *liar, s *setMsg, v string) { s.Members = append(s.Members, s.Members[5]) }), "not in order"},
	{"set that is not signed", engine.KindSet, 0, false, func(l *liar, m *engine.Message, v string) {
		s := open[setMsg](l.t, m)
		s.Signature[0] ^= 1
		shut(l.t, m, s)
	}, "did not sign"},
	{"set of the round before", engine.KindSet, 1, false, func(l *liar, m *engine.Message, v string) { m.Body = l.find(engine.KindSet, 0, "").Body }, "was altered"},
	{"quorum of the round before", engine.KindQuorum, 1, false, func(l *liar, m *engine.Message, v string) { m.Body = l.find(engine.KindQuorum, 0, v).Body }, "showed 0 confirmations"},
	{"too few confirmations", engine.KindQuorum, 0, false, confirms(func(l *liar, q map[string][]byte) {
		for len(q) > 3 {
			for k := range q {
				delete(q, k)
				break
			}
		}
	}), "showed 3 confirmations of the set, opening needs 4"},
	{"confirmations that the lead made", engine.KindQuorum, 0, false, confirms(func(l *liar, q map[string][]byte) {
		for k := range q {
			q[k] = l.c.signers[l.p.Lead].Sign(identity.ContextConfirm, []byte("whatever"))
		}
	}), "showed 0 confirmations"},
	{"one confirmation under every name", engine.KindQuorum, 0, false, confirms(func(l *liar, q map[string][]byte) {
		for k := range q {
			q[k] = q[l.p.Lead]
		}
	}), "showed 1 confirmations"},
	{"state of another question", engine.KindRound, 0, false, stated, "state that does not follow"},
	{"state that does not follow", engine.KindRound, 1, false, stated, "state that does not follow"},
	{"key agreement left out", engine.KindRound, 0, false, func(l *liar, m *engine.Message, v string) {
		r := open[roundMsg](l.t, m)
		r.Enc = nil
		shut(l.t, m, r)
	}, "keys that cannot be used"},
	{"sum of another length", engine.KindRound, 1, false, func(l *liar, m *engine.Message, v string) { m.Blob = m.Blob[8:] }, "wrong length"},
	{"sum that cannot be", engine.KindRound, 1, true, func(l *liar, m *engine.Message, v string) { m.Blob = bytes.Repeat([]byte{0x55}, len(m.Blob)) }, "not the sum of the parts"},
	{"sum altered by one", engine.KindRound, 1, true, bump, "is not the sum of the parts"},
	{"sum altered for one site only", engine.KindRound, 1, false, bump, "is not the sum of the parts"},
	{"release before the end", engine.KindRound, 1, false, func(l *liar, m *engine.Message, v string) {
		m.Kind = engine.KindRelease
		shut(l.t, m, map[string]any{"receipt": receipt.Receipt{}})
	}, "not finished"},
	{"another round after the end", engine.KindRelease, -1, false, func(l *liar, m *engine.Message, v string) {
		m.Kind = engine.KindRound
		d := sha256.Sum256(fmt.Appendf(nil, "hmsp/run/v4 state %d\n", m.Round))
		shut(l.t, m, roundMsg{State: d[:]})
	}, "of a study that is finished"},
	{"receipt that leaves the absent out", engine.KindRelease, -1, false, receipted(func(r *receipt.Receipt) { r.Contributors = r.Contributors[1:] }), "does not tell what happened"},
	{"receipt with another result", engine.KindRelease, -1, false, receipted(func(r *receipt.Receipt) { r.Result = strings.Repeat("0", 64) }), "does not tell what happened"},
	{"receipt without a round", engine.KindRelease, -1, false, receipted(func(r *receipt.Receipt) { r.Rounds = r.Rounds[1:] }), "does not tell what happened"},
	{"receipt that calls itself unverified", engine.KindRelease, -1, false, receipted(func(r *receipt.Receipt) { r.Verified = false }), "does not tell what happened"},
	{"receipt that invents an absent site", engine.KindRelease, -1, false, receipted(func(r *receipt.Receipt) {
		r.Absent = append(r.Absent, receipt.Absent{Site: "zoe", Kind: "absent", Reason: "x"})
	}), "names others as absent"},
	{"receipt that ends before it starts", engine.KindRelease, -1, false, receipted(func(r *receipt.Receipt) { r.Ended = r.Started.Add(-1e9) }), "not in order"},
	{"roster with a stranger", engine.KindRoster, 0, false, roster(func(l *liar, r *rosterMsg, v string) {
		r.Seats = append(r.Seats, seat{"zoe", r.Seats[0].Key, nil, r.Seats[0].Signature})
	}), `"zoe" is not a site of the study`},
	{"roster with the researcher", engine.KindRoster, 0, false, roster(func(l *liar, r *rosterMsg, v string) {
		r.Seats = append(r.Seats, seat{l.p.Researcher, r.Seats[0].Key, nil, r.Seats[0].Signature})
	}), `"ruth" is not a site of the study`},
	{"roster with a site twice", engine.KindRoster, 0, false, roster(func(l *liar, r *rosterMsg, v string) { r.Seats = append(r.Seats, r.Seats[5]) }), "listed twice"},
	{"roster without the site", engine.KindRoster, 0, false, roster(func(l *liar, r *rosterMsg, v string) {
		r.Seats = slices.DeleteFunc(r.Seats, func(s seat) bool { return s.Site == v })
	}), "VICTIM itself is missing"},
	{"roster below the minimum", engine.KindRoster, 0, false, roster(func(l *liar, r *rosterMsg, v string) {
		r.Seats = slices.DeleteFunc(r.Seats, func(s seat) bool { return s.Site != v && s.Site == other(l.p.Sites, v) })
	}), "the roster has 5 sites, this study needs 6"},
	{"key that is not signed by its site", engine.KindRoster, 0, false, roster(func(l *liar, r *rosterMsg, v string) {
		i := slices.IndexFunc(r.Seats, func(s seat) bool { return s.Site != v && s.Site != l.p.Lead })
		k := freshKey(l.t)
		r.Seats[i].Key, r.Seats[i].Signature = k, l.c.signers[l.p.Lead].Sign(identity.ContextEpochKey, secure.Frame("epoch key", []byte(l.p.Digest), []byte(l.p.Charter), k, nil))
	}), "is not signed by it"},
	{"key that its site signed for another study", engine.KindRoster, 0, false, roster(func(l *liar, r *rosterMsg, v string) {
		i := slices.IndexFunc(r.Seats, func(s seat) bool { return s.Site != v })
		k := freshKey(l.t)
		r.Seats[i].Key, r.Seats[i].Signature = k, l.c.signers[r.Seats[i].Site].Sign(identity.ContextEpochKey, secure.Frame("epoch key", []byte(strings.Repeat("0", 64)), []byte(l.p.Charter), k, nil))
	}), "is not signed by it"},
	{"own key exchanged for one of a liar", engine.KindRoster, 0, false, roster(func(l *liar, r *rosterMsg, v string) {
		i := slices.IndexFunc(r.Seats, func(s seat) bool { return s.Site == v })
		k := freshKey(l.t) // even with the site's own signature, from a stolen key
		r.Seats[i].Key, r.Seats[i].Signature = k, l.c.signers[v].Sign(identity.ContextEpochKey, secure.Frame("epoch key", []byte(l.p.Digest), []byte(l.p.Charter), k, nil))
	}), "VICTIM itself is missing"},
	{"key of a point of small order", engine.KindRoster, 0, false, roster(func(l *liar, r *rosterMsg, v string) {
		i := slices.IndexFunc(r.Seats, func(s seat) bool { return s.Site != v })
		k := freshKey(l.t)
		clear(k[len(k)-32:])
		r.Seats[i].Key, r.Seats[i].Signature = k, l.c.signers[r.Seats[i].Site].Sign(identity.ContextEpochKey, secure.Frame("epoch key", []byte(l.p.Digest), []byte(l.p.Charter), k, nil))
	}), "cannot be used"},
}

func reset(f func(l *liar, s *setMsg, victim string)) func(*liar, *engine.Message, string) {
	return func(l *liar, m *engine.Message, v string) {
		s := open[setMsg](l.t, m)
		f(l, &s, v)
		l.sign(&s, m.Round)
		shut(l.t, m, s)
	}
}

func confirms(f func(*liar, map[string][]byte)) func(*liar, *engine.Message, string) {
	return func(l *liar, m *engine.Message, _ string) {
		q := open[quorumMsg](l.t, m)
		f(l, q.Confirms)
		shut(l.t, m, q)
	}
}

func roster(f func(l *liar, r *rosterMsg, victim string)) func(*liar, *engine.Message, string) {
	return func(l *liar, m *engine.Message, v string) {
		r := open[rosterMsg](l.t, m)
		f(l, &r, v)
		shut(l.t, m, r)
	}
}

func receipted(f func(*receipt.Receipt)) func(*liar, *engine.Message, string) {
	return func(l *liar, m *engine.Message, v string) {
		r := open[struct {
			Receipt receipt.Receipt `json:"receipt"`
		}](l.t, m)
		f(&r.Receipt)
		shut(l.t, m, r)
	}
}

func stated(l *liar, m *engine.Message, v string) {
	r := open[roundMsg](l.t, m)
	r.State[0] ^= 1
	shut(l.t, m, r)
}

func bump(l *liar, m *engine.Message, v string) {
	m.Blob = bytes.Clone(m.Blob)
	m.Blob[0]++
}

func freshKey(t testing.TB) []byte {
	k, err := mask.NewEpochKey(bytes.Repeat([]byte{3}, mask.SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	return k.Public()
}

func TestLeadThatLiesIsCaughtByTheSite(t *testing.T) {
	t.Parallel()
	c := newConsortium(t)
	p := small(t, c, true, lungSites...)
	_, _, net := run(t, c, p, nil)
	last := 0
	for _, line := range net.Log {
		var i, r int
		var rest string
		if n, _ := fmt.Sscanf(line, "%d release %s r%d", &i, &rest, &r); n == 3 {
			last = r
		}
	}
	for _, tc := range leadLies {
		t.Run(tc.name, func(t *testing.T) {
			l := &liar{t: t, c: c, p: p}
			victim := other(p.Sites[2:], p.Lead)
			round := tc.round
			if round < 0 {
				round = last
			}
			told := false
			o, _, net := run(t, c, p, func(_ int, m *engine.Message) simnet.Action {
				l.watch(m)
				if m.Kind == tc.kind && m.Round == round && (tc.all || m.To == victim) && m.From == p.Lead {
					told = true
					tc.tell(l, m, victim)
				}
				return simnet.Deliver
			})
			if !told {
				t.Fatal("the lie was never told")
			}
			if believed(c, o) {
				t.Fatalf("released %+v", o)
			}
			want := strings.ReplaceAll(tc.caught, "VICTIM", victim)
			for _, m := range net.Heard {
				if m.Kind != engine.KindWithdraw {
					continue
				}
				why, err := engine.ReadWithdrawal(m)
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(why.Text, want) {
					if why.Kind == engine.ReasonCheating && !strings.Contains(why.Text, p.Lead) {
						t.Errorf("%s does not name the lead %s: %q", m.From, p.Lead, why.Text)
					}
					return
				}
			}
			t.Errorf("no site said %q\n%+v\n%s", want, o, strings.Join(net.Log, "\n"))
		})
	}
}

// With verify, an altered sum is caught by every contributor, not by one.
func TestAlteredSumIsCaughtAtEverySite(t *testing.T) {
	c := newConsortium(t)
	p := small(t, c, true, lungSites...)
	o, _, net := run(t, c, p, func(_ int, m *engine.Message) simnet.Action {
		if m.Kind == engine.KindRound && m.Round == 1 {
			bump(nil, m, "")
		}
		return simnet.Deliver
	})
	caught := map[string]bool{}
	for _, m := range net.Heard {
		if why, err := engine.ReadWithdrawal(m); m.Kind == engine.KindWithdraw && err == nil && strings.Contains(why.Text, "is not the sum of the parts") {
			caught[m.From] = true
		}
	}
	if believed(c, o) || len(caught) != len(p.Sites) {
		t.Fatalf("caught at %d of %d sites; outcome %+v", len(caught), len(p.Sites), o)
	}
}

// The lies of a site. Where the sum can be right without it, it is; where not,
// nothing is released; the site is named where it can be told from the lead.
func TestSiteThatLies(t *testing.T) {
	c := newConsortium(t)
	five := c.plan(t, standard.Catalog(), study.Study{Participation: study.Participation{Minimum: 5}, Verify: true, Analyses: []study.Entry{
		{Name: "ecog", Analysis: "linear", Params: map[string]any{"formula": "ph.ecog ~ age + sex"}}}})
	_, all, _ := run(t, c, five, nil)
	crook := other(five.Sites, five.Lead)
	_, without, _ := run(t, c, five, nil, crook)
	edit := func(field string, f func(v any) any) func(m *engine.Message) {
		return func(m *engine.Message) {
			v := open[map[string]any](t, m)
			v[field] = f(v[field])
			shut(t, m, v)
		}
	}
	spoil := func(v any) any { // one character of a text, of one entry of a map
		switch v := v.(type) {
		case map[string]any:
			k := other(append(slices.Clone(five.Sites), "x"), crook)
			v[k] = "AAAA"
			return v
		}
		return strings.Repeat("A", 86) + "=="
	}
	for _, tc := range []struct {
		name   string
		kind   engine.Kind
		round  int
		tell   func(m *engine.Message)
		result string // "": nothing is released
		named  string // in outcome, absences, remarks or withdrawals
	}{
		{"check value that contradicts its part", engine.KindCheck, 0, edit("value", func(any) any { return strings.Repeat("01", 16) }), "", "contradicted its own part"},
		{"wrong share of a self mask", engine.KindUnmask, 0, wrongShare(t), all, crook + " gave a wrong share"},
		{"wrong share of a self mask, later", engine.KindUnmask, 1, wrongShare(t), all, crook + " gave a wrong share"},
		{"help that cannot be read", engine.KindUnmask, 0, edit("help", func(any) any { return "e30=" }), "", crook + ": sent help that cannot be read"},
		{"contribution of another length", engine.KindContribution, 0, func(m *engine.Message) { m.Blob = m.Blob[8:] }, without, "a part that cannot be used"},
		{"contribution of another length, later", engine.KindContribution, 1, func(m *engine.Message) { m.Blob = m.Blob[8:] }, "", crook + ": sent a part that cannot be used"},
		{"share left out", engine.KindContribution, 0, edit("shares", spoil), without, "a part that cannot be used"},
		{"commitment left out", engine.KindContribution, 0, edit("commit", func(any) any { return "" }), without, "a part that cannot be used"},
		{"confirmation of another set", engine.KindConfirm, 0, edit("signature", spoil), "", crook + ": confirmed another set"},
		{"keys for fewer peers", engine.KindKeys, 0, edit("enc", func(v any) any { return map[string]any{} }), without, "keys that cannot be used"},
		{"key that cannot be used", engine.KindDecision, 0, edit("key", spoil), without, "its key for the study cannot be used"},
		{"signature under another receipt", engine.KindEndorse, 0, edit("signature", spoil), "", crook + ": signed another receipt"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			told := false
			o, got, net := run(t, c, five, func(_ int, m *engine.Message) simnet.Action {
				if m.From == crook && m.Kind == tc.kind && m.Round == tc.round {
					told = true
					tc.tell(m)
				}
				return simnet.Deliver
			})
			if !told {
				t.Fatal("the lie was never told")
			}
			if ok := believed(c, o); ok != (tc.result != "") || ok && got != tc.result {
				t.Fatalf("released %v: %+v\n%s", ok, o, strings.Join(net.Log, "\n"))
			}
			heard := fmt.Sprint(o.Reason, o.Absent, o.Remarks)
			for _, m := range net.Heard {
				if why, err := engine.ReadWithdrawal(m); m.Kind == engine.KindWithdraw && err == nil {
					heard += m.From + ": " + why.Text + "\n"
				}
			}
			if !strings.Contains(heard, tc.named) {
				t.Errorf("nobody said %q: %s", tc.named, heard)
			}
		})
	}
}

// wrongShare alters one share in a site's help, of another site's self mask.
func wrongShare(t *testing.T) func(m *engine.Message) {
	return func(m *engine.Message) {
		u := open[struct {
			Help []byte `json:"help"`
		}](t, m)
		h, err := mask.ParseHelp(u.Help)
		if err != nil {
			t.Fatal(err)
		}
		mine, _ := h.Shares[0].MarshalBinary()
		theirs, _ := h.Shares[1].MarshalBinary()
		s := h.Shares[0]
		if err := s.UnmarshalBinary(theirs); err != nil || bytes.Equal(mine, theirs) {
			t.Fatal("no two shares to exchange", err)
		}
		h.Shares[0] = s
		if u.Help, err = h.Bytes(); err != nil {
			t.Fatal(err)
		}
		shut(t, m, u)
	}
}

// A vector beyond what a site may send, or a mask that does not cancel, gives a
// sum that the sites cannot reach together: nothing is released, without verify
// too. The three ways to it: a site whose door is broken, a lead that agrees on
// keys in a site's place, a lead that makes up a sum.
func TestSumThatCannotBe(t *testing.T) {
	c := newConsortium(t)
	p := small(t, c, false, lungSites...)
	crook := other(p.Sites, p.Lead)
	for name, tc := range map[string]struct {
		broken bool
		rule   func(l *liar, m *engine.Message)
		says   string
	}{
		"a broken door": {true, func(*liar, *engine.Message) {}, "the sum of round 0 cannot be"},
		"keys agreed in another's place": {false, func(l *liar, m *engine.Message) {
			if m.Kind != engine.KindRound || m.Round != 0 || m.To == crook {
				return
			}
			r := open[roundMsg](t, m)
			i := slices.IndexFunc(l.seats, func(s seat) bool { return s.Site == m.To })
			info := mask.Info(terms(p, l.seats, nil), slices.Index(p.Sites, crook), slices.Index(p.Sites, m.To))
			var err error
			if r.Enc[crook], _, err = mask.Encapsulate(l.seats[i].Key, info); err != nil {
				t.Fatal(err)
			}
			shut(t, m, r)
		}, ""},
		"a sum that is made up": {false, func(l *liar, m *engine.Message) {
			if m.Kind == engine.KindRound && m.Round == 1 {
				m.Blob = bytes.Repeat([]byte{0x55}, len(m.Blob))
			}
		}, "the lead " + p.Lead + " opened a sum that cannot be"},
	} {
		t.Run(name, func(t *testing.T) {
			data := map[string]engine.Computer{}
			for s, tab := range c.tables {
				data[s] = local.Site(tab)
			}
			if tc.broken {
				data[crook] = garbage{}
			}
			l := &liar{t: t, c: c, p: p}
			net := simnet.New(p, c.signers, data)
			net.Rule = func(_ int, m *engine.Message) simnet.Action {
				l.watch(m)
				tc.rule(l, m)
				return simnet.Deliver
			}
			o, err := net.Run(t.Context())
			if err != nil || o == nil || o.Status == receipt.Released {
				t.Fatal(err, o)
			}
			heard := o.Reason
			for _, m := range net.Heard {
				if why, err := engine.ReadWithdrawal(m); m.Kind == engine.KindWithdraw && err == nil {
					heard += "\n" + why.Text
				}
			}
			if !strings.Contains(heard, tc.says) {
				t.Errorf("nobody says %q: %s", tc.says, heard)
			}
		})
	}
}

// garbage is the computer of a site that sends what it likes.
type garbage struct{}

func (garbage) Compute(_ context.Context, q engine.Question) ([]uint64, error) {
	tasks := q.Tasks
	var w []uint64
	for _, k := range tasks {
		w = append(w, slices.Repeat([]uint64{0x5555555555555555}, k.Grid.Layout().Words())...)
	}
	return w, nil
}

func (garbage) Agree(context.Context, string, int, []string) ([]byte, error) { return nil, nil }

// Shares that the lead leaves out or exchanges cost it the help of that site,
// never the result's truth: enough others open the sum, or nobody does.
func TestSharesThatTheLeadLosesOrExchanges(t *testing.T) {
	c := newConsortium(t)
	p := small(t, c, false, lungSites...)
	_, want, _ := run(t, c, p, nil)
	victims := []string{other(p.Sites, p.Lead)}
	for name, tc := range map[string]struct {
		to   []string
		tell func(shares map[string][]byte)
	}{
		"left out for one":     {victims, func(s map[string][]byte) { clear(s) }},
		"exchanged for one":    {victims, func(s map[string][]byte) { exchange(s) }},
		"left out for all":     {p.Sites, func(s map[string][]byte) { clear(s) }},
		"exchanged for all":    {p.Sites, func(s map[string][]byte) { exchange(s) }},
		"cut for one":          {victims, func(s map[string][]byte) { cut(s) }},
		"of a stranger, added": {p.Sites, func(s map[string][]byte) { s["zoe"] = []byte{1} }},
	} {
		o, got, _ := run(t, c, p, func(_ int, m *engine.Message) simnet.Action {
			if m.Kind == engine.KindQuorum && slices.Contains(tc.to, m.To) {
				q := open[quorumMsg](t, m)
				tc.tell(q.Shares)
				shut(t, m, q)
			}
			return simnet.Deliver
		})
		opened := len(tc.to) == 1 || strings.Contains(name, "stranger")
		if believed(c, o) != opened || opened && got != want {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

func exchange(s map[string][]byte) {
	names := slices.Sorted(maps.Keys(s))
	for i := 0; i+1 < len(names); i += 2 {
		s[names[i]], s[names[i+1]] = s[names[i+1]], s[names[i]]
	}
}

func cut(s map[string][]byte) {
	for k, v := range s {
		s[k] = v[1:]
	}
}
