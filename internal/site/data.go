package site

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"hmsp.center/hmsp/atomicfile"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/internal/warehouse/postgres"
	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/quality"
	"hmsp.center/hmsp/table"
)

// A Registry is the datasets that a site has registered: one file each in its
// home. It works without a running site.
type Registry struct {
	Home   string
	Loader dataset.Loader
	Now    func() time.Time // nil: the system's clock
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
// registered when anything is wrong. Paths are kept absolute. What is mapped is kept as
// a pool in the home; b says how, but not where.
func (r Registry) Add(ctx context.Context, d dataset.Dataset, dictionary table.Schema, replace bool, b dataset.Build) (dataset.Profile, error) {
	d, release, err := r.prepare(ctx, d, b)
	if err != nil {
		return dataset.Profile{}, err
	}
	defer release()
	if err := r.alone(d); err != nil {
		return dataset.Profile{}, err
	}
	taken := fmt.Errorf("dataset %q is registered already: choose another name, or give --replace", d.Name)
	if _, err := os.Stat(r.path(d.Name)); err == nil && !replace {
		return dataset.Profile{}, taken
	}
	if r.Loader.Pseudonym, err = Pseudonyms(r.Home); err != nil {
		return dataset.Profile{}, err
	}
	d.Pool = d.Name + "." + strings.ToLower(rand.Text())
	b.Path = r.pool(d)
	if d.InPlace {
		b.Path = filepath.Join(r.Home, poolsDir, readPrefix+d.Pool) // read for its profile alone
		defer os.RemoveAll(b.Path)
	}
	p, err := r.make(ctx, d, dictionary, b)
	if err != nil {
		return p, errors.Join(err, r.discard(d))
	}
	write := manifest.Write
	if replace {
		write = manifest.Replace
	}
	if err := r.measure(ctx, d, b.Path); err != nil {
		return p, errors.Join(err, r.discard(d))
	}
	err = write(r.path(d.Name), d, "Registered with `hmsp dataset add`.")
	if err == nil {
		return p, r.sweep()
	}
	if errors.Is(err, fs.ErrExist) {
		err = taken
	}
	return p, errors.Join(err, r.discard(d))
}

// prepare holds a dataset against what can be said before it is read, and gives it
// absolute paths. Until release, no other process registers anything here.
func (r Registry) prepare(ctx context.Context, d dataset.Dataset, b dataset.Build) (_ dataset.Dataset, release func(), err error) {
	if err := validName(d.Name); err != nil {
		return d, nil, err
	}
	if release, err = r.exclusive(ctx, b.Named); err != nil {
		return d, nil, err
	}
	if d, err = absolute(d); err == nil {
		err = r.readable(ctx, d)
	}
	if err != nil {
		release()
		return d, nil, err
	}
	return d, release, nil
}

// make reads a dataset, and refuses one that no study could use.
func (r Registry) make(ctx context.Context, d dataset.Dataset, dictionary table.Schema, b dataset.Build) (dataset.Profile, error) {
	p, err := r.Loader.Make(ctx, d, dictionary, b)
	if err == nil {
		err = p.Fits(d)
	}
	if err == nil && asksConsent(d) && p.Shape == dataset.Rows && d.Patient == "" {
		err = fmt.Errorf("dataset %s: whose consent is to be asked? Name the column that says whose each row is (--patient)", d.Name)
	}
	return p, err
}

// discard removes what was kept of a dataset.
func (r Registry) discard(d dataset.Dataset) error {
	return errors.Join(os.RemoveAll(r.pool(d)), os.RemoveAll(r.qualityFile(d)))
}

// qualityFile is where the quality profile of what was kept of a dataset is.
func (r Registry) qualityFile(d dataset.Dataset) string { return r.pool(d) + qualitySuffix }

const qualitySuffix = ".quality.json"

// measure profiles what was read of a dataset into the pool at path. Of one that is
// asked in place, it keeps what it is, and a fingerprint of the data, in place of them.
func (r Registry) measure(ctx context.Context, d dataset.Dataset, path string) error {
	k, err := dataset.Open(path)
	if err != nil {
		return err
	}
	defer k.Close()
	if d.InPlace {
		s, err := postgres.Open(ctx, d.Path)
		if err != nil {
			return err
		}
		defer s.Close()
		fingerprints, err := s.Fingerprints(ctx, k.InPlace)
		if err != nil {
			return err
		}
		if err := k.Without(r.pool(d), fingerprints); err != nil {
			return err
		}
	}
	now := r.now()
	q, err := k.Measure(ctx, table.DayOfDate(now.Year(), int(now.Month()), now.Day())*table.Day)
	if err != nil {
		return err
	}
	b, err := q.Encode()
	if err != nil {
		return err
	}
	return atomicfile.Write(r.qualityFile(d), b, 0o600)
}

func (r Registry) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}

// Quality reads the quality profile of a dataset as it was registered.
func (r Registry) Quality(name string) (quality.Profile, error) {
	var b []byte
	_, err := r.current(name, func(d dataset.Dataset) (err error) { b, err = os.ReadFile(r.qualityFile(d)); return err })
	if err != nil {
		return quality.Profile{}, fmt.Errorf("dataset %s has no quality profile; register it again with `hmsp dataset add --replace`: %w", name, err)
	}
	q, err := quality.Decode(b)
	if err != nil {
		return q, fmt.Errorf("quality profile of dataset %s: %w", name, err)
	}
	return q, nil
}

// Try is Add without the registration: it finds what Add would find.
func (r Registry) Try(ctx context.Context, d dataset.Dataset, dictionary table.Schema, _ bool, b dataset.Build) (dataset.Profile, error) {
	d, release, err := r.prepare(ctx, d, b)
	if err != nil {
		return dataset.Profile{}, err
	}
	defer release()
	dir, err := os.MkdirTemp(r.Home, tryPrefix)
	if err != nil {
		return dataset.Profile{}, fmt.Errorf("dry run: %w", err)
	}
	defer os.RemoveAll(dir)
	b.Path = filepath.Join(dir, "pool")
	return r.make(ctx, d, dictionary, b)
}

// pool is where what was read of a dataset is kept.
func (r Registry) pool(d dataset.Dataset) string { return filepath.Join(r.Home, poolsDir, d.Pool) }

// Open opens what was read of a dataset when it was registered, if the source is
// still the same and the variables mean what the dictionary says.
func (r Registry) Open(ctx context.Context, name string, dictionary table.Schema) (*dataset.Kept, error) {
	d, k, err := r.kept(name)
	if err != nil {
		return nil, err
	}
	err = fresh(ctx, k, d, dictionary)
	if err == nil && d.InPlace {
		k.Address = d.Path
		k.Pseudonym, err = Pseudonyms(r.Home)
	}
	if err != nil {
		k.Close()
		return nil, err
	}
	return k, nil
}

// kept opens what was kept of a dataset, and gives its registration. Where both are
// replaced in between, they are the new ones.
func (r Registry) kept(name string) (dataset.Dataset, *dataset.Kept, error) {
	var k *dataset.Kept
	d, err := r.current(name, func(d dataset.Dataset) (err error) {
		if d.Pool == "" {
			return fmt.Errorf("dataset %s was registered by an older version, and nothing was kept of it: register it again with `hmsp dataset add --replace`", name)
		}
		k, err = dataset.Open(r.pool(d))
		return err
	})
	if err == nil && k.Dataset != name {
		k.Close()
		err = fmt.Errorf("dataset %s: what was kept under its registration is another dataset: register it again with `hmsp dataset add --replace`", name)
	}
	return d, k, err
}

// current does something with what a registration names, again if it was replaced
// meanwhile.
func (r Registry) current(name string, do func(dataset.Dataset) error) (dataset.Dataset, error) {
	for {
		d, err := r.Get(name)
		if err != nil {
			return d, err
		}
		if err = do(d); err == nil {
			return d, nil
		}
		if now, lost := r.Get(name); lost != nil || now.Pool == d.Pool {
			return d, err
		}
	}
}

// id names the content of what was kept of a dataset.
func (r Registry) id(name string) (string, error) {
	_, k, err := r.kept(name)
	if err != nil {
		return "", err
	}
	defer k.Close()
	return k.Pool.ID(), nil
}

// Changed is the error about a dataset that is not any more what was registered.
type Changed struct{ Dataset, Why string }

func (c *Changed) Error() string {
	return fmt.Sprintf("dataset %s: %s: register it again with `hmsp dataset add --replace`", c.Dataset, c.Why)
}

// fresh holds a kept dataset against its source and the dictionary.
func fresh(ctx context.Context, k *dataset.Kept, d dataset.Dataset, dictionary table.Schema) error {
	for _, v := range k.Variables {
		if now, ok := dictionary.Lookup(v.Name); !ok || !same(v, now) {
			return &Changed{d.Name, fmt.Sprintf("the charter declares %q in another way than when it was registered", v.Name)}
		}
	}
	if dataset.Live(d.Path) {
		return nil
	}
	same, err := k.Snapshot.Same(ctx, d.Path)
	if err != nil {
		return err
	}
	if !same {
		return &Changed{d.Name, "its source changed since it was registered"}
	}
	return nil
}

// same says whether two declarations mean the same values.
func same(a, b table.Variable) bool {
	return reflect.DeepEqual(unlabelled(a), unlabelled(b))
}

func unlabelled(v table.Variable) table.Variable {
	v.Label = ""
	v.Levels = slices.Clone(v.Levels)
	for i := range v.Levels {
		v.Levels[i].Label = ""
	}
	return v
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
func (r Registry) Remove(ctx context.Context, name string) error {
	release, err := r.exclusive(ctx, nil)
	if err != nil {
		return err
	}
	defer release()
	if _, err := r.Get(name); err != nil {
		return err
	}
	if err := os.Remove(r.path(name)); err != nil {
		return err
	}
	return r.sweep() // what was kept, unless another registration names it
}

// absolute gives a dataset paths that do not depend on the folder.
func absolute(d dataset.Dataset) (dataset.Dataset, error) {
	paths := []*string{&d.Path}
	d.Concepts = slices.Clone(d.Concepts)
	for i := range d.Concepts {
		paths = append(paths, &d.Concepts[i])
	}
	if d.Consent != nil && d.Consent.Path != "" {
		c := *d.Consent
		d.Consent = &c
		paths = append(paths, &c.Path)
	}
	if d.Samples != "" {
		paths = append(paths, &d.Samples)
	}
	for _, p := range paths {
		if dataset.Live(*p) {
			continue
		}
		abs, err := filepath.Abs(*p)
		if err != nil {
			return d, fmt.Errorf("dataset %s: %w", d.Name, err)
		}
		*p = abs
	}
	return d, nil
}

func (s *Site) registry() Registry {
	return Registry{Home: s.cfg.Home, Loader: dataset.Loader{Formats: s.cfg.Catalog.Formats, MaxRows: s.member.Charter.Rules.MaxRows}}
}

// Dataset reads a registration of this site.
func (s *Site) Dataset(name string) (dataset.Dataset, error) { return s.registry().Get(name) }
