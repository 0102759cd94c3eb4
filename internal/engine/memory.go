package engine

import (
	"slices"
	"sync"
)

// A Memory is a journal that lives as long as the process: for runs in one
// process, and for tests that crash and restart nodes.
type Memory struct {
	mu     sync.Mutex
	events [][]byte
	Outbox []Message           // everything ever sent, in order
	Fail   func(e Event) error // tests: refuse an append, as a full disk would
}

// Append keeps the event and the messages.
func (m *Memory) Append(e Event, send []Message) error {
	if m.Fail != nil {
		if err := m.Fail(e); err != nil {
			return err
		}
	}
	b, err := e.Encode()
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events, m.Outbox = append(m.events, b), append(m.Outbox, send...)
	return nil
}

// Copy returns a journal with the first n events of this one, or all if n < 0.
// It has sent nothing.
func (m *Memory) Copy(n int) *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n < 0 || n > len(m.events) {
		n = len(m.events)
	}
	return &Memory{events: slices.Clone(m.events[:n])}
}

// Replay decodes the events again, as a journal on disk would.
func (m *Memory) Replay() ([]Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]Event, len(m.events))
	for i, b := range m.events {
		e, err := DecodeEvent(b)
		if err != nil {
			return nil, err
		}
		out[i] = e
	}
	return out, nil
}
