package simnet_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	randv2 "math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"hmsp.center/hmsp/dp/noise"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/simnet"
	"hmsp.center/hmsp/receipt"
)

// fresh is noise that is never the same twice: a vector that is computed again
// after it left would show.
func fresh(engine.Question) *noise.Source { return noise.NewSource(rand.Reader) }

// Kill -9 of the recipient or the sender of every single message of a private
// study, loss of its acknowledgement, repetition and reordering: the study is
// released, every site sent one vector for each round and no other, and what was
// opened is the sum of exactly these. The sites draw fresh noise whenever they are
// asked, so that a vector which is computed once too often, or a draw that is lost
// or counted twice, cannot go unseen.
func TestEveryMessageFaultOnceInAPrivateStudy(t *testing.T) {
	c := newConsortium(t)
	const rounds = 2
	p := private(t, c, rounds, 0, "laplace", lungSites[:4]...)
	works := &simnet.Works{Secrets: true}
	try := func(t *testing.T, rule simnet.Rule) *simnet.Network {
		clerks := c.clerks(p)
		for _, k := range clerks {
			k.noise, k.answered = fresh, map[int][]uint64{}
		}
		net := c.booked(p, clerks)
		net.Works = works
		vectors := map[string][32]byte{}
		net.Rule = func(i int, m *engine.Message) simnet.Action {
			if m.Kind == engine.KindContribution {
				name, sum := fmt.Sprint(m.From, m.Epoch, m.Round), sha256.Sum256(m.Blob)
				if before, twice := vectors[name]; twice && before != sum {
					t.Fatalf("%s sends two vectors for round %d", m.From, m.Round)
				}
				vectors[name] = sum
			}
			return rule(i, m)
		}
		o, err := net.Run(t.Context())
		if err != nil || !believed(c, o) || len(o.Contributors) != 4 || len(o.Receipt.Rounds) != rounds {
			t.Fatalf("%v, outcome %+v\n%s", err, o, strings.Join(net.Log, "\n"))
		}
		for r := range rounds {
			for i, col := range o.Analyses[0].Result.Tables[0].Columns {
				sum := uint64(0)
				for _, k := range clerks {
					sum += k.answered[r][i]
				}
				if got := col.Numbers[r]; got != float64(int64(sum)) {
					t.Fatalf("round %d, count %d: %v was opened, the sites sent %d\n%s", r, i, got, int64(sum), strings.Join(net.Log, "\n"))
				}
			}
		}
		return net
	}
	plain := try(t, func(int, *engine.Message) simnet.Action { return simnet.Deliver })
	total, step := plain.Messages(), 8/thoroughly(8, 1)
	for name, act := range map[string]simnet.Action{"crash before": simnet.CrashBefore, "crash after": simnet.CrashAfter,
		"crash of the sender": simnet.CrashSender, "repeat": simnet.Repeat, "delay": simnet.Delay} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for at := 0; at < total; at += step {
				try(t, func(i int, m *engine.Message) simnet.Action {
					if i == at {
						return act
					}
					return simnet.Deliver
				})
			}
			t.Logf("at every %d. of %d messages", step, total)
		})
	}
}

// Losing any one message of a private study for good releases nothing that is not
// the sum of all, or of those that the outcome names.
func TestEveryMessageOfAPrivateStudyLostOnce(t *testing.T) {
	c := newConsortium(t)
	p := private(t, c, 2, 5, "gaussian")
	works := &simnet.Works{Secrets: true}
	released, nothing := 0, 0
	for at, total := 0, 1; at < total; at += 6 * 4 / thoroughly(4, 1) {
		net := c.booked(p, c.clerks(p))
		net.Works = works
		net.Rule = func(i int, m *engine.Message) simnet.Action {
			if i == at {
				return simnet.Drop
			}
			return simnet.Deliver
		}
		o, err := net.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		total = net.Messages()
		if o == nil { // the outcome itself was lost
			continue
		}
		if o.Status != receipt.Released {
			nothing++
			if o.Receipt != nil || o.Analyses != nil || len(o.Absent) == 0 {
				t.Errorf("message %d lost: %+v", at, o)
			}
			continue
		}
		released++
		if !believed(c, o) || len(o.Contributors)+len(o.Absent) != 6 || len(o.Contributors) < 5 {
			t.Errorf("message %d lost: %+v", at, o)
		}
	}
	if t.Logf("%d released, %d not", released, nothing); released == 0 || nothing == 0 {
		t.Error("the losses do not tell")
	}
}

// At every event of a private study of several rounds, with tags, checkpoints,
// losses and crashes, a node made again from its journal is the same node: see
// TestNodeFromJournalIsTheSameNode.
func TestNodeFromJournalIsTheSameNodeInAPrivateStudy(t *testing.T) {
	t.Parallel()
	c := newConsortium(t)
	released := 0
	seeds := uint64(thoroughly(5, 2))
	for seed := range seeds {
		p := private(t, c, 2, 4, []string{"laplace", "gaussian"}[seed%2], lungSites[:5]...)
		net := c.booked(p, c.clerks(p))
		rnd := randv2.New(randv2.NewPCG(seed, 4))
		if seed > 0 {
			net.Rule = func(int, *engine.Message) simnet.Action {
				if seed == 4 && rnd.IntN(12) == 0 {
					return simnet.Late
				}
				return [...]simnet.Action{simnet.Delay, simnet.Repeat, simnet.CrashAfter, simnet.CrashBefore, simnet.Deliver, simnet.Deliver, simnet.Deliver, simnet.Deliver}[rnd.IntN(8)]
			}
		}
		if twins(t, c, p, net) {
			released++
		}
	}
	if released < min(int(seeds), 4) { // the last one loses time
		t.Errorf("%d of %d were released", released, seeds)
	}
}

// A node's journal holds the tag that it told of, and each round's vector and
// checkpoint once.
func TestJournalOfAPrivateStudyHoldsWhatLeft(t *testing.T) {
	c := newConsortium(t)
	p := private(t, c, 2, 0, "laplace", lungSites[:4]...)
	clerks := c.clerks(p)
	net := c.booked(p, clerks)
	disks := map[string]*engine.Memory{}
	net.Watch = func(site string, _ engine.Event, disk *engine.Memory) func([]engine.Message, error) {
		disks[site] = disk
		return func([]engine.Message, error) {}
	}
	if o, err := net.Run(t.Context()); err != nil || !believed(c, o) {
		t.Fatal(err, o)
	}
	for site, d := range disks {
		count := map[engine.EventKind]int{}
		for _, e := range mustReplay(t, d) {
			count[e.Kind]++
			switch e.Kind {
			case engine.EventDecided:
				if !bytes.Equal(e.Data, tags(p)[site]) {
					t.Errorf("%s: tag %x", site, e.Data)
				}
			case engine.EventAgreed:
				if !reflect.DeepEqual(e.Log, checkpoint(c.signers[site], site, int64(10+e.Round))) {
					t.Errorf("%s, round %d: log %q", site, e.Round, e.Log)
				}
			}
		}
		if count[engine.EventComputed] != 2 || count[engine.EventAgreed] != 2 || count[engine.EventDecided] != 1 {
			t.Errorf("%s: events %v", site, count)
		}
	}
}
