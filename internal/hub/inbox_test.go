package hub_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/federation/federationtest"
	"hmsp.center/hmsp/internal/hub"
)

func TestInboxInOrder(t *testing.T) {
	r := build(t, pair(t), t.TempDir(), hub.Limits{})
	var want []string
	for _, id := range []string{"9", "1", "5"} {
		e := r.envelope("site-a", "site-b", id, payload(100, id))
		if _, err := r.create(e, len(e.Ciphertext)); err != nil {
			t.Fatal(err)
		}
		want = append(want, e.ID)
	}
	if got := r.waiting("site-b"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := r.waiting("site-c"); len(got) != 0 {
		t.Errorf("another member sees %v", got)
	}
}

// TestFullInboxHidesNoSender: messages of one sender that the recipient leaves
// lying do not hide another's.
func TestFullInboxHidesNoSender(t *testing.T) {
	r := build(t, pair(t), t.TempDir(), hub.Limits{})
	for i := range federation.MaxNotices + 20 {
		e := r.envelope("site-a", "site-b", fmt.Sprint(i), nil)
		if _, err := r.create(e, len(e.Ciphertext)); err != nil {
			t.Fatal(err)
		}
	}
	last := r.envelope("site-c", "site-b", "last", nil)
	if _, err := r.create(last, len(last.Ciphertext)); err != nil {
		t.Fatal(err)
	}
	got := r.waiting("site-b")
	if !slices.Contains(got, last.ID) || len(got) != federation.MaxNotices/2+1 {
		t.Errorf("%d listed, the other sender's among them: %t", len(got), slices.Contains(got, last.ID))
	}
}

func TestReadByItsRecipientOnly(t *testing.T) {
	r := build(t, pair(t), t.TempDir(), hub.Limits{})
	e := r.envelope("site-a", "site-b", "1", payload(1000, "1"))
	if _, err := r.create(e, 100); err != nil {
		t.Fatal(err)
	}
	_, _, err := r.hub.Read(t.Context(), "site-b", "site-a", e.ID, 0)
	wantKind(t, "incomplete", err, federation.KindNotFound)
	if _, err := r.append(e, 100, len(e.Ciphertext)); err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"site-a", "site-c"} {
		_, _, err := r.hub.Read(t.Context(), other, "site-a", e.ID, 0)
		wantKind(t, other, err, federation.KindNotFound)
		if err := r.hub.Ack(t.Context(), other, "site-a", e.ID); err != nil {
			t.Error(err)
		}
	}
	if len(r.waiting("site-b")) != 1 {
		t.Error("another member acknowledged it away")
	}
	for _, at := range []int{0, 1, 777, len(e.Ciphertext)} {
		content, n, err := r.hub.Read(t.Context(), "site-b", "site-a", e.ID, int64(at))
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(content)
		content.Close()
		if err != nil || int64(len(b)) != n || !slices.Equal(b, e.Ciphertext[at:]) {
			t.Errorf("from %d: %d bytes, announced %d, %v", at, len(b), n, err)
		}
	}
	_, _, err = r.hub.Read(t.Context(), "site-b", "site-a", e.ID, int64(len(e.Ciphertext)+1))
	wantKind(t, "beyond the end", err, federation.KindOffset)
}

// TestPollWaits: a poll ends when a message is complete, when its time is over,
// when the hub stops or when no one listens any more. Time is faked.
func TestPollWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pair(t), t.TempDir(), hub.Limits{})
		type answer struct {
			notices []federation.Notice
			err     error
			after   time.Duration
		}
		poll := func(ctx context.Context) <-chan answer {
			c, start := make(chan answer, 1), time.Now()
			go func() {
				n, err := r.hub.List(ctx, "site-b", time.Hour)
				c <- answer{n, err, time.Since(start)}
			}()
			synctest.Wait()
			return c
		}
		waiting := poll(t.Context())
		time.Sleep(10 * time.Second)
		e := r.envelope("site-a", "site-b", "1", payload(1000, "1"))
		if _, err := r.create(e, 500); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(waiting) != 0 {
			t.Error("half a message ends the poll")
		}
		if _, err := r.append(e, 500, len(e.Ciphertext)); err != nil {
			t.Fatal(err)
		}
		if a := <-waiting; len(a.notices) != 1 || a.after != 10*time.Second {
			t.Errorf("a message: %+v", a)
		}
		if err := r.hub.Ack(t.Context(), "site-b", "site-a", e.ID); err != nil {
			t.Fatal(err)
		}
		if a := <-poll(t.Context()); len(a.notices) != 0 || a.err != nil || a.after != federation.MaxWait {
			t.Errorf("nothing there: %+v", a)
		}
		ctx, cancel := context.WithCancel(t.Context())
		waiting = poll(ctx)
		cancel()
		if a := <-waiting; a.err == nil {
			t.Errorf("no one listens: %+v", a)
		}
		waiting = poll(t.Context())
		r.hub.Stop()
		if a := <-waiting; len(a.notices) != 0 || a.err != nil {
			t.Errorf("the hub stops: %+v", a)
		}
	})
}

func TestOnlyThePresentCharterIsListed(t *testing.T) {
	c, home := pair(t), t.TempDir()
	r := build(t, c, home, hub.Limits{})
	e := r.envelope("site-a", "site-b", "1", nil)
	if _, err := r.create(e, len(e.Ciphertext)); err != nil {
		t.Fatal(err)
	}
	r.store.Close()
	other := build(t, federationtest.New(t, "site-a", "site-b"), home, hub.Limits{})
	if got := other.waiting("site-b"); len(got) != 0 {
		t.Errorf("under another charter: %v", got)
	}
	other.store.Close()
	if got := build(t, c, home, hub.Limits{}).waiting("site-b"); len(got) != 1 {
		t.Errorf("back under the first: %v", got)
	}
}

func TestPresenceSurvives(t *testing.T) {
	c, home := pair(t), t.TempDir()
	r := build(t, c, home, hub.Limits{})
	req := federation.SignRequest(c.Identity("site-a"), c.Digest(), "GET", "/v1/inbox", nil, [16]byte{1}, noon())
	release, err := r.hub.Admit(req)
	if err != nil {
		t.Fatal(err)
	}
	release()
	if err := r.hub.Sweep(); err != nil {
		t.Fatal(err)
	}
	r.store.Close()
	got, err := build(t, c, home, hub.Limits{}).hub.Presence(t.Context())
	want := []federation.Presence{{Member: "site-a", Seen: noon().Unix()}, {Member: "site-b"}, {Member: "site-c"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAdmit(t *testing.T) {
	r := build(t, pair(t), t.TempDir(), hub.Limits{Requests: 3})
	nonce := byte(0)
	ask := func(change func(*federation.Request)) (func(), error) {
		nonce++
		req := federation.SignRequest(r.Identity("site-a"), r.Digest(), "GET", "/v1/inbox", nil, [16]byte{nonce}, r.clock.now())
		if change != nil {
			change(&req)
		}
		return r.hub.Admit(req)
	}
	var first federation.Request
	done, err := ask(func(req *federation.Request) { first = *req })
	if err != nil {
		t.Fatal(err)
	}
	done()
	for _, later := range []time.Duration{0, 4 * time.Minute, time.Minute} {
		r.clock.advance(later)
		_, err = ask(func(req *federation.Request) { *req = first })
		wantKind(t, "a request twice", err, federation.KindReplayed)
	}
	r.clock.advance(time.Minute)
	_, err = ask(func(req *federation.Request) { *req = first })
	wantKind(t, "a request twice, later", err, federation.KindClock)

	// One whose clock is ahead can be repeated for longer.
	ahead := federation.SignRequest(r.Identity("site-a"), r.Digest(), "GET", "/v1/inbox", nil, [16]byte{200}, r.clock.now().Add(federation.MaxSkew))
	if done, err = r.hub.Admit(ahead); err != nil {
		t.Fatal(err)
	}
	done()
	r.clock.advance(2 * federation.MaxSkew)
	_, err = r.hub.Admit(ahead)
	wantKind(t, "a request from ahead twice", err, federation.KindReplayed)

	for i := range 3 {
		if _, err := ask(nil); err != nil {
			t.Fatalf("request %d at once: %v", i, err)
		}
	}
	_, err = ask(nil)
	wantKind(t, "one request too many", err, federation.KindBusy)
	other := federation.SignRequest(r.Identity("site-b"), r.Digest(), "GET", "/v1/inbox", nil, [16]byte{1}, r.clock.now())
	if _, err := r.hub.Admit(other); err != nil {
		t.Errorf("another member: %v", err)
	}
}
