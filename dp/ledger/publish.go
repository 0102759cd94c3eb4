package ledger

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"hmsp.center/hmsp/atomicfile"
)

// SnapshotFile is the copy in a site's home that its steward's commands read while
// the site has the ledger open.
const SnapshotFile = "ledger.json"

// A Snapshot is a ledger as a steward may see it: no secret, and nobody's balance
// but those that have limits.
type Snapshot struct {
	Hmsp     string    `json:"hmsp"`
	Records  uint64    `json:"records"` // written so far
	At       time.Time `json:"at"`      // of the last record
	Limits   Limits    `json:"limits"`
	Balances []Balance `json:"balances"`
	Caps     []Cap     `json:"caps"` // of requesters, then of purposes
	Entries  []Entry   `json:"entries"`
}

// Snapshot copies the ledger as it stands at a time; that is stated for the
// datasets named, and for those that anything was ever reserved for.
func (l *Ledger) Snapshot(at time.Time, datasets ...string) (out Snapshot, err error) {
	err = l.look(func(s *state) error { out = s.snapshot(s.clock(at), datasets); return nil })
	return out, err
}

func (s *state) snapshot(now time.Time, datasets []string) Snapshot {
	return Snapshot{Hmsp: Format, Records: s.chain.n, At: s.last, Limits: s.limits, Balances: s.balances(now, datasets), Caps: s.caps(now), Entries: s.entries("")}
}

// balances are those of the accounts of datasets, and of all that were ever used.
func (s *state) balances(now time.Time, datasets []string) []Balance {
	used := map[string]bool{}
	for _, d := range slices.Concat(datasets, names(s.payments)) {
		used[s.limits.Account(d)] = true
	}
	out := []Balance{}
	for _, a := range names(used) {
		out = append(out, s.balance(a, now))
	}
	return out
}

// caps are the accounts of requesters, then of purposes, in the order of names.
func (s *state) caps(now time.Time) []Cap {
	limits := map[string]float64{scopeRequester: s.limits.PerRequester, scopePurpose: s.limits.PerPurpose}
	out := []Cap{}
	for k, a := range s.accounts {
		if limit, ok := limits[k.scope]; ok {
			out = append(out, Cap{k.scope, k.name, limit, a.spent(now).rho(), a.reserved.rho()})
		}
	}
	slices.SortFunc(out, func(a, b Cap) int { return cmp.Or(cmp.Compare(b.Scope, a.Scope), cmp.Compare(a.Name, b.Name)) })
	return out
}

// RolledBack says that a ledger holds less than was seen of it before.
type RolledBack struct {
	Path       string
	Seen, Have uint64 // records
}

func (e *RolledBack) Error() string {
	return fmt.Sprintf("the ledger holds %d records, but %s was written when it held %d: an older ledger was put in its place, and what it does not hold would count as not spent; restore the newer one, or, if it is lost, remove %s and say so to your data protection officer",
		e.Have, e.Path, e.Seen, filepath.Base(e.Path))
}

// A Publisher keeps SnapshotFile up to date.
type Publisher struct {
	ledger   *Ledger
	path     string
	datasets func() []string
	written  uint64    // records in the file, plus one
	at       time.Time // when it was written
}

// stale is how old the file may be: balances change with time too.
const stale = time.Hour

// NewPublisher publishes a ledger in a home; datasets names those that are
// registered now, and may be nil. It refuses, with *RolledBack, a ledger that is
// older than the file that is there.
func NewPublisher(l *Ledger, home string, datasets func() []string) (*Publisher, error) {
	if datasets == nil {
		datasets = func() []string { return nil }
	}
	p := &Publisher{ledger: l, path: filepath.Join(home, SnapshotFile), datasets: datasets}
	before, err := ReadSnapshot(home)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return p, nil
	case err != nil:
		return nil, err
	}
	err = l.look(func(s *state) error {
		if s.chain.n < before.Records {
			return &RolledBack{p.path, before.Records, s.chain.n}
		}
		return nil
	})
	return p, err
}

// Publish writes the file, whole, if the ledger changed since, or it is an hour old.
// It is to be called by one caller at a time.
func (p *Publisher) Publish(now time.Time) error {
	s, changed, err := p.changed(now)
	if err != nil || !changed {
		return err
	}
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("publish the ledger: %w", err)
	}
	if err := atomicfile.Write(p.path, b, 0o600); err != nil {
		return fmt.Errorf("publish the ledger: %w", err)
	}
	p.written, p.at = s.Records+1, now
	return nil
}

func (p *Publisher) changed(now time.Time) (out Snapshot, changed bool, err error) {
	datasets := p.datasets()
	err = p.ledger.look(func(s *state) error {
		if changed = p.written != s.chain.n+1 || now.Sub(p.at) >= stale; changed {
			out = s.snapshot(s.clock(now), datasets)
		}
		return nil
	})
	return out, changed, err
}

// ReadSnapshot reads the published copy in a home.
func ReadSnapshot(home string) (Snapshot, error) {
	var s Snapshot
	path := filepath.Join(home, SnapshotFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return s, fmt.Errorf("read the published ledger: %w", err)
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("%s is damaged: %w; the site writes it anew when it starts without it", path, err)
	}
	if s.Hmsp != Format {
		return s, fmt.Errorf("%s has the format %q, want %s", path, s.Hmsp, Format)
	}
	return s, nil
}

// NothingSpent is the snapshot of a site whose ledger has not begun.
func NothingSpent(limits Limits, datasets ...string) Snapshot {
	s := newState(Config{Limits: limits})
	s.chain = &chain{}
	return s.snapshot(time.Time{}, datasets)
}
