package site

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"hmsp.center/hmsp/atomicfile"
	"hmsp.center/hmsp/secure"
)

// pseudonymFile holds the key of the site's pseudonyms. It never changes: a patient has
// one pseudonym in all datasets of a site, by which they are linked, and by which the
// history of what was answered knows the patient again.
const pseudonymFile = "pseudonym.key"

// pseudonymKey reads the key of a home, or makes it, of two processes that do so at once
// only one. It makes none where datasets were registered with another.
func pseudonymKey(home string) ([]byte, error) {
	path := filepath.Join(home, pseudonymFile)
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		known, err := registered(home)
		if err != nil {
			return nil, err
		}
		if known {
			return nil, fmt.Errorf("the key of pseudonyms %s is gone: restore it from a backup; with another, no patient of the registered datasets is known again, and what was answered before protects nobody", path)
		}
		key = make([]byte, 32)
		rand.Read(key)
		err = atomicfile.Create(path, key, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return pseudonymKey(home)
		}
		if err != nil {
			return nil, fmt.Errorf("make the key of pseudonyms: %w", err)
		}
		return key, nil
	}
	if err == nil && len(key) != 32 {
		err = errors.New("it is not 32 bytes long")
	}
	if err != nil {
		return nil, fmt.Errorf("read the key of pseudonyms %s: %w; restore it from a backup: with another key, patients are not known again", path, err)
	}
	return key, nil
}

// Pseudonyms gives the site's pseudonym of a patient: the first 64 bits of HMAC-SHA-256
// of the identifier. It works without a running site.
func Pseudonyms(home string) (func(patient string) uint64, error) {
	key, err := pseudonymKey(home)
	if err != nil {
		return nil, err
	}
	return func(patient string) uint64 {
		mac := hmac.New(sha256.New, key)
		mac.Write(secure.Frame("pseudonym", []byte(patient)))
		return binary.BigEndian.Uint64(mac.Sum(nil))
	}, nil
}

// registered says whether a dataset of a home was read, and so has pseudonyms.
func registered(home string) (bool, error) {
	r := Registry{Home: home}
	names, err := r.List()
	if err != nil {
		return false, err
	}
	for _, name := range names {
		if d, err := r.Get(name); err != nil || d.Pool != "" {
			return true, nil // one that cannot be read may be
		}
	}
	return false, nil
}
