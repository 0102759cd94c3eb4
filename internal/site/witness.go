package site

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"hmsp.center/hmsp/audit"
)

// witnessEvery is how often a site asks the hub how far its audit log is, and
// witnessRetry how soon it asks again where the hub was not reached; the wait
// doubles then.
const (
	witnessEvery = time.Hour
	witnessRetry = time.Second
)

// An Accountable hub shows its audit log's checkpoint; client.Client is one.
type Accountable interface {
	Checkpoint(ctx context.Context, from int64) (audit.Checkpoint, []audit.Hash, error)
}

// witness notes that the site starts, and keeps the hub's signed checkpoints from
// then on: a hub that rewrites its history contradicts one of them. What it hears
// stops nothing: a contradiction is written into the log, and its evidence kept.
func (s *Site) witness(ctx context.Context) error {
	started := audit.Entry{Kind: audit.Started, Facts: map[string]string{"version": audit.ProgramVersion(), "charter": s.member.Charter.Digest()}}
	if _, err := s.audit.Append(started); err != nil {
		return err
	}
	hub, ok := s.hub.(Accountable)
	if !ok {
		return nil
	}
	for retry := witnessRetry; ; {
		err := s.hear(ctx, hub, s.witnessed)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wait := witnessEvery
		if lie := (*audit.Contradiction)(nil); err != nil && !errors.As(err, &lie) { // not reached, perhaps
			wait, retry = retry, min(2*retry, witnessEvery)
		} else {
			retry = witnessRetry
		}
		if err != nil {
			s.log.Warn("the hub's audit log", "error", err.Error(), "again_in", wait.String())
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// hear asks the hub once, and writes down what came of it.
func (s *Site) hear(ctx context.Context, hub Accountable, w *audit.Witness) error {
	name := s.member.Charter.Hub.Name
	before, _, err := w.Latest(name)
	if err != nil {
		return err
	}
	c, proof, err := hub.Checkpoint(ctx, before.Size)
	if err != nil {
		return err
	}
	if c.Origin != name {
		return fmt.Errorf("the hub %s showed a checkpoint of %s", name, c.Origin)
	}
	facts := func(c audit.Checkpoint) map[string]string {
		return map[string]string{"member": name, "size": audit.FormatCount(c.Size), "root": hex.EncodeToString(c.Root[:])}
	}
	entry := audit.Entry{Kind: audit.CheckpointSeen, Facts: facts(c)}
	heard := w.Hear(c, proof)
	var lie *audit.Contradiction
	switch {
	case errors.As(heard, &lie):
		earlier := facts(lie.Earlier)
		entry.Kind = audit.CheckpointRefused
		entry.Facts["earlier_size"], entry.Facts["earlier_root"] = earlier["size"], earlier["root"]
	case heard != nil:
		return heard
	case c.Same(before):
		return nil
	}
	_, err = s.audit.Append(entry)
	return errors.Join(heard, err)
}
