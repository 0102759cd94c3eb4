package hub_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/federation/federationtest"
	"hmsp.center/hmsp/internal/hub"
)

// small are limits of which a test can reach each: three members, 600 kB.
func small() hub.Limits { return hub.Limits{Disk: 600 << 10, Message: 100 << 10} }

// flood sends messages of n bytes until the hub refuses, and says how many.
func flood(r *rig, from, to string, n int) (int, error) {
	for i := 0; ; i++ {
		e := r.envelope(from, to, fmt.Sprint(from, to, i), payload(n, "flood"))
		if _, err := r.create(e, len(e.Ciphertext)); err != nil {
			return i, err
		}
		if i > 10_000 {
			return i, errors.New("never held")
		}
	}
}

// TestFlooderIsHeldOthersGoOn: whatever one member, or two together, put into
// the hub, the third has its part.
func TestFlooderIsHeldOthersGoOn(t *testing.T) {
	r := build(t, pair(t), t.TempDir(), small())
	for _, f := range [][2]string{{"site-a", "site-b"}, {"site-a", "site-c"}, {"site-b", "site-c"}, {"site-b", "site-a"}} {
		_, err := flood(r, f[0], f[1], 50<<10)
		wantKind(t, fmt.Sprint(f), err, federation.KindQuota)
		if err.(*federation.Error).RetryAfter == 0 {
			t.Error("without a time to wait")
		}
	}
	n, err := flood(r, "site-c", "site-b", 50<<10)
	wantKind(t, "the third", err, federation.KindQuota)
	if n < 3 {
		t.Errorf("the third sent %d messages of 50 kB, its part is 200 kB", n)
	}
}

func TestOneSenderDoesNotFillARecipient(t *testing.T) {
	l := small()
	l.Recipient, l.Message = 200<<10, 50<<10 // 100 kB for each of two senders
	r := build(t, pair(t), t.TempDir(), l)
	n, err := flood(r, "site-a", "site-b", 40<<10)
	wantKind(t, "the flooder", err, federation.KindQuota)
	if m, _ := flood(r, "site-c", "site-b", 40<<10); n != m || m == 0 {
		t.Errorf("the flooder put %d messages there, another %d", n, m)
	}
	if m, _ := flood(r, "site-a", "site-c", 40<<10); m == 0 {
		t.Error("the flooder is held towards others too")
	}
}

func TestMessagesAreCounted(t *testing.T) {
	l := small()
	l.SenderMessages = 5
	r := build(t, pair(t), t.TempDir(), l)
	if n, err := flood(r, "site-a", "site-b", 0); n != 5 {
		t.Errorf("%d small messages, then %v", n, err)
	}
}

// TestRoomComesBack: a fetched message, an expired one and an abandoned upload
// each give their room back; an upload under way counts whole.
func TestRoomComesBack(t *testing.T) {
	r := build(t, pair(t), t.TempDir(), small())
	first, _ := flood(r, "site-a", "site-b", 50<<10)
	again := func(what string, want int) {
		t.Helper()
		if n, err := flood(r, "site-a", "site-b", 50<<10); n != want {
			t.Errorf("%s: room for %d more, want %d (%v)", what, n, want, err)
		}
	}
	if err := r.hub.Sweep(); err != nil {
		t.Fatal(err)
	}
	flood0 := r.waiting("site-b")
	if err := r.hub.Ack(t.Context(), "site-b", "site-a", flood0[0]); err != nil {
		t.Fatal(err)
	}
	if err := r.hub.Ack(t.Context(), "site-b", "site-a", flood0[0]); err != nil {
		t.Fatalf("ack twice: %v", err)
	}
	one := r.envelope("site-a", "site-b", "one", payload(50<<10, "x"))
	if _, err := r.create(one, 10); err != nil {
		t.Fatalf("after an ack: %v", err)
	}
	two := r.envelope("site-a", "site-b", "two", payload(50<<10, "x"))
	if _, err := r.create(two, 0); federation.KindOf(err) != federation.KindQuota {
		t.Errorf("an upload under way counts whole: %v", err)
	}
	r.clock.advance(61 * time.Minute) // all expire: an envelope of the test lives an hour
	if err := r.hub.Sweep(); err != nil {
		t.Fatal(err)
	}
	if got := r.files(); len(got) != 0 {
		t.Errorf("files left: %v", got)
	}
	again("after everything expired", first)
}

func TestAbandonedUploadExpiresSooner(t *testing.T) {
	r := build(t, pair(t), t.TempDir(), hub.Limits{PartialLife: 10 * time.Minute})
	e := r.envelope("site-a", "site-b", "1", payload(1000, "1"))
	whole := r.envelope("site-a", "site-b", "2", nil)
	if _, err := r.create(whole, len(whole.Ciphertext)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.create(e, 100); err != nil {
		t.Fatal(err)
	}
	r.clock.advance(8 * time.Minute)
	if _, err := r.append(e, 100, 200); err != nil {
		t.Fatal(err)
	}
	r.clock.advance(8 * time.Minute)
	if err := r.hub.Sweep(); err != nil {
		t.Fatal(err)
	}
	if st, err := r.hub.Status(t.Context(), e.From, e.ID); err != nil || st.Received != 200 {
		t.Errorf("an upload that goes on is kept: %+v, %v", st, err)
	}
	r.clock.advance(8 * time.Minute)
	if err := r.hub.Sweep(); err != nil {
		t.Fatal(err)
	}
	_, err := r.hub.Status(t.Context(), e.From, e.ID)
	wantKind(t, "an upload that stands still", err, federation.KindNotFound)
	if got := r.waiting("site-b"); len(got) != 1 {
		t.Errorf("the complete message: %v", got)
	}
}

func TestExpiredIsNotDelivered(t *testing.T) {
	r := build(t, pair(t), t.TempDir(), hub.Limits{})
	e := r.envelope("site-a", "site-b", "1", nil)
	if _, err := r.create(e, len(e.Ciphertext)); err != nil {
		t.Fatal(err)
	}
	r.clock.advance(time.Hour)
	if got := r.waiting("site-b"); len(got) != 0 {
		t.Errorf("listed: %v", got)
	}
	_, _, err := r.hub.Read(t.Context(), "site-b", "site-a", e.ID, 0)
	wantKind(t, "read", err, federation.KindNotFound)
}

func TestLimitsThatCannotWork(t *testing.T) {
	c := pair(t)
	for name, l := range map[string]hub.Limits{
		"negative":                    {Disk: -1},
		"no message fits":             {Disk: 1000},
		"message larger than a share": {Disk: 1 << 20, Message: 1 << 20},
		"fewer messages than members": {RecipientMessages: 1},
	} {
		if _, err := hub.New(hub.Config{Charter: c, Members: c.Names(), Home: t.TempDir(), Store: build(t, c, t.TempDir(), hub.Limits{}).store, Identity: c.Identity("hub"), Now: noon, Limits: l}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := hub.New(hub.Config{Charter: federationtest.New(t), Home: t.TempDir(), Store: build(t, c, t.TempDir(), hub.Limits{}).store, Identity: c.Identity("hub"), Now: noon}); err == nil {
		t.Error("a charter without members: accepted")
	}
}
