package site

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/dp/ledger"
	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/table"
)

// A Registry is the datasets that a site has registered: one file each in its
// home. It works without a running site.
type Registry struct {
	Home   string
	Loader dataset.Loader
}

// validName keeps a dataset's name to what a study may ask for, and a
// registration inside its folder.
func validName(name string) error {
	plain := len(name) > 0 && len(name) <= 40 && strings.Trim(name, "._-") == name
	for _, c := range name {
		plain = plain && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.ContainsRune("._-", c))
	}
	if !plain {
		return fmt.Errorf("dataset name %q: use 1 to 40 of a-z, 0-9, '.', '_' and '-', with a letter or digit at both ends; --name chooses one", name)
	}
	return nil
}

func (r Registry) path(name string) string {
	return filepath.Join(r.Home, datasetsDir, name+".yaml")
}

// Add registers a dataset after checking it against the dictionary; nothing is
// registered when anything is wrong. Paths are kept absolute.
func (r Registry) Add(ctx context.Context, d dataset.Dataset, dictionary table.Schema, replace bool) (dataset.Profile, error) {
	if err := validName(d.Name); err != nil {
		return dataset.Profile{}, err
	}
	abs, err := filepath.Abs(d.Path)
	if err != nil {
		return dataset.Profile{}, fmt.Errorf("dataset %s: %w", d.Name, err)
	}
	d.Path = abs
	if err := r.alone(d); err != nil {
		return dataset.Profile{}, err
	}
	p, err := r.Loader.Check(ctx, d, dictionary)
	if err != nil {
		return p, err
	}
	if err := p.Fits(d); err != nil {
		return p, err
	}
	if err := os.MkdirAll(filepath.Join(r.Home, datasetsDir), 0o700); err != nil {
		return p, fmt.Errorf("dataset %s: %w", d.Name, err)
	}
	write := manifest.Write
	if replace {
		write = manifest.Replace
	}
	err = write(r.path(d.Name), d, "Registered with `hmsp dataset add`.")
	if os.IsExist(err) || err != nil && strings.Contains(err.Error(), fs.ErrExist.Error()) {
		return p, fmt.Errorf("dataset %q is registered already: choose another name, or give --replace", d.Name)
	}
	return p, err
}

// alone refuses a file that is registered under another name, unless both are on one
// account: the same patients would have two budgets, and two histories.
func (r Registry) alone(d dataset.Dataset) error {
	names, err := r.List()
	if err != nil {
		return err
	}
	limits, err := ledger.ReadLimits(r.Home)
	if err != nil {
		return err
	}
	mine, err := os.Stat(d.Path)
	if err != nil {
		return nil // what is wrong with the path is said better by who reads it
	}
	for _, name := range names {
		other, err := r.Get(name)
		if name == d.Name || limits.Account(name) == limits.Account(d.Name) || err != nil {
			continue
		}
		if theirs, err := os.Stat(other.Path); err == nil && os.SameFile(mine, theirs) {
			return fmt.Errorf("dataset %s: %s is registered as %q already, and its patients have one budget: remove that registration, or say in %s that the two spend together (datasets: {%s: {with: %s}})", d.Name, d.Path, name, ledger.File, d.Name, name)
		}
	}
	return nil
}

// Get reads a registration.
func (r Registry) Get(name string) (dataset.Dataset, error) {
	if err := validName(name); err != nil {
		return dataset.Dataset{}, err
	}
	if _, err := os.Stat(r.path(name)); err != nil {
		return dataset.Dataset{}, fmt.Errorf("dataset %q is not registered here; `hmsp dataset list` shows what is: %w", name, fs.ErrNotExist)
	}
	return dataset.ReadFile(r.path(name))
}

// List names the registered datasets.
func (r Registry) List() ([]string, error) {
	files, err := filepath.Glob(r.path("*"))
	if err != nil {
		return nil, err
	}
	var out []string
	for _, f := range files {
		out = append(out, strings.TrimSuffix(filepath.Base(f), ".yaml"))
	}
	slices.Sort(out)
	return out, nil
}

// Remove forgets a registration; the data stay where they are.
func (r Registry) Remove(name string) error {
	if _, err := r.Get(name); err != nil {
		return err
	}
	return os.Remove(r.path(name))
}

func (s *Site) registry() Registry {
	return Registry{Home: s.cfg.Home, Loader: dataset.Loader{Formats: s.cfg.Catalog.Formats, MaxRows: s.member.Charter.Rules.MaxRows}}
}

// Dataset reads a registration of this site.
func (s *Site) Dataset(name string) (dataset.Dataset, error) { return s.registry().Get(name) }

// read loads the variables of schema; the built-in variable `site` is this
// site's name in every row.
func (s *Site) read(ctx context.Context, name string, schema table.Schema) (table.Table, error) {
	d, err := s.Dataset(name)
	if err != nil {
		return table.Table{}, err
	}
	l := s.registry().Loader
	l.Pseudonym = s.guard.Pseudonym
	t, err := Read(ctx, l, d, schema, s.Name())
	if err == nil && t.Pseudonyms == nil { // nobody has a name: a row's place in the file is the best there is
		t.Pseudonyms = make([]uint64, t.Rows())
		for i := range t.Pseudonyms {
			t.Pseudonyms[i] = s.guard.Pseudonym(fmt.Sprint("row ", i))
		}
	}
	return t, err
}

// Read loads the variables of schema for a site of that name.
func Read(ctx context.Context, l dataset.Loader, d dataset.Dataset, schema table.Schema, name string) (table.Table, error) {
	own := slices.DeleteFunc(slices.Clone(schema), func(v table.Variable) bool { return v.Name == charter.SiteVariable })
	t, err := l.Load(ctx, d, own)
	if err != nil || len(own) == len(schema) {
		return t, err
	}
	var columns []table.Column
	at := 0
	for _, v := range schema {
		if v.Name != charter.SiteVariable {
			columns = append(columns, t.Columns[at])
			at++
			continue
		}
		codes := make([]int32, t.Rows())
		for i := range codes {
			codes[i] = int32(v.Level(name))
		}
		columns = append(columns, table.Column{Codes: codes})
	}
	out, err := table.New(schema, columns, t.Patients)
	out.Pseudonyms = t.Pseudonyms
	return out, err
}
