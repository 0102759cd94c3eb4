// Package hub is the role of the hub: it takes sealed messages from members of
// one charter, keeps them until their recipient has them or their time is over,
// and says who was last heard from when (DESIGN section 11).
//
// It serves the members through the handlers of federation/server. It holds no
// data and no key that opens a message: what it keeps is ciphertext. It refuses
// whoever is not in the charter, requests that come twice, and more bytes or
// messages of one member than that member's share, so that no member can fill
// its disk or hold up the others.
package hub

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/store"
)

// A Store keeps what the hub must know again after it was killed. The bytes of
// messages are in files beside it. Every method is durable when it returns.
// store.Hub is one.
type Store interface {
	Messages
	Presences
}

// Messages keeps one record per sender and id.
type Messages interface {
	// Put replaces the record; one that becomes complete gets the next number in
	// the order of delivery, and is returned with it.
	Put(store.Message) (store.Message, error)
	// Get gives store.ErrNotFound where there is none.
	Get(from, id string) (store.Message, error)
	// Delete of a record that is not there is no error.
	Delete(from, id string) error
	// Inbox visits the complete messages to a member in the order of delivery.
	Inbox(to string, visit func(store.Message) bool) error
	// Due gives at most limit records whose deadline is not after now.
	Due(now time.Time, limit int) ([]store.Message, error)
	// Each visits every record.
	Each(visit func(store.Message) error) error
}

// Presences keeps when members were last heard from.
type Presences interface {
	SavePresence(map[string]time.Time) error
	Presence() (map[string]time.Time, error)
}

// A Config says whose hub it is and where it keeps what.
type Config struct {
	Charter     federation.Charter
	CharterFile []byte   // the charter's bytes as signed, for members who ask
	Members     []string // names in the charter, without the hub: shares are equal parts by their number
	Home        string   // folder, which exists; the hub makes "messages" in it
	Store       Store
	Identity    *identity.Identity // the hub's, which signs its audit log
	Now         func() time.Time   // the clock
	Limits      Limits
	Log         *slog.Logger // nil: none
}

// A Hub is the role at work. Make it with New; it implements federation.Hub.
type Hub struct {
	charter federation.Charter
	file    []byte
	members []string
	store   Store
	now     func() time.Time
	limits  Limits
	log     *slog.Logger
	audit   *audit.Log
	first   sync.Mutex // held while a member is noted that was never heard from

	blobs    blobs
	usage    usage
	gate     gate
	presence presence
	bell     bell
	uploads  uploads

	stop     sync.Once
	stopping chan struct{} // closed when the hub goes down
}

var _ federation.Hub = (*Hub)(nil)

// New starts the hub's state: it makes the folder of messages, brings files and
// records into agreement after a crash, and counts what each member uses.
func New(cfg Config) (*Hub, error) {
	if cfg.Charter == nil || cfg.Store == nil || cfg.Now == nil || cfg.Home == "" || cfg.Identity == nil {
		return nil, errors.New("start hub: charter, store, clock, identity and home folder are required")
	}
	if len(cfg.Members) == 0 {
		return nil, errors.New("start hub: the charter names no members besides the hub: add the sites and researchers to it")
	}
	limits, err := cfg.Limits.filled(len(cfg.Members))
	if err != nil {
		return nil, fmt.Errorf("start hub: %w", err)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	b, err := openBlobs(cfg.Home)
	if err != nil {
		return nil, fmt.Errorf("start hub: %w", err)
	}
	h := &Hub{
		charter:  federation.Pin(cfg.Charter),
		file:     cfg.CharterFile,
		members:  cfg.Members,
		store:    cfg.Store,
		now:      cfg.Now,
		limits:   limits,
		log:      cfg.Log,
		blobs:    b,
		usage:    newUsage(limits, len(cfg.Members)),
		gate:     newGate(limits.Requests),
		stopping: make(chan struct{}),
	}
	if err := h.presence.load(cfg.Store); err != nil {
		return nil, fmt.Errorf("start hub: %w", err)
	}
	h.audit, err = openAudit(cfg.Home, cfg.Identity, h.charter.Digest(), cfg.Now)
	if err != nil {
		return nil, fmt.Errorf("start hub: %w", err)
	}
	if err := h.reconcile(); err != nil {
		return nil, errors.Join(fmt.Errorf("start hub: %w", err), h.audit.Close())
	}
	return h, nil
}

// Stop ends the polls that wait. Serve calls it; it may be called twice.
func (h *Hub) Stop() { h.stop.Do(func() { close(h.stopping) }) }
