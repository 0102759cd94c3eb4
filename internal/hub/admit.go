package hub

import (
	"strings"
	"sync"
	"time"

	"hmsp.center/hmsp/federation"
)

// charterPath is the one page that a member under another charter may ask for:
// it is how it learns of the present one.
const charterPath = "/v1/charter"

// Admit lets a request in: made under the charter in force, signed by a member
// by a clock near the hub's, seen for the first time, and one of not too many
// at once. (After a restart the hub has forgotten which it saw; all that a
// member can ask is idempotent, and whoever could repeat a request must have
// broken the connection's encryption first.)
func (h *Hub) Admit(r federation.Request) (func(), error) {
	now := h.now()
	if path, _, _ := strings.Cut(r.Path, "?"); r.Charter != h.charter.Digest() && path != charterPath {
		return nil, federation.Refuse(federation.KindCharter)
	}
	if err := r.Check(h.charter, now); err != nil {
		return nil, err
	}
	release, err := h.gate.enter(r.Member, r.Nonce, now)
	if err != nil {
		return nil, err
	}
	if err := h.heard(r.Member, now); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// nonceLife is how long a request can be repeated: its time may be MaxSkew
// ahead when it comes first, and MaxSkew behind when it comes last.
const nonceLife = 2 * federation.MaxSkew

// maxNonces is how many requests of one member are remembered in nonceLife: 160
// a second.
const maxNonces = 100_000

// busyWait is what a member with too many requests is told to wait.
const busyWait = 2 * time.Second

// A gate counts requests under way and remembers those that came.
type gate struct {
	mu     sync.Mutex
	most   int
	active map[string]int
	seen   map[string]*nonces
}

// nonces are a member's in two generations: the older is dropped after nonceLife.
type nonces struct {
	since      time.Time
	now, older map[string]struct{}
}

func newGate(most int) gate {
	return gate{most: most, active: map[string]int{}, seen: map[string]*nonces{}}
}

func (g *gate) enter(member, nonce string, now time.Time) (func(), error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := g.seen[member]
	if n == nil {
		n = &nonces{since: now, now: map[string]struct{}{}}
		g.seen[member] = n
	}
	n.turn(now)
	if n.has(nonce) {
		return nil, federation.Refuse(federation.KindReplayed)
	}
	if g.active[member] >= g.most || len(n.now) >= maxNonces {
		return nil, &federation.Error{Kind: federation.KindBusy, RetryAfter: busyWait}
	}
	n.now[nonce] = struct{}{}
	g.active[member]++
	return func() { g.leave(member) }, nil
}

func (g *gate) leave(member string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.active[member]--; g.active[member] == 0 {
		delete(g.active, member)
	}
}

// turn begins a new generation when the present one is nonceLife old.
func (n *nonces) turn(now time.Time) {
	if now.Sub(n.since) < nonceLife {
		return
	}
	n.older, n.now, n.since = n.now, map[string]struct{}{}, now
}

func (n *nonces) has(nonce string) bool {
	_, a := n.now[nonce]
	_, b := n.older[nonce]
	return a || b
}
