package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"

	"hmsp.center/hmsp/dp/ledger"
)

// LedgerFile is the name of a site's privacy ledger in its home: a file of its own,
// so that it can be backed up by itself.
const LedgerFile = "ledger.db"

// ledgerPairs is the bucket of the ledger's pairs.
const ledgerPairs = "ledger"

// A Ledger is the store of a site's privacy ledger.
type Ledger struct {
	db       *DB
	path     string
	readOnly bool
}

// OpenLedger opens or makes a ledger's file at path. Its errors are those of Open.
func OpenLedger(path string) (*Ledger, error) {
	if err := whole(path); err != nil {
		return nil, err
	}
	l := &Ledger{path: path}
	err := guard(path, func() (err error) { l.db, err = Open(path, ledgerPairs); return err })
	if err != nil {
		return nil, err
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return nil, errors.Join(fmt.Errorf("open ledger: %w", err), l.Close())
	}
	return l, nil
}

// ReadLedger opens a ledger's file that exists, to be read only. It does not wait
// for a process that has it open: that is ErrInUse.
func ReadLedger(path string) (*Ledger, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	if err := whole(path); err != nil {
		return nil, err
	}
	l := &Ledger{path: path, readOnly: true}
	err := guard(path, func() error {
		b, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Millisecond})
		if err != nil {
			return explain(path, err)
		}
		l.db = &DB{bolt: b}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// syncFolder makes the name of a new file outlast the power.
func syncFolder(folder string) error {
	if runtime.GOOS == "windows" { // folders cannot be synced, and need not be
		return nil
	}
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Close ends the use of the file.
func (l *Ledger) Close() error { return l.db.Close() }

// Read visits what is kept, in the order of keys.
func (l *Ledger) Read(visit func(key string, value []byte) error) error {
	return guard(l.path, func() error {
		return l.db.bolt.View(func(tx *bbolt.Tx) error {
			if info, err := os.Stat(l.path); err == nil && info.Size() < tx.Size() {
				return torn(l.path, fmt.Sprintf("it has %d bytes of %d", info.Size(), tx.Size()))
			}
			b := tx.Bucket([]byte(ledgerPairs))
			if b == nil {
				return nil
			}
			return b.ForEach(func(k, v []byte) error { return visit(string(k), v) })
		})
	})
}

// Write keeps pairs, all of them or none; they are on the disk when it returns nil.
func (l *Ledger) Write(pairs []ledger.Pair) error {
	if l.readOnly {
		return fmt.Errorf("write ledger: %s was opened to be read only", l.path)
	}
	err := guard(l.path, func() error {
		return l.db.bolt.Update(func(tx *bbolt.Tx) error {
			for _, p := range pairs {
				if err := tx.Bucket([]byte(ledgerPairs)).Put([]byte(p.Key), p.Value); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("write ledger: %w", err)
	}
	return nil
}

// whole refuses a file that is shorter than what the database maps at once.
func whole(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && info.Size() > 0 && info.Size() < int64(4*os.Getpagesize()) {
		return torn(path, fmt.Sprintf("it has %d bytes only", info.Size()))
	}
	return err
}

func torn(path, how string) error {
	return fmt.Errorf("%s is torn: %s; restore it from a backup that is not older than the last study", path, how)
}

// guard makes an error of what the database does with pages that are not what they
// should be: it panics, or reads beyond the end of the file.
func guard(path string, do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = torn(path, fmt.Sprint(r))
		}
	}()
	return do()
}
