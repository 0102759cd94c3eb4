package simnet_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/dp"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/simnet"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/secure"
	"hmsp.center/hmsp/study"
)

// resignSeat gives a seat another tag, with the site's own signature: the lead and
// that site lie together.
func (l *liar) resignSeat(s *seat, tag []byte) {
	s.Data = tag
	s.Signature = l.c.signers[s.Site].Sign(identity.ContextEpochKey, secure.Frame("epoch key", []byte(l.p.Digest), []byte(l.p.Charter), s.Key, tag))
}

// another is the index of a seat that is neither the victim's nor the lead's.
func (l *liar) another(seats []seat, victim string) int {
	return slices.IndexFunc(seats, func(s seat) bool { return s.Site != victim && s.Site != l.p.Lead })
}

func mine(seats []seat, victim string) int {
	return slices.IndexFunc(seats, func(s seat) bool { return s.Site == victim })
}

func logged(f func(l *liar, q *quorumMsg, victim string)) func(*liar, *engine.Message, string) {
	return func(l *liar, m *engine.Message, v string) {
		q := open[quorumMsg](l.t, m)
		f(l, &q, v)
		shut(l.t, m, q)
	}
}

// older is a checkpoint that the site did sign, of an earlier time: what a lead
// would show to hide what was written since.
func (l *liar) older(site string) []byte { return checkpoint(l.c.signers[site], site, 3) }

const otherReceipt = "asks to sign a receipt that does not tell what happened"

// What a lead may say wrongly of the sites' data, of their audit logs and, in the
// receipt, of privacy: each is caught by the site that it is told to, which names
// the lead and what it did.
var bookLies = []lie{
	{"tag of another's data altered", engine.KindRoster, 0, false, roster(func(l *liar, r *rosterMsg, v string) { r.Seats[l.another(r.Seats, v)].Data[0] ^= 1 }), "is not signed by it"},
	{"tag of another's data left out", engine.KindRoster, 0, false, roster(func(l *liar, r *rosterMsg, v string) { r.Seats[l.another(r.Seats, v)].Data = nil }), "is not signed by it"},
	{"tags of two others exchanged", engine.KindRoster, 0, false, roster(func(l *liar, r *rosterMsg, v string) {
		i := l.another(r.Seats, v)
		j := i + 1 + slices.IndexFunc(r.Seats[i+1:], func(s seat) bool { return s.Site != v })
		r.Seats[i].Data, r.Seats[j].Data = r.Seats[j].Data, r.Seats[i].Data
	}), "is not signed by it"},
	{"tag of its own data altered", engine.KindRoster, 0, false, roster(func(l *liar, r *rosterMsg, v string) { r.Seats[mine(r.Seats, v)].Data[0] ^= 1 }), "the key of VICTIM cannot be used, or is not signed by it"},
	{"tag of its own data altered, with a stolen signature", engine.KindRoster, 0, false, roster(func(l *liar, r *rosterMsg, v string) { l.resignSeat(&r.Seats[mine(r.Seats, v)], []byte("other")) }), "VICTIM itself is missing"},
	{"tag longer than one is", engine.KindRoster, 0, false, roster(func(l *liar, r *rosterMsg, v string) {
		l.resignSeat(&r.Seats[l.another(r.Seats, v)], make([]byte, 65))
	}), "cannot be used"},
	{"tag that its site signed for this victim alone", engine.KindRoster, 0, false, roster(func(l *liar, r *rosterMsg, v string) {
		l.resignSeat(&r.Seats[l.another(r.Seats, v)], []byte("for you"))
	}), "announced a set that it did not sign"},
	{"its own checkpoint altered", engine.KindQuorum, 0, false, logged(func(l *liar, q *quorumMsg, v string) { q.Logs[v] = l.older(v) }), "showed checkpoints of which the one of VICTIM was altered"},
	{"its own checkpoint altered, later", engine.KindQuorum, 1, false, logged(func(l *liar, q *quorumMsg, v string) { q.Logs[v] = q.Logs[l.p.Lead] }), "showed checkpoints of which the one of VICTIM was altered"},
	{"its own checkpoint dropped", engine.KindQuorum, 0, false, logged(func(l *liar, q *quorumMsg, v string) { delete(q.Logs, v) }), "showed checkpoints without the one of VICTIM"},
	{"all checkpoints dropped", engine.KindQuorum, -1, true, logged(func(l *liar, q *quorumMsg, v string) { q.Logs = nil }), "showed checkpoints without the one of"},
	{"checkpoint of a stranger", engine.KindQuorum, 0, false, logged(func(l *liar, q *quorumMsg, v string) { q.Logs["zoe"] = q.Logs[v] }), "showed checkpoints of others than contribute"},
	{"checkpoint of the researcher", engine.KindQuorum, 0, false, logged(func(l *liar, q *quorumMsg, v string) { q.Logs[l.p.Researcher] = q.Logs[v] }), "showed checkpoints of others than contribute"},
	{"checkpoint of no size", engine.KindQuorum, 0, false, logged(func(l *liar, q *quorumMsg, v string) { q.Logs[other(l.p.Sites, v)] = nil }), "or of no size that one has"},
	{"checkpoint without end", engine.KindQuorum, 0, false, logged(func(l *liar, q *quorumMsg, v string) { q.Logs[other(l.p.Sites, v)] = bytes.Repeat([]byte{'a'}, 2049) }), "or of no size that one has"},
	{"older checkpoint of another", engine.KindQuorum, -1, false, logged(func(l *liar, q *quorumMsg, v string) { q.Logs[other(l.p.Sites, v)] = l.older(other(l.p.Sites, v)) }), otherReceipt},
	{"checkpoint of another dropped", engine.KindQuorum, -1, false, logged(func(l *liar, q *quorumMsg, v string) { delete(q.Logs, other(l.p.Sites, v)) }), otherReceipt},
	{"receipt with less epsilon", engine.KindRelease, -1, false, receipted(func(r *receipt.Receipt) { r.Privacy.Epsilon /= 2 }), otherReceipt},
	{"receipt with less delta", engine.KindRelease, -1, false, receipted(func(r *receipt.Receipt) { r.Privacy.Delta = 0 }), otherReceipt},
	{"receipt with less rho", engine.KindRelease, -1, false, receipted(func(r *receipt.Receipt) { r.Privacy.Rho /= 2 }), otherReceipt},
	{"receipt with more who are honest", engine.KindRelease, -1, false, receipted(func(r *receipt.Receipt) { r.Privacy.Honest++ }), otherReceipt},
	{"receipt that an accountant did not say", engine.KindRelease, -1, false, receipted(func(r *receipt.Receipt) { r.Privacy.Spent[0].Epsilon /= 2 }), otherReceipt},
	{"receipt without an accountant", engine.KindRelease, -1, false, receipted(func(r *receipt.Receipt) { r.Privacy.Spent = r.Privacy.Spent[1:] }), otherReceipt},
	{"receipt that calls itself exact", engine.KindRelease, -1, false, receipted(func(r *receipt.Receipt) {
		r.Privacy = nil
		for i := range r.Rounds {
			r.Rounds[i].Opened[0].Events = nil
		}
	}), otherReceipt},
	{"receipt with more noise", engine.KindRelease, -1, false, receipted(func(r *receipt.Receipt) { r.Rounds[0].Opened[0].Events[0].Noise *= 2 }), otherReceipt},
	{"receipt with another kind of noise", engine.KindRelease, -1, false, receipted(func(r *receipt.Receipt) { r.Rounds[1].Opened[0].Events[0].Kind = dp.Gaussian }), otherReceipt},
	{"receipt with a round's events in another's", engine.KindRelease, -1, false, receipted(func(r *receipt.Receipt) {
		a, b := &r.Rounds[0].Opened[0], &r.Rounds[1].Opened[0]
		a.Events, b.Events = append(a.Events, b.Events...), nil
	}), otherReceipt},
	{"receipt of a private study with a rule applied", engine.KindRelease, -1, false, receipted(func(r *receipt.Receipt) {
		r.Disclosure = []receipt.Applied{{Analysis: "median", Rule: "minimum-cell", Text: "hidden", Suppressed: 1}}
	}), otherReceipt},
	{"receipt with an older checkpoint", engine.KindRelease, -1, false, func(l *liar, m *engine.Message, v string) {
		receipted(func(r *receipt.Receipt) { r.Logs[0].Checkpoint = string(l.older(r.Logs[0].Member)) })(l, m, v)
	}, otherReceipt},
	{"receipt without a checkpoint", engine.KindRelease, -1, false, receipted(func(r *receipt.Receipt) { r.Logs = r.Logs[1:] }), otherReceipt},
	{"receipt with checkpoints exchanged", engine.KindRelease, -1, false, receipted(func(r *receipt.Receipt) {
		r.Logs[0].Checkpoint, r.Logs[1].Checkpoint = r.Logs[1].Checkpoint, r.Logs[0].Checkpoint
	}), otherReceipt},
}

func TestLeadThatLiesAboutBooksIsCaught(t *testing.T) {
	t.Parallel()
	c := newConsortium(t)
	p := private(t, c, 2, 0, "laplace")
	works := &simnet.Works{Secrets: true}
	for _, tc := range bookLies {
		t.Run(tc.name, func(t *testing.T) {
			net := c.booked(p, c.clerks(p))
			net.Works = works
			caught(t, c, p, net, tc, 1)
		})
	}
}

// caught runs a study whose lead tells a lie, in the last round where its round is
// below 0, and demands that nothing is believed and a site says what it caught.
func caught(t *testing.T, c *consortium, p *plan.Plan, net *simnet.Network, tc lie, last int) {
	t.Helper()
	l := &liar{t: t, c: c, p: p}
	victim := other(p.Sites[2:], p.Lead)
	round := tc.round
	if round < 0 {
		if round = last; tc.kind == engine.KindRelease {
			round++
		}
	}
	told := false
	net.Rule = func(_ int, m *engine.Message) simnet.Action {
		l.watch(m)
		if m.Kind == tc.kind && m.Round == round && (tc.all || m.To == victim) && m.From == p.Lead {
			told = true
			tc.tell(l, m, victim)
		}
		return simnet.Deliver
	}
	o, err := net.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !told || believed(c, o) {
		t.Fatalf("told %v, released %+v", told, o)
	}
	want := strings.ReplaceAll(tc.caught, "VICTIM", victim)
	for _, m := range net.Heard {
		if why, err := engine.ReadWithdrawal(m); m.Kind == engine.KindWithdraw && err == nil && (tc.all || m.From == victim) && strings.Contains(why.Text, want) {
			if why.Kind != engine.ReasonCheating || !strings.Contains(why.Text, p.Lead) {
				t.Errorf("%s does not name the lead %s: %+v", m.From, p.Lead, why)
			}
			return
		}
	}
	t.Errorf("no site said %q\n%+v\n%s", want, o, strings.Join(net.Log, "\n"))
}

// The lead shows all but one site an older checkpoint of that one, in the quorum
// and in the receipt. They cannot tell; the one whose log it is can, whatever it is
// shown itself, and without its signature nothing is believed.
func TestLogIsVouchedForByItsOwner(t *testing.T) {
	c := newConsortium(t)
	p := private(t, c, 2, 0, "laplace")
	owner := other(p.Sites, p.Lead)
	for _, alsoToTheOwner := range []bool{false, true} {
		l := &liar{t: t, c: c, p: p}
		net := c.booked(p, c.clerks(p))
		net.Rule = func(_ int, m *engine.Message) simnet.Action {
			if m.From != p.Lead || m.To == owner && !(alsoToTheOwner && m.Kind == engine.KindRelease) {
				return simnet.Deliver
			}
			switch {
			case m.Kind == engine.KindQuorum && m.Round == 1:
				logged(func(l *liar, q *quorumMsg, _ string) { q.Logs[owner] = l.older(owner) })(l, m, "")
			case m.Kind == engine.KindRelease:
				receipted(func(r *receipt.Receipt) {
					i := slices.IndexFunc(r.Logs, func(x receipt.Log) bool { return x.Member == owner })
					r.Logs[i].Checkpoint = string(l.older(owner))
				})(l, m, "")
			}
			return simnet.Deliver
		}
		o, err := net.Run(t.Context())
		if err != nil || believed(c, o) {
			t.Fatalf("%v %+v", err, o)
		}
		says := slices.ContainsFunc(net.Heard, func(m engine.Message) bool {
			why, err := engine.ReadWithdrawal(m)
			return m.Kind == engine.KindWithdraw && m.From == owner && err == nil && strings.Contains(why.Text, otherReceipt)
		})
		if says != alsoToTheOwner {
			t.Errorf("shown to the owner %v: it says so %v\n%s", alsoToTheOwner, says, strings.Join(net.Log, "\n"))
		}
	}
}

// An exact study whose rules hid something: the receipt lists it, and a lead that
// lists something else gets no signature.
func TestReceiptListsWhatWasHidden(t *testing.T) {
	c := newConsortium(t)
	c.charter.Rules.Disclosure = nil // the default rules
	p := c.plan(t, standard.Catalog(), study.Study{Analyses: []study.Entry{{Name: "sex", Analysis: "table", Params: map[string]any{"rows": "sex", "columns": "ph.ecog"}}}})
	works := &simnet.Works{}
	honest := c.booked(p, c.clerks(p))
	honest.Works = works
	o, err := honest.Run(t.Context())
	if err != nil || !believed(c, o) || len(o.Receipt.Disclosure) == 0 || o.Receipt.Disclosure[0].Suppressed == 0 {
		t.Fatalf("%v %+v: nothing was hidden, so the test does not tell", err, o)
	}
	for name, f := range map[string]func(r *receipt.Receipt){
		"less hidden":      func(r *receipt.Receipt) { r.Disclosure[0].Suppressed-- },
		"nothing hidden":   func(r *receipt.Receipt) { r.Disclosure = nil },
		"a rule left out":  func(r *receipt.Receipt) { r.Disclosure = r.Disclosure[1:] },
		"a rule made up":   func(r *receipt.Receipt) { r.Disclosure = append(r.Disclosure, r.Disclosure[0]) },
		"another rule":     func(r *receipt.Receipt) { r.Disclosure[0].Rule = "rounding" },
		"another text":     func(r *receipt.Receipt) { r.Disclosure[0].Text += "." },
		"another analysis": func(r *receipt.Receipt) { r.Disclosure[0].Analysis = "age" },
		"as if private": func(r *receipt.Receipt) {
			r.Privacy = &receipt.Privacy{Epsilon: 1, Delta: 1e-6, Unit: "patient", Honest: 5, Rho: 1, Spent: []receipt.Spent{{Accountant: "pld", Epsilon: 1, Delta: 1e-6}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			net := c.booked(p, c.clerks(p))
			net.Works = works
			caught(t, c, p, net, lie{name, engine.KindRelease, -1, false, receipted(f), otherReceipt}, 0)
		})
	}
}

// What a lead may alter in the outcome of a private study, and sign alone: none of
// it is believed, by the researcher or with the receipt in hand.
func TestFalseReceiptOfAPrivateStudyIsNotBelieved(t *testing.T) {
	c := newConsortium(t)
	p := private(t, c, 2, 0, "laplace")
	o, err := c.booked(p, c.clerks(p)).Run(t.Context())
	if err != nil || !believed(c, o) {
		t.Fatalf("%v %+v", err, o)
	}
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	lies := 0
	for _, tc := range bookLies {
		if tc.kind != engine.KindRelease {
			continue
		}
		lies++
		for _, resigned := range []bool{false, true} {
			var lied receipt.Outcome
			if err := json.Unmarshal(raw, &lied); err != nil {
				t.Fatal(err)
			}
			m := engine.Message{}
			shut(t, &m, map[string]any{"receipt": lied.Receipt})
			tc.tell(&liar{t: t, c: c, p: p}, &m, p.Sites[0])
			r := open[struct {
				Receipt receipt.Receipt `json:"receipt"`
			}](t, &m).Receipt
			lied.Receipt = &r
			if d, err := r.Digest(); resigned && err == nil {
				for i := range r.Signatures {
					r.Signatures[i].Signature = c.signers[p.Lead].Sign(identity.ContextReceipt, d[:])
				}
			}
			if believed(c, &lied) {
				t.Errorf("%s, signed again by the lead %v: believed", tc.name, resigned)
			}
		}
	}
	if lies < 10 {
		t.Errorf("%d lies only", lies)
	}
}

// A site that lies about its data or its log is named by the lead; a tag that
// cannot be used costs it its place, a checkpoint that is none ends the study, as
// its vector is in the sum.
func TestSiteThatLiesAboutItsBooks(t *testing.T) {
	c := newConsortium(t)
	p := private(t, c, 2, 5, "laplace")
	crook := other(p.Sites, p.Lead)
	edit := func(field string, value any) func(*liar, *engine.Message) {
		return func(l *liar, m *engine.Message) {
			v := open[map[string]any](t, m)
			v[field] = value
			shut(t, m, v)
		}
	}
	unsigned := func() []byte {
		b := bytes.Split(checkpoint(c.signers[crook], crook, 11), []byte("11\n"))
		return bytes.Join(b, []byte("12\n"))
	}
	for name, tc := range map[string]struct {
		kind engine.Kind
		tell func(l *liar, m *engine.Message)
		left bool // out, and the others go on
		says string
	}{
		"tag longer than one is": {engine.KindDecision, func(l *liar, m *engine.Message) {
			v := open[map[string]any](t, m)
			s := open[seat](t, &engine.Message{Body: mustJSON(t, map[string]any{"key": v["key"]})})
			s.Site = crook
			l.resignSeat(&s, make([]byte, 65))
			v["data"], v["signature"] = s.Data, s.Signature
			shut(t, m, v)
		}, true, "its key for the study cannot be used"},
		"tag that it did not sign":       {engine.KindDecision, edit("data", []byte("another")), true, "its key for the study cannot be used"},
		"checkpoint that is none":        {engine.KindConfirm, edit("log", []byte("all is well")), false, crook + ": sent a checkpoint of its audit log that cannot be used"},
		"checkpoint without end":         {engine.KindConfirm, edit("log", make([]byte, 1<<20)), false, crook + ": sent a checkpoint of its audit log that cannot be used"},
		"checkpoint of another's log":    {engine.KindConfirm, edit("log", checkpoint(c.signers[p.Lead], p.Lead, 11)), false, "it is of the log of " + p.Lead},
		"checkpoint that it forged":      {engine.KindConfirm, edit("log", unsigned()), false, crook + ": sent a checkpoint of its audit log that cannot be used"},
		"another's log as its own":       {engine.KindConfirm, edit("log", checkpoint(c.signers[p.Lead], crook, 11)), false, crook + ": sent a checkpoint of its audit log that cannot be used"},
		"checkpoint with something more": {engine.KindConfirm, edit("log", append(checkpoint(c.signers[crook], crook, 11), '\n')), false, crook + ": sent a checkpoint of its audit log that cannot be used"},
	} {
		t.Run(name, func(t *testing.T) {
			l := &liar{t: t, c: c, p: p}
			net := c.booked(p, c.clerks(p))
			net.Rule = func(_ int, m *engine.Message) simnet.Action {
				if m.From == crook && m.Kind == tc.kind {
					tc.tell(l, m)
				}
				return simnet.Deliver
			}
			o, err := net.Run(t.Context())
			if err != nil || o == nil || believed(c, o) != tc.left {
				t.Fatalf("%v %+v\n%s", err, o, strings.Join(net.Log, "\n"))
			}
			if len(o.Absent) != 1 || o.Absent[0].Site != crook || !strings.Contains(o.Absent[0].Reason+o.Reason, tc.says) || len(o.Reason) > 600 {
				t.Errorf("absent %+v: %s", o.Absent, o.Reason)
			}
		})
	}
}

func mustJSON(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Two sites of one study never answer from rosters with different tags: where one
// site signed two, and the lead hands them to two groups and signs a set for each,
// neither group has a quorum.
func TestTwoTagsOfOneSite(t *testing.T) {
	c := newConsortium(t)
	p := private(t, c, 1, 0, "laplace")
	crook := other(p.Sites, p.Lead)
	half := slices.DeleteFunc(slices.Clone(p.Sites), func(s string) bool { return s == crook || s == p.Lead })[:2]
	l := &liar{t: t, c: c, p: p}
	var seats []seat // as the half sees them
	net := c.booked(p, c.clerks(p))
	net.Rule = func(_ int, m *engine.Message) simnet.Action {
		if !slices.Contains(half, m.To) {
			l.watch(m)
		}
		switch {
		case !slices.Contains(half, m.To) || m.From != p.Lead:
		case m.Kind == engine.KindRoster:
			r := open[rosterMsg](t, m)
			l.resignSeat(&r.Seats[mine(r.Seats, crook)], []byte("another tag"))
			seats = r.Seats
			shut(t, m, r)
		case m.Kind == engine.KindSet:
			s := open[setMsg](t, m)
			text, err := s.text(p, terms(p, seats, nil), 0, l.state)
			if err != nil {
				t.Fatal(err)
			}
			s.Signature = c.signers[p.Lead].Sign(identity.ContextSet, text)
			shut(t, m, s)
		}
		if m.Kind == engine.KindUnmask {
			t.Errorf("%s helps to open", m.From)
		}
		return simnet.Deliver
	}
	o, err := net.Run(t.Context())
	if err != nil || believed(c, o) || o.Status == receipt.Released {
		t.Fatalf("%v %+v\n%s", err, o, strings.Join(net.Log, "\n"))
	}
	kinds := map[engine.Kind]int{}
	for _, m := range net.Heard {
		kinds[m.Kind]++
	}
	if l.state == nil || kinds[engine.KindOutcome] == 0 {
		t.Errorf("heard %v\n%s", slices.Sorted(maps.Keys(kinds)), strings.Join(net.Log, "\n"))
	}
}
