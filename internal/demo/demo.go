// Package demo holds what `hmsp demo` shows. Of a real multi-centre trial in six parts:
// four studies, one that is exact, one that is private, one for which no budget is
// left, and one that would tell of two patients. Of simulated people, whose records
// the six sites keep in three formats: studies over time whose answers stand beside
// what was planted, one of them for sites whose data are good enough, one that is
// private, and one about too few patients. Of simulated people with genomes, stools,
// watches, images and letters: one study over all of them.
package demo

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"hmsp.center/hmsp/receipt"
)

// Files holds lung/SITE.csv, dictionary.yaml and the studies over them, and the studies
// over simulated people.
//
//go:embed lung dictionary.yaml study.yaml private.yaml third.yaml difference.yaml simulated modalities
var Files embed.FS

// A Demonstration is something that `hmsp demo` can show.
type Demonstration struct {
	Data    string   // the word for it
	Charter string   // name of the consortium
	People  int      // at each site
	Studies []string // files, in the order in which they are asked
	files   []string // that Prepare writes as they are
	people  func(ctx context.Context, dir string) error
	sources func(site string) []Source
	effects []effect
}

// A Source is what a site registers under a name: a path below the folder that Prepare
// filled, and the list of its samples, if it has one.
type Source struct{ Dataset, Path, Samples string }

// Demonstrations are all that there are; the first is shown where none is named.
func Demonstrations() []Demonstration { return []Demonstration{lung(), simulated(), modalities()} }

// Sites names the six groups of institutions, in order.
func Sites() []string { return []string{"east", "lakes", "north", "plains", "south", "west"} }

// Dictionary is the path of the variables, below the folder that Prepare filled.
func (d Demonstration) Dictionary() string {
	if d.people != nil {
		return path.Join(peopleFolder, "dictionary.yaml")
	}
	return "dictionary.yaml"
}

// Sources are what a site registers. All are of the same patients, and spend on the
// account of the first.
func (d Demonstration) Sources(site string) []Source { return d.sources(site) }

// Planted says whether there is a truth to hold the answers against.
func (d Demonstration) Planted() bool { return d.people != nil }

// Prepare writes the dictionary, the sites' data and the studies into a folder.
func (d Demonstration) Prepare(ctx context.Context, dir string) error {
	for _, f := range slices.Concat(d.Studies, d.files) {
		data, err := fs.ReadFile(Files, f)
		if err != nil {
			return fmt.Errorf("demonstration %s: %w", d.Data, err)
		}
		to := filepath.Join(dir, f)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return fmt.Errorf("demonstration %s: %w", d.Data, err)
		}
		if err := os.WriteFile(to, data, 0o600); err != nil {
			return fmt.Errorf("demonstration %s: %w", d.Data, err)
		}
	}
	if d.people != nil {
		return d.people(ctx, dir)
	}
	return nil
}

// Found holds the answer of a study against what was planted in the data of a folder
// that Prepare filled.
func (d Demonstration) Found(dir, study string, o receipt.Outcome) ([]Found, error) {
	var mine []effect
	for _, e := range d.effects {
		if e.study == study {
			mine = append(mine, e)
		}
	}
	if len(mine) == 0 || o.Status != receipt.Released {
		return nil, nil
	}
	return found(filepath.Join(dir, peopleFolder), mine, o)
}
