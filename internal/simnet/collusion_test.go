package simnet_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	random "math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/researcher"
	"hmsp.center/hmsp/internal/simnet"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/secure"
	"hmsp.center/hmsp/secure/mask"
	"hmsp.center/hmsp/study"
)

// consortiumOf has n sites without data; colluders of them may side with the lead.
func consortiumOf(t testing.TB, n, colluders int) *consortium {
	t.Helper()
	c := &consortium{charter: charter.New("n"), signers: map[string]engine.Signer{}}
	c.charter.Rules.Disclosure = &charter.Disclosure{} // the analyses of these tests are made up
	c.charter.Dictionary = lungDictionary()
	c.charter.Rules.Colluders = colluders
	for i := range n + 1 {
		name, role := fmt.Sprintf("s%02d", i), identity.Site
		if i == n {
			name, role = "ruth", identity.Researcher
		}
		id, err := identity.Generate(name, role, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c.charter.Members = append(c.charter.Members, id.Public())
		if c.researcher = id; role == identity.Site {
			c.signers[name] = id
		}
	}
	return c
}

// A stage is a run whose lead half is the test: it plays to each honest site
// whatever it likes, knows the keys of the colluders, and collects what comes.
type stage struct {
	t       testing.TB
	c       *consortium
	p       *plan.Plan
	now     time.Time
	nodes   map[string]*engine.Node
	words   map[string][]uint64 // the honest sites' vectors
	layout  fixed.Layout
	said    []engine.Message // to the lead and the researcher
	between bool             // whether sites hear each other
}

func newStage(t testing.TB, c *consortium, p *plan.Plan, honest []string) *stage {
	s := &stage{t: t, c: c, p: p, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), nodes: map[string]*engine.Node{}, words: map[string][]uint64{}, between: true}
	b, err := engine.NewBundle(p)
	if err != nil {
		t.Fatal(err)
	}
	s.layout = b.Layout()
	for _, h := range honest {
		s.nodes[h], err = engine.NewNode(p, c.signers[h], &engine.Memory{})
		if err != nil {
			t.Fatal(err)
		}
		seed := make([]byte, 32)
		rand.Read(seed)
		s.event(h, engine.Event{Kind: engine.EventBegin, Seed: seed})
		s.event(h, engine.Event{Kind: engine.EventDecided, Accept: true})
	}
	return s
}

// event gives an event to an honest site, does its work, and carries what it
// says to other sites.
func (s *stage) event(site string, e engine.Event) {
	s.t.Helper()
	e.At = s.now
	out, err := s.nodes[site].Deliver(e)
	if err != nil && !engine.Unusable(err) {
		s.t.Fatal(err)
	}
	for _, m := range out {
		if s.nodes[m.To] != nil {
			if s.between {
				s.event(m.To, engine.Event{Kind: engine.EventMessage, Message: &m})
			}
			continue
		}
		s.said = append(s.said, m)
	}
	if w := s.nodes[site].Work(); w != nil {
		e, err := w.Do(context.Background(), s.p.Digest, s, func() time.Time { return s.now })
		if err != nil {
			s.t.Fatal(err)
		}
		if e.Kind == engine.EventComputed {
			e.Words = s.words[site]
		}
		s.event(site, e)
	}
}

// Compute answers for a site's data: small numbers of its own.
func (s *stage) Compute(context.Context, engine.Question) ([]uint64, error) { return nil, nil }

func (s *stage) Agree(context.Context, string, int, []string) ([]byte, error) { return nil, nil }

// tell sends a message of the lead.
func (s *stage) tell(to string, k engine.Kind, round int, body any, data []byte) {
	s.t.Helper()
	m := engine.Message{Study: s.p.Digest, Kind: k, From: s.p.Lead, To: to, Round: round, Blob: data}
	shut(s.t, &m, body)
	s.event(to, engine.Event{Kind: engine.EventMessage, Message: &m})
}

// from is what a site said of a kind, nil if nothing.
func (s *stage) from(site string, k engine.Kind) *engine.Message {
	for i, m := range s.said {
		if m.From == site && m.Kind == k && m.To != s.p.Researcher {
			return &s.said[i]
		}
	}
	return nil
}

// caught says what a site told the researcher when it left.
func (s *stage) caught(site string) engine.Reason {
	for _, m := range s.said {
		if m.From == site && m.Kind == engine.KindWithdraw && m.To == s.p.Researcher {
			why, err := engine.ReadWithdrawal(m)
			if err != nil {
				s.t.Fatal(err)
			}
			return why
		}
	}
	return engine.Reason{}
}

// A story is what a lying lead tells some of the sites: who is on the roster and
// whose vectors arrived. Of members who hear another story it makes up keys and
// vectors; the colluders play along in every story.
type story struct {
	seats   []seat
	members []string // of the set
	hears   []string // honest sites that are told this one
	vectors map[string][]uint64
	shares  map[string]map[string][]byte
	set     setMsg
	text    []byte
	helps   map[int]mask.Help
}

func (s *stage) seat(site string, keys map[string]*mask.EpochKey) seat {
	if k := keys[site]; k != nil { // a colluder
		pub := k.Public()
		return seat{site, pub, nil, s.c.signers[site].Sign(identity.ContextEpochKey, secure.Frame("epoch key", []byte(s.p.Digest), []byte(s.p.Charter), pub, nil))}
	}
	d := open[struct {
		Key       []byte `json:"key"`
		Signature []byte `json:"signature"`
	}](s.t, s.from(site, engine.KindDecision))
	return seat{site, d.Key, nil, d.Signature}
}

// begin tells a story up to the contributions of those who hear it.
func (s *stage) begin(y *story, state []byte) {
	s.t.Helper()
	tr := terms(s.p, y.seats, nil)
	for _, h := range y.hears {
		s.tell(h, engine.KindRoster, 0, rosterMsg{y.seats}, nil)
	}
	enc := map[string]map[string][]byte{} // from, to
	for _, h := range y.hears {
		if m := s.from(h, engine.KindKeys); m != nil {
			enc[h] = open[struct {
				Enc map[string][]byte `json:"enc"`
			}](s.t, m).Enc
		}
	}
	for _, h := range y.hears {
		r := roundMsg{State: state, Enc: map[string][]byte{}}
		for _, from := range y.seats {
			switch {
			case from.Site == h:
			case enc[from.Site] != nil:
				r.Enc[from.Site] = enc[from.Site][h]
			default: // a colluder, or one who hears another story: made up
				key := y.seats[slices.IndexFunc(y.seats, func(x seat) bool { return x.Site == h })].Key
				e, _, err := mask.Encapsulate(key, mask.Info(tr, at(s.p, []string{from.Site})[0], at(s.p, []string{h})[0]))
				if err != nil {
					s.t.Fatal(err)
				}
				r.Enc[from.Site] = e
			}
		}
		s.tell(h, engine.KindRound, 0, r, nil)
	}
	y.vectors, y.shares = map[string][]uint64{}, map[string]map[string][]byte{}
	y.set = setMsg{Members: y.members, Vectors: map[string][]byte{}}
	for _, name := range y.members {
		if m := s.from(name, engine.KindContribution); m != nil && slices.Contains(y.hears, name) {
			v, err := mask.ParseWords(s.layout, m.Blob)
			if err != nil {
				s.t.Fatal(err)
			}
			y.vectors[name] = v
			c := open[struct {
				Shares map[string][]byte `json:"shares"`
				Commit []byte            `json:"commit"`
			}](s.t, m)
			y.shares[name] = c.Shares
			if s.p.Verify {
				if y.set.Commits == nil {
					y.set.Commits = map[string][]byte{}
				}
				y.set.Commits[name] = c.Commit
			}
		} else {
			y.vectors[name] = make([]uint64, s.layout.Words()) // made up
			if s.p.Verify {
				y.set.Commits[name] = make([]byte, 32)
			}
		}
		h := mask.HashWords(y.vectors[name])
		y.set.Vectors[name] = h[:]
	}
	var err error
	if y.text, err = y.set.text(s.p, tr, 0, state); err != nil {
		y.text = nil // below the floor or the threshold: nobody will sign it
		return
	}
	y.set.Signature = s.c.signers[s.p.Lead].Sign(identity.ContextSet, y.text)
}

// end tells the rest of a story: the set, every confirmation there is of it, the
// colluders' included, and keeps the help that the honest give.
func (s *stage) end(y *story, colluders []string) {
	s.t.Helper()
	for _, h := range y.hears {
		s.tell(h, engine.KindSet, 0, y.set, nil)
	}
	q := quorumMsg{Confirms: map[string][]byte{}}
	for _, h := range y.hears {
		if m := s.from(h, engine.KindConfirm); m != nil {
			q.Confirms[h] = open[struct {
				Signature []byte `json:"signature"`
			}](s.t, m).Signature
		}
	}
	for _, name := range colluders {
		if y.text != nil {
			q.Confirms[name] = s.c.signers[name].Sign(identity.ContextConfirm, y.text)
		}
	}
	y.helps = map[int]mask.Help{}
	for _, h := range y.hears {
		q.Shares = map[string][]byte{}
		for owner, to := range y.shares {
			if owner != h {
				q.Shares[owner] = to[h]
			}
		}
		s.tell(h, engine.KindQuorum, 0, q, nil)
		if m := s.from(h, engine.KindUnmask); m != nil {
			help, err := mask.ParseHelp(open[struct {
				Help []byte `json:"help"`
			}](s.t, m).Help)
			if err != nil {
				s.t.Fatal(err)
			}
			y.helps[at(s.p, []string{h})[0]] = help
		}
	}
}

// Methods A1, target 2: a lead that equivocates is caught in 100% of randomised
// trials. In each it and its colluders tell the honest sites two stories, chosen
// at random: two sets over one roster, or two rosters. Whatever they sign for
// each other, honest sites give help for at most one of the two, and every site
// that is shown too little names the lead.
func TestEquivocationIsCaughtInEveryTrial(t *testing.T) {
	t.Parallel()
	trials, helped, caughtIn := thoroughly(100, 25), 0, 0
	for seed := range trials {
		r := random.New(random.NewPCG(uint64(seed), 3))
		c := 1 + r.IntN(2)
		n := c + 3 + r.IntN(7-c)
		s, stories := equivocate(t, r, n, c)
		given := 0
		for _, y := range stories {
			if len(y.helps) > 0 {
				given++
			}
		}
		if given > 1 {
			t.Fatalf("seed %d: %d sites, %d colluders: help was given for two sets, %v and %v", seed, n, c, stories[0].members, stories[1].members)
		}
		helped += given
		for _, y := range stories {
			for _, h := range y.hears {
				if s.from(h, engine.KindUnmask) != nil {
					continue
				}
				why := s.caught(h)
				if why.IsZero() || why.Kind == engine.ReasonCheating && !strings.Contains(why.Text, s.p.Lead) {
					t.Fatalf("seed %d: %s gave no help but says %+v", seed, h, why)
				}
				caughtIn++
			}
		}
	}
	t.Logf("%d trials: help for one of two sets in %d, for both in none; %d sites said what they were asked for", trials, helped, caughtIn)
	if helped == 0 || helped == trials || caughtIn == 0 {
		t.Error("the trials do not tell")
	}
}

func equivocate(t *testing.T, r *random.Rand, n, c int) (*stage, []*story) {
	cons := consortiumOf(t, n, c)
	p := cons.plan(t, standard.Catalog(), study.Study{Participation: study.Participation{Minimum: max(c+3, secure.Threshold(n, c))},
		Analyses: []study.Entry{{Name: "sex", Analysis: "table", Params: map[string]any{"rows": "sex", "columns": "ph.ecog"}}}})
	colluders := []string{p.Lead}
	for _, i := range r.Perm(n) {
		if len(colluders) < c && p.Sites[i] != p.Lead {
			colluders = append(colluders, p.Sites[i])
		}
	}
	var honest []string
	for _, name := range p.Sites {
		if !slices.Contains(colluders, name) {
			honest = append(honest, name)
		}
	}
	s := newStage(t, cons, p, honest)
	for _, h := range honest {
		s.words[h] = make([]uint64, s.layout.Words())
		for i := range s.words[h] {
			s.words[h][i] = uint64(r.IntN(10))
		}
	}
	keys := map[string]*mask.EpochKey{}
	for _, name := range colluders {
		k, err := mask.NewEpochKey([]byte(strings.Repeat(name, 32))[:mask.SeedSize])
		if err != nil {
			t.Fatal(err)
		}
		keys[name] = k
	}
	stories := []*story{{}, {}}
	lean := 0.2 + 0.6*r.Float64() // how many hear the first story
	for _, h := range honest {
		y := stories[1]
		if r.Float64() < lean {
			y = stories[0]
		}
		y.hears = append(y.hears, h)
	}
	rosters := r.IntN(2) == 0 // two rosters, or two sets over one
	for _, y := range stories {
		in := map[string]bool{}
		for _, name := range slices.Concat(y.hears, colluders) {
			in[name] = true
		}
		for _, name := range p.Sites {
			if in[name] || !rosters || r.IntN(2) == 0 {
				y.seats = append(y.seats, s.seat(name, keys))
			}
			if in[name] || r.IntN(2) == 0 && (!rosters || len(y.seats) > 0 && y.seats[len(y.seats)-1].Site == name) {
				y.members = append(y.members, name)
			}
		}
	}
	state := roundState(t, p)
	for _, y := range stories {
		s.begin(y, state)
	}
	for _, y := range stories {
		s.end(y, colluders)
	}
	return s, stories
}

// roundState is the digest that names the first round's public state, by the
// text of the engine: version, round, and the state of each analysis.
func roundState(t testing.TB, p *plan.Plan) []byte {
	b, err := engine.NewBundle(p)
	if err != nil {
		t.Fatal(err)
	}
	text := "hmsp/run/v4 state 0\n"
	for _, k := range b.Tasks() {
		text += fmt.Sprintf("%d:%s%d:%s", len(k.Name), k.Name, len(k.State), k.State)
	}
	d := sha256.Sum256([]byte(text))
	return d[:]
}

// A lead that lies to all in the same way: it opens the true sum, adds one to a
// count, and has every site sign the receipt of that. Without verify it gets
// their signatures: the lead's sum is believed, and docs/threat-model.md says so.
// With verify every honest site catches it and none signs.
func TestAlteredSumIsNotPromisedWithoutVerify(t *testing.T) {
	for _, verify := range []bool{false, true} {
		c := consortiumOf(t, 5, 1)
		p := c.plan(t, standard.Catalog(), study.Study{Verify: verify, Participation: study.Participation{Minimum: 4}, Analyses: []study.Entry{
			{Name: "sex", Analysis: "table", Params: map[string]any{"rows": "sex", "columns": "ph.ecog"}}}})
		var honest []string
		for _, name := range p.Sites {
			if name != p.Lead {
				honest = append(honest, name)
			}
		}
		// The lead's own site takes no part.
		s := newStage(t, c, p, honest)
		for i, name := range honest {
			s.words[name] = make([]uint64, s.layout.Words())
			s.words[name][0] = uint64(i + 1)
		}
		y := &story{members: honest, hears: honest}
		for _, name := range honest {
			y.seats = append(y.seats, s.seat(name, nil))
		}
		s.begin(y, roundState(t, p))
		s.end(y, nil)
		sum := make([]uint64, s.layout.Words())
		for _, v := range y.vectors {
			s.layout.AddTo(sum, v)
		}
		if _, err := mask.Open(terms(p, y.seats, nil), s.layout, at(p, honest), sum, y.helps); err != nil || sum[0] != 10 {
			t.Fatalf("opened %d, %v; want 10", sum[0], err)
		}
		sum[0]++
		b, err := engine.NewBundle(p)
		if err != nil {
			t.Fatal(err)
		}
		rounds := []receipt.Round{engine.Opening(p, 0, b, honest)}
		if err := b.Advance(sum); err != nil || !b.Done() {
			t.Fatal(err, b.Done())
		}
		absent := []receipt.Absent{{Site: p.Lead, Kind: engine.ReasonRefused, Reason: "only leads"}}
		rc, err := engine.DrawReceipt(p, honest, absent, rounds, nil, nil, b, s.now, s.now)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range honest {
			s.tell(name, engine.KindRelease, 1, map[string]any{"receipt": rc}, mask.AppendWords(nil, sum))
		}
		for _, name := range honest {
			if m := s.from(name, engine.KindEndorse); m != nil {
				rc.Signatures = append(rc.Signatures, receipt.Signature{Member: name, Signature: open[struct {
					Signature []byte `json:"signature"`
				}](t, m).Signature})
			}
		}
		o := &receipt.Outcome{HMSP: receipt.OutcomeVersion, Study: engine.About(p), Status: receipt.Released, Lead: p.Lead,
			Contributors: honest, Absent: absent, Analyses: b.Findings(), Receipt: &rc}
		if got := believed(c, o); got == verify {
			t.Errorf("verify %v: believed %v, with %d signatures", verify, got, len(rc.Signatures))
		}
		for _, name := range honest {
			if why := s.caught(name); strings.Contains(why.Text, "is not the sum of the parts") != verify || verify && !strings.Contains(why.Text, p.Lead) {
				t.Errorf("verify %v: %s says %+v", verify, name, why)
			}
		}
		if verify && len(rc.Signatures) > 0 {
			t.Errorf("%d sites signed", len(rc.Signatures))
		}
	}
}

// What a lead may send the researcher instead of the outcome that the sites
// signed: none of it is believed.
func TestFalseOutcomeIsNotBelieved(t *testing.T) {
	c := newConsortium(t)
	p := c.plan(t, standard.Catalog(), study.Study{Participation: study.Participation{Minimum: 5}, Analyses: []study.Entry{
		{Name: "ecog", Analysis: "linear", Params: map[string]any{"formula": "ph.ecog ~ age + sex"}}}})
	gone := other(p.Sites, p.Lead)
	o, _, _ := run(t, c, p, nil, gone)
	if !believed(c, o) {
		t.Fatalf("the true outcome is not believed: %+v", o)
	}
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	lies := falseOutcomes(t, c, p, gone)
	for _, name := range slices.Sorted(maps.Keys(lies)) {
		var o receipt.Outcome
		if err := json.Unmarshal(raw, &o); err != nil {
			t.Fatal(err)
		}
		lies[name](&o)
		if believed(c, &o) {
			t.Errorf("%s: believed", name)
		}
	}
	if err := researcher.VerifyReceipt(c.charter, *o.Receipt); err != nil {
		t.Error("the true receipt was altered by a case:", err)
	}
}

// falseOutcomes are lies about an outcome, by what is false in it; gone is the
// site that the true one names as absent.
func falseOutcomes(t *testing.T, c *consortium, p *plan.Plan, gone string) map[string]func(o *receipt.Outcome) {
	lead := c.signers[p.Lead]
	resign := func(o *receipt.Outcome) {
		d, err := o.Receipt.Digest()
		if err != nil {
			t.Fatal(err)
		}
		for i := range o.Receipt.Signatures {
			o.Receipt.Signatures[i].Signature = lead.Sign(identity.ContextReceipt, d[:])
		}
	}
	return map[string]func(o *receipt.Outcome){
		"another number":             func(o *receipt.Outcome) { o.Analyses[0].Result = nil; o.Analyses[0].Failed = "x" },
		"another number and digest":  func(o *receipt.Outcome) { o.Analyses[0].Result = nil; o.Analyses[0].Failed = "x"; redo(t, o) },
		"resigned by the lead alone": func(o *receipt.Outcome) { o.Analyses[0].Failed = "x"; redo(t, o); resign(o) },
		"a signature missing":        func(o *receipt.Outcome) { o.Receipt.Signatures = o.Receipt.Signatures[1:] },
		"a signature twice":          func(o *receipt.Outcome) { o.Receipt.Signatures[0] = o.Receipt.Signatures[1] },
		"signatures exchanged": func(o *receipt.Outcome) {
			sg := o.Receipt.Signatures
			sg[0].Signature, sg[1].Signature = sg[1].Signature, sg[0].Signature
		},
		"no signature":                func(o *receipt.Outcome) { o.Receipt.Signatures = nil },
		"a contributor less":          func(o *receipt.Outcome) { o.Contributors = o.Contributors[1:]; o.Receipt.Contributors = o.Contributors },
		"the subset as the whole":     func(o *receipt.Outcome) { o.Absent = nil },
		"the whole in the receipt":    func(o *receipt.Outcome) { o.Absent, o.Receipt.Absent = nil, nil },
		"another reason for absence":  func(o *receipt.Outcome) { o.Absent[0].Reason, o.Receipt.Absent[0].Reason = "refused", "refused" },
		"another lead":                func(o *receipt.Outcome) { o.Lead = gone },
		"verified, which it was not":  func(o *receipt.Outcome) { o.Receipt.Verified = true },
		"another charter":             func(o *receipt.Outcome) { o.Receipt.Charter = strings.Repeat("0", 64) },
		"another question":            func(o *receipt.Outcome) { o.Study.Question = "x"; o.Receipt.Study.Question = "x" },
		"without a receipt":           func(o *receipt.Outcome) { o.Receipt = nil },
		"fewer rounds than there was": func(o *receipt.Outcome) { o.Receipt.Rounds = o.Receipt.Rounds[1:] },
		"a subset that signed it truly": func(o *receipt.Outcome) {
			for _, name := range o.Contributors[3:] {
				a := receipt.Absent{Site: name, Kind: engine.ReasonAbsent, Reason: "late"}
				o.Absent = append(o.Absent, a)
			}
			o.Contributors = o.Contributors[:3]
			o.Receipt.Contributors, o.Receipt.Absent, o.Receipt.Signatures = o.Contributors, o.Absent, o.Receipt.Signatures[:3]
			for i := range o.Receipt.Rounds {
				o.Receipt.Rounds[i].Contributors, o.Receipt.Rounds[i].To = o.Contributors, o.Contributors
			}
			d, err := o.Receipt.Digest()
			if err != nil {
				t.Fatal(err)
			}
			for i, sg := range o.Receipt.Signatures {
				o.Receipt.Signatures[i].Signature = c.signers[sg.Member].Sign(identity.ContextReceipt, d[:])
			}
		},
	}
}

// A site, too, believes only the release that it signed, or, where it had no
// part, one that all who had signed: it ends its run as failed and names the lead.
func TestSiteDoesNotBelieveAFalseOutcome(t *testing.T) {
	t.Parallel()
	c := newConsortium(t)
	p := fiveOfSix(t, c, false)
	victim := other(p.Sites[2:], p.Lead)
	gone := other(p.Sites[3:], p.Lead)
	lies := falseOutcomes(t, c, p, gone)
	lies["signed truly by all, but not what was shown"] = func(o *receipt.Outcome) {
		o.Receipt.Ended = o.Receipt.Ended.Add(time.Hour)
		d, err := o.Receipt.Digest()
		if err != nil {
			t.Fatal(err)
		}
		for i, sg := range o.Receipt.Signatures {
			o.Receipt.Signatures[i].Signature = c.signers[sg.Member].Sign(identity.ContextReceipt, d[:])
		}
	}
	for name, lie := range lies {
		for _, to := range []string{victim, gone} {
			if to == gone && strings.Contains(name, "not what was shown") {
				continue // it saw nothing, and all did sign
			}
			net := c.network(p)
			net.Works = &c.works
			net.Refuse = map[string]engine.Reason{gone: {Kind: engine.ReasonRefused, Text: "no"}}
			net.Rule = func(_ int, m *engine.Message) simnet.Action {
				if m.Kind == engine.KindOutcome && m.To == to {
					o := open[receipt.Outcome](t, m)
					lie(&o)
					shut(t, m, o)
				}
				return simnet.Deliver
			}
			o, err := net.Run(t.Context())
			if err != nil || !believed(c, o) {
				t.Fatalf("%s: %v %+v", name, err, o)
			}
			if got := net.Node(to).Outcome(); strings.Contains(name, "not what was shown") && !strings.Contains(got.Reason, "is not the one that "+to+" signed") {
				t.Errorf("%s: it ends with %+v", name, got)
			} else if got == nil || got.Status != receipt.Failed || !strings.Contains(got.Reason, "the lead "+p.Lead+" sent an outcome that cannot be") {
				t.Errorf("%s, told to %s: it ends with %+v", name, to, got)
			}
		}
	}
}

// The others sign a result without one who contributed: it says so.
func TestContributorThatIsLeftOutOfTheReceipt(t *testing.T) {
	c := newConsortium(t)
	p := fiveOfSix(t, c, false)
	victim := other(p.Sites, p.Lead)
	_, _, net := run(t, c, p, func(_ int, m *engine.Message) simnet.Action {
		if m.Kind == engine.KindOutcome && m.To == victim {
			o := open[receipt.Outcome](t, m)
			keep := func(names []string) []string {
				return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == victim })
			}
			o.Contributors, o.Absent = keep(o.Contributors), []receipt.Absent{{Site: victim, Kind: engine.ReasonAbsent, Reason: "late"}}
			o.Receipt.Contributors, o.Receipt.Absent, o.Receipt.Signatures = o.Contributors, o.Absent, nil
			for i := range o.Receipt.Rounds {
				o.Receipt.Rounds[i].Contributors, o.Receipt.Rounds[i].To = o.Contributors, o.Contributors
			}
			d, err := o.Receipt.Digest()
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range o.Contributors {
				o.Receipt.Signatures = append(o.Receipt.Signatures, receipt.Signature{Member: n, Signature: c.signers[n].Sign(identity.ContextReceipt, d[:])})
			}
			if !believed(c, &o) {
				t.Error("the lie is too weak to tell")
			}
			shut(t, m, o)
		}
		return simnet.Deliver
	})
	if got := net.Node(victim).Outcome(); got.Status != receipt.Failed || !strings.Contains(got.Reason, "is not the one that "+victim+" signed") {
		t.Errorf("it ends with %+v", got)
	}
}

func redo(t *testing.T, o *receipt.Outcome) {
	d, err := receipt.DigestResult(o.Analyses)
	if err != nil {
		t.Fatal(err)
	}
	o.Receipt.Result = d
}

// Methods A1, target 3, end to end: what a site sends looks uniform to whoever
// holds the lead and the wire, even when every site's vector is zero. Chi-square
// of the bytes over 60 runs with fresh seeds; a false alarm comes once in a
// million runs of this test (both tails, 5e-7 each).
func TestContributionsLookUniform(t *testing.T) {
	t.Parallel()
	c := consortiumOf(t, 5, 1)
	p := c.plan(t, standard.Catalog(), study.Study{Participation: study.Participation{Minimum: 4}, Analyses: []study.Entry{
		{Name: "sex", Analysis: "table", Params: map[string]any{"rows": "sex", "columns": "ph.ecog"}}}})
	var honest []string
	for _, name := range p.Sites {
		if name != p.Lead {
			honest = append(honest, name)
		}
	}
	var count [256]float64
	total := 0.0
	for range 60 {
		s := newStage(t, c, p, honest)
		for _, h := range honest {
			s.words[h] = make([]uint64, s.layout.Words())
		}
		y := &story{members: honest, hears: honest}
		for _, name := range honest {
			y.seats = append(y.seats, s.seat(name, nil))
		}
		s.begin(y, roundState(t, p))
		for _, h := range honest {
			for _, b := range s.from(h, engine.KindContribution).Blob {
				count[b]++
				total++
			}
		}
	}
	chi := 0.0
	for _, n := range count {
		chi += (n - total/256) * (n - total/256) / (total / 256)
	}
	d := distuv.ChiSquared{K: 255}
	if low, high := d.Quantile(5e-7), d.Quantile(1-5e-7); chi < low || chi > high {
		t.Errorf("chi-square %.1f of %v bytes, want %.1f..%.1f", chi, total, low, high)
	}
}
