package hub

import (
	"hash/maphash"
	"sync"
)

// A key names a message: its sender and the id that the sender gave.
type key struct{ from, id string }

// uploads keep two things per message: a lock for each change of its record or
// file, and a turn. A connection that takes up an upload gets the next turn, and
// from then on the one before it, which may hang half-dead, writes no more.
type uploads struct {
	seed  maphash.Seed
	once  sync.Once
	locks [64]sync.Mutex

	mu    sync.Mutex
	turns map[key]uint64
	last  uint64
}

// lock takes the lock of a message (and of those that share it) and returns its
// unlock. No one holds two.
func (u *uploads) lock(k key) func() {
	u.once.Do(func() { u.seed = maphash.MakeSeed() })
	m := &u.locks[maphash.Comparable(u.seed, k)%uint64(len(u.locks))]
	m.Lock()
	return m.Unlock
}

// take gives the next turn at a message.
func (u *uploads) take(k key) uint64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.turns == nil {
		u.turns = map[key]uint64{}
	}
	u.last++
	u.turns[k] = u.last
	return u.last
}

// holds says whether no one took a later turn.
func (u *uploads) holds(k key, turn uint64) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.turns[k] == turn
}

// end takes the turn from everyone: the message is complete or gone.
func (u *uploads) end(k key) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.turns, k)
}
