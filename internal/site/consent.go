package site

import (
	"context"
	"fmt"
	"time"

	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/law/consent"
	"hmsp.center/hmsp/table"
)

// consenting leaves out the patients whose consent does not permit the study's purpose
// today. Consent is read anew at each cohort: a withdrawal acts from the next one.
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
		keep, _ := r.Filter(t.Pseudonyms, p.Study.Purpose, day(s.cfg.Now()))
		if len(keep) < t.Rows() {
			t = t.Take(keep)
		}
	}
	return t, nil
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
