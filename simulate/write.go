package simulate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"hmsp.center/hmsp/simulate/csv"
	"hmsp.center/hmsp/simulate/fhir"
	"hmsp.center/hmsp/simulate/microbiome"
	"hmsp.center/hmsp/simulate/modality"
	"hmsp.center/hmsp/simulate/omop"
	"hmsp.center/hmsp/simulate/person"
	"hmsp.center/hmsp/simulate/record"
)

const truthFolder = "truth"

// layouts are the clinical formats; a new one is a folder and a line here.
func layouts() []recordLayout { return []recordLayout{fhir.Layout{}, omop.Layout{}, csv.Layout{}} }

// End is the last day of every simulation's records, and Start the first.
func End() int64 { return record.Day(2024, time.December, 31) }

// Start is the first day of the records of options.
func (o Options) Start() int64 { return record.AddYears(End(), -o.Defaults().Years) }

// Population is the people of the options, for whoever wants more of them than their
// clinical records: package genome's, microbiome's, wearable's, volume's and note's
// functions take a Person of it.
func (o Options) Population() *person.Population {
	o = o.Defaults()
	f := person.New(o.Seed, o.Variants, o.Start(), End())
	f.Complete = o.Complete
	return f
}

// Site is the site of that name as the options have it.
func (o Options) Site(name string) (record.Site, error) {
	o = o.Defaults()
	for i, n := range o.Sites {
		if n == name {
			return record.NewSite(n, o.of(i), o.Clean), nil
		}
	}
	return record.Site{}, fmt.Errorf("simulate: there is no site %q", name)
}

// Write makes people and writes them into dir, which it creates and which must be
// empty otherwise:
//
//	SITE/FORMAT/...      records of a site in each format
//	dictionary.yaml      the variables (hmsp: dictionary/v1)
//	truth/truth.json     the causal graph, hits, shifts, mechanisms and faults
//	truth/SITE/...       the truth of each person, and each row with a fault
//
// Everything is written under a temporary name in dir and renamed at the end, the
// truth last; after an error nothing of it remains. Memory is bounded whatever the
// number of people, and all processors work. Progress, if not nil, hears how many
// people are done, from one goroutine.
func Write(ctx context.Context, o Options, dir string, progress func(done, of int)) (err error) {
	o = o.Defaults()
	if err := o.Valid(); err != nil {
		return err
	}
	created, err := claim(dir)
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp(dir, ".simulate-*.tmp")
	if err != nil {
		return fmt.Errorf("simulate: write in %s: %w", dir, err)
	}
	defer func() {
		err = errors.Join(err, os.RemoveAll(temp))
		if err != nil && created {
			os.Remove(dir) // only if it is empty
		}
	}()
	if err := o.write(ctx, temp, progress); err != nil {
		return err
	}
	return publish(temp, dir, append(append([]string(nil), o.Sites...), "dictionary.yaml", truthFolder))
}

// claim makes sure that dir is an empty folder.
func claim(dir string) (created bool, err error) {
	entries, err := os.ReadDir(dir)
	switch {
	case err == nil && len(entries) > 0:
		return false, fmt.Errorf("simulate: %s is not empty; name a new folder", dir)
	case err == nil:
		return false, nil
	case !os.IsNotExist(err):
		return false, fmt.Errorf("simulate: %s cannot be written into: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return false, fmt.Errorf("simulate: %s cannot be made: %w", dir, err)
	}
	return true, nil
}

func publish(temp, dir string, names []string) error {
	for _, n := range names {
		if err := os.Rename(filepath.Join(temp, n), filepath.Join(dir, n)); err != nil {
			return fmt.Errorf("simulate: put %s in place: %w", n, err)
		}
	}
	return nil
}

func (o Options) write(ctx context.Context, dir string, progress func(done, of int)) error {
	f := o.Population()
	codes := record.NewCodes()
	community := microbiome.New(o.Seed)
	t := newTruth(o, f)
	if o.beside() {
		t.Beside = newBesideTruth(o, f.Panel)
	}
	done := 0
	for i, name := range o.Sites {
		s := record.NewSite(name, o.of(i), o.Clean)
		w := siteWriter{population: f, community: community, codes: codes, site: &s, layouts: o.chosen(community, &s), owned: o.owned(),
			genomes: o.writes(modality.VCF) || o.writes(modality.BED), dir: dir}
		counts, err := w.run(ctx, func(n int) {
			done += n
			if progress != nil {
				progress(done, o.People)
			}
		})
		if err == nil {
			err = o.whole(ctx, &w)
		}
		if err != nil {
			return err
		}
		t.add(s, counts)
	}
	return t.write(dir, f, o.dictionary(f.Panel))
}

// chosen are the layouts with their folders, and the truth's.
func (o Options) chosen(community *microbiome.Community, s *record.Site) []placed {
	truthOf := func(site string) string { return filepath.Join(truthFolder, site) }
	out := []placed{{clinical{truthLayout{}}, truthOf}}
	add := func(l layout) {
		out = append(out, placed{l, func(site string) string { return filepath.Join(site, l.Name()) }})
	}
	for _, l := range layouts() {
		if o.writes(l.Name()) {
			add(clinical{l})
		}
	}
	if o.writes(modality.BIOM) {
		add(tables{modality.NewStool(community, s)})
	}
	if o.writes(modality.Fitbit) {
		add(tables{modality.FitbitTables{}})
	}
	if o.writes(modality.NIfTI) {
		add(tables{modality.Heads{}})
	}
	if truth := (modality.Truth{Of: o.Formats}); len(truth.Files()) > 0 {
		out = append(out, placed{tables{truth}, truthOf})
	}
	return out
}

// A placed layout has a folder for a site.
type placed struct {
	layout
	folder func(site string) string
}
