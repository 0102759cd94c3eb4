package site

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hmsp.center/hmsp/atomicfile"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/law"
)

// A steward's commands and the running site meet in the home folder: the site
// writes studies/DIGEST.json, the steward studies/DIGEST.decision.json. Both are
// replaced whole, so neither sees half of the other's, and a decision given
// while the site is down waits for it.

// A Decision is a steward's word over a study.
type Decision struct {
	Approve bool      `json:"approve"`
	By      string    `json:"by"` // account name
	Reason  string    `json:"reason,omitempty"`
	At      time.Time `json:"at"`

	kind   string // of the reason of a refusal; "": ReasonRefused
	policy string // digest of the policy that decided
}

func recordPath(home, digest string) string {
	return filepath.Join(home, studiesDir, digest+".json")
}

func decisionPath(home, digest string) string {
	return filepath.Join(home, studiesDir, digest+".decision.json")
}

// keep writes a study's record to the store and for people to see.
func (s *Site) keep(digest string, r Record) error {
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("record of study %s: %w", digest, err)
	}
	if err := s.store.PutStudy(digest, b); err != nil {
		return err
	}
	return atomicfile.Write(recordPath(s.cfg.Home, digest), b, 0o600)
}

// show writes a record's file where it is not what the store has.
func (s *Site) show(digest string, record []byte) error {
	if b, err := os.ReadFile(recordPath(s.cfg.Home, digest)); err == nil && bytes.Equal(b, record) {
		return nil
	}
	return atomicfile.Write(recordPath(s.cfg.Home, digest), record, 0o600)
}

// showAll shows how far the runs are, for the steward's list.
func (s *Site) showAll() error {
	for _, x := range s.running() {
		if err := x.show(); err != nil {
			return err
		}
	}
	return nil
}

func (x *run) show() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.shown || x.record.Outcome != nil { // one that is over was kept
		return nil
	}
	b, err := json.Marshal(x.record)
	if err != nil {
		return fmt.Errorf("record of study %s: %w", x.plan.Digest, err)
	}
	x.shown = true
	return x.site.show(x.plan.Digest, b)
}

// policy decides at once where the site's policy does; "ask" leaves it to a steward,
// who is shown why.
func (x *run) policy() error {
	j := x.site.judge(x.plan)
	if j.Verdict != law.Ask {
		return x.decide(j.word(x.site.cfg.Now()))
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if why := j.reasons(); x.record.State == statePending && x.record.Reason != why {
		x.record.Reason = why
		if err := x.site.bookAsk(x.plan.Digest, j); err != nil {
			return err
		}
		return x.site.keep(x.plan.Digest, x.record)
	}
	return nil
}

// decide tells the run first and the record after: a crash in between leaves the
// study pending, and the second telling changes nothing.
func (x *run) decide(d Decision) error {
	x.mu.Lock()
	pending := x.record.State == statePending
	x.mu.Unlock()
	if !pending {
		return nil
	}
	tag, err := x.site.tag(x.plan.Study.Datasets()...)
	if err != nil {
		return err
	}
	e := engine.Event{Kind: engine.EventDecided, At: x.site.cfg.Now(), Accept: d.Approve, Data: tag}
	state := stateApproved
	if !d.Approve {
		state = stateRefused
		e.Reason = engine.Reason{Kind: engine.ReasonRefused, Text: "the site refused"}
		if d.kind != "" {
			e.Reason.Kind = d.kind
		}
		if d.Reason != "" {
			e.Reason.Text += ": " + d.Reason
		}
	}
	if err := x.site.bookDecision(x.plan.Digest, d); err != nil {
		return err
	}
	if err := x.deliver(e); err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.record.State != statePending {
		return nil // over already
	}
	x.record.State, x.record.By, x.record.Reason = state, d.By, d.Reason
	return x.site.keep(x.plan.Digest, x.record)
}

// decisions takes up what stewards have decided.
func (s *Site) decisions(ctx context.Context) error {
	for _, x := range s.running() {
		x.mu.Lock()
		pending := x.record.State == statePending
		x.mu.Unlock()
		if !pending {
			continue
		}
		b, err := os.ReadFile(decisionPath(s.cfg.Home, x.plan.Digest))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var d Decision
		if err == nil {
			err = json.Unmarshal(b, &d)
		}
		if err != nil {
			if !x.warned {
				s.log.Warn("decision not readable", "study", x.plan.Digest, "error", err.Error())
			}
			x.warned = true
			continue
		}
		// A steward decides within the policy, as it is now.
		if j := s.judge(x.plan); d.Approve && j.Verdict == law.Refuse {
			d = j.word(s.cfg.Now())
		}
		if err := x.decide(d); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Studies reads what a site was asked, newest first, from its home folder.
func Studies(home string) (map[string]Record, []string, error) {
	files, err := filepath.Glob(recordPath(home, "*"))
	if err != nil {
		return nil, nil, err
	}
	records := map[string]Record{}
	var order []string
	for _, f := range files {
		digest := strings.TrimSuffix(filepath.Base(f), ".json")
		if strings.HasSuffix(digest, ".decision") {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, nil, fmt.Errorf("read study record: %w", err)
		}
		r, err := decodeRecord(b)
		if err != nil {
			return nil, nil, fmt.Errorf("study record %s is damaged: %w; the site writes it anew when it starts", f, err)
		}
		records[digest] = r
		order = append(order, digest)
	}
	slices.SortFunc(order, func(a, b string) int { return records[b].Received.Compare(records[a].Received) })
	return records, order, nil
}

// Find returns the digest of the study that a name or the beginning of a digest
// means; of several with one name, the newest.
func Find(home, what string) (string, Record, error) {
	records, order, err := Studies(home)
	if err != nil {
		return "", Record{}, err
	}
	for _, d := range order {
		if strings.HasPrefix(d, what) && len(what) >= 6 || records[d].Study.Study.Name == what {
			return d, records[d], nil
		}
	}
	return "", Record{}, fmt.Errorf("no study %q at this site; `hmsp site pending --all` lists them", what)
}

// Decide writes a steward's decision over a pending study.
func Decide(home, what string, d Decision) (string, error) {
	digest, r, err := Find(home, what)
	if err != nil {
		return "", err
	}
	if r.State != statePending {
		return "", fmt.Errorf("study %s is not pending: it is %s", r.Study.Study.Name, r.State)
	}
	b, err := json.Marshal(d)
	if err != nil {
		return "", err
	}
	return digest, atomicfile.Write(decisionPath(home, digest), b, 0o600)
}
