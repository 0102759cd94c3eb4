package federation_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"testing"
	"time"

	"hmsp.center/hmsp/federation"
)

// kinds reads the catalogue from its source, so that none is left out here.
func kinds(t testing.TB) []federation.Kind {
	t.Helper()
	src, err := os.ReadFile("kind.go")
	if err != nil {
		t.Fatal(err)
	}
	var out []federation.Kind
	for _, m := range regexp.MustCompile(`(?m)^\tKind\w+ +Kind = "([a-z-]+)"`).FindAllSubmatch(src, -1) {
		out = append(out, federation.Kind(m[1]))
	}
	if len(out) < 20 {
		t.Fatalf("found %d kinds", len(out))
	}
	return out
}

func TestEveryKindHasItsEntry(t *testing.T) {
	texts := map[string]federation.Kind{}
	for _, k := range kinds(t) {
		if k.Status() < 400 || k.Text() == "" || k.Mend() == "" {
			t.Errorf("%s: status %d, text %q, mend %q", k, k.Status(), k.Text(), k.Mend())
		}
		if other, ok := texts[k.Text()]; ok {
			t.Errorf("%s and %s say the same", k, other)
		}
		texts[k.Text()] = k
	}
}

func TestErrorTravels(t *testing.T) {
	for _, k := range kinds(t) {
		want := &federation.Error{Kind: k}
		switch k {
		case federation.KindOffset:
			want.Offset = 7
		case federation.KindClock:
			want.HubTime, want.Skew = noon(), -3*time.Hour
		case federation.KindQuota:
			want.RetryAfter = 3 * time.Second
		}
		got := federation.DecodeError(want.Encode())
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", k, got, want)
		}
		wrapped := fmt.Errorf("send: %w", got)
		if federation.KindOf(wrapped) != k || !errors.Is(wrapped, federation.Refuse(k)) {
			t.Errorf("%s is lost when wrapped", k)
		}
	}
}

func TestDecodeErrorOfAnotherVersionOrServer(t *testing.T) {
	for text, want := range map[string]federation.Kind{
		`{"kind":"later","text":"a","mend":"b"}`:                  federation.KindInternal,
		`{"kind":"offset","text":"a","mend":"b"}`:                 federation.KindForeign,
		`{"kind":"offset","text":"","mend":"","offset":-1}`:       federation.KindForeign,
		`<html>502 Bad Gateway</html>`:                            federation.KindForeign,
		``:                                                        federation.KindForeign,
		`{"kind":"quota","text":"","mend":""} trailing`:           federation.KindForeign,
		`{"kind":"quota","text":"","mend":"","retry_after":9e18}`: federation.KindForeign,
	} {
		if got := federation.DecodeError([]byte(text)); got.Kind != want {
			t.Errorf("%s: %s, want %s", text, got.Kind, want)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"kind":"clock","text":"a","mend":"b","hub_time":1,"skew":2}`))
	f.Add([]byte(`{"state":"partial","received":1,"size":2}`))
	f.Add([]byte(`{"version":"v1","time":1,"charter":"00"}`))
	f.Add([]byte(`{"messages":[]}`))
	f.Add([]byte(`{"checkpoint":"hmsp audit/v1 hub\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\ntime 2026-11-24T12:00:00Z\n\n\u2014 hub AAAA\n","proof":["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]}`))
	f.Add([]byte(`{"members":[{"member":"site-a","seen":1}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if e := federation.DecodeError(b); e.Kind == "" || e.Error() == "" || e.RetryAfter < 0 || e.Offset < 0 {
			t.Errorf("%+v", e)
		}
		if c, proof, err := federation.DecodeLogState(b); err == nil && (c.Origin == "" || c.Size < 0 || proof == nil || len(proof) > 64) {
			t.Errorf("%+v %v", c, proof)
		}
		if s, err := federation.DecodeStatus(b); err == nil && (s.Received < 0 || s.Received > s.Size) {
			t.Errorf("%+v", s)
		}
		if h, err := federation.DecodeHealth(b); err == nil {
			if again, err := json.Marshal(h); err != nil || len(again) == 0 {
				t.Error(err)
			}
		}
		if n, err := federation.DecodeNotices(b); err == nil && len(n) > federation.MaxNotices {
			t.Error("too many notices")
		}
		if p, err := federation.DecodePresence(b); err == nil && len(p) > 0 && p[0].Seen < 0 {
			t.Error("seen before time")
		}
	})
}
