package ledger

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"hmsp.center/hmsp/manifest"
)

// File is the name of the limits' file in a site's home.
const File = "budget.yaml"

// Version is the kind and version of the file.
const Version = "budget/v1"

//go:embed budget.schema.json
var schemaJSON []byte

// JSONSchema is the published JSON Schema of budget.yaml.
func JSONSchema() []byte { return slices.Clone(schemaJSON) }

// What holds where the file says nothing (methods B5): rho 0.5 is epsilon 5.2 at
// delta 1e-6 for everything that is asked of a dataset in a year.
const (
	DefaultPerDataset = 0.5
	DefaultDelta      = 1e-6
)

// Limits are a site's file budget.yaml. Amounts are rho, within any 365 days but
// for PerStudy; 0 is no limit, except PerDataset, whose zero is the default.
type Limits struct {
	Hmsp         string  `json:"hmsp"`
	PerDataset   float64 `json:"per_dataset,omitempty"`
	PerStudy     float64 `json:"per_study,omitempty"`
	PerRequester float64 `json:"per_requester,omitempty"`
	PerPurpose   float64 `json:"per_purpose,omitempty"`
	// Delta is at which balances are stated as epsilon, and the largest at which a
	// study may state its own; zero is the default.
	Delta float64 `json:"delta,omitempty"`
	// Datasets say otherwise for some.
	Datasets map[string]DatasetLimits `json:"datasets,omitempty"`
}

// DatasetLimits are what differs for one dataset; zero is as for all.
type DatasetLimits struct {
	PerDataset float64 `json:"per_dataset,omitempty"`
	PerStudy   float64 `json:"per_study,omitempty"`
	Delta      float64 `json:"delta,omitempty"`
	// With names another dataset with the same patients, on whose account this one
	// spends: privacy is the patient's, in however many files.
	With string `json:"with,omitempty"`
}

// DefaultLimits hold where a site has no file.
func DefaultLimits() Limits {
	return Limits{Hmsp: Version, PerDataset: DefaultPerDataset, Delta: DefaultDelta}
}

// ReadLimits reads budget.yaml in a site's home; without one, the defaults hold.
func ReadLimits(home string) (Limits, error) {
	path := filepath.Join(home, File)
	data, err := manifest.ReadFile(path, "the privacy budget")
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(home); err != nil {
			return Limits{}, fmt.Errorf("read the privacy budget: %w", err)
		}
		return DefaultLimits(), nil
	}
	if err != nil {
		return Limits{}, err
	}
	return ParseLimits(path, data)
}

// ParseLimits decodes budget.yaml; path names it in messages.
func ParseLimits(path string, data []byte) (Limits, error) {
	doc, err := manifest.Parse(path, data)
	if err != nil {
		return Limits{}, err
	}
	if err := doc.Validate(schemaJSON); err != nil {
		return Limits{}, err
	}
	l := DefaultLimits()
	if err := doc.Into(&l); err != nil {
		return Limits{}, err
	}
	for _, name := range slices.Sorted(maps.Keys(l.Datasets)) {
		if text := l.wrong(name); text != "" {
			return Limits{}, manifest.Join(doc.Problem(text, "datasets", name, "with"))
		}
	}
	return l, l.Valid()
}

// wrong says what is not right with the account of a dataset.
func (l Limits) wrong(name string) string {
	d := l.Datasets[name]
	switch {
	case d.With == "":
		return ""
	case d.With == name || l.Datasets[d.With].With != "":
		return fmt.Sprintf("the account of %q is that of another dataset already; name the dataset that the account belongs to", d.With)
	case d.PerDataset != 0:
		return fmt.Sprintf("%q spends on the account of %q, which has the limit; leave out per_dataset or with", name, d.With)
	}
	return ""
}

// The largest limits: beyond them is no privacy that could be promised.
const (
	maxLimit = 100 // rho
	maxDelta = 0.01
)

// Valid refuses limits that could not be kept.
func (l Limits) Valid() error {
	amounts := map[string]float64{"per_dataset": l.PerDataset, "per_study": l.PerStudy, "per_requester": l.PerRequester, "per_purpose": l.PerPurpose}
	deltas := map[string]float64{"delta": l.Delta}
	for name, d := range l.Datasets {
		amounts["datasets."+name+".per_dataset"], amounts["datasets."+name+".per_study"] = d.PerDataset, d.PerStudy
		deltas["datasets."+name+".delta"] = d.Delta
		if text := l.wrong(name); text != "" {
			return fmt.Errorf("%s: datasets.%s.with: %s", File, name, text)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(amounts)) {
		if x := amounts[name]; !(x >= 0 && x <= maxLimit) {
			return fmt.Errorf("%s: %s is %v: want rho from 0 to %d", File, name, x, maxLimit)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(deltas)) {
		if x := deltas[name]; !(x >= 0 && x <= maxDelta) {
			return fmt.Errorf("%s: %s is %v: want 0 to %v", File, name, x, maxDelta)
		}
	}
	return nil
}

// Account is the name of the dataset on whose account a dataset spends.
func (l Limits) Account(dataset string) string {
	if w := l.Datasets[dataset].With; w != "" {
		return w
	}
	return dataset
}

// Of gives the limits that hold for a dataset: rho of its account, rho of one study
// (0: none), and delta.
func (l Limits) Of(dataset string) (perDataset, perStudy, delta float64) {
	own, account := l.Datasets[dataset], l.Datasets[l.Account(dataset)]
	return first(account.PerDataset, l.PerDataset, DefaultPerDataset), first(own.PerStudy, l.PerStudy), first(own.Delta, l.Delta, DefaultDelta)
}

// first is the first amount that is set.
func first(amounts ...float64) float64 {
	for _, a := range amounts {
		if a != 0 {
			return a
		}
	}
	return 0
}
