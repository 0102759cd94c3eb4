package hub_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/federation/federationtest"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/hub"
)

// verifier checks checkpoints by a consortium's keys.
func verifier(c *federationtest.Consortium) audit.Verifier {
	return func(member string, text, sig []byte) error {
		p, ok := c.Member(member)
		if !ok {
			return errors.New("no such member")
		}
		return identity.Verify(p, identity.ContextCheckpoint, text, sig)
	}
}

// kinds are the kinds of a hub's log in order; it must verify.
func kinds(t *testing.T, r *rig, witnessed ...audit.Checkpoint) (out []string) {
	t.Helper()
	src := audit.Source{Dir: hub.AuditDir(r.home)}
	report, err := audit.Verify(src, "hub", verifier(r.Consortium), witnessed)
	if err != nil || report.Bad != nil {
		t.Fatalf("%v, %v", report.Bad, err)
	}
	err = audit.Entries(src, "hub", func(e audit.Entry) error {
		out = append(out, strings.TrimSpace(e.Kind+" "+e.Facts["from"]+e.Facts["member"]))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestHubKeepsAuditLog: who sent how much to whom, what was given up, and nothing
// of what was in it; members witness it.
func TestHubKeepsAuditLog(t *testing.T) {
	c := federationtest.New(t, "site-a", "site-b")
	r := serve(t, c, hub.Limits{})
	a, b := r.client("site-a"), r.client("site-b")
	w, err := audit.OpenWitness(t.TempDir(), verifier(c))
	if err != nil {
		t.Fatal(err)
	}
	var heard []audit.Checkpoint
	ask := func() error {
		before, _, err := w.Latest("hub")
		if err != nil {
			t.Fatal(err)
		}
		at, path, err := b.Checkpoint(t.Context(), before.Size)
		if err != nil {
			t.Fatal(err)
		}
		heard = append(heard, at)
		return w.Hear(at, path)
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	secret := []byte("Patient P-4711")
	e := r.Envelope(t, "site-a", "site-b", federationtest.ID("1"), secret, r.clock.now())
	if err := a.Send(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, t.Context(), b, r, "site-b"); !bytes.Equal(got, secret) {
		t.Fatal("another message")
	}
	if err := a.Send(t.Context(), r.envelope("site-a", "site-b", "2", secret)); err != nil {
		t.Fatal(err)
	}
	r.clock.advance(100 * 24 * time.Hour)
	if err := r.hub.Sweep(); err != nil {
		t.Fatal(err)
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	want := "[started member.seen site-b member.seen site-a envelope.accepted site-a envelope.accepted site-a envelopes.forgotten site-a]"
	if got := fmt.Sprint(kinds(t, r, heard...)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	log, err := os.ReadFile(filepath.Join(hub.AuditDir(r.home), "log-0001.jsonl"))
	if err != nil || bytes.Contains(log, []byte("4711")) || bytes.Contains(log, e.Ciphertext[:16]) {
		t.Errorf("the log holds content, or %v", err)
	}
	if !bytes.Contains(log, []byte(e.SHA256)) {
		t.Error("the log does not name the envelope")
	}

	// A hub that goes back to an earlier log, or another one, is found out.
	r.stop()
	if err := os.RemoveAll(hub.AuditDir(r.home)); err != nil {
		t.Fatal(err)
	}
	other := build(t, c, t.TempDir(), hub.Limits{})
	state, err := other.hub.Checkpoint(t.Context(), heard[2].Size)
	if err != nil {
		t.Fatal(err)
	}
	at, err := audit.ParseCheckpoint([]byte(state.Checkpoint))
	if err != nil {
		t.Fatal(err)
	}
	var lie *audit.Contradiction
	if err := w.Hear(at, state.Proof); !errors.As(err, &lie) {
		t.Errorf("a hub with a fresh log was believed: %v", err)
	}
}

// Messages at the same time share writes of the log, and a restarted hub goes on
// with it.
func TestHubLogUnderLoad(t *testing.T) {
	c := federationtest.New(t, "site-a", "site-b")
	r := build(t, c, t.TempDir(), hub.Limits{})
	var wg sync.WaitGroup
	for i := range 40 {
		e := r.envelope("site-a", "site-b", fmt.Sprint(i), []byte("x"))
		wg.Go(func() {
			if _, err := r.create(e, len(e.Ciphertext)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(kinds(t, r)); n != 41 {
		t.Errorf("%d entries", n)
	}
	again, err := hub.New(hub.Config{Charter: c, Members: c.Names(), Home: r.home, Store: r.store, Identity: c.Identity("hub"), Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(kinds(t, r)); n != 42 {
		t.Errorf("%d entries after a restart", n)
	}
	if _, err := again.Checkpoint(t.Context(), 43); err != nil {
		t.Error(err)
	}
	_, err = hub.New(hub.Config{Charter: c, Members: c.Names(), Home: r.home, Store: r.store, Identity: c.Identity("site-a"), Now: noon})
	if err == nil || !strings.Contains(err.Error(), "not signed by site-a") {
		t.Errorf("another identity went on with the hub's log: %v", err)
	}
}

func BenchmarkCreate(b *testing.B) {
	c := federationtest.New(b, "site-a", "site-b")
	r := build(b, c, b.TempDir(), hub.Limits{Disk: 1 << 40, Sender: 1 << 40, Recipient: 1 << 40, SenderMessages: 1 << 30, RecipientMessages: 1 << 30})
	for i := 0; b.Loop(); i++ {
		e := r.envelope("site-a", "site-b", fmt.Sprint(i), []byte("x"))
		if _, err := r.create(e, len(e.Ciphertext)); err != nil && federation.KindOf(err) != federation.KindQuota {
			b.Fatal(err)
		}
	}
}
