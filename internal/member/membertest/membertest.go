// Package membertest founds consortia in folders for tests of the roles, with a
// hub in memory: what was sent waits there until its recipient acknowledges it.
// It serves tests only, and refuses nothing that a real hub would.
package membertest

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/table"
)

// A Consortium is the homes of a researcher and of sites, all joined.
type Consortium struct {
	Charter *charter.Charter
	Hub     *Hub
	dir     string
}

// New founds a consortium of the researcher "ruth" and the sites.
func New(t testing.TB, dictionary table.Schema, sites ...string) *Consortium {
	t.Helper()
	c := &Consortium{Charter: charter.New("test"), Hub: &Hub{}, dir: t.TempDir()}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	hub, err := identity.Generate("hub", identity.Hub, rand.Reader)
	check(err)
	c.Charter.Hub = charter.Hub{Name: "hub", URL: "https://hub.example"}
	c.Charter.Dictionary = dictionary
	c.Charter.Members = append(c.Charter.Members, hub.Public())
	for _, name := range append(slices.Clone(sites), "ruth") {
		role := identity.Site
		if name == "ruth" {
			role = identity.Researcher
		}
		p, err := member.Init(c.Home(name), name, role)
		check(err)
		c.Charter.Members = append(c.Charter.Members, p)
	}
	for _, s := range sites {
		m, err := member.Open(c.Home(s))
		check(err)
		check(c.Charter.Sign(m.Identity))
	}
	path := filepath.Join(c.dir, "charter.yaml")
	check(manifest.Write(path, c.Charter, ""))
	for _, name := range append(slices.Clone(sites), "ruth") {
		m, err := member.Open(c.Home(name))
		check(err)
		check(m.Join(path, false))
	}
	return c
}

// Home is a member's folder.
func (c *Consortium) Home(name string) string { return filepath.Join(c.dir, name) }

// Member opens a member's home.
func (c *Consortium) Member(t testing.TB, name string) *member.Member {
	t.Helper()
	m, err := member.Open(c.Home(name))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A Hub keeps envelopes in memory.
type Hub struct {
	mu   sync.Mutex
	mail []federation.Envelope
}

// Of is the way to the hub of one member.
func (h *Hub) Of(name string) Line { return Line{Hub: h, Name: name} }

// A Line is a member's way to the hub. Cut, where set, is asked before each
// request and may refuse it.
type Line struct {
	*Hub
	Name string
	Cut  func(what string) error
}

func (l Line) cut(what string) error {
	if l.Cut == nil {
		return nil
	}
	return l.Cut(what)
}

// Send keeps an envelope; one whose id is there is kept once.
func (l Line) Send(_ context.Context, e federation.Envelope) error {
	if err := l.cut("send"); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.ContainsFunc(l.mail, func(o federation.Envelope) bool { return o.From == e.From && o.ID == e.ID }) {
		l.mail = append(l.mail, e)
	}
	return nil
}

// Inbox lists what waits for the member.
func (l Line) Inbox(ctx context.Context, wait time.Duration) ([]federation.Notice, error) {
	for end := time.Now().Add(wait); ; time.Sleep(time.Millisecond) {
		if err := l.cut("inbox"); err != nil {
			return nil, err
		}
		var out []federation.Notice
		for _, e := range l.Mail(l.Name) {
			out = append(out, e.Header)
		}
		if len(out) > 0 || ctx.Err() != nil || time.Now().After(end) {
			return out, ctx.Err()
		}
	}
}

// Mail is what waits for a member.
func (h *Hub) Mail(to string) (out []federation.Envelope) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.mail {
		if e.To == to {
			out = append(out, e)
		}
	}
	return out
}

// Fetch gives an envelope.
func (l Line) Fetch(_ context.Context, n federation.Notice) (federation.Envelope, error) {
	if err := l.cut("fetch"); err != nil {
		return federation.Envelope{}, err
	}
	for _, e := range l.Mail(l.Name) {
		if e.From == n.From && e.ID == n.ID {
			return e, nil
		}
	}
	return federation.Envelope{}, federation.Refuse(federation.KindNotFound)
}

// Ack forgets an envelope.
func (l Line) Ack(_ context.Context, n federation.Notice) error {
	if err := l.cut("ack"); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mail = slices.DeleteFunc(l.mail, func(e federation.Envelope) bool { return e.To == l.Name && e.From == n.From && e.ID == n.ID })
	return nil
}
