package site

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/member"
)

// A frankHub shows the state of an audit log, as the hub's endpoint does.
type frankHub struct{ log *audit.Log }

func (h frankHub) Checkpoint(_ context.Context, from int64) (audit.Checkpoint, []audit.Hash, error) {
	c, err := h.log.Checkpoint()
	if err != nil || from > c.Size {
		return c, nil, err
	}
	return h.log.Extension(from)
}

func openAs(t *testing.T, id *identity.Identity, dir string) *audit.Log {
	t.Helper()
	l, err := audit.Open(dir, id.Name(), func(b []byte) []byte { return id.Sign(identity.ContextCheckpoint, b) }, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// TestSiteWitnessesHub: what the hub signed is kept and noted, once; a hub that
// shows another history is caught, and the evidence kept.
func TestSiteWitnessesHub(t *testing.T) {
	hub, err := identity.Generate("hub", identity.Hub, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	north, err := identity.Generate("north", identity.Site, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ch := charter.New("test")
	ch.Hub = charter.Hub{Name: "hub"}
	ch.Members = []identity.Public{hub.Public(), north.Public()}
	own := t.TempDir()
	s := &Site{member: &member.Member{Identity: north, Charter: ch}, audit: openAs(t, north, own)}
	w, err := audit.OpenWitness(filepath.Join(own, audit.WitnessedDir), member.CheckpointVerifier(ch))
	if err != nil {
		t.Fatal(err)
	}
	log := openAs(t, hub, t.TempDir())
	seen := func(m string) {
		if _, err := log.Append(audit.Entry{Kind: audit.MemberSeen, Facts: map[string]string{"member": m}}); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		seen("north")
		for range 2 { // the second time nothing is new
			if err := s.hear(t.Context(), frankHub{log}, w); err != nil {
				t.Fatal(err)
			}
		}
	}
	other := openAs(t, hub, t.TempDir())
	var lie *audit.Contradiction
	if err := s.hear(t.Context(), frankHub{other}, w); !errors.As(err, &lie) {
		t.Fatalf("a hub whose log shrank was believed: %v", err)
	}
	if err := s.hear(t.Context(), frankHub{s.audit}, w); err == nil || errors.As(err, &lie) {
		t.Fatalf("the log of another member passed for the hub's: %v", err)
	}
	var kinds []string
	if err := audit.Entries(audit.Source{Dir: own}, "north", func(e audit.Entry) error { kinds = append(kinds, e.Kind); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(kinds) != 3 || kinds[0] != audit.CheckpointSeen || kinds[1] != audit.CheckpointSeen || kinds[2] != audit.CheckpointRefused {
		t.Errorf("noted %v", kinds)
	}
	if _, err := os.Stat(filepath.Join(own, audit.WitnessedDir, "hub.contradiction")); err != nil {
		t.Error(err)
	}
}
