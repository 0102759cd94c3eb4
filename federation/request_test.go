package federation_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/federation/federationtest"
)

const path = "/v1/inbox?wait=25"

func signed(t testing.TB, c *federationtest.Consortium, now time.Time) federation.Request {
	t.Helper()
	return federation.SignRequest(c.Identity("site-a"), c.Digest(), "GET", path, nil, [16]byte{1, 2, 3}, now)
}

func TestRequestTravels(t *testing.T) {
	c := federationtest.New(t, "site-a")
	want := signed(t, c, noon())
	hr := httptest.NewRequest("GET", path, nil)
	hr.Header.Set("Authorization", want.Authorization())
	got, err := federation.ReadRequest(hr)
	if err != nil || got != want {
		t.Fatalf("got %+v, %v\nwant %+v", got, err, want)
	}
	if err := got.Check(c, noon().Add(federation.MaxSkew)); err != nil {
		t.Error(err)
	}
}

func TestRequestCheckRefuses(t *testing.T) {
	c := federationtest.New(t, "site-a", "site-b")
	for name, change := range map[string]func(*federation.Request){
		"another method":  func(r *federation.Request) { r.Method = "POST" },
		"another path":    func(r *federation.Request) { r.Path = "/v1/inbox" },
		"another body":    func(r *federation.Request) { r.Body = strings.Repeat("0", 64) },
		"another time":    func(r *federation.Request) { r.Time++ },
		"another nonce":   func(r *federation.Request) { r.Nonce = strings.Repeat("0", 32) },
		"another charter": func(r *federation.Request) { r.Charter = strings.Repeat("0", 64) },
		"another member":  func(r *federation.Request) { r.Member = "site-b" },
	} {
		r := signed(t, c, noon())
		change(&r)
		if err := r.Check(c, noon()); federation.KindOf(err) != federation.KindSignature {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := signed(t, c, noon())
	c.Expel("site-a")
	if err := r.Check(c, noon()); federation.KindOf(err) != federation.KindMember {
		t.Errorf("expelled: %v", err)
	}
}

// TestClockOffByADay: the sentence says which clock, how far, and what to do.
func TestClockOffByADay(t *testing.T) {
	c := federationtest.New(t, "site-a")
	for skew, words := range map[time.Duration]string{
		24 * time.Hour:  "this machine's clock is 24h0m0s ahead of the hub's, which says 2026-11-24T12:00:00Z: set this machine's clock",
		-24 * time.Hour: "this machine's clock is 24h0m0s behind the hub's, which says 2026-11-24T12:00:00Z: set this machine's clock",
	} {
		err := signed(t, c, noon().Add(skew)).Check(c, noon())
		if federation.KindOf(err) != federation.KindClock || !strings.HasPrefix(err.Error(), words) {
			t.Errorf("%s: %v", skew, err)
			continue
		}
		again := federation.DecodeError(err.(*federation.Error).Encode())
		if again.Error() != err.Error() {
			t.Errorf("over the wire: %v", again)
		}
	}
	if err := signed(t, c, noon().Add(federation.MaxSkew+time.Second)).Check(c, noon()); federation.KindOf(err) != federation.KindClock {
		t.Errorf("a second too far: %v", err)
	}
}

func FuzzAuthorization(f *testing.F) {
	c := federationtest.New(f, "site-a")
	f.Add(signed(f, c, noon()).Authorization())
	f.Add("hmsp/v1 site-a 1 00 00 00 00")
	f.Add("Bearer x")
	f.Fuzz(func(t *testing.T, text string) {
		hr := httptest.NewRequest("GET", path, nil)
		hr.Header.Set("Authorization", text)
		r, err := federation.ReadRequest(hr)
		if err == nil && r.Authorization() != text {
			t.Errorf("a second encoding was accepted: %q", text)
		}
		if err != nil && federation.KindOf(err) != federation.KindUnsigned {
			t.Errorf("kind of %v", err)
		}
	})
}
