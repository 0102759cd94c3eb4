package site

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"hmsp.center/hmsp/atomicfile"
	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/law/consent"
)

// consents is what a site knows of the registers of consent that it has booked. The
// audit log alone says which is in force: nothing else can fall behind it in a crash.
type consents struct {
	mu      sync.Mutex         // held from reading consent to booking it: what is read later is booked later
	inForce map[string]inForce // by dataset; nil until the log was read
}

// An inForce is the register that was booked last.
type inForce struct {
	state    consent.Hash // the commitment
	register consent.Hash // its Digest; zero until it was looked at
}

// inForce books a register that is not the one that was in force before, and returns
// the commitment to it. The caller holds s.consents.mu.
func (s *Site) inForce(name string, r *consent.Register) (consent.Hash, error) {
	if err := s.readConsents(); err != nil {
		return consent.Hash{}, err
	}
	last, booked := s.consents.inForce[name]
	digest := r.Digest()
	if booked && last.register == digest {
		return last.state, nil
	}
	before := (&consent.Builder{}).Register()
	if booked {
		kept, _, err := ConsentRegister(s.cfg.Home, last.state)
		switch {
		case err != nil: // consent is obeyed all the same, and what is lost shows in `consent prove`
			s.log.Error("consent", "dataset", name, "error", err.Error())
		case kept.Digest() == digest:
			s.consents.inForce[name] = inForce{last.state, digest}
			return last.state, nil
		default:
			before = kept
		}
	}
	salt, err := s.salt("state", name, rand.Text())
	if err != nil {
		return consent.Hash{}, err
	}
	changes := consent.NewChanges(salt, consent.Compare(before, r).All).Digest()
	state := r.State(salt).Digest()
	if err := keepConsent(s.cfg.Home, state, salt, r.Encode()); err != nil {
		return consent.Hash{}, err
	}
	if err := s.book(audit.ConsentState, "", "", consent.StateFacts(name, r, state, changes)); err != nil {
		return consent.Hash{}, err
	}
	s.consents.inForce[name] = inForce{state, digest}
	return state, nil
}

// readConsents finds in the audit log which registers are in force.
func (s *Site) readConsents() error {
	if s.consents.inForce != nil {
		return nil
	}
	found := map[string]inForce{}
	err := audit.Entries(audit.Source{Dir: AuditDir(s.cfg.Home)}, s.Name(), func(e audit.Entry) error {
		name, state, ok := BookedState(e)
		if ok {
			found[name] = inForce{state: state}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("find the consents in force: %w", err)
	}
	s.consents.inForce = found
	return nil
}

// salt derives the salt of a tree that nothing else has.
func (s *Site) salt(parts ...string) (consent.Hash, error) {
	key, err := s.subkey("consent")
	if err != nil {
		return consent.Hash{}, err
	}
	return consent.NewSalt(key, strings.Join(parts, "\x00")), nil
}

// BookedState reads the dataset and the commitment of an entry of the audit log about
// a register of consents.
func BookedState(e audit.Entry) (dataset string, state consent.Hash, ok bool) {
	return booked(e, audit.ConsentState, "state")
}

// BookedCohort is BookedState of an entry about a cohort.
func BookedCohort(e audit.Entry) (dataset string, cohort consent.Hash, ok bool) {
	return booked(e, audit.ConsentCohort, "cohort")
}

func booked(e audit.Entry, kind, fact string) (dataset string, h consent.Hash, ok bool) {
	ok = e.Kind == kind && h.UnmarshalText([]byte(e.Facts[fact])) == nil
	return e.Facts["dataset"], h, ok
}

// consentDir holds what the commitments about consent in the audit log are made of: a
// file each, named by the commitment.
const consentDir = "consent"

func commitmentPath(home string, h consent.Hash) string {
	return filepath.Join(home, consentDir, h.String())
}

// keepConsent keeps what a commitment is made of, and its salt, before it is booked.
func keepConsent(home string, h, salt consent.Hash, content []byte) error {
	if err := os.MkdirAll(filepath.Join(home, consentDir), 0o700); err != nil {
		return fmt.Errorf("keep consent: %w", err)
	}
	return atomicfile.Write(commitmentPath(home, h), append(content, salt[:]...), 0o600)
}

// ConsentRegister reads what a commitment to a register is made of.
func ConsentRegister(home string, h consent.Hash) (*consent.Register, consent.Hash, error) {
	b, salt, err := readCommitment(home, h)
	if err != nil {
		return nil, salt, err
	}
	r, err := consent.Decode(b)
	if err != nil {
		return nil, salt, unkept(home, h, err)
	}
	return r, salt, nil
}

// ConsentCohort reads what a commitment to a cohort is made of.
func ConsentCohort(home string, h consent.Hash) ([]uint64, consent.Hash, error) {
	b, salt, err := readCommitment(home, h)
	if err != nil {
		return nil, salt, err
	}
	people, err := consent.DecodePeople(b)
	if err != nil {
		return nil, salt, unkept(home, h, err)
	}
	return people, salt, nil
}

func readCommitment(home string, h consent.Hash) (content []byte, salt consent.Hash, err error) {
	b, err := os.ReadFile(commitmentPath(home, h))
	if err == nil && len(b) < len(salt) {
		err = errors.New("it is cut short")
	}
	if err != nil {
		return nil, salt, unkept(home, h, err)
	}
	content = b[:len(b)-len(salt)]
	copy(salt[:], b[len(content):])
	return content, salt, nil
}

func unkept(home string, h consent.Hash, err error) error {
	return fmt.Errorf("what the audit log commits to about consent (%.12s) cannot be read: %w; restore %s from a backup", h, err, filepath.Join(home, consentDir))
}
