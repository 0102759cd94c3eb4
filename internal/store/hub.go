package store

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"hmsp.center/hmsp/federation"
)

// The hub's buckets. Keys end in sender and id; times and counters are
// big-endian, so that the order of keys is their order.
const (
	messages = "messages" // from 0 id -> Message
	inbox    = "inbox"    // to 0 sequence -> key of a complete message
	deadline = "deadline" // time key -> nothing
	presence = "presence" // member -> time
)

// A Message is what the hub keeps of a message; its bytes are in a file.
type Message struct {
	Header   federation.Header `json:"header"`
	State    federation.State  `json:"state"`
	Deadline int64             `json:"deadline"`           // Unix seconds: when the hub forgets it
	Sequence uint64            `json:"sequence,omitempty"` // given when it becomes complete: order of delivery
}

// A Hub is the hub's state in one file.
type Hub struct{ db *DB }

// OpenHub opens or makes the hub's state at path. Its errors are those of Open.
func OpenHub(path string) (*Hub, error) {
	db, err := Open(path, messages, inbox, deadline, presence)
	if err != nil {
		return nil, err
	}
	return &Hub{db}, nil
}

// Close ends the use of the file.
func (h *Hub) Close() error { return h.db.Close() }

func messageKey(from, id string) []byte { return []byte(from + "\x00" + id) }

func inboxKey(to string, seq uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte(to+"\x00"), seq)
}

func deadlineKey(at int64, key []byte) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(at)), key...)
}

// Put keeps a message in place of what was kept under its sender and id. One
// that becomes complete gets the next sequence number, which Put returns with it.
func (h *Hub) Put(m Message) (Message, error) {
	err := h.db.bolt.Update(func(tx *bbolt.Tx) error {
		key := messageKey(m.Header.From, m.Header.ID)
		old, err := readMessage(tx, key)
		switch {
		case err == nil:
			if err := unindex(tx, key, old); err != nil {
				return err
			}
		case err != ErrNotFound:
			return err
		}
		if m.State == federation.Complete && m.Sequence == 0 {
			if m.Sequence, err = tx.Bucket([]byte(inbox)).NextSequence(); err != nil {
				return err
			}
		}
		value, err := json.Marshal(m)
		if err != nil {
			return err
		}
		if err := tx.Bucket([]byte(messages)).Put(key, value); err != nil {
			return err
		}
		if m.State == federation.Complete {
			if err := tx.Bucket([]byte(inbox)).Put(inboxKey(m.Header.To, m.Sequence), key); err != nil {
				return err
			}
		}
		return tx.Bucket([]byte(deadline)).Put(deadlineKey(m.Deadline, key), nil)
	})
	if err != nil {
		return m, fmt.Errorf("store message: %w", err)
	}
	return m, nil
}

// unindex takes a message out of inbox and deadlines.
func unindex(tx *bbolt.Tx, key []byte, m Message) error {
	if m.State == federation.Complete {
		if err := tx.Bucket([]byte(inbox)).Delete(inboxKey(m.Header.To, m.Sequence)); err != nil {
			return err
		}
	}
	return tx.Bucket([]byte(deadline)).Delete(deadlineKey(m.Deadline, key))
}

func readMessage(tx *bbolt.Tx, key []byte) (Message, error) {
	var m Message
	value := tx.Bucket([]byte(messages)).Get(key)
	if value == nil {
		return m, ErrNotFound
	}
	if err := json.Unmarshal(value, &m); err != nil {
		return m, fmt.Errorf("message is damaged: %w", err)
	}
	return m, nil
}

// Get gives the message of a sender by its id, or ErrNotFound.
func (h *Hub) Get(from, id string) (m Message, err error) {
	err = h.db.bolt.View(func(tx *bbolt.Tx) error {
		m, err = readMessage(tx, messageKey(from, id))
		return err
	})
	return m, err
}

// Delete forgets a message; one that is not there is no error.
func (h *Hub) Delete(from, id string) error {
	err := h.db.bolt.Update(func(tx *bbolt.Tx) error {
		key := messageKey(from, id)
		m, err := readMessage(tx, key)
		if err == ErrNotFound {
			return nil
		}
		if err != nil {
			return err
		}
		if err := unindex(tx, key, m); err != nil {
			return err
		}
		return tx.Bucket([]byte(messages)).Delete(key)
	})
	if err != nil {
		return fmt.Errorf("delete message: %w", err)
	}
	return nil
}

// Inbox calls visit for the complete messages to a member in the order in which
// they became complete, until it returns false.
func (h *Hub) Inbox(to string, visit func(Message) bool) error {
	return h.db.bolt.View(func(tx *bbolt.Tx) error {
		prefix := []byte(to + "\x00")
		c := tx.Bucket([]byte(inbox)).Cursor()
		for k, key := c.Seek(prefix); len(k) == len(prefix)+8 && string(k[:len(prefix)]) == string(prefix); k, key = c.Next() {
			m, err := readMessage(tx, key)
			if err != nil {
				return fmt.Errorf("read inbox: %w", err)
			}
			if !visit(m) {
				return nil
			}
		}
		return nil
	})
}

// Due gives the messages whose deadline is not after now, at most limit.
func (h *Hub) Due(now time.Time, limit int) (due []Message, err error) {
	err = h.db.bolt.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(deadline)).Cursor()
		for k, _ := c.First(); k != nil && len(due) < limit && binary.BigEndian.Uint64(k) <= uint64(now.Unix()); k, _ = c.Next() {
			m, err := readMessage(tx, k[8:])
			if err != nil {
				return fmt.Errorf("read deadlines: %w", err)
			}
			due = append(due, m)
		}
		return nil
	})
	return due, err
}

// Each calls visit for every message, in no promised order.
func (h *Hub) Each(visit func(Message) error) error {
	return h.db.bolt.View(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(messages)).ForEach(func(k, _ []byte) error {
			m, err := readMessage(tx, k)
			if err != nil {
				return err
			}
			return visit(m)
		})
	})
}

// SavePresence keeps when members were last heard from.
func (h *Hub) SavePresence(seen map[string]time.Time) error {
	return h.db.bolt.Update(func(tx *bbolt.Tx) error {
		for name, at := range seen {
			if err := tx.Bucket([]byte(presence)).Put([]byte(name), binary.BigEndian.AppendUint64(nil, uint64(at.Unix()))); err != nil {
				return err
			}
		}
		return nil
	})
}

// Presence gives what SavePresence kept.
func (h *Hub) Presence() (map[string]time.Time, error) {
	seen := map[string]time.Time{}
	err := h.db.bolt.View(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(presence)).ForEach(func(k, v []byte) error {
			if len(v) == 8 {
				seen[string(k)] = time.Unix(int64(binary.BigEndian.Uint64(v)), 0)
			}
			return nil
		})
	})
	return seen, err
}
