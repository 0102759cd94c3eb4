// Package site is the role of an organisation that holds data. It decides over
// every study, computes one bounded vector per round through its one door, and
// answers the hub by outbound requests only. It refuses whatever the charter,
// its own rules or its steward do not permit, and keeps everything it needs to
// go on after being killed at any instant.
package site

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/catalog"
	"hmsp.center/hmsp/disclosure/difference"
	"hmsp.center/hmsp/dp/ledger"
	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/internal/store"
)

// A Hub is what a site needs of the way to the hub; client.Client is one.
type Hub interface {
	Send(ctx context.Context, e federation.Envelope) error
	Inbox(ctx context.Context, wait time.Duration) ([]federation.Notice, error)
	Fetch(ctx context.Context, n federation.Notice) (federation.Envelope, error)
	Ack(ctx context.Context, n federation.Notice) error
}

// A Config says where a site lives and what it can do.
type Config struct {
	Home    string
	Catalog catalog.Catalog
	Now     func() time.Time
	Log     *slog.Logger
	Hub     Hub   // nil: the charter's hub
	Memory  int64 // that the site may use for data, in bytes; 0 means 4 GiB
}

// A Site is the role at work. Make it with New, run it with Serve.
type Site struct {
	cfg       Config
	member    *member.Member
	store     *store.Site
	hub       Hub
	log       *slog.Logger
	audit     *audit.Log
	witnessed *audit.Witness
	ledger    *ledger.Ledger
	limits    ledger.Limits
	accounts  *store.Ledger
	cohorts   *store.Cohorts
	publisher *ledger.Publisher
	consents  consents
	guard     *difference.Guard

	mu      sync.Mutex
	runs    map[string]*run        // that are not over
	done    map[string]bool        // studies that are over
	asks    map[string][]time.Time // inquiries of the last hour, by researcher
	sending map[string]bool        // recipients that have a sender at work
	wake    chan struct{}          // something was queued
	workers func(*run)             // starts a run's worker; nil before Serve
}

// New opens a site's home, takes its state up where it was left, and checks
// that it can reach for its hub; it does not connect yet.
func New(cfg Config) (*Site, error) {
	m, err := member.Open(cfg.Home)
	if err != nil {
		return nil, err
	}
	if m.Identity.Role() != identity.Site {
		return nil, fmt.Errorf("%s belongs to the %s %s, not to a site", cfg.Home, m.Identity.Role(), m.Identity.Name())
	}
	if err := m.Joined(); err != nil {
		return nil, err
	}
	if cfg.Memory == 0 {
		cfg.Memory = defaultMemory
	}
	s := &Site{cfg: cfg, member: m, hub: cfg.Hub, log: cfg.Log, runs: map[string]*run{}, done: map[string]bool{}, asks: map[string][]time.Time{}, sending: map[string]bool{}, wake: make(chan struct{}, 1)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.hub == nil {
		if s.hub, err = m.Connect(cfg.Now, func(err error, wait time.Duration) {
			s.log.Warn("hub", "error", err.Error(), "again_in", wait.String())
		}); err != nil {
			return nil, err
		}
	}
	for _, d := range []string{studiesDir, datasetsDir, poolsDir} {
		if err := os.MkdirAll(filepath.Join(cfg.Home, d), 0o700); err != nil {
			return nil, fmt.Errorf("site: %w", err)
		}
	}
	if s.store, err = store.OpenSite(filepath.Join(cfg.Home, "state.db")); err != nil {
		return nil, err
	}
	if err = s.tidy(); err == nil { // the store is open: no other process of this site is at work
		err = s.openBooks()
	}
	if err == nil {
		err = s.resume()
	}
	if err == nil { // a reservation whose study is not known any more holds nothing
		err = s.ledger.SettleUnless(func(study string) bool { return s.runs[study] != nil })
	}
	if err != nil {
		s.closeBooks()
		return nil, err
	}
	return s, nil
}

// defaultMemory is what a site uses for data where it is not told.
const defaultMemory = 4 << 30

// Folders in a site's home.
const (
	studiesDir  = "studies"
	datasetsDir = "datasets"
	poolsDir    = "pools" // what was read of the datasets
)

// Name is the site's name in the charter.
func (s *Site) Name() string { return s.member.Identity.Name() }

// Serve works until ctx ends: it polls the hub, sends what is queued, computes,
// and keeps the deadlines.
func (s *Site) Serve(ctx context.Context) error {
	defer s.closeBooks()
	g, ctx := errgroup.WithContext(ctx)
	if err := s.start(ctx, g); err != nil { // before any message can make a run
		g.Go(func() error { return err })
	}
	g.Go(func() error { return s.receive(ctx) })
	g.Go(func() error { return s.send(ctx, g) })
	g.Go(func() error { return s.watch(ctx) })
	g.Go(func() error { return s.witness(ctx) })
	s.poke()
	err := g.Wait()
	if c, ok := s.hub.(interface{ Close() }); ok {
		c.Close()
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("site %s: %w", s.Name(), err)
	}
	return nil
}

// poke says that there may be something to send or to do.
func (s *Site) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// watch looks every second at decisions of stewards and at deadlines.
func (s *Site) watch(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if err := s.decisions(ctx); err != nil {
			return err
		}
		if err := s.deadlines(ctx); err != nil {
			return err
		}
		if err := s.showAll(); err != nil {
			return err
		}
		if err := s.publisher.Publish(s.cfg.Now()); err != nil {
			return err
		}
	}
}
