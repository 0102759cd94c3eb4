package site

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/study"
)

// A Record is what a site keeps of every study it was asked, also after it is
// over. It holds no patient's value and no part of this site.
type Record struct {
	Study    *study.Signed    `json:"study"`
	Received time.Time        `json:"received"`
	State    string           `json:"state"` // pending, approved, refused, then the outcome's status
	By       string           `json:"by,omitempty"`
	Reason   string           `json:"reason,omitempty"`
	Phase    string           `json:"phase,omitempty"`
	Round    int              `json:"round,omitempty"`
	Lead     string           `json:"lead"`
	Data     string           `json:"data,omitempty"`    // digest of the dataset at the first round
	Consent  string           `json:"consent,omitempty"` // digest of who permitted at the first round
	Outcome  *receipt.Outcome `json:"outcome,omitempty"`
}

func decodeRecord(b []byte) (Record, error) {
	var r Record
	if err := json.Unmarshal(b, &r); err != nil {
		return r, err
	}
	if r.Study == nil {
		return r, errors.New("it holds no study")
	}
	return r, nil
}

// The states of a study before it has an outcome.
const (
	statePending  = "pending"
	stateApproved = "approved"
	stateRefused  = "refused"
)

// run is one study that is not over.
type run struct {
	mu     sync.Mutex
	site   *Site
	plan   *plan.Plan
	node   *engine.Node
	record Record
	door   *door
	work   chan struct{} // there may be work
	shown  bool          // the record's file is up to date
	warned bool          // of a decision that cannot be read
	signed bool          // the receipt is in the audit log
	why    string        // kind of the reason for which this site left
}

// resume makes the runs again that were not over, and does what a crash may have
// left undone for those that are: their secrets are forgotten and their records
// shown.
func (s *Site) resume() error {
	records, err := s.store.Studies()
	if err != nil {
		return err
	}
	for digest, raw := range records {
		r, err := decodeRecord(raw)
		if err != nil {
			return fmt.Errorf("record of study %s: %w", digest, err)
		}
		if r.Outcome == nil {
			if err := s.open(digest, r); err != nil {
				return err
			}
			continue
		}
		s.done[digest] = true
		if err := s.store.Forget(digest); err != nil {
			return err
		}
		if err := s.show(digest, raw); err != nil {
			return err
		}
	}
	return nil
}

// open makes the run of a study from its record and journal. A study that was
// taken on under another charter or with another list of analyses ends here: the
// others hear why, and the site goes on with the rest.
func (s *Site) open(digest string, r Record) error {
	p, problems := plan.New(s.member.Charter, r.Study, s.cfg.Catalog)
	if len(problems) > 0 {
		return s.giveUp(digest, r, receipt.Failed, problems[0].Error())
	}
	node, err := engine.NewNode(p, s.member.Identity, journal{s, digest})
	if err != nil {
		return err
	}
	x := &run{site: s, plan: p, node: node, record: r, work: make(chan struct{}, 1)}
	x.door = &door{run: x}
	s.runs[digest] = x
	if !node.Begun() {
		seed := make([]byte, 32)
		rand.Read(seed)
		if _, err := node.Deliver(engine.Event{Kind: engine.EventBegin, At: s.cfg.Now(), Seed: seed}); err != nil {
			return err
		}
	}
	return nil
}

// start gives every run that was resumed its worker, and puts those to the
// site's rule that were not decided when the process ended.
func (s *Site) start(ctx context.Context, g *errgroup.Group) error {
	s.mu.Lock()
	s.workers = func(x *run) { g.Go(func() error { return x.labour(ctx) }) }
	s.mu.Unlock()
	for _, x := range s.running() {
		s.workers(x)
		x.poke()
		x.mu.Lock()
		err := x.note() // of what the journal holds, the record may lack the last step
		x.mu.Unlock()
		if err == nil {
			err = x.policy()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (x *run) poke() {
	select {
	case x.work <- struct{}{}:
	default:
	}
}

// deliver gives an event to the node and notes how far it is.
func (x *run) deliver(e engine.Event) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	_, err := x.node.Deliver(e)
	if engine.Unusable(err) {
		x.site.log.Warn("dropped", "study", x.plan.Study.Name, "event", string(e.Kind), "error", err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	x.poke()
	return x.note()
}

// note brings the record up to date, and ends the run when both halves are done.
// How far a run is follows from its journal, so it is shown now and then and kept
// only with what does not. The caller holds x.mu.
func (x *run) note() error {
	phase, round := x.node.Phase()
	x.shown = x.shown && x.record.Phase == phase && x.record.Round == round
	x.record.Phase, x.record.Round = phase, round
	if o := x.node.Outcome(); o != nil {
		x.record.State, x.record.Reason = string(o.Status), o.Reason
	}
	if err := x.bookSigned(); err != nil {
		return err
	}
	if !x.node.Idle() {
		return nil
	}
	if err := x.bookEnd(x.node.Outcome()); err != nil {
		return err
	}
	x.door.release()
	x.record.Outcome = x.node.Outcome()
	if err := x.site.keep(x.plan.Digest, x.record); err != nil {
		return err
	}
	x.site.log.Info("study over", "name", x.plan.Study.Name, "status", x.record.State, "reason", x.record.Reason)
	x.site.mu.Lock()
	delete(x.site.runs, x.plan.Digest)
	x.site.done[x.plan.Digest] = true
	x.site.mu.Unlock()
	return x.site.store.Forget(x.plan.Digest)
}

// labour does the node's work as it comes up, until the run is over.
func (x *run) labour(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-x.work:
		}
		for {
			x.mu.Lock()
			w, idle := x.node.Work(), x.node.Idle()
			x.mu.Unlock()
			if idle {
				return nil
			}
			if w == nil {
				break
			}
			e, err := w.Do(ctx, x.plan.Digest, x.door, x.site.cfg.Now)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				return err
			}
			if e.Kind == engine.EventFailed {
				x.mu.Lock()
				x.why = e.Reason.Kind
				x.mu.Unlock()
			}
			if err := x.deliver(e); err != nil {
				return err
			}
		}
	}
}

// deadlines ticks the runs whose deadline has passed.
func (s *Site) deadlines(ctx context.Context) error {
	now := s.cfg.Now()
	for _, x := range s.running() {
		x.mu.Lock()
		d := x.node.Deadline()
		x.mu.Unlock()
		if !d.IsZero() && !now.Before(d) {
			if err := x.deliver(engine.Event{Kind: engine.EventTick, At: now}); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

func (s *Site) running() []*run {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*run
	for _, x := range s.runs {
		out = append(out, x)
	}
	return out
}
