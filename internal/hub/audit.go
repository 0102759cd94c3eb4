package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/identity"
)

// AuditDir is the folder of the hub's audit log in its home.
func AuditDir(home string) string { return filepath.Join(home, "audit") }

// openAudit opens the hub's audit log and notes that the hub starts. What the log
// holds is what the hub may know: who sent how many sealed bytes to whom.
func openAudit(home string, id *identity.Identity, charter string, now func() time.Time) (*audit.Log, error) {
	sign := func(checkpoint []byte) []byte { return id.Sign(identity.ContextCheckpoint, checkpoint) }
	l, err := audit.Open(AuditDir(home), id.Name(), sign, now)
	if err != nil {
		return nil, err
	}
	_, err = l.Append(audit.Entry{Kind: audit.Started, Facts: map[string]string{"version": audit.ProgramVersion(), "charter": charter}})
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// note writes an entry; it is on the disk when note returns. Requests at the same
// time share one write, so that the log does not hold them up one by one.
func (h *Hub) note(kind string, facts map[string]string) error {
	if _, err := h.audit.Append(audit.Entry{Kind: kind, Facts: facts}); err != nil {
		return disk(err)
	}
	return nil
}

// noteAccepted notes a message that the hub has whole.
func (h *Hub) noteAccepted(head federation.Header) error {
	return h.note(audit.EnvelopeAccepted, map[string]string{
		"id": head.ID, "from": head.From, "to": head.To, "bytes": audit.FormatCount(head.Size), "digest": head.SHA256})
}

// noteForgotten notes how many messages of whom to whom were given up.
func (h *Hub) noteForgotten(gone map[pair]int) error {
	pairs := slices.SortedFunc(maps.Keys(gone), func(a, b pair) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	for _, p := range pairs {
		if err := h.note(audit.EnvelopesForgotten, map[string]string{"from": p.from, "to": p.to, "count": audit.FormatCount(gone[p])}); err != nil {
			return err
		}
	}
	return nil
}

// heard marks that a member was heard from, and notes the first time, once.
func (h *Hub) heard(member string, now time.Time) error {
	if _, known := h.presence.at(member); !known {
		h.first.Lock()
		defer h.first.Unlock()
		if _, known := h.presence.at(member); !known {
			if err := h.note(audit.MemberSeen, map[string]string{"member": member}); err != nil {
				return err
			}
		}
	}
	h.presence.mark(member, now)
	return nil
}

// Checkpoint is the state of the hub's audit log: see federation.About.
func (h *Hub) Checkpoint(_ context.Context, from int64) (federation.LogState, error) {
	c, err := h.audit.Checkpoint()
	if err != nil {
		return federation.LogState{}, err
	}
	state := federation.LogState{Checkpoint: string(c.Encode()), Proof: []audit.Hash{}}
	if from > c.Size {
		return state, nil // its member sees that the log had more before
	}
	c, proof, err := h.audit.Extension(from)
	if err != nil {
		return federation.LogState{}, fmt.Errorf("audit log: %w", err)
	}
	state.Checkpoint = string(c.Encode())
	state.Proof = append(state.Proof, proof...)
	return state, nil
}
