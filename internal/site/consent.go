package site

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"hmsp.center/hmsp/atomicfile"
	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/law/consent"
	"hmsp.center/hmsp/table"
)

// consenting leaves out the patients whose consent does not permit the study's purpose
// today. Consent is read anew at each cohort, so that a withdrawal acts from the next
// one; what was read and who was let in is booked before it returns.
func (d *door) consenting(ctx context.Context, t table.Table) (table.Table, error) {
	s, p := d.run.site, d.run.plan
	for _, name := range p.Study.Datasets() {
		data, err := s.Dataset(name)
		if err != nil {
			return t, err
		}
		if data.Consent == nil || data.Consent.None != "" {
			continue
		}
		r, err := s.register(ctx, data)
		if err != nil {
			return t, err
		}
		state, err := s.inForce(name, r)
		if err != nil {
			return t, err
		}
		today := day(s.cfg.Now())
		keep, sum := r.Filter(t.Pseudonyms, p.Study.Purpose, today)
		if len(keep) < t.Rows() {
			t = t.Take(keep)
		}
		salt, err := s.salt("cohort", name, p.Digest)
		if err != nil {
			return t, err
		}
		who := consent.NewCohort(salt, t.Pseudonyms)
		if err := s.keepConsent(who.Digest(), salt, consent.EncodePeople(t.Pseudonyms)); err != nil {
			return t, err
		}
		if err := s.book(audit.ConsentCohort, p.Digest, "", consent.CohortFacts(name, p.Study.Purpose, today, state, who.Digest(), sum)); err != nil {
			return t, err
		}
	}
	return t, nil
}

// inForce books a register that is not the one that was in force before, and returns
// the commitment to it.
func (s *Site) inForce(name string, r *consent.Register) (consent.Hash, error) {
	last, err := s.lastState(name)
	if err != nil {
		return consent.Hash{}, err
	}
	var before *consent.Register
	if last != nil {
		if before, _, err = ConsentRegister(s.cfg.Home, *last); err != nil {
			return *last, err
		}
		if before.Digest() == r.Digest() {
			return *last, nil
		}
	}
	salt, err := s.salt("state", name, rand.Text())
	if err != nil {
		return consent.Hash{}, err
	}
	if before == nil {
		before = (&consent.Builder{}).Register()
	}
	changes := consent.Compare(before, r)
	state, changed := r.State(salt), consent.NewChanges(salt, changes.All)
	if err := s.keepConsent(state.Digest(), salt, r.Encode()); err != nil {
		return consent.Hash{}, err
	}
	if err := s.book(audit.ConsentState, "", "", consent.StateFacts(name, r, state.Digest(), changes, changed.Digest())); err != nil {
		return consent.Hash{}, err
	}
	b, err := state.Digest().MarshalText()
	if err != nil {
		return consent.Hash{}, err
	}
	return state.Digest(), atomicfile.Write(statePath(s.cfg.Home, name), b, 0o600)
}

// consentDir holds what the commitments about consent in the audit log are made of, by
// the commitment, and the state in force of each dataset.
const consentDir = "consent"

func statePath(home, dataset string) string {
	return filepath.Join(home, consentDir, dataset+".state")
}

func commitmentPath(home string, h consent.Hash) string {
	return filepath.Join(home, consentDir, h.String())
}

// lastState is the commitment to the register in force; nil where there was none.
func (s *Site) lastState(name string) (*consent.Hash, error) {
	b, err := os.ReadFile(statePath(s.cfg.Home, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var h consent.Hash
	if err == nil {
		err = h.UnmarshalText(b)
	}
	if err != nil {
		return nil, fmt.Errorf("read the state of consent of %s: %w", name, err)
	}
	return &h, nil
}

// salt derives the salt of a tree that nothing else has.
func (s *Site) salt(parts ...string) (consent.Hash, error) {
	key, err := s.subkey("consent")
	if err != nil {
		return consent.Hash{}, err
	}
	return consent.NewSalt(key, strings.Join(parts, "\x00")), nil
}

// keepConsent keeps what a commitment is made of, and its salt, before it is booked.
func (s *Site) keepConsent(h, salt consent.Hash, content []byte) error {
	if err := os.MkdirAll(filepath.Join(s.cfg.Home, consentDir), 0o700); err != nil {
		return fmt.Errorf("keep consent: %w", err)
	}
	return atomicfile.Write(commitmentPath(s.cfg.Home, h), append(salt[:], content...), 0o600)
}

// ConsentRegister reads what a commitment to a register is made of.
func ConsentRegister(home string, h consent.Hash) (*consent.Register, consent.Hash, error) {
	salt, b, err := readCommitment(home, h)
	if err != nil {
		return nil, salt, err
	}
	r, err := consent.Decode(b)
	if err != nil {
		return nil, salt, fmt.Errorf("register of consents %.12s: %w", h, err)
	}
	return r, salt, nil
}

// ConsentCohort reads what a commitment to a cohort is made of.
func ConsentCohort(home string, h consent.Hash) ([]uint64, consent.Hash, error) {
	salt, b, err := readCommitment(home, h)
	if err != nil {
		return nil, salt, err
	}
	people, err := consent.DecodePeople(b)
	if err != nil {
		return nil, salt, fmt.Errorf("cohort %.12s: %w", h, err)
	}
	return people, salt, nil
}

func readCommitment(home string, h consent.Hash) (salt consent.Hash, content []byte, err error) {
	b, err := os.ReadFile(commitmentPath(home, h))
	if err == nil && len(b) < len(salt) {
		err = errors.New("it is cut short")
	}
	if err != nil {
		return salt, nil, fmt.Errorf("what the audit log commits to about consent (%.12s) cannot be read: %w; restore %s from a backup", h, err, filepath.Join(home, consentDir))
	}
	copy(salt[:], b)
	return salt, b[len(salt):], nil
}

// day is the day on the wall of whoever reads the clock.
func day(now time.Time) consent.Day {
	y, m, d := now.Date()
	return consent.Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / table.Day)
}

// register reads the consent of a dataset's patients as it is now.
func (s *Site) register(ctx context.Context, d dataset.Dataset) (*consent.Register, error) {
	pseudonym, err := Pseudonyms(s.cfg.Home)
	if err != nil {
		return nil, err
	}
	return Consents(ctx, s.cfg.Catalog.Formats, d, pseudonym)
}

// Consents reads the consent of a dataset's patients: a list, or the Consent resources
// of a clinical source.
func Consents(ctx context.Context, formats []format.Format, d dataset.Dataset, pseudonym func(string) uint64) (*consent.Register, error) {
	path, named := d.Consent.Path, ""
	if d.Consent.From != "" {
		path, named = d.Path, d.Format
	}
	f, err := format.DetectSource(formats, path)
	if named != "" {
		f, err = format.Named(formats, named)
	}
	if err != nil {
		return nil, err
	}
	o := format.Options{}
	if _, ok := f.(format.Tables); ok {
		o.Table = format.ConsentTable
	}
	rows, err := f.Open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	r, err := consent.Load(ctx, rows, path, pseudonym)
	if err != nil {
		return nil, fmt.Errorf("read consent: %w", err)
	}
	return r, nil
}
