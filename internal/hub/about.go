package hub

import (
	"context"
	"maps"
	"sync"
	"time"

	"hmsp.center/hmsp/federation"
)

// Health says that the hub is there, by what clock and for which charter.
func (h *Hub) Health() federation.Health {
	return federation.Health{Version: federation.Version, Time: h.now().Unix(), Charter: h.charter.Digest()}
}

// CharterFile is the charter's bytes as they were signed.
func (h *Hub) CharterFile() []byte { return h.file }

// Presence says for each member when it was last heard from.
func (h *Hub) Presence(context.Context) ([]federation.Presence, error) {
	var out []federation.Presence
	for _, name := range h.members {
		p := federation.Presence{Member: name}
		if at, ok := h.presence.at(name); ok {
			p.Seen = at.Unix()
		}
		out = append(out, p)
	}
	return out, nil
}

// presence is kept in memory and saved by the janitor: a crash loses a minute of it.
type presence struct {
	mu   sync.Mutex
	seen map[string]time.Time
}

func (p *presence) load(s Presences) error {
	seen, err := s.Presence()
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = seen
	return nil
}

func (p *presence) save(s Presences) error {
	p.mu.Lock()
	seen := maps.Clone(p.seen)
	p.mu.Unlock()
	return s.SavePresence(seen)
}

func (p *presence) mark(name string, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen[name] = at
}

func (p *presence) at(name string) (time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.seen[name]
	return at, ok
}
