package hub_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/federation/federationtest"
	"hmsp.center/hmsp/internal/hub"
	"hmsp.center/hmsp/internal/store"
)

func pair(t testing.TB) *federationtest.Consortium {
	return federationtest.New(t, "site-a", "site-b", "site-c")
}

func TestUploadInPieces(t *testing.T) {
	r := build(t, pair(t), t.TempDir(), hub.Limits{})
	e := r.envelope("site-a", "site-b", "1", payload(1000, "1"))
	n := len(e.Ciphertext)
	st, err := r.create(e, 10)
	if err != nil || st != (federation.Status{State: federation.Partial, Received: 10, Size: int64(n)}) {
		t.Fatalf("create: %+v, %v", st, err)
	}
	if _, err := r.append(e, 20, 30); federation.KindOf(err) != federation.KindOffset || err.(*federation.Error).Offset != 10 {
		t.Errorf("a gap: %v", err)
	}
	if _, err := r.append(e, 0, 10); federation.KindOf(err) != federation.KindOffset || err.(*federation.Error).Offset != 10 {
		t.Errorf("a piece twice: %v", err)
	}
	if st, err = r.create(e, 10); err != nil || st.Received != 10 {
		t.Errorf("create again: %+v, %v", st, err)
	}
	if st, err = r.append(e, 10, 500); err != nil || st.Received != 500 {
		t.Errorf("append: %+v, %v", st, err)
	}
	if got := r.waiting("site-b"); len(got) != 0 {
		t.Errorf("delivered early: %v", got)
	}
	if st, err = r.append(e, 500, n); err != nil || st.State != federation.Complete {
		t.Errorf("last piece: %+v, %v", st, err)
	}
	if st, err = r.append(e, 500, n); err != nil || st.State != federation.Complete {
		t.Errorf("last piece again: %+v, %v", st, err)
	}
	if got := r.waiting("site-b"); len(got) != 1 || got[0] != e.ID {
		t.Errorf("waiting: %v", got)
	}
}

// TestSameIDSealedAnew: a sender that was killed seals the message again under
// the same id.
func TestSameIDSealedAnew(t *testing.T) {
	r := build(t, pair(t), t.TempDir(), hub.Limits{})
	first := r.envelope("site-a", "site-b", "1", payload(1000, "1"))
	second := r.envelope("site-a", "site-b", "1", payload(1000, "1"))
	if _, err := r.create(first, 500); err != nil {
		t.Fatal(err)
	}
	if st, err := r.create(second, 100); err != nil || st.Received != 100 {
		t.Fatalf("an incomplete one is replaced: %+v, %v", st, err)
	}
	if st, err := r.append(second, 100, len(second.Ciphertext)); err != nil || st.State != federation.Complete {
		t.Fatalf("%+v, %v", st, err)
	}
	_, err := r.create(first, 0)
	wantKind(t, "a complete one stays", err, federation.KindExists)
	if err := r.hub.Ack(t.Context(), "site-b", "site-a", second.ID); err != nil {
		t.Fatal(err)
	}
	_, err = r.create(first, 0)
	wantKind(t, "a delivered one stays", err, federation.KindExists)
	if st, err := r.create(second, 0); err != nil || st.State != federation.Delivered {
		t.Errorf("the delivered one itself: %+v, %v", st, err)
	}
	// Ids are the sender's own: another's do not stand in its way.
	other := r.envelope("site-c", "site-b", "1", payload(10, "2"))
	if st, err := r.create(other, len(other.Ciphertext)); err != nil || st.State != federation.Complete {
		t.Errorf("another sender with the id: %+v, %v", st, err)
	}
}

func TestCreateRefuses(t *testing.T) {
	r := build(t, pair(t), t.TempDir(), hub.Limits{Message: 5000})
	good := r.envelope("site-a", "site-b", "1", payload(10, "1"))
	for name, tc := range map[string]struct {
		want   federation.Kind
		change func(*federation.Envelope)
	}{
		"altered header": {federation.KindSignature, func(e *federation.Envelope) { e.Size++ }},
		"another charter": {federation.KindCharter, func(e *federation.Envelope) {
			other := federationtest.New(t, "site-a", "site-b")
			*e = other.Envelope(t, "site-a", "site-b", e.ID, nil, noon())
		}},
		"to nobody":  {federation.KindMember, func(e *federation.Envelope) { e.To = "site-z" }},
		"to the hub": {federation.KindMember, func(e *federation.Envelope) { *e = r.envelope("site-a", "hub", "1", nil) }},
		"too large":  {federation.KindTooLarge, func(e *federation.Envelope) { *e = r.envelope("site-a", "site-b", "2", payload(6000, "2")) }},
		"expired": {federation.KindExpired, func(e *federation.Envelope) {
			*e = r.Envelope(t, "site-a", "site-b", e.ID, nil, noon().Add(-2*time.Hour))
		}},
	} {
		e := good
		tc.change(&e)
		_, err := r.create(e, 0)
		wantKind(t, name, err, tc.want)
	}
	if got := r.files(); len(got) != 0 {
		t.Errorf("files left: %v", got)
	}
}

// TestBytesThatWereNotSigned: neither a piece that is not what its request
// signed nor a whole that is not what the header signed reaches the recipient.
func TestBytesThatWereNotSigned(t *testing.T) {
	r := build(t, pair(t), t.TempDir(), hub.Limits{})
	e := r.envelope("site-a", "site-b", "1", payload(1000, "1"))
	n := len(e.Ciphertext)
	if _, err := r.create(e, 100); err != nil {
		t.Fatal(err)
	}
	altered := io.MultiReader(bytes.NewReader(e.Ciphertext[100:300]), failing{federation.Refuse(federation.KindAltered)})
	_, err := r.hub.Append(t.Context(), e.From, e.ID, 100, altered)
	wantKind(t, "a piece", err, federation.KindAltered)
	if st, err := r.hub.Status(t.Context(), e.From, e.ID); err != nil || st.Received != 100 {
		t.Errorf("the piece stays: %+v, %v", st, err)
	}
	_, err = r.hub.Append(t.Context(), e.From, e.ID, 100, bytes.NewReader(make([]byte, n-100)))
	wantKind(t, "the whole", err, federation.KindAltered)
	if st, err := r.hub.Status(t.Context(), e.From, e.ID); err != nil || st.Received != 0 || st.State != federation.Partial {
		t.Errorf("after a wrong whole: %+v, %v", st, err)
	}
	_, err = r.hub.Append(t.Context(), e.From, e.ID, 0, bytes.NewReader(make([]byte, n+1)))
	wantKind(t, "more bytes than announced", err, federation.KindMalformed)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestCutKeepsWhatArrived(t *testing.T) {
	r := build(t, pair(t), t.TempDir(), hub.Limits{})
	e := r.envelope("site-a", "site-b", "1", payload(1000, "1"))
	cut := io.MultiReader(bytes.NewReader(e.Ciphertext[:333]), failing{io.ErrUnexpectedEOF})
	if _, err := r.hub.Create(t.Context(), e.Header, cut); err == nil {
		t.Error("a cut is no success")
	}
	if st, err := r.hub.Status(t.Context(), e.From, e.ID); err != nil || st.Received != 333 {
		t.Errorf("%+v, %v", st, err)
	}
}

// TestNewerConnectionTakesOver: a connection that hangs half-dead writes no more
// once the sender is back on another.
func TestNewerConnectionTakesOver(t *testing.T) {
	r := build(t, pair(t), t.TempDir(), hub.Limits{})
	e := r.envelope("site-a", "site-b", "1", payload(1000, "1"))
	n := len(e.Ciphertext)
	slow := &stuck{first: e.Ciphertext[:100], then: make([]byte, 400), reached: make(chan struct{}), let: make(chan struct{})}
	done := make(chan error)
	go func() {
		_, err := r.hub.Create(t.Context(), e.Header, slow)
		done <- err
	}()
	<-slow.reached
	if _, err := r.append(e, 100, 600); err != nil {
		t.Fatal(err)
	}
	close(slow.let)
	wantKind(t, "the older connection", <-done, federation.KindSuperseded)
	if st, err := r.append(e, 600, n); err != nil || st.State != federation.Complete {
		t.Errorf("%+v, %v", st, err)
	}
}

// stuck gives its first bytes, says so, and gives the others when it is let.
type stuck struct {
	first, then  []byte
	reached, let chan struct{}
}

func (s *stuck) Read(p []byte) (int, error) {
	if s.first != nil {
		n := copy(p, s.first)
		s.first = nil
		return n, nil
	}
	if s.then == nil {
		return 0, io.EOF
	}
	close(s.reached)
	<-s.let
	n := copy(p, s.then)
	s.then = nil
	return n, nil
}

// A fullStore has no room for another record.
type fullStore struct{ *store.Hub }

func (fullStore) Put(store.Message) (store.Message, error) {
	return store.Message{}, &os.PathError{Op: "write", Path: "hub.db", Err: syscall.ENOSPC}
}

func TestFullDisk(t *testing.T) {
	c, home := pair(t), t.TempDir()
	s, err := store.OpenHub(filepath.Join(home, "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	h, err := hub.New(hub.Config{Charter: c, Members: c.Names(), Home: home, Store: fullStore{s}, Identity: c.Identity("hub"), Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	e := c.Envelope(t, "site-a", "site-b", federationtest.ID("1"), nil, noon())
	for range 3 {
		_, err = h.Create(t.Context(), e.Header, bytes.NewReader(e.Ciphertext))
		var refused *federation.Error
		if !errors.As(err, &refused) || refused.Kind != federation.KindFull || refused.RetryAfter == 0 {
			t.Fatalf("got %v, want %s with a time to wait", err, federation.KindFull)
		}
	}
}
