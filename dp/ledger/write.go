package ledger

import (
	"errors"
	"fmt"
	"runtime"
	"time"
)

// A change is what one caller wants changed.
type change struct {
	do   func(s *state, now time.Time) ([]record, error)
	err  error
	done chan struct{} // closed when err is the answer
}

// change makes a change durable. Whoever gets the turn first writes for all who
// wait: one sync of the disk serves them all.
func (l *Ledger) change(do func(*state, time.Time) ([]record, error)) error {
	c := &change{do: do, done: make(chan struct{})}
	l.waiting.Lock()
	l.queue = append(l.queue, c)
	l.waiting.Unlock()
	select {
	case <-c.done:
		return c.err
	case l.turn <- struct{}{}:
	}
	defer func() { <-l.turn }()
	runtime.Gosched() // those who were just answered may have more to write
	l.waiting.Lock()
	all := l.queue
	l.queue = nil
	l.waiting.Unlock()
	l.write(all) // nothing, if the one before wrote for this one too
	<-c.done
	return c.err
}

// write makes changes and answers them. If that fails, or does not come to its
// end, nobody is told yes, and the state is read again, for the store may or may
// not hold them.
func (l *Ledger) write(all []*change) {
	err := errors.New("the write of the ledger broke off")
	defer func() {
		if err != nil {
			l.state = nil
		}
		for _, c := range all {
			if err != nil {
				c.err = err // a refusal too: what it was decided on is gone
			}
			close(c.done)
		}
	}()
	err = l.commit(all)
}

// commit decides over changes one after the other, each on what those before made,
// and writes their records at once.
func (l *Ledger) commit(all []*change) error {
	if err := l.ready(); err != nil || len(all) == 0 {
		return err
	}
	var records []record
	for _, c := range all {
		var rs []record
		rs, c.err = c.do(l.state, l.state.clock(l.cfg.Now()))
		for _, r := range rs {
			if err := l.state.apply(r); err != nil {
				return err
			}
			records = append(records, r)
		}
	}
	if len(records) == 0 {
		return nil
	}
	pairs, err := l.state.chain.add(records)
	if err != nil {
		return err
	}
	return l.cfg.Store.Write(pairs)
}

// ready reads the state again after a write that failed.
func (l *Ledger) ready() (err error) {
	if l.state == nil {
		l.state, err = read(l.cfg)
	}
	return err
}

// look reads the state as it is on the disk.
func (l *Ledger) look(see func(*state) error) error {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	if err := l.ready(); err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	return see(l.state)
}
