package store

import (
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"
)

// The site's buckets.
const (
	journals = "journals" // study -> bucket: sequence -> event
	outbox   = "outbox"   // recipient 0 sequence -> sealed envelope
	studies  = "studies"  // study -> record
)

// A Site is a site's state in one file: the journals of its runs, the messages
// that wait to be sent, and a record of every study it was asked.
type Site struct{ db *DB }

// OpenSite opens or makes the site's state at path. Its errors are those of Open.
func OpenSite(path string) (*Site, error) {
	db, err := Open(path, journals, outbox, studies)
	if err != nil {
		return nil, err
	}
	return &Site{db}, nil
}

// Close ends the use of the file.
func (s *Site) Close() error { return s.db.Close() }

// A Parcel is a sealed message and whom it is for.
type Parcel struct {
	To   string
	Data []byte
}

// Append keeps an event of a study's journal and the messages that follow from
// it, in one step.
func (s *Site) Append(study string, event []byte, send []Parcel) error {
	err := s.db.bolt.Update(func(tx *bbolt.Tx) error {
		j, err := tx.Bucket([]byte(journals)).CreateBucketIfNotExists([]byte(study))
		if err != nil {
			return err
		}
		n, err := j.NextSequence()
		if err != nil {
			return err
		}
		if err := j.Put(binary.BigEndian.AppendUint64(nil, n), event); err != nil {
			return err
		}
		return queue(tx, send)
	})
	if err != nil {
		return fmt.Errorf("keep an event of study %s: %w", study, err)
	}
	return nil
}

// Queue keeps messages that follow from no event.
func (s *Site) Queue(send []Parcel) error {
	if err := s.db.bolt.Update(func(tx *bbolt.Tx) error { return queue(tx, send) }); err != nil {
		return fmt.Errorf("queue a message: %w", err)
	}
	return nil
}

func queue(tx *bbolt.Tx, send []Parcel) error {
	out := tx.Bucket([]byte(outbox))
	for _, p := range send {
		n, err := out.NextSequence()
		if err != nil {
			return err
		}
		if err := out.Put(inboxKey(p.To, n), p.Data); err != nil {
			return err
		}
	}
	return nil
}

// Replay returns a study's events in order.
func (s *Site) Replay(study string) ([][]byte, error) {
	var out [][]byte
	err := s.db.bolt.View(func(tx *bbolt.Tx) error {
		j := tx.Bucket([]byte(journals)).Bucket([]byte(study))
		if j == nil {
			return nil
		}
		return j.ForEach(func(_, v []byte) error {
			out = append(out, append([]byte(nil), v...))
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the journal of study %s: %w", study, err)
	}
	return out, nil
}

// Forget drops a study's journal: its secrets and vectors are not needed again.
func (s *Site) Forget(study string) error {
	err := s.db.bolt.Update(func(tx *bbolt.Tx) error {
		if tx.Bucket([]byte(journals)).Bucket([]byte(study)) == nil {
			return nil
		}
		return tx.Bucket([]byte(journals)).DeleteBucket([]byte(study))
	})
	if err != nil {
		return fmt.Errorf("forget the journal of study %s: %w", study, err)
	}
	return nil
}

// Waiting lists the recipients of queued messages.
func (s *Site) Waiting() ([]string, error) {
	var out []string
	err := s.db.bolt.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(outbox)).Cursor()
		for k, _ := c.First(); k != nil; {
			to := string(k[:len(k)-9])
			out = append(out, to)
			k, _ = c.Seek([]byte(to + "\x01"))
		}
		return nil
	})
	return out, err
}

// Next returns the oldest queued message for a recipient; ok is false if there
// is none. Sent takes it off the queue.
func (s *Site) Next(to string) (key, data []byte, ok bool, err error) {
	err = s.db.bolt.View(func(tx *bbolt.Tx) error {
		k, v := tx.Bucket([]byte(outbox)).Cursor().Seek([]byte(to + "\x00"))
		if k != nil && len(k) == len(to)+9 && string(k[:len(to)+1]) == to+"\x00" {
			key, data, ok = append([]byte(nil), k...), append([]byte(nil), v...), true
		}
		return nil
	})
	return key, data, ok, err
}

// Sent forgets a queued message.
func (s *Site) Sent(key []byte) error {
	return s.db.bolt.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(outbox)).Delete(key) })
}

// PutStudy keeps a study's record in place of the one before.
func (s *Site) PutStudy(study string, record []byte) error {
	err := s.db.bolt.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(studies)).Put([]byte(study), record)
	})
	if err != nil {
		return fmt.Errorf("keep the record of study %s: %w", study, err)
	}
	return nil
}

// Studies returns every study's record by its digest.
func (s *Site) Studies() (map[string][]byte, error) {
	out := map[string][]byte{}
	err := s.db.bolt.View(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(studies)).ForEach(func(k, v []byte) error {
			out[string(k)] = append([]byte(nil), v...)
			return nil
		})
	})
	return out, err
}
