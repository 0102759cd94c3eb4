package simnet_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/catalog"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/researcher"
	"hmsp.center/hmsp/internal/simnet"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/study"
)

var allKinds = []engine.Kind{engine.KindStudy, engine.KindDecision, engine.KindRoster, engine.KindKeys, engine.KindRound, engine.KindContribution,
	engine.KindSet, engine.KindConfirm, engine.KindQuorum, engine.KindUnmask, engine.KindCheck, engine.KindRelease, engine.KindEndorse,
	engine.KindOutcome, engine.KindWithdraw, engine.KindProgress, engine.KindCancel, engine.KindInquiry, engine.KindAnswer}

// A mutator alters messages as an adversary without a plan would: it keeps the
// sender, whom the federation vouches for, and nothing else.
type mutator struct {
	*rand.Rand
	past []engine.Message
}

func (r *mutator) message(m engine.Message) engine.Message {
	m.Body, m.Blob = bytes.Clone(m.Body), bytes.Clone(m.Blob)
	switch r.IntN(8) {
	case 0:
		m.Kind = allKinds[r.IntN(len(allKinds))]
	case 1:
		m.Epoch = r.number(m.Epoch)
	case 2:
		m.Round = r.number(m.Round)
	case 3:
		switch {
		case len(m.Blob) == 0:
			m.Blob = []byte{1, 2, 3}
		case r.IntN(2) == 0:
			m.Blob[r.IntN(len(m.Blob))] ^= 1 << r.IntN(8)
		default:
			m.Blob = m.Blob[:r.IntN(len(m.Blob))]
		}
	case 4:
		old := r.past[r.IntN(len(r.past))]
		m.Body, m.Blob = old.Body, old.Blob
	default:
		var v any
		if err := json.Unmarshal(m.Body, &v); err != nil {
			v = nil
		}
		m.Body, _ = json.Marshal(r.value(v))
	}
	return m
}

func (r *mutator) number(n int) int {
	return []int{n + 1, max(n-1, 0), 0, 1 << 20, 1<<62 + 1}[r.IntN(5)]
}

// value alters one place of a JSON value.
func (r *mutator) value(v any) any {
	odd := []any{nil, "", "AAAA", -1.0, 1e300, true, []any{}, []any{nil}, map[string]any{}, map[string]any{"": nil}}
	switch v := v.(type) {
	case map[string]any:
		if keys := slices.Sorted(maps.Keys(v)); len(keys) > 0 && r.IntN(6) > 0 {
			k := keys[r.IntN(len(keys))]
			switch r.IntN(5) {
			case 0:
				delete(v, k)
			case 1:
				v[k] = v[keys[r.IntN(len(keys))]]
			default:
				v[k] = r.value(v[k])
			}
			return v
		}
	case []any:
		if len(v) > 0 && r.IntN(6) > 0 {
			i := r.IntN(len(v))
			switch r.IntN(4) {
			case 0:
				return slices.Delete(v, i, i+1)
			case 1:
				return append(v, v[i])
			default:
				v[i] = r.value(v[i])
			}
			return v
		}
	case string:
		if b := []byte(v); len(b) > 0 && r.IntN(4) > 0 {
			b[r.IntN(len(b))] = "AZaz09+/="[r.IntN(9)]
			return string(b)
		}
	case float64:
		if r.IntN(2) == 0 {
			return v + 1
		}
	}
	return odd[r.IntN(len(odd))]
}

// believed says whether the researcher takes an outcome as a released result.
func believed(c *consortium, o *receipt.Outcome) bool {
	return o != nil && o.Status == receipt.Released && o.Check() == nil && researcher.VerifyReceipt(c.charter, *o.Receipt) == nil
}

// Of any number of altered messages in a run with verify, on their own or before
// or after the true one, none makes a party panic, and none changes what is
// released: either the same findings with everybody's signature, or nothing.
func TestAlteredMessagesReleaseNothingElse(t *testing.T) {
	t.Parallel()
	c := newConsortium(t)
	p := small(t, c, true, lungSites[:4]...)
	alterMessages(t, c, p, func() *simnet.Network { return c.network(p) })
}

// The same of a private study whose sites keep books.
func TestAlteredMessagesOfAPrivateStudyReleaseNothingElse(t *testing.T) {
	t.Parallel()
	c := newConsortium(t)
	p := checkedPrivate(t, c)
	alterMessages(t, c, p, func() *simnet.Network { return c.booked(p, c.clerks(p)) })
}

func checkedPrivate(t testing.TB, c *consortium) *plan.Plan {
	return c.plan(t, catalog.Catalog{Analyses: []analysis.Analysis{quartering{2}}}, study.Study{Sites: lungSites[:4], Verify: true,
		Privacy: &study.Privacy{Epsilon: 1, Delta: 1e-6, Unit: study.UnitPatient}, Analyses: []study.Entry{{Name: "median", Analysis: "quartering"}}})
}

func alterMessages(t *testing.T, c *consortium, p *plan.Plan, network func() *simnet.Network) {
	works := &simnet.Works{}
	plain := network()
	plain.Works = works
	o, err := plain.Run(t.Context())
	if err != nil || !believed(c, o) {
		t.Fatal(err, o)
	}
	want := findings(t, o)
	same, nothing := 0, 0
	for seed := range uint64(thoroughly(120, 40)) {
		r := &mutator{Rand: rand.New(rand.NewPCG(seed, 2))}
		net := network()
		net.Works = works
		often := 10 + r.IntN(60)
		sent := map[string]bool{}
		net.Rule = func(i int, m *engine.Message) simnet.Action {
			if sent[wire(t, *m)] {
				return simnet.Deliver // one of ours
			}
			r.past = append(r.past, *m)
			if r.IntN(often) > 0 {
				return simnet.Deliver
			}
			mutant := r.message(*m)
			sent[wire(t, *m)], sent[wire(t, mutant)] = true, true
			switch r.IntN(3) {
			case 0:
				*m = mutant
			case 1:
				net.Send(mutant)
			case 2:
				net.Send(*m)
				*m = mutant
			}
			return simnet.Deliver
		}
		o, err := net.Run(t.Context())
		switch {
		case err != nil || !believed(c, o):
			nothing++ // the outcome itself was altered, or there is none
		default:
			if got, _ := json.Marshal(o.Analyses); string(got) != want {
				t.Fatalf("seed %d: another result was released\n%s", seed, got)
			}
			same++
		}
	}
	if t.Logf("%d runs released the same, %d nothing", same, nothing); same < 5 || nothing < 5 {
		t.Error("the mutator is too weak or too strong to tell")
	}
}

func wire(t *testing.T, m engine.Message) string {
	b, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// FuzzDeliver gives a node, at any point of a run, any message of any member. It
// must not panic; and if the node drops it, it goes on as if it had not come.
func FuzzDeliver(f *testing.F) {
	c := newConsortium(f)
	p := small(f, c, true, lungSites[:4]...)
	type point struct {
		p    *plan.Plan
		site string
		disk *engine.Memory
		next engine.Event
	}
	var points []point
	quarters := checkedPrivate(f, c)
	for i, net := range []*simnet.Network{c.network(p), c.booked(quarters, c.clerks(quarters))} {
		p := []*plan.Plan{p, quarters}[i]
		net.Watch = func(site string, e engine.Event, disk *engine.Memory) func([]engine.Message, error) {
			points = append(points, point{p, site, disk.Copy(-1), e})
			if m := e.Message; m != nil {
				f.Add(uint16(len(points)-1), uint8(slices.Index(allKinds, m.Kind)), uint8(slices.Index(p.Sites, m.From)), m.Epoch, m.Round, []byte(m.Body), m.Blob)
			}
			return func([]engine.Message, error) {}
		}
		if o, err := net.Run(f.Context()); err != nil || !believed(c, o) {
			f.Fatal(o, err)
		}
	}
	members := append(slices.Clone(p.Sites), p.Researcher)
	f.Fuzz(func(t *testing.T, at uint16, kind, from uint8, epoch, round int, body, data []byte) {
		pt := points[int(at)%len(points)]
		p := pt.p
		disk := pt.disk.Copy(-1)
		node, err := engine.NewNode(p, c.signers[pt.site], disk)
		if err != nil {
			t.Fatal(err)
		}
		m := engine.Message{Study: p.Digest, Kind: allKinds[int(kind)%len(allKinds)], From: members[int(from)%len(members)], To: pt.site,
			Epoch: epoch, Round: round, Body: body, Blob: data}
		b, err := m.Encode()
		if err != nil {
			return
		}
		if m, err = engine.DecodeMessage(b); err != nil {
			return
		}
		before := len(mustReplay(t, disk))
		_, err = node.Deliver(engine.Event{Kind: engine.EventMessage, At: pt.next.At, Message: &m})
		if err != nil && !engine.Unusable(err) {
			t.Fatal(err)
		}
		if _, err := engine.NewNode(p, c.signers[pt.site], disk.Copy(-1)); err != nil {
			t.Fatalf("the journal does not replay: %v", err)
		}
		if used := len(mustReplay(t, disk)) != before; used {
			return // whether it may be is for the tests of liars
		}
		clean, err := engine.NewNode(p, c.signers[pt.site], pt.disk.Copy(-1))
		if err != nil {
			t.Fatal(err)
		}
		out, err := clean.Deliver(pt.next)
		want := shown(t, clean, out, err)
		out, err = node.Deliver(pt.next)
		if got := shown(t, node, out, err); !reflect.DeepEqual(got, want) {
			t.Fatalf("a message that was dropped changed the node\n%+v\nwant\n%+v", got, want)
		}
	})
}

func mustReplay(t testing.TB, m *engine.Memory) []engine.Event {
	t.Helper()
	es, err := m.Replay()
	if err != nil {
		t.Fatal(err)
	}
	return es
}

// A lead, or any member, that keeps sending what no run needs fills neither a
// site's memory nor its journal: of thousands of messages under thousands of
// names a node keeps at most a handful.
func TestUselessMessagesLeaveNoTrace(t *testing.T) {
	t.Parallel()
	c := newConsortium(t)
	p := small(t, c, true, lungSites[:4]...)
	bodies := map[engine.Kind][]byte{}
	var disks []*engine.Memory
	var sites []string
	steps := 0
	net := c.network(p)
	net.Watch = func(site string, e engine.Event, disk *engine.Memory) func([]engine.Message, error) {
		if e.Message != nil {
			bodies[e.Message.Kind] = e.Message.Body
		}
		if steps++; steps%3 == 0 {
			disks, sites = append(disks, disk.Copy(-1)), append(sites, site)
		}
		return func([]engine.Message, error) {}
	}
	if _, err := net.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	onTheWay := []engine.Kind{engine.KindRound, engine.KindRelease} // the ones that may come early, and carry vectors
	for i := range 2 * len(disks) {
		disk, site := disks[i/2].Copy(-1), sites[i/2]
		node, err := engine.NewNode(p, c.signers[site], disk)
		if err != nil {
			t.Fatal(err)
		}
		kinds, rounds := allKinds, []int{0, 1, 2, 7, 1 << 40}
		if _, round := node.Phase(); i%2 == 0 {
			kinds, rounds = onTheWay, []int{round + 1, round + 2}
		}
		useless := func(from string, kind engine.Kind, epoch, round int) {
			m := engine.Message{Study: p.Digest, Kind: kind, From: from, To: site, Epoch: epoch, Round: round, Body: bodies[kind], Blob: make([]byte, 1<<12)}
			if _, err := node.Deliver(engine.Event{Kind: engine.EventMessage, Message: &m}); err != nil && !engine.Unusable(err) {
				t.Fatal(err)
			}
		}
		before := len(mustReplay(t, disk))
		for _, from := range []string{p.Lead, other(p.Sites, p.Lead)} {
			for _, kind := range kinds {
				if kind == engine.KindOutcome || kind == engine.KindWithdraw || kind == engine.KindCancel {
					continue // these end the run, which is their use
				}
				for epoch := range 20 {
					for _, round := range rounds {
						useless(from, kind, epoch, round)
					}
				}
			}
		}
		kept := mustReplay(t, disk)[before:]
		vectors := 0
		for _, e := range kept {
			if e.Message != nil && len(e.Message.Blob) == 1<<12 {
				vectors++
			}
		}
		if ended := node.Outcome() != nil; len(kept) > 4 || vectors > 1 || vectors == 1 && !ended {
			t.Errorf("%s keeps %d useless messages, %d with a vector, and goes on: %v", site, len(kept), vectors, !ended)
		}
	}
}
