package hub

import (
	"sync"
	"time"

	"hmsp.center/hmsp/federation"
)

// What a refused sender is told to wait. A recipient fetches within seconds; an
// operator frees a disk within minutes.
const (
	quotaWait = 3 * time.Second
	fullWait  = 30 * time.Second
)

// An amount is bytes (with overhead) and messages.
type amount struct {
	bytes    int64
	messages int
}

// A pair is a sender and a recipient.
type pair struct{ from, to string }

// usage counts what is kept for whom. A message counts with its announced size
// from its announcement on, so that an upload that was let in finds room for
// its last byte.
type usage struct {
	mu        sync.Mutex
	limits    Limits
	members   int
	total     int64
	sender    map[string]amount
	recipient map[string]amount
	pair      map[pair]amount
	tombs     map[string]int // delivered ids remembered, by sender
}

func newUsage(l Limits, members int) usage {
	return usage{limits: l, members: members, sender: map[string]amount{}, recipient: map[string]amount{}, pair: map[pair]amount{}, tombs: map[string]int{}}
}

// reserve takes room for a message, or says why there is none: KindTooLarge,
// KindQuota or KindFull.
func (u *usage) reserve(h federation.Header) error {
	if h.Size > u.limits.Message {
		return federation.Refuse(federation.KindTooLarge)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	n := h.Size + overhead
	p := pair{h.From, h.To}
	l := u.limits
	switch {
	case !u.sender[h.From].fits(n, l.Sender, l.SenderMessages),
		!u.recipient[h.To].fits(n, l.Recipient, l.RecipientMessages),
		!u.pair[p].fits(n, l.part(l.Recipient, u.members), l.RecipientMessages/others(u.members)):
		return &federation.Error{Kind: federation.KindQuota, RetryAfter: quotaWait}
	case u.total+n > l.Disk:
		return full()
	}
	u.add(h, 1)
	return nil
}

func full() error { return &federation.Error{Kind: federation.KindFull, RetryAfter: fullWait} }

func (a amount) fits(n, bytes int64, messages int) bool {
	return a.bytes+n <= bytes && a.messages+1 <= messages
}

// count takes room without asking: for what is there already.
func (u *usage) count(h federation.Header) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.add(h, 1)
}

// free gives a message's room back.
func (u *usage) free(h federation.Header) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.add(h, -1)
}

func (u *usage) add(h federation.Header, sign int) {
	d := amount{int64(sign) * (h.Size + overhead), sign}
	u.total += d.bytes
	addTo(u.sender, h.From, d)
	addTo(u.recipient, h.To, d)
	addTo(u.pair, pair{h.From, h.To}, d)
}

func addTo[K comparable](m map[K]amount, k K, d amount) {
	a := m[k]
	if a = (amount{a.bytes + d.bytes, a.messages + d.messages}); a == (amount{}) {
		delete(m, k)
		return
	}
	m[k] = a
}

// bury counts a delivered id that is to be remembered, and says whether there
// is room for it: ten times as many as messages, for each sender.
func (u *usage) bury(from string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.tombs[from] >= 10*u.limits.SenderMessages {
		return false
	}
	u.tombs[from]++
	return true
}

// exhume forgets a delivered id.
func (u *usage) exhume(from string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.tombs[from]--; u.tombs[from] <= 0 {
		delete(u.tombs, from)
	}
}
