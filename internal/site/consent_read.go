package site

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/law/consent"
	"hmsp.center/hmsp/table"
)

// dayOf is the day on the wall of whoever reads the clock.
func dayOf(now time.Time) consent.Day {
	y, m, d := now.Date()
	return consent.Day(table.DayOfDate(y, int(m), d))
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
// of a clinical source. A source that is written meanwhile is refused: of a list that
// is half there, the withdrawals may be what is missing.
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
		return nil, fmt.Errorf("read consent: %w", err)
	}
	o := format.Options{}
	if _, ok := f.(format.Tables); ok {
		o.Table = format.ConsentTable
	} else if d.Consent.From != "" {
		return nil, fmt.Errorf("read consent: %s holds no Consent resources, as a FHIR export does: name a list of consents with --consent, or under consent: {path: …}", path)
	}
	before, err := stamp(path)
	if err != nil {
		return nil, fmt.Errorf("read consent: %w", err)
	}
	rows, err := f.Open(ctx, path, o)
	if err != nil {
		return nil, fmt.Errorf("read consent: %w", err)
	}
	defer rows.Close()
	r, err := consent.Load(ctx, rows, path, pseudonym)
	if err != nil {
		return nil, fmt.Errorf("read consent: %w", err)
	}
	if after, err := stamp(path); err != nil || after != before {
		return nil, errors.Join(err, fmt.Errorf("read consent: %s was written while it was read: write a new one beside it and rename it", path))
	}
	return r, nil
}

// stamp tells the state of a file, or of all files of a folder, by size and time.
func stamp(path string) (sum [sha256.Size]byte, err error) {
	if dataset.Live(path) {
		return sum, nil
	}
	h := sha256.New()
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return sum, err
	}
	err = filepath.WalkDir(path, func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		i, err := os.Stat(file) // of what a link leads to
		if err != nil || i.IsDir() {
			return err
		}
		fmt.Fprintf(h, "%q %d %d\n", file, i.Size(), i.ModTime().UnixNano())
		return nil
	})
	return [sha256.Size]byte(h.Sum(nil)), err
}

// A Consenting is what the consents of a dataset's patients say of a purpose on a day.
// It is for the site alone.
type Consenting struct {
	Dataset string          `json:"dataset"`
	Purpose string          `json:"purpose"`
	Day     string          `json:"day"`
	Source  string          `json:"source"` // that is read at each cohort
	Rules   consent.Hash    `json:"rules"`  // by which it was read
	Date    string          `json:"rules_date"`
	Known   consent.Summary `json:"known"`              // everyone in the source
	Data    consent.Summary `json:"data"`               // the dataset's people: those who permit would be in a cohort
	InPlace bool            `json:"in_place,omitempty"` // nothing is kept of the data, and its people are not counted
}

// ErrNoConsent is of a dataset whose patients are not asked.
var ErrNoConsent = errors.New("nobody's consent is asked")

// Consenting reads the consents of a registered dataset, as a cohort on that day would.
// Of a dataset whose patients are not asked it is ErrNoConsent.
func (r Registry) Consenting(ctx context.Context, name, purpose string, now time.Time) (Consenting, error) {
	d, err := r.Get(name)
	if err != nil {
		return Consenting{}, err
	}
	if !asksConsent(d) {
		why := "its registration names none"
		if d.Consent != nil {
			why = d.Consent.None
		}
		return Consenting{}, fmt.Errorf("dataset %s: %w: %s", name, ErrNoConsent, why)
	}
	reg, err := r.consents(ctx, d)
	if err != nil {
		return Consenting{}, err
	}
	day := dayOf(now)
	c := Consenting{Dataset: name, Purpose: purpose, Day: consent.FormatDay(day), Source: d.Consent.Path, Rules: reg.Rules(), Date: consent.Standard().Date, Known: reg.Count(purpose, day), InPlace: d.InPlace}
	if c.Source == "" {
		c.Source = d.Path
	}
	if c.InPlace {
		return c, nil
	}
	k, err := dataset.Open(r.pool(d))
	if err != nil {
		return Consenting{}, err
	}
	defer k.Close()
	people, err := pseudonyms(ctx, k)
	if err != nil {
		return Consenting{}, err
	}
	_, c.Data = reg.Filter(people, purpose, day)
	return c, nil
}

// pseudonyms are those of a dataset's people; of rows, one each.
func pseudonyms(ctx context.Context, k *dataset.Kept) ([]uint64, error) {
	if k.Shape == dataset.History {
		h, err := k.History(ctx)
		return h.Pseudonyms, err
	}
	t, err := k.Rows(ctx, nil)
	return t.Pseudonyms, err
}

// consents reads the consents of a dataset, which need not be registered.
func (r Registry) consents(ctx context.Context, d dataset.Dataset) (*consent.Register, error) {
	pseudonym, err := Pseudonyms(r.Home)
	if err != nil {
		return nil, err
	}
	return Consents(ctx, r.Loader.Formats, d, pseudonym)
}

// readable refuses a dataset whose consents cannot be read, before it is registered.
func (r Registry) readable(ctx context.Context, d dataset.Dataset) error {
	if !asksConsent(d) {
		return nil
	}
	_, err := r.consents(ctx, d)
	return err
}
