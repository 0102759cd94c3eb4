package store_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/internal/store"
)

func message(from, to, id string, state federation.State, deadline int64) store.Message {
	return store.Message{Header: federation.Header{From: from, To: to, ID: id, Size: 1}, State: state, Deadline: deadline}
}

func openHub(t testing.TB, path string) *store.Hub {
	t.Helper()
	h, err := store.OpenHub(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// TestHubAgainstModel: after any sequence of changes, with the file closed and
// opened in between, the store says what a map says.
func TestHubAgainstModel(t *testing.T) {
	dir, n := t.TempDir(), 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		path := filepath.Join(dir, fmt.Sprint(n))
		h := openHub(t, path)
		model := map[[2]string]store.Message{}
		names := rapid.SampledFrom([]string{"a", "a-b", "b"})
		ids := rapid.SampledFrom([]string{"1", "2", "3"})
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			from, id := names.Draw(rt, "from"), ids.Draw(rt, "id")
			k := [2]string{from, id}
			switch rapid.SampledFrom([]string{"put", "put", "put", "delete", "reopen"}).Draw(rt, "step") {
			case "put":
				state := rapid.SampledFrom([]federation.State{federation.Partial, federation.Complete, federation.Delivered}).Draw(rt, "state")
				m := message(from, names.Draw(rt, "to"), id, state, rapid.Int64Range(0, 20).Draw(rt, "deadline"))
				m, err := h.Put(m)
				if err != nil {
					rt.Fatal(err)
				}
				model[k] = m
			case "delete":
				if err := h.Delete(from, id); err != nil {
					rt.Fatal(err)
				}
				delete(model, k)
			case "reopen":
				h.Close()
				h = openHub(t, path)
			}
			check(rt, h, model)
		}
		h.Close()
	})
}

func check(t *rapid.T, h *store.Hub, model map[[2]string]store.Message) {
	var all []store.Message
	if err := h.Each(func(m store.Message) error { all = append(all, m); return nil }); err != nil {
		t.Fatal(err)
	}
	same(t, "every message", all, sorted(model, func(store.Message) bool { return true }, byKey))
	for _, to := range []string{"a", "a-b", "b", "c"} {
		var got []store.Message
		if err := h.Inbox(to, func(m store.Message) bool { got = append(got, m); return true }); err != nil {
			t.Fatal(err)
		}
		same(t, "inbox of "+to, got, sorted(model, func(m store.Message) bool {
			return m.State == federation.Complete && m.Header.To == to
		}, func(a, b store.Message) int { return cmp.Compare(a.Sequence, b.Sequence) }))
	}
	due, err := h.Due(time.Unix(10, 0), 100)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "due", due, sorted(model, func(m store.Message) bool { return m.Deadline <= 10 }, func(a, b store.Message) int {
		return cmp.Or(cmp.Compare(a.Deadline, b.Deadline), byKey(a, b))
	}))
	if few, err := h.Due(time.Unix(10, 0), 1); err != nil || len(few) > 1 {
		t.Fatalf("due with limit 1: %d, %v", len(few), err)
	}
	for k, want := range model {
		if got, err := h.Get(k[0], k[1]); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("get %v: %+v, %v", k, got, err)
		}
	}
	if _, err := h.Get("c", "1"); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("get what is not there: %v", err)
	}
}

func byKey(a, b store.Message) int {
	return cmp.Or(cmp.Compare(a.Header.From+"\x00", b.Header.From+"\x00"), cmp.Compare(a.Header.ID, b.Header.ID))
}

func sorted(model map[[2]string]store.Message, keep func(store.Message) bool, order func(a, b store.Message) int) []store.Message {
	var out []store.Message
	for m := range maps.Values(model) {
		if keep(m) {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, order)
	return out
}

func same(t *rapid.T, what string, got, want []store.Message) {
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func TestPresenceIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	h := openHub(t, path)
	want := map[string]time.Time{"a": time.Unix(1, 0), "b": time.Unix(2, 0)}
	if err := h.SavePresence(want); err != nil {
		t.Fatal(err)
	}
	h.Close()
	got, err := openHub(t, path).Presence()
	if err != nil || !maps.EqualFunc(got, want, time.Time.Equal) {
		t.Errorf("got %v, %v", got, err)
	}
}
