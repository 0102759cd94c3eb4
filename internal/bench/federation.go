package bench

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/internal/site"
	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

const asker = "ruth" // the researcher of a consortium

// found makes a consortium in a folder: a home for each site, which approves what its
// policy permits, and for the researcher.
func found(folder string, dictionary table.Schema, rules charter.Rules, sites []string) error {
	c := charter.New("bench")
	c.Dictionary, c.Rules = dictionary, rules
	hub, err := identity.Generate("hub", identity.Hub, rand.Reader)
	if err != nil {
		return err
	}
	c.Hub = charter.Hub{Name: "hub", URL: "https://hub.invalid"}
	c.Members = append(c.Members, hub.Public())
	members := append(slices.Clone(sites), asker)
	for _, name := range members {
		role := identity.Site
		if name == asker {
			role = identity.Researcher
		}
		p, err := member.Init(filepath.Join(folder, name), name, role)
		if err != nil {
			return err
		}
		c.Members = append(c.Members, p)
	}
	for _, name := range sites {
		if err := member.SetDecide(filepath.Join(folder, name), "approve"); err != nil {
			return err
		}
		m, err := member.Open(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		if err := c.Sign(m.Identity); err != nil {
			return err
		}
	}
	path := filepath.Join(folder, "charter.yaml")
	if err := manifest.Write(path, c, ""); err != nil {
		return err
	}
	for _, name := range members {
		m, err := member.Open(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		if err := m.Join(path, false); err != nil {
			return err
		}
	}
	return nil
}

// postbox is a hub in memory: what was sent waits until it is acknowledged.
type postbox struct {
	mu   sync.Mutex
	mail []federation.Envelope
}

// of is what waits for a member.
func (p *postbox) of(name string) (out []federation.Envelope) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.mail {
		if e.To == name {
			out = append(out, e)
		}
	}
	return out
}

// way is one member's way to it.
type way struct {
	*postbox
	name string
}

func (w way) Send(_ context.Context, e federation.Envelope) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mail = append(w.mail, e)
	return nil
}

func (w way) Inbox(ctx context.Context, wait time.Duration) (out []federation.Notice, err error) {
	for end := time.Now().Add(wait); len(out) == 0 && ctx.Err() == nil && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		for _, e := range w.of(w.name) {
			out = append(out, e.Header)
		}
	}
	return out, ctx.Err()
}

func (w way) Fetch(_ context.Context, n federation.Notice) (federation.Envelope, error) {
	for _, e := range w.of(w.name) {
		if e.From == n.From && e.ID == n.ID {
			return e, nil
		}
	}
	return federation.Envelope{}, federation.Refuse(federation.KindNotFound)
}

func (w way) Ack(_ context.Context, n federation.Notice) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mail = slices.DeleteFunc(w.mail, func(e federation.Envelope) bool { return e.To == w.name && e.From == n.From && e.ID == n.ID })
	return nil
}

// asked has the sites of a folder answer a study, all of them in this process, each
// from its own home and through its own door.
func asked(ctx context.Context, folder, text string, sites []string, memory int64) (*receipt.Outcome, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	box := &postbox{}
	var serving sync.WaitGroup
	failed := make(chan error, len(sites))
	defer serving.Wait()
	defer stop()
	for _, name := range sites {
		s, err := site.New(site.Config{Home: filepath.Join(folder, name), Catalog: standard.Catalog(), Now: time.Now, Hub: way{box, name}, Memory: memory})
		if err != nil {
			return nil, err
		}
		serving.Go(func() {
			if err := s.Serve(ctx); err != nil {
				failed <- err
			}
		})
	}
	ruth, err := member.Open(filepath.Join(folder, asker))
	if err != nil {
		return nil, err
	}
	if err := submit(ctx, ruth, box, text, sites); err != nil {
		return nil, err
	}
	for {
		select {
		case err := <-failed:
			return nil, err
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
		for _, e := range box.of(asker) {
			b, err := federation.Open(ruth.Identity, ruth.Charter, e, time.Now())
			if err != nil {
				return nil, err
			}
			m, err := engine.DecodeMessage(b)
			if err != nil {
				return nil, err
			}
			switch m.Kind {
			case engine.KindOutcome:
				return engine.ReadOutcome(m)
			case engine.KindWithdraw:
				why, err := engine.ReadWithdrawal(m)
				return nil, fmt.Errorf("%s withdraws: %s: %w", m.From, why.Text, err)
			}
			if err := (way{box, asker}).Ack(ctx, e.Header); err != nil {
				return nil, err
			}
		}
	}
}

// submit signs a study and sends it to the sites.
func submit(ctx context.Context, ruth *member.Member, box *postbox, text string, sites []string) error {
	s, err := study.Parse("study.yaml", []byte(text))
	if err != nil {
		return err
	}
	signed, err := study.Submit(s, ruth.Charter.Digest(), ruth.Identity, time.Now(), nil)
	if err != nil {
		return err
	}
	blob, err := signed.Encode()
	if err != nil {
		return err
	}
	for _, name := range sites {
		m := engine.Message{Kind: engine.KindStudy, Study: signed.Digest(), From: asker, To: name, Blob: blob}
		b, err := m.Encode()
		if err != nil {
			return err
		}
		e, err := ruth.Seal(name, m.ID(), b, time.Now())
		if err != nil {
			return err
		}
		if err := (way{box, asker}).Send(ctx, e); err != nil {
			return err
		}
	}
	return nil
}
