package site

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/warehouse"
	"hmsp.center/hmsp/law/consent"
	"hmsp.center/hmsp/table"
)

// An asked is a dataset whose patients' consent was asked for a cohort.
type asked struct {
	dataset string
	state   consent.Hash // the register that was asked, as it is booked
}

// consenting leaves out the patients whose consent does not permit the study's purpose
// today. Consent is read anew at each cohort, so that a withdrawal acts from the next
// one; what was read and who was let in is booked before it returns. A study that was
// interrupted and asks again must find the consents as they were, or it ends. Those who
// stay are views that end with Close of data, as it is then.
func (d *door) consenting(ctx context.Context, t table.Table, data *both) (table.Table, error) {
	s, p := d.run.site, d.run.plan
	s.consents.mu.Lock()
	defer s.consents.mu.Unlock()
	today, permits := dayOf(s.cfg.Now()), sha256.New()
	var books []asked
	for _, name := range p.Study.Datasets() {
		set, err := s.Dataset(name)
		if err != nil {
			return t, d.private(0, "dataset "+name, err)
		}
		if !asksConsent(set) {
			continue
		}
		r, err := s.register(ctx, set)
		if err == nil && t.Patients == nil && t.Rows() > 0 { // their pseudonyms are of rows
			err = errors.New("the data do not say whose they are: name the patient's column in the mapping")
		}
		if err != nil {
			return t, d.unread(name, err)
		}
		state, err := s.inForce(name, r)
		if err != nil {
			return t, d.told(0, err)
		}
		keep, sum := r.Filter(t.Pseudonyms, p.Study.Purpose, today)
		if len(keep) < t.Rows() {
			var done io.Closer
			o := s.warehouse()
			t, done, err = unnamed(o, func() (table.Table, io.Closer, error) {
				return warehouse.Keep(ctx, t, table.SubsetOf(keep...), o)
			})
			if err != nil {
				return t, d.private(0, "dataset "+name, err)
			}
			*data = append(*data, done)
		}
		s.log.Info("consent", "study", p.Study.Name, "dataset", name, "purpose", p.Study.Purpose, "asked", sum.People, "permitted", sum.Permitted, "denied", sum.Denied, "silent", sum.Silent)
		permits.Write([]byte(name))
		if err := s.permitting(permits, r, p.Study.Purpose, today); err != nil {
			return t, d.told(0, err)
		}
		books = append(books, asked{name, state})
	}
	if len(books) == 0 {
		return t, nil
	}
	if err := d.sameConsent(hex.EncodeToString(permits.Sum(nil))); err != nil {
		return t, err
	}
	for _, b := range books {
		if err := d.bookCohort(b, today, t); err != nil {
			return t, d.told(0, err)
		}
	}
	return t, nil
}

// asksConsent says whether the patients of a dataset are asked.
func asksConsent(d dataset.Dataset) bool { return d.Consent != nil && d.Consent.None == "" }

// permitting names, under the site's key, everyone in a register who permits a purpose
// on a day. It is of all the site's patients, not of a cohort, so that what is refused
// when it changes tells of no few of them.
func (s *Site) permitting(to interface{ Write([]byte) (int, error) }, r *consent.Register, purpose string, day consent.Day) error {
	key, err := s.subkey("consent")
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, key)
	var b [8]byte
	for who := range r.Permitting(purpose, day) {
		binary.BigEndian.PutUint64(b[:], who)
		mac.Write(b[:])
	}
	to.Write(mac.Sum(nil))
	return nil
}

// sameConsent holds a study to the consents of its first cohort, over restarts: all its
// rounds must see the same patients, and after a withdrawal that the site knows of it
// must not go on with the patient.
func (d *door) sameConsent(now string) error {
	x := d.run
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.record.Consent != "" && x.record.Consent != now {
		return engine.Reason{Kind: engine.ReasonData, Text: "what patients of this site consent to changed while the study ran; submit the study again"}
	}
	d.consent, x.record.Consent = now, now
	return x.site.keep(x.plan.Digest, x.record)
}

// unread is what may be told outside of consents that cannot be read.
func (d *door) unread(name string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	d.run.site.log.Error("consent", "study", d.run.plan.Study.Name, "dataset", name, "error", err.Error())
	return engine.Reason{Kind: engine.ReasonData, Text: fmt.Sprintf("dataset %s: the patients' consent cannot be read at this site, and without it nothing is computed; the site's own log says why", name)}
}

// bookCohort keeps and books who was let in. The salt is the study's, so that a cohort
// that is booked again after a restart has the same commitment.
func (d *door) bookCohort(b asked, today consent.Day, t table.Table) error {
	s, p := d.run.site, d.run.plan
	salt, err := s.salt("cohort", b.dataset, p.Digest)
	if err != nil {
		return err
	}
	who := consent.NewCohort(salt, t.Pseudonyms).Digest()
	if err := keepConsent(s.cfg.Home, who, salt, consent.EncodePeople(t.Pseudonyms)); err != nil {
		return err
	}
	return s.book(audit.ConsentCohort, p.Digest, "", consent.CohortFacts(b.dataset, p.Study.Purpose, today, b.state, who))
}

// named adds to the parts of a name who permits the question: a private study that was
// paid for is not answered with the same noise of other patients.
func (d *door) named(parts ...[]byte) [][]byte {
	if d.consent != "" {
		parts = append(parts, []byte(d.consent))
	}
	return parts
}
