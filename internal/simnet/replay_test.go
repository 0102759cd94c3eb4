package simnet_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/simnet"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/study"
)

// small is a study of four sites with small results, for tests of many runs.
func small(t testing.TB, c *consortium, verify bool, sites ...string) *plan.Plan {
	return c.plan(t, standard.Catalog(), study.Study{Sites: sites, Verify: verify, Analyses: []study.Entry{
		{Name: "ecog", Analysis: "linear", Params: map[string]any{"formula": "ph.ecog ~ age + sex"}},
		{Name: "sex", Analysis: "table", Params: map[string]any{"rows": "sex", "columns": "ph.ecog"}},
	}})
}

// said is what a node shows of a step to the outside.
type said struct {
	Messages []string
	Failed   bool
	State    string
}

func shown(t testing.TB, n *engine.Node, out []engine.Message, err error) said {
	t.Helper()
	s := said{Failed: err != nil}
	for _, m := range out {
		b, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		s.Messages = append(s.Messages, string(b))
	}
	phase, round := n.Phase()
	outcome, err := json.Marshal(n.Outcome())
	if err != nil {
		t.Fatal(err)
	}
	s.State = fmt.Sprint(phase, round, n.Deadline(), n.Begun(), n.Idle(), n.Work() != nil, string(outcome))
	return s
}

// At every event of a run, one with losses, delays and a lead that is killed
// included, a node made again from its journal says and keeps the same, byte for
// byte, as the node that never stopped: nothing of a run is in memory only, and
// no step depends on the order of a map. A dropped event leaves no trace.
func TestNodeFromJournalIsTheSameNode(t *testing.T) {
	t.Parallel()
	c := newConsortium(t)
	p := small(t, c, true, lungSites[:5]...)
	p5 := c.plan(t, standard.Catalog(), study.Study{Sites: lungSites[:5], Participation: study.Participation{Minimum: 4}, Analyses: []study.Entry{
		{Name: "sex", Analysis: "table", Params: map[string]any{"rows": "sex", "columns": "ph.ecog"}}}})
	for seed := range uint64(6) {
		p := p
		if seed%2 == 1 {
			p = p5
		}
		rnd := rand.New(rand.NewPCG(seed, 1))
		net := c.network(p)
		net.Works = &c.works
		if seed > 1 {
			net.Rule = func(int, *engine.Message) simnet.Action {
				return [...]simnet.Action{simnet.Delay, simnet.Repeat, simnet.CrashAfter, simnet.Late, simnet.Deliver, simnet.Deliver, simnet.Deliver, simnet.Deliver}[rnd.IntN(8)]
			}
		}
		twins(t, c, p, net)
	}
}

// twins runs a study, makes a second node from the journal before every event, and
// demands that both say and keep the same. It tells whether the study was released.
func twins(t *testing.T, c *consortium, p *plan.Plan, net *simnet.Network) bool {
	t.Helper()
	steps := 0
	net.Watch = func(site string, e engine.Event, disk *engine.Memory) func([]engine.Message, error) {
		steps++
		copied := disk.Copy(-1)
		twin, err := engine.NewNode(p, c.signers[site], copied)
		if err != nil {
			t.Fatalf("step %d, %s: %v", steps, site, err)
		}
		out, err := twin.Deliver(e)
		want := shown(t, twin, out, err)
		return func(out []engine.Message, err error) {
			if got := shown(t, net.Node(site), out, err); !reflect.DeepEqual(got, want) {
				t.Fatalf("step %d, %s at %s: the node\n%+v\nfrom its journal\n%+v", steps, site, e.Kind, got, want)
			}
			if a, b := events(t, disk), events(t, copied); !bytes.Equal(a, b) {
				t.Fatalf("step %d, %s: the journals differ", steps, site)
			}
		}
	}
	o, err := net.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	released := o != nil && o.Status == receipt.Released
	t.Logf("%d steps, released %v", steps, released)
	return released
}

func events(t *testing.T, m *engine.Memory) []byte {
	t.Helper()
	es, err := m.Replay()
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, e := range es {
		b, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}
