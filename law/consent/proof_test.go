package consent_test

import (
	"encoding/hex"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/law/consent"
)

// A site is what a site does: it books registers and cohorts in its log, and keeps
// what it needs to prove them.
type site struct {
	t      *testing.T
	at     time.Time
	log    []audit.Entry
	booked []consent.Booked
	reg    *consent.Register
	state  consent.Hash
}

func newSite(t *testing.T) *site {
	return &site{t: t, at: time.Date(2024, 1, 1, 9, 0, 0, 0, time.UTC), reg: load(t, listed())}
}

func (s *site) book(kind string, facts map[string]string, b consent.Booked) {
	s.at = s.at.Add(24 * time.Hour)
	e := audit.Entry{Seq: int64(len(s.log)), At: s.at, Kind: kind, Facts: facts}
	if kind == consent.KindCohort {
		e.Study = strings.Repeat("ab", 32)
	}
	s.log = append(s.log, e)
	if kind != audit.Started {
		b.Entry = e.Seq
		s.booked = append(s.booked, b)
	}
}

func (s *site) salt() consent.Hash {
	return consent.NewSalt([]byte("of the site"), fmt.Sprint("north lung ", len(s.log)))
}

// register puts a list in force.
func (s *site) register(lines ...string) {
	next, salt := load(s.t, listed(lines...)), s.salt()
	c := consent.Compare(s.reg, next)
	s.reg, s.state = next, next.State(salt).Digest()
	s.book(consent.KindState, consent.StateFacts("lung", next, s.state, consent.NewChanges(salt, c.All).Digest()), consent.Booked{Salt: salt, Register: next})
}

// cohort computes with those who permit, and with others whatever they say.
func (s *site) cohort(purpose string, others ...string) {
	day := consent.Day(s.at.Unix()/86400 + 1)
	all := people("ann", "bob", "cem", "dua")
	keep, _ := s.reg.Filter(all, purpose, day)
	in := people(others...)
	for _, k := range keep {
		in = append(in, all[k])
	}
	salt := s.salt()
	s.book(consent.KindCohort, consent.CohortFacts("lung", purpose, day, s.state, consent.NewCohort(salt, in).Digest()), consent.Booked{Salt: salt, People: in})
}

func (s *site) other() { s.book(audit.Started, map[string]string{"version": "x"}, consent.Booked{}) }

func (s *site) all() iter.Seq2[consent.Booked, error] {
	return func(yield func(consent.Booked, error) bool) {
		for _, b := range s.booked {
			if !yield(b, nil) {
				return
			}
		}
	}
}

func (s *site) prove(who string) consent.Proof {
	s.t.Helper()
	p, err := consent.Prove("lung", pseudonym(who), s.all())
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

func people(names ...string) (out []uint64) {
	for _, n := range names {
		out = append(out, pseudonym(n))
	}
	return out
}

// history: bob consents and withdraws before the second cohort.
func history(t *testing.T) *site {
	s := newSite(t)
	s.other()
	s.register("ann,research,2020-01-01,,permit", "bob,research,2020-01-01,,permit", "cem,research,2020-01-01,,deny")
	s.cohort("research")
	s.other()
	s.register("ann,research,2020-01-01,,permit", "bob,research,2020-01-01,,permit", "bob,research,2024-01-04,,withdrawn", "cem,research,2020-01-01,,deny")
	s.cohort("research")
	s.cohort("quality")
	s.other()
	s.cohort("research")
	return s
}

func TestWithdrawalIsProved(t *testing.T) {
	s := history(t)
	r, err := consent.Verify(s.prove("bob"), s.log)
	if err != nil {
		t.Fatal(err)
	}
	entry, ok := r.Withdrawal()
	if !ok || entry != 4 || r.From != 1 || r.Last != 8 || !r.Obeyed() || !r.Whole || r.Since.Day() != 3 || r.Until.Day() != 10 || len(r.States) != 2 || len(r.Cohorts) != 4 {
		t.Errorf("got %+v", r)
	}
	for i, want := range []struct {
		entry int64
		in    bool
		why   consent.Why
	}{{2, true, consent.Given}, {5, false, consent.Withdrawn}, {6, false, consent.Other}, {8, false, consent.Withdrawn}} {
		if c := r.Cohorts[i]; c.Entry != want.entry || c.In != want.in || c.Decision.Why != want.why {
			t.Errorf("cohort %d: got %+v", i, c)
		}
	}
	if r, err := consent.Verify(s.prove("bob"), s.log[1:]); err != nil || r.Whole {
		t.Errorf("from entry 1 on: %+v, %v", r, err)
	}
	for who, states := range map[string]bool{"ann": true, "cem": true, "dua": false} {
		r, err := consent.Verify(s.prove(who), s.log)
		if err != nil || !r.Obeyed() || r.States[0].Known != states {
			t.Errorf("%s: %+v, %v", who, r, err)
		}
	}
}

func TestProofFile(t *testing.T) {
	s := history(t)
	p := s.prove("bob")
	p.Log = "the export\n"
	b, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := consent.ParseProof(b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := consent.Verify(again, s.log); err != nil || again.Log != p.Log {
		t.Errorf("got %v", err)
	}
	for _, other := range []string{"ann", "cem", "dua"} {
		if text := string(b); strings.Contains(text, fmt.Sprintf("%016x", pseudonym(other))) || strings.Contains(text, other) {
			t.Errorf("the proof of bob holds the pseudonym of %s", other)
		}
	}
	for name, bad := range map[string][]byte{"nothing": nil, "cut": b[:len(b)-3], "more": append(slices.Clone(b), ' '), "a field": []byte(strings.Replace(string(b), `"dataset"`, `"name": "x", "dataset"`, 1)),
		"a day": []byte(strings.Replace(string(b), "2024-01-04", "2024-01-40", 1)), "version": []byte(strings.Replace(string(b), "proof/v1", "proof/v2", 1))} {
		if _, err := consent.ParseProof(bad); err == nil {
			t.Errorf("%s: it is read", name)
		}
	}
}

// A site that lies, once in each way. Lie changes a proof of bob and the log, and
// says what the verifier says.
func TestLyingSites(t *testing.T) {
	for name, lie := range map[string]func(s *site, p *consent.Proof) (says string){
		"it leaves a cohort out of the proof": func(s *site, p *consent.Proof) string {
			p.Cohorts = slices.Delete(p.Cohorts, 1, 2)
			return "entry 5: the proof leaves it out"
		},
		"it leaves the last cohort out": func(s *site, p *consent.Proof) string {
			p.Cohorts = p.Cohorts[:3]
			return "entry 8: the proof leaves it out"
		},
		"it leaves the withdrawal out": func(s *site, p *consent.Proof) string {
			p.States = p.States[:1]
			return "entry 4: the proof leaves it out"
		},
		"it takes a cohort out of the log": func(s *site, p *consent.Proof) string {
			s.log, p.Cohorts = slices.Delete(s.log, 5, 6), slices.Delete(p.Cohorts, 1, 2)
			return "entry 5 is missing"
		},
		"it cuts the log below the proof": func(s *site, p *consent.Proof) string {
			s.log = s.log[:7]
			return "not in the log"
		},
		"it reorders the proof": func(s *site, p *consent.Proof) string {
			p.Cohorts[0], p.Cohorts[1] = p.Cohorts[1], p.Cohorts[0]
			return "in another place"
		},
		"it reorders the log": func(s *site, p *consent.Proof) string {
			s.log[4], s.log[5] = s.log[5], s.log[4]
			return "entry 4 is missing"
		},
		"it shows the path of another cohort": func(s *site, p *consent.Proof) string {
			p.Cohorts[0].Path = p.Cohorts[1].Path
			return "does not lead to the commitment"
		},
		"it shows a tree of others": func(s *site, p *consent.Proof) string {
			s.cohort("research", "bob")
			salt := s.booked[len(s.booked)-1].Salt
			p.Cohorts = append(p.Cohorts, consent.Opening{Entry: 9, Path: consent.NewCohort(salt, people("ann")).Path(pseudonym("bob"))})
			return "entry 9: the path does not lead"
		},
		"it changes a leaf": func(s *site, p *consent.Proof) string {
			for i := range p.Cohorts {
				if leaf := p.Cohorts[i].Path.Leaf; leaf != nil {
					leaf.Key[31] ^= 1
				}
			}
			return "does not lead to the commitment"
		},
		"it changes what bob said": func(s *site, p *consent.Proof) string {
			p.States[1].Statements = p.States[0].Statements
			return "does not hold these statements"
		},
		"it changes the day of what bob said": func(s *site, p *consent.Proof) string {
			p.States[1].Statements = slices.Clone(p.States[1].Statements)
			p.States[1].Statements[1].From += 100
			return "does not hold these statements"
		},
		"it says that bob is another": func(s *site, p *consent.Proof) string {
			p.Pseudonym = s.prove("dua").Pseudonym
			return "entry 1: the"
		},
		"it asks an older register": func(s *site, p *consent.Proof) string {
			s.log[5].Facts = with(s.log[5].Facts, "state", s.log[1].Facts["state"])
			return "entry 5: consent was asked of another register"
		},
		"it asks for a day before the withdrawal": func(s *site, p *consent.Proof) string {
			s.log[8].Facts = with(s.log[8].Facts, "day", "2024-01-02")
			return "entry 8: consent was asked for another day"
		},
		"it books no day": func(s *site, p *consent.Proof) string {
			s.log[8].Facts = with(s.log[8].Facts, "day", "")
			return "no day"
		},
		"it books no commitment": func(s *site, p *consent.Proof) string {
			s.log[8].Facts = with(s.log[8].Facts, "cohort", "none")
			return "no digest"
		},
		"it begins after the withdrawal": func(s *site, p *consent.Proof) string {
			p.States = nil
			return "not a proof"
		},
		"it begins with a later register": func(s *site, p *consent.Proof) string {
			p.States, p.Cohorts = p.States[1:], p.Cohorts[1:]
			return "entry 1: the proof leaves it out"
		},
		"it begins elsewhere": func(s *site, p *consent.Proof) string {
			p.States[0].Entry = 40
			return "does not hold entry 40"
		},
		"it speaks of another dataset": func(s *site, p *consent.Proof) string {
			p.Dataset = "heart"
			return "not in the log"
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := history(t)
			p := s.prove("bob")
			says := lie(s, &p)
			if r, err := consent.Verify(p, s.log); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("got %+v, %v; want %q", r, err, says)
			}
		})
	}
}

// A site that computes with a patient who withdrew, and books it: the honest proof
// says so, and there is no other one.
func TestDisobedienceShows(t *testing.T) {
	s := history(t)
	s.cohort("research", "bob")
	r, err := consent.Verify(s.prove("bob"), s.log)
	if err != nil || r.Obeyed() || !r.Cohorts[4].Against() {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestProveNeedsARegister(t *testing.T) {
	s := newSite(t)
	if _, err := consent.Prove("lung", 1, s.all()); err == nil {
		t.Error("an empty log proves something")
	}
	s.cohort("research", "ann")
	if _, err := consent.Prove("lung", 1, s.all()); err == nil {
		t.Error("a cohort without a register proves something")
	}
}

func with(facts map[string]string, key, value string) map[string]string {
	out := maps.Clone(facts)
	out[key] = value
	return out
}

func FuzzProof(f *testing.F) {
	s := history(&testing.T{})
	p := s.prove("bob")
	b, err := p.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := consent.ParseProof(b)
		if err != nil {
			return
		}
		if r, err := consent.Verify(p, s.log); err == nil && p.Pseudonym == fmt.Sprintf("%016x", pseudonym("bob")) {
			if entry, ok := r.Withdrawal(); !ok || entry != 4 {
				t.Errorf("a proof hides the withdrawal: %+v", r)
			}
		}
	})
}

func TestPeopleAndRegistersAreKept(t *testing.T) {
	reg := history(t).reg
	b := reg.Encode()
	again, err := consent.Decode(b)
	if err != nil || again.Digest() != reg.Digest() || again.Rules() != consent.Standard().Digest() || again.People() != 3 {
		t.Errorf("got %+v, %v", again, err)
	}
	set := consent.EncodePeople(people("dua", "ann", "dua"))
	if got, err := consent.DecodePeople(set); err != nil || len(got) != 2 {
		t.Errorf("got %x, %v", got, err)
	}
	for i := range b {
		if _, err := consent.Decode(b[:i]); err == nil {
			t.Errorf("a register cut at %d is read", i)
		}
	}
	for i := range set {
		if _, err := consent.DecodePeople(set[:i]); err == nil && i != 23 && i != 31 {
			t.Errorf("people cut at %d are read", i)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(history(&testing.T{}).reg.Encode())
	f.Add(consent.EncodePeople([]uint64{1, 2}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := consent.Decode(b); err == nil && hex.EncodeToString(r.Encode()) != hex.EncodeToString(b) {
			t.Error("two encodings of one register")
		}
		if p, err := consent.DecodePeople(b); err == nil && string(consent.EncodePeople(p)) != string(b) {
			t.Error("two encodings of one cohort")
		}
	})
}
